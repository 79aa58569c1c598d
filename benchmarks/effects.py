"""Effects of all inputs on all trials of the rats, in the networks of all folds."""

import json
import time

import numpy as np

import data_loaders
from neuroalrnn import Fit, LeaveOneSubjectOut, Setting, select_n_pwl
from neuroalrnn.config import default_run
from neuroalrnn.effects import compute_input_effects, find_functional_regimes

N_LAGS, N_PWL = 5, 8


def measure(*, n_times=3, quick=False):
    """Fit the rats with five inputs and as many PWL units as latents, and time their effects.

    Parameters
    ----------
    n_times : int
    quick : bool
        Few trials.

    Returns
    -------
    dict
        ``trials``, ``inputs``, ``lags``, ``folds`` and seconds by the clock, one per time:
        ``effects`` (all networks over all trials) and ``regimes`` (all that is needed to find
        functional regimes), each from a fit that knows nothing yet.
    """
    trials, run = data_loaders.load("miller_rats"), default_run("miller_rats")
    if quick:
        trials = trials.isel(trial=trials["trial_in_session"].values < 20)
    encoding = json.loads(trials.attrs["encoding"])
    encoding["inputs"]["common"] = "s2"
    setting = run.setting.model_dump() | {"n_pwl": N_PWL, "max_checks": 1}
    fit = select_n_pwl(
        trials, Setting(**setting), LeaveOneSubjectOut(), n_pwl=(N_PWL,), n_restarts=1, n_inner=2,
        encoding=encoding, baselines={}, progress=False,
    )  # fmt: skip
    seconds = {"effects": [], "regimes": []}
    for _ in range(n_times):
        begin = time.perf_counter()
        effects = compute_input_effects(Fit(fit.tree), n_lags=N_LAGS, over_folds=True)
        seconds["effects"].append(round(time.perf_counter() - begin, 2))
        begin = time.perf_counter()
        find_functional_regimes(Fit(fit.tree))
        seconds["regimes"].append(round(time.perf_counter() - begin, 2))
    known = np.isfinite(effects.values).any(axis=(0, 2, 3, 4)).sum()
    sizes = {"inputs": effects.sizes["input"], "lags": N_LAGS, "folds": effects.sizes["fold"]}
    return {"trials": int(known), **sizes, **seconds}
