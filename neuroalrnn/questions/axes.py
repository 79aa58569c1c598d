"""Where effects of inputs vary by degrees: along which axes, and do they go with behaviour?"""

from itertools import combinations

import numpy as np
import pandas as pd

from neuroalrnn import plots
from neuroalrnn.behaviour.relation import relate_scores
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.questions.behaviour import judge_behaviour, split_tested
from neuroalrnn.questions.question import Figure, Question, Shown, Text
from neuroalrnn.questions.sections import REGIMES
from neuroalrnn.questions.words import listed, number, small, two_digits
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import EFFECT, Table

MOST, LEAST = 3, 0.1
READ = ["effect", "outcome", "estimate", "ci_low", "ci_high", "scale", "n_subjects", "p", "q"]


def find_axes(fit, found):
    """Find the axes along which effects vary over trials, and whether networks agree on them.

    Each network's effects, all trials, are turned to their principal components. Those of other
    networks are put in the direction and order of the ones of the network with most test trials.

    Parameters
    ----------
    fit : Fit
    found : FunctionalRegimes

    Returns
    -------
    axes : pandas.DataFrame
        One row per axis and input: ``loading`` (mean over folds), ``axis_share`` (share of the
        variation, mean over folds), and over pairs of folds the median and lowest cosine of axes
        (``cosine, cosine_low``) and correlation of scores over trials
        (``score_correlation, score_correlation_low``).
    scores : pandas.DataFrame
        One row per trial and column per axis: the score under the network that never saw the
        subject, of mean 0 and SD 1; NaN where effects are not defined.

    Raises
    ------
    NotTestableError
        Effects do not vary.
    """
    picked = [
        found.effects.sel(input=name, option=option).isel(lag=lag).values
        for name, lag, option in found.columns
    ]
    vectors = np.stack(picked, axis=-1)
    rows = np.flatnonzero(np.isfinite(vectors).all(axis=(0, 2)))
    vectors = vectors[:, rows] - vectors[:, rows].mean(axis=1, keepdims=True)
    parts = [np.linalg.svd(each, full_matrices=False)[1:] for each in vectors]
    if min(size[0] for size, _ in parts) <= 1e-9:
        raise NotTestableError("axes of effects: effects do not vary over trials")
    owner = fit.splits["fold"].values[rows]
    reference = np.bincount(owner, minlength=len(vectors)).argmax()
    share = np.stack([size**2 / (size**2).sum() for size, _ in parts])
    n_axes = max(1, int((share.mean(axis=0)[:MOST] >= LEAST).sum()))
    axes = np.stack([_match(parts[reference][1], each)[:n_axes] for _, each in parts])
    scores = np.einsum("ftk,fak->fta", vectors, axes)
    scores = scores / scores.std(axis=1, keepdims=True)
    table = []
    for axis in range(n_axes):
        pairs = [*combinations(range(len(axes)), 2)]
        cosine = [float(axes[i, axis] @ axes[j, axis]) for i, j in pairs]
        alike = [float(np.mean(scores[i, :, axis] * scores[j, :, axis])) for i, j in pairs]
        agreed = (np.median(cosine), min(cosine), np.median(alike), min(alike))
        for k, (name, lag, option) in enumerate(found.columns):
            loading = axes[:, axis, k].mean()
            row = (axis, name, lag, option, loading, share.mean(axis=0)[axis], *agreed)
            table.append(row)
    columns = ["component", "input", "lag", "option", "loading", "axis_share"]
    columns += ["cosine", "cosine_low", "score_correlation", "score_correlation_low"]
    own = np.full((found.labels.size, n_axes), np.nan)
    own[rows] = scores[owner, np.arange(len(rows))]
    return pd.DataFrame(table, columns=columns), pd.DataFrame(own)


def _match(reference, axes):
    """Axes in the order and direction in which they are most like those of a reference."""
    alike, matched = reference @ axes.T, []
    for row in alike:
        left = np.setdiff1d(np.arange(len(axes)), [place for place, _ in matched])
        place = left[np.abs(row[left]).argmax()]
        matched.append((place, -1.0 if row[place] < 0 else 1.0))
    return np.stack([sign * axes[place] for place, sign in matched])


def _is_graded(asked):
    try:
        return asked.functional.verdict == "graded"
    except NotTestableError:
        return False


def _compute(asked):
    axes, scores = find_axes(asked.fit, asked.functional)
    named = {f"axis {axis}": scores[axis].to_numpy() for axis in scores}
    return axes, relate_scores(asked.fit, named)


def describe_axes(axes):
    """Along what effects vary, and how far networks agree about it.

    Parameters
    ----------
    axes : pandas.DataFrame
        Table ``effect_axes``.

    Returns
    -------
    list of str
    """
    told = []
    for axis, rows in axes.groupby("component"):
        first = rows.iloc[0]
        order = rows["loading"].abs().sort_values(ascending=False).index
        parts = [f"{rows['input'][k]} {number(rows['loading'][k], 2)}" for k in order]
        told.append(
            f"Axis {axis} ({listed(parts, 4)}) has {number(100 * first['axis_share'], 0)} % of "
            f"what effects vary over trials. Networks of two folds agree on it by a cosine of "
            f"{number(first['cosine'], 2)} (lowest {number(first['cosine_low'], 2)}), and on the "
            f"scores of trials by a correlation of {number(first['score_correlation'], 2)} (lowest "
            f"{number(first['score_correlation_low'], 2)})."
        )
    return told


def _judge(asked):
    if not _is_graded(asked):
        return ""
    return (
        judge_behaviour(asked.tables["axis_behaviour"], True)
        .replace("regimes or switches", "axes of effects")
        .replace("of regimes and switches against", "of axes of effects against")
    )


def _is_tested(asked):
    return _is_graded(asked) and len(split_tested(asked.tables["axis_behaviour"])) > 0


QUESTION = Question(
    name="effect_axes",
    section=REGIMES,
    title="Axes along which effects vary",
    tables={("effect_axes", "axis_behaviour"): _compute},
    schema={
        "effect_axes": Table(
            "axis and input",
            "component input lag option loading axis_share cosine cosine_low score_correlation "
            "score_correlation_low",
        ),
        "axis_behaviour": Table("axis and outcome", f"effect outcome {EFFECT} note trend_degree q"),
    },
    columns={
        "component": Column("principal component of the effects of inputs, from 0", "", "int64"),
        "cosine": Column("cosine of the axes of two folds, median over pairs"),
        "cosine_low": Column("lowest of these"),
        "axis_share": Column("variation of effects over trials along the axis", "share"),
        "score_correlation": Column("scores of trials in two folds, median over pairs", "r"),
        "score_correlation_low": Column("lowest of these", "r"),
        "loading": Column("weight of the effect in the axis, mean over folds"),
    },
    answer=(
        Text(
            "axes of effects",
            lambda asked: describe_axes(asked.tables["effect_axes"]) if _is_graded(asked) else "",
            main=True,
        ),
        Text("axes and behaviour", _judge),
        Figure(
            "axis_behaviour",
            "Difference in the outcome with one SD of the score of a trial on an axis, everything "
            "held constant that is for regimes; mean over subjects with 95 % intervals, filled "
            "where q < .05.",
            lambda asked: plots.plot_behaviour_panels(asked.tables["axis_behaviour"]),
            when=_is_tested,
        ),
        Shown(
            "axes and behaviour",
            lambda asked: asked.tables["axis_behaviour"][READ] if _is_tested(asked) else None,
            noun="effect",
            formats={"p": small, "q": small, "estimate": two_digits},
        ),
    ),
    unasked=lambda asked: (
        "" if _is_graded(asked) else "what inputs do to the choice does not vary by degrees"
    ),
)
