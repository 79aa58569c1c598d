"""How the read-out of every held-out subject drifts over its trials, as the smoother has it."""

import json
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from neuroalrnn.adaptive.filter import smooth_readouts
from neuroalrnn.adaptive.prior import Prior, Spread, make_prior
from neuroalrnn.adaptive.rows import Rows, history_features, lay_out, scale_states
from neuroalrnn.data import design
from neuroalrnn.data.level import level
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.network.choices import log_probability
from neuroalrnn.results.summary import NETWORK

# trials that a table keeps of a subject, and of all; standard errors of an interval
MOST_POINTS, MOST_OF_ALL, NORMAL = 50, 100_000, 1.96
# in bytes, of covariances of subjects that are smoothed at once
MOST_BYTES = 2**26


def lay_out_fold(fit, fold) -> tuple[np.ndarray, Rows, Prior]:
    """Bring the held-out trials of a fold, as its network sees them, into the order of the filter.

    Parameters
    ----------
    fit : Fit
        With read-outs that learn their subject.
    fold : Fold
        One of ``fit.best.folds``.

    Returns
    -------
    index : int array, shape (row,)
        Trial of every row.
    rows : Rows
        Features are the states of the network, then the terms of the history regression, scaled by
        the training part.
    prior : Prior
        That was chosen in the fold.

    Raises
    ------
    ResultError
        The fit has no such read-outs.
    """
    chosen = fit.adaptive.sel(model=NETWORK).isel(fold=fold.index)
    network, trials = fold.network, fit.trials
    scored = scored_trials(trials)
    known, states = states_at_choice(fold.train, fold.train_latents)
    train = states[scored[known]]
    terms = history_features(trials, known[scored[known]], json.loads(fit.adaptive.attrs["terms"]))
    index, states = states_at_choice(fold.test, fold.test_latents)
    said = log_probability(states @ network.readout.T + network.offset, fold.available, index)
    said = level(said, trials, known[scored[known]], index)
    features = np.c_[scale_states(train, states), terms[index]]
    order, rows = lay_out(trials, index, said, features)
    return index[order], rows, _prior(chosen, rows)


def _prior(chosen, rows):
    if "prior_mean" in chosen:
        return Prior(*(chosen[f"prior_{name}"].values for name in Prior._fields))
    # of earlier versions, which learned none
    spread = Spread(*(float(chosen[name]) for name in Spread._fields))
    return make_prior(spread, rows.log_odds.shape[1], rows.features.shape[1])


def states_at_choice(sequences, latents) -> tuple[np.ndarray, np.ndarray]:
    """Pick the steps at which choices are read out.

    Parameters
    ----------
    sequences : Sequences
    latents : array, shape (sequence, step, latent)

    Returns
    -------
    index : int array, shape (row,)
        Trial of every choice.
    states : array, shape (row, latent)
    """
    made = np.isfinite(sequences.target)
    return sequences.trial[made], latents[made]


class _Trace(NamedTuple):
    """Read-out of a subject at some of its trials.

    Parameters
    ----------
    subject : str
    trial : int array, shape (point,)
        Counted within the subject.
    mean, sd : array, shape (point, weight)
    covariance : array, shape (point, weight, weight), or None
        Of choices between two options.
    """

    subject: str
    trial: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    covariance: Any


def trace_fold(fit, fold) -> list[_Trace]:
    """Smooth the read-outs of the held-out subjects of a fold, which keeps them.

    Parameters
    ----------
    fit : Fit
        With read-outs that learn their subject.
    fold : Fold
        One of ``fit.best.folds``.

    Returns
    -------
    list of _Trace
        At most 50 trials per subject, equally spaced, the first and the last among them. Where
        there are more than 2,000 subjects, each has fewer, so that all have 100,000 at most.
    """
    return fold.recall("traced read-outs", lambda: _trace_fold(fit, fold))


def _trace_fold(fit, fold):
    index, rows, prior = lay_out_fold(fit, fold)
    subject, traced = fit.trials["subject"].values.astype(str)[index], []
    most = n_points(fit)
    for starts in _together(rows, prior):
        begin, end = starts[0], starts[-1]
        course = smooth_readouts(Rows(*(values[begin:end] for values in rows)), prior)
        for start, stop in pairwise(starts):
            at = np.linspace(0, stop - start - 1, min(most, stop - start)).round().astype(int)
            mean, covariance = (each[start - begin + at] for each in course)
            sd = np.sqrt(np.maximum(np.einsum("tii->ti", covariance), 0))
            kept = covariance if rows.log_odds.shape[1] == 1 else None
            traced.append(_Trace(subject[start], at, mean, sd, kept))
    return traced


def n_points(fit) -> int:
    """Count the trials at which a table keeps the read-out of one subject, at most.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    int
        50, or fewer where there are very many subjects.
    """
    n_subjects = len(np.unique(fit.trials["subject"].values.astype(str)))
    return min(MOST_POINTS, max(MOST_OF_ALL // n_subjects, 2))


def _together(rows, prior):
    """First rows of subjects that are smoothed at once, and the end of the last one.

    Covariances of all subjects at once would take most of the memory of a report.
    """
    starts = np.r_[np.flatnonzero(rows.first), len(rows.choice)]
    most = MOST_BYTES // (8 * len(prior.mean) ** 2)
    begin = 0
    while begin < len(starts) - 1:
        end = max(int(np.searchsorted(starts, starts[begin] + most, side="right")) - 1, begin + 1)
        yield starts[begin : end + 1]
        begin = end


def trace_readouts(fit) -> pd.DataFrame:
    """Estimate the read-out of every held-out subject at some of its trials, given all choices.

    Parameters
    ----------
    fit : Fit
        With read-outs that learn their subject.

    Returns
    -------
    pandas.DataFrame
        One row per subject, trial and weight: ``subject, trial`` (count within the subject, from
        0), ``readout_weight`` ("gain", "offset", a latent or a term of the history regression; with
        more than two options that of each), ``readout`` (its value) and its 95 % interval
        ``ci_low, ci_high``. At most 50 trials per subject, equally spaced, the first and the last
        among them. Where there are more than 2,000 subjects, each has fewer, so that all have
        100,000 at most.
    """
    names, traced = _names(fit), [each for fold in fit.best.folds for each in trace_fold(fit, fold)]
    at, mean, sd = (np.concatenate(each) for each in [*zip(*traced, strict=True)][1:4])
    return pd.DataFrame(
        {
            "subject": np.repeat(
                np.array([each.subject for each in traced], dtype=object),
                [len(each.trial) * len(names) for each in traced],
            ),
            "trial": np.repeat(at, len(names)),
            "readout_weight": np.tile(np.array(names, dtype=object), len(at)),
            "readout": mean.ravel(),
            "ci_low": (mean - NORMAL * sd).ravel(),
            "ci_high": (mean + NORMAL * sd).ravel(),
        }
    )


def _names(fit):
    latents = (f"latent {k + 1}" for k in range(fit.parameters.sizes["latent"]))
    # a term that tells of a choice among several options has a column for each
    terms = design(fit.trials, json.loads(fit.adaptive.attrs["terms"])).columns
    features = ["offset", *latents, *terms]
    options = fit.predictions["option"].values.astype(str)
    if len(options) == 2:
        return ["gain", *features]
    return ["gain", *(f"{name}, {option}" for option in options for name in features)]
