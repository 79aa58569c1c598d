"""Comparisons of models and settings over subjects, and the correction for several tests."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.stats.effects import effect_table, one_sample, refuse_missing


def paired_difference(
    scores_a,
    scores_b,
    subject=None,
    *,
    test: str = "t",
    effect: str = "A - B",
    scale: str = "nats per trial",
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Compare two models on the same trials, paired over subjects.

    ``d_i = mean over the trials of subject i of (score_A - score_B)``; the test is on the ``d_i``.

    Parameters
    ----------
    scores_a, scores_b : array (trial,), or Series indexed by subject
        Held-out log-likelihood per trial, NaN where a trial is not scored; or its mean per subject.
    subject : array (trial,), optional
        Needed for scores per trial.
    test : {"t", "sign-flip"}
    effect, scale : str
        For the table.
    rng : Generator, optional

    Returns
    -------
    table : DataFrame, one row
        With ``n_favouring_a``, the number of subjects with a positive difference.

    Raises
    ------
    DataError
        Different subjects, unequal masks, NaN or infinite scores.
    NotTestableError

    Notes
    -----
    Both tests assume that the ``d_i`` are not very skewed: with 12 subjects and no effect they
    reject 6 % when the skewness is 1 (gamma, shape 4) but 10 % when it is 2 (exponential).
    """
    title = f"paired difference {effect}"
    if subject is None:
        difference, n_trials = _difference_per_subject(scores_a, scores_b, title), None
    else:
        difference, n_trials = _difference_per_trial(scores_a, scores_b, subject, title)
    row = one_sample(difference.to_numpy(), test=test, rng=rng)
    row["method"] = f"paired difference, {row['method']}"
    row |= {"effect": effect, "scale": scale, "n_trials": n_trials}
    return effect_table([row | {"n_favouring_a": int((difference > 0).sum())}])


def _difference_per_subject(scores_a, scores_b, title) -> pd.Series:
    if not (isinstance(scores_a, pd.Series) and isinstance(scores_b, pd.Series)):
        raise DataError(f"{title}: scores without `subject` must be Series indexed by subject")
    found = [
        f"{which}: subject {', '.join(map(str, s.index[s.index.duplicated()]))} occurs twice"
        for which, s in (("A", scores_a), ("B", scores_b))
        if s.index.has_duplicates
    ]
    for which, more, less in (("A", scores_a, scores_b), ("B", scores_b, scores_a)):
        if alone := sorted(map(str, more.index.difference(less.index))):
            found.append(f"only {which} has subject {', '.join(alone)}; score both on the same")
    if found:
        raise problems(DataError, title, found)
    scores_b = scores_b.reindex(scores_a.index)
    refuse_missing(title, {"scores of A": scores_a, "scores of B": scores_b}, scores_a.index)
    return scores_a - scores_b


def _difference_per_trial(scores_a, scores_b, subject, title) -> tuple[pd.Series, int]:
    a, b = np.asarray(scores_a, dtype=float), np.asarray(scores_b, dtype=float)
    subject = np.asarray(subject)
    if not a.shape == b.shape == subject.shape:
        raise DataError(f"{title}: shapes {a.shape}, {b.shape} and {subject.shape} differ")
    unequal = np.isnan(a) != np.isnan(b)
    if unequal.any():
        names = ", ".join(dict.fromkeys(map(str, subject[unequal])))
        raise DataError(
            f"{title}: unequal masks, {int(unequal.sum())} trials are scored for one model only, "
            f"in subject {names}; score the same trials for both"
        )
    scored = ~np.isnan(a)
    lost = set(map(str, subject)) - set(map(str, subject[scored]))
    if lost:
        raise DataError(f"{title}: no scored trial in subject {', '.join(sorted(lost))}")
    columns = {"scores of A": a[scored], "scores of B": b[scored]}
    refuse_missing(title, columns, subject[scored])
    mean = pd.Series(a[scored] - b[scored]).groupby(subject[scored]).mean()
    return mean, int(scored.sum())


@dataclass(frozen=True)
class Selection:
    """A chosen setting and the whole curve behind the choice."""

    index: int
    table: (
        pd.DataFrame
    )  # setting, complexity, score, difference, standard_error, n_subjects, chosen


def one_standard_error(scores, complexity) -> Selection:
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
        ``index`` is the row of the chosen setting.

    Raises
    ------
    DataError
        Shapes that do not fit, or a complexity that is not finite.
    NotTestableError
        Fewer than two subjects, or no setting with finite scores.
    """
    values = np.asarray(scores, dtype=float)
    complexity = np.asarray(complexity, dtype=float)
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


def benjamini_hochberg(p) -> np.ndarray:
    """Adjust the p-values of one family for the false-discovery rate.

    Parameters
    ----------
    p : array (test,)
        All tests of the family; a test that failed enters as 1.

    Returns
    -------
    q : array (test,)

    Raises
    ------
    DataError
        NaN, or values outside 0..1, with their positions.

    References
    ----------
    Benjamini & Hochberg 1995, J R Stat Soc B 57:289.
    """
    p = np.asarray(p, dtype=float)
    bad = np.flatnonzero(~((p >= 0) & (p <= 1)))
    if bad.size:
        raise DataError(
            f"p-values: found {p[bad][:6]} at {bad[:6]}, expected 0..1; "
            "a test that failed stays in the family as p = 1"
        )
    return stats.false_discovery_control(p, method="bh")
