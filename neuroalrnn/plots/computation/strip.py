"""One session as a strip: predictions, choices, functional regime and rule, trial by trial."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from neuroalrnn.plots.raster import RULE_GREYS
from neuroalrnn.plots.style import (
    DOUBLE,
    GREY,
    INK,
    MOST_REGIMES,
    OTHER_COLOUR,
    REGIME_COLOURS,
    axes_or_new,
    level,
    regime_colour,
    regime_name,
    styled,
)

MOST_TRIALS, BEFORE = 120, 25
# rows of the strip, from top to bottom
TOP, REGIME, RULE = 1.0, -0.42, -0.72


@styled
def plot_session_strip(
    functional: xr.DataArray,
    probability: xr.DataArray,
    trials: xr.Dataset,
    *,
    subject: str,
    session: str,
    rule: str | None = None,
    called: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw predictions, choices, functional regimes and the rule of some trials of one session.

    Parameters
    ----------
    functional : xarray.DataArray of int, dims (trial,)
        Functional regime of each trial, -1 for none.
    probability : xarray.DataArray, dims (trial, option)
        What the network that never saw the subject predicted.
    trials : xarray.Dataset
        The same trials.
    subject, session : str
        Which session; up to 120 trials of it are drawn, from shortly before the first change of the
        rule on.
    rule : str, optional
        Trial variable shown as a strip.
    called : sequence of str
        What the regimes are called, in order; default their numbers alone.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Dots are predictions in the colour of the regime (white: none), ticks above and
        below are choices. With more than two options, dots are the probability of what was chosen.
    """
    ax = axes_or_new(ax, DOUBLE, 48)
    rows = _trials_shown(trials, subject, session, rule)
    regime, number = functional.values[rows], trials["trial_in_session"].values[rows] + 1
    x, choice = np.arange(len(rows)), trials["choice"].values[rows]
    name = _draw_predictions(ax, x, probability.isel(trial=rows), choice, regime)
    cells = ListedColormap([*REGIME_COLOURS, OTHER_COLOUR])
    _draw_cells(ax, x, REGIME, np.ma.masked_less(np.minimum(regime, MOST_REGIMES), 0), cells)
    names: dict[float, str] = {0.0: "0", 0.5: "0.5", 1.0: "1", REGIME + 0.1: "regime"}
    known = np.empty(0) if rule is None else np.unique(trials[rule].values[rows])
    if rule is not None:
        code = np.searchsorted(known, trials[rule].values[rows]) % len(RULE_GREYS)
        _draw_cells(ax, x, RULE, code, ListedColormap(RULE_GREYS))
        names[RULE + 0.1] = rule
    ax.set_yticks(list(names), list(names.values()))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(min(names) - 0.16, 1.22)
    ax.set_xlim(-0.7, len(rows) - 0.3)
    ticks = np.flatnonzero(number % 10 == 0)
    ax.set_xticks(ticks, number[ticks])
    ax.set_xlabel(f"Trial (subject {subject}, session {session})")
    ax.set_ylabel(name, y=0.68)
    ax.spines[["left", "bottom"]].set_visible(False)
    _name(ax, regime, rule, known, called)
    return ax


def _trials_shown(trials, subject, session, rule):
    own = trials["subject"].values.astype(str) == subject
    rows = np.flatnonzero(own & (trials["session"].values.astype(str) == session))
    rows = rows[np.argsort(trials["trial_in_session"].values[rows], kind="stable")]
    start = 0
    if rule is not None:
        values = trials[rule].values[rows]
        changes = np.flatnonzero(values[1:] != values[:-1])
        start = max(changes[0] + 1 - BEFORE, 0) if len(changes) else 0
    start = max(min(start, len(rows) - MOST_TRIALS), 0)
    return rows[start : start + MOST_TRIALS]


def _draw_predictions(ax, x, probability, choice, regime):
    """Predictions and choices; returns what the axis is called."""
    options = [str(each) for each in probability["option"].values]
    if len(options) == 2:
        predicted, name = probability.values[:, 1], f"P({options[1]})"
        for code in (0, 1):
            here = x[choice == code]
            ax.vlines(here, 1.06 if code else -0.14, 1.14 if code else -0.06, color=INK, lw=0.7)
            ax.annotate(f" chose {options[code]}", (1, 1.1 if code else -0.1), size=6, va="center",
                        xycoords=ax.get_yaxis_transform(), annotation_clip=False)  # fmt: skip
    else:
        known = np.isfinite(choice)
        chosen = np.where(known, choice, 0).astype(int)
        predicted = np.where(known, probability.values[np.arange(len(x)), chosen], np.nan)
        name = "P(choice made)"
    ax.plot(x, predicted, color=GREY, lw=0.4, zorder=1)
    colours = [regime_colour(each) if each >= 0 else "white" for each in regime]
    ax.scatter(x, predicted, s=8, c=colours, lw=0.3, edgecolors=INK, zorder=2)
    return name


def _draw_cells(ax, x, bottom, codes, colours):
    """A strip of one cell per trial; the thin edge hides seams of vector viewers."""
    edges = np.append(x - 0.5, x[-1] + 0.5)
    kind = {"vmin": -0.5, "vmax": colours.N - 0.5, "edgecolors": "face", "linewidth": 0.3}
    ax.pcolormesh(edges, [bottom, bottom + 0.2], codes[None], cmap=colours, **kind)


def _name(ax, regime, rule, known, called):
    used = np.unique(np.minimum(regime[regime >= 0], MOST_REGIMES))
    several = len(called) > 1 or len(used) > 1
    handles = [Patch(color=regime_colour(k), label=regime_name(k, called)) for k in used if several]
    handles += [
        Patch(color=RULE_GREYS[k % len(RULE_GREYS)], label=f"{rule} {level(value)}")
        for k, value in enumerate(known[: len(RULE_GREYS)])
    ]
    if handles:
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": min(len(handles), 4)}
        ax.legend(handles=handles, handlelength=0.9, borderaxespad=0.2, **place)
