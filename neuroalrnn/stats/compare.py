"""Comparisons of models over subjects, and the correction for several tests."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from neuroalrnn.arguments import checked, not_text, optional
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.stats.checks import (
    RNG,
    as_numbers,
    as_whole_numbers,
    not_labels,
    refuse_reordered,
    refuse_unnamed,
    require_columns,
)
from neuroalrnn.stats.defaults import N_DRAWS
from neuroalrnn.stats.effects import effect_table, one_sample, refuse_missing, smallest_p

OWN = "AL-RNN"
CLAIM = 0.05
# of the scores; differences below are none
ROUNDING = 1e-12
# of resampled subjects, that are in memory at once
MOST_WEIGHTS = 2**22


@checked(
    DataError, subject=optional(not_labels), test=not_text, effect=not_text, scale=not_text, rng=RNG
)
def paired_difference(
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    subject: ArrayLike | None = None,
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
        Test of the mean difference, see `t_test` and `sign_flip`.
    effect, scale : str
        Name and unit of the difference, for the table.
    rng : Generator, optional
        Draws the flips of more than 12 subjects; ``default_rng(0)`` if absent.

    Returns
    -------
    table : DataFrame
        One row as from `t_test`, with ``n_favouring``, the number of subjects with a positive
        difference.

    Raises
    ------
    DataError
        Different subjects, unequal masks, NaN or infinite scores, trials without subject, or Series
        in different orders.
    NotTestableError
        Fewer than two subjects, or differences that are all the same.

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
    largest = np.nanmax(np.abs([*np.ravel(scores_a), *np.ravel(scores_b)]), initial=0.0)
    difference = difference.where(difference.abs() > ROUNDING * largest, 0.0)
    row = one_sample(difference.to_numpy(), test=test, rng=rng)
    row["method"] = f"paired difference, {row['method']}"
    row |= {"effect": effect, "scale": scale, "n_trials": n_trials}
    return effect_table([row | {"n_favouring": int((difference > 0).sum())}])


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
    refuse_reordered(title, {"scores of A": scores_a, "scores of B": scores_b, "subject": subject})
    refuse_unnamed(title, {"subject": subject})
    a, b = (as_numbers(s, f"scores of {n}", title) for n, s in (("A", scores_a), ("B", scores_b)))
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


def benjamini_hochberg(p: ArrayLike, family: ArrayLike | None = None) -> np.ndarray:
    """Adjust p-values for the false-discovery rate of their family.

    Parameters
    ----------
    p : array (test,)
        All tests; one that failed enters as 1.
    family : array (test,), optional
        Label of the family of each test, adjusted by itself; one family if absent. Rows of one
        table that are claimed apart need families of their own: what is found in one outcome
        would loosen the bar for another.

    Returns
    -------
    q : array (test,)
        Adjusted p-values: the tests with ``q <= .05`` hold at most 5 % false discoveries on
        average.

    Raises
    ------
    DataError
        NaN, or values outside 0..1, with their positions; several axes, which would be several
        families; a test without a family.

    References
    ----------
    Benjamini & Hochberg 1995, J R Stat Soc B 57:289.
    """
    p = as_numbers(p, "p", "p-values")
    if p.ndim != 1:
        raise DataError(f"p-values: found shape {p.shape}, expected one family (test,)")
    bad = np.flatnonzero(~((p >= 0) & (p <= 1)))
    if bad.size:
        raise DataError(
            f"p-values: found {p[bad][:6]} at {bad[:6]}, expected 0..1; "
            "a test that failed stays in the family as p = 1"
        )
    if family is None:
        return stats.false_discovery_control(p, method="bh")
    refuse_unnamed("p-values", {"family": family})
    if np.shape(family) != p.shape:
        raise DataError(f"p-values: family has shape {np.shape(family)}, p has {p.shape}")
    adjusted = pd.Series(p).groupby(np.asarray(family)).transform(benjamini_hochberg)
    return adjusted.to_numpy()


@checked(DataError, reference=optional(not_text), rng=RNG)
def compare_models(
    scores: pd.DataFrame,
    reference: str | None = None,
    *,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Compare every model with a reference and with the best model, paired over subjects.

    ``d_i = score of the model - score of the other`` in subject i, tested by a t-test over
    subjects. All tests of the table form one family for the false-discovery rate.

    Parameters
    ----------
    scores : DataFrame
        One row per model and subject: ``model, subject, n_trials, log_likelihood`` (held out, nats
        per trial) and, if known, ``bits``; such as `neuroalrnn.results.Fit.scores`.
    reference : str, optional
        Default: the best of the models whose name does not begin with "AL-RNN", or the best of all.
    rng : Generator, optional
        For the bootstrap; ``default_rng(0)`` if absent.

    Returns
    -------
    table : DataFrame
        One row per model, the best first. ``subject_mean`` is the mean over subjects (nats per
        trial), with its ``subject_standard_error``; ``log_likelihood`` counts every trial the same;
        ``subject_bits`` is the mean over subjects; ``n_best`` counts the subjects in which the
        model is the best, and shares ties. The others are ``model``, ``n_subjects`` and
        ``n_trials``.

        Against ``reference``: ``difference`` (positive where the model is better),
        ``difference_standard_error`` (over subjects), ``ci_low, ci_high`` (95 %, from t),
        ``bootstrap_low, bootstrap_high`` (95 %, percentiles over resampled subjects), ``p, q``, and
        ``n_favouring`` and ``n_against`` (subjects in which the model or the reference is better).

        Against ``best``: ``difference_to_best, standard_error_to_best, p_to_best, q_to_best``, and
        ``within_one_error``, whether the model is the best or less than one standard error of the
        paired difference behind it. ``note`` says why there is no p; such a test stays in the
        family as p = 1.

    Raises
    ------
    DataError
        A missing column, model or subject; no trials; a model that lacks a subject, or has other
        trials, or a score that is NaN or infinite; an unknown reference.

    Notes
    -----
    Coverage of nominal 95 % intervals (2,000 simulations, 999 draws), percent:

    ========================= ===== ===== =====
    interval, distribution    S = 6    12    24
    ========================= ===== ===== =====
    t, normal                  95.0  94.8  95.1
    percentile, normal         86.8  90.8  92.9
    BCa, normal                87.5  90.5  92.8
    t, skewness 1              92.5  93.3  94.4
    percentile, skewness 1     84.0  90.4  92.8
    t, heavy tails (t, 3 df)   95.4  96.0  95.6
    percentile, heavy tails    83.8  89.8  92.2
    ========================= ===== ===== =====

    The t interval is therefore the one to report. With fewer than six subjects no sign-flip test
    can reject at .05, and a t-test rests on normality alone: p and q are left out.

    The best model, and the default reference, are chosen by the scores that are then compared:
    differences to them are biased against the other models.
    """
    by_subject, counts = _scores_by_subject(scores)
    best = by_subject.index[0]
    reference = _default_reference(by_subject) if reference is None else reference
    if reference not in by_subject.index:
        known = ", ".join(by_subject.index)
        raise DataError(f"reference: found {reference!r}, expected one of {known}")
    rng = np.random.default_rng(0) if rng is None else rng
    table = _describe_models(scores, by_subject, counts)
    differences = [_differences(by_subject, other) for other in (reference, best)]
    pairs = zip((reference, best), differences, _resampled(differences, rng), strict=True)
    to_reference, to_best = (_test_differences(*each) for each in pairs)
    q, q_to_best = _one_family(to_reference["p"], to_best["p"], reference, best)
    behind = to_best["difference"].abs() <= to_best["difference_standard_error"].fillna(0)
    table = table.join(to_reference.assign(reference=reference, q=q))
    table = table.assign(
        best=best,
        difference_to_best=to_best["difference"],
        standard_error_to_best=to_best["difference_standard_error"],
        p_to_best=to_best["p"],
        q_to_best=q_to_best,
        within_one_error=behind,
    )
    return table.reset_index()


def _scores_by_subject(scores) -> tuple[pd.DataFrame, pd.Series]:
    """Scores (model, subject), best model first, and the trials of each subject."""
    title = "comparison of models"
    require_columns(title, scores, ("model", "subject", "n_trials", "log_likelihood"))
    if scores.empty:
        raise DataError(f"{title}: found no score; expected one row per model and subject")
    refuse_unnamed(title, {name: scores[name] for name in ("model", "subject")})
    as_whole_numbers(scores["n_trials"], "n_trials", title, least=1)
    as_numbers(scores["log_likelihood"], "log_likelihood", title)
    if not all(isinstance(name, str) for name in scores["model"]):
        raise DataError(f"{title}: 'model' should hold names (text)")
    twice = scores[scores.duplicated(["model", "subject"])]
    found = [f"{row.model}: subject {row.subject} occurs twice" for row in twice.itertuples()]
    if found:
        raise problems(DataError, title, found)
    order = list(dict.fromkeys(scores["model"]))
    wide = scores.pivot(index="model", columns="subject").loc[order]
    values, n_trials = wide["log_likelihood"], wide["n_trials"]
    for model in order:
        bad = values.columns[~np.isfinite(values.loc[model].to_numpy(dtype=float))]
        found += [f"{model}: no finite score in subject {', '.join(map(str, bad))}"] * bool(
            len(bad)
        )
        other = values.columns[(n_trials.loc[model] != n_trials.iloc[0]).to_numpy()]
        if len(other) and not len(bad):
            names = ", ".join(map(str, other))
            found.append(f"{model}: not the trials of {order[0]} in subject {names}")
    if found:
        raise problems(DataError, title, found)
    by_mean = np.argsort(-values.mean(axis=1).to_numpy(), kind="stable")
    return values.iloc[by_mean], n_trials.iloc[0]


def _default_reference(by_subject) -> str:
    others = [name for name in by_subject.index if not name.startswith(OWN)]
    return others[0] if others else by_subject.index[0]


def _describe_models(scores, by_subject, counts) -> pd.DataFrame:
    n_subjects = by_subject.shape[1]
    leads = by_subject.to_numpy() >= by_subject.max(axis=0).to_numpy() - 1e-12
    error = by_subject.std(axis=1, ddof=1) / np.sqrt(n_subjects)
    bits = scores.groupby("model")["bits"].mean() if "bits" in scores else np.nan
    table = pd.DataFrame(
        {"n_subjects": n_subjects, "n_trials": int(counts.sum())}, by_subject.index
    )
    return table.assign(
        subject_mean=by_subject.mean(axis=1),
        subject_standard_error=error,
        log_likelihood=by_subject.to_numpy() @ counts.to_numpy(dtype=float) / counts.sum(),
        subject_bits=bits,
        n_best=(leads / leads.sum(axis=0)).sum(axis=1),
    )


def _differences(by_subject, other) -> pd.DataFrame:
    """Paired difference of every model to one of them (model, subject)."""
    difference = by_subject - by_subject.loc[other]
    return difference.where(difference.abs() > ROUNDING * by_subject.abs().max(axis=None), 0.0)


def _resampled(differences, rng) -> list[np.ndarray]:
    """Means of differences over resampled subjects (model, draw); few draws are in memory."""
    n, means = differences[0].shape[1], []
    step = max(MOST_WEIGHTS // n, 1)
    for start in range(0, N_DRAWS, step):
        weights = rng.multinomial(n, np.full(n, 1 / n), min(step, N_DRAWS - start)) / n
        means.append([each.to_numpy() @ weights.T for each in differences])
    return [np.concatenate(each, axis=1) for each in zip(*means, strict=True)]


def _test_differences(other, difference, means) -> pd.DataFrame:
    """Tests of differences to another model, one row per model."""
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    rows = [_test_difference(values) for values in difference.to_numpy()]
    table = pd.DataFrame(rows, index=difference.index)
    table = table.assign(bootstrap_low=low, bootstrap_high=high)
    table.loc[other, "note"] = ""
    return table


def _test_difference(values) -> dict:
    n, missing = values.size, np.nan
    row = {"difference": values.mean(), "difference_standard_error": missing}
    row |= {
        "ci_low": missing,
        "ci_high": missing,
        "p": missing,
        "n_favouring": int((values > 0).sum()),
    }
    row |= {"n_against": int((values < 0).sum()), "note": ""}
    try:
        found = one_sample(values, test="t")
    except NotTestableError as error:
        return row | {"note": str(error)}
    row |= {
        "difference_standard_error": found["standard_error"],
        "ci_low": found["ci_low"],
        "ci_high": found["ci_high"],
    }
    if smallest_p(n) > CLAIM:
        return row | {"note": f"{n} subjects cannot give a p below {smallest_p(n):.4g}: not tested"}
    return row | {"p": found["p"]}


def _one_family(p, p_to_best, reference, best) -> tuple[pd.Series, pd.Series]:
    """Adjust all tests together; reference against best is one test, though it has two places."""
    first = p.drop(reference)
    second = p_to_best.drop(list({reference, best})) if reference != best else p_to_best[:0]
    together = pd.concat([first, second])
    q = pd.Series(benjamini_hochberg(together.fillna(1.0)), together.index)
    q = q.where(together.notna())
    adjusted = q.iloc[: len(first)].reindex(p.index)
    if reference == best:
        return adjusted, adjusted
    to_best = q.iloc[len(first) :].reindex(p.index)
    to_best[reference] = adjusted[best]
    return adjusted, to_best
