"""Lorenz-63: AL-RNNs reconstruct it from data, all restarts at once."""

import time
from dataclasses import asdict, replace

import numpy as np

from neuroalrnn.analysis.reconstruction import (
    compute_prediction_error,
    compute_spectral_distance,
    compute_state_space_divergence,
)
from neuroalrnn.exceptions import DataError
from neuroalrnn.fit.reconstruct import ReconstructionSetting, reconstruct
from neuroalrnn.tasks.lorenz import simulate

N_REFERENCE, N_DROPPED, N_KEPT = 99_500, 1_000, 10_000
HORIZON, N_STARTS = 20, 1_000
N_RESTARTS = 10
SETTING = ReconstructionSetting(
    n_latent=20, n_pwl=2, interval=45, n_updates=30_000, initialisation="alrnn2024"
)


def measure(*, threads, quick=False):
    """Train on one trajectory, then run every restart freely from a start on another one.

    Parameters
    ----------
    threads : int
    quick : bool
        Few updates, which only show that everything runs.

    Returns
    -------
    dict
        Times (seconds of training, by the clock and of the processor), and per restart ``D_stsp``,
        ``D_H`` and ``PE_20``, with medians over all restarts: one that ran away counts as it is.
    """
    setting = replace(SETTING, n_updates=100) if quick else SETTING
    train, test = make_data()
    clock, processor = time.perf_counter(), time.process_time()
    models = reconstruct(train, setting, n_restarts=2 if quick else N_RESTARTS, threads=threads)
    seconds = time.perf_counter() - clock, time.process_time() - processor
    runs = models.free_run(test[:1], N_DROPPED + N_KEPT)[:, 0, N_DROPPED:]
    scores = {
        "D_stsp": [compute_state_space_divergence(train, run) for run in runs],
        "D_H": [_spectral_distance(test[N_DROPPED + 1 :], run) for run in runs],
        "PE_20": _forecast(models, test).tolist(),
    }
    return {
        "setting": asdict(setting),
        "restarts": len(runs),
        "diverged": int(models.diverged.sum()),
        "seconds": round(seconds[0], 1),
        "processor_seconds": round(seconds[1], 1),
        **scores,
        "median": {name: float(np.median(each)) for name, each in scores.items()},
    }


def make_data():
    """The trajectory that is trained on, and another one that gives the start of the free runs.

    Returns
    -------
    train : array, shape (99500, 3)
    test : array, shape (11001, 3)
    """
    train = simulate(N_REFERENCE, start=(1, 1, 1)).values
    test = simulate(1 + N_DROPPED + N_KEPT, rng=np.random.default_rng(0)).values
    return train, test


def _spectral_distance(reference, run):
    """1, the largest distance there is, for a run that left or stands still."""
    try:
        return compute_spectral_distance(reference, run)
    except DataError:
        return 1.0


def _forecast(models, test):
    """``PE_20`` of every model in units of the variance of each dimension."""
    starts = np.linspace(0, len(test) - HORIZON - 1, N_STARTS).astype(int)
    observed = test[starts[:, None] + np.arange(1, HORIZON + 1)]
    scale = test.std(0)
    predicted = models.free_run(test[starts], HORIZON) / scale
    return np.array([compute_prediction_error(observed / scale, each)[-1] for each in predicted])
