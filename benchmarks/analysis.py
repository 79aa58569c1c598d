"""All analysis of one fit with 100,000 steps, taken apart; one thread."""

import time

import numpy as np
from threadpoolctl import threadpool_limits

import data_loaders
from neuroalrnn import LeaveOneSubjectOut, Setting, analyse, select_n_pwl
from neuroalrnn.config import default_run

N_STEPS, N_PWL, N_LATENT = 100_000, 4, 12
N_RESTARTS = 3


def measure(*, n_times=3, quick=False):
    """Fit the rats with a given P, and time `analyse` of that fit.

    Parameters
    ----------
    n_times : int
    quick : bool
        Few trials.

    Returns
    -------
    dict
        ``steps``, ``latents``, ``n_pwl`` (chosen, per fold) and ``seconds`` by the clock of
        ``analyse(fit, mechanism=True)``, one per time.
    """
    fit = _fit(2_400 if quick else N_STEPS, max_checks=2 if quick else 10)
    seconds = []
    with threadpool_limits(1):
        for _ in range(n_times):
            begin = time.perf_counter()
            found = analyse(fit, mechanism=True)
            seconds.append(round(time.perf_counter() - begin, 2))
    return {
        "steps": int((found.linear.regimes.values >= 0).sum()),
        "latents": fit.parameters.sizes["latent"],
        "n_pwl": fit.selection["n_pwl_chosen"].values.tolist(),
        "seconds": seconds,
    }


def _fit(n_steps, *, max_checks):
    """Networks of P = 4, on the first trials of every rat, so many steps in all."""
    trials, run = data_loaders.load("miller_rats"), default_run("miller_rats")
    n_trials = n_steps // trials.sizes["event"]
    share = n_trials / trials.sizes["trial"]
    kept = [_first(rows, share) for rows in trials.groupby("subject").groups.values()]
    setting = run.setting.model_dump() | {"n_latent": N_LATENT, "max_checks": max_checks}
    return select_n_pwl(
        trials.isel(trial=np.sort(np.concatenate(kept))), Setting(**setting), LeaveOneSubjectOut(),
        n_pwl=(N_PWL,), n_restarts=N_RESTARTS, n_inner=2, progress=False,
    )  # fmt: skip


def _first(rows, share):
    rows = np.asarray(rows)
    return rows[: round(share * len(rows))]
