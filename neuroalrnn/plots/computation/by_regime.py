"""Effects of inputs in each functional regime: bars, with subjects as dots."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from neuroalrnn.plots.computation.looks import name_axis, name_effect
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import INK, SINGLE, axes_or_new, regime_colour, regime_name, styled

MOST_EFFECTS = 12
# names of effects that have room side by side
MOST_LEVEL = 5
KEYS = ["input", "lag", "option"]


@styled
def plot_effects_by_regime(
    functional_regimes: pd.DataFrame,
    by_subject: pd.DataFrame,
    *,
    called: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean effect of each input in each functional regime, and that of every subject.

    Parameters
    ----------
    functional_regimes : pandas.DataFrame
        Table ``functional_regimes`` of one kind of networks.
    by_subject : pandas.DataFrame
        Table ``effects_by_subject``.
    called : sequence of str
        What the regimes are called, in order; default their numbers alone.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Bars are corrected means over subjects with 95 % intervals, dots subjects, by their held-out
        trials. Of many effects the largest are drawn.
    """
    regimes = functional_regimes
    ax = axes_or_new(ax, SINGLE, 62)
    ax.set_ylabel(name_axis(regimes["option"]))
    if not len(regimes):
        say_empty(ax, "no effect of an input is defined")
        return ax
    shown = _largest(regimes)
    several = regimes["option"].nunique() > 1
    labels = sorted(regimes["regime"].unique())
    width = 0.8 / len(labels)
    own = by_subject.set_index(["regime", *KEYS]).sort_index()
    table = regimes.set_index(["regime", *KEYS])
    for place, regime in enumerate(labels):
        x = np.arange(len(shown)) + (place - (len(labels) - 1) / 2) * width
        rows = table.loc[[(regime, *key) for key in shown]]
        _draw_bars(ax, x, rows, width, regime, called if len(labels) > 1 else ())
        _draw_dots(ax, x, [own.loc[[(regime, *key)]] for key in shown], width, regime)
    ax.axhline(0, color=INK, lw=0.6)
    names = [name_effect(name, lag, option, several) for name, lag, option in shown]
    if len(names) > MOST_LEVEL:
        ax.set_xticks(range(len(shown)), names, rotation=90)
    else:
        ax.set_xticks(range(len(shown)), [name.replace(", ", "\n") for name in names])
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.6, len(shown) - 0.4)
    ax.spines["bottom"].set_visible(False)
    ax.margins(y=0.08)
    ax.set_xlabel("Input")
    if len(labels) > 1:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=1, borderaxespad=0.2)
    return ax


def _largest(regimes):
    """The effects that are drawn, in the order of the table."""
    size = regimes["input_effect"].abs().groupby([regimes[key] for key in KEYS], sort=False).max()
    return list(size[size >= size.nlargest(MOST_EFFECTS).min()].index)


def _draw_bars(ax, x, rows, width, regime, called):
    colour, mean = regime_colour(regime), rows["input_effect"].to_numpy()
    label = regime_name(regime, called)
    ax.bar(x, mean, 0.9 * width, color=colour, alpha=0.4, lw=0, label=label, zorder=1)
    error = np.abs(rows[["ci_low", "ci_high"]].to_numpy().T - mean)
    ax.errorbar(x, mean, error, fmt="none", ecolor=INK, elinewidth=1.0, zorder=4)
    ax.hlines(mean, x - 0.45 * width, x + 0.45 * width, color=colour, lw=1.4, zorder=3)


def _draw_dots(ax, x, parts, width, regime):
    """Subjects side by side, so that few of them lie on each other."""
    places, values = [], []
    for centre, part in zip(x, parts, strict=True):
        effects = part["input_effect"].to_numpy()
        n = len(effects)
        spread = (np.arange(n) * 0.618034 % 1 - 0.5) * 0.6 * width if n > 1 else np.zeros(n)
        places.append(centre + spread)
        values.append(effects)
    look = {"s": 4, "lw": 0, "alpha": 0.75, "zorder": 2, "rasterized": True}
    ax.scatter(np.concatenate(places), np.concatenate(values), color=regime_colour(regime), **look)
