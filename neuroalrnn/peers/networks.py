"""GRU and LSTM as families of networks that are trained like the AL-RNN."""

import math
from importlib import import_module
from importlib.util import find_spec

import torch

from neuroalrnn.model.alrnn import scale_inputs
from neuroalrnn.model.architecture import Architecture
from neuroalrnn.peers.scan import GRUWeights, LSTMWeights, shapes


def draw_gru(n_latent, n_features, *, offset, rng):
    """Draw the starting weights of one GRU.

    Parameters
    ----------
    n_latent, n_features : int
        Hidden units and input features.
    offset : array-like, shape (output,)
        Read-out offset: log-odds (or log-frequencies) of the training subjects.
    rng : numpy.random.Generator

    Returns
    -------
    GRUWeights
        Tensors without a model axis, float64. Recurrent weights, biases and read-out are uniform
        within ``1 / sqrt(n_latent)``, as in ``torch.nn.GRU``; input weights are normal with
        variance ``1 / n_features`` and the initial state is zero, as in the AL-RNN.
    """
    return _draw(GRUWeights, n_latent, n_features, offset, rng)


def draw_lstm(n_latent, n_features, *, offset, rng):
    """Draw the starting weights of one LSTM.

    Parameters
    ----------
    n_latent, n_features : int
        Hidden units and input features.
    offset : array-like, shape (output,)
        Read-out offset: log-odds (or log-frequencies) of the training subjects.
    rng : numpy.random.Generator

    Returns
    -------
    LSTMWeights
        Drawn as by `draw_gru`, but with a bias of 1 on the forget gates, so that cells begin by
        keeping what they hold (Jozefowicz et al. 2015, ICML).
    """
    drawn = _draw(LSTMWeights, n_latent, n_features, offset, rng)
    drawn.bias[n_latent : 2 * n_latent] = 1.0
    return drawn


def _draw(kind, n_latent, n_features, offset, rng):
    bound = 1 / math.sqrt(n_latent)
    sizes = shapes(kind, n_latent, n_features, len(offset))
    drawn = kind(*(torch.from_numpy(rng.uniform(-bound, bound, size)) for size in sizes))
    normal = torch.from_numpy(rng.standard_normal(sizes.input_weight))
    starts = [name for name in kind._fields if name.startswith("initial")]
    return drawn._replace(
        input_weight=normal / math.sqrt(max(n_features, 1)),
        offset=torch.as_tensor(offset, dtype=torch.float64),
        **{name: torch.zeros(n_latent, dtype=torch.float64) for name in starts},
    )


def frozen_entries(weights):
    """Entries that are not trained: none.

    Parameters
    ----------
    weights : GRUWeights or LSTMWeights

    Returns
    -------
    GRUWeights or LSTMWeights of bool
    """
    return type(weights)(*(torch.zeros_like(part, dtype=torch.bool) for part in weights))


def decayed_entries(weights):
    """Entries that weight decay shrinks: all of ``C``, ``W`` and ``B``.

    Parameters
    ----------
    weights : GRUWeights or LSTMWeights

    Returns
    -------
    GRUWeights or LSTMWeights of bool
    """
    none = frozen_entries(weights)
    return none._replace(
        input_weight=~none.input_weight,
        recurrent_weight=~none.recurrent_weight,
        readout=~none.readout,
    )


def _architecture(name, draw_one):
    """A family of gated networks; PWL units mean nothing to it."""

    def draw(setting, n_pwl, n_features, *, offset, is_known, rng):
        return draw_one(setting.n_latent, n_features, offset=offset, rng=rng)

    def scan(weights, n_pwl, observations, index, read_steps, backend):
        run = import_module(f"neuroalrnn.peers.{_fastest()}").scan
        return run(weights, observations.inputs, index, observations.n_steps, read_steps)

    return Architecture(
        name=name,
        draw=draw,
        scan=scan,
        frozen=lambda weights, n_pwl, setting: frozen_entries(weights),
        decayed=decayed_entries,
        scale_inputs=scale_inputs,
    )


def _fastest():
    """The kernels need numba."""
    return "numba_scan" if find_spec("numba") else "torch_scan"


GRU = _architecture("GRU", draw_gru)
LSTM = _architecture("LSTM", draw_lstm)
