"""Models: the parameters of AL-RNNs, how they start, and how what is read out explains data.

Every tensor of weights has a leading model axis. `neuroalrnn.model.observation` holds observation
models for more than choices.
"""

from neuroalrnn.model.alrnn import (
    Scaling,
    decayed_entries,
    frozen_entries,
    no_scaling,
    scale_inputs,
    select,
    stack,
    unscale_inputs,
)
from neuroalrnn.model.architecture import ALRNN_ARCHITECTURE, Architecture
from neuroalrnn.model.hierarchy import (
    VARYING,
    SubjectWeights,
    canonical_vectors,
    subject_architecture,
)
from neuroalrnn.model.init import CONVENTIONS, INITIALISATIONS, draw
from neuroalrnn.model.readout import count_outputs, log_likelihood, log_probability

__all__ = [
    "ALRNN_ARCHITECTURE",
    "CONVENTIONS",
    "INITIALISATIONS",
    "VARYING",
    "Architecture",
    "Scaling",
    "SubjectWeights",
    "canonical_vectors",
    "count_outputs",
    "decayed_entries",
    "draw",
    "frozen_entries",
    "log_likelihood",
    "log_probability",
    "no_scaling",
    "scale_inputs",
    "select",
    "stack",
    "subject_architecture",
    "unscale_inputs",
]
