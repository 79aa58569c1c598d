"""Runs of the command line in processes of their own, made by a fork: imports are paid for once."""

import json
import os
import sys
import time
import warnings

import numpy as np
import pandas as pd

from neuroalrnn.netcdf import checksums

RUN = """
[data]
path = "choices.csv"
columns = {subject = "subject", choice = "choice", cue = "cue"}
[encoding]
step = "trial"
inputs = ["cue", "choice"]
[setting]
n_latent = 2
max_checks = 4
check_every = 5
[validation]
n_splits = 2
n_inner = 2
n_restarts = 1
n_pwl = [0, 1]
"""
REFUSED, SAME, OTHER = "refused", "the same numbers", "OTHER NUMBERS"


def write_experiment(folder):
    """A table of choices, and a finished run of each command, one of them with another seed."""
    rng = np.random.default_rng(0)
    cue = rng.choice([-1, 1], 4 * 24)
    choice = (np.where(rng.random(len(cue)) < 0.8, cue, -cue) + 1) // 2
    table = {"subject": np.repeat(list("abcd"), 24), "cue": cue, "choice": choice}
    pd.DataFrame(table).to_csv(folder / "choices.csv", index=False)
    (folder / "run.toml").write_text(RUN, encoding="utf-8")


def fit_experiment(folder, resume=None):
    """Fit the table in this process, without the command line and its report.

    Parameters
    ----------
    folder : pathlib.Path
    resume : pathlib.Path, optional

    Returns
    -------
    Fit
    """
    from neuroalrnn import Setting, SubjectKFold, from_frame, select_n_pwl

    columns = {name: name for name in ("subject", "choice", "cue")}
    options = {"n_pwl": [0, 1], "n_inner": 2, "encoding": {"inputs": ["cue", "choice"]}}
    options |= {"progress": False, "threads": 1, "resume": resume}
    setting = Setting(n_latent=2, max_checks=2, check_every=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trials = from_frame(pd.read_csv(folder / "choices.csv"), columns)
        return select_n_pwl(trials, setting, SubjectKFold(2), 1, **options)


def run_command(folder, command, out, *more):
    """Run the command line in this process, which ends with it; what it prints goes to a file."""
    from neuroalrnn.cli import main

    log = os.open(folder / f"{command}.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    main([command, "--run", f"{folder}/run.toml", "--out", str(out), "--threads", "1", *more])


def finished_run(folder, command, *more):
    """Folder with the results of a run that nobody killed."""
    out = folder / "-".join(["whole", command, *more])
    if not out.exists():
        started = time.monotonic()
        code = wait(fork(lambda: run_command(folder, command, out, *more)))
        clock(out).write_text(str(time.monotonic() - started), encoding="utf-8")
        if code:
            log = (folder / f"{command}.log").read_text(encoding="utf-8")
            raise RuntimeError(f"{command} ended with {code} though nobody killed it:\n{log}")
    return out


def clock(out):
    return out.with_name(f"{out.name}.seconds")


def fork(call):
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        call()
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        os._exit(code)


def wait(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def numbers_of(tree):
    """All that two runs of one command must share, as one text of checksums."""
    provenance = json.loads(tree.attrs["provenance"])
    told = {name: text for name, text in provenance.items() if name not in ("created", "seconds")}
    sums = {path: text for path, text in checksums(tree).items() if path != "/"}
    return json.dumps([sums, told, tree.attrs["config"]], sort_keys=True)
