import numpy as np
import pandas as pd
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.stats.recovery import (
    _share_found,
    confusion_matrix,
    match_eigenvalues,
    summarise_recovery,
    switch_agreement,
)


class TestConfusionMatrix:
    def test_rows_are_the_truth(self):
        counts = confusion_matrix([0, 1, 1, 1], [0, 1, 1, 3], labels=[0, 1, 2, 3])
        assert counts.loc[1].tolist() == [0, 2, 0, 1]
        assert counts.to_numpy().sum() == 4
        assert counts.loc[2].sum() == 0

    def test_refuses_what_is_no_label(self):
        with pytest.raises(DataError, match="Q-learning not among logistic"):
            confusion_matrix(["logistic"], ["Q-learning"], labels=["logistic"])

    def test_refuses_different_lengths(self):
        with pytest.raises(DataError, match="2 true and 1 found"):
            confusion_matrix([0, 1], [0])


def test_interval_of_a_share_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [_share_found(n, 20) for n in rng.binomial(20, 0.8, 1000)]
    covered = np.mean([each["low"] <= 0.8 <= each["high"] for each in found])
    assert 0.92 < covered < 0.98


class TestSwitchAgreement:
    TRUE = np.array([[-1, -1, 1, 1, 1, 1, 1, 1.0], [1, 1, 1, 1, 1, -1, -1, np.nan]])

    def test_itself_and_its_mirror_image_are_found_exactly(self):
        for found in (self.TRUE, -self.TRUE):
            counts = switch_agreement(self.TRUE, found)
            assert (counts["n_switches"], counts["n_exact"], counts["n_extra"]) == (2, 2, 0)

    @pytest.mark.parametrize(("late", "found"), [(0, 2), (1, 2), (2, 0)])
    def test_within_one_step(self, late, found):
        moved = np.roll(self.TRUE, late, axis=1)
        moved[:, :late] = self.TRUE[:, :1]
        moved[1] = -np.sign(np.arange(8) - 4.5 - late)
        counts = switch_agreement(self.TRUE, moved)
        assert counts["n_found"] == found
        assert counts["n_exact"] == (2 if late == 0 else 0)

    def test_switches_beside_the_boundary_do_not_count(self):
        true = np.array([[-1, 0.01, 1, 1, -1.0]])
        assert switch_agreement(true, true, margin=0.25)["n_switches"] == 1
        assert switch_agreement(true, true, margin=0.0)["n_switches"] == 2

    def test_a_unit_that_always_switches_finds_all_by_chance(self):
        flicker = np.tile([1.0, -1.0], (2, 4))
        counts = switch_agreement(self.TRUE, flicker)
        assert counts["n_found"] == counts["n_by_chance"] == counts["n_switches"] == 2
        assert counts["n_extra"] > 5

    def test_no_switch_is_seen_across_padding(self):
        padded = np.array([[1.0, 1.0, np.nan, -1.0]])
        assert switch_agreement(padded, padded)["n_switches"] == 0


def test_eigenvalues_are_matched_one_to_one():
    gap = match_eigenvalues([1.0, 0.5j], [0.5j, 0.9, 7.0])
    assert gap == pytest.approx([0.1, 0.0])
    # both true ones are nearest to 1.0, and only one may have it
    assert match_eigenvalues([1.0, 0.9], [1.0, 0.0]).sum() == pytest.approx(0.9)


def test_summary_counts_runs_and_pools_switches():
    runs = pd.DataFrame(
        {
            "task": "addition",
            "n_subjects": [4, 4, 8],
            "n_trials": 50,
            "true_n_pwl": 1,
            "found_n_pwl": [1, 2, 1],
            "badly_trained": [False, True, False],
            "adjusted_rand": [0.8, 0.4, 1.0],
            "adjusted_rand_clear": [0.8, 0.4, 1.0],
            "eigenvalue_gap": [0.1, 0.3, 0.0],
            "n_switches": [10, 30, 0],
            "n_found": [10, 20, 0],
            "n_exact": [5, 15, 0],
            "n_by_chance": [4, 4, 0],
        }
    )
    few, many = summarise_recovery(runs).to_dict("records")
    assert (few["share_n_pwl"], few["n_runs"], few["n_badly_trained"]) == (0.5, 2, 1)
    assert few["adjusted_rand"] == pytest.approx(0.6)
    assert (few["share_switches"], few["share_switches_exact"]) == (0.75, 0.5)
    assert many["share_n_pwl"] == 1
    assert np.isnan(many["share_switches"])


def test_no_value_is_lost():
    with pytest.raises(DataError, match="at least as many found as true"):
        match_eigenvalues([0.1, 0.2, 0.3], [0.1])
    with pytest.raises(DataError, match="'true' is missing in 1 of 2"):
        confusion_matrix([1, np.nan], [1, 2])
    assert confusion_matrix([1, "a"], [1, 2]).index.tolist() == [1, 2, "a"]
    steps = np.random.default_rng(0).normal(size=(4, 9))
    for other in (steps[:1], np.full((4, 9), np.nan)):
        with pytest.raises(DataError, match="expected one shape"):
            switch_agreement(other, steps)
    for n_runs in (0, 5):
        with pytest.raises(DataError, match="share found"):
            _share_found(7, n_runs)
    with pytest.raises(DataError, match="no column 'task'"):
        summarise_recovery(pd.DataFrame())
