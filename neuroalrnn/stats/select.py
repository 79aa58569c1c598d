"""Choose the smallest setting that is about as good as the best: the one-standard-error rule."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.checks import as_numbers, refuse_reordered


@dataclass(frozen=True)
class Selection:
    """A chosen setting and the whole curve behind the choice.

    Parameters
    ----------
    index : int
        Row of the chosen setting.
    table : DataFrame
        One row per setting: ``setting``, ``complexity``, ``score`` (mean over subjects),
        ``difference`` (to the best setting, mean over subjects), its ``standard_error``,
        ``n_subjects`` and ``chosen``.
    """

    index: int
    table: pd.DataFrame


def one_standard_error(scores: ArrayLike, complexity: ArrayLike) -> Selection:
    """Choose the smallest setting within one standard error of the best.

    With ``d_is = score of the best setting - score of setting s`` in subject i, setting s is a
    candidate if ``mean_i d_is <= sd_i(d_is) / sqrt(S)``. The error is that of the *paired
    difference to the best*: the error of the raw score contains the differences between subjects
    and picks far too small. A convention, not a test: report the table.

    Parameters
    ----------
    scores : DataFrame or array (setting, subject)
        Higher is better. A setting with a NaN or infinite score in any subject never wins.
    complexity : array (setting,)
        What "smallest" refers to, such as `n_pwl`.

    Returns
    -------
    selection : Selection
        The chosen row and the curve behind the choice.

    Raises
    ------
    DataError
        Shapes or orders that do not fit, text, or a complexity that is not finite.
    NotTestableError
        Fewer than two subjects, or no setting with finite scores.
    """
    title = "one standard error"
    refuse_reordered(title, {"scores": scores, "complexity": complexity})
    values = as_numbers(scores, "scores", title)
    complexity = as_numbers(complexity, "complexity", title)
    if values.ndim != 2 or complexity.shape != values.shape[:1]:
        raise DataError(
            f"scores have shape {values.shape}, complexity {complexity.shape}; "
            "expected (setting, subject) and (setting,)"
        )
    if not np.isfinite(complexity).all():
        raise DataError("complexity: found NaN or infinite values, expected finite numbers")
    finite = np.isfinite(values).all(axis=1)
    if values.shape[1] < 2 or not finite.any():
        raise NotTestableError(
            f"one standard error needs 2 subjects and a finite setting, found {values.shape[1]} "
            f"subject(s) and {int(finite.sum())} finite setting(s) of {finite.size}"
        )
    return _select(values, complexity, finite, getattr(scores, "index", range(len(values))))


def _select(values, complexity, finite, settings) -> Selection:
    n_subjects = values.shape[1]
    usable = np.where(finite[:, None], values, np.nan)
    score = usable.mean(axis=1)
    # Of equally good settings the smallest is the reference.
    best = np.lexsort((complexity, np.where(finite, -score, np.inf)))[0]
    paired = usable[best] - usable
    difference = paired.mean(axis=1)
    error = paired.std(axis=1, ddof=1) / np.sqrt(n_subjects)
    candidate = np.flatnonzero(difference <= error)
    chosen = candidate[np.lexsort((difference[candidate], complexity[candidate]))[0]]
    table = pd.DataFrame({"setting": list(settings), "complexity": complexity, "score": score})
    table = table.assign(difference=difference, standard_error=error, n_subjects=n_subjects)
    return Selection(int(chosen), table.assign(chosen=np.arange(len(values)) == chosen))
