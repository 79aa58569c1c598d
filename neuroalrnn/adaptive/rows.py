"""Trials as the filter takes them: one subject after the other, each in the order it made them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.data import design
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.scaling import standardiser
from neuroalrnn.data.schema import scored_trials, session_number, trial_variables
from neuroalrnn.data.terms import parse_terms

# log-odds beyond which a model is as sure as it can be
SURE = 20.0
# standard deviation of a state on training trials below which it stands still
STILL = 1e-6

# nodes of the quadrature: half of their range, and the distance of two, in standard deviations or
# nats; the trapezoid rule errs by exp(-2 pi d / h), with h the distance and d that of the next pole
REACH, COARSE = 8.5, 0.7
MOST_STEPS = 50


class Rows(NamedTuple):
    """Trials of some subjects, one subject after the other.

    Parameters
    ----------
    log_odds : array, shape (trial, row)
        What the shared model says (nats). Two options have one row, the second against the first;
        more options have a row each, against the mean of those offered. NaN where it says nothing.
    features : array, shape (trial, feature)
        What else it knows; the first is the constant 1.
    choice : int array, shape (trial,)
        Option chosen, -1 where there is nothing to learn.
    offered : bool array, shape (trial, option)
        Options among which the choice is made.
    first : bool array, shape (trial,)
        Whether a trial is the first of its subject.
    passed : array, shape (trial,)
        Trials since the row before, at least 1.
    new_session : bool array, shape (trial,)
        Whether a trial is the first of its session.
    """

    log_odds: np.ndarray
    features: np.ndarray
    choice: np.ndarray
    offered: np.ndarray
    first: np.ndarray
    passed: np.ndarray
    new_session: np.ndarray


def lay_out(
    trials: xr.Dataset,
    index: np.ndarray,
    log_probability: np.ndarray,
    features: np.ndarray | None = None,
) -> tuple[np.ndarray, Rows]:
    """Bring trials and what a shared model says of them into the order of the filter.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    index : int array, shape (row,)
        Positions of the trials to lay out; only those of the same subject meet.
    log_probability : array, shape (row, option)
        What the model says of them (nats), NaN where it says nothing.
    features : array, shape (row, feature), optional
        What else the model knows, of variance near 1; the constant is added.

    Returns
    -------
    order : int array, shape (row,)
        Place in `index` of every row: subject by subject, each in the order of the dataset.
    rows : Rows
        Choices that are not scored count as missing.
    """
    subject = pd.factorize(trials["subject"].values[index].astype(str))[0]
    order = np.lexsort((index, subject))
    at, subject = index[order], subject[order]
    session = session_number(trials)[at]
    number = trials["trial_in_session"].values[at].astype(float)
    new_session = np.r_[True, session[1:] != session[:-1]][: len(at)]
    passed = np.where(new_session, 1.0, np.maximum(np.diff(number, prepend=0.0), 1.0))
    choice = np.where(scored_trials(trials), trials["choice"].values, -1)[at].astype(int)
    offered = offered_options(trials)
    n_options = len(trials["choice"].attrs["labels"])
    among = np.ones((len(at), n_options), bool) if offered is None else offered[at]
    among = among | ~among.any(axis=1, keepdims=True)
    constant = np.ones((len(at), 1))
    rows = Rows(
        log_odds=contrast(log_probability[order], among),
        features=constant if features is None else np.c_[constant, features[order]],
        choice=choice,
        offered=among,
        first=np.r_[True, subject[1:] != subject[:-1]][: len(at)],
        passed=passed,
        new_session=new_session,
    )
    return order, rows


def history_features(
    trials: xr.Dataset,
    train: np.ndarray,
    terms: Sequence[str],
    others: xr.Dataset | None = None,
) -> np.ndarray:
    """Compute the terms of a regression as features, which read-outs weigh beside states.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    train : int array, shape (trial,)
        Scored training trials: they alone give centres and sizes.
    terms : sequence of str
        See `neuroalrnn.data.design`.
    others : xarray.Dataset, optional
        Other trials, of which the terms are wanted; default `trials`.

    Returns
    -------
    array, shape (trial, term)
        Of all trials; the mean square of every column over the training trials is 1.
    """
    others = trials if others is None else others
    used = {name for pairs in parse_terms(others, terms) for name, _ in pairs}
    spare = [name for name in trial_variables(trials) if name in trials.data_vars]
    scale = standardiser(trials.drop_vars(set(spare) - used - {"choice"}), train)
    size = np.sqrt((design(scale(trials), terms).to_numpy()[train] ** 2).mean(axis=0))
    return design(scale(others), terms).to_numpy() / np.where(size > 0, size, np.inf)


def scale_states(known: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Centre and scale states of a network by those of the trials that it was trained on.

    Parameters
    ----------
    known : array, shape (training row, state)
        States at the choices of scored training trials.
    states : array, shape (row, state)
        States at other choices.

    Returns
    -------
    array, shape (row, state)
        0 for a state that stands still in training, as it says nothing.
    """
    size = known.std(axis=0)
    return (states - known.mean(axis=0)) / np.where(size < STILL, np.inf, size)


def drift_of(rows: Rows, drift: float, session_drift: float) -> np.ndarray:
    """Compute by how much the read-out has spread since the row before.

    Parameters
    ----------
    rows : Rows
        Trials of some subjects.
    drift, session_drift : float
        See `Prior`.

    Returns
    -------
    array, shape (trial,)
        Share of the prior covariance that is added; 0 on the first trial of a subject.
    """
    added = drift * rows.passed + session_drift * rows.new_session
    return np.where(rows.first, 0.0, added)


def contrast(log_probability: np.ndarray, offered: np.ndarray) -> np.ndarray:
    """Turn log-probabilities into rows of log-odds, see `Rows`.

    Parameters
    ----------
    log_probability : array, shape (trial, option)
        What a model predicts (nats).
    offered : bool array, shape (trial, option)
        Options among which the choice is made; others count for nothing.

    Returns
    -------
    array, shape (trial, row)
        Log-odds within -20 and 20, as what is surer differs in nothing that can be observed.
    """
    with np.errstate(invalid="ignore"):
        if log_probability.shape[1] == 2:
            odds = log_probability[:, 1:] - log_probability[:, :1]
            odds = np.where(offered.all(axis=1, keepdims=True), odds, 0.0)
            odds[np.isnan(log_probability).any(axis=1)] = np.nan
            return np.clip(odds, -SURE, SURE)
        highest = np.max(log_probability, axis=1, keepdims=True, initial=-np.inf)
        within = np.maximum(log_probability - highest, -2 * SURE)
    among = np.where(offered, within, 0.0)
    among = among - among.sum(axis=1, keepdims=True) / np.maximum(offered.sum(1), 1)[:, None]
    return np.where(offered, among, 0.0)
