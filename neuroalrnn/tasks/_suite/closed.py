"""Networks in closed form with any read-out."""

import numpy as np
from numpy.typing import ArrayLike

from neuroalrnn.network.run import Network


def network_of(
    n_pwl: int,
    weight: ArrayLike,
    inputs: ArrayLike,
    *,
    readout: ArrayLike,
    bias: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    initial: ArrayLike | None = None,
) -> Network:
    """Write down a network in reduced form: self-weights lie in W; what is left out is zero.

    Parameters
    ----------
    n_pwl : int
        Number of PWL units, which come last.
    weight, inputs : array, shape (latent, latent) and (latent, feature)
        ``W`` and ``C``.
    readout : array, shape (output, latent)
        ``B``.
    bias, offset, initial : array, shape (latent,), (output,) and (latent,), optional
        ``h``, ``d`` and ``z_0``.

    Returns
    -------
    Network
        The network.
    """
    weight, readout = np.asarray(weight, dtype=float), np.asarray(readout, dtype=float)
    n_outputs, n_latent = readout.shape

    def given(values, size):
        return np.zeros(size) if values is None else np.asarray(values, dtype=float)

    return Network(
        n_pwl=n_pwl,
        self_slope=np.zeros(n_latent),
        weight=weight,
        input_weight=np.asarray(inputs, dtype=float),
        bias=given(bias, n_latent),
        initial=given(initial, n_latent),
        readout=readout,
        offset=given(offset, n_outputs),
    )


def blocks(network: Network, n: int) -> Network:
    """Set copies of a network side by side, each with inputs and outputs of its own.

    Parameters
    ----------
    network : Network
        What is repeated.
    n : int
        How many times.

    Returns
    -------
    Network
        Linear units of all copies come first, copy by copy, then their PWL units.
    """
    linear = len(network.bias) - network.n_pwl
    own = np.arange(n * len(network.bias)).reshape(n, -1)
    order = np.r_[own[:, :linear].ravel(), own[:, linear:].ravel()]
    eye = np.eye(n)
    return Network(
        n_pwl=n * network.n_pwl,
        self_slope=np.tile(network.self_slope, n)[order],
        weight=np.kron(eye, network.weight)[np.ix_(order, order)],
        input_weight=np.kron(eye, network.input_weight)[order],
        bias=np.tile(network.bias, n)[order],
        initial=np.tile(network.initial, n)[order],
        readout=np.kron(eye, network.readout)[:, order],
        offset=np.tile(network.offset, n),
    )
