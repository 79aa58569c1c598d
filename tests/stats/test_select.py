"""The best setting, and the smallest that loses little of what is explained."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats import best_and_sufficient

FLOOR = np.full(4, -0.7)


def choose(means, complexity=None, floor=FLOOR, loss=0.05, spread=0.0):
    """Best and sufficient of settings with these means over four subjects."""
    apart = spread * np.array([-1, 1, -1, 1])
    scores = np.asarray(means, dtype=float)[:, None] + apart * np.arange(len(means))[:, None]
    complexity = range(len(means)) if complexity is None else complexity
    return best_and_sufficient(scores, complexity, floor, loss)


@pytest.mark.parametrize(
    ("means", "best", "sufficient"),
    [
        # of .5 that is explained, .025 may be lost, and .0005 is a tie
        ([-0.6, -0.22, -0.2], 2, 1),
        ([-0.6, -0.23, -0.2], 2, 2),
        ([-0.6, -0.2004, -0.2], 1, 1),
        ([-0.6, -0.2006, -0.2], 2, 1),
        ([-0.2, -0.2, -0.2], 0, 0),
        ([-0.2, -0.21, -0.3], 0, 0),
        ([-0.3], 0, 0),
        # of settings that lose little, the smallest, though one in between loses more
        ([-0.22, -0.4, -0.2], 2, 0),
        # nothing is explained: there is nothing to lose
        ([-0.72, -0.71, -0.75], 1, 0),
        ([-0.75, -0.7, -0.72], 1, 0),
        ([np.nan, -0.72, -0.71], 2, 1),
        # a setting that diverged
        ([np.nan, -0.22, -0.2], 2, 1),
        ([-0.6, -np.inf, -0.2], 2, 2),
        ([-0.6, -0.22, np.nan], 1, 1),
    ],
)
def test_best_and_sufficient(means, best, sufficient):
    found = choose(means)
    assert (found.best, found.index) == (best, sufficient)
    assert found.table["chosen"].to_numpy().nonzero()[0].tolist() == [sufficient]


def test_the_share_that_may_be_lost_is_a_setting_and_none_is_the_best():
    means = [-0.6, -0.3, -0.21, -0.2]
    assert [choose(means, loss=loss).index for loss in (0, 0.03, 0.3, 0.9, 1)] == [3, 2, 1, 0, 0]
    near = [-0.6, -0.2004, -0.2]
    assert choose(near, loss=0).index == choose(near, loss=0).best == 1


def test_complexity_not_order_says_what_is_small():
    found = choose([-0.2, -0.22, -0.6], complexity=[8, 2, 0])
    assert (found.best, found.index) == (0, 1)


@pytest.mark.parametrize("missing", [np.nan, -np.inf, np.inf])
def test_without_a_floor_the_best_is_the_sufficient_one_and_no_share_is_known(missing):
    found = choose([-0.6, -0.2, -0.2004], floor=np.where(np.arange(4), FLOOR, missing))
    assert (found.best, found.index) == (1, 1)
    assert found.table["explained_share"].isna().all()


def test_shares_are_ratios_of_means_with_intervals_over_subjects():
    rng = np.random.default_rng(0)
    gain = rng.uniform(0.2, 0.6, 400)
    kept = 0.9 + 0.1 * rng.standard_normal(400)
    scores = np.stack([-0.7 + 0 * gain, -0.7 + kept * gain, -0.7 + gain])
    table = best_and_sufficient(scores, range(3), np.full(400, -0.7), 0.05).table
    expected = (kept * gain).mean() / gain.mean()
    np.testing.assert_allclose(table["explained_share"], [0, expected, 1], atol=1e-12)
    np.testing.assert_allclose(table.loc[[0, 2], "ci_high"], [0, 1], atol=1e-12)
    draws = rng.integers(0, 400, (2000, 400))
    shares = (kept * gain)[draws].mean(axis=1) / gain[draws].mean(axis=1)
    low, high = np.percentile(shares, [2.5, 97.5])
    np.testing.assert_allclose(table.loc[1, ["ci_low", "ci_high"]].astype(float), [low, high],
                               atol=2e-3)  # fmt: skip


def test_a_constant_added_to_a_subject_changes_nothing():
    rng = np.random.default_rng(1)
    scores, floor = rng.normal(-0.3, 0.1, (3, 6)), rng.normal(-0.7, 0.1, 6)
    moved = rng.normal(size=6)
    one = best_and_sufficient(scores, range(3), floor, 0.05)
    other = best_and_sufficient(scores + moved, range(3), floor + moved, 0.05)
    columns = ["explained_share", "ci_low", "ci_high", "chosen"]
    pd.testing.assert_frame_equal(one.table[columns], other.table[columns])


def test_refusals():
    with pytest.raises(DataError, match=r"floor has shape \(2,\), expected \(4,\)"):
        choose([-0.3, -0.2], floor=[0, 0])
    with pytest.raises(DataError, match=r"loss = 5: expected a number from 0 to 1"):
        choose([-0.3, -0.2], loss=5)
    with pytest.raises(NotTestableError, match="found 1 subject"):
        best_and_sufficient([[0.0]], [0], [0.0], 0.05)
    with pytest.raises(NotTestableError, match="0 finite setting"):
        choose([np.nan, np.nan])
