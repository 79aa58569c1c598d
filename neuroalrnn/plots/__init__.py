"""Figures of a fit, at journal width.

``plot_x(data, *, ax=None)`` draws on one Axes and returns it; names that end in ``_panels``, and
`plot_overview`, return a Figure. Figures do not belong to pyplot: show or save ``ax.figure``.
"""

from neuroalrnn.plots.behaviour import plot_behaviour, plot_behaviour_panels
from neuroalrnn.plots.calibration import plot_calibration_panels, plot_reliability
from neuroalrnn.plots.learning import plot_learning_curves, plot_learning_panels
from neuroalrnn.plots.n_pwl import plot_n_pwl_panels, plot_score_by_n_pwl
from neuroalrnn.plots.occupancy import (
    plot_agreement,
    plot_dwell_times,
    plot_occupancy,
    plot_occupancy_trend,
    plot_transitions,
)
from neuroalrnn.plots.overview import plot_overview
from neuroalrnn.plots.predictive import plot_predictive, plot_predictive_panels
from neuroalrnn.plots.raster import example_session, plot_regime_raster
from neuroalrnn.plots.scores import (
    plot_comparison,
    plot_score_differences,
    plot_score_panels,
    plot_scores,
)
from neuroalrnn.plots.spectra import plot_spectra, plot_spectra_panels
from neuroalrnn.plots.stability import plot_stability
from neuroalrnn.plots.style import DOUBLE, SINGLE, save_figure, style
from neuroalrnn.plots.switches import plot_locked_switches, plot_switch_probability

__all__ = [
    "DOUBLE",
    "SINGLE",
    "example_session",
    "plot_agreement",
    "plot_behaviour",
    "plot_behaviour_panels",
    "plot_calibration_panels",
    "plot_comparison",
    "plot_dwell_times",
    "plot_learning_curves",
    "plot_learning_panels",
    "plot_locked_switches",
    "plot_n_pwl_panels",
    "plot_occupancy",
    "plot_occupancy_trend",
    "plot_overview",
    "plot_predictive",
    "plot_predictive_panels",
    "plot_regime_raster",
    "plot_reliability",
    "plot_score_by_n_pwl",
    "plot_score_differences",
    "plot_score_panels",
    "plot_scores",
    "plot_spectra",
    "plot_spectra_panels",
    "plot_stability",
    "plot_switch_probability",
    "plot_transitions",
    "save_figure",
    "style",
]
