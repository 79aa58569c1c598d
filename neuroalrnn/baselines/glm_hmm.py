"""Logistic regression whose weights follow a hidden Markov state (GLM-HMM)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from neuroalrnn.arguments import (
    checked,
    not_flag,
    not_names,
    not_seed,
    not_whole,
)
from neuroalrnn.baselines._checks import not_inner, not_sizes
from neuroalrnn.baselines._driven import DrivenGLMHMM, fit_driven, predict_driven
from neuroalrnn.baselines._glm_hmm import (
    GLMHMM,
    find_glm_hmm,
    infer_states,
    predict_glm_hmm,
)
from neuroalrnn.baselines._kinds import Rows, group_rows
from neuroalrnn.baselines.shared import Inner, Predict, fit_chosen, from_fit, whole_sessions
from neuroalrnn.data import design
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.scaling import standardiser
from neuroalrnn.data.schema import not_trials, scored_trials
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.running import one_blas_thread

CONSTANT = "constant"


@checked(
    DataError,
    trials=not_trials,
    terms=not_names,
    inner=not_inner,
    n_states=not_sizes,
    n_restarts=partial(not_whole, least=1),
    lapses=not_flag,
    driven=not_flag,
    random_state=not_seed,
)
@from_fit("GLM-HMM")
def glm_hmm(
    trials: xr.Dataset,
    train: np.ndarray,
    *,
    terms: Sequence[str],
    inner: Inner | None = None,
    n_states: Sequence[int] = (1, 2, 3, 4, 5),
    n_restarts: int = 5,
    lapses: bool = False,
    driven: bool = False,
    random_state: int = 0,
) -> Predict:
    """Predict by a GLM-HMM, fitted to all training subjects at once.

    In state k a choice follows a logistic regression (multinomial above two options) on the terms
    with weights ``w[k]``. The state is a Markov chain that starts anew with every session. A mode
    of the posterior is found by expectation maximisation, in 300 steps at most.

    The prior of every weight, that of the constant included, is standard normal; covariates are
    centred and scaled by their training values, as in `logistic`. The prior of every row of the
    transition matrix is a Dirichlet distribution worth 1 transition to each state and 10 more of
    staying; that of the first state is worth 1 start in each state.

    A test trial is predicted from the earlier scored choices of its session, by filtering. The
    chain passes over gaps in ``trial_in_session`` as if no trial had been there; lagged terms do
    not (`neuroalrnn.data.design`).

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    train, test : int array, shape (trial,)
        Positions of the scored training trials, and of the trials to predict.
    terms : list of str
        Columns of the design; see `neuroalrnn.data.design`.
    inner : callable, optional
        See `choose_inside`; needed to choose between several `n_states`.
    n_states : sequence of int
        Candidates for the number of hidden states, smallest first.
    n_restarts : int
        Number of restarts. Each runs for 10 steps, and the one with the highest posterior is run to
        the end.
    lapses : bool
        Whether the last of several states is one in which the subject does not heed the terms: it
        has no weights but that of the constant.
    driven : bool
        Whether the terms also move the state: the log-odds of a transition into state k are those
        of the matrix plus ``v[k]`` times the terms of the trial that is entered, which are known
        before its choice. The prior of these weights is standard normal, too. Not with `lapses`.
    random_state : int
        Seed of the restarts.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities (nats).

    Raises
    ------
    DataError
        If an argument cannot be used, such as a term with a variable that the dataset lacks.

    References
    ----------
    Ashwood et al. (2022), Nature Neuroscience: the model. Calhoun, Pillow & Murthy (2019), Nature
    Neuroscience: inputs to its transitions.
    """
    if driven and lapses:
        raise problems(DataError, "GLM-HMM", ["driven and lapses are both True: expected one"])
    search = fit_driven if driven else partial(find_glm_hmm, lapses=lapses)
    find = partial(_find, trials, search=search, n_restarts=n_restarts, seed=random_state)
    return _fit_sizes(trials, train, terms, inner, tuple(n_states), find)


def _find(trials, kinds, n_states, *, search, seed, **options):
    """Fit a model to rows, see `find_glm_hmm`."""
    rng, n_options = np.random.default_rng([seed, n_states]), len(trials["choice"].attrs["labels"])
    return search(kinds, n_options, n_states, rng=rng, **options)[0]


@one_blas_thread
def _fit_sizes(trials, train, terms, inner, n_states, find):
    """Fit the number of states that predicts best inside, see `fit_chosen`."""
    prepared = {}

    def fit(trials, part, n):
        key = part.tobytes()
        if key not in prepared:
            prepared[key] = _prepare(trials, part, terms)
        covariates, kinds = prepared[key]
        model = find(kinds, n)
        if isinstance(model, DrivenGLMHMM):
            return partial(_predict, model, covariates)
        return _Fitted(model, covariates, terms)

    return fit_chosen(fit, n_states, trials, train, inner)


def _prepare(trials, train, terms):
    """A function that computes covariates, scaled by training trials, and these as rows."""
    scale = standardiser(trials, train)

    def covariates(trials):
        columns = design(scale(trials), terms).to_numpy()
        return np.c_[np.ones(len(columns)), columns]

    counted = np.isin(np.arange(trials.sizes["trial"]), train)
    n_options = len(trials["choice"].attrs["labels"])
    return covariates, group_rows(_rows(trials, train, covariates, counted)[1], n_options)


def _rows(trials, index, covariates, counted):
    """Positions of all trials in the sessions of some trials, and these trials as rows."""
    place, first = whole_sessions(trials, index)
    part = trials if len(place) == trials.sizes["trial"] else trials.isel(trial=place)
    choice = np.where(counted[place], part["choice"].values, -1).astype(int)
    return place, Rows(covariates(part), choice, first, offered_options(part))


def _predict(model, covariates, trials, test):
    place, rows = _rows(trials, test, covariates, scored_trials(trials))
    return predict_driven(model, rows)[np.searchsorted(place, test)]


@dataclass(frozen=True)
class _Fitted:
    """A fitted GLM-HMM.

    Parameters
    ----------
    model : GLMHMM
        What was found.
    covariates : callable
        Covariates of trials, scaled by the training part; the constant is the first.
    terms : list of str
        Terms of the others.
    """

    model: GLMHMM
    covariates: Callable
    terms: Sequence[str]

    def _rows(self, trials, test):
        place, rows = _rows(trials, test, self.covariates, scored_trials(trials))
        return np.searchsorted(place, test), rows

    def __call__(self, trials, test):
        """Predict trials."""
        at, rows = self._rows(trials, test)
        return predict_glm_hmm(self.model, rows)[at]

    def states(self, trials, test):
        """Parameters, and the states of trials before their choice and given all choices."""
        at, rows = self._rows(trials, test)
        before, smoothed = infer_states(self.model, rows)
        terms = np.array([CONSTANT, *design(trials, self.terms)])
        found = {"term": terms, "before_choice": before[at], "smoothed": smoothed[at]}
        return found | self.model._asdict()
