from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from neuroalrnn.exceptions import DataError
from neuroalrnn.regimes.transitions import (
    compute_dwell_survival,
    compute_dwell_times,
    compute_mean_dwell_times,
    compute_regime_graph,
    compute_transitions,
    transition_matrix,
)

EXAMPLE = [0, 0, 0, 0, 1, 1, 0, 0, 1]


class TestTransitions:
    def test_worked_example(self, labelled):
        expected = [[4 / 6, 2 / 6], [1 / 2, 1 / 2]]
        np.testing.assert_allclose(transition_matrix(EXAMPLE), expected)
        np.testing.assert_allclose(transition_matrix(EXAMPLE, leaving=True), [[0, 1], [1, 0]])
        regimes = labelled(np.reshape(EXAMPLE, (3, 3)))
        np.testing.assert_allclose(compute_transitions(regimes)[0], expected)

    def test_brute_force_count_inside_sessions(self, two_subjects):
        found = compute_transitions(two_subjects)
        np.testing.assert_allclose(found.sum("regime_next"), 1)
        count = np.zeros((3, 3))
        for session in "12":
            at = (two_subjects["subject"] == "a") & (two_subjects["session"] == session)
            codes = [c for c in two_subjects[at.to_numpy()].to_numpy().ravel() if c >= 0]
            for pair in pairwise(codes):
                count[pair] += 1
        np.testing.assert_allclose(found.sel(subject="a"), count / count.sum(axis=1, keepdims=True))

    def test_order_of_trials_in_the_table_does_not_matter(self, two_subjects):
        order = np.random.default_rng(0).permutation(two_subjects.sizes["trial"])
        xr.testing.assert_identical(
            compute_transitions(two_subjects[order]), compute_transitions(two_subjects)
        )

    def test_regime_without_successor_is_unknown(self):
        found = transition_matrix([0, 0, 1])
        np.testing.assert_allclose(found, [[0.5, 0.5], [np.nan, np.nan]])

    def test_steps_that_have_no_row_are_refused(self):
        for codes, options in (([0, -1, 1], {}), ([0, 3, 1], {"regimes": [0, 1]})):
            with pytest.raises(DataError, match="that are no row"):
                transition_matrix(codes, **options)
        with pytest.raises(DataError, match="2 entries of sequence for 3 steps"):
            transition_matrix([0, 1, 0], [0, 0])

    def test_pairs_end_where_the_state_is_reset(self, labelled):
        regimes = labelled([[0, 1], [0, 1], [1, 0]], block=[0, 0, 1])
        np.testing.assert_allclose(compute_transitions(regimes)[0], [[0, 1], [2 / 3, 1 / 3]])
        by_block = compute_transitions(regimes, carry="block")[0]
        np.testing.assert_allclose(by_block, [[0, 1], [1, 0]])
        by_trial = compute_transitions(regimes[:2], carry="trial")[0]
        np.testing.assert_allclose(by_trial, [[0, 1], [np.nan, np.nan]])
        with pytest.raises(DataError, match="expected one of session, block, trial"):
            compute_transitions(regimes, carry="run")


class TestDwellTimes:
    def test_runs_and_their_censoring(self, labelled):
        found = compute_dwell_times(labelled(np.reshape(EXAMPLE, (3, 3))))
        assert found["regime"].tolist() == [0, 1, 0, 1]
        assert found["n_steps"].tolist() == [4, 2, 2, 1]
        assert found["censored"].tolist() == [False, False, False, True]
        assert found[["row", "column"]].to_numpy().tolist() == [[0, 0], [1, 1], [2, 0], [2, 2]]

    def test_runs_add_up_to_the_present_steps(self, two_subjects):
        found = compute_dwell_times(two_subjects)
        total = found.groupby(["subject", "session"])["n_steps"].sum()
        assert total.to_dict() == {("a", "1"): 59, ("a", "2"): 60, ("b", "1"): 59}
        cut = found.groupby(["subject", "session"])["censored"].sum()
        assert (cut == 1).all()


def visits(lengths, censored=()):
    """Visits to one regime; `censored` are positions of those that were cut."""
    cut = np.isin(np.arange(len(lengths)), censored)
    return pd.DataFrame({"regime": 0, "n_steps": lengths, "censored": cut})


class TestDwellSurvival:
    def test_worked_example(self):
        found = compute_dwell_survival(visits([1, 2, 2, 3, 5, 5], censored=[2, 5]))
        assert found["n_steps"].tolist() == [1, 2, 3, 5]
        assert found["n_at_risk"].tolist() == [6, 4, 3, 1]
        # five of six stay, then three of four, then two of three
        np.testing.assert_allclose(found["survival"], [1, 5 / 6, 5 / 8, 5 / 12])
        cut = compute_dwell_survival(visits([1, 3], censored=[1]))
        assert cut[["survival", "n_at_risk"]].to_numpy().tolist() == [[1, 2], [0.5, 0]]

    def test_without_cut_visits_it_is_the_empirical_share(self):
        rng = np.random.default_rng(0)
        table = pd.concat(
            [visits(rng.geometric(p, 80)).assign(regime=k) for k, p in enumerate((0.2, 0.5))]
        )
        found = compute_dwell_survival(table)
        for row in found.itertuples():
            lengths = table.loc[table["regime"] == row.regime, "n_steps"]
            assert row.survival == pytest.approx((lengths >= row.n_steps).mean())
            assert row.n_at_risk == (lengths >= row.n_steps).sum()
        assert set(zip(found["regime"], found["n_steps"], strict=True)) == {
            *table[["regime", "n_steps"]].itertuples(index=False, name=None)
        }

    def test_short_sequences_do_not_shorten_the_dwell_times(self, labelled):
        rng = np.random.default_rng(0)
        values = np.cumsum(rng.random((4000, 8)) < 0.2, axis=1) % 2
        blocks = np.repeat(np.arange(4000), 8)
        regimes = labelled(values.reshape(-1, 1), block=blocks)
        runs = compute_dwell_times(regimes, carry="block")
        found = compute_dwell_survival(runs.assign(regime=0)).set_index("n_steps")["survival"]
        # 8 steps are the longest that a sequence can show
        expected = 0.8 ** np.arange(8)
        np.testing.assert_allclose(found.loc[1:8], expected, atol=0.02)
        naive = runs.loc[~runs["censored"], "n_steps"]
        assert (naive >= 4).mean() < 0.4 < expected[3] - 0.05

    def test_means_beside_each_other(self):
        found = compute_mean_dwell_times(visits([1, 2, 2, 3, 5, 5], censored=[2, 5])).iloc[0]
        assert found[["n_visits", "n_censored"]].tolist() == [6, 2]
        assert found["naive_mean"] == pytest.approx(11 / 4)
        area = 1 + 5 / 6 + 5 / 8 + 5 / 12 + 5 / 12
        assert found["kaplan_meier_mean"] == pytest.approx(area)
        assert found["geometric_mean"] == pytest.approx(16 / 4)
        whole = compute_mean_dwell_times(visits([1, 2, 6])).iloc[0]
        assert whole["naive_mean"] == whole["kaplan_meier_mean"] == whole["geometric_mean"] == 3
        never = compute_mean_dwell_times(visits([4], censored=[0])).iloc[0]
        assert np.isnan(never["naive_mean"])
        assert never["kaplan_meier_mean"] == 4
        assert never["geometric_mean"] == np.inf

    def test_geometric_mean_is_that_of_the_transitions(self, two_subjects):
        runs = compute_dwell_times(two_subjects)
        found = compute_mean_dwell_times(runs[runs["subject"] == "a"])["geometric_mean"]
        stay = np.diag(compute_transitions(two_subjects).sel(subject="a"))
        np.testing.assert_allclose(found, 1 / (1 - stay))


class TestGraph:
    def test_by_hand(self, labelled):
        found = compute_regime_graph(labelled([[0, 0, 3], [3, 2, 0]]))
        assert found.drop(columns="flipped_units").to_numpy().tolist() == [
            [0, 0, 1, 0.5, 0.0, 0],
            [0, 3, 1, 0.5, 1.0, 2],
            [2, 0, 1, 1.0, 1.0, 1],
            [3, 2, 1, 0.5, 1.0, 1],
            [3, 3, 1, 0.5, 0.0, 0],
        ]
        assert found["flipped_units"].tolist() == ["", "0 1", "1", "0", ""]
        by_trial = compute_regime_graph(labelled([[0, 0, 3], [3, 2, 0]]), carry="trial")
        assert by_trial["n_pairs"].sum() == 4

    def test_agrees_with_the_transition_matrices(self, two_subjects):
        found = compute_regime_graph(two_subjects, by=("subject",))
        for leaving, column in ((False, "transition_probability"), (True, "leaving_probability")):
            matrix = compute_transitions(two_subjects, leaving=leaving)
            for row in found.to_dict("records"):
                at = {
                    "subject": row["subject"],
                    "regime": row["code"],
                    "regime_next": row["code_next"],
                }
                assert row[column] == pytest.approx(float(matrix.sel(at)))
        pooled = compute_regime_graph(two_subjects)
        assert pooled["n_pairs"].sum() == found["n_pairs"].sum()

    def test_a_condition_is_that_of_the_step_before(self, labelled):
        found = compute_regime_graph(labelled([[0, 1], [0, 2]]), by=("step",))
        assert found[["step", "code", "code_next"]].astype({"step": str}).to_numpy().tolist() == [
            ["stimulus", 0, 1],
            ["stimulus", 0, 2],
            ["choice", 1, 0],
        ]
        assert found["transition_probability"].tolist() == [0.5, 0.5, 1.0]


@pytest.mark.parametrize("seed", range(4))
def test_dwell_survival_is_that_of_scipy(seed):
    rng = np.random.default_rng(seed)
    visits = pd.DataFrame({"n_steps": rng.integers(1, 9, 40), "censored": rng.random(40) < 0.3})
    found = compute_dwell_survival(visits.assign(regime=0))
    length, cut = visits["n_steps"].to_numpy(float), visits["censored"].to_numpy()
    # a visit that was cut counts up to the step before its last one
    oracle = stats.ecdf(stats.CensoredData(length[~cut], right=length[cut] - 1)).sf
    np.testing.assert_allclose(found["survival"], oracle.evaluate(found["n_steps"] - 1))
