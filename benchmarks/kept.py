"""Runs of a benchmark that are kept in a folder, so that one that was killed goes on from there."""

import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from neuroalrnn.running import progress_bar


def make_all(folder, jobs, make, *, n_processes=1, desc="runs"):
    """Make the runs that are not in a folder yet, and read all.

    Parameters
    ----------
    folder : path-like
    jobs : list of tuple
    make : callable
        ``make(folder, *job)`` makes a run and keeps it, see `keep`; at the top of a module.
    n_processes : int
        Runs that are made at the same time.
    desc : str
        For the progress bar.

    Returns
    -------
    dict of tuple -> dict
        What was found, by job.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    left = [job for job in jobs if not place(folder, *job).exists()]
    with ProcessPoolExecutor(n_processes, get_context("spawn")) as pool:
        made = [pool.submit(make, folder, *job) for job in left]
        for each in progress_bar(as_completed(made), total=len(left), desc=desc):
            each.result()
    return {job: json.loads(place(folder, *job).read_text(encoding="utf-8")) for job in jobs}


def place(folder, *job):
    """The file of a run.

    Parameters
    ----------
    folder : pathlib.Path
    *job : str or int

    Returns
    -------
    pathlib.Path
    """
    name = "_".join(str(each).replace(",", "").replace(" ", "-") for each in job)
    return Path(folder) / f"{name}.json"


def keep(folder, job, found):
    """Keep what was found in a run, all or nothing.

    Parameters
    ----------
    folder : pathlib.Path
    job : tuple
    found : dict
    """
    new = place(folder, *job).with_suffix(".new")
    new.write_text(json.dumps(found), encoding="utf-8")
    new.replace(place(folder, *job))
