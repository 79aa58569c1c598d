"""How long inputs act: their effects on choices some trials later."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from neuroalrnn.plots.computation.looks import input_look, name_axis
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import INK, SINGLE, axes_or_new, styled


@styled
def plot_effects_by_lag(input_effects: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the effect of each input against the number of trials since it was there.

    Parameters
    ----------
    input_effects : pandas.DataFrame
        Table ``input_effects``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Lines are means over subjects, bands 95 % intervals; the thin lines around them are one
        standard deviation over trials. Of several options, that which an effect is largest on.
    """
    ax = axes_or_new(ax, SINGLE, 58)
    ax.set_xlabel("Trials since the input")
    ax.set_ylabel(name_axis(input_effects["option"]))
    if not len(input_effects):
        say_empty(ax, "no effect of an input is defined")
        return ax
    names = list(dict.fromkeys(input_effects["input"]))
    for place, name in enumerate(names):
        rows = input_effects[input_effects["input"] == name]
        largest = rows.loc[rows["input_effect"].abs().idxmax(), "option"]
        rows = rows[rows["option"] == largest].sort_values("lag")
        look, shift = input_look(place), 0.05 * (place - (len(names) - 1) / 2)
        x, mean = rows["lag"] + shift, rows["input_effect"]
        ax.fill_between(x, rows["ci_low"], rows["ci_high"], color=look["color"], alpha=0.2, lw=0)
        ax.vlines(x, mean - rows["input_effect_sd"], mean + rows["input_effect_sd"],
                  color=look["color"], lw=0.5)  # fmt: skip
        ax.plot(x, mean, ms=3.2, label=name, **look)
    ax.axhline(0, color=INK, lw=0.6, ls=":", zorder=0)
    ax.set_xticks(np.unique(input_effects["lag"]))
    ax.legend(loc="best")
    return ax
