"""One figure that says what a fit found."""

from functools import partial
from textwrap import fill
from typing import Any

from matplotlib.figure import Figure

from neuroalrnn.plots.behaviour import plot_behaviour
from neuroalrnn.plots.layout import room_of_legend, say_empty
from neuroalrnn.plots.n_pwl import plot_score_by_n_pwl
from neuroalrnn.plots.raster import example_session, plot_regime_raster
from neuroalrnn.plots.scores import plot_scores
from neuroalrnn.plots.spectra import plot_spectra
from neuroalrnn.plots.style import DOUBLE, new_figure, styled
from neuroalrnn.plots.switches import plot_locked_switches, plot_switch_probability
from neuroalrnn.results import Fit
from neuroalrnn.running import attempt

RASTER_ROWS = 4
# models whose names have room in the usual size
MOST_LARGE = 12
TITLES = (
    "Held-out prediction",
    "Score against P",
    "Regimes of an example session",
    "Switches",
    "Dynamics in linear regimes",
    "Behaviour",
)


@styled
def plot_overview(fit: Fit, analysis: Any) -> Figure:
    """Scores, score against P, an example session, switches, spectra and behaviour.

    Regimes are functional ones, or linear ones where there are no functional ones.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.
    analysis : Analysis
        Answers about the fit, from `neuroalrnn.analyse`.

    Returns
    -------
    matplotlib.figure.Figure
        Two columns wide.
    """
    if "occupancy" not in analysis.tables:
        analysis = analysis.linear
    n_models = fit.scores["model"].nunique()
    heights = [max(51, 14 + 2.8 * n_models), 54, 60]
    figure = new_figure(DOUBLE, sum(heights))
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=heights)
    panels = [*top.subplots(1, 2), middle.subplots(), *bottom.subplots(1, 3)]
    draw = (
        lambda ax: plot_scores(fit, ax=ax),
        lambda ax: plot_score_by_n_pwl(fit, ax=ax),
        lambda ax: _draw_raster(ax, fit, analysis),
        lambda ax: _draw_switches(ax, analysis),
        lambda ax: plot_spectra(analysis.tables["spectra"], ax=ax),
        lambda ax: _draw_behaviour(ax, analysis.tables["behaviour"]),
    )
    for letter, ax, title, panel in zip("abcdef", panels, TITLES, draw, strict=True):
        _, reason = attempt(partial(panel, ax), f"panel {title!r} of the overview")
        if reason:
            ax.clear()
            say_empty(ax, fill(reason, 40))
        named = ax.get_title(loc="left") if letter == "f" else ""
        room = room_of_legend(ax) if letter in "cd" else None
        ax.set_title(f"{letter}  {named or title}", pad=room)
    if n_models > MOST_LARGE:
        panels[0].tick_params(axis="y", labelsize=6)
    return figure


def _draw_raster(ax, fit, analysis):
    subject, session = example_session(fit)
    named = {"subject": subject, "session": session, "rule": analysis.rule}
    named["called"] = analysis.called
    plot_regime_raster(analysis.regimes, fit.trials, n_rows=RASTER_ROWS, ax=ax, **named)


def _draw_switches(ax, analysis):
    if analysis.locked is not None:
        plot_locked_switches(analysis.locked, event=f"change of {analysis.rule}", ax=ax)
    else:
        plot_switch_probability(analysis.tables["switch_probability"], ax=ax)


def _draw_behaviour(ax, behaviour):
    """Draw the outcome with the smallest q."""
    if "estimate" not in behaviour or not behaviour["estimate"].notna().any():
        say_empty(ax, "no effect could be tested")
        return
    outcome = behaviour.loc[behaviour["q"].idxmin(), "outcome"]
    plot_behaviour(behaviour, outcome=outcome, ax=ax)
