"""Logistic regression on the current trial and its history."""

import threading
import warnings
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import xarray as xr
from scipy.linalg import LinAlgWarning
from scipy.special import log_softmax

from neuroalrnn.arguments import checked, not_inputs, refuse
from neuroalrnn.baselines._among import fit_offered
from neuroalrnn.baselines.frequency import class_frequency
from neuroalrnn.baselines.shared import Predict, _Model, from_fit
from neuroalrnn.data import design
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.scaling import standardiser
from neuroalrnn.data.schema import is_after_choice, no_number, not_trials, trial_variables
from neuroalrnn.exceptions import DataError

N_LAGS = 5
# number of weights up to which Newton steps are faster
MOST_NEWTON = 500
LOWEST = np.log(np.finfo(float).tiny)
# what is done with warnings holds for all threads
_ONE = threading.RLock()


@from_fit("logistic")
def logistic(trials: xr.Dataset, train: np.ndarray, *, terms: Sequence[str]) -> Predict:
    """Predict by a penalised logistic regression, multinomial above two options.

    The penalty is scikit-learn's default (``C=1``). Covariates are centred and scaled by their
    training values before products are built, so that neither their origin nor their unit matters
    (`neuroalrnn.data.scaling.standardise`). If all training choices are the same, there is nothing
    to regress, and the prediction is that of `class_frequency`. If trials do not offer all options,
    choices are regressed among those offered, with a penalty chosen inside.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    train, test : int array, shape (trial,)
        Positions of the scored training trials, and of the trials to predict.
    terms : list of str
        Columns of the design; see `neuroalrnn.data.design`.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities (nats), none below that of the smallest positive number.
    """
    choice = trials["choice"].values[train].astype(int)
    if len(np.unique(choice)) < 2:
        return class_frequency.fit(trials, train)
    scale = standardiser(trials, train)

    def covariates(trials):
        return design(scale(trials), terms).to_numpy()

    features, offered = covariates(trials), offered_options(trials)
    size = np.sqrt((features[train] ** 2).mean(axis=0))
    size[size == 0] = 1.0

    def scaled(trials, test):
        return covariates(trials)[test] / size

    if offered is not None and not offered[train].all():
        return _Model(fit_offered(trials, train, features, offered, covariates), scaled)
    codes, regress = _regress(features[train], choice)

    def predict(trials, test):
        result = np.full((len(test), len(trials["choice"].attrs["labels"])), LOWEST)
        result[:, codes] = np.maximum(regress(covariates(trials)[test]), LOWEST)
        return result

    return _Model(predict, scaled)


def _regress(features, choice):
    """Fit to some rows; return the codes chosen there, and a function of the covariates of others.

    It returns their log-probabilities, which are right to about 1e-8.
    """
    from sklearn.linear_model import LogisticRegression

    codes = np.unique(choice)
    is_small = features.shape[1] * len(codes) <= MOST_NEWTON
    solver = "newton-cholesky" if is_small else "lbfgs"
    model = LogisticRegression(C=1.0, solver=solver, tol=1e-12, max_iter=10_000)
    with _ONE, warnings.catch_warnings():
        # where Newton steps are impossible, scikit-learn goes on without them by itself
        warnings.simplefilter("ignore", LinAlgWarning)
        model.fit(features, choice)

    def predict(others):
        # from the log-odds, as probabilities next to 1 have lost their digits
        drive = model.decision_function(others)
        drive = np.c_[np.zeros(len(others)), drive] if len(codes) == 2 else drive
        return log_softmax(drive, axis=1)

    return codes, predict


@checked(DataError, trials=not_trials, inputs=not_inputs)
def default_terms(trials: xr.Dataset, inputs: Iterable[str]) -> list[str]:
    """List the terms of a history-logistic regression for a dataset that names none.

    These are the inputs known before the choice, their pairwise products, and for each of the last
    five trials the choice and its product with every input known after it.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    inputs : iterable of str
        Variables that the AL-RNN receives.

    Returns
    -------
    list of str
        Terms as `neuroalrnn.data.design` reads them.

    Raises
    ------
    DataError
        If an input is no numeric variable of the dataset.
    """
    known = trial_variables(trials)
    faults = [f"input {no_number(trials, name, known)}" for name in inputs if name not in known]
    refuse("inputs", faults, DataError)
    before = [name for name in inputs if not is_after_choice(trials, name)]
    after = [name for name in inputs if is_after_choice(trials, name) and name != "choice"]
    terms = before + [f"{one}:{other}" for one, other in combinations(before, 2)]
    for lag in range(1, N_LAGS + 1):
        terms.append(f"choice[-{lag}]")
        terms += [f"choice[-{lag}]:{name}[-{lag}]" for name in after]
    return terms
