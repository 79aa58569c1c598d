"""Recall of items after a delay: copying with a fixed delay, and with one that varies.

Items are shown one after the other, then blanks, then a cue at every step. The first cue says that
recall begins at the next step, at which the items are asked for in their order.
"""

import numpy as np

from neuroalrnn.network.run import Network
from neuroalrnn.tasks._suite.closed import network_of
from neuroalrnn.tasks._suite.task import Drawn, Scores, Task

N_SYMBOLS, BLANK, CUE = 8, 0, 9
NAMES = ("blank", *(f"symbol {k}" for k in range(1, N_SYMBOLS + 1)), "cue")
N_COPIED = 10
# log-odds per unit of what networks in closed form compare
GAIN = 100.0
EPOCHS = ("items", "delay", "cue", "recall")


def _draw_copy(n_trials, rng, *, n_blanks=10):
    return _draw(n_trials, rng, N_COPIED, (n_blanks, n_blanks))


def _draw_variable(n_trials, rng, *, n_items=1, n_blanks=(5, 15)):
    return _draw(n_trials, rng, n_items, n_blanks)


def _draw(n_trials, rng, n_items, n_blanks):
    """Draw trials whose steps are ``n_items``, ``n_blanks - 1``, one cue, and ``n_items``."""
    for_symbol, for_delay = rng.spawn(2)
    symbols = for_symbol.integers(1, N_SYMBOLS + 1, size=(n_trials, n_items))
    delay = for_delay.integers(n_blanks[0], n_blanks[1] + 1, size=n_trials)
    n_steps = delay + 2 * n_items
    steps = np.arange(n_blanks[1] + 2 * n_items)
    recall = steps - (n_steps - n_items)[:, None]
    shown = np.where(recall >= -1, CUE, BLANK)
    shown[:, :n_items] = symbols
    place = np.clip(recall, 0, n_items - 1)
    asked = np.where(recall >= 0, np.take_along_axis(symbols, place, axis=1), BLANK)
    epoch = np.where(steps < n_items, 0, np.where(recall < -1, 1, np.where(recall < 0, 2, 3)))
    classes = np.eye(len(NAMES))
    return Drawn(
        inputs=classes[shown],
        target=classes[asked],
        scored=np.ones_like(epoch, dtype=bool),
        epoch=epoch,
        n_steps=n_steps,
        features=NAMES,
        outputs=NAMES,
        epochs=EPOCHS,
        parameters={"delay": delay},
    )


def _exact_copy(*, n_blanks) -> Network:
    """Let every symbol go round a ring, which is back at its start when the item is asked for.

    A ring for each symbol moves by one step at a time; its length divides the steps from an item to
    its recall. A counter ``n' = n + cue`` makes the blank give way at recall:
    ``2 - 0.75 n`` against 1 for a symbol.
    """
    apart = n_blanks + N_COPIED
    length = next(k for k in range(N_COPIED, apart + 1) if apart % k == 0)
    return _rings(length)


def _exact_variable(*, n_items) -> Network | None:
    """Keep one item for any time: rings of length one. None is known for more items."""
    return _rings(1) if n_items == 1 else None


def _rings(length):
    n_latent = 1 + N_SYMBOLS * length
    weight, inputs = np.zeros((n_latent, n_latent)), np.zeros((n_latent, len(NAMES)))
    readout, offset = np.zeros((len(NAMES), n_latent)), np.zeros(len(NAMES))
    weight[0, 0], inputs[0, CUE] = 1, 1
    readout[BLANK, 0], offset[BLANK], offset[CUE] = -0.75, 2, -2
    for symbol in range(1, N_SYMBOLS + 1):
        start = 1 + (symbol - 1) * length
        weight[start : start + length, start : start + length] = np.roll(np.eye(length), 1, axis=0)
        inputs[start, symbol], readout[symbol, start] = 1, 1
    return network_of(0, weight, inputs, readout=GAIN * readout, offset=GAIN * offset)


def _floor_of_copy(*, n_blanks) -> Scores:
    return _without_memory(N_COPIED, n_blanks + 2 * N_COPIED)


def _floor_of_variable(*, n_items, n_blanks) -> Scores:
    return _without_memory(n_items, sum(n_blanks) / 2 + 2 * n_items)


def _without_memory(n_items, n_steps) -> Scores:
    """Scores of a guess at recall, and certainty at all other steps."""
    return {"accuracy": 1 / N_SYMBOLS, "nats": float(-n_items * np.log(N_SYMBOLS) / n_steps)}


def _perfect() -> Scores:
    return {"accuracy": 1.0, "nats": 0.0}


COPY = Task(
    name="copy",
    draw=_draw_copy,
    loss="categorical",
    measures=("accuracy", "nats"),
    source="Hochreiter & Schmidhuber (1997), Neural Computation; Arjovsky et al. (2016), ICML",
    floor_of=_floor_of_copy,
    affine=False,
    ceiling_of=_perfect,
    exact_of=_exact_copy,
    solved=0.99,
)
VARIABLE_COPY = Task(
    name="variable-delay copy",
    draw=_draw_variable,
    loss="categorical",
    measures=("accuracy", "nats"),
    source="constructed for this package, after the copy task",
    floor_of=_floor_of_variable,
    affine=False,
    ceiling_of=_perfect,
    exact_of=_exact_variable,
    solved=0.95,
)
