"""Whether predicted probabilities mean what they say: reliability curves of held-out choices."""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.scores import describe, look, model_order
from neuroalrnn.plots.style import (
    DOUBLE,
    GREY,
    PALETTE,
    SINGLE,
    axes_or_new,
    new_figure,
    signed,
    styled,
)
from neuroalrnn.results import Fit

# panels side by side, and letters in a line of their titles
MOST_COLUMNS, WIDTH = 5, 17
WIDEST, NARROWEST = 0.001, 0.05
TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


@styled
def plot_reliability(
    reliability: pd.DataFrame, model: str, *, color: str | None = None, ax: Axes | None = None
) -> Axes:
    """Share of choices against predicted probability, with bands over subjects and the diagonal.

    Both axes are in log odds, so that what is nearly certain is not one point in the corner;
    shares of 0 and 1 lie on the edge.

    Parameters
    ----------
    reliability : pandas.DataFrame
        Table ``reliability`` of `neuroalrnn.questions.analyse`.
    model : str
        Name of the model.
    color : str, optional
        Default: that of the model, or one per option.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    ax = axes_or_new(ax, SINGLE, 75)
    curves = reliability[reliability["model"] == model]
    options = list(dict.fromkeys(curves["option"]))
    edge = _edge(reliability["predicted"])
    ax.set_xscale("logit")
    ax.set_yscale("logit")
    ax.plot([edge, 1 - edge], [edge, 1 - edge], color=GREY, lw=0.7, ls=(0, (4, 2)), zorder=1)
    for place, option in enumerate(options):
        curve = curves[curves["option"] == option]
        shade = PALETTE[place % len(PALETTE)]
        shade = (color or look(model)["color"]) if len(options) == 1 else shade
        names = ("predicted", "observed", "ci_low", "ci_high")
        x, y, low, high = (np.clip(curve[name].to_numpy(), edge, 1 - edge) for name in names)
        ax.fill_between(x, low, high, color=shade, alpha=0.2, lw=0, zorder=2)
        if len(curve) == 1:
            ax.vlines(x, low, high, color=shade, lw=1.2, alpha=0.4, zorder=2)
        kind = {"marker": "o", "ms": 2.6, "lw": 0.9, "color": shade, "zorder": 3}
        ax.plot(x, y, label=option, clip_on=False, **kind)
    if len(options) > 1:
        ax.legend(loc="upper left", handlelength=1.0)
    ticks = [tick for tick in TICKS if edge <= tick <= 1 - edge]
    for axis, limit in ((ax.xaxis, ax.set_xlim), (ax.yaxis, ax.set_ylim)):
        limit(edge, 1 - edge)
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_minor_locator(NullLocator())
    ax.set_box_aspect(1)
    what = options[0] if len(options) == 1 else "the option"
    ax.set_xlabel(f"Predicted P({what})")
    ax.set_ylabel("Share of choices")
    return ax


@styled
def plot_calibration_panels(
    fit: Fit, reliability: pd.DataFrame, calibration: pd.DataFrame
) -> Figure:
    """One reliability curve per model, with the slope and its 95 % interval.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.
    reliability, calibration : pandas.DataFrame
        Tables of `neuroalrnn.questions.analyse`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    present = set(reliability["model"])
    models = [model for model in model_order(fit) if model in present]
    if not models:
        raise DataError("reliability: no row is of a model of this fit")
    n_columns = min(MOST_COLUMNS, max(len(models), 3))
    n_rows = -(-len(models) // n_columns)
    figure = new_figure(DOUBLE, 8 + n_rows * (DOUBLE / n_columns + 1))
    axes = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for ax, model in zip(axes.flat, models, strict=False):
        plot_reliability(reliability, model, ax=ax).set_title(fill(describe(fit, model), WIDTH))
        rows = calibration[calibration["model"] == model]
        if len(rows) == 1:
            text = _slope_text(rows.iloc[0])
            where = {"transform": ax.transAxes, "ha": "right", "va": "bottom"}
            ax.text(0.97, 0.04, text, size=6, **where)
        if ax.get_legend() is not None and model != models[0]:
            ax.get_legend().remove()
    ticks = axes[0, 0].get_xticks()
    ticks = ticks[[0, len(ticks) // 2, -1]]  # more are too close side by side
    axes[0, 0].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    for ax in axes.flat[len(models) :]:
        ax.set_axis_off()
    _label_outer(axes, len(models))
    return figure


def _edge(predicted):
    """Lowest probability on the axes, the same for all models; the highest mirrors it."""
    closest = np.minimum(predicted, 1 - predicted).min()
    return float(np.clip(0.6 * closest, WIDEST * 0.6, NARROWEST))


def _slope_text(row):
    if not np.isfinite(row["slope"]):
        return "no slope"
    text = f"slope {signed(row['slope'], 2)}"
    if not np.isfinite(row["slope_low"]):
        return text
    return f"{text}\n{signed(row['slope_low'], 2)} to {signed(row['slope_high'], 2)}"


def _label_outer(axes, n_models):
    """Name the axes at the left and at the lower end of each column only."""
    n_columns = axes.shape[1]
    for place, ax in enumerate(axes.flat[:n_models]):
        if place % n_columns:
            ax.set_ylabel("")
        if place + n_columns < n_models:
            ax.set_xlabel("")
        else:
            ax.tick_params(labelbottom=True)
