"""Class frequency: the same probabilities on every trial."""

import numpy as np
import xarray as xr

from neuroalrnn.baselines.shared import Predict, from_fit
from neuroalrnn.data.level import HALF, count_choices, level_counted
from neuroalrnn.data.offered import offered_options

MOST_STEPS = 10_000


@from_fit("class frequency")
def class_frequency(trials: xr.Dataset, train: np.ndarray) -> Predict:
    """Predict every choice by how often the training subjects made it.

    Half a choice is added to each option, so that none is impossible. Where not all options are
    always offered, an option is chosen in proportion to a fixed worth (Luce 1959).

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    train, test : int array, shape (trial,)
        Positions of the scored training trials, and of the trials to predict.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities (nats).
    """
    offered = offered_options(trials)
    code = trials["choice"].values[train].astype(int)
    counts = count_choices(trials, train)
    log_worth = np.log(_fit_worths(code, None if offered is None else offered[train], len(counts)))

    def predict(trials, test):
        offered = offered_options(trials)
        among = None if offered is None else offered[test]
        return level_counted(np.tile(log_worth, (len(test), 1)), counts, among)

    return predict


def _fit_worths(code, offered, n_options):
    """Fit the worth of every option: one is chosen among those offered in proportion to it.

    The model is that of Luce (1959). The worths (option,) have maximum likelihood after half a
    choice of each option among all options has been added, and they add up to 1. If all options
    are always offered (`offered` is None), they are the frequencies. The iteration is that of
    Hunter (2004), Annals of Statistics 32; it never lowers the likelihood.
    """
    counts = np.bincount(code, minlength=n_options) + HALF
    if offered is None:
        return counts / counts.sum()
    sets, times = np.unique(offered, axis=0, return_counts=True)
    sets = np.r_[sets, np.ones((1, n_options))]
    times = np.r_[times, HALF * n_options]
    worth = counts / counts.sum()
    for _ in range(MOST_STEPS):
        before, worth = worth, counts / ((times / (sets @ worth)) @ sets)
        worth = worth / worth.sum()
        if np.abs(worth - before).max() < 1e-13:
            break
    return worth
