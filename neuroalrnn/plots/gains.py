"""Gains of inputs on the read-out against the lag."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuroalrnn.plots.checks import require_known
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.selection import choose_labels
from neuroalrnn.plots.style import (
    DOUBLE,
    GREY,
    INK,
    MOST_REGIMES,
    SINGLE,
    axes_or_new,
    new_figure,
    regime_colour,
    regime_name,
    styled,
)

PER_ROW = 3


@styled
def plot_gains(
    gains: pd.DataFrame,
    *,
    feature: int = 0,
    output: int = 0,
    labels: Mapping[int, int] | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """What one unit of an input adds to the read-out some steps later, by the regime it comes in.

    Parameters
    ----------
    gains : pandas.DataFrame
        From `neuroalrnn.mechanism.inputs.compute_gains`.
    feature, output : int
        Positions of the input and the output.
    labels : dict of int -> int, optional
        Label of each code; default by falling number of steps.
    legend : bool
        Whether the regimes are named.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Means along the real paths, with one standard deviation over steps around them; dashed where
        the gain would be if the regime stayed as it is. The 7 regimes with the lowest labels.
    """
    ax = axes_or_new(ax)
    ax.set_xlabel("Lag (steps)")
    ax.set_ylabel("Gain (output per unit of input)")
    rows = _labelled(gains, labels)
    rows = rows[(rows["feature"] == feature) & (rows["output"] == output)]
    if not rows["gain"].notna().any():
        say_empty(ax, "no path")
        return ax
    ax.axhline(0, color=INK, lw=0.5, ls=":", zorder=0)
    # the rare regimes below
    for label, part in sorted(rows.groupby("label"), reverse=True):
        colour = regime_colour(label)
        edges = part["gain"] - part["gain_sd"], part["gain"] + part["gain_sd"]
        ax.fill_between(part["lag"], *edges, color=colour, alpha=0.18, lw=0, zorder=2)
        ax.plot(part["lag"], part["gain_constant"], color=colour, lw=0.8, ls="--", zorder=3)
        ax.plot(part["lag"], part["gain"], "o-", color=colour, ms=2.5, zorder=4)
    _frame(ax, rows)
    if legend:
        handles = _handles(rows["label"])
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1), alignment="left")
    return ax


@styled
def plot_gains_panels(
    gains: pd.DataFrame,
    *,
    features: Sequence[str] | None = None,
    output: int = 0,
    labels: Mapping[int, int] | None = None,
) -> Figure:
    """One panel per input, all on one scale.

    Parameters
    ----------
    gains : pandas.DataFrame
        Gains of all inputs, from `neuroalrnn.mechanism.inputs.compute_gains`.
    features : sequence of str, optional
        Names of the inputs.
    output : int
        Position of the output.
    labels : dict of int -> int, optional
        Label of each code; default by falling number of steps.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    gains = gains if gains.empty else _of_output(gains, output)
    positions = sorted(gains["feature"].unique())
    if not positions:
        figure = new_figure(SINGLE, 30)
        say_empty(figure.add_subplot(), "no input")
        return figure
    n_columns = min(PER_ROW, len(positions))
    n_rows = -(-len(positions) // n_columns)
    figure = new_figure(SINGLE if n_columns == 1 else DOUBLE, 14 + 44 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True)
    for index, ax in enumerate(panels.flat):
        if index >= len(positions):
            ax.set_axis_off()
            continue
        position = positions[index]
        plot_gains(gains, feature=position, output=output, labels=labels, legend=False, ax=ax)
        ax.set_title(f"Input {position}" if features is None else str(features[position]))
        if index % n_columns:
            ax.set_ylabel("")
        if index + n_columns < len(positions):
            ax.set_xlabel("")
    _frame(panels[0, 0], _labelled(gains, labels).query("output == @output"))
    handles = _handles(_labelled(gains, labels)["label"])
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 6))
    return figure


def _of_output(gains, output):
    require_known("output", output, gains["output"].unique().tolist())
    return gains[gains["output"] == output]


def _labelled(gains, labels):
    """Rows of the regimes that have a colour, with their labels."""
    steps = gains.groupby("code")["n_steps"].max().sort_values(ascending=False, kind="stable")
    rows = gains.assign(label=gains["code"].map(choose_labels(steps.index, labels)))
    return rows[rows["label"] < MOST_REGIMES].astype({"label": int})


def _frame(ax, rows):
    """Whole lags, and a frame around the means: a regime held for ever may grow without bound."""
    ends = np.r_[rows["gain"] - rows["gain_sd"], rows["gain"] + rows["gain_sd"], 0.0]
    constant = rows["gain_constant"].to_numpy()
    low, high = np.nanmin(ends), np.nanmax(ends)
    size = high - low or np.nanmax(np.abs(constant)) or 1.0
    low = min(low, max(np.nanmin(constant, initial=0), low - size))
    high = max(high, min(np.nanmax(constant, initial=0), high + size))
    margin = 0.06 * (high - low)
    ax.set_ylim(low - margin, high + margin)
    ax.xaxis.get_major_locator().set_params(integer=True)


def _handles(labels):
    handles = [
        Line2D([], [], color=regime_colour(k), marker="o", ms=2.5, label=regime_name(k))
        for k in np.unique(labels)
    ]
    kinds = {"real paths \N{PLUS-MINUS SIGN} s.d.": "-", "regime held": "--"}
    return handles + [Line2D([], [], color=GREY, ls=ls, label=name) for name, ls in kinds.items()]
