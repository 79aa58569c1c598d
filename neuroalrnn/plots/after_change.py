"""What happens in the trials after a change of the rule."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroalrnn.plots.style import (
    BLUE,
    DOUBLE,
    GREY,
    INK,
    SINGLE,
    axes_or_new,
    new_figure,
    regime_colour,
    regime_name,
    styled,
)

NAMED = {
    "switch": "Switch probability",
    "correct": "Share correct",
    "log rt": "Log RT (log s)",
    "choice": "Share of second option",
}
LOOKS = ("-", "--", ":", "-.")
PER_ROW = 4


@styled
def _plot_unswitched(latencies: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Share of changes that no switch has followed up to a trial.

    Parameters
    ----------
    latencies : pandas.DataFrame
        Table ``switch_survival``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The mean over subjects with its standard error, and the band of changes that are shifted.
    """
    ax = axes_or_new(ax, SINGLE, 60)
    lag, mean = latencies["lag"], latencies["unswitched"]
    edges = latencies["null_low"], latencies["null_high"]
    ax.fill_between(lag, *edges, color=GREY, alpha=0.3, lw=0, label="95 % of shifted changes")
    ax.plot(lag, latencies["null_mean"], color=GREY, lw=0.8, ls="--")
    error = latencies["standard_error"].fillna(0.0)
    ax.fill_between(lag, mean - error, mean + error, color=BLUE, alpha=0.25, lw=0)
    ax.plot(
        lag, mean, "o-", ms=2.5, color=BLUE, label="mean over subjects \N{PLUS-MINUS SIGN} s.e."
    )
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("Trials after the change")
    ax.set_ylabel("Share without a switch")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    return ax


@styled
def plot_after_changes(
    latencies: pd.DataFrame, curves: pd.DataFrame, *, called: Sequence[str] = ()
) -> Figure:
    """Latency of switches, and what goes on around changes of the rule, one panel per outcome.

    Parameters
    ----------
    latencies : pandas.DataFrame
        Table ``switch_survival``.
    curves : pandas.DataFrame
        Table ``around_changes``.
    called : sequence of str
        What the regimes are called, in order; default their numbers alone.

    Returns
    -------
    matplotlib.figure.Figure
        Shades are bands of circular shifts. Shares of regimes are drawn for each new value of the
        rule where it has few.
    """
    pooled = curves[curves["rule_value"] == ""]
    measures = [name for name in NAMED if (pooled["outcome"] == name).any()]
    regimes = curves[curves["outcome"].str.startswith("regime ")]
    values = sorted(set(regimes["rule_value"]) - {""}, key=float) or [""]
    n_panels = 1 + len(measures) + len(values)
    n_rows = -(-n_panels // PER_ROW)
    figure = new_figure(DOUBLE, 8 + 52 * n_rows)
    panels = iter(figure.subplots(n_rows, PER_ROW, squeeze=False).flat)
    _plot_unswitched(latencies, ax=next(panels)).set_title("First switch", pad=24)
    for name in measures:
        ax, rows = next(panels), curves[curves["outcome"] == name]
        split = rows[rows["rule_value"] != ""].groupby("rule_value", sort=False)
        # over all changes, choices of the two directions cancel out
        for (value, part), look in zip(split, LOOKS, strict=False):
            _draw(ax, part, INK, label=_signed(f"to {value}"), ls=look)
        if len(split):
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
        else:
            _draw(ax, rows, BLUE)
        ax.set_ylabel(NAMED[name])
    for value in values:
        ax = next(panels)
        part = regimes[regimes["rule_value"] == value]
        for name, rows in part.groupby("outcome", sort=True):
            label = int(name.removeprefix("regime "))
            _draw(ax, rows, regime_colour(label), label=regime_name(label, called))
        ax.set_ylabel("Share of trials")
        ax.set_title(_signed(f"to {value}") if value else "")
        ax.set_ylim(-0.02, 1.02)
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.3), borderaxespad=0.2)
    for empty in panels:
        empty.set_axis_off()
    return figure


def _signed(text):
    return text.replace("-", "\N{MINUS SIGN}")


def _draw(ax, rows, colour, label=None, ls="-"):
    lag = rows["lag"].to_numpy()
    edges = rows["null_low"], rows["null_high"]
    ax.fill_between(lag, *edges, color=colour if label else GREY, alpha=0.15, lw=0)
    ax.plot(lag, rows["average"], color=colour, label=label, ls=ls)
    ax.axvline(0, color=INK, lw=0.5, ls=":", zorder=0)
    ax.set_xticks(np.arange(-10, 31, 10))
    ax.set_xlabel("Trials after the change")
