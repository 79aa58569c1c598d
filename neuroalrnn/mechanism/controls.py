"""Controls of a fit: choices that depend on nothing, and networks without PWL units."""

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.regimes.replication import session_labels
from neuroalrnn.results import Fit

LINEAR = "AL-RNN P=0"


def shuffle_choices(trials: xr.Dataset, *, rng: np.random.Generator | None = None) -> xr.Dataset:
    """Permute the scored choices of each session; everything else stays.

    These choices depend on nothing but the session. Fit them and take them apart like the data:
    whatever that shows can arise without any computation.

    Parameters
    ----------
    trials : xarray.Dataset
        Validated trials.
    rng : Generator, optional
        Source of random numbers; default ``default_rng(0)``.

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


def cost_without_switching(fit: Fit) -> pd.Series:
    """Compute how much worse networks trained with P = 0 predict each subject.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.

    Returns
    -------
    Series, indexed by subject
        Held-out log-likelihood of the sufficient P minus that of P = 0, in nats per trial.

    Raises
    ------
    NotTestableError
        0 was not in the grid.
    """
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    if LINEAR not in scores:
        raise NotTestableError(f"there is no {LINEAR} among the models: fit with 0 in n_pwl")
    return (scores[fit.model] - scores[LINEAR]).rename("cost")
