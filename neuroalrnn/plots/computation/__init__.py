"""Figures of what is computed: effects of inputs, and the regimes in which they are alike."""

from neuroalrnn.plots.computation.agreement import plot_functional_agreement
from neuroalrnn.plots.computation.answer import plot_answer_panels
from neuroalrnn.plots.computation.by_lag import plot_effects_by_lag
from neuroalrnn.plots.computation.by_regime import plot_effects_by_regime
from neuroalrnn.plots.computation.changes import plot_effects_around_changes
from neuroalrnn.plots.computation.explained import plot_explained
from neuroalrnn.plots.computation.psychometric import plot_psychometric
from neuroalrnn.plots.computation.strip import plot_session_strip

__all__ = [
    "plot_answer_panels",
    "plot_effects_around_changes",
    "plot_effects_by_lag",
    "plot_effects_by_regime",
    "plot_explained",
    "plot_functional_agreement",
    "plot_psychometric",
    "plot_session_strip",
]
