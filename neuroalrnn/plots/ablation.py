"""What replacing PWL units costs: unit by unit and epoch by epoch, and one after the other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.ablation.summarise import ALL, subject_costs
from neuroalrnn.plots.layout import over_subjects, row_labels, say_empty
from neuroalrnn.plots.style import (
    DOUBLE,
    FAINT,
    GREY,
    INK,
    PALETTE,
    SINGLE,
    axes_or_new,
    level,
    new_figure,
    signed,
    styled,
)
from neuroalrnn.stats.checks import require_columns
from neuroalrnn.stats.defaults import LEVEL

READABLE = 96
STANDS_OUT = 4.0
PER_ROW = 2


@styled
def plot_ablation(
    costs: pd.DataFrame,
    *,
    replacement: str | None = None,
    columns: str | Sequence[str] = "epoch",
    limit: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Ablation map: what replacing each unit costs in each epoch, red where it is needed.

    Parameters
    ----------
    costs : pandas.DataFrame
        From `neuroalrnn.mechanism.ablation.summarise.compare_costs` by ``rank``, `columns` and, if
        there are several, ``replacement``.
    replacement : str, optional
        Default the first one.
    columns : str or list of str
        What divides the map from left to right: the epoch, and conditions.
    limit : float, optional
        Cost at the ends of the colours, nats per trial. Default the largest one, or 4 times the
        90 % quantile if that is less.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Hatched where q is not below .05.
    """
    columns = [columns] if isinstance(columns, str) else list(columns)
    require_columns("ablation map", costs, ["rank", "estimate", "q", *columns])
    rows = _of_replacement(costs, replacement)
    n_ranks = rows["rank"].nunique()
    ax = axes_or_new(ax, SINGLE, 34 + 6 * max(n_ranks, 2))
    if not len(rows):
        say_empty(ax, "no unit to replace")
        return ax
    # in the order of the table, not of the alphabet
    cells = rows[columns].drop_duplicates().reset_index(drop=True)
    place = (
        rows[columns]
        .apply(tuple, axis=1)
        .map({tuple(cell): i for i, cell in enumerate(cells.itertuples(index=False))})
    )
    table = rows.assign(place=place).pivot(index="rank", columns="place", values=["estimate", "q"])
    cost, q = table["estimate"].to_numpy(float), table["q"].to_numpy(float)
    limit = _choose_limit(rows["estimate"]) if limit is None else limit
    image = ax.imshow(cost, vmin=-limit, vmax=limit, cmap="RdBu_r", aspect="auto")
    _mark_cells(ax, cost, q, limit)
    _name_columns(ax, cells)
    _name_ranks(ax, rows)
    beyond = bool((cost < -limit).any()), bool((cost > limit).any())
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[beyond]
    ax.figure.colorbar(image, ax=ax, label="Cost (nats per trial)", extend=extend, pad=0.03)
    if not (q < LEVEL).all():
        mark = Patch(
            fc="white", ec=GREY, hatch="//////", lw=0, label="q \N{GREATER-THAN OR EQUAL TO} .05"
        )
        above = {"loc": "lower right", "bbox_to_anchor": (1, 1)}
        ax.legend(handles=[mark], borderaxespad=0.2 if len(columns) == 1 else 1.7, **above)
    return ax


@styled
def plot_ablation_panels(costs: pd.DataFrame, *, columns: str | Sequence[str] = "epoch") -> Figure:
    """One ablation map per replacement, all with the same colours.

    Parameters
    ----------
    costs : pandas.DataFrame
        Costs of all replacements, as in `plot_ablation`.
    columns : str or list of str
        What divides the map from left to right: the epoch, and conditions.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    require_columns("ablation map", costs, ("replacement", "rank", "estimate"))
    names = list(costs["replacement"].unique())
    if not names:
        figure = new_figure(SINGLE, 30)
        say_empty(figure.add_subplot(), "no unit to replace")
        return figure
    n_columns = min(PER_ROW, len(names))
    n_rows = -(-len(names) // n_columns)
    height = n_rows * (32 + 5 * costs["rank"].nunique())
    figure = new_figure(SINGLE if n_columns == 1 else DOUBLE, height)
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    limit = _choose_limit(costs["estimate"])
    for index, ax in enumerate(panels.flat):
        if index >= len(names):
            ax.set_axis_off()
            continue
        plot_ablation(costs, replacement=names[index], columns=columns, limit=limit, ax=ax)
        ax.set_title(str(names[index]), pad=5 if isinstance(columns, str) else 16)
    return figure


@styled
def plot_greedy(
    stages: pd.DataFrame, *, reference: ArrayLike | None = None, ax: Axes | None = None
) -> Axes:
    """What it costs to replace 1, 2, ..., P units together, the least needed first.

    Parameters
    ----------
    stages : pandas.DataFrame
        From `neuroalrnn.mechanism.ablation.order.replace_greedily`.
    reference : array, shape (subject,), optional
        Cost of a network trained without PWL units, nats per trial of each subject.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Means over subjects with standard errors. Folds may differ in P: where not all subjects have
        a network with so many units, numbers above count them, and lines end where they change.
    """
    ax = axes_or_new(ax)
    ax.set_xlabel("Units replaced")
    ax.set_ylabel("Cost (nats per trial,\nmean over subjects \N{PLUS-MINUS SIGN} s.e.)")
    if not len(stages):
        say_empty(ax, "no unit to replace")
        return ax
    by = ["replacement", "n_replaced"]
    means = over_subjects(subject_costs(stages, by), by, "cost")
    names = stages["replacement"].unique()
    ax.axhline(0, color=INK, lw=0.5, ls=":", zorder=0)
    for index, (name, colour) in enumerate(zip(names, PALETTE, strict=False)):
        part = means[means["replacement"] == name]
        x = part["n_replaced"] + 0.09 * (index - (len(names) - 1) / 2)
        # other subjects, another line
        same = (part["n_subjects"] != part["n_subjects"].shift()).cumsum()
        for group, piece in part.assign(x=x).groupby(same):
            look = {"marker": "o", "ms": 3, "color": colour, "elinewidth": 0.8}
            look["label"] = name if group == 1 else None
            error = piece["standard_error"].fillna(0.0)
            ax.errorbar(piece["x"], piece["mean"], error, zorder=3, **look)
    if reference is not None:
        _draw_reference(ax, np.asarray(reference, float))
    counts = means.groupby("n_replaced")["n_subjects"].max()
    if counts.nunique() > 1:
        for x, n in counts.items():
            where = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom"}
            ax.annotate(f"{n}", (x, 1.0), color=GREY, size=6, **where)
        ax.annotate("n", (0, 1.0), xycoords="axes fraction", va="bottom", color=GREY, size=6)
    ax.set_xticks(counts.index)
    ax.set_xlim(0.5, counts.index.max() + 0.5)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def _of_replacement(costs, replacement):
    if "replacement" not in costs or not len(costs):
        return costs
    replacement = costs["replacement"].iloc[0] if replacement is None else replacement
    known = costs["replacement"].unique().tolist()
    if replacement not in known:
        expected = ", ".join(map(str, known))
        raise DataError(f"replacement: found {replacement!r}, expected one of {expected}")
    return costs[costs["replacement"] == replacement]


def _choose_limit(cost):
    size = cost.abs().dropna()
    if not len(size) or not size.max():
        return 1.0
    most = STANDS_OUT * size.quantile(0.9)
    return min(size.max(), most) if most else size.max()


def _mark_cells(ax, cost, q, limit):
    """Numbers where there is room, hatching where a cost is not significant."""
    ax.set_facecolor(FAINT)
    digits = 2 if np.nan_to_num(np.abs(cost)).max() >= 0.1 else 3
    for (i, j), value in np.ndenumerate(cost):
        if not np.isfinite(value):
            continue
        if not q[i, j] < LEVEL:
            look = {"hatch": "//////", "fc": "none", "ec": GREY, "lw": 0, "alpha": 0.55}
            ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, **look))
        if cost.size <= READABLE:
            dark = abs(value) > 0.6 * limit
            halo = [] if dark else [withStroke(linewidth=2, foreground="white")]
            look = {"size": 5.5, "color": "white" if dark else INK, "path_effects": halo}
            ax.text(
                j, i, signed(round(value, digits) + 0.0, digits), ha="center", va="center", **look
            )


def _name_columns(ax, cells):
    """Epochs below the map; with conditions those below, and epochs above."""
    first, rest = cells.iloc[:, 0].map(_epoch_name), cells.iloc[:, 1:]
    starts = np.flatnonzero((first != first.shift()).to_numpy())
    for start in starts[1:]:
        ax.axvline(start - 0.5, color="white", lw=2.5)
    names = list(first)
    if len(rest.columns):
        names = row_labels(rest)
        for start, end in zip(starts, [*starts[1:], len(cells)], strict=True):
            where = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
            place = (start + end - 1) / 2, 1
            ax.annotate(first[start], place, (0, 3), ha="center", va="bottom", **where)
    else:
        ax.set_xlabel(cells.columns[0].capitalize())
    tilted = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(names)), names, **(tilted if sum(map(len, names)) > 40 else {}))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _name_ranks(ax, rows):
    """Ranks, with the number of subjects where it differs: folds may differ in P."""
    counts = rows.groupby("rank")["n_subjects"].max()
    names = [f"{rank:g}" for rank in counts.index]
    if counts.nunique() > 1:
        names = [f"{name} (n = {n})" for name, n in zip(names, counts, strict=True)]
    ax.set_yticks(range(len(names)), names)
    ax.set_ylabel("Rank of the unit")


def _epoch_name(epoch):
    return "all steps" if epoch == ALL else level(epoch)


def _draw_reference(ax, cost):
    cost = cost[np.isfinite(cost)]
    mean = cost.mean()
    error = pd.Series(cost).sem() if len(cost) > 1 else 0.0
    ax.axhspan(mean - error, mean + error, color=GREY, alpha=0.25, lw=0, zorder=1)
    ax.axhline(mean, color=GREY, lw=1, ls="--", zorder=2, label="trained with P = 0")
