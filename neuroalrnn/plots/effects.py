"""Forest plots of any table of effects: estimates with their intervals, one row per effect."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import (
    BLUE,
    DOUBLE,
    GREY,
    INK,
    SINGLE,
    axes_or_new,
    new_figure,
    styled,
)
from neuroalrnn.stats.checks import require_columns
from neuroalrnn.stats.defaults import LEVEL

MOST_ROWS = 30
LONGEST_NAME = 34
PER_ROW = 3


@styled
def plot_effects(
    effects: pd.DataFrame,
    *,
    name: str | Sequence[str] = "effect",
    names: bool = True,
    n_rows: int = MOST_ROWS,
    ax: Axes | None = None,
) -> Axes:
    """Effects with their 95 % intervals, in the order of the table; filled where q < .05.

    Parameters
    ----------
    effects : pandas.DataFrame
        Effects on one scale, see `neuroalrnn.stats.effects.effect_table`: ``estimate, ci_low,
        ci_high`` and ``q``, or else ``p``; also ``scale`` and ``n_subjects`` where known.
    name : str or list of str
        Columns that name a row.
    names : bool
        Whether to name the rows.
    n_rows : int
        Rows drawn at most.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Numbers at the right are subjects and q (or p). An interval far longer than most is cut,
        and a triangle marks where it goes on.
    """
    named = [name] if isinstance(name, str) else list(name)
    require_columns("effects", effects, ["estimate", "ci_low", "ci_high", *named])
    rows = effects.iloc[:n_rows]
    ax = axes_or_new(ax, SINGLE, 22 + 5 * max(len(rows), 1))
    scales = effects["scale"].dropna().unique().tolist() if "scale" in effects else []
    ax.set_xlabel(fill(f"Estimate ({', '.join(scales)})" if len(scales) else "Estimate", 42))
    if not len(rows):
        say_empty(ax, "no effect")
        return ax
    kind = next((each for each in ("q", "p") if each in rows), None)
    limits = shown_range(rows)
    ax.set_xlim(*limits)
    for position, row in enumerate(rows.to_dict("records")):
        _draw_row(ax, position, row, kind, limits)
    _beside(ax, -0.95, "n" if "n_subjects" in rows else "", kind or "")
    ax.axvline(0, color=INK, lw=0.6, ls=":", zorder=0)
    ax.set_yticks(range(len(rows)), row_names(rows, name) if names else [""] * len(rows))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(rows) - 0.4, -0.7)
    ax.locator_params(axis="x", nbins=4)
    if len(effects) > len(rows):
        ax.set_title(f"first {len(rows)} of {len(effects)} effects", weight="normal", color=GREY)
    return ax


@styled
def plot_effects_panels(
    effects: pd.DataFrame, *, name: str | Sequence[str] = "effect", n_rows: int = MOST_ROWS
) -> Figure:
    """One panel per scale: side by side where the rows are the same, else below each other.

    Parameters
    ----------
    effects : pandas.DataFrame
        As in `plot_effects`, with a column ``scale``.
    name : str or list of str
        Columns that name a row.
    n_rows : int
        Rows drawn at most.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    require_columns("effects", effects, ["scale", *([name] if isinstance(name, str) else name)])
    parts = [part for _, part in effects.fillna({"scale": ""}).groupby("scale", sort=False)]
    if not parts:
        figure = new_figure(SINGLE, 24)
        say_empty(figure.add_subplot(), "no effect")
        return figure
    rows = [row_names(part.iloc[:n_rows], name) for part in parts]
    sizes = [5 * len(part) + 14 for part in rows]
    beside = 1 < len(parts) <= PER_ROW and all(each == rows[0] for each in rows)
    if beside:
        figure = new_figure(DOUBLE, 8 + sizes[0])
        panels = figure.subplots(1, len(parts), squeeze=False)[0]
    else:
        figure = new_figure(SINGLE, 8 + sum(sizes))
        panels = figure.subplots(len(parts), 1, squeeze=False, height_ratios=sizes)[:, 0]
    for index, (ax, part) in enumerate(zip(panels, parts, strict=True)):
        own = index == 0 or not beside
        plot_effects(part, name=name, names=own, n_rows=n_rows, ax=ax)
    return figure


def row_names(rows, name):
    """Names of effects, wrapped into lines."""
    columns = [name] if isinstance(name, str) else list(name)
    parts = [rows[column].map(str) for column in columns]
    return [fill(", ".join(each), LONGEST_NAME) for each in zip(*parts, strict=True)]


def shown_range(rows):
    """Limits around zero that show every estimate; an interval far longer than most is cut."""
    if not rows["estimate"].notna().any():
        return -1.0, 1.0
    extent = np.maximum(rows["ci_low"].abs(), rows["ci_high"].abs()).dropna()
    most = 1.15 * rows["estimate"].abs().max()
    if len(extent):
        most = max(most, min(1.1 * extent.max(), 4 * extent.median()))
    ends = rows[["estimate", "ci_low", "ci_high"]].to_numpy(dtype=float)
    reach = np.array([min(np.nanmin(ends), 0.0), max(np.nanmax(ends), 0.0)]).clip(-most, most)
    margin = 0.05 * (reach[1] - reach[0]) or 1.0
    return reach[0] - margin, reach[1] + margin


def _draw_row(ax, position, row, kind, limits):
    if not np.isfinite(row["estimate"]):
        where = {"xycoords": ("axes fraction", "data"), "ha": "center", "va": "center"}
        paper = {"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"}
        ax.annotate("not testable", (0.5, position), color=GREY, bbox=paper, **where)
        return
    value = row[kind] if kind else np.nan
    look = {"color": BLUE, "marker": "o", "ms": 4, "mfc": BLUE if value < LEVEL else "white"}
    ends = np.array([row["ci_low"], row["ci_high"]], dtype=float)
    error = np.abs(ends - row["estimate"])[:, None] if np.isfinite(ends).all() else None
    ax.errorbar(row["estimate"], position, xerr=error, lw=1.2, zorder=2, **look)
    for end, limit, marker in zip(ends, limits, "<>", strict=True):
        if abs(end) > abs(limit) and end * limit > 0:
            ax.plot(limit, position, marker, color=BLUE, ms=3, clip_on=False)
    _beside(ax, position, f"{row['n_subjects']}" if "n_subjects" in row else "", _short(value))


def _short(value):
    if not np.isfinite(value):
        return ""
    return f"{value:.3f}" if value >= 0.001 else "<.001"


def _beside(ax, position, n_subjects, q):
    """Two columns of small print right of the axes."""
    for text, shift in ((n_subjects, 12), (q, 33)):
        ax.annotate(
            text,
            (1, position),
            xycoords=("axes fraction", "data"),
            xytext=(shift, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=INK,
            size=6,
            annotation_clip=False,
        )
