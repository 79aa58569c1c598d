"""The first figure: what is computed, what it takes, and one session of it."""

from collections.abc import Sequence

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from neuroalrnn.plots.computation.by_regime import plot_effects_by_regime
from neuroalrnn.plots.computation.explained import plot_explained
from neuroalrnn.plots.computation.strip import plot_session_strip
from neuroalrnn.plots.layout import room_of_legend
from neuroalrnn.plots.style import DOUBLE, new_figure, styled


@styled
def plot_answer_panels(
    functional_regimes: pd.DataFrame,
    by_subject: pd.DataFrame,
    explained: pd.DataFrame,
    functional: xr.DataArray,
    probability: xr.DataArray,
    trials: xr.Dataset,
    *,
    subject: str,
    session: str,
    rule: str | None = None,
    called: Sequence[str] = (),
) -> Figure:
    """Draw effects by regime, what it takes to predict choices, and one session.

    Parameters
    ----------
    functional_regimes, by_subject : pandas.DataFrame
        See `plot_effects_by_regime`.
    explained : pandas.DataFrame
        See `plot_explained`.
    functional, probability : xarray.DataArray
        See `plot_session_strip`.
    trials : xarray.Dataset
        The same trials.
    subject, session : str
        The session that is drawn.
    rule : str, optional
        Trial variable shown as a strip.
    called : sequence of str
        What the regimes are called, in order.

    Returns
    -------
    matplotlib.figure.Figure
        Two columns wide.
    """
    heights = [max(58, 24 + 3.2 * len(explained)), 50]
    figure = new_figure(DOUBLE, sum(heights))
    top, bottom = figure.subfigures(2, 1, height_ratios=heights)
    left, right = top.subplots(1, 2, width_ratios=[1.35, 1])
    plot_effects_by_regime(functional_regimes, by_subject, called=called, ax=left)
    plot_explained(explained, ax=right)
    strip = plot_session_strip(
        functional, probability, trials, subject=subject, session=session, rule=rule,
        called=called, ax=bottom.subplots(),
    )  # fmt: skip
    named = ("What inputs do", "What it takes", "One session")
    for letter, ax, title in zip("abc", (left, right, strip), named, strict=True):
        ax.set_title(f"{letter}  {title}", pad=room_of_legend(ax))
    return figure
