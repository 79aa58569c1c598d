"""Runs killed at random times, until they end: they must end as one that nobody killed."""

import json
import os
import shutil
import signal
import time
from collections import Counter

import numpy as np

from benchmarks.runs import OTHER, SAME, clock, finished_run, fork, numbers_of, run_command, wait
from neuroalrnn.results import Fit

KILLS_IN_A_ROW = 5


def kill_runs(folder, n, seed):
    """Kill runs at random times, give the same command again until it ends, and compare."""

    rng, count, n_rounds = np.random.default_rng(seed), Counter(), 0
    while count["killed before the report"] + count["killed in the report"] < n:
        command, older = ("fit", "compare")[n_rounds % 2], n_rounds % 4 > 1
        count[_killed_until_it_ends(folder, command, older, rng, count)] += 1
        n_rounds += 1
    return count


def _killed_until_it_ends(folder, command, older, rng, count):
    whole, old = finished_run(folder, command), finished_run(folder, command, "--seed", "1")
    out, lasts = folder / "killed", float(clock(whole).read_text(encoding="utf-8"))
    shutil.rmtree(out, ignore_errors=True)
    if older:
        shutil.copytree(old, out)
    more = ["--overwrite"] if older else []
    for k in range(KILLS_IN_A_ROW + 1):
        child = fork(lambda: run_command(folder, command, out, *more))
        code = _end_of(child, rng.uniform(0, lasts) if k < KILLS_IN_A_ROW else None)
        if code == 0 or (code == 2 and not older and (out / "report.html").exists()):
            return _compare(out, whole)
        if code is not None:
            return f"NO END but code {code}"
        states = _states(out, old, whole)
        if len(set(states.values())) > 1:
            return "MIXTURE of old and new"
        in_report = states.get("fit.nc") == "new"
        count[f"killed {'in' if in_report else 'before'} the report"] += 1
    return "NO END"


def _end_of(child, seconds):
    """Exit code of a process; None if it had to be killed after so many seconds."""
    until = time.monotonic() + (seconds if seconds is not None else 3600)
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    wait(child)
    return None


def _states(out, old, whole):
    """Which results are the old and which the new ones, of those that differ between the two."""
    found = {}
    for path in _results(out):
        name = path.relative_to(out).as_posix()
        text = path.read_bytes()
        is_old = (old / name).exists() and (old / name).read_bytes() == text
        is_new = (whole / name).exists() and (whole / name).read_bytes() == text
        if not (is_old and is_new):
            found[name] = "old" if is_old else "new"
    return found


def _results(out):
    """Files of results, but for those that are hidden or unfinished."""
    kinds = ("*.nc", "*.csv", "*.json", "*.html", "tables/*", "figures/*")
    return sorted(path for kind in kinds for path in out.glob(kind) if path.is_file())


def _compare(out, whole):
    """Whether a run that was killed ended as one that was not."""
    left = {path.name for path in out.iterdir()} - {path.name for path in whole.iterdir()}
    if left:
        return f"LEFT BEHIND {', '.join(sorted(left))}"
    names = [[path.relative_to(each) for path in _results(each)] for each in (out, whole)]
    one, other = (Fit.load(each / "fit.nc") for each in (out, whole))
    equal = names[0] == names[1] and numbers_of(one.tree) == numbers_of(other.tree)
    for name in names[1] if equal else ():
        if name.suffix == ".csv":
            equal &= (out / name).read_bytes() == (whole / name).read_bytes()
        if name.suffix == ".json":
            told = [json.loads((e / name).read_text(encoding="utf-8")) for e in (out, whole)]
            equal &= told[0] | {"seconds": 0} == told[1] | {"seconds": 0}
    return SAME if equal else OTHER
