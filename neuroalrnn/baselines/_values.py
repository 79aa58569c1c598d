"""Covariates that take few values: sums over rows are sums over pairs of values.

Columns that go together, as those of one past trial do, are one group: its values are rows of a
table, and a design is the number of a value for every group.
"""

from typing import NamedTuple

import numpy as np

from neuroalrnn.baselines._kernel import kernel

# values of a group, and of all groups together
MOST_OF_GROUP, MOST = 32, 160
# states that are added up at once, by one instruction
WIDTH = 4
# columns go together where at most such a share of all pairs of their values occurs
SPARED = 0.6


class Values(NamedTuple):
    """Covariates by their values.

    Parameters
    ----------
    number : int array, shape (design, group)
        Number of the value that a group of columns has; no two groups share any.
    columns : array, shape (feature, value)
        What each value adds to each covariate.
    """

    number: np.ndarray
    columns: np.ndarray


def find_values(features: np.ndarray) -> Values | None:
    """Group columns by values that they take together.

    Parameters
    ----------
    features : array, shape (design, feature)
        Covariates.

    Returns
    -------
    Values, or None
        None where there are many values.
    """
    groups: list[_Group] = []
    for column, each in enumerate(features.T):
        own = _Group(np.unique(each, return_inverse=True)[1], [column])
        if own.size > MOST_OF_GROUP:
            return None
        groups = _with(groups, own)
    for own in groups[::-1]:
        others = [each for each in groups if each is not own]
        if len(others) < len(groups):  # else it was joined with another
            groups = _with(others, own, spared=1.0)
    return _laid(features, groups) if sum(each.size for each in groups) <= MOST else None


class _Group(NamedTuple):
    """Number of a value for every design, and the columns that have it."""

    number: np.ndarray
    columns: list[int]

    @property
    def size(self):
        return int(self.number.max(initial=0)) + 1

    def joined(self, other):
        pair = self.number * other.size + other.number
        is_taken = np.bincount(pair) > 0
        return _Group((np.cumsum(is_taken) - 1)[pair], [*self.columns, *other.columns])


def _with(groups, own, spared=SPARED):
    """Groups with one more, joined with another where few of all pairs of their values occur."""
    joined = [each.joined(own) for each in groups]
    share = [_taken(*each, own) for each in zip(joined, groups, strict=True)]
    if not share or min(share) > spared:
        return [*groups, own]
    best = int(np.argmin(share))
    return [*groups[:best], joined[best], *groups[best + 1 :]]


def _taken(joined, one, other):
    """Share of all pairs of values that occur, 0 where one follows from the other."""
    if joined.size > MOST_OF_GROUP:
        return np.inf
    return joined.size / (one.size * other.size) if joined.size > max(one.size, other.size) else 0.0


def _laid(features, groups):
    columns, numbers, n_before = [], [], 0
    for number, places in groups:
        at = np.unique(number, return_index=True)[1]
        own = np.zeros((features.shape[1], len(at)))
        own[places] = features[np.ix_(at, places)].T
        columns.append(own)
        numbers.append(number + n_before)
        n_before += len(at)
    # without a sign, as there is then no place that counts from the end
    return Values(np.stack(numbers, axis=1).astype(np.uint64), np.concatenate(columns, axis=1))


def add_up_two(
    values: Values, chance: np.ndarray, count: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Add up slope and curvature of the log-likelihood of choices between two options.

    Parameters
    ----------
    values : Values
        Covariates.
    chance : array, shape (state, option, design)
        Probability of each option.
    count : array, shape (state, option, design)
        Number of its choices.

    Returns
    -------
    slope : array, shape (state, feature)
    curvature : array, shape (state, feature, feature)
        With the sign turned.
    """
    columns, (n_states, _, n_designs) = values.columns, chance.shape
    n_values, n_blocks = columns.shape[1], -(-n_states // WIDTH)
    laid = np.zeros((2, n_blocks, n_designs, WIDTH))
    total, likely = count.sum(axis=1), chance[:, 1]
    missed, spread = count[:, 1] - total * likely, total * likely * chance[:, 0]
    for k in range(n_states):
        laid[:, k // WIDTH, :, k % WIDTH] = missed[k], spread[k]
    slope = np.zeros((n_blocks, n_values, WIDTH))
    pairs = np.zeros((n_blocks, n_values, n_values, WIDTH))
    _add_up(values.number, *laid, slope, pairs)
    slope = np.moveaxis(slope, 2, 1).reshape(-1, n_values)[:n_states]
    pairs = np.moveaxis(pairs, 3, 1).reshape(-1, n_values, n_values)[:n_states]
    half = columns @ pairs @ columns.T
    return slope @ columns.T, half + half.transpose(0, 2, 1)


@kernel
def _add_up(number, missed, spread, slope, pairs):
    """Add up what is not explained by value, and half of the variance by pair of values."""
    n_designs, n_groups = number.shape
    for block in range(len(missed)):
        of_value, of_pair = slope[block], pairs[block]
        for d in range(n_designs):
            # numbers, not rows, so that the compiler sees that they stay what they are
            lost, left = missed[block, d], spread[block, d]
            a0, a1, a2, a3 = lost[0], lost[1], lost[2], lost[3]
            b0, b1, b2, b3 = left[0], left[1], left[2], left[3]
            for i in range(n_groups):
                own = number[d, i]
                row, with_own = of_value[own], of_pair[own]
                row[0] += a0
                row[1] += a1
                row[2] += a2
                row[3] += a3
                row = with_own[own]
                row[0] += b0 / 2
                row[1] += b1 / 2
                row[2] += b2 / 2
                row[3] += b3 / 2
                for j in range(i):
                    row = with_own[number[d, j]]
                    row[0] += b0
                    row[1] += b1
                    row[2] += b2
                    row[3] += b3
