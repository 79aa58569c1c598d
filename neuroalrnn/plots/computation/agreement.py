"""How far networks agree about functional regimes, against the number of regimes."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import GREY, INK, SINGLE, axes_or_new, styled

STYLES = (INK, "-"), (GREY, (0, (4, 1.5))), (GREY, ":")


@styled
def plot_functional_agreement(
    functional_agreement: pd.DataFrame, *, limits: Sequence[float] = (), ax: Axes | None = None
) -> Axes:
    """Draw the adjusted Rand index of pairs of folds against the number of functional regimes.

    Parameters
    ----------
    functional_agreement : pandas.DataFrame
        Table ``functional_agreement``.
    limits : sequence of float
        What the median and the lowest index must reach.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Full line: median over pairs of folds; the bar below it reaches to the lowest pair. Dashed
        and dotted: networks with other numbers of units. A circle marks the number that was chosen.
    """
    ax = axes_or_new(ax, SINGLE, 55)
    ax.set_xlabel("Number of regimes that trials are grouped into")
    ax.set_ylabel("Agreement of networks\n(adjusted Rand index)")
    known = functional_agreement[functional_agreement["adjusted_rand"].notna()]
    if not len(known):
        say_empty(ax, "effects are the same on all trials:\nthere is nothing to group")
        return ax
    for value, name in zip(limits, ("median", "lowest"), strict=False):
        ax.axhline(value, color=INK, lw=0.6, ls=":", zorder=1)
        ax.text(1, value, f" {name}", transform=ax.get_yaxis_transform(), va="center", size=6)
    for place, (networks, part) in enumerate(known.groupby("networks", sort=False)):
        colour, dashes = STYLES[min(place, 2)]
        x = part["n_regimes"] + 0.12 * place
        ax.vlines(x, part["adjusted_rand_low"], part["adjusted_rand"], color=colour, lw=1.2)
        ax.plot(x, part["adjusted_rand_low"], "_", color=colour, ms=5)
        ax.plot(x, part["adjusted_rand"], "o", ls=dashes, ms=3.5, color=colour, label=str(networks))
        chosen = part["is_chosen"]
        ring = {"ms": 9, "mfc": "none", "mec": INK, "mew": 1.0}
        ax.plot(x[chosen], part["adjusted_rand"][chosen], "o", **ring)
    ax.set_ylim(min(0.0, known["adjusted_rand_low"].min()) - 0.03, 1.05)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(loc="lower left")
    return ax
