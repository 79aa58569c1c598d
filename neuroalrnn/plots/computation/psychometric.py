"""Choices against the inputs in each functional regime, of subjects and of the model."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import INK, SINGLE, axes_or_new, regime_colour, regime_name, styled

# letters that stand side by side below the axis
ROOM = 60


@styled
def plot_psychometric(
    psychometric: pd.DataFrame, *, called: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw how often an option is chosen for each combination of inputs, data and model.

    Parameters
    ----------
    psychometric : pandas.DataFrame
        Table ``psychometric``.
    called : sequence of str
        What the regimes are called, in order; default their numbers alone.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Dots are subjects' means with 95 % intervals, lines are the model on the same trials.
    """
    ax = axes_or_new(ax, SINGLE, 66)
    if not len(psychometric):
        say_empty(ax, "no combination of inputs occurs often enough")
        return ax
    option = psychometric["option"].iloc[0]
    ax.set_ylabel(f"Choices of {option} (share)")
    order = psychometric[["place", "combination"]].drop_duplicates().sort_values("place")
    is_line = "," not in psychometric["axis"].iloc[0]
    regimes = sorted(psychometric["regime"].unique())
    for place, regime in enumerate(regimes):
        rows = psychometric[psychometric["regime"] == regime].sort_values("place")
        x = rows["place"] + 0.24 * (place - (len(regimes) - 1) / 2)
        look = {"color": regime_colour(regime), "zorder": 3}
        if is_line:
            ax.plot(x, rows["predicted"], lw=1.2, **look)
        else:
            ax.hlines(rows["predicted"], x - 0.1, x + 0.1, lw=2.0, **look)
        error = np.abs(rows[["ci_low", "ci_high"]].to_numpy().T - rows["observed"].to_numpy())
        name = regime_name(regime, called) if len(regimes) > 1 else "subjects"
        ax.errorbar(x, rows["observed"], error, fmt="o", ms=3.8, mec="white", mew=0.4,
                    elinewidth=0.9, label=name, **look)  # fmt: skip
    ax.plot([], [], color=INK, lw=1.5, label="model")
    longest = order["combination"].str.split("\n").explode().str.len().max()
    turned = len(order) * longest > ROOM
    ax.set_xticks(order["place"], order["combination"], rotation=90 if turned else 0)
    ax.set_xlabel(psychometric["axis"].iloc[0])
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlim(order["place"].min() - 0.4, order["place"].max() + 0.4)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    return ax
