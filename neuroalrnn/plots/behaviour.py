"""Effects of regimes and switches on behaviour: a forest plot per outcome."""

import numpy as np

from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import (
    BLUE,
    DOUBLE,
    GREY,
    INK,
    SINGLE,
    axes_or_new,
    new_figure,
    styled,
)

MEANING = {
    "choice": "Difference in share of\nsecond option",
    "correct": "Difference in share correct",
    "log rt": "Difference in log RT (log s)",
}
TITLES = {"choice": "Choice", "correct": "Correctness", "log rt": "Reaction time"}
MOST_ROWS = 14


@styled
def plot_behaviour(behaviour, *, outcome, names=True, ax=None):
    """Effects on one outcome with 95 % intervals; filled where q < .05.

    Parameters
    ----------
    behaviour : pandas.DataFrame
        Table ``behaviour``.
    outcome : str
    names : bool
        Whether to name the rows.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Numbers at the right are subjects and Benjamini-Hochberg q over the whole table; at most 14
        rows are drawn, effects of switches always. An interval far longer than most is cut.
    """
    rows = shown_rows(behaviour, outcome)
    ax = axes_or_new(ax, SINGLE, 22 + 5 * len(rows))
    for position, row in enumerate(rows.itertuples()):
        if not np.isfinite(row.estimate):
            where = {"xycoords": ("axes fraction", "data"), "ha": "center", "va": "center"}
            ax.annotate("not testable", (0.5, position), color=GREY, **where)
            continue
        half = row.estimate - row.ci_low
        ax.errorbar(
            row.estimate,
            position,
            xerr=half,
            color=BLUE,
            marker="o",
            ms=4,
            lw=1.2,
            mfc=BLUE if row.q < 0.05 else "white",
        )
        _beside(ax, position, f"{row.n_subjects}", f"{row.q:.3f}" if row.q >= 0.001 else "<.001")
    _beside(ax, -0.95, "n", "q")
    ax.axvline(0, color=INK, lw=0.6, ls=":", zorder=0)
    labels = rows["effect"] if names else [""] * len(rows)
    ax.set_yticks(range(len(rows)), labels)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(rows) - 0.4, -0.7)
    ax.set_xlim(*_range(rows))
    ax.locator_params(axis="x", nbins=4)
    ax.set_xlabel(MEANING.get(outcome, outcome))
    ax.set_title(TITLES.get(outcome, outcome))
    return ax


@styled
def plot_behaviour_panels(behaviour):
    """One panel per outcome, side by side.

    Parameters
    ----------
    behaviour : pandas.DataFrame

    Returns
    -------
    matplotlib.figure.Figure
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


def _range(rows):
    """Limits that show every estimate; an interval far longer than most is cut."""
    extent = np.maximum(rows["ci_low"].abs(), rows["ci_high"].abs()).dropna()
    if not len(extent):
        return -1.0, 1.0
    wanted = min(1.1 * extent.max(), 4 * extent.median())
    limit = max(1.15 * rows["estimate"].abs().max(), wanted)
    return -limit, limit


def _beside(ax, position, n_subjects, q):
    """Two columns of small print right of the axes."""
    for text, shift in ((n_subjects, 10), (q, 31)):
        ax.annotate(
            text,
            (1, position),
            xycoords=("axes fraction", "data"),
            xytext=(shift, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=INK,
            size=6,
            annotation_clip=False,
        )
