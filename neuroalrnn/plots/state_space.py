"""Phase portraits: example trials, regions, flow, fixed points and lines in a plane."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from neuroalrnn.mechanism.dynamics.portrait import Portrait
from neuroalrnn.plots.style import (
    GREY,
    INK,
    MOST_REGIMES,
    SINGLE,
    axes_or_new,
    level,
    regime_colour,
    regime_name,
    styled,
)

TINT = 0.16
MOST_NAMED = 8
OUTLINE = [Stroke(linewidth=3.4, foreground="white"), Normal()]


@styled
def plot_state_space(portrait: Portrait, *, legend: bool = True, ax: Axes | None = None) -> Axes:
    """Example trials in a plane of latent space, with what the network makes of every state there.

    Parameters
    ----------
    portrait : Portrait
        From `neuroalrnn.mechanism.dynamics.portrait.compute_portrait`.
    legend : bool
        Whether regimes and fixed points are named.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Trials have the colours of their regimes, white dots where they start; regions are tinted
        where trials visit them. Arrows point along the next step under the constant input, their
        lengths in proportion to it up to a limit. Fixed points are filled if real and open if
        virtual, circles if stable and diamonds if not. Boundaries carry the number of their unit.

    Notes
    -----
    With more than two latents, trials and fixed points are projections: they need not lie in the
    region that they are drawn over, and their colours tell their regimes.
    """
    ax = axes_or_new(ax, SINGLE, 66)
    _tint_regions(ax, portrait)
    _draw_flow(ax, portrait)
    _draw_boundaries(ax, portrait)
    _draw_paths(ax, portrait.paths)
    _draw_lines(ax, portrait.lines)
    _draw_points(ax, portrait)
    ax.set(xlim=portrait.limits[0], ylim=portrait.limits[1])
    names = [name[:1].upper() + name[1:] for name in portrait.plane.names]
    ax.set(xlabel=names[0], ylabel=names[1])
    if not names[1]:
        ax.set_yticks([])
    ax.spines[:].set_visible(True)
    if legend:
        entries = state_space_handles(portrait)
        ax.legend(handles=entries, loc="upper left", bbox_to_anchor=(1, 1), alignment="left")
    return ax


def state_space_handles(portrait):
    """Legend entries for what a portrait shows."""
    shown = [*portrait.paths["regime"], *portrait.points["regime"], *portrait.lines["regime"]]
    labels = np.unique(np.minimum(shown, MOST_REGIMES))
    handles = [
        Line2D([], [], color=regime_colour(k), lw=2, label=regime_name(k)) for k in labels if k >= 0
    ]
    if (labels < 0).any():
        handles.append(Line2D([], [], color=regime_colour(-1), lw=2, label="unvisited regimes"))
    start = {"marker": "o", "ms": 2.6, "mfc": "white", "mew": 0.6}
    handles.append(Line2D([], [], color=GREY, lw=0.8, label="trial, from its start", **start))
    kinds = _inside(portrait)[["is_real", "is_stable"]].drop_duplicates()
    for row in kinds.sort_values(["is_real", "is_stable"], ascending=False).itertuples():
        name = f"{'real' if row.is_real else 'virtual'}, {'' if row.is_stable else 'un'}stable"
        handles.append(Line2D([], [], lw=0, label=name, **_look(GREY, row)))
    for kind in portrait.lines["kind"].unique():
        look = {"color": GREY, "lw": 2.2, "ls": _dashes(kind)}
        handles.append(Line2D([], [], label=_line_names(kind), **look))
    if len(portrait.boundaries):
        handles.append(Line2D([], [], color=INK, lw=0.7, ls="--", label="boundary of a unit"))
    values = [f"{name} = {level(float(f'{value:.2g}'))}" for name, value in portrait.inputs.items()]
    flow = {"color": GREY, "lw": 0, "marker": r"$\rightarrow$", "ms": 7, "mew": 0}
    name = "step under\n" + (",\n".join(values) if values else "zero input")
    return [*handles, Line2D([], [], label=name, **flow)]


def _tint_regions(ax, portrait):
    labels = portrait.regions
    colours = [
        to_rgba("white"),
        *(to_rgba(regime_colour(k), TINT) for k in range(MOST_REGIMES + 1)),
    ]
    image = np.array(colours)[np.minimum(labels, MOST_REGIMES) + 1]
    extent = portrait.limits.ravel()
    ax.imshow(image, origin="lower", extent=extent, aspect="auto", zorder=0)


def _draw_flow(ax, portrait):
    flow = portrait.flow
    cell = np.ptp(portrait.limits, axis=1) / np.sqrt(len(flow))
    steps = flow[["dx", "dy"]].to_numpy()
    length = np.linalg.norm(steps / cell, axis=1)
    most = max(np.quantile(length, 0.9), 1e-12)
    shrink = 0.9 * np.minimum(length / most, 1) / np.maximum(length, 1e-12)
    look = {
        "color": GREY,
        "alpha": 0.7,
        "width": 0.003,
        "headwidth": 4,
        "headlength": 4,
        "headaxislength": 3.5,
    }
    look |= {"angles": "xy", "scale_units": "xy", "scale": 1, "minlength": 0, "pivot": "middle"}
    ax.quiver(flow["x"], flow["y"], *(steps * shrink[:, None]).T, zorder=1, **look)


def _draw_boundaries(ax, portrait):
    n = len(portrait.boundaries)
    for index, row in enumerate(portrait.boundaries.itertuples()):
        x, y = (row.x, row.x_end), (row.y, row.y_end)
        ax.plot(x, y, color=INK, lw=0.7, ls="--", zorder=2)
        if n <= MOST_NAMED:
            # at different places, since boundaries often meet
            share = 0.94 - 0.8 * index / MOST_NAMED
            place = x[0] + share * (x[1] - x[0]), y[0] + share * (y[1] - y[0])
            box = {"boxstyle": "circle,pad=0.15", "fc": "white", "ec": INK, "lw": 0.4}
            ax.text(*place, f"{row.unit}", ha="center", va="center", size=5.5, bbox=box, zorder=7)


def _draw_paths(ax, paths):
    for _, path in paths.groupby("path"):
        places = path[["x", "y"]].to_numpy()
        colours = [regime_colour(label) for label in path["regime"]]
        pieces = np.stack([places[:-1], places[1:]], axis=1)
        ax.add_collection(LineCollection(pieces, colors=colours[:-1], linewidths=0.8, zorder=3))
        ax.scatter(*places[1:].T, s=3, c=colours[1:], linewidths=0, zorder=3)
        start = {"s": 7, "c": "white", "edgecolors": colours[:1], "linewidths": 0.6}
        ax.scatter(*places[:1].T, zorder=4, **start)


def _draw_lines(ax, lines):
    for row in lines.itertuples():
        look = {"color": regime_colour(row.regime), "lw": 2.2, "ls": _dashes(row.kind)}
        ends = [row.x, row.x_end], [row.y, row.y_end]
        ax.plot(*ends, path_effects=OUTLINE, solid_capstyle="butt", zorder=2.5, **look)


def _draw_points(ax, portrait):
    shown = _inside(portrait)
    for row in shown.itertuples():
        ax.plot(row.x, row.y, lw=0, zorder=6, **_look(regime_colour(row.regime), row))
    outside = portrait.points.drop(shown.index)
    counts = {"real": outside["is_real"].sum(), "virtual": (~outside["is_real"]).sum()}
    parts = [f"{n} {kind} fixed point{'s' if n > 1 else ''}" for kind, n in counts.items() if n]
    if parts:
        text = f"outside: {', '.join(parts)}"
        ax.set_title(text, loc="right", size=6, weight="normal", color=GREY)


def _inside(portrait):
    """Fixed points within the frame."""
    points, (x, y) = portrait.points, portrait.limits
    return points[points["x"].between(*x) & points["y"].between(*y)]


def _look(colour, row):
    face = colour if row.is_real else "white"
    edge = INK if row.is_real else colour
    marker = ("o", 5.5) if row.is_stable else ("D", 4.8)
    return {"marker": marker[0], "ms": marker[1], "mfc": face, "mec": edge, "mew": 0.9}


def _dashes(kind):
    return (0, (1.2, 0.6)) if kind == "slow manifold" else "-"


def _line_names(kind):
    return {"line": "line of fixed points", "plane": "plane of fixed points"}.get(kind, kind)
