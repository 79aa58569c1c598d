"""Which baselines with something chosen inside suit a dataset."""

import json
from functools import partial

from neuroalrnn.arguments import checked, not_callable, not_inputs
from neuroalrnn.baselines.glm_hmm import glm_hmm
from neuroalrnn.baselines.history import history_logistic
from neuroalrnn.baselines.hybrid import hybrid, is_two_step
from neuroalrnn.baselines.logistic import default_terms
from neuroalrnn.baselines.qlearning import q_learning
from neuroalrnn.data.schema import not_trials, trial_variables
from neuroalrnn.data.terms import parse_terms
from neuroalrnn.exceptions import DataError


@checked(DataError, trials=not_trials, inputs=not_inputs, inner=not_callable)
def cognitive_baselines(trials, inputs, inner):
    """Cognitive models and history regressions, each with its size chosen inside.

    Parameters
    ----------
    trials : xarray.Dataset
    inputs : iterable of str
        Variables that the AL-RNN receives.
    inner : callable
        ``inner(train) -> list of (fit, validate)``, arrays of scored trials, whole groups each.

    Returns
    -------
    dict of str -> callable
        ``baseline(trials, train, test) -> log-probabilities``. The number of lags and the GLM-HMM
        always, on the terms of the dataset's "history-logistic" or else `default_terms`;
        Q-learning where there is ``reward``; the hybrid where `is_two_step`.

    Raises
    ------
    DataError
        If a term that the dataset names cannot be used.
    """
    named = json.loads(trials.attrs.get("baselines", "{}"))
    terms = named.get("history-logistic") or default_terms(trials, inputs)
    parse_terms(trials, terms)
    found = {"history-logistic, lags chosen": partial(history_logistic, terms=terms, inner=inner)}
    if "reward" in trial_variables(trials):
        found["Q-learning"] = partial(q_learning, inner=inner)
    if is_two_step(trials):
        found["hybrid"] = partial(hybrid, inner=inner)
    found["GLM-HMM"] = partial(glm_hmm, terms=terms, inner=inner)
    return found
