"""When regimes change: by step and condition, and around changes of the rule."""

from itertools import product

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from neuroalrnn.plots.layout import (
    condition_names,
    grouped_positions,
    label_rows,
    over_subjects,
    row_labels,
    say_empty,
    say_some,
    some_of,
    step_positions,
)
from neuroalrnn.plots.style import BLUE, FAINT, GREY, INK, MOST_STEPS, SINGLE, axes_or_new, styled

FEW = 12


@styled
def plot_switch_probability(switch_probability: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Probability that the regime differs from the step before, by step and condition.

    Faint dots are subjects; the dot is their mean, with its standard error. With more than 8 steps
    (time steps), a curve per condition with a band of one standard error.

    Parameters
    ----------
    switch_probability : pandas.DataFrame
        Table ``switch_probability``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    if not len(switch_probability):
        ax = axes_or_new(ax)
        say_empty(ax, "no switch is defined: the state starts anew with every trial of one step")
        return ax
    by = condition_names(switch_probability)
    means = over_subjects(switch_probability, by, "switch_probability")
    if means["step"].nunique() > MOST_STEPS:
        return _draw_curves(ax, means, by)
    rows = grouped_positions(means["step"], gap=0.9 if len(by) > 1 else 0.0)
    ax = axes_or_new(ax, SINGLE, 20 + 4.6 * (rows[-1] + 1))
    parts = switch_probability.groupby(by, sort=True, observed=True)["switch_probability"]
    for row, (_, values) in zip(rows, parts, strict=True):
        say_some(ax, len(values))
        values = some_of(values)
        offset = np.linspace(-0.28, 0.28, len(values)) if len(values) > 1 else 0.0
        ax.scatter(values, row + offset, s=4, color=FAINT, linewidths=0, zorder=2)
    error = means["standard_error"].to_numpy()
    kind = {"fmt": "o", "color": BLUE, "ms": 4, "elinewidth": 1.2, "zorder": 3}
    ax.errorbar(means["mean"], rows, xerr=error, **kind)
    label_rows(ax, rows, means[by])
    ax.set_xlim(-0.02, 1.02)
    ax.set_xlabel("Switch probability (mean over subjects \N{PLUS-MINUS SIGN} s.e.)")
    return ax


def _draw_curves(ax, means, by):
    """Mean and standard error against the step, one curve per condition."""
    ax = axes_or_new(ax)
    steps = means["step"].unique()
    place = dict(zip(steps, step_positions(steps)[0], strict=True))
    conditions = [name for name in by if name != "step"]
    parts = means.assign(name=row_labels(means[conditions])).groupby("name", sort=False)
    for (name, part), look in zip(
        parts, product(("-", "--", ":", "-."), (INK, GREY)), strict=False
    ):
        x, y = part["step"].map(place).astype(float), part["mean"]
        error = part["standard_error"].fillna(0.0)
        ax.plot(x, y, ls=look[0], color=look[1], label=name or None)
        ax.fill_between(x, y - error, y + error, color=look[1], alpha=0.15, lw=0)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel(step_positions(steps)[1])
    ax.set_ylabel("Switch probability (mean \N{PLUS-MINUS SIGN} s.e.)")
    if conditions:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    return ax


@styled
def plot_locked_switches(
    locked: xr.Dataset, *, event: str = "rule change", ax: Axes | None = None
) -> Axes:
    """Switch probability in the trials around an event, with the band of circular shifts.

    Parameters
    ----------
    locked : xarray.Dataset
        From `neuroalrnn.regimes.switches.compute_locked_switch_probability`.
    event : str
        Name of the event.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    ax = axes_or_new(ax, SINGLE, 62)
    lag, each = locked["lag"].values, locked["switch_probability"]
    band = f"95 % of {locked.attrs['n_draws']} circular shifts"
    edges = locked["group_null_low"], locked["group_null_high"]
    ax.fill_between(lag, *edges, color=GREY, alpha=0.3, lw=0, label=band)
    ax.plot(lag, locked["group_null_mean"], color=GREY, lw=0.8, ls="--")
    if each.sizes["subject"] <= FEW:
        ax.plot(lag, each.transpose("lag", "subject"), color=BLUE, lw=0.4, alpha=0.5)
    error = each.std("subject", ddof=1) / np.sqrt(each.notnull().sum("subject").clip(1))
    label = f"mean of {each.sizes['subject']} subjects \N{PLUS-MINUS SIGN} s.e."
    kind = {"color": BLUE, "marker": "o", "ms": 3.5, "elinewidth": 0.8}
    ax.errorbar(lag, locked["group_switch_probability"], error, label=label, **kind)
    ax.axvline(0, color=INK, lw=0.5, ls=":", zorder=0)
    ax.set_xlabel(f"Trials after the {event}")
    ax.set_ylabel("Switch probability")
    ax.xaxis.get_major_locator().set_params(integer=True)
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, -0.02), min(high, 1.02))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    return ax
