"""The AL-RNN as an estimator in scikit-learn's habits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neuroalrnn.arguments import not_mapping, refuse, shown
from neuroalrnn.config import as_setting
from neuroalrnn.config.defaults import FIT, MEMORY
from neuroalrnn.data import cautions_of
from neuroalrnn.data.rows import Rows, trials_of
from neuroalrnn.data.schema import validate
from neuroalrnn.data.split import Splitter
from neuroalrnn.exceptions import DataError
from neuroalrnn.results.final import make_predictor
from neuroalrnn.running import one_blas_thread
from neuroalrnn.study.final import tabulate_final, train_final
from neuroalrnn.study.study import prepare_study

OWN = ("n_latent", "n_pwl")


class ALRNN(ClassifierMixin, BaseEstimator):
    """An Almost-Linear RNN of the choices of all subjects, as a classifier of trials.

    It is trained as inside a fold of `neuroalrnn.select_n_pwl`: subjects are held out inside its
    trials to choose how long to train, which restart to keep and, of several values, which
    ``n_pwl``; then it is trained on all of them. Cross-validate it with a splitter of ours, such as
    `neuroalrnn.SubjectKFold`: those of scikit-learn that take no groups cut subjects and sessions.

    Parameters
    ----------
    n_latent : int
        Latents.
    n_pwl : int or sequence of int, optional
        PWL units among them, or values to choose from; default 0, 1, 2, 4, clipped to `n_latent`.
    setting : dict, optional
        Further hyperparameters, such as ``{"learning_rate": 0.01}``; see
        `neuroalrnn.config.Setting`.
    n_restarts : int
        Random starts for each value of `n_pwl`.
    n_inner : int
        Inner validation parts.
    cv : splitter, optional
        Gives the inner parts; default ``SubjectKFold()``.
    alternatives : dict of str -> sequence, optional
        Values of hyperparameters to choose from, see `neuroalrnn.select_n_pwl`.
    encoding : dict, optional
        Arguments of `neuroalrnn.encode`; default those that the trials carry, else event steps.
    threads : int, optional
        Default: all cores.
    memory : int
        Bytes that training may take beside the data.
    backend : str
        One of `neuroalrnn.ops.dispatch.BACKENDS`, or "auto".
    random_state : int
        Seed of every random stream. It is the same in every fold of scikit-learn's
        cross-validation; `neuroalrnn.select_n_pwl` gives each fold streams of its own, the first
        one these.

    Attributes
    ----------
    network_ : neuroalrnn.network.run.Network
        Trained on all trials, acting on inputs as encoded.
    n_pwl_ : int
        The value of `n_pwl` that predicts best, see `neuroalrnn.select_n_pwl`.
    n_updates_ : int
        How long it was trained.
    classes_ : array of str, shape (option,)
        Labels of the choice, in code order.
    selection_ : pandas.DataFrame
        One row per value of `n_pwl`: validation score, its difference to the best (nats per
        trial), and the share of what is explained that it keeps; ``chosen`` is the sufficient one.
    cautions_ : list of str
        What a reader of results must hear of the trials.
    predictor_ : neuroalrnn.network.predict.Predictor
        The network with how trials are encoded.

    See Also
    --------
    neuroalrnn.select_n_pwl : Cross-validation with every check, all other models, and a report.

    Examples
    --------
    scikit-learn counts and indexes trials as `neuroalrnn.data.Rows`:

    >>> import numpy as np
    >>> from sklearn.model_selection import cross_validate
    >>> from neuroalrnn import ALRNN, Rows, SubjectKFold
    >>> from neuroalrnn.tasks import simulate_agents
    >>> trials = simulate_agents("logistic", 6, 40, rng=np.random.default_rng(0))
    >>> model = ALRNN(n_latent=2, n_pwl=1, n_restarts=1, setting={"max_checks": 2})
    >>> scores = cross_validate(model, Rows(trials), cv=SubjectKFold(2))["test_score"]
    >>> scores.shape
    (2,)
    """

    def __init__(
        self,
        n_latent: int = 6,
        n_pwl: int | Sequence[int] | None = None,
        *,
        setting: Mapping[str, Any] | None = None,
        n_restarts: int = FIT.n_restarts,
        n_inner: int = FIT.n_inner,
        cv: Splitter | None = None,
        alternatives: Mapping[str, Sequence] | None = None,
        encoding: Mapping[str, Any] | None = None,
        threads: int | None = None,
        memory: int = MEMORY,
        backend: str = "auto",
        random_state: int = 0,
    ):
        self.n_latent = n_latent
        self.n_pwl = n_pwl
        self.setting = setting
        self.n_restarts = n_restarts
        self.n_inner = n_inner
        self.cv = cv
        self.alternatives = alternatives
        self.encoding = encoding
        self.threads = threads
        self.memory = memory
        self.backend = backend
        self.random_state = random_state

    @one_blas_thread
    def fit(self, trials: xr.Dataset | Rows, y: ArrayLike | None = None) -> "ALRNN":
        """Train on all trials, subjects held out inside to choose how.

        Parameters
        ----------
        trials : xarray.Dataset or neuroalrnn.data.Rows
            Of several subjects.
        y : array, shape (trial,), optional
            The choices that the trials hold, as labels or codes, for scorers of scikit-learn.

        Returns
        -------
        self : ALRNN
            The same estimator, fitted.

        Raises
        ------
        DataError
            The trials do not fit the contract, or `y` holds other choices.
        ConfigError
            A parameter is unknown or impossible.
        FitError
            Training diverged.
        """
        given = {} if self.setting is None else self.setting
        found = not_mapping("setting", given)
        twice = [] if found else [name for name in OWN if name in given]
        refuse("ALRNN", found + [f"setting holds {name!r}: give it beside" for name in twice])
        names = (
            "n_restarts",
            "n_inner",
            "alternatives",
            "encoding",
            "threads",
            "memory",
            "backend",
            "random_state",
        )
        study = prepare_study(
            _checked(trials, y),
            as_setting({"n_latent": self.n_latent} | dict(given)),
            self.cv,
            n_pwl=[self.n_pwl] if isinstance(self.n_pwl, int | np.integer) else self.n_pwl,
            **{name: getattr(self, name) for name in names},
            everybody=True,
        )
        final = train_final(study)
        self.predictor_ = make_predictor(tabulate_final(study, final), study.encoding)
        self.network_ = self.predictor_.network
        self.n_pwl_ = final.best
        self.n_updates_ = final.n_updates[final.best]
        self.classes_ = np.array(self.predictor_.labels)
        self.selection_ = final.table
        self.cautions_ = cautions_of(study.trials)
        return self

    def predict_proba(self, trials: xr.Dataset | Rows) -> np.ndarray:
        """Predict the probability of every option.

        Parameters
        ----------
        trials : xarray.Dataset or neuroalrnn.data.Rows
            Trials that need not have been fitted.

        Returns
        -------
        probability : array, shape (trial, option)
            In the order of ``classes_``; NaN where the encoding reads out no choice.
        """
        return self._predict(trials)["probability"].values

    def predict(self, trials: xr.Dataset | Rows) -> np.ndarray:
        """Predict the most probable option.

        Parameters
        ----------
        trials : xarray.Dataset or neuroalrnn.data.Rows
            Trials that need not have been fitted.

        Returns
        -------
        labels : array, shape (trial,)
            Labels of ``classes_``; None where the encoding reads out no choice.
        """
        probability = self.predict_proba(trials)
        is_read = np.isfinite(probability).all(axis=1)
        code = np.where(is_read[:, None], probability, 0.0).argmax(axis=1)
        if is_read.all():
            return self.classes_[code]
        labels = self.classes_.astype(object)[code]
        labels[~is_read] = None
        return labels

    def score(self, trials: xr.Dataset | Rows, y: ArrayLike | None = None) -> float:
        """Compute the mean log-likelihood of the choices.

        Parameters
        ----------
        trials : xarray.Dataset or neuroalrnn.data.Rows
            Trials that need not have been fitted.
        y : array, shape (trial,), optional
            See `fit`.

        Returns
        -------
        score : float
            Nats per scored trial.

        Raises
        ------
        DataError
            If no choice is scored.
        """
        values = self._predict(_checked(trials, y))["log_likelihood"].values
        scored = ~np.isnan(values)
        refuse("ALRNN.score", [] if scored.any() else ["no choice is scored"], DataError)
        return float(values[scored].mean())

    def _predict(self, trials):
        check_is_fitted(self)
        return self.predictor_.predict(trials_of(trials))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.no_validation = True  # trials are no matrix of numbers: they are validated as trials
        tags.target_tags.required = False
        tags.input_tags.two_d_array = False
        tags.input_tags.allow_nan = True
        return tags


def _checked(trials, y):
    """Trials whose choices are those of ``y``, where this is given."""
    trials = validate(trials_of(trials))
    if y is None:
        return trials
    code, labels = trials["choice"].values, np.array(trials["choice"].attrs["labels"], dtype=str)
    made, y = np.isfinite(code), np.asarray(y)
    fits = y.shape == code.shape
    if fits:
        numbers = y.dtype.kind in "fiub"
        chosen = code[made] if numbers else labels[code[made].astype(int)]
        fits = np.array_equal(y[made] if numbers else y[made].astype(str), chosen)
    found = [] if fits else [f"y = {shown(y)}: expected the choices that the trials hold, or None"]
    refuse("ALRNN", found, DataError)
    return trials
