"""The network that is left when a PWL unit is made linear: an AL-RNN with one such unit less."""

import numpy as np

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.run import Network


def linearise(
    network: Network, unit: int, slope: float, intercept: float, *, convention: str = "free"
) -> Network:
    """Give one PWL unit the activation ``slope z + intercept``, and count it among the linear ones.

    It predicts what the network predicts under the intervention `affine` on that unit, for good:
    nothing of the unit's kink is left to come back when the network is trained on.

    Parameters
    ----------
    network : Network
        Trained network.
    unit : int
        PWL unit, from 0.
    slope, intercept : float
        Such as from `fit_affine`.
    convention : {"free", "reduced"}
        With "reduced" the self-slope of the unit moves into ``W``, as of all linear units.

    Returns
    -------
    Network
        Latents in another order: the unit is the last of the linear ones.

    Raises
    ------
    DataError
        If there is no such unit.
    """
    if unit not in range(network.n_pwl):
        raise DataError(f"unit: found {unit}, expected PWL units 0 to {network.n_pwl - 1}")
    n_latent = len(network.bias)
    place = n_latent - network.n_pwl + unit
    self_slope, weight = network.self_slope.copy(), network.weight.copy()
    bias = network.bias + weight[:, place] * intercept
    weight[:, place] *= slope
    if convention == "reduced":
        weight[place, place] += self_slope[place]
        self_slope[place] = 0.0
    others = np.delete(np.arange(n_latent), place)
    order = np.insert(others, n_latent - network.n_pwl, place)
    return Network(
        n_pwl=network.n_pwl - 1,
        self_slope=self_slope[order],
        weight=weight[np.ix_(order, order)],
        input_weight=network.input_weight[order],
        bias=bias[order],
        initial=network.initial[order],
        readout=network.readout[:, order],
        offset=network.offset,
    )
