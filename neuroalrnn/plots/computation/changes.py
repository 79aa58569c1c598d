"""What inputs do before and after a change of the rule."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neuroalrnn.plots.computation.looks import input_look, name_axis, name_effect
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import DOUBLE, FAINT, INK, SINGLE, level, new_figure, styled

PER_ROW = 2


@styled
def plot_effects_around_changes(changes: pd.DataFrame, *, rule: str) -> Figure:
    """Draw the effect of each input around changes of the rule, one panel per new rule.

    Parameters
    ----------
    changes : pandas.DataFrame
        Table ``effects_around_changes``.
    rule : str
        Trial variable whose changes are rule changes.

    Returns
    -------
    matplotlib.figure.Figure
        Lines are means over subjects, bands their standard errors.
    """
    values = list(dict.fromkeys(changes["new_rule"]))
    if not values:
        figure = new_figure(SINGLE, 24)
        say_empty(figure.add_subplot(), "no change of the rule")
        return figure
    n_rows = -(-len(values) // PER_ROW)
    n_columns = min(len(values), PER_ROW)
    figure = new_figure(DOUBLE if n_columns > 1 else SINGLE, 10 + 48 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for ax in panels.flat[len(values) :]:
        ax.set_axis_off()
    for index, (ax, value) in enumerate(zip(panels.flat, values, strict=False)):
        _draw(ax, changes[changes["new_rule"] == value])
        ax.set_title(f"{rule} becomes {level(value)}")
        ax.set_xlabel("Trial after the change")
        ax.set_ylabel("" if index % n_columns else name_axis(changes["option"]))
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=max(len(handles), 1))
    return figure


def _draw(ax, rows):
    several = rows["option"].nunique() > 1
    keys = ["input", "effect_lag", "option"]
    for place, (key, part) in enumerate(rows.groupby(keys, sort=False)):
        look = input_look(place)
        mean, error = part["input_effect"], part["standard_error"].fillna(0.0)
        band = {"color": look["color"], "alpha": 0.2, "lw": 0}
        ax.fill_between(part["lag"], mean - error, mean + error, **band)
        name = name_effect(*key, several).replace("\n", " ")
        ax.plot(part["lag"], mean, ms=2.2, lw=0.9, label=name, **look)
    ax.axvline(-0.5, color=FAINT, lw=1.0, zorder=0)
    ax.axhline(0, color=INK, lw=0.6, ls=":", zorder=0)
    ticks = np.arange(-10, rows["lag"].max() + 1, 10)
    ax.set_xticks(ticks, [level(float(tick)) for tick in ticks])
