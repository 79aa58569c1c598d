"""Lorenz-63: AL-RNNs reconstruct it from data, all restarts at once.

Errors a few steps ahead hardly say whether a free run stays on the attractor: models that do it and
models that end in a fixed point follow each other during training. Every restart keeps the weights
whose free runs came closest to the trajectory that it is trained on; the scores are taken on
others. Interval and stretch were chosen by these scores, with other seeds than the one here.
"""

import time
from dataclasses import asdict, replace

import numpy as np

from neuroalrnn.exceptions import DataError
from neuroalrnn.reconstruct import (
    BinnedReference,
    ReconstructionSetting,
    compute_prediction_error,
    compute_spectral_distance,
    reconstruct,
    simulate_lorenz,
)

N_REFERENCE, N_DROPPED, N_KEPT = 99_500, 1_000, 10_000
HORIZON, N_STARTS = 20, 1_000
N_RESTARTS = 10
SETTING = ReconstructionSetting(
    n_latent=20, n_pwl=2, interval=16, window=100, n_updates=30_000, final_learning_rate=3e-4
)


def measure(*, threads, quick=False):
    """Train on one trajectory, then run every restart freely from a start on a second one.

    Parameters
    ----------
    threads : int
    quick : bool
        Few updates, which only show that everything runs.

    Returns
    -------
    dict
        Times (seconds of training, by the clock and of the processor), and per restart ``D_stsp``
        from a third trajectory, ``D_H`` and ``PE_20`` from the second, with medians over all
        restarts: one that ran away counts as it is. Then what the restarts were chosen by
        (``D_stsp`` from the trajectory that is trained on, ``criterion``), and when (``kept_at``).
    """
    setting = replace(SETTING, n_updates=100) if quick else SETTING
    train, test, reference = make_data()
    clock, processor = time.perf_counter(), time.process_time()
    models = reconstruct(
        train, setting, n_restarts=2 if quick else N_RESTARTS, threads=threads,
        criterion=BinnedReference(train),
    )  # fmt: skip
    seconds = time.perf_counter() - clock, time.process_time() - processor
    runs = models.free_run(test[:1], N_DROPPED + N_KEPT)[:, 0, N_DROPPED:]
    divergence = BinnedReference(reference)
    scores = {
        "D_stsp": [divergence(run) for run in runs],
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
        "criterion": models.criterion.tolist(),
        "kept_at": models.kept_at.tolist(),
    }


def make_data():
    """Three trajectories: to train on, to start free runs from, and to compare them with.

    Returns
    -------
    train : array, shape (99500, 3)
    test : array, shape (11001, 3)
    reference : array, shape (99500, 3)
    """
    train = simulate_lorenz(N_REFERENCE, start=(1, 1, 1)).values
    test = simulate_lorenz(1 + N_DROPPED + N_KEPT, rng=np.random.default_rng(0)).values
    reference = simulate_lorenz(N_REFERENCE, rng=np.random.default_rng(1)).values
    return train, test, reference


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
