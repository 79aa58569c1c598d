"""What tasks share in one network: variance of latents, overlap, frozen units, and the nulls."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroalrnn.mechanism.sharing import Sharing
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import (
    BLUE,
    DOUBLE,
    FAINT,
    GREY,
    INK,
    new_figure,
    styled,
)

# names of tasks that fit below their columns without being turned
LEVEL_NAMES, LEVEL_TASKS = 6, 6
WORDS = {
    "co_switching": "co-switching",
    "shared_engagement": "engagement",
    "shared_cost": "cost",
    "overlap": "overlap",
}


@styled
def plot_sharing_panels(sharing: Sharing) -> Figure:
    """Four panels: task variance, overlap beside its null, cost of freezing, all nulls.

    Parameters
    ----------
    sharing : Sharing
        From `neuroalrnn.mechanism.sharing.measure_sharing`.

    Returns
    -------
    matplotlib.figure.Figure
        The overlap is below the diagonal and the mean of random networks above it; a dot marks
        pairs that share more than under all nulls (``q <= .05``). Dots in the map of costs mark
        tasks that a frozen unit hurts. Bands reach to the 95 % quantile of a null, ticks are its
        mean, and a point is filled if p is at most .05.
    """
    n_tasks = sharing.variance["task"].nunique()
    n_latents = sharing.variance["latent"].nunique()
    n_rows = int(sharing.summary["decides"].sum())
    top = float(np.clip(18 + 2.6 * n_latents, 52, 110))
    bottom = max(44 + 2.2 * n_tasks, 26 + 6 * n_rows)
    figure = new_figure(DOUBLE, top + bottom)
    panels = figure.subplots(2, 2, height_ratios=[top, bottom], width_ratios=[1.0, 1.0])
    draw = (_draw_variance, _draw_freezing, _draw_overlap, _draw_nulls)
    for letter, ax, panel in zip("abcd", panels.flat, draw, strict=True):
        title = panel(ax, sharing)
        ax.set_title(f"{letter}  {title}")
    return figure


def _draw_variance(ax: Axes, sharing: Sharing) -> str:
    order = _by_cluster(sharing)
    table = sharing.variance.pivot(index="latent", columns="task", values="relative_variance")
    table = table[sharing.variance["task"].unique()].loc[order]
    _draw_map(ax, table, "Variance over largest", vmin=0, vmax=1, cmap="cividis")
    unit = sharing.variance.drop_duplicates("latent").set_index("latent")["unit"]
    names = [f"{unit[k] + 1}" if unit[k] >= 0 else "linear" for k in order]
    _name_rows(ax, names)
    ax.set_ylabel("Latent (PWL unit)")
    cluster = sharing.clusters.set_index("latent")["cluster"].reindex(order).to_numpy()
    for row in np.flatnonzero(cluster[1:] != cluster[:-1]):
        if np.isfinite(cluster[row]):
            ax.axhline(row + 0.5, color="white", lw=1.4)
    rotation = sharing.rotation.iloc[0]
    p = rotation["p"]
    found = "" if np.isnan(p) else f": {rotation['n_clusters']:.0f} clusters, p = {p:.3f}"
    return f"Task variance{found}"


def _by_cluster(sharing):
    """Latents, those of a cluster together; those that hardly vary come last."""
    cluster = sharing.clusters.set_index("latent")["cluster"]
    latents = pd.Index(sharing.variance["latent"].unique())
    return cluster.reindex(latents).sort_values(kind="stable", na_position="last").index.to_numpy()


def _draw_freezing(ax: Axes, sharing: Sharing) -> str:
    title = "Cost of freezing"
    if not len(sharing.freezing):
        say_empty(ax, "no unit was frozen")
        return title
    tasks = sharing.freezing["task"].unique()
    cost, hurts = (
        sharing.freezing.pivot(index="unit", columns="task", values=name)[tasks]
        for name in ("cost", "hurts")
    )
    # of each task, as tasks differ in what there is to lose
    share = cost.clip(lower=0) / cost.max().clip(lower=np.finfo(float).tiny)
    _draw_map(ax, share, "Cost over largest of task", vmin=0, vmax=1, cmap="cividis")
    _mark(ax, np.argwhere(hurts.to_numpy()), share.to_numpy())
    _name_rows(ax, [f"{unit + 1}" for unit in cost.index])
    ax.set_ylabel("PWL unit")
    index = sharing.sharing_index
    return f"{title}: " + ("none hurts" if np.isnan(index) else f"{index:.1f} tasks per unit")


def _draw_overlap(ax: Axes, sharing: Sharing) -> str:
    rows = sharing.nulls.query("measure == 'overlap' and null == 'random networks'")
    names = list(sharing.variance["task"].unique())
    matrix = np.full((len(names), len(names)), np.nan)
    first, second = ([names.index(each) for each in rows[name]] for name in ("task", "other_task"))
    matrix[second, first] = rows["value"]
    matrix[first, second] = rows["null_mean"]
    _draw_map(
        ax, pd.DataFrame(matrix, names, names), "Overlap of regimes", vmin=0, vmax=1, cmap="cividis"
    )
    shared = sharing.pairs.query("is_shared")
    places = [
        (names.index(b), names.index(a)) for a, b in shared[["task", "other_task"]].to_numpy()
    ]
    _mark(ax, places, matrix)
    _name_rows(ax, names)
    return "Overlap (below), random networks (above)"


def _draw_nulls(ax: Axes, sharing: Sharing) -> str:
    rows = sharing.summary.query("decides")
    for y, (_, row) in enumerate(rows.iterrows()):
        ax.barh(y, row["null_95"], 0.62, color=GREY, alpha=0.4, lw=0, zorder=1)
        ax.plot([row["null_mean"]] * 2, [y - 0.31, y + 0.31], color=INK, lw=0.8, zorder=2)
        colour = BLUE if row["p"] <= 0.05 else "white"
        ax.plot(row["value"], y, "o", mfc=colour, mec=BLUE, ms=4.5, clip_on=False, zorder=3)
        text = "not testable" if np.isnan(row["p"]) else f"p = {row['p']:.3f}"
        where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        ax.annotate(text, (1, y), (6, 0), va="center", size=6, annotation_clip=False, **where)
    ax.set_yticks(range(len(rows)), rows["null"] + ":\n" + rows["measure"].map(WORDS))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(min(0, rows["value"].min()), 1)
    ax.axvline(0, color=FAINT, lw=0.6, zorder=0)
    ax.set_xlabel("Mean over pairs of tasks")
    return "Shared" if sharing.is_shared else "Not more shared than under every null"


def _draw_map(ax, table, label, **look):
    image = ax.imshow(table.to_numpy(float), aspect="auto", **look)
    names = [str(name) for name in table.columns]
    is_level = len(names) <= LEVEL_TASKS and max(map(len, names)) <= LEVEL_NAMES
    turned = {} if is_level else {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(names)), names, **turned)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label=label, pad=0.02)


def _name_rows(ax, names):
    ax.set_yticks(range(len(names)), names)


def _mark(ax, places, values):
    """Dots in some cells, that can be told from the colour of the cell."""
    for row, column in places:
        colour = INK if values[row, column] > 0.6 else "white"
        ax.plot(column, row, "o", ms=2.6, mfc=colour, mew=0)
