"""What makes a known network: its parameters, and the trials that it is made for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from neuroalrnn.network.run import Network


@dataclass(frozen=True)
class Known:
    """A network with known parameters and the inputs that it is made for.

    Parameters
    ----------
    name : str
        Name of the task.
    network : Network
        The network. It has as few PWL units as are known to suffice, unless its docstring says
        otherwise.
    features : tuple of str
        Names of the inputs.
    n_steps : int
        Number of steps of the longest trial.
    n_draws : int
        How many uniform random numbers one trial is made from.
    design : callable
        ``design(uniform)`` makes trials from uniform random numbers (trial, draw). It returns the
        inputs (trial, step, feature) and the number of steps of each trial (trial,).
    """

    name: str
    network: Network
    features: tuple[str, ...]
    n_steps: int
    n_draws: int
    design: Callable

    @property
    def n_pwl(self) -> int:
        """Number of PWL units of the network."""
        return self.network.n_pwl


def closed_form(
    n_pwl: int,
    *,
    weight: ArrayLike,
    inputs: ArrayLike,
    bias: ArrayLike,
    gain: float,
    centre: float,
    initial: ArrayLike | None = None,
) -> Network:
    """Write down a network in reduced form (self-weights lie in W) that reads out its first latent.

    Parameters
    ----------
    n_pwl : int
        Number of PWL units, which come last.
    weight, inputs, bias : array, shape (latent, latent), (latent, feature) and (latent,)
        ``W``, ``C`` and ``h``.
    gain, centre : float
        Read-out: ``eta = gain * (z[0] - centre)``.
    initial : array, shape (latent,), optional
        ``z_0``; zero without it.

    Returns
    -------
    Network
        With one output.
    """
    drive = np.asarray(bias, dtype=float)
    readout = np.zeros((1, len(drive)))
    readout[0, 0] = gain
    return Network(
        n_pwl=n_pwl,
        self_slope=np.zeros(len(drive)),
        weight=np.asarray(weight, dtype=float),
        input_weight=np.asarray(inputs, dtype=float),
        bias=drive,
        initial=np.zeros(len(drive)) if initial is None else np.asarray(initial, dtype=float),
        readout=readout,
        offset=np.array([-gain * centre]),
    )
