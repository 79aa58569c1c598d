"""Features of all steps: values of trials, each at its step, and values of every step."""

from typing import NamedTuple

import numpy as np


class Column(NamedTuple):
    """A feature of trials.

    Parameters
    ----------
    name : str
        Name of the feature.
    at : int array, shape (trial,)
        Step at which it enters, -1 where it does not.
    value : array, shape (trial,)
        Its values.
    present : bool array, shape (trial,), optional
        Where it has a value, if it is to be centred.
    after : bool
        Whether it is known only after the choice.
    """

    name: str
    at: np.ndarray
    value: np.ndarray
    present: np.ndarray | None = None
    after: bool = False


def flat_inputs(trials, timing, columns, start, flat_trial, flat_step, step):
    """Compute the inputs of all steps of all trials, one after the other.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    timing : Timing
        When things happen in every trial.
    columns : list of Column
        Features of trials.
    start : int array, shape (trial + 1,)
        First step of every trial.
    flat_trial, flat_step : int array, shape (step,)
        Trial of every step, and its place within the trial.
    step : str
        What a step is, see `neuroalrnn.encode`.

    Returns
    -------
    names : list of str
        Names of the features.
    flat : array, shape (step, feature)
        Values of the features, 0 where missing.
    present : dict of str -> bool array, shape (step,)
        Where the features that are to be centred are present.
    """
    names = [column.name for column in columns]
    flat, present = np.zeros((start[-1], len(columns))), {}
    for k, column in enumerate(columns):
        use = (column.at >= 0) & (column.at < timing.n_steps)
        place = start[:-1][use] + column.at[use]
        flat[place, k] = column.value[use]
        if column.present is not None:
            present[column.name] = np.zeros(len(flat), dtype=bool)
            present[column.name][place] = column.present[use]
    if step == "time" and "inputs" in trials:
        timed = trials["inputs"].transpose("trial", "time", "feature").values
        inside = flat_step < np.minimum(timed.shape[1], trials["n_steps"].values[flat_trial])
        extra = np.full((len(flat), timed.shape[2]), np.nan)
        extra[inside] = timed[flat_trial[inside], flat_step[inside]]
        own = [str(name) for name in _feature_names(trials)]
        present |= dict(zip(own, np.isfinite(extra).T, strict=True))
        names, flat = names + own, np.hstack([flat, np.nan_to_num(extra)])
    return names, flat, present


def _feature_names(trials) -> list[str]:
    if "feature" in trials.coords:
        return [str(name) for name in trials["feature"].values]
    return [f"inputs={index}" for index in range(trials.sizes["feature"])]
