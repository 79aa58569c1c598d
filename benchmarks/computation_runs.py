"""One run of an agent or network whose computation is known: simulate, fit, and compare."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from neuroalrnn import Fit, Setting, SubjectKFold, select_n_pwl
from neuroalrnn.tasks import COMPUTING, simulate_computing, simulate_constructed

N_FOLDS, N_INNER, N_RESTARTS = 3, 2, 2
# trials from a switch at which it counts as found, and after a change that latencies are counted in
NEAR, AFTER = 2, 15
QUICK = {"learning_rate": 0.03, "batch_size": 128, "check_every": 40, "max_checks": 30}
QUICK |= {"patience": 8, "averaging": 0.99}
# pieces of 30 trials after 8 unscored ones, 3 steps each
PIECES = QUICK | {"learning_rate": 0.02, "batch_size": 32, "window": 90, "warm_up": 24}
PIECES |= {"initialisation": "timescales", "check_every": 60}


class Source(NamedTuple):
    """Where choices come from, and how networks are fitted to them.

    ``simulate(rng)`` gives trials, truth and log-odds. Effects of the decisive inputs group trials
    if `is_named`, else those that the package takes by default.
    """

    simulate: Callable
    setting: dict
    n_pwl: int
    is_named: bool = False


def _network(name, n_trials, n_latent):
    make = partial(simulate_constructed, name, 6, n_trials)
    return Source(make, QUICK | {"n_latent": n_latent}, 2, is_named=True)


def _agent(name, n_subjects, n_trials, n_latent, n_pwl, **setting):
    def simulate(rng):
        return simulate_computing(COMPUTING[name](), n_subjects, n_trials, rng=rng)

    return Source(simulate, PIECES | {"n_latent": n_latent} | setting, n_pwl)


SOURCES = {
    "addition": _network("addition", 800, 4),
    "integration": _network("integration", 800, 6),
    "parity": _network("parity", 300, 4),
    "cued rule": _agent("cued rule", 9, 300, 4, 2),
    "hidden rule": _agent("hidden rule", 12, 500, 6, 4, max_checks=50),
    "win-stay lose-shift": _agent("win-stay lose-shift", 9, 300, 4, 2),
    "engaged or not": _agent("engaged or not", 12, 500, 8, 4, max_checks=50),
    "integrator": _agent("integrator", 9, 300, 4, 2),
}


def simulate(name, run):
    """Trials, truth and log-odds of a run, which has a seed of its own."""
    seed = [list(SOURCES).index(name), run]
    source = SOURCES[name].simulate
    return source(rng=np.random.default_rng(seed))


def fit_run(name, run, path):
    """Fit networks to the trials of a run, with whole subjects held out, and keep them.

    Parameters
    ----------
    name : str
        One of `SOURCES`.
    run : int
    path : pathlib.Path
        Where the fit is kept; one that is there already is taken.

    Returns
    -------
    Fit
    """
    if path.exists():
        return Fit.load(path)
    source, trials = SOURCES[name], simulate(name, run).trials
    fit = fit_quietly(trials, Setting(**source.setting), (0, source.n_pwl), N_RESTARTS, run)
    fit.save(path)
    return fit


def fit_quietly(trials, setting, n_pwl, n_restarts, seed):
    """Fit on one thread, without progress and baselines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return select_n_pwl(
            trials, setting, SubjectKFold(N_FOLDS, seed), n_restarts, seed, n_pwl=n_pwl,
            n_inner=N_INNER, baselines={}, threads=1, progress=False,
        )  # fmt: skip
