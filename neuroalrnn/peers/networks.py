"""The GRU and the LSTM as families of networks, which are trained like the AL-RNN."""

import math
from importlib import import_module
from importlib.util import find_spec

import torch

from neuroalrnn.model import Architecture, scale_inputs
from neuroalrnn.peers.contract import GRUWeights, LSTMWeights, weight_shapes

# of a sequence all of which is kept until its gradient is known
MOST_STEPS = 4096


def _draw_gru(n_latent, n_features, *, offset, rng):
    """Draw the starting weights of one GRU, without a model axis, float64.

    Recurrent weights, biases and read-out are uniform within ``1 / sqrt(n_latent)``, as in
    ``torch.nn.GRU``. Input weights are normal with variance ``1 / n_features`` and the initial
    state is zero, as in the AL-RNN.
    """
    return _draw(GRUWeights, n_latent, n_features, offset, rng)


def _draw_lstm(n_latent, n_features, *, offset, rng):
    """Draw the starting weights of one LSTM, as `_draw_gru` does.

    The bias of the forget gates is 1, so that cells start by keeping what they hold (Jozefowicz et
    al. 2015, ICML).
    """
    drawn = _draw(LSTMWeights, n_latent, n_features, offset, rng)
    drawn.bias[n_latent : 2 * n_latent] = 1.0
    return drawn


def _draw(kind, n_latent, n_features, offset, rng):
    bound = 1 / math.sqrt(n_latent)
    sizes = weight_shapes(kind, n_latent, n_features, len(offset))
    drawn = kind(*(torch.from_numpy(rng.uniform(-bound, bound, size)) for size in sizes))
    normal = torch.from_numpy(rng.standard_normal(sizes.input_weight))
    starts = [name for name in kind._fields if name.startswith("initial")]
    return drawn._replace(
        input_weight=normal / math.sqrt(max(n_features, 1)),
        offset=torch.as_tensor(offset, dtype=torch.float64),
        **{name: torch.zeros(n_latent, dtype=torch.float64) for name in starts},
    )


def _frozen_entries(weights):
    """Mark the entries that are not trained: none."""
    return type(weights)(*(torch.zeros_like(part, dtype=torch.bool) for part in weights))


def _decayed_entries(weights):
    """Mark the entries that weight decay shrinks: all of ``C``, ``W`` and ``B``."""
    none = _frozen_entries(weights)
    return none._replace(
        input_weight=~none.input_weight,
        recurrent_weight=~none.recurrent_weight,
        readout=~none.readout,
    )


def _architecture(name, draw_one):
    """Make a family of gated networks, which have no PWL units."""

    def draw(setting, n_pwl, n_features, *, offset, is_known, rng):
        return draw_one(setting.n_latent, n_features, offset=offset, rng=rng)

    def scan(weights, n_pwl, observations, index, read_steps, backend):
        run = import_module(f"neuroalrnn.peers.{_fastest()}").scan
        return run(weights, observations.inputs, index, observations.n_steps, read_steps)

    return Architecture(
        name=name,
        draw=draw,
        scan=scan,
        frozen=lambda weights, n_pwl, setting: _frozen_entries(weights),
        decayed=_decayed_entries,
        scale_inputs=scale_inputs,
        learner=_learner,
    )


def _learner(observations, weights):
    """Score choices between two options by one kernel, where there is nothing else."""
    is_plain = observations.observation_model is None and observations.shift is None
    is_short = observations.inputs.shape[1] <= MOST_STEPS
    if not (is_plain and is_short and weights.offset.shape[1] == 1 and find_spec("numba")):
        return None
    learner = import_module("neuroalrnn.peers._numba_learn").Learner
    steps = observations.n_steps, observations.read_steps
    sides = observations.scored * (2 * observations.choice - 1)
    return learner(weights, observations.inputs, *steps, sides)


def _fastest():
    """Name the module of the fastest scan that can run here."""
    return "_numba_scan" if find_spec("numba") else "_torch_scan"


GRU = _architecture("GRU", _draw_gru)
LSTM = _architecture("LSTM", _draw_lstm)
