"""Whether restarts and folds find the same regimes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import BLUE, GREY, INK, ORANGE, SINGLE, axes_or_new, styled


@styled
def plot_stability(
    pairs: pd.DataFrame, *, limits: Sequence[float] = (), ax: Axes | None = None
) -> Axes:
    """Adjusted Rand index of every pair of networks: restarts by fold, and chosen ones of folds.

    Dots are pairs, the line is their median, grey ticks are the same pairs after circular shifts.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Table ``stability_pairs`` of `neuroalrnn.questions.analyse`.
    limits : sequence of float
        Values to mark.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    pairs = pairs[pairs["adjusted_rand"].notna()]
    rows = [
        (f"restarts, {fold}", part, BLUE)
        for fold, part in pairs[pairs["across"] == "restarts"].groupby("fold", sort=False)
    ]
    between = pairs[pairs["across"] == "folds"]
    rows += [("between folds", between, ORANGE)] if len(between) else []
    ax = axes_or_new(ax, SINGLE, 20 + 5 * max(len(rows), 3))
    ax.set_xlabel("Adjusted Rand index (1: same regimes)")
    if not rows:
        say_empty(ax, "one regime or one network:\nnothing to compare")
        return ax
    for value in limits:
        ax.axvline(value, color=INK, lw=0.6, ls=":", zorder=1)
    for row, (_, part, color) in enumerate(rows):
        offset = np.linspace(-0.25, 0.25, len(part)) if len(part) > 1 else np.zeros(1)
        ax.scatter(
            part["adjusted_rand_shifted"],
            row + offset,
            s=9,
            marker="|",
            color=GREY,
            lw=0.7,
            zorder=2,
        )
        ax.scatter(part["adjusted_rand"], row + offset, s=8, color=color, lw=0, zorder=3)
        middle = part["adjusted_rand"].median()
        ax.plot([middle, middle], [row - 0.36, row + 0.36], color=INK, lw=1.2, zorder=2)
    ax.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(min(-0.05, pairs["adjusted_rand"].min() - 0.05), 1.03)
    ax.tick_params(axis="y", length=0)
    return ax
