"""Context-dependent integration: two noisy streams, of which the context says which one counts."""

from functools import cache
from itertools import product

import numpy as np

from neuroalrnn.network.run import Network
from neuroalrnn.tasks._suite.closed import network_of
from neuroalrnn.tasks._suite.normal import cumulative
from neuroalrnn.tasks._suite.task import Drawn, Scores, Task

# steps of 20 ms: fixation, context alone, stimulus, delay, response
DEFAULT = (5, 17, 40, 5, 1)
# strength of an input per unit of coherence, and of the context, in the default version
STRENGTH = 0.1
# the offset of both streams in training is drawn from within these limits
WIDEST = 0.1875
EPOCHS = ("fixation", "context", "stimulus", "delay", "response")
# a stream opens the gate by less than this
GATE = 5.0
# log-odds per unit of integrated evidence, in the networks in closed form
GAIN = 10.0


def _draw_default(n_trials, rng, *, coherences=(1.0, 2.0, 4.0), noise=0.1):
    values = STRENGTH * np.array([sign * each for each in coherences for sign in (-1, 1)])
    return _draw(n_trials, rng, values, noise, DEFAULT, ("colour", "motion"), STRENGTH, 0.02)


def _draw_mante(n_trials, rng, *, coherences=(0.009, 0.036, 0.15), noise=1.0, dt=0.01):
    """Draw trials of 750 ms of evidence; `noise` is that of a step of 1 ms.

    A step of `dt` seconds is the mean over its milliseconds. Without `coherences`, offsets are
    drawn from U(-0.1875, 0.1875), as in training. A step follows in which the answer is given.
    """
    values = None
    if coherences is not None:
        values = np.array([sign * each for each in coherences for sign in (-1, 1)])
    timing = (0, 0, round(0.75 / dt), 0, 1)
    scaled = noise / np.sqrt(1000 * dt)
    return _draw(n_trials, rng, values, scaled, timing, ("motion", "colour"), 1.0, dt)


def _draw(n_trials, rng, values, noise, timing, streams, strength, dt):
    for_context, for_coherence, for_noise = rng.spawn(3)
    first = for_context.random(n_trials) < 0.5
    if values is None:
        coherence = WIDEST * (2 * for_coherence.random((n_trials, 2)) - 1)
    else:
        coherence = values[for_coherence.integers(len(values), size=(n_trials, 2))]
    epoch = np.repeat(np.arange(len(timing)), timing)
    is_context = (epoch > 0) & (epoch < 4)
    inputs = np.zeros((n_trials, len(epoch), 4))
    inputs[..., :2] = noise * for_noise.standard_normal((n_trials, len(epoch), 2))
    inputs[..., :2] += (epoch == 2)[:, None] * coherence[:, None]
    inputs[..., 2] = strength * is_context * first[:, None]
    inputs[..., 3] = strength * is_context * ~first[:, None]
    right = np.where(first, coherence[:, 0], coherence[:, 1]) > 0
    used = [k for k, n in enumerate(timing) if n]
    scored = np.broadcast_to(epoch == 4, inputs.shape[:2])
    return Drawn(
        inputs=inputs,
        target=(scored & right[:, None])[..., None].astype(float),
        scored=scored,
        epoch=np.broadcast_to(np.searchsorted(used, epoch), inputs.shape[:2]),
        n_steps=np.full(n_trials, len(epoch)),
        features=(*streams, "context 1", "context 2"),
        outputs=("positive",),
        epochs=tuple(EPOCHS[k] for k in used),
        choice=right,
        labels=("negative", "positive"),
        parameters={
            "context": np.where(first, 1, 2),
            f"{streams[0]}_coherence": coherence[:, 0],
            f"{streams[1]}_coherence": coherence[:, 1],
            "congruent": (coherence > 0).all(axis=1) | (coherence < 0).all(axis=1),
        },
        dt=dt,
    )


def _exact_default() -> Network:
    return gated_integrator([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1 / STRENGTH, 0])


def _exact_mante() -> Network:
    return gated_integrator([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0])


def gated_integrator(first, second, context) -> Network:
    """Integrate one of two streams with a single PWL unit.

    ``y' = y - u + v + r(q)``, ``u' = b c``, ``v' = x2``, ``q' = x1 - x2 + 2 b c - b``: with c = 1
    the stream ``x1`` is integrated, with c = 0 ``x2``, as long as they differ by less than b.

    Parameters
    ----------
    first, second, context : list of float
        Weights of the inputs in x1, x2 and c.

    Returns
    -------
    Network
        With y as its one output, one step late.
    """
    x1, x2, c = (np.asarray(each, dtype=float) for each in (first, second, context))
    return network_of(
        1,
        [[1, -1, 1, 1], [0] * 4, [0] * 4, [0] * 4],
        [0 * c, GATE * c, x2, x1 - x2 + 2 * GATE * c],
        bias=[0, 0, 0, -GATE],
        readout=[[GAIN, 0, 0, 0]],
    )


def _floor_of_default(*, coherences, noise) -> Scores:
    return _floor(tuple(STRENGTH * each for each in coherences), noise, DEFAULT[2])


def _floor_of_mante(*, coherences, noise, dt) -> Scores:
    levels = coherences or tuple(WIDEST * (np.arange(12) + 0.5) / 12)
    return _floor(tuple(levels), noise / np.sqrt(1000 * dt), round(0.75 / dt))


@cache
def _floor(levels, noise, n_steps) -> Scores:
    """Weigh both streams, with a criterion for each context.

    The accuracy is that of the best direction and criteria on a grid; the log-likelihood that of
    the best logistic function of streams without noise, which is a bound.
    """
    signed = np.array([sign * each for each in levels for sign in (-1, 1)])
    pairs = np.array(list(product(signed, signed))) * n_steps
    spread = max(noise * np.sqrt(n_steps), 1e-12)
    criteria = np.linspace(-1, 1, 301) * pairs.max() * 1.5
    best = 0.0
    for angle in np.linspace(0, np.pi / 4, 46):
        score = pairs @ [np.cos(angle), np.sin(angle)]
        high = cumulative((score - criteria[:, None]) / spread)
        right = [np.where(pairs[:, k] > 0, high, 1 - high).mean(axis=1).max() for k in (0, 1)]
        best = max(best, sum(right) / 2)
    slopes = np.logspace(-2, 2, 400)[:, None] / max(levels) / n_steps
    nats = -np.logaddexp(0, -slopes * np.sign(pairs[:, 0]) * pairs.sum(axis=1)).mean(axis=1)
    return {"accuracy": float(best), "nats": float(nats.max())}


def _ceiling_of_default(*, coherences, noise) -> Scores:
    return _ideal([STRENGTH * each for each in coherences], noise, DEFAULT[2])


def _ceiling_of_mante(*, coherences, noise, dt) -> Scores:
    levels = coherences or WIDEST * (np.arange(200) + 0.5) / 200
    return _ideal(levels, noise / np.sqrt(1000 * dt), round(0.75 / dt))


def _ideal(levels, noise, n_steps) -> Scores:
    """Integrate the right stream, and nothing else."""
    clear = np.asarray(levels) * np.sqrt(n_steps) / max(noise, 1e-12)
    return {"accuracy": float(cumulative(clear).mean())}


CONTEXT = Task(
    name="context-dependent integration",
    draw=_draw_default,
    loss="bernoulli",
    measures=("accuracy", "nats"),
    source="after Mante et al. (2013), Nature, as low-rank networks are trained on it",
    floor_of=_floor_of_default,
    ceiling_of=_ceiling_of_default,
    exact_of=_exact_default,
    solved=0.95,
)
MANTE = Task(
    name="context-dependent integration, Mante",
    draw=_draw_mante,
    loss="bernoulli",
    measures=("accuracy", "nats"),
    source="Mante et al. (2013), Nature; steps and their noise are of this package",
    floor_of=_floor_of_mante,
    ceiling_of=_ceiling_of_mante,
    exact_of=_exact_mante,
)
