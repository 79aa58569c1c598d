"""Known networks: AL-RNNs written down in closed form, and the trials that each of them solves.

They are the ground truth of parameter recovery. The updates are written with ``r(x) = max(0, x)``
and a prime for the next step; linear units come first, ``z_0 = 0`` unless given. Their choices
are drawn from ``p(choice 1) = 1 / (1 + exp(-eta))`` at the last step of a trial, with
``eta = gain * (y - centre)``, so that they are informative and noisy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from neuroalrnn.network.run import Network

NUMBERS = {1: "one", 2: "two", 3: "three"}


@dataclass(frozen=True)
class Known:
    """A network with known parameters and the inputs that it is made for.

    Attributes
    ----------
    name : str
    network : Network
        With the fewest PWL units that are known to do, unless its docstring says otherwise.
    features : tuple of str
    n_steps : int
        Steps of the longest trial.
    n_draws : int
        Uniform random numbers that make one trial.
    design : callable
        ``design(uniform (trial, n_draws)) -> inputs (trial, step, feature), n_steps (trial,)``.
    """

    name: str
    network: Network
    features: tuple[str, ...]
    n_steps: int
    n_draws: int
    design: Callable

    @property
    def n_pwl(self) -> int:
        """PWL units of the network."""
        return self.network.n_pwl


def scalar_memory(n_steps: int = 6, gain: float = 8.0) -> Known:
    """Keep one number U(0, 1) until the end: ``y' = y + s``, no PWL unit.

    A trial has 2 to `n_steps` steps: at a fixed length the choice would not tell whether the number
    decays.

    Parameters
    ----------
    n_steps : int
    gain : float
        Log-odds per unit of what is read out.

    Returns
    -------
    Known
    """

    def design(uniform):
        inputs = np.zeros((len(uniform), n_steps, 1))
        inputs[:, 0, 0] = uniform[:, 0]
        return inputs, 2 + (uniform[:, 1] * (n_steps - 1)).astype(int)

    network = _network(0, weight=[[1]], inputs=[[1]], bias=[0], gain=gain, centre=0.5)
    return Known("scalar memory", network, ("s",), n_steps, 2, design)


def addition(n_steps: int = 10, gain: float = 8.0) -> Known:
    """Add the two marked numbers: ``y' = y + r(q)``, ``q' = x + m - 1``.

    Values are U(0, 1); two of the steps before the last are marked.

    Parameters
    ----------
    n_steps : int
    gain : float

    Returns
    -------
    Known
    """
    network = _network(
        1, weight=[[1, 1], [0, 0]], inputs=[[0, 0], [1, 1]], bias=[0, -1], gain=gain, centre=1
    )
    design = _marked_values(n_steps)
    return Known("addition", network, ("x", "m"), n_steps, n_steps, design)


def decision(n_steps: int = 6, gain: float = 8.0) -> Known:
    """By how much is the second marked number the larger one? One PWL unit is enough.

    ``y' = y + r(q) - 2 c``, ``c' = m``, ``q' = x + 6 m - 4 - 2 (y + r(q) - 2 c)``: a marked step is
    an affine one that turns the sign of ``y`` and adds ``x``, so that what it holds at the end is
    ``x2 - x1``.

    Parameters
    ----------
    n_steps : int
    gain : float

    Returns
    -------
    Known

    See Also
    --------
    decision_by_two_units
    """
    held = np.array([1, -2, 1])
    network = _network(
        1,
        weight=[held, [0, 0, 0], -2 * held],
        inputs=[[0, 0], [0, 1], [1, 6]],
        bias=[0, 0, -4],
        gain=gain,
        centre=0,
    )
    return Known("decision", network, ("x", "m"), n_steps, n_steps, _marked_values(n_steps))


def decision_by_two_units(n_steps: int = 6, gain: float = 8.0) -> Known:
    """The choices of `decision` from a network with P = 2, one more than needed.

    ``y' = y + r(g) - 2 r(k)``, ``n' = n + m``, ``g' = x + m - 1``, ``k' = x + 2 m + n - 3``; read
    with the opposite sign.

    Parameters
    ----------
    n_steps : int
    gain : float

    Returns
    -------
    Known
    """
    network = _network(
        2,
        weight=[[1, 0, 1, -2], [0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]],
        inputs=[[0, 0], [0, 1], [1, 1], [1, 2]],
        bias=[0, 0, -1, -3],
        gain=-gain,
        centre=0,
    )
    return Known("decision", network, ("x", "m"), n_steps, n_steps, _marked_values(n_steps))


def integration(n_steps: int = 5, gain: float = 2.0, change: float = 0.0) -> Known:
    """Context-dependent integration of one of two streams U(-1, 1).

    ``y' = y - u + v + r(q)``, ``u' = 5/2 (c + 1)``, ``v' = x2``, ``q' = x1 - x2 + 5 c``; the
    context ``c`` is 1 (attend ``x1``) or -1. The streams are 0 at the last step.

    Parameters
    ----------
    n_steps : int
    gain : float
    change : float
        Probability that the context changes from a step to the next. Where it does not, choices
        cannot tell a network that selects at every step from one that integrates both streams and
        selects at the end.

    Returns
    -------
    Known
    """

    def design(uniform):
        inputs = np.zeros((len(uniform), n_steps, 3))
        streams = 2 * uniform[:, n_steps:] - 1
        inputs[:, :-1, :2] = streams.reshape(len(uniform), n_steps - 1, 2)
        changes = np.cumsum(uniform[:, 1:n_steps] < change, axis=1)
        first = uniform[:, :1] < 0.5
        inputs[:, :, 2] = 2 * (np.c_[first, first + changes] % 2) - 1
        return inputs, np.full(len(uniform), n_steps)

    network = _network(
        1,
        weight=[[1, -1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        inputs=[[0, 0, 0], [0, 0, 2.5], [0, 1, 0], [1, -1, 5]],
        bias=[0, 2.5, 0, 0],
        gain=gain,
        centre=0,
    )
    name = "switching integration" if change else "integration"
    return Known(name, network, ("x1", "x2", "context"), n_steps, 3 * n_steps - 2, design)


def parity(n_bits: int = 3, gain: float = 4.0) -> Known:
    """Running XOR of flagged bits: ``y' = y + u - 2 r(q)``, ``q' = y + u + 2 f - 3``.

    Bits come with flag 1 at even steps, zeros at odd ones; a trial has 2 to `n_bits` bits.

    Parameters
    ----------
    n_bits : int
    gain : float

    Returns
    -------
    Known
    """

    def design(uniform):
        count = 2 + (uniform[:, 0] * (n_bits - 1)).astype(int)
        present = np.arange(n_bits) < count[:, None]
        inputs = np.zeros((len(uniform), 2 * n_bits, 2))
        inputs[:, ::2, 0] = (uniform[:, 1:] < 0.5) & present
        inputs[:, ::2, 1] = present
        return inputs, 2 * count

    network = _network(
        1, weight=[[1, -2], [1, 0]], inputs=[[1, 0], [1, 2]], bias=[0, -3], gain=gain, centre=0.5
    )
    return Known("parity", network, ("u", "f"), 2 * n_bits, n_bits + 1, design)


def flip_flop(n_steps: int = 8, gain: float = 2.5, pulse: float = 0.4) -> Known:
    """Sign of the last pulse of +-1: ``y' = r(p) - r(q) - 1``, with bounds at -1 and 1.

    ``p' = r(p) - r(q) + 2 u``, ``q' = r(p) - r(q) + 2 u - 2``; start p = 1, q = -1. A trial has 3
    to `n_steps` steps, a pulse at its first step, none at its last one.

    Parameters
    ----------
    n_steps : int
    gain : float
    pulse : float
        Probability of a pulse at each step.

    Returns
    -------
    Known
    """

    def design(uniform):
        last = 2 + (uniform[:, 0] * (n_steps - 2)).astype(int)
        happens = uniform[:, 1 : n_steps + 1] < pulse
        happens[:, 0] = True
        happens &= np.arange(n_steps) < last[:, None]
        sign = np.where(uniform[:, n_steps + 1 :] < 0.5, -1.0, 1.0)
        return (happens * sign)[..., None], last + 1

    rectified = [0, 1, -1]
    network = _network(
        2,
        weight=[rectified, rectified, rectified],
        inputs=[[0], [2], [2]],
        bias=[-1, 0, -2],
        initial=[0, 1, -1],
        gain=gain,
        centre=0,
    )
    return Known("flip-flop", network, ("u",), n_steps, 2 * n_steps + 1, design)


def gated_paths(n_paths: int = 3, gain: float = 4.0) -> Known:
    """Sum of values U(-1, 1), each let through by a gate of its own.

    ``y' = sum_i r(g_i) - sum_i c_i``, ``g_i' = x_i + 2 c_i - 1``, ``c_i`` a linear unit that holds
    the gate, 0 or 1. All inputs come at step 0 and the choice at step 1: without a spare step no
    unit can serve two paths in turn, so that `n_paths` kinks need as many PWL units. Constructed
    for this package.

    Parameters
    ----------
    n_paths : int
    gain : float

    Returns
    -------
    Known
    """
    n_latent = 1 + 2 * n_paths
    paths = np.arange(n_paths)
    weight, bias = np.zeros((n_latent, n_latent)), np.zeros(n_latent)
    weight[0, 1 : 1 + n_paths], weight[0, 1 + n_paths :] = -1, 1
    inputs = np.zeros((n_latent, 2 * n_paths))
    inputs[1 + paths, n_paths + paths] = 1
    inputs[1 + n_paths + paths, paths] = 1
    inputs[1 + n_paths + paths, n_paths + paths] = 2
    bias[1 + n_paths :] = -1

    def design(uniform):
        steps = np.zeros((len(uniform), 2, 2 * n_paths))
        steps[:, 0, :n_paths] = 2 * uniform[:, :n_paths] - 1
        steps[:, 0, n_paths:] = uniform[:, n_paths:] < 0.5
        return steps, np.full(len(uniform), 2)

    network = _network(n_paths, weight=weight, inputs=inputs, bias=bias, gain=gain, centre=0)
    features = (*(f"x{i + 1}" for i in paths), *(f"gate {i + 1}" for i in paths))
    name = f"{NUMBERS.get(n_paths, n_paths)} gated paths"
    return Known(name, network, features, 2, 2 * n_paths, design)


def delay_line(n_delay: int = 6, n_pwl: int = 2, gain: float = 8.0) -> Known:
    """Say what came `n_delay` steps ago: a shift register, ``z_1' = s``, ``z_i' = r(z_{i-1})``.

    Values U(0, 1) come at all steps of a trial of ``n_delay + 1`` steps; the last unit is read at
    the end. All eigenvalues are 0 while ``|J^k|_2 = 1`` up to ``k = n_delay``: nothing persists,
    and yet nothing is lost on the way. Constructed for this package; the task needs no PWL unit,
    whose number can be chosen, since values are positive.

    Parameters
    ----------
    n_delay, n_pwl : int
    gain : float

    Returns
    -------
    Known
    """
    n_latent, n_steps = n_delay + 1, n_delay + 1
    network = _network(
        n_pwl,
        weight=np.eye(n_latent, k=-1),
        inputs=np.eye(n_latent, 1),
        bias=np.zeros(n_latent),
        gain=gain,
        centre=0.5,
    )
    network = network._replace(readout=np.roll(network.readout, n_delay))

    def design(uniform):
        return uniform[..., None].copy(), np.full(len(uniform), n_steps)

    return Known("delay line", network, ("s",), n_steps, n_steps, design)


KNOWN = {
    "scalar memory": scalar_memory,
    "addition": addition,
    "integration": integration,
    "switching integration": partial(integration, n_steps=10, gain=1.5, change=0.2),
    "parity": parity,
    "decision": decision,
    "flip-flop": flip_flop,
    "two gated paths": partial(gated_paths, 2),
    "three gated paths": gated_paths,
}


def _network(n_pwl, *, weight, inputs, bias, gain, centre, initial=None) -> Network:
    """Reduced form: self-weights lie in W, and the first latent is read out."""
    bias = np.asarray(bias, dtype=float)
    readout = np.zeros((1, len(bias)))
    readout[0, 0] = gain
    return Network(
        n_pwl=n_pwl,
        self_slope=np.zeros(len(bias)),
        weight=np.asarray(weight, dtype=float),
        input_weight=np.asarray(inputs, dtype=float),
        bias=bias,
        initial=np.zeros(len(bias)) if initial is None else np.asarray(initial, dtype=float),
        readout=readout,
        offset=np.array([-gain * centre]),
    )


def _marked_values(n_steps):
    """Values at all steps but the last, two of them marked: uniform over pairs of steps."""
    pairs = np.stack(np.triu_indices(n_steps - 1, k=1), axis=1)

    def design(uniform):
        inputs = np.zeros((len(uniform), n_steps, 2))
        inputs[:, :-1, 0] = uniform[:, 1:]
        pair = pairs[(uniform[:, 0] * len(pairs)).astype(int)]
        np.put_along_axis(inputs[..., 1], pair, 1.0, axis=1)
        return inputs, np.full(len(uniform), n_steps)

    return design
