"""Class frequency and logistic regressions on the current trial and its history."""

import json
import warnings
from functools import partial
from itertools import combinations

import numpy as np
from scipy.linalg import LinAlgWarning
from scipy.special import log_softmax

from neuroalrnn.arguments import checked, not_inputs, refuse
from neuroalrnn.baselines.among import regress_among
from neuroalrnn.baselines.level import fit_worths, level
from neuroalrnn.data import design
from neuroalrnn.data.checks import check_split
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.scaling import standardise
from neuroalrnn.data.schema import is_after_choice, no_number, not_trials, trial_variables
from neuroalrnn.data.terms import parse_terms
from neuroalrnn.exceptions import DataError

N_LAGS = 5
# weights up to which Newton steps are the faster way
MOST_NEWTON = 500
LOWEST = np.log(np.finfo(float).tiny)


def class_frequency(trials, train, test):
    """Predict every choice by how often the training subjects made it.

    Parameters
    ----------
    trials : xarray.Dataset
    train, test : int arrays
        Scored training trials, and the trials to predict.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities; a half choice is added to each option so that none is impossible. Where
        not all options are always offered, those of options chosen in proportion to a fixed worth.
    """
    train, test = check_split("class frequency", trials, train, test)
    offered = offered_options(trials)
    code = trials["choice"].values[train].astype(int)
    among = None if offered is None else offered[train]
    worth = fit_worths(code, among, len(trials["choice"].attrs["labels"]))
    return level(np.tile(np.log(worth), (len(test), 1)), trials, train, test)


def logistic(trials, train, test, *, terms):
    """Penalised logistic regression, multinomial above two options.

    Parameters
    ----------
    trials : xarray.Dataset
    train, test : int arrays
    terms : list of str
        Columns of the design; see `neuroalrnn.data.design`.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities. The penalty is scikit-learn's default (``C=1``); covariates are centred
        and scaled by their training values before products are built, so that neither origin nor
        unit matters, see `neuroalrnn.data.scaling.standardise`. Where the training choices are all
        the same nothing can be regressed, and the prediction is that of `class_frequency`. Where
        options are limited, choices are regressed among those offered, see `regress_among`. No
        log-probability is below that of the smallest positive number.
    """
    train, test = check_split("logistic", trials, train, test)
    choice = trials["choice"].values[train].astype(int)
    if len(np.unique(choice)) < 2:
        return class_frequency(trials, train, test)
    features = design(standardise(trials, train), terms).to_numpy()
    offered = offered_options(trials)
    if offered is not None and not offered[train].all():
        return regress_among(trials, train, test, features=features, offered=offered)
    found = np.full((len(test), len(trials["choice"].attrs["labels"])), LOWEST)
    codes, log_probability = _regress(features[train], choice, features[test])
    found[:, codes] = np.maximum(log_probability, LOWEST)
    return found


def _regress(features, choice, others):
    """Codes that were chosen, and their log-probabilities on other rows, to about 1e-8."""
    from sklearn.linear_model import LogisticRegression

    codes = np.unique(choice)
    is_small = features.shape[1] * len(codes) <= MOST_NEWTON
    solver = "newton-cholesky" if is_small else "lbfgs"
    model = LogisticRegression(C=1.0, solver=solver, tol=1e-12, max_iter=10_000)
    with warnings.catch_warnings():
        # where Newton steps are impossible it goes on without them by itself
        warnings.simplefilter("ignore", LinAlgWarning)
        drive = model.fit(features, choice).decision_function(others)
    # from the drive, as probabilities next to 1 have lost their digits
    drive = np.c_[np.zeros(len(others)), drive] if len(codes) == 2 else drive
    return codes, log_softmax(drive, axis=1)


@checked(DataError, trials=not_trials, inputs=not_inputs)
def default_terms(trials, inputs):
    """History-logistic terms for a dataset that names none.

    The inputs known before the choice with their pairwise products, and for each of the last five
    trials the choice and its product with every outcome among the inputs.

    Parameters
    ----------
    trials : xarray.Dataset
    inputs : iterable of str
        Variables that the AL-RNN receives.

    Returns
    -------
    list of str
    """
    known = trial_variables(trials)
    found = [f"input {no_number(trials, name, known)}" for name in inputs if name not in known]
    refuse("inputs", found, DataError)
    before = [name for name in inputs if not is_after_choice(trials, name)]
    after = [name for name in inputs if is_after_choice(trials, name) and name != "choice"]
    terms = before + [f"{one}:{other}" for one, other in combinations(before, 2)]
    for lag in range(1, N_LAGS + 1):
        terms.append(f"choice[-{lag}]")
        terms += [f"choice[-{lag}]:{name}[-{lag}]" for name in after]
    return terms


@checked(DataError, trials=not_trials, inputs=not_inputs)
def standard_baselines(trials, inputs):
    """The baselines that every score table shows.

    Parameters
    ----------
    trials : xarray.Dataset
    inputs : iterable of str
        Variables that the AL-RNN receives.

    Returns
    -------
    dict of str -> callable
        ``baseline(trials, train, test) -> log-probabilities``; the logistic ones use the terms that
        the dataset names in ``attrs["baselines"]``, else those of `default_terms`.

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
