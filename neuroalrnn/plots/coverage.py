"""How many of the possible regimes are visited, and how few cover most steps."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import FAINT, GREY, INK, axes_or_new, regime_colour, styled

MOST = 0.95
MOST_MARKERS = 30


@styled
def plot_coverage(coverage: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Share of steps covered by the most frequent regimes together.

    Bars are the shares of single regimes, the line is their running sum. With a column ``fold``
    there is one line per network instead, since regimes of rank r differ between networks.

    Parameters
    ----------
    coverage : pandas.DataFrame
        From `neuroalrnn.regimes.compute_coverage`, of one network, or of several with a
        column ``fold``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The title says how many regimes are visited of the 2^P there are, and how many of them cover
        95 % of steps (dotted line).
    """
    ax = axes_or_new(ax)
    ax.set_xlabel("Rank of the regime")
    ax.set_ylabel("Share of steps")
    if not len(coverage):
        say_empty(ax, "no regime visited")
        return ax
    parts = [part for _, part in coverage.groupby("fold")] if "fold" in coverage else [coverage]
    look = {"marker": "o" if coverage["rank"].max() <= MOST_MARKERS else "", "ms": 2.5, "zorder": 3}
    look |= {"color": INK} if len(parts) == 1 else {"color": GREY, "alpha": 0.7}
    for part in parts:
        ax.plot(part["rank"], part["cumulative_occupancy"], **look)
    if len(parts) == 1:
        colours = [regime_colour(rank - 1) for rank in parts[0]["rank"]]
        ax.bar(parts[0]["rank"], parts[0]["occupancy"], 0.8, color=colours)
    ax.axhline(MOST, color=FAINT, lw=0.8, ls=":", zorder=0)
    ax.set_xlim(0.4, coverage["rank"].max() + 0.6)
    ax.set_ylim(0, 1.03)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_title(_in_words(parts), weight="normal", size=7)
    return ax


def _in_words(parts):
    visited = _span([part["n_visited"].iloc[0] for part in parts])
    possible = _span([part["n_possible"].iloc[0] for part in parts])
    needed = _span([int(np.sum(part["cumulative_occupancy"] < MOST - 1e-12)) + 1 for part in parts])
    several = f" ({len(parts)} networks)" if len(parts) > 1 else ""
    return f"{visited} of {possible} regimes visited{several},\n{needed} cover 95 % of steps"


def _span(counts):
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,}\N{EN DASH}{high:,}"
