"""How the shares of regimes run through the trial: by step or epoch, one panel per condition."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from neuroalrnn.plots.layout import fold_rare, over_subjects, say_empty, step_positions
from neuroalrnn.plots.style import (
    DOUBLE,
    MOST_STEPS,
    SINGLE,
    axes_or_new,
    level,
    new_figure,
    regime_colour,
    regime_name,
    styled,
)
from neuroalrnn.stats.checks import require_columns

PER_ROW = 3
COLUMNS = ("subject", "regime", "occupancy", "n_steps")


@styled
def plot_occupancy_stream(
    occupancy: pd.DataFrame,
    *,
    along: str = "step",
    order: Sequence[str] | None = None,
    legend: bool = True,
    called: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Stacked shares of regimes against the step or epoch, all other conditions pooled.

    Shares are those of a subject over its conditions, weighted by steps, then means over subjects.

    Parameters
    ----------
    occupancy : pandas.DataFrame
        From `neuroalrnn.regimes.compute_occupancy`, with `along` among its `by`.
    along : str
        Column on the x axis.
    order : sequence of str, optional
        Its values in the order of the task; default that of the table. Others are left out.
    legend : bool
        Whether to name the regimes.
    called : sequence of str
        What the regimes are called, in order; default their numbers alone.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        More than 8 time steps are bars without gaps on an axis in seconds.
    """
    require_columns("occupancy", occupancy, [along, *COLUMNS])
    ax = axes_or_new(ax)
    ax.set_xlabel(along.capitalize())
    ax.set_ylabel("Share of steps\n(mean over subjects)")
    share = mean_shares(occupancy, along, order)
    if not len(share):
        say_empty(ax, "no steps")
        return ax
    many = len(share) > MOST_STEPS
    x, label = step_positions(share.index) if many else (np.arange(len(share)), None)
    width, align = (np.diff(x).min(), "edge") if many else (0.8, "center")
    bottom = np.zeros(len(x))
    for regime in share.columns:
        height = share[regime].to_numpy()
        ax.bar(x, height, width, bottom, align=align, color=regime_colour(regime), lw=0)
        bottom = bottom + height
    if many:
        ax.set_xlabel(label)
        ax.set_xlim(x[0], x[-1] + width)
    else:
        ax.set_xticks(x, [level(name) for name in share.index])
        ax.tick_params(axis="x", length=0)
    ax.set_ylim(0, 1)
    if legend:
        place = {"loc": "upper left", "bbox_to_anchor": (1, 1), "handlelength": 0.9}
        ax.legend(handles=regime_patches(share.columns, called), **place)
    return ax


@styled
def plot_occupancy_stream_panels(
    occupancy: pd.DataFrame,
    *,
    condition: str,
    along: str = "step",
    order: Sequence[str] | None = None,
) -> Figure:
    """One panel per value of a condition, with shared axes.

    Parameters
    ----------
    occupancy : pandas.DataFrame
        With columns `condition` and `along`.
    condition : str
        Column whose values have a panel each.
    along : str
        Column on the x axis.
    order : sequence of str, optional
        Values of `along` in the order of the task; default that of the table. Others are left out.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    require_columns("occupancy", occupancy, [condition, along, *COLUMNS])
    values = pd.Index(occupancy[condition]).unique().sort_values()
    if not len(values):
        figure = new_figure(SINGLE, 24)
        say_empty(figure.add_subplot(), "no steps")
        return figure
    n_rows = -(-len(values) // PER_ROW)
    n_columns = -(-len(values) // n_rows)
    figure = new_figure(SINGLE if n_columns == 1 else DOUBLE, 14 + 45 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True)
    for index, ax in enumerate(panels.flat):
        if index >= len(values):
            ax.set_axis_off()
            continue
        part = occupancy[occupancy[condition] == values[index]]
        plot_occupancy_stream(part, along=along, order=order, legend=False, ax=ax)
        ax.set_title(f"{condition} {level(values[index])}")
        ax.set_ylabel("" if index % n_columns else ax.get_ylabel())
        ax.set_xlabel("" if index + n_columns < len(values) else ax.get_xlabel())
    handles = regime_patches(mean_shares(occupancy, along, order).columns)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def mean_shares(occupancy, along, order=None):
    """Shares over subjects (a row per value of `along`, a column per regime, rare ones folded)."""
    keys = ["subject", along]
    count = occupancy.assign(occupancy=occupancy["occupancy"] * occupancy["n_steps"])
    folded = fold_rare(count, keys, "occupancy")
    total = folded.groupby(keys, observed=True)["occupancy"].transform("sum")
    folded["occupancy"] = folded["occupancy"] / total
    means = over_subjects(folded, [along, "regime"], "occupancy")
    share = means.set_index([along, "regime"])["mean"].unstack("regime", fill_value=0.0)
    if order is None:
        order = pd.Index(occupancy[along]).unique()
        order = order.sort_values() if occupancy[along].dtype == "category" else order
    return share.reindex([name for name in order if name in share.index])


def regime_patches(regimes, called=()):
    """Legend entries of regimes."""
    return [Patch(color=regime_colour(k), label=regime_name(k, called)) for k in regimes]
