"""The lists of baselines that a dataset is compared with."""

import json
from collections.abc import Iterable
from functools import partial

import xarray as xr

from neuroalrnn.arguments import checked, not_callable, not_inputs
from neuroalrnn.baselines.frequency import class_frequency
from neuroalrnn.baselines.glm_hmm import glm_hmm
from neuroalrnn.baselines.history import history_logistic
from neuroalrnn.baselines.hybrid import hybrid, is_two_step
from neuroalrnn.baselines.logistic import default_terms, logistic
from neuroalrnn.baselines.qlearning import q_learning
from neuroalrnn.baselines.shared import Baseline, Inner
from neuroalrnn.data.schema import not_trials, trial_variables
from neuroalrnn.data.terms import parse_terms
from neuroalrnn.exceptions import DataError


@checked(DataError, trials=not_trials, inputs=not_inputs)
def standard_baselines(trials: xr.Dataset, inputs: Iterable[str]) -> dict[str, Baseline]:
    """List the baselines that every score table shows: class frequency and logistic regressions.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects. ``attrs["baselines"]`` may be a JSON object that gives the terms of
        each regression by its name; without it, there is one with the terms of `default_terms`.
    inputs : iterable of str
        Variables that the AL-RNN receives.

    Returns
    -------
    dict of str -> callable
        ``baseline(trials, train, test)`` returns log-probabilities, shape (test trial, option).

    Raises
    ------
    DataError
        If a term that the dataset names cannot be used.
    """
    named = json.loads(trials.attrs.get("baselines", "{}"))
    for terms in named.values():
        parse_terms(trials, terms)
    named = named or {"history-logistic": default_terms(trials, inputs)}
    return {"class frequency": class_frequency} | {
        name: partial(logistic, terms=terms) for name, terms in named.items()
    }


@checked(DataError, trials=not_trials, inputs=not_inputs, inner=not_callable)
def cognitive_baselines(
    trials: xr.Dataset, inputs: Iterable[str], inner: Inner
) -> dict[str, Baseline]:
    """List the baselines whose size is chosen inside the training part, as far as they apply.

    A history regression (number of lags) and a GLM-HMM (number of states) always apply; their terms
    are those of the "history-logistic" that the dataset names, or else `default_terms`. Q-learning
    needs ``reward``, and the hybrid a two-step task (`is_two_step`).

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    inputs : iterable of str
        Variables that the AL-RNN receives.
    inner : callable
        ``inner(train)`` lists pairs (fit, validate) of positions of scored trials. No group is in
        both parts of a pair.

    Returns
    -------
    dict of str -> callable
        ``baseline(trials, train, test)`` returns log-probabilities, shape (test trial, option).

    Raises
    ------
    DataError
        If a term that the dataset names cannot be used.
    """
    named = json.loads(trials.attrs.get("baselines", "{}"))
    terms = named.get("history-logistic") or default_terms(trials, inputs)
    parse_terms(trials, terms)
    baselines: dict[str, Baseline] = {
        "history-logistic, lags chosen": partial(history_logistic, terms=terms, inner=inner)
    }
    if "reward" in trial_variables(trials):
        baselines["Q-learning"] = partial(q_learning, inner=inner)
    if is_two_step(trials):
        baselines["hybrid"] = partial(hybrid, inner=inner)
    baselines["GLM-HMM"] = partial(glm_hmm, terms=terms, inner=inner)
    return baselines
