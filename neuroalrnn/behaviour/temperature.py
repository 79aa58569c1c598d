r"""Held-out scores when the inverse temperature of every subject is inferred as its choices come.

.. math::
    p(y_t \mid y_{<t}) = \sum_k w_k(t)\, q_k(y_t), \qquad
    q_k(y) \propto p_t(y)^{\beta_k}, \qquad
    w_k(t) \propto \prod_{u<t} q_k(y_u)

with :math:`p_t` what a model predicts for trial t. Nothing of a trial is known before it is scored,
and nothing is fitted: the prior is uniform over :math:`\beta_k` from 1/2 to 2, equally spaced in
their logarithm (definition of this package). Products telescope, so the score of a subject is its
log marginal likelihood, whatever the order of its sessions.
"""

import numpy as np
import pandas as pd
from scipy.special import log_softmax, logsumexp, softmax

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.results.summary import ADAPTIVE

INVERSE_TEMPERATURES = 2.0 ** np.linspace(-1, 1, 9)


def score_own_temperature(fit):
    """Score every model as if it learned how decided each held-out subject is.

    Subjects differ in how often they err. A model with hidden states, such as a GLM-HMM, notices
    while it predicts; a network that was trained on others may not. With one number per subject
    inferred for all models alike, what is left between them is what else they know.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    pandas.DataFrame
        One row per model and subject: ``model, subject, n_trials, log_likelihood`` (nats per
        trial), and the posterior after the last trial: ``inverse_temperature`` (mean) and
        ``inverse_temperature_sd``; 1 is what the model predicts, less is less decided.

    See Also
    --------
    neuroalrnn.stats.compare_models : takes this table.
    """
    scored = scored_trials(fit.trials)
    subject = fit.trials["subject"].values[scored].astype(str)
    choice = fit.trials["choice"].values[scored].astype(int)
    names, code = np.unique(subject, return_inverse=True)
    tables = []
    for model in fit.predictions["model"].values:
        if model.endswith(ADAPTIVE):  # it learns more than that already
            continue
        one = fit.predictions.sel(model=model)
        log_p = _log_probability(one, scored, choice)
        total = np.array(
            [np.bincount(code, each) for each in _temper(log_p, choice, INVERSE_TEMPERATURES)]
        )
        weight = softmax(total, axis=0)
        mean = INVERSE_TEMPERATURES @ weight
        n_trials = np.bincount(code)
        values = {
            "model": str(model),
            "subject": names,
            "n_trials": n_trials,
            "log_likelihood": (logsumexp(total, axis=0) - np.log(len(total))) / n_trials,
            "inverse_temperature": mean,
            "inverse_temperature_sd": np.sqrt(_variance(mean, weight)),
        }
        tables.append(pd.DataFrame(values))
    return pd.concat(tables, ignore_index=True)


def _variance(mean, weight):
    """Variance as mean squared distance, as a difference of squares may round below zero."""
    return ((INVERSE_TEMPERATURES[:, None] - mean) ** 2 * weight).sum(axis=0)


def _log_probability(predictions, scored, choice):
    """Of every option, (trial, option); that of the choice made is kept in double precision."""
    with np.errstate(divide="ignore"):
        found = np.log(predictions["probability"].values[scored].astype(float))
    found[np.arange(len(choice)), choice] = predictions["log_likelihood"].values[scored]
    return found


def _temper(log_p, choice, inverse_temperatures):
    """Log-probability of every choice made, at each inverse temperature."""
    for beta in inverse_temperatures:
        yield log_softmax(beta * log_p, axis=1)[np.arange(len(choice)), choice]
