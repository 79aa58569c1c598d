"""Filter and smooth the read-outs of subjects."""

from typing import NamedTuple

import numpy as np

from neuroalrnn.adaptive.prior import Prior
from neuroalrnn.adaptive.rows import Rows, drift_of


class Course(NamedTuple):
    """Read-outs of subjects over their trials.

    Parameters
    ----------
    mean : array, shape (trial, weight)
        Gain, then the weights of all features for every row of log-odds.
    covariance : array, shape (trial, weight, weight)
        What is not known of them.
    """

    mean: np.ndarray
    covariance: np.ndarray


def predict_adaptively(rows: Rows, prior: Prior) -> np.ndarray:
    """Predict every trial from earlier choices of its subject, the read-out integrated out.

    Parameters
    ----------
    rows : Rows
        Trials of some subjects, and what the shared model says of them.
    prior : Prior
        What is believed of a new subject.

    Returns
    -------
    array, shape (trial, option)
        Log-probabilities (nats), NaN where the shared model says nothing.
    """
    n = len(prior.mean)
    return _run(rows, prior, np.empty((0, n)), np.empty((0, n, n)))


def filter_readouts(rows: Rows, prior: Prior) -> tuple[np.ndarray, Course]:
    """Predict every trial, and keep what is known of the read-out after it.

    Parameters
    ----------
    rows : Rows
        Trials of some subjects, and what the shared model says of them.
    prior : Prior
        What is believed of a new subject.

    Returns
    -------
    log_probability : array, shape (trial, option)
        As from `predict_adaptively`.
    course : Course
        Given the choices up to and with each trial.
    """
    n_trials, n = len(rows.choice), len(prior.mean)
    course = Course(np.empty((n_trials, n)), np.empty((n_trials, n, n)))
    return _run(rows, prior, *course), course


def last_readout(rows: Rows, prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Find what is known of the read-out of a subject after all of its trials.

    Parameters
    ----------
    rows : Rows
        Trials of one subject, and what the shared model says of them; where there are none, the
        prior is all that is known.
    prior : Prior
        What is believed of a new subject.

    Returns
    -------
    mean : array, shape (weight,)
        See `Course`.
    covariance : array, shape (weight, weight)
        See `Course`.
    """
    course = Course(*(np.array(each[None], dtype=float) for each in prior[:2]))
    _run(rows, prior, *course)
    return course.mean[0], course.covariance[0]


def _run(rows, prior, means, covariances):
    from neuroalrnn.adaptive import _kernels  # numba takes a second to import

    said = np.empty(rows.offered.shape)
    drift = drift_of(rows, prior.drift, prior.session_drift)
    trials = (rows.log_odds, rows.features, rows.choice, rows.offered, drift, rows.first)
    kinds = (float, float, np.int64, np.bool_, float, np.bool_)
    arrays = [np.ascontiguousarray(v, dtype=k) for v, k in zip(trials, kinds, strict=True)]
    beliefs = [np.ascontiguousarray(each, dtype=float) for each in prior[:2]]
    run = _kernels.run_two if rows.offered.shape[1] == 2 else _kernels.run_many
    run(*arrays, *beliefs, said, means, covariances)
    return said


def smooth_readouts(rows: Rows, prior: Prior) -> Course:
    """Estimate the read-out at every trial from all choices of its subject.

    This is the smoother of Rauch, Tung and Striebel (1965, AIAA Journal) behind the filter.

    Parameters
    ----------
    rows : Rows
        Trials of some subjects, and what the shared model says of them.
    prior : Prior
        What is believed of a new subject.

    Returns
    -------
    Course
        Given all choices of the subject, earlier and later ones.
    """
    course = filter_readouts(rows, prior)[1]
    _smooth(rows, prior, *course)
    return course


def _smooth(rows, prior, mean, covariance):
    """Smooth in place, as covariances are large: all subjects at once, from the last trial on."""
    drift = drift_of(rows, prior.drift, prior.session_drift)
    starts = np.flatnonzero(rows.first)
    ends = np.r_[starts[1:], len(mean)]
    for back in range(2, int((ends - starts).max(initial=0)) + 1):
        t = ends[ends - starts >= back] - back
        ahead = covariance[t] + drift[t + 1, None, None] * prior.covariance
        gain = _gain(covariance[t], ahead)
        mean[t] += (gain @ (mean[t + 1] - mean[t])[:, :, None])[:, :, 0]
        change = gain @ (covariance[t + 1] - ahead) @ gain.transpose(0, 2, 1)
        covariance[t] += (change + change.transpose(0, 2, 1)) / 2


def _gain(now, ahead):
    """``now @ inv(ahead)``; weights that are known for sure, with variance 0, stay as they are."""
    free = np.diagonal(ahead, axis1=1, axis2=2) > 0
    if free.all():
        return np.linalg.solve(ahead, now).transpose(0, 2, 1)
    gain = np.zeros_like(now)
    for known in np.unique(free, axis=0):
        inside = np.ix_((free == known).all(axis=1), known, known)
        gain[inside] = np.linalg.solve(ahead[inside], now[inside]).transpose(0, 2, 1)
    return gain
