"""Figures of a fit, at journal width.

``plot_x(data, *, ax=None)`` draws on one Axes and returns it; names that end in ``_panels``, and
`plot_overview`, return a Figure. Figures do not belong to pyplot: show or save ``ax.figure``.
"""

from neuroalrnn.plots.ablation import plot_ablation, plot_ablation_panels, plot_greedy
from neuroalrnn.plots.after_change import plot_after_changes
from neuroalrnn.plots.behaviour import plot_behaviour, plot_behaviour_panels
from neuroalrnn.plots.calibration import plot_calibration_panels, plot_reliability
from neuroalrnn.plots.coverage import plot_coverage
from neuroalrnn.plots.effects import plot_effects, plot_effects_panels
from neuroalrnn.plots.gains import plot_gains, plot_gains_panels
from neuroalrnn.plots.graph import plot_regime_graph
from neuroalrnn.plots.growth import plot_functional_growth, plot_lyapunov, plot_path_growth
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
from neuroalrnn.plots.primitives import plot_primitives
from neuroalrnn.plots.raster import example_session, plot_regime_raster
from neuroalrnn.plots.scores import (
    plot_comparison,
    plot_score_differences,
    plot_score_panels,
    plot_scores,
)
from neuroalrnn.plots.selection import plot_selection, plot_selection_map
from neuroalrnn.plots.sharing import plot_sharing_panels
from neuroalrnn.plots.spectra import plot_spectra, plot_spectra_panels
from neuroalrnn.plots.stability import plot_stability
from neuroalrnn.plots.state_space import plot_state_space
from neuroalrnn.plots.stream import plot_occupancy_stream, plot_occupancy_stream_panels
from neuroalrnn.plots.style import save_figure, style
from neuroalrnn.plots.switches import plot_locked_switches, plot_switch_probability
from neuroalrnn.plots.triggered import plot_triggered, plot_triggered_panels

__all__ = [
    "example_session",
    "plot_ablation",
    "plot_ablation_panels",
    "plot_after_changes",
    "plot_agreement",
    "plot_behaviour",
    "plot_behaviour_panels",
    "plot_calibration_panels",
    "plot_comparison",
    "plot_coverage",
    "plot_dwell_times",
    "plot_effects",
    "plot_effects_panels",
    "plot_functional_growth",
    "plot_gains",
    "plot_gains_panels",
    "plot_greedy",
    "plot_learning_curves",
    "plot_learning_panels",
    "plot_locked_switches",
    "plot_lyapunov",
    "plot_n_pwl_panels",
    "plot_occupancy",
    "plot_occupancy_stream",
    "plot_occupancy_stream_panels",
    "plot_occupancy_trend",
    "plot_overview",
    "plot_path_growth",
    "plot_predictive",
    "plot_predictive_panels",
    "plot_primitives",
    "plot_regime_graph",
    "plot_regime_raster",
    "plot_reliability",
    "plot_score_by_n_pwl",
    "plot_score_differences",
    "plot_score_panels",
    "plot_scores",
    "plot_selection",
    "plot_selection_map",
    "plot_sharing_panels",
    "plot_spectra",
    "plot_spectra_panels",
    "plot_stability",
    "plot_state_space",
    "plot_switch_probability",
    "plot_transitions",
    "plot_triggered",
    "plot_triggered_panels",
    "save_figure",
    "style",
]
