"""Held-out scores of all models, and their differences to the AL-RNN, subject by subject."""

import re

import numpy as np

from neuroalrnn.plots.style import (
    BASELINE,
    CONTROL,
    DOUBLE,
    FAINT,
    GRID,
    INK,
    MODEL,
    SINGLE,
    axes_or_new,
    new_figure,
    signed,
    styled,
)

FAR = 2.0
FLOORS = ("AL-RNN P=0", "class frequency")


def model_order(fit):
    """Models from top to bottom: AL-RNN, baselines from best to worst, then the grid of P.

    A grid value that is the AL-RNN in every fold is left out, because it is the same model.

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
    main = [name for name in means.index if name == "AL-RNN"]
    different = [n for n in grid if not main or not np.allclose(table[n], table["AL-RNN"], rtol=0)]
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
    if model == "AL-RNN":
        chosen = np.unique(fit.selection["n_pwl_chosen"].values)
        return f"AL-RNN, P = {', '.join(map(str, chosen))}"
    return model


def look(model):
    """Colour and marker of a model: ours, the linear control, the grid, baselines."""
    n_pwl = n_pwl_of(model)
    if model == "AL-RNN":
        return {"color": MODEL, "marker": "o"}
    if n_pwl == 0:
        return {"color": CONTROL, "marker": "D"}
    return {"color": BASELINE, "marker": "s"} if n_pwl is None else {"color": GRID, "marker": "o"}


@styled
def plot_scores(fit, *, ax=None):
    """Held-out log-likelihood per model: every subject, the mean over trials, its standard error.

    Parameters
    ----------
    fit : Fit
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    models, summary, scores = model_order(fit), fit.summarise(), fit.scores
    ax = axes_or_new(ax, SINGLE, 18 + 6 * len(models))
    for row, model in enumerate(models):
        values = scores.loc[scores["model"] == model, "log_likelihood"].to_numpy()
        _faint_dots(ax, values, row)
        one = summary.loc[model]
        _mean(ax, one["log_likelihood"], one["standard_error"], row, look(model))
    _name_rows(ax, [describe(fit, model) for model in models])
    ax.set_xlabel("Held-out log-likelihood (nats/trial)")
    return ax


@styled
def plot_score_differences(fit, comparisons, *, ax=None):
    """Each model's score minus that of the AL-RNN, paired over subjects, with 95 % intervals.

    Models so far away that they would hide the others are written at the edge, with their number.

    Parameters
    ----------
    fit : Fit
    comparisons : pandas.DataFrame
        From `neuroalrnn.analysis.compare_models`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    models = [model for model in model_order(fit) if model != "AL-RNN"]
    ax = axes_or_new(ax, SINGLE, 18 + 6 * len(models))
    rows = comparisons.set_index(comparisons["effect"].str.removeprefix("AL-RNN - "))
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    limit, near = _reach(rows, scores)
    ax.axvline(0, color=MODEL, lw=0.8, zorder=1)
    for row, model in enumerate(models):
        if model not in rows.index:
            continue
        one = rows.loc[model]
        if model not in near:
            _beyond(ax, -one["estimate"], row, limit, look(model)["color"])
            continue
        _faint_dots(ax, (scores[model] - scores["AL-RNN"]).to_numpy(), row)
        half = (one["ci_high"] - one["ci_low"]) / 2
        _mean(ax, -one["estimate"], half, row, look(model))
    _name_rows(ax, [describe(fit, model) for model in models])
    ax.set_xlim(-limit, limit)
    ax.set_xlabel("Difference to AL-RNN (nats/trial; positive is better)")
    return ax


@styled
def plot_score_panels(fit, comparisons):
    """Scores and paired differences side by side.

    Parameters
    ----------
    fit : Fit
    comparisons : pandas.DataFrame

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(DOUBLE, 20 + 6 * len(model_order(fit)))
    left, right = figure.subplots(1, 2)
    plot_scores(fit, ax=left).set_title("Scores")
    plot_score_differences(fit, comparisons, ax=right).set_title("Paired differences")
    return figure


def _reach(rows, scores):
    """Half width of the axis, and the models whose differences fit into it.

    The linear control and the class frequency stay out where they are far beyond all others.
    """
    extent = np.maximum(rows["ci_low"].abs(), rows["ci_high"].abs())
    floor = extent.index.isin(FLOORS)
    rivals = extent[~floor].max() if (~floor).any() else np.inf
    near = list(extent.index[~floor | (extent <= FAR * rivals)])
    spread = (scores[near].sub(scores["AL-RNN"], axis=0)).abs().to_numpy().max()
    return 1.08 * max(extent[near].max(), spread), near


def _beyond(ax, value, row, limit, color):
    edge, side = np.sign(value) * limit, "right" if value > 0 else "left"
    arrow = {"arrowstyle": "-|>", "color": color, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (edge, row), (edge * 0.84, row), arrowprops=arrow)
    ax.text(edge * 0.81, row, signed(value), ha=side, va="center", color=INK, size=6.5)


def _faint_dots(ax, values, row):
    offset = np.linspace(-0.28, 0.28, len(values)) if len(values) > 1 else np.zeros(1)
    ax.scatter(values, row + offset, s=4, color=FAINT, linewidths=0, zorder=2)


def _mean(ax, value, half, row, kind):
    ax.errorbar(value, row, xerr=half, ms=4.5, capsize=0, elinewidth=1.2, zorder=3, **kind)


def _name_rows(ax, names):
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
