"""What faults do to results: runs killed at random times, and files with flipped bits or edits.

Each fault happens in a process of its own, made by a fork, so that imports are paid for once.
"""

import json
import logging
import os
import resource
import select
import signal
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.damage import damage, edit, flip
from benchmarks.kills import kill_runs
from benchmarks.runs import (
    OTHER,
    REFUSED,
    SAME,
    fit_experiment,
    fork,
    numbers_of,
    wait,
    write_experiment,
)
from neuroalrnn.exceptions import NeuroALRNNError
from neuroalrnn.results import Fit

LONGEST = 10.0
MOST_BYTES = 2**30
# a run must not be stopped by what it can compute again
STOPPED = {REFUSED: "STOPPED"}
BREACHES = (
    OTHER,
    "FOREIGN",
    "HANG",
    "MEMORY",
    "DIED",
    "MIXTURE",
    "LEFT BEHIND",
    "NO END",
    "STOPPED",
)


def measure(*, kills=100, flips=300, edits=200, kept=200, seed=0, tell=print):
    """Do all of it.

    Parameters
    ----------
    kills : int
        Runs that are killed: half of them ``fit``, half of them ``compare``, and again half of
        these replace older results.
    flips, edits : int
        Copies of a saved fit with one to four flipped bits, and with one change of its structure.
    kept : int
        Damaged intermediates that a run has to go on past.
    seed : int
    tell : callable
        Receives one line per kind of fault.

    Returns
    -------
    dict
        Per kind of fault the counts of what came of it, and ``breaches``, their number.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, found = Path(name), {}
        write_experiment(folder)
        parts = {
            "flips": lambda: _damage_fits(folder, flips, seed, flip),
            "edits": lambda: _damage_fits(folder, edits, seed, edit),
            "kept": lambda: _damage_kept(folder, kept, seed),
            "kills": lambda: kill_runs(folder, kills, seed),
        }
        for part, run in parts.items():
            started = time.perf_counter()
            found[part] = dict(run())
            seconds = time.perf_counter() - started
            tell(f"{part:6} {seconds:6.0f} s  {json.dumps(found[part])}")
    wrong = [n for each in found.values() for kind, n in each.items() if kind.startswith(BREACHES)]
    return found | {"breaches": sum(wrong)}


def _damage_fits(folder, n, seed, harm):
    whole, place = folder / "whole.nc", folder / "damaged.nc"
    fit_experiment(folder).save(whole, overwrite=True)
    data, saved = whole.read_bytes(), Fit.load(whole)

    def load(k):
        place.write_bytes(data)
        harm(place, np.random.default_rng([seed, k]))
        return SAME if Fit.load(place).tree.identical(saved.tree) else OTHER

    return watch(load, n)


def _damage_kept(folder, n, seed):
    """Fit again and again past intermediates all of which are damaged."""
    resume = folder / "kept"
    whole = numbers_of(fit_experiment(folder, resume).tree)
    places = sorted(resume.glob("*.kept"))
    texts = [place.read_bytes() for place in places]

    def past(k):
        rng = np.random.default_rng([seed, k])
        for place, text in zip(places, texts, strict=True):
            place.write_bytes(text)
        for place in places:
            damage(place, places, rng)
        return SAME if numbers_of(fit_experiment(folder, resume).tree) == whole else OTHER

    count = watch(past, -(-n // len(places)))
    return {STOPPED.get(kind, kind): n_fits * len(places) for kind, n_fits in count.items()}


def watch(call, n):
    """Count what comes of calls, each in a forked process that is given up when it hangs."""
    count, done = Counter(), 0
    while done < n:
        reader, writer = os.pipe()
        child = fork(lambda start=done, to=writer: _tell_each(call, range(start, n), to))
        os.close(writer)
        # not buffered: what has been read ahead would not be waited for
        with os.fdopen(reader, "rb", buffering=0) as told:
            while done < n:
                ready, _, _ = select.select([told], [], [], LONGEST + 50)
                line = told.readline().decode() if ready else ""
                if not line:
                    os.kill(child, signal.SIGKILL)
                    count["DIED" if ready else "HANG"] += 1
                    done += 1
                    break
                count[line.strip()] += 1
                done += 1
        wait(child)
    return count


def _tell_each(call, numbers, to):
    with os.fdopen(to, "w", buffering=1) as file:
        for k in numbers:
            file.write(_outcome(call, k) + "\n")


def _outcome(call, k):
    before, started = _peak(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable()
        try:
            text = call(k)
        except NeuroALRNNError:
            text = REFUSED
        except Exception as error:  # what must not happen is what is counted here
            text = f"FOREIGN {type(error).__name__}"
    if time.process_time() - started > LONGEST:
        text = f"HANG {text}"
    return f"MEMORY {text}" if _peak() - before > MOST_BYTES else text


def _peak():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
