"""Dynamic logistic regression by psytrack, and by the filter of read-outs, on the same trials.

PsyTrack (Roy et al. 2021, Neuron) finds the weights of all trials that are most probable together,
and takes the evidence from the curvature there (Laplace); the filter integrates trial by trial.
Both get the same spread and drift. It is no dependency: ``pip install psytrack``.
"""

import time
from importlib.util import find_spec

import numpy as np
import pandas as pd

from neuroalrnn.adaptive.filter import predict_adaptively, smooth_readouts
from neuroalrnn.adaptive.prior import Prior
from neuroalrnn.adaptive.rows import Rows

# of the rat in psytrack's own example (Akrami et al. 2018): two stimuli, and what was before
INPUTS = ("s1", "s2", "s_avg_back1", "h_back1", "c_back1")
BIAS = "bias"
# standard deviation of weights before the first trial
FIRST = 2.0
# of their steps between trials, and between sessions
STEPS = {"trials": (2.0**-5, None), "trials and sessions": (2.0**-6, 2.0**-3)}


def is_installed():
    """Whether psytrack can be imported."""
    return find_spec("psytrack") is not None


def measure(path, *, n_trials=None):
    """Run both on the trials of a table.

    Parameters
    ----------
    path : path-like
        A table of one subject, in the order of its trials: ``session``, ``choice`` (1 or 2) and the
        five inputs; see `INPUTS`.
    n_trials : int, optional
        The first ones alone.

    Returns
    -------
    list of dict
        One per kind of steps: ``steps``, ``n_trials``; ``psytrack, ours``: log evidence, nats;
        ``correlation``: the lowest of all weights over trials, ``gap``: the largest root mean
        square difference in standard deviations, ``sd_ratio``: median, ours to theirs;
        ``psytrack_seconds, our_seconds`` of the processor.
    """
    trials = pd.read_csv(path, nrows=n_trials)
    rows = _lay_out(trials)
    predict_adaptively(rows, _prior(*STEPS["trials"]))  # compiles
    return [_compare(trials, rows, name) for name in STEPS]


def _lay_out(trials):
    n = len(trials)
    return Rows(
        log_odds=np.zeros((n, 1)),
        features=np.c_[np.ones(n), trials[list(INPUTS)]],
        choice=trials["choice"].to_numpy() - 1,
        offered=np.ones((n, 2), bool),
        first=np.arange(n) == 0,
        passed=np.ones(n),
        new_session=np.r_[True, np.diff(trials["session"]) != 0],
    )


def _prior(step, session_step):
    variance = np.r_[0.0, np.full(1 + len(INPUTS), FIRST**2)]
    # psytrack's step between sessions takes the place of that between trials
    more = 0.0 if session_step is None else session_step**2 - step**2
    mean = np.r_[1.0, np.zeros(1 + len(INPUTS))]
    return Prior(mean, np.diag(variance), step**2 / FIRST**2, more / FIRST**2)


def _compare(trials, rows, name):
    began = time.process_time()
    said, course = (f(rows, _prior(*STEPS[name])) for f in (predict_adaptively, smooth_readouts))
    seconds = time.process_time() - began
    began = time.process_time()
    weights, sd, evidence = _run_psytrack(trials, *STEPS[name])
    order = np.argsort([BIAS, *INPUTS])
    ours = course.mean[:, 1:][:, order].T
    our_sd = np.sqrt(np.einsum("tii->it", course.covariance))[1:][order]
    pairs = zip(weights, ours, strict=True)
    return {
        "steps": name,
        "n_trials": len(trials),
        "psytrack": float(evidence),
        "ours": float(said[np.arange(len(trials)), rows.choice].sum()),
        "correlation": float(min(np.corrcoef(*each)[0, 1] for each in pairs)),
        "gap": float(np.sqrt(np.mean(((weights - ours) / sd) ** 2, axis=1)).max()),
        "sd_ratio": float(np.median(our_sd / sd)),
        "psytrack_seconds": time.process_time() - began,
        "our_seconds": seconds,
    }


def _run_psytrack(trials, step, session_step):
    """Weights and their standard deviations, shape (weight, trial), and the log evidence."""
    from psytrack.getMAP import getMAP
    from psytrack.helper.invBlkTriDiag import getCredibleInterval

    names = [BIAS, *INPUTS]
    data = {
        "y": trials["choice"].to_numpy(),
        "inputs": {name: trials[[name]].to_numpy(float) for name in INPUTS},
        "dayLength": trials.groupby("session", sort=False).size().to_numpy(),
    }
    spread = {"sigInit": FIRST, "sigma": [step] * len(names)}
    if session_step is not None:
        spread["sigDay"] = [session_step] * len(names)
    weights, hessian, evidence, _ = getMAP(data, spread, dict.fromkeys(names, 1))
    return weights, getCredibleInterval(hessian), evidence


COLUMNS = ("steps between", "log evidence", "ours", "lowest r", "gap (sd)", "sd, ours to theirs")


def tabulate(found):
    """Lay out what was found as lines of Markdown.

    Parameters
    ----------
    found : list of dict
        From `measure`.

    Returns
    -------
    list of str
    """
    head = [*COLUMNS, "seconds", "ours"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in found:
        cells = [row["steps"], f"{row['psytrack']:.1f}", f"{row['ours']:.1f}"]
        cells += [f"{row['correlation']:.4f}", f"{row['gap']:.2f}", f"{row['sd_ratio']:.3f}"]
        cells += [f"{row['psytrack_seconds']:.0f}", f"{row['our_seconds']:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
