"""What sharing would be without any: null distributions of its measures, for every pair of tasks.

Each function returns an array (draw, pair) for every measure that its null says something about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.mechanism.primitives._nulls import choose_radius, run_random_network
from neuroalrnn.mechanism.sharing._marks import (
    Marks,
    co_switching_of,
    correlate,
    cosine_of,
    duty_cycles,
    engagement_of,
    measure_pairs,
    occupancies,
    overlap_of,
    shares_of,
    to_codes,
)
from neuroalrnn.mechanism.sharing._tasks import TaskRun
from neuroalrnn.network.codes import compute_regimes
from neuroalrnn.network.run import Network
from neuroalrnn.network.units import match_units

Draws = dict[str, np.ndarray]
# steps by which units of two networks are matched
MOST_STEPS = 2000


def draw_independent(marks: Marks, n: int, rng: np.random.Generator) -> Draws:
    """Units with the same duty cycles that do not know of each other.

    In every trial each unit takes the course that it has in a trial of its own of the same task,
    from a random step on and round its end.
    """
    found = np.empty((n, len(marks.pairs[0])))
    parts = [_courses(marks, k) for k in range(marks.n_tasks)]
    for draw in found:
        correlation = [correlate(_apart(bits, length, rng)) for bits, length in parts]
        draw[:] = co_switching_of(np.stack(correlation))[marks.pairs]
    return {"co_switching": found}


def _courses(marks, k):
    """Steps looked at of the trials of a task, moved to the front: bits, and their number."""
    rows = np.flatnonzero(marks.task == k)
    chosen = marks.chosen[rows]
    order = np.argsort(~chosen, axis=1, kind="stable")
    bits = np.take_along_axis(marks.bits[rows], order[..., None], axis=1)
    length = chosen.sum(axis=1)
    keep = length > 0
    return bits[keep, : length.max()], length[keep]


def _apart(bits, length, rng):
    """Bits (step, unit) of units that come from trials of their own."""
    n, n_steps, n_units = bits.shape
    source = rng.permuted(np.tile(np.arange(n)[:, None], n_units), axis=0)
    start = rng.integers(0, length[source])
    step = np.arange(n_steps)[:, None]
    step = (start[:, None] + step) % length[source][:, None]
    moved = bits[source[:, None], step, np.arange(n_units)]
    return moved[np.arange(n_steps) < length[:, None]]


def draw_exchanged(marks: Marks, costs: np.ndarray | None, n: int, rng) -> Draws:
    """The same regimes, with units that are exchanged at random in every task.

    Each task keeps the number of its regimes, their occupancies and its course; only which unit is
    which in another task is lost. Units count by whether they are on their usual branch, so that
    the regime in which no unit works stays the same.

    Parameters
    ----------
    marks : Marks
    costs : array, shape (task, unit), optional
        Costs of freezing.
    n, rng
    """
    n_tasks, n_units = marks.n_tasks, marks.n_units
    engagement = engagement_of(marks)
    usual = duty_cycles(marks).mean(axis=0) > 0.5
    bits, task = marks.bits[marks.chosen] != usual, marks.task_of_step
    kinds = [np.unique(bits[task == k], axis=0, return_counts=True) for k in range(n_tasks)]
    weight = np.concatenate([counts for _, counts in kinds])
    of_kind = np.repeat(np.arange(n_tasks), [len(counts) for _, counts in kinds])
    found: list[dict[str, np.ndarray]] = []
    for _ in range(n):
        order = rng.permuted(np.tile(np.arange(n_units), (n_tasks, 1)), axis=1)
        codes = np.concatenate([to_codes(k[:, o]) for (k, _), o in zip(kinds, order, strict=True)])
        shares = shares_of(codes, of_kind, n_tasks, weight)
        exchanged = {
            "overlap": overlap_of(shares),
            "shared_engagement": cosine_of(np.take_along_axis(engagement, order, axis=1)),
        }
        if costs is not None:
            exchanged["shared_cost"] = cosine_of(np.take_along_axis(costs, order, axis=1))
        found.append({name: values[marks.pairs] for name, values in exchanged.items()})
    return _stack(found)


def draw_random(run: TaskRun, n: int, rng: np.random.Generator) -> Draws:
    """Random networks of equal size and spectral radius on the same inputs."""
    regimes = compute_regimes(run.latents, run.network.n_pwl)
    radius = choose_radius(run.network, regimes, run.n_steps)
    drawn = (run_random_network(run.network, run.sequences, radius, rng)[0] for _ in range(n))
    return _stack([_measure(run.of(network).marks) for network in drawn])


def draw_from_full(run: TaskRun, networks: Sequence[Network], n: int, rng) -> Draws:
    """As many units, drawn from networks with more PWL units that know the same tasks."""
    n_units = run.network.n_pwl
    wrong = [
        f"{each!r}: has less than {n_units} PWL units" for each in networks if each.n_pwl < n_units
    ]
    if wrong:
        raise problems(DataError, "networks with more units", wrong)
    others = [run.of(network).marks for network in networks]
    found = []
    for i in range(n):
        marks = others[i % len(others)]
        units = rng.permutation(marks.n_units)[:n_units]
        found.append(_measure(replace(marks, bits=marks.bits[..., units])))
    return _stack(found)


def draw_single(run: TaskRun, networks: Mapping[str, Sequence[Network]]) -> Draws:
    """Networks that know one task each, with units that are matched by their courses.

    Every network runs on all trials as if its own task was on. Units of two networks are paired by
    their correlation over trials of both tasks; with a negative one they count as mirrored.
    """
    _refuse_single(run, networks)
    n_each = min(len(networks[name]) for name in run.names)
    known = [
        [run.as_during(k).of(network) for network in networks[name][:n_each]]
        for k, name in enumerate(run.names)
    ]
    found = [
        [_matched(known[a][i], known[b][j], a, b) for a, b in zip(*run.marks.pairs, strict=True)]
        for i in range(n_each)
        for j in range(n_each)
    ]
    return _stack(
        [{name: np.concatenate([e[name] for e in each]) for name in each[0]} for each in found]
    )


def _matched(first, second, a, b):
    """Measures of task a in one network and task b in another one, of one pair."""
    here = first.chosen & np.isin(first.task, (a, b))[:, None]
    every = max(1, here.sum() // MOST_STEPS)
    units = [each.units[here][::every] for each in (first, second)]
    order, correlation = match_units(*units)
    other = second.marks.bits[..., order] != (correlation < 0)
    is_b = first.task == b
    bits = np.where(is_b[:, None, None], other, first.marks.bits)
    joined = Marks(bits, first.chosen, is_b.astype(int), 2)
    return _measure(joined.keep(np.isin(first.task, (a, b))))


def _refuse_single(run, networks):
    found = [f"no network for {name}" for name in run.names if not networks.get(name)]
    found += [
        f"{name}: {each!r} has another number of PWL units than {run.network.n_pwl}"
        for name in run.names
        for each in networks.get(name, ())
        if each.n_pwl != run.network.n_pwl
    ]
    if found:
        raise problems(DataError, "single-task networks", found)


def draw_relabelled(marks: Marks, n: int, rng: np.random.Generator) -> Draws:
    """Trials that are of one task as much as of any other: labels exchanged between trials."""
    drawn = (replace(marks, task=rng.permutation(marks.task)) for _ in range(n))
    return _stack([{"overlap": overlap_of(occupancies(each))[marks.pairs]} for each in drawn])


def _measure(marks):
    return measure_pairs(marks, co_switching=False)


def _stack(found):
    return {name: np.array([each[name] for each in found]) for name in found[0]}
