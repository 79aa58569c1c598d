"""A trained network in numpy: run it, intervene on it, read it out, score choices with it."""

from neuroalrnn.network.agent import NetworkAgent
from neuroalrnn.network.branches import (
    Stepped,
    SteppedNetwork,
    Steps,
    run_branches,
)
from neuroalrnn.network.choices import log_probability, probability, score_choices
from neuroalrnn.network.codes import (
    ABSENT,
    MOST_PWL,
    check_codes,
    compute_duty_cycle,
    compute_regimes,
    effective_n_pwl,
    flipped_units,
    used_regimes,
)
from neuroalrnn.network.eigen import decompose
from neuroalrnn.network.gated import GRUNetwork, LSTMNetwork
from neuroalrnn.network.interventions import Acting, Intervention, lay_out
from neuroalrnn.network.linear import linearise
from neuroalrnn.network.maps import compute_jacobian, compute_slopes, count_unstable
from neuroalrnn.network.predict import Predictor
from neuroalrnn.network.run import (
    Network,
    check_features,
    compute_latents,
    compute_latents_together,
    run_network,
)
from neuroalrnn.network.scores import Scores, score_trials
from neuroalrnn.network.units import match_units

__all__ = [
    "ABSENT",
    "MOST_PWL",
    "Acting",
    "GRUNetwork",
    "Intervention",
    "LSTMNetwork",
    "Network",
    "NetworkAgent",
    "Predictor",
    "Scores",
    "Stepped",
    "SteppedNetwork",
    "Steps",
    "check_codes",
    "check_features",
    "compute_duty_cycle",
    "compute_jacobian",
    "compute_latents",
    "compute_latents_together",
    "compute_regimes",
    "compute_slopes",
    "count_unstable",
    "decompose",
    "effective_n_pwl",
    "flipped_units",
    "lay_out",
    "linearise",
    "log_probability",
    "match_units",
    "probability",
    "run_branches",
    "run_network",
    "score_choices",
    "score_trials",
    "used_regimes",
]
