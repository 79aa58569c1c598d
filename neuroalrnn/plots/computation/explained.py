"""How much of what can be explained each model explains, from none to all nonlinear units."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import FAINT, GREY, INK, SINGLE, axes_or_new, styled

# models whose names have room in the usual size
MOST_LARGE = 8


@styled
def plot_explained(explained: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of what the best network explains, by model.

    Parameters
    ----------
    explained : pandas.DataFrame
        Table ``explained``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Bars are shares with 95 % intervals over subjects of the difference to the best network:
        dark networks, the hatched one linear, light all other models.
    """
    ax = axes_or_new(ax, SINGLE, 16 + 5 * max(len(explained), 3))
    ax.set_xlabel("Share of what can be explained (%)")
    if not len(explained):
        say_empty(ax, "no network explains anything")
        return ax
    place = np.arange(len(explained))
    percent = 100 * explained[["explained_share", "ci_low", "ci_high"]].to_numpy()
    # shades, as colours are those of regimes
    for y, share, name in zip(place, percent[:, 0], explained["model"], strict=True):
        ax.barh(y, share, 0.7, **_look(_units(name)))
    error = np.abs(percent[:, 1:].T - percent[:, 0])
    ax.errorbar(percent[:, 0], place, xerr=error, fmt="none", ecolor=INK, elinewidth=0.9)
    for y, share in zip(place, percent[:, 0], strict=True):
        ax.text(1, y, f" {share:.1f}", transform=ax.get_yaxis_transform(), va="center", size=6)
    ax.axvline(100, color=INK, lw=0.6, ls=":")
    ax.set_yticks(place, [_name(name) for name in explained["model"]])
    ax.set_ylim(len(place) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0, **({"labelsize": 6} if len(place) > MOST_LARGE else {}))
    ax.set_xlim(left=min(0.0, percent.min()))
    return ax


def _units(model):
    """Number of nonlinear units of a network; None of another model."""
    name, _, units = model.partition("AL-RNN P=")
    return int(units) if not name and units.isdigit() else None


def _look(units):
    if units is None:
        return {"color": FAINT, "lw": 0}
    if units == 0:
        return {"facecolor": "white", "edgecolor": GREY, "hatch": "/////", "lw": 0.5}
    return {"color": GREY, "lw": 0}


def _name(model):
    units = _units(model)
    if units is None:
        return model
    names = {0: "linear network", 1: "1 nonlinear unit"}
    return names.get(units, f"{units} nonlinear units")
