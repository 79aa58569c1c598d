"""Which regime follows which, as a directed graph."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path

from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import (
    INK,
    MOST_REGIMES,
    OTHER_COLOUR,
    SINGLE,
    axes_or_new,
    regime_colour,
    styled,
)

FEW = 5
BEND, LOOP = 0.2, 0.3
SMALLEST, SMALLEST_OTHER, LARGEST = 0.085, 0.15, 0.27
WIDEST, THINNEST = 3.6, 0.4
LAYOUTS = ("use", "similarity")


@styled
def plot_regime_graph(
    edges: pd.DataFrame,
    *,
    labels: Mapping[int, int] | None = None,
    layout: str = "use",
    leaving: bool = False,
    least: float = 0.05,
    most: int = MOST_REGIMES,
    ax: Axes | None = None,
) -> Axes:
    """Draw regimes as nodes and their transitions as arrows.

    The area of a node is the share of steps in it (but for a smallest size), the width of an arrow
    the probability of the next regime, its colour that of the regime it leaves. With few regimes
    the probabilities are written beside the arrows.

    Parameters
    ----------
    edges : pandas.DataFrame
        From `neuroalrnn.regimes.transitions.compute_regime_graph`; what it is grouped by is
        pooled.
    labels : dict of int -> int, optional
        Label of each sign pattern, so that regimes have the number and colour of other figures;
        default by falling use.
    layout : {"use", "similarity"}
        Order around the circle, clockwise from the top: by label, or as in a reflected Gray code,
        so that regimes that differ in few units tend to be neighbours.
    leaving : bool
        Probabilities given that the regime is left, without loops.
    least : float
        Arrows of smaller probability are not drawn.
    most : int
        Regimes with a node of their own; all others share the node "other". Readable up to 16.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    DataError
        Unknown layout, or a regime without a label.
    """
    if layout not in LAYOUTS:
        raise DataError(f"layout: found {layout!r}, expected one of {', '.join(LAYOUTS)}")
    ax = axes_or_new(ax, SINGLE, 78)
    ax.set_axis_off()
    if not len(edges):
        say_empty(ax, "no transition")
        return ax
    counts, gray = count_pairs(edges, labels, most)
    use = counts.sum(axis=1).to_numpy()
    if leaving:
        counts = counts * (1 - np.eye(len(counts), dtype=int))
    probability = counts.to_numpy() / np.maximum(counts.sum(axis=1).to_numpy(), 1)[:, None]
    order = np.argsort(gray, kind="stable") if layout == "similarity" else np.arange(len(use))
    places = _circle(order)
    nodes = _draw_nodes(ax, places, use, counts.index, most)
    _draw_edges(ax, nodes, counts.index, use / use.sum(), probability, least)
    reach = 1.05 + max(node.radius for node in nodes) + (0.0 if leaving else LOOP)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    _width_legend(ax, least)
    return ax


def count_pairs(edges, labels=None, most=MOST_REGIMES):
    """Numbers of pairs between labelled regimes, the rarer of which share the last row.

    Parameters
    ----------
    edges : pandas.DataFrame
        Columns ``from, to, n_pairs``.
    labels : dict of int -> int, optional
    most : int

    Returns
    -------
    counts : pandas.DataFrame
        A row per regime and a column per next regime.
    gray : array (regime,)
        Position of the sign pattern in the reflected Gray code; infinite for the shared row.

    Raises
    ------
    DataError
    """
    codes = pd.Index(sorted({*edges["code"], *edges["code_next"]}))
    if labels is None:
        use = edges.groupby("code")["n_pairs"].sum().reindex(codes, fill_value=0)
        ranked = use.sort_values(ascending=False, kind="stable").index
        labels = {code: label for label, code in enumerate(ranked)}
    unknown = [str(code) for code in codes if code not in labels]
    if unknown:
        raise DataError(f"labels: found none for sign patterns {', '.join(unknown)}")
    ends = [edges[end].map(labels).clip(upper=most) for end in ("code", "code_next")]
    counts = edges.groupby(ends)["n_pairs"].sum().unstack(fill_value=0)
    used = sorted({*counts.index, *counts.columns})
    counts = counts.reindex(index=used, columns=used, fill_value=0)
    code = {label: code for code, label in labels.items()}
    gray = [_gray_position(code[label]) if label < most else np.inf for label in used]
    return counts, np.array(gray)


def _gray_position(code):
    """Inverse of ``n ^ (n >> 1)``."""
    position = 0
    while code:
        position ^= code
        code >>= 1
    return position


def _circle(order):
    angle = np.empty(len(order))
    angle[order] = np.pi / 2 - 2 * np.pi * np.arange(len(order)) / len(order)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1.0 if len(order) > 1 else 0.0)


def _draw_nodes(ax, places, use, names, most):
    """Circles that leave room between neighbours, with their labels."""
    widest = min(LARGEST, 0.8 * np.sin(np.pi / len(use))) if len(use) > 1 else LARGEST
    smallest = np.where(names < most, SMALLEST, SMALLEST_OTHER)
    radius = np.maximum(widest * np.sqrt(use / max(use.max(), 1)), smallest)
    nodes = []
    for place, size, name in zip(places, radius, names, strict=True):
        colour = regime_colour(name) if name < most else OTHER_COLOUR
        node = Circle(place, size, facecolor=colour, edgecolor="white", lw=0.8, zorder=3)
        nodes.append(ax.add_patch(node))
        text, size = (f"{name}", 7) if name < most else ("other", 6)
        ink = "white" if is_dark(colour) else INK
        ax.text(
            *place, text, ha="center", va="center", color=ink, weight="bold", size=size, zorder=5
        )
    return nodes


def _draw_edges(ax, nodes, labels, share, probability, least):
    for i, j in np.argwhere((probability >= least) & (probability > 0)):
        look = {
            "arrowstyle": "-|>,head_length=3.2,head_width=1.6",
            "color": nodes[i].get_facecolor(),
            "lw": _width(probability[i, j]),
            "alpha": 1.0 if labels[i] < MOST_REGIMES else 0.6,
            # what happens often lies on top
            "zorder": 2 + share[i] * probability[i, j],
            "joinstyle": "miter",
            "capstyle": "butt",
        }
        start, stop = (np.array(nodes[k].center) for k in (i, j))
        if i == j:
            path, middle = _loop(nodes[i])
            arrow = FancyArrowPatch(path=path, **look)
        else:
            ends = {"patchA": nodes[i], "patchB": nodes[j], "shrinkA": 0, "shrinkB": 1}
            bend = f"arc3,rad={BEND}"
            arrow = FancyArrowPatch(start, stop, connectionstyle=bend, **ends, **look)
            across = np.array([stop[1] - start[1], start[0] - stop[0]])
            middle = 0.55 * start + 0.45 * stop + 0.5 * BEND * across
        ax.add_patch(arrow)
        if len(nodes) <= FEW:
            text = f"{probability[i, j]:.2f}".removeprefix("0")
            box = {"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none", "alpha": 0.85}
            ax.text(*middle, text, ha="center", va="center", size=6, color=INK, bbox=box, zorder=4)


def is_dark(colour):
    """Whether text on a colour should be white (relative luminance below 0.2)."""
    red, green, blue = to_rgb(colour)
    return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 < 0.2


def _width(probability):
    return max(WIDEST * probability, THINNEST)


def _loop(node):
    """Path of an arrow from a node to itself, on the side away from the centre; and its apex."""
    centre, size = np.array(node.center), node.radius
    out = centre / max(np.hypot(*centre), 1e-9) if np.hypot(*centre) else np.array([0.0, 1.0])
    side = np.array([-out[1], out[0]])
    reach = size + 1.15 * LOOP
    ends = [size * (np.cos(0.55) * out + sign * np.sin(0.55) * side) for sign in (1, -1)]
    knots = [ends[0], reach * out + LOOP * side, reach * out - LOOP * side, ends[1]]
    path = Path(centre + np.array(knots), [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    return path, centre + (0.25 * size * np.cos(0.55) + 0.75 * reach) * out


def _width_legend(ax, least):
    shown = [value for value in (1.0, 0.5, 0.1) if value >= least]
    handles = [Line2D([], [], color=INK, lw=_width(p), label=f"{p:g}") for p in shown]
    title = f"probability (\N{GREATER-THAN OR EQUAL TO} {least:g} drawn)"
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.02), "ncols": len(handles)}
    ax.legend(handles=handles, title=title, title_fontsize=6.5, borderaxespad=0, **place)
