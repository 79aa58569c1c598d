"""Addition, multiplication and comparison of two marked numbers of a sequence.

A value comes at every step on one input and a marker on the other one. Two steps are marked, and
what is asked for at the last step is the sum, the product, or which of the two was larger.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from neuroalrnn.exceptions import ConfigError, problems
from neuroalrnn.network.run import Network
from neuroalrnn.tasks._suite.normal import cumulative
from neuroalrnn.tasks._suite.task import Drawn, Scores, Task
from neuroalrnn.tasks.marked import addition, decision

# log-odds by which a network in closed form tells which number was larger
GAIN = 100.0


def _draw_sum(n_trials, rng, *, n_steps=100, law="default"):
    return _draw(n_trials, rng, n_steps, law, product=False)


def _draw_product(n_trials, rng, *, n_steps=100, law="default"):
    return _draw(n_trials, rng, n_steps, law, product=True)


def _draw(n_trials, rng, n_steps, law, *, product):
    """Draw trials.

    ``law`` says where markers are. "default": one among the first 10 steps and one in the first
    half; "uniform": anywhere but at the last step; "signed": as the default, with values from
    U(-1, 1), -1 on the marker input at both ends, and up to a tenth more steps.
    """
    pairs = _pairs(n_steps, law)
    for_place, for_value, for_length = rng.spawn(3)
    place = pairs[for_place.integers(len(pairs), size=n_trials)]
    longest = n_steps + n_steps // 10 if law == "signed" else n_steps
    length = for_length.integers(n_steps, longest + 1, size=n_trials)
    value = for_value.random((n_trials, longest))
    marker = np.zeros((n_trials, longest))
    if law == "signed":
        value = 2 * value - 1
        marker[:, 0] = marker[np.arange(n_trials), length - 1] = -1
    np.put_along_axis(marker, place, 1.0, axis=1)
    steps, last = np.arange(longest), length[:, None] - 1
    first, second = np.take_along_axis(value, place, axis=1).T
    answer = first * second if product else first + second
    if law == "signed":
        answer = 0.5 + answer / 4
    is_last = steps == last
    return Drawn(
        inputs=np.stack([value, marker], axis=-1),
        target=np.where(is_last, answer[:, None], 0.0)[..., None],
        scored=is_last,
        epoch=is_last.astype(int),
        n_steps=length,
        features=("value", "marker"),
        outputs=("product" if product else "sum",),
        epochs=("stimulus", "response"),
        parameters={"first_marked": place.min(axis=1), "second_marked": place.max(axis=1)},
    )


def _draw_decision(n_trials, rng, *, n_steps=20):
    """Draw trials with two marked steps before the last one; was the first value larger?"""
    drawn = _draw(n_trials, rng, n_steps, "uniform", product=False)
    place = np.stack([drawn.parameters[name] for name in ("first_marked", "second_marked")], axis=1)
    first, second = np.take_along_axis(drawn.inputs[..., 0], place, axis=1).T
    return replace(
        drawn,
        target=drawn.scored[..., None] * (first > second)[:, None, None],
        outputs=("first",),
        choice=first > second,
        labels=("second", "first"),
        parameters=drawn.parameters | {"difference": first - second},
    )


def _pairs(n_steps, law):
    """Pairs of steps that are as likely as each other to be marked, shape (pair, 2)."""
    if n_steps < 4:
        text = f"n_steps={n_steps}: expected 4 at least, for two marked steps and one to answer"
        raise problems(ConfigError, "marked numbers", [text])
    if law == "uniform":
        return np.stack(np.triu_indices(n_steps - 1, k=1), axis=1)
    start = 1 if law == "signed" else 0
    half = np.arange(start, n_steps // 2)
    i, j = np.meshgrid(half[half < 10], half, indexing="ij")
    return np.stack([i[i != j], j[i != j]], axis=1)


def _marked(n_steps, law):
    """Expected sum over steps of the squared probability that the step is marked."""
    pairs = _pairs(n_steps, law)
    return float((np.bincount(pairs.ravel()) ** 2).sum() / len(pairs) ** 2)


def _floor_of_addition(*, n_steps, law) -> Scores:
    """Value t tells as much of the sum as it is likely to be marked; markers tell nothing."""
    if law == "signed":
        return {"near": 1 - 0.92**2, "mse": 1 / 24 - _marked(n_steps, law) / 48}
    return {"near": 1 - 0.96**2, "mse": 1 / 6 - _marked(n_steps, law) / 12}


def _floor_of_multiplication(*, n_steps, law) -> Scores:
    """Most products are near to a constant that is not their mean."""
    if law == "signed":
        return {"near": float(0.16 * (1 - np.log(0.16))), "mse": 1 / 144}
    near = float(0.08 * (1 - np.log(0.08)))
    return {"near": near, "mse": 7 / 144 - _marked(n_steps, law) / 48}


def _exact_addition(*, law) -> Network:
    """Write ``y' = y + r(q)``, ``q' = x + m - 1``; signed values from -1 on need ``2 m``."""
    network = addition(gain=1.0).network._replace(offset=np.zeros(1))
    if law != "signed":
        return network
    return network._replace(
        input_weight=np.array([[0.0, 0.0], [1.0, 2.0]]), readout=network.readout / 4
    )


def _perfect() -> Scores:
    return {"near": 1.0, "mse": 0.0}


@cache
def _floor_of_decision(*, n_steps) -> Scores:
    """Weigh every value by how much more likely it is to be the first marked one than the second.

    Given the two marked values, the sum of all others is taken as normal, which is fair from 10
    steps on. It is the affine function of least squares; another one may be right slightly more
    often.
    """
    weight = n_steps - 2.0 - 2 * np.arange(n_steps - 1)
    first, second = np.triu_indices(n_steps - 1, k=1)
    rest = np.sqrt(((weight**2).sum() - weight[first] ** 2 - weight[second] ** 2) / 12)
    node, share = np.polynomial.legendre.leggauss(8)
    x, y = ((each.ravel() + 1) / 2 for each in np.meshgrid(node, node))
    share = np.outer(share, share).ravel() / 4
    # a point of the square becomes one of the triangle in which the first value is larger
    larger, smaller, share = x, x * y, 2 * x * share
    mean = np.outer(weight[first], larger - 0.5) + np.outer(weight[second], smaller - 0.5)
    right = cumulative(mean / np.maximum(rest, 1e-12)[:, None])
    return {"accuracy": float((right @ share).mean())}


def _exact_decision() -> Network:
    """Subtract the numbers by one PWL unit, see `neuroalrnn.tasks.decision`."""
    return decision(gain=-GAIN).network


def _perfect_decision() -> Scores:
    return {"accuracy": 1.0, "nats": 0.0}


SOURCE = (
    "Schmidt et al. (2021), ICLR; law 'uniform': Le et al. (2015), arXiv:1504.00941; law 'signed': "
    "Hochreiter & Schmidhuber (1997), Neural Computation"
)

ADDITION = Task(
    name="addition",
    draw=_draw_sum,
    loss="squared",
    measures=("near", "mse"),
    source=SOURCE,
    floor_of=_floor_of_addition,
    ceiling_of=_perfect,
    exact_of=_exact_addition,
    solved=0.95,
)
MULTIPLICATION = Task(
    name="multiplication",
    draw=_draw_product,
    loss="squared",
    measures=("near", "mse"),
    source=SOURCE,
    floor_of=_floor_of_multiplication,
    ceiling_of=_perfect,
    solved=0.95,
)
DECISION = Task(
    name="decision",
    draw=_draw_decision,
    loss="bernoulli",
    measures=("accuracy", "nats"),
    source="constructed for this package, after addition",
    floor_of=_floor_of_decision,
    ceiling_of=_perfect_decision,
    exact_of=_exact_decision,
    solved=0.95,
)
