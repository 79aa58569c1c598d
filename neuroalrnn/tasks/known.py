"""Known networks: AL-RNNs in closed form, and the trials that each of them solves.

They are the ground truth of parameter recovery. Each docstring writes the update with
``r(x) = max(0, x)`` and a prime for the next step. Linear units come first, and ``z_0 = 0`` unless
it is given. A network reads out a number ``y``. The choice is drawn at the last step of a trial
from ``p(choice 1) = 1 / (1 + exp(-eta))``, ``eta = gain * (y - centre)``: it is informative and
noisy. "Constructed for this package" marks networks that have no source in the literature.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from neuroalrnn.tasks._known import Known, closed_form
from neuroalrnn.tasks.marked import addition, decision

_NUMBERS = {1: "one", 2: "two", 3: "three"}


def scalar_memory(n_steps: int = 6, gain: float = 8.0) -> Known:
    """Make a network that keeps one number until the end: ``y' = y + s``, no PWL unit.

    The number is drawn from U(0, 1). A trial has 2 to `n_steps` steps: if all trials had the same
    length, choices would not tell whether the number decays.

    Parameters
    ----------
    n_steps : int
        Number of steps of the longest trial.
    gain : float
        Log-odds (nats) per unit of the read-out number.

    Returns
    -------
    Known
        The network, and how its trials are drawn.
    """

    def design(uniform):
        inputs = np.zeros((len(uniform), n_steps, 1))
        inputs[:, 0, 0] = uniform[:, 0]
        return inputs, 2 + (uniform[:, 1] * (n_steps - 1)).astype(int)

    network = closed_form(0, weight=[[1]], inputs=[[1]], bias=[0], gain=gain, centre=0.5)
    return Known("scalar memory", network, ("s",), n_steps, 2, design)


def integration(n_steps: int = 5, gain: float = 2.0, change: float = 0.0) -> Known:
    """Make a network that integrates one of two streams, as the context says.

    ``y' = y - u + v + r(q)``, ``u' = 5/2 (c + 1)``, ``v' = x2``, ``q' = x1 - x2 + 5 c``. The
    context ``c`` is 1 (integrate ``x1``) or -1 (integrate ``x2``). The streams are drawn from
    U(-1, 1) and are 0 at the last step.

    Parameters
    ----------
    n_steps : int
        Number of steps of a trial.
    gain : float
        Log-odds (nats) per unit of the read-out number.
    change : float
        Probability that the context changes from one step to the next. If it never changes,
        choices cannot tell a network that selects a stream at every step from one that integrates
        both streams and selects at the end.

    Returns
    -------
    Known
        The network, and how its trials are drawn.
    """

    def design(uniform):
        inputs = np.zeros((len(uniform), n_steps, 3))
        streams = 2 * uniform[:, n_steps:] - 1
        inputs[:, :-1, :2] = streams.reshape(len(uniform), n_steps - 1, 2)
        changes = np.cumsum(uniform[:, 1:n_steps] < change, axis=1)
        first = uniform[:, :1] < 0.5
        inputs[:, :, 2] = 2 * (np.c_[first, first + changes] % 2) - 1
        return inputs, np.full(len(uniform), n_steps)

    network = closed_form(
        1,
        weight=[[1, -1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        inputs=np.array([[0, 0, 0], [0, 0, 2.5], [0, 1, 0], [1, -1, 5]]),
        bias=[0, 2.5, 0, 0],
        gain=gain,
        centre=0,
    )
    name = "switching integration" if change else "integration"
    return Known(name, network, ("x1", "x2", "context"), n_steps, 3 * n_steps - 2, design)


def parity(n_bits: int = 3, gain: float = 4.0) -> Known:
    """Make a network that keeps the parity of a row of bits.

    ``y' = y + u - 2 r(q)``, ``q' = y + u + 2 f - 3``: a running XOR of the bits u. A bit comes with
    the flag f = 1 at every even step; both inputs are 0 at odd steps. A trial has 2 to `n_bits`
    bits.

    Parameters
    ----------
    n_bits : int
        Number of bits of the longest trial, which has twice as many steps.
    gain : float
        Log-odds (nats) per unit of the read-out number.

    Returns
    -------
    Known
        The network, and how its trials are drawn.
    """

    def design(uniform):
        count = 2 + (uniform[:, 0] * (n_bits - 1)).astype(int)
        present = np.arange(n_bits) < count[:, None]
        inputs = np.zeros((len(uniform), 2 * n_bits, 2))
        inputs[:, ::2, 0] = (uniform[:, 1:] < 0.5) & present
        inputs[:, ::2, 1] = present
        return inputs, 2 * count

    network = closed_form(
        1, weight=[[1, -2], [1, 0]], inputs=[[1, 0], [1, 2]], bias=[0, -3], gain=gain, centre=0.5
    )
    return Known("parity", network, ("u", "f"), 2 * n_bits, n_bits + 1, design)


def flip_flop(n_steps: int = 8, gain: float = 2.5, pulse: float = 0.4) -> Known:
    """Make a network that keeps the sign of the last pulse of -1 or +1.

    ``y' = r(p) - r(q) - 1``, ``p' = r(p) - r(q) + 2 u``, ``q' = r(p) - r(q) + 2 u - 2``, starting
    at p = 1, q = -1: ``y`` stays within -1 and 1. A trial has 3 to `n_steps` steps, a pulse at its
    first step and none at its last one.

    Parameters
    ----------
    n_steps : int
        Number of steps of the longest trial.
    gain : float
        Log-odds (nats) per unit of the read-out number.
    pulse : float
        Probability of a pulse at each step between the first and the last.

    Returns
    -------
    Known
        The network, and how its trials are drawn.
    """

    def design(uniform):
        last = 2 + (uniform[:, 0] * (n_steps - 2)).astype(int)
        happens = uniform[:, 1 : n_steps + 1] < pulse
        happens[:, 0] = True
        happens &= np.arange(n_steps) < last[:, None]
        sign = np.where(uniform[:, n_steps + 1 :] < 0.5, -1.0, 1.0)
        return (happens * sign)[..., None], last + 1

    rectified = [0, 1, -1]
    network = closed_form(
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
    """Make a network that adds values, each of which passes only if its gate is open.

    ``y' = sum_i r(g_i) - sum_i c_i``, ``g_i' = x_i + 2 c_i - 1``; a linear unit ``c_i`` holds the
    gate, 0 or 1. Values are drawn from U(-1, 1). All inputs come at step 0 and the choice at step
    1: there is no spare step in which a PWL unit could serve a second path, so `n_paths` paths need
    `n_paths` PWL units. Constructed for this package.

    Parameters
    ----------
    n_paths : int
        Number of values, of gates, and of PWL units.
    gain : float
        Log-odds (nats) per unit of the read-out number.

    Returns
    -------
    Known
        The network, and how its trials are drawn.
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

    network = closed_form(n_paths, weight=weight, inputs=inputs, bias=bias, gain=gain, centre=0)
    features = (*(f"x{i + 1}" for i in paths), *(f"gate {i + 1}" for i in paths))
    name = f"{_NUMBERS.get(n_paths, n_paths)} gated paths"
    return Known(name, network, features, 2, 2 * n_paths, design)


def delay_line(n_delay: int = 6, n_pwl: int = 2, gain: float = 8.0) -> Known:
    """Make a network that repeats the input of `n_delay` steps ago.

    It is a shift register, ``z_1' = s``, ``z_i' = r(z_{i-1})``. A value from U(0, 1) comes at every
    step of a trial, and the last unit is read out at the end. All eigenvalues of its Jacobian J
    are 0 while ``|J^k|_2 = 1`` up to ``k = n_delay``: nothing persists, and yet nothing is lost on
    the way. As values are positive, a PWL unit does what a linear one does, and their number is
    free. Constructed for this package.

    Parameters
    ----------
    n_delay : int
        Delay in steps; a trial has one step more.
    n_pwl : int
        Number of PWL units, 0 to ``n_delay + 1``.
    gain : float
        Log-odds (nats) per unit of the read-out number.

    Returns
    -------
    Known
        The network, and how its trials are drawn.
    """
    n_latent, n_steps = n_delay + 1, n_delay + 1
    network = closed_form(
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


KNOWN: dict[str, Callable[[], Known]] = {
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
