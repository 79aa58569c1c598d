"""Effects of regimes and switches on behaviour: a forest plot per outcome."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroalrnn.plots.effects import plot_effects
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import DOUBLE, SINGLE, new_figure, styled

MEANING = {
    "choice": "Difference in share of\nsecond option",
    "correct": "Difference in share correct",
    "log rt": "Difference in log RT (log s)",
}
TITLES = {"choice": "Choice", "correct": "Correctness", "log rt": "Reaction time"}
MOST_ROWS = 14


@styled
def plot_behaviour(
    behaviour: pd.DataFrame, *, outcome: str, names: bool = True, ax: Axes | None = None
) -> Axes:
    """Effects on one outcome with 95 % intervals; filled where q < .05.

    Parameters
    ----------
    behaviour : pandas.DataFrame
        Table ``behaviour``.
    outcome : str
        Outcome whose effects are drawn, one of the column ``outcome``.
    names : bool
        Whether to name the rows.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Numbers at the right are subjects and Benjamini-Hochberg q within the outcome; at most 14
        rows are drawn, effects of switches always. An interval far longer than most is cut.
    """
    ax = plot_effects(shown_rows(behaviour, outcome), names=names, ax=ax)
    ax.set_xlabel(MEANING.get(outcome, outcome))
    ax.set_title(TITLES.get(outcome, outcome))
    return ax


@styled
def plot_behaviour_panels(behaviour: pd.DataFrame) -> Figure:
    """One panel per outcome, side by side.

    Parameters
    ----------
    behaviour : pandas.DataFrame
        Table ``behaviour`` of `neuroalrnn.analyse`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    outcomes = list(dict.fromkeys(behaviour["outcome"]))
    if not outcomes:
        figure = new_figure(SINGLE, 24)
        say_empty(figure.add_subplot(), "no outcome to relate to")
        return figure
    n_rows = max(len(shown_rows(behaviour, name)) for name in outcomes)
    figure = new_figure(DOUBLE if len(outcomes) > 1 else SINGLE, 24 + 5 * n_rows)
    panels = figure.subplots(1, len(outcomes), squeeze=False)[0]
    for index, (ax, outcome) in enumerate(zip(panels, outcomes, strict=True)):
        plot_behaviour(behaviour, outcome=outcome, names=index == 0, ax=ax)
    return figure


def shown_rows(behaviour, outcome):
    """Rows of one outcome that are drawn: the switch, and the most frequent regimes."""
    rows = behaviour[behaviour["outcome"] == outcome]
    if len(rows) <= MOST_ROWS:
        return rows
    is_regime = rows["effect"].str.startswith("regime ")
    regimes = rows[is_regime].iloc[: MOST_ROWS - int((~is_regime).sum())]
    return rows.loc[[*regimes.index, *rows.index[~is_regime]]]
