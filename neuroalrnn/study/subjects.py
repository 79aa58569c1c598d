"""Individual differences: subject vectors, known subjects in new sessions, and new subjects."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from neuroalrnn.config import Setting
from neuroalrnn.data import LeaveOneSubjectOut, SessionKFold
from neuroalrnn.model import ALRNN_ARCHITECTURE, VARYING, subject_architecture
from neuroalrnn.running import one_blas_thread
from neuroalrnn.study.checks import check_dimensions, check_shots
from neuroalrnn.study.comparison import SubjectFit, prepare_comparison


@one_blas_thread
def compare_pooling(
    trials: xr.Dataset,
    setting: Setting | Mapping[str, Any] | None = None,
    *,
    n_dimensions: Sequence[int] = (1, 2),
    varying: Collection[str] = VARYING,
    **options: Any,
) -> SubjectFit:
    """Compare one model for all, subject vectors, and one model per subject, on new sessions.

    Sessions are held out; other sessions of the same subjects are trained on. Number of dimensions,
    ``n_pwl``, restart and training time are chosen on inner validation sessions. A subject with
    fewer than two training sessions in a fold cannot have a model of its own: it is left out of the
    scores of all models of that fold, and a warning names it.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.
    setting : Setting or dict, optional
        Hyperparameters; its ``n_pwl`` is replaced by the grid.
    n_dimensions : sequence of int
        Lengths of the subject vector to choose from.
    varying : collection of str
        Parameters that vary over subjects, of `neuroalrnn.model.hierarchy.VARYING`.
    **options : anything
        ``cv`` (default ``SessionKFold()``), ``n_pwl``, ``n_restarts``, ``n_inner``,
        ``random_state``, ``alternatives``, ``encoding``, ``backend``, ``threads``, ``memory``,
        ``progress``, ``resume`` (a folder for the tables of finished folds); see
        `neuroalrnn.select_n_pwl`.

    Returns
    -------
    found : SubjectFit
        Scores of the models "pooled", "subject vectors" and "per subject".

    Raises
    ------
    DataError
        The trials do not fit the contract, or no subject has enough sessions.
    ConfigError
        An argument is unknown or impossible.

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import SessionKFold, Setting, compare_pooling
    >>> trials = data_loaders.load("miller_rats")
    >>> trials = trials.isel(trial=trials["trial_in_session"].values < 20)  # few, for the example
    >>> options = {"n_pwl": [1], "n_restarts": 1, "n_inner": 2, "progress": False}
    >>> setting = Setting(n_latent=2, max_checks=1)
    >>> found = compare_pooling(trials, setting, cv=SessionKFold(2), n_dimensions=[1], **options)
    >>> sorted(set(found.scores["model"]))
    ['per subject', 'pooled', 'subject vectors']
    """
    check_dimensions(n_dimensions, varying)
    comparison = prepare_comparison(trials, setting, SessionKFold(), options)
    known = comparison.known_subjects()

    def pool(fold):
        test = comparison.test_sequences(fold)
        test = test.take(np.isin(test.subject, known[fold]))
        if not len(test.n_steps):
            return None
        pooled = comparison.fit(fold, ALRNN_ARCHITECTURE)
        shared = comparison.best(
            [comparison.fit(fold, subject_architecture(n, varying)) for n in n_dimensions]
        )
        scores = [
            comparison.score(fold, "pooled", pooled, test),
            comparison.score(fold, "subject vectors", shared, test),
            comparison.score_per_subject(fold, test),
        ]
        return comparison.tables(fold, scores, pooled, shared)

    return comparison.over_folds(pool, ["compare_pooling", _whole(n_dimensions), sorted(varying)])


@one_blas_thread
def few_shot(
    trials: xr.Dataset,
    setting: Setting | Mapping[str, Any] | None = None,
    *,
    n_shots: Sequence[int] = (0, 50, 100, 200, 400),
    n_dimensions: Sequence[int] = (1, 2),
    varying: Collection[str] = VARYING,
    **options: Any,
) -> SubjectFit:
    """Predict subjects never seen, from nothing and from their first trials.

    Whole subjects are held out. Zero-shot takes the average subject; few-shot fits the subject
    vector alone (maximum a posteriori) on the first `n_shots` scored trials of the subject. All are
    scored on the same trials, those after the largest number of shots. What the vectors are good
    for shows in subjects whose vector is known, so their training is validated on held-out sessions
    of the training subjects; that of the pooled model on held-out training subjects.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.
    setting : Setting or dict, optional
        Hyperparameters; its ``n_pwl`` is replaced by the grid.
    n_shots : sequence of int
        Scored trials to learn from; 0 is zero-shot.
    n_dimensions : sequence of int
        Lengths of the subject vector to choose from.
    varying : collection of str
        Parameters that vary over subjects, of `neuroalrnn.model.hierarchy.VARYING`.
    **options : anything
        As in `compare_pooling`; default ``cv`` is ``LeaveOneSubjectOut()``.

    Returns
    -------
    found : SubjectFit
        Scores of the models "pooled" and "subject vectors", the latter once per ``n_shots``.

    Raises
    ------
    DataError
        If a subject has no scored trial after the largest number of shots.
    ConfigError

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import Setting, SubjectKFold, few_shot
    >>> trials = data_loaders.load("miller_rats")
    >>> trials = trials.isel(trial=trials["trial_in_session"].values < 20)  # few, for the example
    >>> options = {"n_pwl": [1], "n_restarts": 1, "n_inner": 2, "progress": False}
    >>> setting, cv = Setting(n_latent=2, max_checks=1), SubjectKFold(2)
    >>> found = few_shot(trials, setting, cv=cv, n_shots=[0, 5], n_dimensions=[1], **options)
    >>> sorted(set(found.scores["model"]))
    ['pooled', 'subject vectors']
    """
    check_dimensions(n_dimensions, varying)
    comparison = prepare_comparison(trials, setting, LeaveOneSubjectOut(), options)
    check_shots(comparison.trials, n_shots)
    comparison.require_strangers()
    later = comparison.after(max(n_shots))
    known = comparison.study.lay_out(SessionKFold())

    def shoot(fold):
        test = comparison.test_sequences(fold)
        pooled = comparison.fit(fold, ALRNN_ARCHITECTURE)
        shared = comparison.best(
            [comparison.fit(fold, subject_architecture(n, varying), known) for n in n_dimensions]
        )
        scores = [comparison.score(fold, "pooled", pooled, test, within=later)]
        for n in n_shots:
            adapted = comparison.adapt(shared, test, n)
            row = comparison.score(fold, "subject vectors", adapted, test, within=later)
            scores.append(row.assign(n_shots=n))
        return comparison.tables(fold, scores, pooled, shared)

    key = ["few_shot", _whole(n_dimensions), sorted(varying), _whole(n_shots)]
    return comparison.over_folds(shoot, key)


def _whole(numbers):
    """Integers, those of numpy too, as ones that can be written down."""
    return [int(each) for each in numbers]
