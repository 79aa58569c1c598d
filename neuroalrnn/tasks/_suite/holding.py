"""A number, signs or a parity are to be held: scalar memory, flip-flop, parity."""

from math import comb, log

import numpy as np

from neuroalrnn.exceptions import ConfigError, problems
from neuroalrnn.network.run import Network
from neuroalrnn.tasks import known
from neuroalrnn.tasks._suite.closed import blocks, network_of
from neuroalrnn.tasks._suite.task import Drawn, Scores, Task

# log-odds by which networks in closed form tell the two classes apart
GAIN = 40.0


def _draw_scalar(n_trials, rng, *, n_steps=40):
    """Draw a number from U(0, 1) at the first step, asked for at the last one."""
    value = rng.spawn(1)[0].random(n_trials)
    inputs = np.zeros((n_trials, n_steps, 1))
    inputs[:, 0, 0] = value
    scored = np.broadcast_to(np.arange(n_steps) == n_steps - 1, (n_trials, n_steps))
    return Drawn(
        inputs=inputs,
        target=np.where(scored, value[:, None], 0.0)[..., None],
        scored=scored,
        epoch=np.clip(np.arange(n_steps), 0, 1) + scored,
        n_steps=np.full(n_trials, n_steps),
        features=("value",),
        outputs=("value",),
        epochs=("stimulus", "delay", "response"),
    )


def _exact_scalar() -> Network:
    return network_of(0, [[1]], [[1]], readout=[[1]])


def _floor_of_scalar() -> Scores:
    return {"mse": 1 / 12}


def _draw_flip_flop(n_trials, rng, *, n_steps=64, n_bits=3, pulse=0.1, lag=1):
    """Draw pulses of -1 and +1; the last one of each input is asked for `lag` steps later.

    With ``lag=0`` no AL-RNN can follow at a pulse, as an input reaches the output of its own step
    only linearly: none is better than a mean squared error of about ``pulse * (1 - pulse)``.
    """
    _check_lag(lag, n_steps)
    for_pulse, for_sign = rng.spawn(2)
    shape = (n_trials, n_steps, n_bits)
    happens = for_pulse.random(shape) < pulse
    happens[:, 0] = True
    inputs = np.where(for_sign.random(shape) < 0.5, -1.0, 1.0) * happens
    latest = np.maximum.accumulate(np.where(happens, np.arange(n_steps)[:, None], 0), axis=1)
    state = np.take_along_axis(inputs, latest, axis=1)
    target = np.zeros(shape)
    target[:, lag:] = state[:, : n_steps - lag]
    return Drawn(
        inputs=inputs,
        target=target,
        scored=np.broadcast_to(np.arange(n_steps) >= lag, shape[:2]),
        epoch=np.zeros(shape[:2], dtype=int),
        n_steps=np.full(n_trials, n_steps),
        features=tuple(f"pulse {k + 1}" for k in range(n_bits)),
        outputs=tuple(f"bit {k + 1}" for k in range(n_bits)),
        epochs=("flip-flop",),
    )


def _check_lag(lag, n_steps):
    if lag >= n_steps:
        text = f"lag={lag}: expected less than n_steps={n_steps}, or nothing is asked for"
        raise problems(ConfigError, "flip-flop", [text])


def _exact_flip_flop(*, n_bits, lag) -> Network | None:
    """Hold every bit in three units, two of them PWL, which tell it one step late."""
    if lag != 1:
        return None
    one = known.flip_flop(gain=1.0).network
    return blocks(one, n_bits)


def _floor_of_flip_flop(*, n_steps, pulse, lag) -> Scores:
    """Let every pulse fade at the rate at which it is likely to have been replaced.

    As there is a pulse at the first step, the error rises from 0 to (1 - p) / (2 - p).
    """
    _check_lag(lag, n_steps)
    since = np.arange(n_steps - lag)
    rise = 1 - (1 - pulse) ** (2.0 * since)
    return {"mse": float((1 - pulse) / (2 - pulse) * rise.mean())}


def _draw_flagged(n_trials, rng, *, n_bits=10):
    """Draw bits at even steps, flagged; the parity so far is asked for at odd ones."""
    bits = rng.spawn(1)[0].integers(2, size=(n_trials, n_bits))
    inputs = np.zeros((n_trials, 2 * n_bits, 2))
    inputs[:, ::2, 0], inputs[:, ::2, 1] = bits, 1
    parity = np.cumsum(bits, axis=1) % 2
    is_odd = np.arange(2 * n_bits) % 2 == 1
    return _parity_trials(inputs, np.repeat(parity, 2, axis=1), is_odd, ("bit", "flag"))


def _draw_unflagged(n_trials, rng, *, n_bits=10):
    """Draw a bit at every step; the parity up to the step before is asked for."""
    _check_bits(n_bits)
    bits = rng.spawn(1)[0].integers(2, size=(n_trials, n_bits))
    parity = np.cumsum(bits, axis=1) % 2
    shifted = np.c_[np.zeros(n_trials, dtype=int), parity[:, :-1]]
    return _parity_trials(bits[..., None].astype(float), shifted, np.arange(n_bits) > 0, ("bit",))


def _check_bits(n_bits):
    if n_bits < 2:
        raise problems(ConfigError, "parity", [f"n_bits={n_bits}: expected 2 at least"])


def _parity_trials(inputs, parity, is_read, features):
    shape = inputs.shape[:2]
    return Drawn(
        inputs=inputs,
        target=np.where(is_read, parity, 0.0)[..., None],
        scored=np.broadcast_to(is_read, shape),
        epoch=np.broadcast_to(is_read.astype(int), shape),
        n_steps=np.full(shape[0], shape[1]),
        features=features,
        outputs=("odd",),
        epochs=("bit", "read"),
        choice=parity[:, -1],
        labels=("even", "odd"),
    )


def _exact_flagged() -> Network:
    return known.parity(gain=GAIN).network


def _exact_unflagged() -> Network:
    """``w' = w - 2 r(q) + u``, ``p' = w - 2 r(q)``, ``q' = w - 2 r(q) + u - 1``, read from p."""
    held = [1, 0, -2]
    return network_of(
        1,
        [held, held, held],
        [[1], [0], [1]],
        bias=[0, 0, -1],
        initial=[0, 0, -1],
        readout=[[0, GAIN, 0]],
        offset=[-GAIN / 2],
    )


def _floor_of_flagged(*, n_bits) -> Scores:
    return _without_product(n_bits)


def _floor_of_unflagged(*, n_bits) -> Scores:
    _check_bits(n_bits)
    return _without_product(n_bits - 1)


def _without_product(n_bits) -> Scores:
    """Count the bits: one bit is its own parity, and a majority tells little of that of more."""
    right = [0.5 + comb(n - 1, (n - 1) // 2) / 2**n for n in range(1, n_bits + 1)]
    return {"accuracy": sum(right) / n_bits, "nats": -(n_bits - 1) / n_bits * log(2)}


def _perfect_mse() -> Scores:
    return {"mse": 0.0}


def _perfect() -> Scores:
    return {"accuracy": 1.0, "nats": 0.0}


SCALAR_MEMORY = Task(
    name="scalar memory",
    draw=_draw_scalar,
    loss="squared",
    measures=("mse",),
    source="constructed for this package",
    floor_of=_floor_of_scalar,
    affine=False,
    ceiling_of=_perfect_mse,
    exact_of=_exact_scalar,
    solved=1e-3,
)
FLIP_FLOP = Task(
    name="flip-flop",
    draw=_draw_flip_flop,
    loss="squared",
    measures=("mse",),
    source="Sussillo & Barak (2013), Neural Computation",
    floor_of=_floor_of_flip_flop,
    ceiling_of=_perfect_mse,
    exact_of=_exact_flip_flop,
    solved=0.02,
)
FLAGGED_PARITY = Task(
    name="flagged parity",
    draw=_draw_flagged,
    loss="bernoulli",
    measures=("accuracy", "nats"),
    source="constructed for this package",
    floor_of=_floor_of_flagged,
    ceiling_of=_perfect,
    exact_of=_exact_flagged,
    solved=0.99,
)
PARITY = Task(
    name="parity",
    draw=_draw_unflagged,
    loss="bernoulli",
    measures=("accuracy", "nats"),
    source="constructed for this package",
    floor_of=_floor_of_unflagged,
    ceiling_of=_perfect,
    exact_of=_exact_unflagged,
    solved=0.99,
)
