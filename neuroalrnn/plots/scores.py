"""Held-out scores of all models, and their paired differences, subject by subject."""

import re

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroalrnn.plots.layout import say_empty, say_some, some_of
from neuroalrnn.plots.style import (
    BASELINE,
    CONTROL,
    DOUBLE,
    FAINT,
    GREY,
    GRID,
    INK,
    MODEL,
    SINGLE,
    axes_or_new,
    new_figure,
    signed,
    styled,
)
from neuroalrnn.results import Fit
from neuroalrnn.results.summary import (
    ADAPTIVE,
    CHOSEN,
    ENSEMBLE,
    NETWORK,
    ON_REGRESSION,
    SUFFICIENT,
)

FAR = 2.0
GAP = 2.5
FURTHEST = 8.0
FEW = 12
FLOORS = ("AL-RNN P=0", "class frequency")
OWN = NETWORK, NETWORK + ADAPTIVE, SUFFICIENT
_FURTHER = NETWORK + ENSEMBLE, ON_REGRESSION, ON_REGRESSION + ENSEMBLE, CHOSEN
FURTHER = tuple(name + end for name in _FURTHER for end in ("", ADAPTIVE))


def model_order(fit):
    """Models from top to bottom: AL-RNN, baselines from best to worst, then the grid of P.

    A grid value that is the best or sufficient AL-RNN in every fold is left out: the same model.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    list of str
    """
    means = fit.summarise()["log_likelihood"].sort_values(ascending=False)
    table = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    grid = [name for name in means.index if n_pwl_of(name) is not None]
    main = [name for name in (*OWN, *FURTHER) if name in means.index]
    different = [
        name
        for name in grid
        if not any(np.allclose(table[name], table[own], rtol=0) for own in main)
    ]
    others = [name for name in means.index if name not in grid and name not in main]
    return main + others + sorted(different, key=n_pwl_of, reverse=True)


def n_pwl_of(model):
    """Number of PWL units of a model named by its grid value, or None."""
    found = re.fullmatch(r"AL-RNN P=(\d+)", model)
    return int(found[1]) if found else None


def describe(fit, model):
    """Name of a model on an axis, with what it stands for."""
    n_pwl = n_pwl_of(model)
    if n_pwl == 0:
        return "P = 0 (linear control)"
    if n_pwl is not None:
        full = n_pwl == fit.parameters.sizes["latent"]
        return f"P = {n_pwl} (full ReLU)" if full else f"P = {n_pwl}"
    if model in OWN:
        view = fit.sufficient if model == SUFFICIENT else fit.best
        chosen = np.unique(view.selection["n_pwl_chosen"].values)
        return f"{model.replace(' ', ', ')}, P = {', '.join(map(str, chosen))}"
    return model


def look(model):
    """Colour and marker of a model: ours, the linear control, the grid, baselines."""
    n_pwl = n_pwl_of(model)
    if model in OWN:
        return {"color": MODEL, "marker": "o", "mfc": "white" if model == SUFFICIENT else MODEL}
    if model in FURTHER:
        return {"color": MODEL, "marker": "o", "mfc": "white"}
    if n_pwl == 0:
        return {"color": CONTROL, "marker": "D"}
    return {"color": BASELINE, "marker": "s"} if n_pwl is None else {"color": GRID, "marker": "o"}


@styled
def plot_scores(fit: Fit, *, ax: Axes | None = None) -> Axes:
    """Held-out log-likelihood per model: every subject, the mean over trials, its standard error.

    Models so much worse than guessing that they would hide the others are written at the edge.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    models, summary, scores = model_order(fit), fit.summarise(), fit.scores
    ax = axes_or_new(ax, SINGLE, 18 + 6 * len(models))
    lowest = -_furthest(fit)
    for row, model in enumerate(models):
        values = scores.loc[scores["model"] == model, "log_likelihood"].to_numpy()
        one = summary.loc[model]
        if one["log_likelihood"] < lowest:
            _beyond(ax, one["log_likelihood"], row, look(model)["color"])
            continue
        _faint_dots(ax, np.where(values < lowest, np.nan, values), row)
        _mean(ax, one["log_likelihood"], one["standard_error"], row, look(model))
    _name_rows(ax, [describe(fit, model) for model in models])
    if (summary.loc[models, "log_likelihood"] < lowest).all():
        ax.set_xlim(lowest, 0)
    ax.set_xlabel("Held-out log-likelihood (nats/trial)")
    return ax


@styled
def plot_score_differences(fit: Fit, comparisons: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Each model's score minus that of the AL-RNN, paired over subjects, with 95 % intervals.

    Models so far away that they would hide the others are written at the edge, with their number.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.
    comparisons : pandas.DataFrame
        From `neuroalrnn.questions.compare_with_others`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    models = [model for model in model_order(fit) if model != "AL-RNN"]
    ax = axes_or_new(ax, SINGLE, 18 + 6 * len(models))
    if not len(comparisons):
        say_empty(ax, "no other model was fitted")
        return ax
    rows = comparisons.set_index(comparisons["effect"].str.removeprefix("AL-RNN - "))
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    limit, near = _reach(rows, scores, _furthest(fit))
    ax.axvline(0, color=MODEL, lw=0.8, zorder=1)
    for row, model in enumerate(models):
        if model not in rows.index:
            continue
        one = rows.loc[model]
        if model not in near:
            _beyond(ax, -one["estimate"], row, look(model)["color"])
            continue
        _faint_dots(ax, (scores[model] - scores["AL-RNN"]).to_numpy(), row)
        half = np.nan_to_num(float(one["ci_high"] - one["ci_low"]) / 2)
        _mean(ax, -one["estimate"], half, row, look(model))
    _name_rows(ax, [describe(fit, model) for model in models])
    ax.set_xlim(-limit, limit)
    ax.set_xlabel("Difference to AL-RNN\n(nats/trial; positive is better)")
    return ax


@styled
def plot_score_panels(fit: Fit, comparisons: pd.DataFrame) -> Figure:
    """Scores and paired differences side by side.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.
    comparisons : pandas.DataFrame
        Paired differences of the models, as in `plot_score_differences`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    figure = new_figure(DOUBLE, 20 + 6 * len(model_order(fit)))
    left, right = figure.subplots(1, 2)
    plot_scores(fit, ax=left).set_title("Scores")
    plot_score_differences(fit, comparisons, ax=right).set_title("Paired differences")
    return figure


@styled
def plot_comparison(fit: Fit, models: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Every model minus the reference, paired over subjects, the best model on top.

    Dots are subjects, symbols their mean with the 95 % interval (t). Names of models that are the
    best, or within one standard error of the paired difference to it, are bold. Models that lie
    far from all others are written at the edge, with their number.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.
    models : pandas.DataFrame
        Table ``models`` of `neuroalrnn.questions.analyse`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    ax = axes_or_new(ax, DOUBLE, 20 + 5.2 * len(models))
    if not len(models):
        say_empty(ax, "no model was compared")
        return ax
    reference = models["reference"].iloc[0]
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    scores = scores.sub(scores[reference], axis=0)
    near = _near(models) & (models["difference"].abs() <= _furthest(fit)).to_numpy()
    limits = _limits(models[near], scores[models["model"][near]])
    ax.axvline(0, color=look(reference)["color"], lw=0.8, zorder=1)
    for row, (one, is_near) in enumerate(zip(models.to_dict("records"), near, strict=True)):
        kind = look(one["model"])
        if not is_near:
            _beyond(ax, one["difference"], row, kind["color"])
            continue
        if one["model"] != reference:
            _faint_dots(ax, scores[one["model"]].to_numpy(), row)
        half = np.nan_to_num((one["ci_high"] - one["ci_low"]) / 2)
        _mean(ax, one["difference"], half, row, kind)
    _name_rows(ax, [describe(fit, model) for model in models["model"]])
    for label, is_best in zip(ax.get_yticklabels(), models["within_one_error"], strict=True):
        label.set_weight("bold" if is_best else "normal")
    _write_counts(ax, models)
    ax.set_xlim(*limits)
    ax.set_xlabel(f"Difference to {describe(fit, reference)} (nats/trial; positive is better)")
    return ax


def _near(models):
    """Models that are drawn to scale: the closer half, and on to the first wide gap."""
    extent = models[["ci_low", "ci_high", "difference"]].abs().max(axis=1).to_numpy()
    ordered = np.sort(extent)
    start = len(extent) // 2 + 1
    gaps = np.flatnonzero(ordered[start:] > GAP * ordered[start - 1 : -1])
    return extent <= (ordered[start - 1 + gaps[0]] if len(gaps) else np.inf)


def _limits(models, scores):
    values = [scores.to_numpy().ravel(), models[["ci_low", "ci_high"]].to_numpy().ravel(), [0.0]]
    low, high = np.nanmin(np.concatenate(values)), np.nanmax(np.concatenate(values))
    room = 0.06 * (high - low or 1.0)
    return low - room, high + room


def _write_counts(ax, models):
    """Beside each row: in how many subjects it beats the reference, is the best, and its q."""
    columns = {
        "better in": [f"{row.n_favouring}/{row.n_subjects}" for row in models.itertuples()],
        "best in": [f"{row.n_best:.3g}" for row in models.itertuples()],
        "q": [_short(q) for q in models["q"]],
    }
    is_reference = (models["model"] == models["reference"]).to_list()
    where = ax.get_yaxis_transform()
    for x, (title, texts) in zip((26, 54, 84), columns.items(), strict=True):
        kept = [
            "" if is_reference[row] and title != "best in" else text
            for row, text in enumerate(texts)
        ]
        for row, text in zip((-0.95, *range(len(kept))), (title, *kept), strict=True):
            ax.annotate(
                text, (1, row), (x, 0), where, "offset points",
                ha="right", va="center", color=INK, size=6.5, annotation_clip=False,
            )  # fmt: skip


def _short(q):
    if not np.isfinite(q):
        return "\N{EN DASH}"
    return "< .001" if q < 0.001 else f"{q:.3f}".removeprefix("0")


def _furthest(fit):
    """Nats per trial beyond which nothing is drawn to scale, many times those of guessing."""
    return FURTHEST * np.log(fit.predictions.sizes["option"])


def _reach(rows, scores, furthest):
    """Half width of the axis, and the models whose differences fit into it.

    The linear control and the class frequency stay out where they are far beyond all others.
    """
    ends = rows[["estimate", "ci_low", "ci_high"]].astype(float).abs()
    extent = ends.max(axis=1)
    extent = extent[ends["estimate"] <= furthest]
    floor = extent.index.isin(FLOORS)
    rivals = extent[~floor].max() if (~floor).any() else np.inf
    near = list(extent.index[~floor | (extent <= FAR * rivals)])
    if not near:
        return 1.0, near
    spread = np.nanmax((scores[near].sub(scores["AL-RNN"], axis=0)).abs().to_numpy())
    return 1.08 * (min(max(extent[near].max(), spread), furthest) or 1.0), near


def _beyond(ax, value, row, color):
    """An arrow through an edge of the axis, with the number that lies beyond."""
    edge, inwards = (0.0, 1.0) if value < 0 else (1.0, -1.0)
    where = ax.get_yaxis_transform()
    arrow = {"arrowstyle": "-|>", "color": color, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
    places = {"xycoords": where, "textcoords": where}
    ax.annotate("", (edge, row), (edge + 0.08 * inwards, row), arrowprops=arrow, **places)
    align = {"ha": "left" if value < 0 else "right", "va": "center", "transform": where}
    ax.text(edge + 0.095 * inwards, row, signed(value), color=INK, size=6.5, **align)


def _faint_dots(ax, values, row):
    say_some(ax, len(values))
    values = some_of(values)
    offset = np.linspace(-0.28, 0.28, len(values)) if len(values) > 1 else np.zeros(1)
    size, color = (4, FAINT) if len(values) > FEW else (9, GREY)
    ax.scatter(values, row + offset, s=size, color=color, linewidths=0, zorder=2)


def _mean(ax, value, half, row, kind):
    ax.errorbar(value, row, xerr=half, ms=4.5, capsize=0, elinewidth=1.2, zorder=3, **kind)


def _name_rows(ax, names):
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
