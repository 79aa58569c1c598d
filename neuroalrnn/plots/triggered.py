"""Behaviour in the trials around switches of regime."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.behaviour import TITLES
from neuroalrnn.plots.layout import say_empty, say_some, some_of
from neuroalrnn.plots.style import (
    BLUE,
    DOUBLE,
    FAINT,
    GREY,
    INK,
    SINGLE,
    axes_or_new,
    new_figure,
    styled,
)
from neuroalrnn.stats.defaults import LEVEL

MEANING = {
    "choice": "Share of second option",
    "correct": "Share correct",
    "log rt": "Log RT (log s)",
}


@styled
def plot_triggered(
    triggered: xr.Dataset,
    *,
    outcome: str | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Mean outcome in the trials around a switch, with the band of circular shifts.

    Faint lines are subjects, each moved by the difference of its own null mean to that of the group
    at every lag: what they show is the effect, not how subjects differ overall. The axis ends at
    the 5 and 95 % quantiles of these lines, or at the band. A filled marker is a lag with q < .05
    (p < .05 where the table has no q).

    Parameters
    ----------
    triggered : xarray.Dataset
        From `neuroalrnn.behaviour.triggered.compute_triggered_averages`, or, without a dimension
        ``outcome``, from `compute_triggered_average`.
    outcome : str, optional
        Which outcome, or, without that dimension, what the outcome is called.
    legend : bool
        Whether to name what is drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    DataError
        No such dataset or outcome.
    """
    if not isinstance(triggered, xr.Dataset) or "group_average" not in triggered:
        raise DataError("triggered: expected the Dataset of compute_triggered_averages")
    ax = axes_or_new(ax, SINGLE, 62)
    if "outcome" in triggered.dims:
        known = triggered["outcome"].values.tolist()
        if outcome is not None and outcome not in known:
            raise DataError(f"outcome: found {outcome!r}, expected one of {', '.join(known)}")
        outcome = triggered["outcome"].values[0] if outcome is None else outcome
        triggered = triggered.sel(outcome=outcome)
    ax.set_xlabel("Trials after the switch")
    ax.set_ylabel("Outcome" if outcome is None else MEANING.get(outcome, str(outcome)))
    if not triggered["group_average"].notnull().any():
        say_empty(ax, "no subject with enough switches")
        return ax
    lag, mean = triggered["lag"].values, triggered["group_average"].values
    handles = [*_draw_null(ax, triggered), *_draw_subjects(ax, triggered)]
    kind = "group_q" if "group_q" in triggered else "group_p"
    clear = triggered[kind].values < LEVEL
    label = f"mean (filled: {kind[-1]} < .05)"
    look = {"color": BLUE, "marker": "o", "ms": 3.5, "mfc": "white", "zorder": 4}
    handles += ax.plot(lag, mean, label=label, **look)
    ax.plot(lag[clear], mean[clear], **look | {"mfc": BLUE, "lw": 0})
    ax.axvline(0, color=INK, lw=0.5, ls=":", zorder=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
    if legend:
        ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    return ax


@styled
def plot_triggered_panels(triggered: xr.Dataset) -> Figure:
    """One panel per outcome, side by side.

    Parameters
    ----------
    triggered : xarray.Dataset
        From `neuroalrnn.behaviour.triggered.compute_triggered_averages`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    outcomes = triggered["outcome"].values
    figure = new_figure(DOUBLE if len(outcomes) > 1 else SINGLE, 64)
    panels = figure.subplots(1, len(outcomes), squeeze=False)[0]
    for ax, outcome in zip(panels, outcomes, strict=True):
        plot_triggered(triggered, outcome=outcome, legend=False, ax=ax)
        ax.set_title(TITLES.get(outcome, outcome))
    known = [handle for ax in panels for handle in ax.get_legend_handles_labels()[0]]
    handles = {handle.get_label(): handle for handle in known}
    if handles:
        figure.legend(handles=handles.values(), loc="outside lower center", ncols=len(handles))
    return figure


def _draw_null(ax, triggered):
    lag = triggered["lag"].values
    edges = triggered["group_null_low"], triggered["group_null_high"]
    n_draws = triggered.attrs.get("n_draws")
    label = f"95 % of {n_draws} circular shifts" if n_draws else "95 % of circular shifts"
    ax.plot(lag, triggered["group_null_mean"], color=GREY, lw=0.8, ls="--", zorder=2)
    return [ax.fill_between(lag, *edges, color=GREY, alpha=0.35, lw=0, label=label, zorder=2)]


def _draw_subjects(ax, triggered):
    """Curves of subjects around the null mean of the group; the axis shows nine tenths of them."""
    moved = triggered["average"] - triggered["null_mean"] + triggered["group_null_mean"]
    moved = moved.transpose("lag", "subject").dropna("subject", how="all")
    if not moved.sizes["subject"]:
        return []
    drawn = some_of(moved.values.T).T
    say_some(ax, moved.sizes["subject"])
    lines = ax.plot(triggered["lag"], drawn, color=FAINT, lw=0.4, alpha=0.8, zorder=1)
    lines[0].set_label(f"{moved.sizes['subject']} subjects, around the null mean")
    names = ("group_average", "group_null_low", "group_null_high")
    inner = np.nanquantile(moved, [0.05, 0.95])
    whole = np.concatenate([inner, *(triggered[name].values for name in names)])
    low, high = np.nanmin(whole), np.nanmax(whole)
    margin = 0.06 * (high - low) or 0.05
    ax.set_ylim(low - margin, high + margin)
    return lines[:1]
