"""Stack trials of all subjects in one padded array, to fit all regressions in one call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.stats.checks import as_numbers, refuse_reordered, refuse_unnamed
from neuroalrnn.stats.effects import refuse_missing

Predictors = pd.DataFrame | pd.Series | Mapping[str, ArrayLike]


@dataclass(frozen=True)
class Stacked:
    """One regression per subject, padded to the longest subject.

    Predictors are centred within subject and divided by `scale`, for conditioning. The slope per
    unit of the predictor is the fitted slope divided by `scale`.

    Parameters
    ----------
    subjects, effects : tuple of str
        Names of the subjects and of the predictors.
    outcome : array (subject, row)
        Outcomes, 0 in padding.
    design : array (subject, row, 1 + effect)
        Predictors, the intercept first, 0 in padding.
    present : array (subject, row)
        1 for trials, 0 in padding.
    varies : array (subject, effect) of bool
        Whether the predictor takes two values in the subject.
    scale : array (effect,)
        Size of the predictors.
    """

    subjects: tuple[str, ...]
    effects: tuple[str, ...]
    outcome: np.ndarray
    design: np.ndarray
    present: np.ndarray
    varies: np.ndarray
    scale: np.ndarray

    @property
    def n_trials(self) -> np.ndarray:
        """Rows per subject (subject,)."""
        return self.present.sum(axis=1).astype(int)

    @property
    def unused(self) -> np.ndarray:
        """Identity on the columns that a subject does not use (subject, column, column)."""
        idle = np.concatenate([np.zeros((len(self.subjects), 1), bool), ~self.varies], axis=1)
        return idle[:, :, None] * np.eye(idle.shape[1])


def as_predictors(predictors: Any, n_rows: int) -> pd.DataFrame:
    """Read predictors as a table of floats.

    Parameters
    ----------
    predictors : DataFrame, Series, or mapping of name to array (row,)
        One column per predictor.
    n_rows : int
        Number of rows that is expected.

    Returns
    -------
    table : DataFrame (row, effect)
        The same numbers.

    Raises
    ------
    DataError
        The columns have no names, there is no column, or a column is text or of another length.
    """
    if isinstance(predictors, pd.Series):
        predictors = predictors.to_frame()
    if not isinstance(predictors, pd.DataFrame | Mapping):
        raise DataError(
            f"predictors: found {type(predictors).__name__}, expected named columns; "
            "pass {'name': values} or a DataFrame"
        )
    refuse_unnamed("predictors", {"name": list(predictors)})
    columns = {str(k): as_numbers(v, str(k), "predictors") for k, v in dict(predictors).items()}
    wrong = [f"{k!r}: {v.shape}" for k, v in columns.items() if v.shape != (n_rows,)]
    if wrong or not columns:
        found = ", ".join(wrong) or "no column"
        raise DataError(f"predictors: found {found}, expected columns of {n_rows} rows")
    return pd.DataFrame(columns)


def stack_trials(outcome, predictors, subject, *, title: str) -> Stacked:
    """Stack trials by subject.

    Parameters
    ----------
    outcome : array (row,)
        Outcome of each trial.
    predictors : DataFrame or mapping of name to array (row,)
        One column per predictor.
    subject : array (row,)
        Subject of each trial.
    title : str
        Name of the analysis, for messages.

    Returns
    -------
    stacked : Stacked
        Trials of all subjects as padded arrays.

    Raises
    ------
    DataError
        Values are NaN, infinite or text, lengths differ, there is no row, a row has no subject,
        Series are in different orders, or predictors are collinear within a subject.
    """
    series = dict(predictors) if isinstance(predictors, Mapping) else {"predictors": predictors}
    refuse_reordered(title, {"outcome": outcome, "subject": subject, **series})
    refuse_unnamed(title, {"subject": subject})
    subject = np.asarray(subject)
    outcome = as_numbers(outcome, "outcome", title)
    table = as_predictors(predictors, subject.size)
    if outcome.shape != subject.shape:
        raise DataError(f"{title}: outcome has shape {outcome.shape}, subject {subject.shape}")
    if not outcome.size:
        raise DataError(f"{title}: found no row")
    refuse_missing(title, {"outcome": outcome, **table}, subject)

    codes, names = pd.factorize(subject, sort=True)
    n_trials = np.bincount(codes)
    order = np.argsort(codes, kind="stable")
    row = np.arange(order.size) - np.repeat(np.cumsum(n_trials) - n_trials, n_trials)
    at = (codes[order], row)
    shape = (names.size, n_trials.max())
    present, y = np.zeros(shape), np.zeros(shape)
    present[at], y[at] = 1.0, outcome[order]
    x = np.zeros((*shape, table.shape[1]))
    x[at] = table.to_numpy()[order]

    x, varies, scale = _standardise(x, present)
    design = np.concatenate([present[..., None], x], axis=2)
    stacked = Stacked(
        tuple(map(str, names)), tuple(table.columns), y, design, present, varies, scale
    )
    _refuse_collinear(stacked, title)
    return stacked


def _standardise(x, present):
    n = present.sum(axis=1)[:, None]
    size = np.abs(x).max(axis=(0, 1))
    x = (x - (x.sum(axis=1) / n)[:, None]) * present[..., None]
    varies = np.abs(x).max(axis=1) > 1e-12 * size
    x = x * varies[:, None]
    scale = np.sqrt((x**2).sum(axis=(0, 1)) / np.maximum((n * varies).sum(axis=0), 1))
    scale = np.where(scale > 0, scale, 1.0)
    return x / scale, varies, scale


def _refuse_collinear(stacked: Stacked, title: str) -> None:
    x = stacked.design[..., 1:]
    gram = np.einsum("snj,snk->sjk", x, x) + stacked.unused[:, 1:, 1:]
    length = np.sqrt(np.einsum("sjj->sj", gram))
    smallest = np.linalg.eigvalsh(gram / length[:, :, None] / length[:, None, :])[:, 0]
    bad = [name for name, value in zip(stacked.subjects, smallest, strict=True) if value < 1e-9]
    if bad:
        text = f"predictors are collinear within subject {', '.join(bad)}; leave one of them out"
        raise problems(DataError, title, [text])
