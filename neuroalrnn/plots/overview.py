"""One figure that says what a fit found."""

from neuroalrnn.plots.behaviour import plot_behaviour
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.n_pwl import plot_score_by_n_pwl
from neuroalrnn.plots.raster import example_session, plot_regime_raster
from neuroalrnn.plots.scores import plot_scores
from neuroalrnn.plots.spectra import plot_spectra
from neuroalrnn.plots.style import DOUBLE, new_figure, styled
from neuroalrnn.plots.switches import plot_locked_switches, plot_switch_probability

RASTER_ROWS = 4
TITLES = (
    "Held-out prediction",
    "Score against P",
    "Regimes of an example session",
    "Switches",
    "Dynamics (colours as in c)",
)


@styled
def plot_overview(fit, analysis):
    """Scores, score against P, an example session, switches, spectra and behaviour.

    Parameters
    ----------
    fit : Fit
    analysis : Analysis

    Returns
    -------
    matplotlib.figure.Figure
        Two columns wide.
    """
    figure = new_figure(DOUBLE, 165)
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1, 1.05, 1.15])
    panels = [*top.subplots(1, 2), middle.subplots(), *bottom.subplots(1, 3)]
    plot_scores(fit, ax=panels[0])
    plot_score_by_n_pwl(fit, ax=panels[1])
    subject, session = example_session(fit)
    named = {"subject": subject, "session": session, "rule": analysis.rule}
    plot_regime_raster(analysis.regimes, fit.trials, n_rows=RASTER_ROWS, ax=panels[2], **named)
    _draw_switches(panels[3], analysis)
    plot_spectra(analysis.tables["spectra"], ax=panels[4])
    outcome = _draw_behaviour(panels[5], analysis.tables["behaviour"])
    for letter, ax, title in zip("abcdef", panels, (*TITLES, outcome), strict=True):
        ax.set_title(f"{letter}  {title}", pad=_room(ax) if letter in "cd" else None)
    return figure


def _room(ax):
    """Points between axes and title that a legend above the axes takes."""
    legend = ax.get_legend()
    if legend is None or not legend.get_texts():
        return None
    n_rows = -(-len(legend.get_texts()) // legend._ncols)
    return 5 + 10 * n_rows


def _draw_switches(ax, analysis):
    if analysis.locked is not None:
        plot_locked_switches(analysis.locked, event=f"change of {analysis.rule}", ax=ax)
    else:
        plot_switch_probability(analysis.tables["switch_probability"], ax=ax)


def _draw_behaviour(ax, behaviour):
    """Draw the outcome with the smallest q; returns its name."""
    if "estimate" not in behaviour or not behaviour["estimate"].notna().any():
        say_empty(ax, "no effect could be tested")
        return "Behaviour"
    outcome = behaviour.loc[behaviour["q"].idxmin(), "outcome"]
    plot_behaviour(behaviour, outcome=outcome, ax=ax)
    return ax.get_title(loc="left")
