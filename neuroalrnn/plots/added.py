"""What networks add to a regression, subject by subject."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from neuroalrnn.plots.layout import say_empty, say_some, some_of
from neuroalrnn.plots.style import BASELINE, DOUBLE, INK, MODEL, axes_or_new, styled
from neuroalrnn.results import Fit

FEW = 12


@styled
def plot_added(fit: Fit, regression: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw pairs of models: one minus the other, paired over subjects, with 95 % intervals.

    Parameters
    ----------
    fit : Fit
        With networks on top of the regression.
    regression : pandas.DataFrame
        Table ``regression`` of `neuroalrnn.questions.analyse`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Dots are subjects, circles their mean; squares are of networks without the regression.
    """
    ax = axes_or_new(ax, DOUBLE, 18 + 6 * len(regression))
    if not len(regression):
        say_empty(ax, "the networks predict what the regression does")
        return ax
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    ax.axvline(0, color=INK, lw=0.6, ls=":", zorder=1)
    for place, row in enumerate(regression.to_dict("records")):
        values = (scores[row["model"]] - scores[row["other_model"]]).to_numpy()
        say_some(ax, len(values))
        values = some_of(values)
        apart = np.linspace(-0.28, 0.28, len(values)) if len(values) > 1 else np.zeros(1)
        size = 4 if len(values) > FEW else 9
        ax.scatter(values, place + apart, s=size, color=BASELINE, alpha=0.5, lw=0, zorder=2)
        half = np.nan_to_num((row["ci_high"] - row["ci_low"]) / 2)
        marker = "o" if "on regression" in row["model"] else "s"
        ax.errorbar(row["estimate"], place, xerr=half, fmt=marker, color=MODEL, ms=4.5, zorder=3)
    names = regression["model"] + "\nminus " + regression["other_model"]
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel("Difference (nats/trial; positive favours the first)")
    return ax
