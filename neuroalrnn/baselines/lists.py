"""The lists of baselines that a dataset is compared with."""

import json
from collections.abc import Callable, Iterable
from functools import partial
from inspect import signature
from typing import NamedTuple

import numpy as np
import xarray as xr

from neuroalrnn.arguments import checked, not_callable, not_inputs
from neuroalrnn.baselines._learner import ASYMMETRIC
from neuroalrnn.baselines.frequency import class_frequency
from neuroalrnn.baselines.glm_hmm import glm_hmm
from neuroalrnn.baselines.history import history_logistic
from neuroalrnn.baselines.hybrid import _is_two_step, hybrid
from neuroalrnn.baselines.kernels import OBLIVIOUS, RFLR, history_kernel
from neuroalrnn.baselines.logistic import default_terms, logistic
from neuroalrnn.baselines.qlearning import q_learning
from neuroalrnn.baselines.shared import Baseline, Inner
from neuroalrnn.data.schema import not_trials, trial_variables
from neuroalrnn.data.terms import parse_terms
from neuroalrnn.exceptions import DataError


class Listed(NamedTuple):
    """A baseline of the list.

    Parameters
    ----------
    name : str
        Name in tables and figures.
    baseline : callable
        ``f(trials, train, test)`` returns log-probabilities, shape (test trial, option). If it has
        parameters ``terms`` or ``inner``, it is given them, too; see `cognitive_baselines`.
    applies : callable
        Whether it can be fitted to a trial dataset.
    """

    name: str
    baseline: Callable[..., np.ndarray]
    applies: Callable[[xr.Dataset], bool] = lambda trials: True


def _settle(baseline, **options):
    """A baseline whose options are set; where it has a ``fit``, so has the result."""
    settled = partial(baseline, **options)
    if hasattr(baseline, "fit"):
        settled.fit = partial(baseline.fit, **options)
    return settled


def _is_paid(trials):
    """Whether there is a reward to learn from."""
    return "reward" in trial_variables(trials)


BASELINES = [
    Listed("history-logistic, lags chosen", history_logistic),
    Listed("Q-learning", q_learning, _is_paid),
    Listed("asymmetric Q-learning", _settle(q_learning, members=(ASYMMETRIC,)), _is_paid),
    Listed("hybrid", hybrid, _is_two_step),
    Listed("RFLR", _settle(history_kernel, kernels=RFLR), _is_paid),
    Listed("RFLR without reward", _settle(history_kernel, kernels=OBLIVIOUS), _is_paid),
    Listed("history kernel", history_kernel, _is_paid),
    Listed("GLM-HMM", glm_hmm),
    Listed("GLM-HMM with lapses", _settle(glm_hmm, lapses=True, n_states=(2, 3, 4, 5))),
    Listed("GLM-HMM with driven states", _settle(glm_hmm, driven=True, n_states=(2, 3, 4))),
]


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
        name: _settle(logistic, terms=terms) for name, terms in named.items()
    }


@checked(DataError, trials=not_trials, inputs=not_inputs, inner=not_callable)
def cognitive_baselines(
    trials: xr.Dataset, inputs: Iterable[str], inner: Inner
) -> dict[str, Baseline]:
    """List the baselines whose size is chosen inside the training part, as far as they apply.

    These are the `BASELINES` that apply to the dataset. Where one asks for terms, they are those of
    the "history-logistic" that the dataset names, or else `default_terms`.

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
    given = {"terms": terms, "inner": inner}
    return {
        each.name: _settle(each.baseline, **_asked(each.baseline, given))
        for each in BASELINES
        if each.applies(trials)
    }


def _asked(function, given):
    """Those of some arguments that a function has."""
    return {name: given[name] for name in given if name in signature(function).parameters}
