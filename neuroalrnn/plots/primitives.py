"""Computational primitives: effects in every network against their null distributions."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from neuroalrnn.mechanism.primitives.detection import Detection
from neuroalrnn.plots.layout import grouped_positions, say_empty
from neuroalrnn.plots.style import (
    DOUBLE,
    GREY,
    INK,
    PALETTE,
    PURPLE,
    SKY,
    YELLOW,
    axes_or_new,
    signed,
    styled,
)

EFFECT = PALETTE[0]
NULL_COLOURS = (GREY, SKY, YELLOW, PURPLE)
SHARE = 0.95
# see `neuroalrnn.mechanism.primitives.detect_transients`: distances of mean read-outs, no effects
OTHER_STATISTIC = {("memory-dependent transient", "labels permuted")}
COLUMNS = {"effect": 18, "p": 46, "causal": 76, "causal p": 108}


@styled
def plot_primitives(
    detections: Sequence[Detection], names: Sequence[str] | None = None, *, ax: Axes | None = None
) -> Axes:
    """Effects of primitives in folds or restarts, against what their null distributions give.

    Parameters
    ----------
    detections : list of Detection
        From `neuroalrnn.mechanism.primitives`, of one or several primitives.
    names : sequence of str, optional
        Of the detections, such as folds and the inputs they were looked for on; default their
        positions within their primitive.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        One row per detection, filled if the primitive is present. Bands reach from 0 to the 95 %
        quantile of a null, ticks are medians; a null with a statistic of its own has no band, and
        counts in p, which is the largest over nulls. At the right the effect, p, the effect of the
        causal test and its p.
    """
    n = len(detections)
    found = list(dict.fromkeys(one.primitive for one in detections))
    ax = axes_or_new(ax, DOUBLE, 26 + 5.6 * n + 7 * len(found) if n else 30)
    ax.set_xlabel("Effect")
    if not n:
        say_empty(ax, "no detection")
        return ax
    order = sorted(range(n), key=lambda i: found.index(detections[i].primitive))
    ordered = [detections[i] for i in order]
    names = _own_names(ordered) if names is None else [str(names[i]) for i in order]
    positions = grouped_positions([one.primitive for one in ordered], gap=1.2)
    colours = _null_colours(ordered)
    for one, position in zip(ordered, positions, strict=True):
        _draw_row(ax, one, position, colours)
    ax.set_yticks(positions, names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(positions[-1] + 0.7, -1.5)
    reach = ax.get_xlim()[1]
    ax.set_xlim(-0.025 * reach, reach)
    for name in found:
        members = [one for one in ordered if one.primitive == name]
        first = positions[ordered.index(members[0])]
        count = sum(one.present for one in members)
        _head(ax, first - 0.85, f"{name}: present in {count} of {len(members)}")
    for text, shift in COLUMNS.items():
        _beside(ax, -1.7, text, shift, size=6, weight="bold")
    handles = _handles(colours)
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(handles))
    return ax


def _own_names(detections):
    """Positions within their primitive."""
    seen = [one.primitive for one in detections]
    return [f"network {seen[:i].count(name)}" for i, name in enumerate(seen)]


def _null_colours(detections):
    """Colour of every null that is on the scale of an effect."""
    names = dict.fromkeys(name for one in detections for name in _comparable(one))
    return dict(zip(names, NULL_COLOURS, strict=False))


def _comparable(one):
    """Nulls that are on the scale of the effect."""
    return {
        name: np.asarray(null)
        for name, null in one.nulls.items()
        if len(null) and (one.primitive, name) not in OTHER_STATISTIC
    }


def _draw_row(ax, one, position, colours):
    nulls = _comparable(one)
    height = 0.72 / max(len(colours), 1)
    for index, (name, colour) in enumerate(colours.items()):
        if name in nulls:
            y = position - 0.36 + (index + 0.5) * height
            edge, median = np.quantile(nulls[name], [SHARE, 0.5])
            ax.barh(y, edge, 0.86 * height, color=colour, alpha=0.55, lw=0, zorder=1)
            ends = y - 0.43 * height, y + 0.43 * height
            ax.plot([median, median], ends, color=INK, lw=0.6, zorder=2)
    look = {"mfc": EFFECT if one.present else "white", "mec": EFFECT, "ms": 4.5}
    ax.plot(one.effect, position, "o", clip_on=False, zorder=4, **look)
    p = _short(max(one.p.values())), _short(one.causal_p)
    texts = signed(one.effect, 2), p[0], signed(one.causal, 2), p[1]
    for text, shift in zip(texts, COLUMNS.values(), strict=True):
        _beside(ax, position, text, shift)


def _short(p):
    return f"{p:.3f}" if p >= 0.001 else "<.001"


def _head(ax, position, text):
    where = {"xycoords": ("axes fraction", "data"), "ha": "left", "va": "center"}
    ax.annotate(text, (0, position), (3, 0), textcoords="offset points", weight="bold", **where)


def _beside(ax, position, text, shift, **look):
    """Small print right of the axes."""
    where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    look = {"size": 6, "color": INK, "ha": "center", "va": "center"} | look
    ax.annotate(text, (1, position), (shift, 0), annotation_clip=False, **where, **look)


def _handles(colours):
    handles = [
        Patch(color=colour, alpha=0.55, lw=0, label=f"{name} (95 %)")
        for name, colour in colours.items()
    ]
    look = {"lw": 0, "marker": "o", "mec": EFFECT, "ms": 4.5}
    return [
        Line2D([], [], mfc=EFFECT, label="present", **look),
        Line2D([], [], mfc="white", label="not shown", **look),
        *handles,
    ]
