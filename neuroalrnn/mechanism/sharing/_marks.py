"""Which PWL units are on during several tasks, and how alike the tasks are in it."""

from dataclasses import dataclass, replace

import numpy as np

LOW, HIGH = 0.01, 0.99


@dataclass(frozen=True)
class Marks:
    """Which PWL units are on during several tasks.

    Attributes
    ----------
    bits : bool array, shape (trial, step, unit)
    chosen : bool array, shape (trial, step)
        Steps that are looked at.
    task : int array, shape (trial,)
    n_tasks : int
    """

    bits: np.ndarray
    chosen: np.ndarray
    task: np.ndarray
    n_tasks: int

    @property
    def n_units(self) -> int:
        """Number of PWL units."""
        return self.bits.shape[-1]

    @property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Places of the two tasks of every pair."""
        return np.triu_indices(self.n_tasks, k=1)

    @property
    def task_of_step(self) -> np.ndarray:
        """Task of every step that is looked at, in the order of ``bits[chosen]``."""
        return np.broadcast_to(self.task[:, None], self.chosen.shape)[self.chosen]

    def steps_of(self, k: int) -> np.ndarray:
        """Bits of the steps of one task, (step, unit)."""
        return self.bits[self.chosen & (self.task == k)[:, None]]

    def keep(self, trials: np.ndarray) -> "Marks":
        """The same with some trials only."""
        return replace(
            self, bits=self.bits[trials], chosen=self.chosen[trials], task=self.task[trials]
        )


def measure_pairs(marks: Marks, *, co_switching: bool = True) -> dict[str, np.ndarray]:
    """Measures of every pair of tasks, (pair,), see `compute_overlap`."""
    found = {
        "overlap": overlap_of(occupancies(marks)),
        "shared_engagement": cosine_of(engagement_of(marks)),
    }
    if co_switching:
        correlation = [correlate(marks.steps_of(k)) for k in range(marks.n_tasks)]
        found["co_switching"] = co_switching_of(np.stack(correlation))
    return {name: values[marks.pairs] for name, values in found.items()}


def duty_cycles(marks: Marks) -> np.ndarray:
    """Share of steps at which each unit is on, (task, unit); NaN for a task without a step."""
    found = np.full((marks.n_tasks, marks.n_units), np.nan)
    for k in range(marks.n_tasks):
        steps = marks.steps_of(k)
        if len(steps):
            found[k] = steps.mean(axis=0)
    return found


def is_gated(duty: np.ndarray) -> np.ndarray:
    """Units (unit,) that are held all along in every task, on either branch."""
    held = (duty < LOW) | (duty > HIGH)
    return np.asarray(held.all(axis=0) & (duty < LOW).any(axis=0) & (duty > HIGH).any(axis=0))


def is_engaged(marks: Marks) -> np.ndarray:
    """Whether a unit is on in 1 to 99 % of the steps of a task, (task, unit)."""
    duty = duty_cycles(marks)
    return (duty >= LOW) & (duty <= HIGH)


def engagement_of(marks: Marks) -> np.ndarray:
    """``4 d (1 - d)`` of every unit, (task, unit)."""
    duty = duty_cycles(marks)
    return 4 * duty * (1 - duty)


def cosine_of(values: np.ndarray) -> np.ndarray:
    """Cosine of every two rows, (..., row, row); 0 where a row is."""
    size = np.sqrt((values**2).sum(axis=-1))
    size = np.where(size > 0, size, 1.0)
    product = values @ np.swapaxes(values, -1, -2)
    return np.clip(product / size[..., :, None] / size[..., None, :], -1.0, 1.0)


def to_codes(bits: np.ndarray) -> np.ndarray:
    """Sign patterns as integers, of (..., unit)."""
    return bits @ (1 << np.arange(bits.shape[-1], dtype=np.int64))


def occupancies(marks: Marks) -> np.ndarray:
    """Share of steps that each task spends in every regime that any visits, (task, regime)."""
    return shares_of(to_codes(marks.bits[marks.chosen]), marks.task_of_step, marks.n_tasks)


def shares_of(codes, task, n_tasks, weight=None):
    """See `occupancies`: of codes with the task of each, and how often each counts."""
    found, place = np.unique(codes, return_inverse=True)
    size = n_tasks * len(found)
    counts = np.bincount(task * len(found) + place, weight, size).reshape(n_tasks, -1)
    total = counts.sum(axis=1, keepdims=True)
    return counts / np.where(total > 0, total, np.nan)


def overlap_of(shares: np.ndarray) -> np.ndarray:
    """``1 - d`` of every two tasks, with d the Jensen-Shannon distance to base 2.

    Parameters
    ----------
    shares : array, shape (task, regime)

    Returns
    -------
    array, shape (task, task)
    """
    own = _entropy(shares)
    mixed = np.array([_entropy((shares + row) / 2) for row in shares])
    divergence = mixed - (own[:, None] + own) / 2
    return 1 - np.sqrt(np.clip(divergence, 0.0, 1.0))


def _entropy(shares):
    return -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=-1)


def correlate(bits: np.ndarray) -> np.ndarray:
    """Correlation over steps of every two units, (step, unit) to (unit, unit).

    It is 0 for units that are held: on in less than 1, or more than 99 % of the steps.
    """
    if not len(bits):
        return np.zeros((bits.shape[1], bits.shape[1]))
    duty = bits.mean(axis=0)
    works = (duty >= LOW) & (duty <= HIGH)
    size = np.where(works, np.sqrt(duty * (1 - duty)), np.inf)
    values = (bits - duty) / size
    return values.T @ values / len(bits)


def co_switching_of(correlation: np.ndarray) -> np.ndarray:
    """Mean product of correlations in two tasks, over units that work in both.

    Parameters
    ----------
    correlation : array, shape (task, unit, unit)

    Returns
    -------
    array, shape (task, task)
        0 where less than two units work in both, NaN if there is only one unit.
    """
    n_tasks, n_units = correlation.shape[:2]
    if n_units < 2:
        return np.full((n_tasks, n_tasks), np.nan)
    upper = np.triu_indices(n_units, k=1)
    pairs = correlation[:, upper[0], upper[1]]
    works = correlation.diagonal(axis1=1, axis2=2) > 0
    both = (works[:, upper[0]] & works[:, upper[1]]).astype(float)
    return pairs @ pairs.T / np.maximum(both @ both.T, 1)
