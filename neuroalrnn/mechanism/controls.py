"""Controls of a fit: choices that depend on nothing, and networks without PWL units."""

import numpy as np
import pandas as pd

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.regimes.replication import session_labels

FITTED, LINEAR = "AL-RNN", "AL-RNN P=0"


def shuffle_choices(trials, *, rng=None):
    """Permute the scored choices of each session; everything else stays.

    What a fit of them shows needs no computation: fit and take them apart like the data.

    Parameters
    ----------
    trials : xarray.Dataset
    rng : Generator, optional

    Returns
    -------
    xarray.Dataset
        A copy. How often each option is chosen in a session is kept, what it depends on is not.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    choice = trials["choice"].copy(deep=True)
    scored = np.flatnonzero(scored_trials(trials))
    for _, rows in pd.Series(scored).groupby(session_labels(trials)[scored]):
        choice.values[rows] = rng.permutation(choice.values[rows])
    return trials.assign(choice=choice)


def cost_without_switching(fit):
    """What each subject loses to networks trained with P = 0.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Series, indexed by subject
        Nats per trial, held out.

    Raises
    ------
    NotTestableError
        0 was not in the grid.
    """
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    if LINEAR not in scores:
        raise NotTestableError(f"there is no {LINEAR} among the models: fit with 0 in n_pwl")
    return (scores[FITTED] - scores[LINEAR]).rename("cost")
