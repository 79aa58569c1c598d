"""Detectors of computational primitives, with their null networks and causal tests."""

from neuroalrnn.mechanism.primitives.accounts import compare_accounts
from neuroalrnn.mechanism.primitives.detect import Primitives, detect_primitives
from neuroalrnn.mechanism.primitives.detection import Detection, combine, tabulate
from neuroalrnn.mechanism.primitives.gating import detect_gating
from neuroalrnn.mechanism.primitives.integration import detect_integration
from neuroalrnn.mechanism.primitives.transients import detect_transients

__all__ = [
    "Detection",
    "Primitives",
    "combine",
    "compare_accounts",
    "detect_gating",
    "detect_integration",
    "detect_primitives",
    "detect_transients",
    "tabulate",
]
