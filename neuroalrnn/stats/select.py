"""Choose the best setting, and the smallest one that is about as good.

Which setting predicts best, and how small a setting is enough, are two questions. The first is
answered by the highest mean; the second by what a smaller setting loses of all that is explained,
or, by name, by the one-standard-error rule.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import t as student

from neuroalrnn.arguments import refuse
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.checks import SHARE, as_numbers, refuse_reordered

# share of what is explained by which a smaller setting may be worse and yet be the best one
NEAR = 0.001


@dataclass(frozen=True)
class Selection:
    """A chosen setting and the whole curve behind the choice.

    Parameters
    ----------
    index : int
        Row of the chosen setting.
    best : int
        Row of the best setting.
    table : DataFrame
        One row per setting: ``setting``, ``complexity``, ``score`` (mean over subjects),
        ``difference`` (to the highest score, mean over subjects), its ``standard_error``,
        ``n_subjects`` and ``chosen``.
    """

    index: int
    best: int
    table: pd.DataFrame


def best_and_sufficient(
    scores: ArrayLike, complexity: ArrayLike, floor: ArrayLike, loss: float
) -> Selection:
    """Choose the best setting, and the smallest that loses at most a share of what is explained.

    What is explained is the highest mean over subjects minus that of `floor`. The best setting is
    the smallest within 0.1 % of it from the highest mean. The chosen, sufficient one is the
    smallest that loses at most the share `loss`. Where nothing is explained there is nothing to
    lose: the smallest setting is sufficient. Where the floor is not known, the best one is. The
    rule has no standard error, which depends on the number of subjects: it stands beside it.

    Parameters
    ----------
    scores : DataFrame or array (setting, subject)
        Higher is better. A setting with a NaN or infinite score in any subject never wins.
    complexity : array (setting,)
        What "smallest" refers to, such as `n_pwl`.
    floor : array (subject,)
        Scores of a model that explains nothing, such as the frequency of choices; NaN where they
        are not known.
    loss : float
        Share of what is explained that may be lost, such as 0.05.

    Returns
    -------
    selection : Selection
        Its table also has the ``explained_share`` of each setting, 1 for the highest mean and 0 for
        the floor, with its 95 % interval ``ci_low, ci_high`` (t over subjects, delta method); NaN
        where nothing is explained.

    Raises
    ------
    DataError
        Shapes or orders that do not fit, text, or a complexity that is not finite.
    NotTestableError
        Fewer than two subjects, or no setting with finite scores.
    """
    title = "best and sufficient"
    refuse(title, SHARE("loss", loss), DataError)
    values, complexity, finite = _checked(title, scores, complexity)
    floor = as_numbers(floor, "floor", title)
    if floor.shape != values.shape[1:]:
        raise DataError(f"floor has shape {floor.shape}, expected ({values.shape[1]},)")
    table, reference = _curve(values, complexity, finite, scores)
    lost, gain = table["difference"].to_numpy(), values[reference] - floor
    explained = float(gain.mean()) if np.isfinite(floor).all() else np.nan
    best = _smallest(lost <= NEAR * max(np.nan_to_num(explained), 0.0), complexity, lost)
    index = best
    if explained > 0:
        index = _smallest(lost <= max(loss, NEAR) * explained, complexity, lost)
    elif explained <= 0:
        index = _smallest(finite, complexity, lost)
    shares = _share(values[reference] - np.where(finite[:, None], values, np.nan), gain, explained)
    return Selection(index, best, table.assign(**shares, chosen=np.arange(len(values)) == index))


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
        The chosen row, the best one and the curve behind the choice.

    Raises
    ------
    DataError
        Shapes or orders that do not fit, text, or a complexity that is not finite.
    NotTestableError
        Fewer than two subjects, or no setting with finite scores.
    """
    values, complexity, finite = _checked("one standard error", scores, complexity)
    table, reference = _curve(values, complexity, finite, scores)
    lost = table["difference"].to_numpy()
    index = _smallest(lost <= table["standard_error"].to_numpy(), complexity, lost)
    return Selection(index, reference, table.assign(chosen=np.arange(len(values)) == index))


def _checked(title, scores, complexity):
    """Both as numbers, and which settings can be chosen."""
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
            f"{title}: needs 2 subjects and a finite setting, found {values.shape[1]} "
            f"subject(s) and {int(finite.sum())} finite setting(s) of {finite.size}"
        )
    return values, complexity, finite


def _curve(values, complexity, finite, scores):
    """Scores and paired differences to the highest of them, and the row of that."""
    usable = np.where(finite[:, None], values, np.nan)
    score = usable.mean(axis=1)
    # of equally good settings the smallest is the reference
    reference = int(np.lexsort((complexity, np.where(finite, -score, np.inf)))[0])
    paired = usable[reference] - usable
    table = pd.DataFrame(
        {
            "setting": list(getattr(scores, "index", range(len(values)))),
            "complexity": complexity,
            "score": score,
            "difference": paired.mean(axis=1),
            "standard_error": paired.std(axis=1, ddof=1) / np.sqrt(values.shape[1]),
            "n_subjects": values.shape[1],
        }
    )
    return table, reference


def _smallest(candidate, complexity, lost):
    """Row of the smallest candidate, of equally small ones the one that loses least."""
    rows = np.flatnonzero(candidate)
    return int(rows[np.lexsort((lost[rows], complexity[rows]))[0]])


def _share(lost, gain, explained):
    """Share of what is explained that each setting keeps: a ratio of two means over subjects."""
    if not explained > 0:
        return dict.fromkeys(("explained_share", "ci_low", "ci_high"), np.nan)
    n_subjects = len(gain)
    share = 1 - lost.mean(axis=1) / explained
    rest = lost - (1 - share)[:, None] * gain
    error = rest.std(axis=1, ddof=1) / explained / np.sqrt(n_subjects)
    half = student.ppf(0.975, n_subjects - 1) * error
    return {"explained_share": share, "ci_low": share - half, "ci_high": share + half}
