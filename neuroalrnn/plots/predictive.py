"""Signatures of subjects over those of simulated subjects: where a fitted network fails."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroalrnn.plots.checks import require_known
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import (
    BLUE,
    DOUBLE,
    GREEN,
    GREY,
    INK,
    PURPLE,
    SINGLE,
    VERMILLION,
    axes_or_new,
    new_figure,
    styled,
)

LOOKS = ((BLUE, "o"), (VERMILLION, "s"), (GREEN, "^"), (PURPLE, "D"))
MOST_CURVES = len(LOOKS)
PANEL_HEIGHT = 52


@styled
def plot_predictive(comparison: pd.DataFrame, *, signature: str, ax: Axes | None = None) -> Axes:
    """One signature: subjects as points, the simulation as a band.

    Points are means over subjects with their standard error; open where they lie outside the band.
    The band holds 95 % of the simulated repeats; its line is their mean.

    Parameters
    ----------
    comparison : pandas.DataFrame
        From `neuroalrnn.behaviour.predictive.compare_signatures`.
    signature : str
        Its name. At most 4 curves are drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    require_known("signature", signature, comparison["signature"].unique())
    rows = comparison[comparison["signature"] == signature]
    ax = axes_or_new(ax, SINGLE, PANEL_HEIGHT + 6)
    curves = list(dict.fromkeys(rows["curve"]))[:MOST_CURVES]
    places, texts = _places(rows["x"])
    for number, (curve, look) in enumerate(zip(curves, LOOKS, strict=False)):
        part = rows[rows["curve"] == curve]
        shift = 0.0 if texts is None else 0.16 * (number - (len(curves) - 1) / 2)
        at = np.array([places[value] for value in part["x"]]) + shift
        _draw_simulated(ax, at, part, look[0], joined=texts is None)
        _draw_real(ax, at, part, *look, label=None if len(curves) == 1 else curve)
    if texts is not None:
        ax.set_xticks(range(len(texts)), texts)
        ax.set_xlim(-0.5, len(texts) - 0.5)
        # bars would pin the axis to the lowest edge of a band
        ax.use_sticky_edges = False
        ax.autoscale_view(scalex=False)
    elif all(place == round(place) for place in places.values()):
        ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_title(signature[:1].upper() + signature[1:], pad=14 if len(curves) > 1 else None)
    ax.set_xlabel(_first(rows, "x_name"))
    ax.set_ylabel(_first(rows, "quantity"))
    if len(curves) > 1:
        ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.99), ncols=2, borderaxespad=0.1)
    return ax


@styled
def plot_predictive_panels(comparison: pd.DataFrame) -> Figure:
    """All signatures, one panel each.

    Parameters
    ----------
    comparison : pandas.DataFrame
        Signatures of subjects and simulations, as in `plot_predictive`.

    Returns
    -------
    matplotlib.figure.Figure
        Of the width of two columns; says in how many points subjects lie inside the band.
    """
    names = list(dict.fromkeys(comparison["signature"]))
    if not names:
        figure = new_figure(SINGLE, 24)
        say_empty(figure.add_subplot(), "no signature to compare")
        return figure
    n_columns = 2 if len(names) in (2, 4) else min(3, len(names))
    n_rows = -(-len(names) // n_columns)
    figure = new_figure(DOUBLE, PANEL_HEIGHT * n_rows + 10)
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, name in zip(panels, names, strict=False):
        plot_predictive(comparison, signature=name, ax=ax)
    for ax in panels[len(names) :]:
        ax.remove()
    figure.legend(handles=_key(panels[0]), loc="outside lower center", ncols=3)
    return figure


def _draw_simulated(ax, at, part, colour, *, joined):
    """Band and mean over repeats; short bars where x has no order."""
    low, high, mean = (part[f"simulated_{name}"] for name in ("low", "high", "mean"))
    if joined:
        ax.fill_between(at, low, high, color=colour, alpha=0.25, lw=0, zorder=1)
        ax.plot(at, mean, color=colour, lw=0.9, zorder=2)
    else:
        ax.bar(at, high - low, 0.13, bottom=low, color=colour, alpha=0.3, lw=0, zorder=1)
        ax.hlines(mean, at - 0.065, at + 0.065, color=colour, lw=0.9, zorder=2)


def _draw_real(ax, at, part, colour, marker, *, label):
    """Mean over subjects and its standard error."""
    error = part["standard_error"].fillna(0.0)
    ax.errorbar(at, part["mean"], error, fmt="none", ecolor=INK, elinewidth=0.7, zorder=3)
    inside = part["inside"].to_numpy()
    for which, face in ((inside, colour), (~inside, "white")):
        look = {"s": 13, "marker": marker, "facecolors": face, "edgecolors": colour, "zorder": 4}
        ax.scatter(at[which], part["mean"][which], linewidths=0.8, **look)
    if label is not None:
        ax.scatter([], [], s=13, marker=marker, color=colour, label=label)


def _places(values):
    """Place of every x on the axis; and the texts at the places where x is not a number."""
    distinct = list(dict.fromkeys(values))
    numbers = pd.to_numeric(pd.Series(distinct, dtype=object), errors="coerce")
    if numbers.notna().all() and len(distinct):
        return dict(zip(distinct, numbers.astype(float), strict=True)), None
    return {value: float(place) for place, value in enumerate(distinct)}, distinct


def _first(rows, name):
    text = str(rows[name].iloc[0])
    return text[:1].upper() + text[1:]


def _key(ax):
    """What marks stand for, in grey: the same in every panel."""
    band = ax.fill_between([], [], [], color=GREY, alpha=0.4, lw=0, label="simulated: mean, 95 %")
    dot = {"marker": "o", "s": 13, "edgecolors": GREY, "linewidths": 0.8}
    inside = ax.scatter([], [], facecolors=GREY, label="subjects: mean, s.e.", **dot)
    outside = ax.scatter([], [], facecolors="white", label="subjects, outside the band", **dot)
    return [band, inside, outside]
