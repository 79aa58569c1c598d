"""Damaged files of every format: each is read, or refused by an error of ours, soon and small.

python -m benchmarks.fuzz_formats --cases 5000 --folder data_of_mine
"""

import json
import os
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.faults import BREACHES, watch
from benchmarks.format_files import write_all
from benchmarks.format_harm import OUTSIDE, harm
from benchmarks.format_trees import read_as, write_others
from data_loaders.formats import recognise
from neuroalrnn.exceptions import DataWarning, NeuroALRNNError

LARGEST = 2**20


def measure(n_cases, seed=0, *, folder=None, tell=print):
    """Read damaged copies of files.

    Parameters
    ----------
    n_cases : int
        Copies of all files together, about.
    seed : int
    folder : path-like, optional
        Further files; those whose format is recognised are damaged, too.
    tell : callable
        Receives a line per file.

    Returns
    -------
    dict of str -> dict
        For each file, how often it was read, refused, or breached a limit: an error that is none of
        ours, more than 10 s, more than 1 GiB, a process that died, a file left behind.
    """
    found = {}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "whole"
        place.mkdir()
        files = write_all(place)
        (Path(name) / "others").mkdir()
        files |= write_others(Path(name) / "others")
        with warnings.catch_warnings():
            # small files are odd
            warnings.simplefilter("ignore", DataWarning)
            for path, (form, options) in files.items():
                # what is damaged has to be readable first
                read_as(form, path, options)
        files |= _further(folder)
        for k, (path, about) in enumerate(files.items()):
            started = time.perf_counter()
            counts = _damaged(path, Path(name) / str(k), *about, -(-n_cases // len(files)), seed)
            found[path.name] = dict(counts)
            tell(f"{path.name:32} {time.perf_counter() - started:5.0f} s  {json.dumps(counts)}")
    return found


def breaches(found):
    """Count what must not happen.

    Parameters
    ----------
    found : dict of str -> dict
        What `measure` returns.

    Returns
    -------
    int
    """
    return sum(
        n for each in found.values() for kind, n in each.items() if kind.startswith(BREACHES)
    )


def _further(folder):
    paths = sorted(Path(folder).rglob("*")) if folder is not None else []
    small = [path for path in paths if path.is_file() and 0 < path.stat().st_size < LARGEST]
    return {path: (form, {}) for path in small if (form := recognise(path)) not in (None, "pickle")}


def _damaged(path, room, form, options, n, seed) -> Counter:
    """Damage a file, or a file of a tree, again and again in a room that only it is in."""
    place = room / "place" / path.name
    files = sorted(each for each in path.rglob("*") if each.is_file()) or [path]
    whole = {place / each.relative_to(path): each.read_bytes() for each in files}

    def read(k):
        rng = np.random.default_rng([seed, k])
        for each, data in whole.items():
            each.parent.mkdir(parents=True, exist_ok=True)
            each.write_bytes(data)
        hurt = [*whole][rng.integers(len(whole))]
        hurt.write_bytes(harm(whole[hurt], rng))
        os.chdir(place.parent)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            recognise(place)
            try:
                read_as(form, place, options)
                text = "read"
            except NeuroALRNNError:
                text = "refused"
        inside = (each for each in room.rglob("*") if each.is_file() and each not in whole)
        left = [each.name for each in (*inside, OUTSIDE) if each.exists()]
        return f"LEFT BEHIND {left}" if left else text

    return watch(read, n)


def main(
    cases: Annotated[int, typer.Option(help="Damaged copies of all files together.")] = 20_000,
    seed: int = 0,
    folder: Annotated[str | None, typer.Option(help="Folder of further files.")] = None,
) -> None:
    """Read damaged files; print a line per file, and end with code 1 where a limit was breached."""
    found = measure(cases, seed, folder=folder, tell=typer.echo)
    total = sum((Counter(each) for each in found.values()), Counter())
    typer.echo(f"{total.total()} damaged files: {dict(total)}; breaches: {breaches(found)}")
    raise typer.Exit(int(breaches(found) > 0))


if __name__ == "__main__":
    typer.run(main)
