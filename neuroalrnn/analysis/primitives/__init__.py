"""Detectors of computational primitives, with their null networks and causal tests."""

from neuroalrnn.analysis.primitives.detect import Primitives, detect_primitives
from neuroalrnn.analysis.primitives.detection import Detection, combine, tabulate
from neuroalrnn.analysis.primitives.gating import detect_gating
from neuroalrnn.analysis.primitives.integration import detect_integration
from neuroalrnn.analysis.primitives.transients import detect_transients

__all__ = [
    "Detection",
    "Primitives",
    "combine",
    "detect_gating",
    "detect_integration",
    "detect_primitives",
    "detect_transients",
    "tabulate",
]
