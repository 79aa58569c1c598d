import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.exceptions import DataError
from neuroalrnn.network import compute_duty_cycle, effective_n_pwl, flipped_units
from neuroalrnn.regimes import (
    adjusted_rand,
    assign_epochs,
    compute_coverage,
    compute_effective_n_pwl,
    compute_occupancy,
    compute_occupancy_trend,
    compute_regimes,
    match_regimes,
    relabel_by_use,
)
from neuroalrnn.regimes.steps import steps_in_order


class TestCodes:
    def test_bits_are_the_signs_of_the_last_latents(self):
        latents = np.array([[9.0, 1, -1], [9, -1, 2], [9, 0.5, 0.5], [9, 0, 0], [9, -0.0, 1e-300]])
        assert compute_regimes(latents, 2).tolist() == [1, 2, 3, 0, 2]
        assert compute_regimes(latents, 1).tolist() == [0, 1, 1, 0, 1]

    def test_no_pwl_unit_means_one_regime(self):
        latents = np.random.default_rng(0).normal(size=(5, 3, 4))
        latents[2, 1] = np.nan
        found = compute_regimes(latents, 0)
        assert found[2, 1] == -1
        assert np.delete(found.ravel(), 7).max() == 0

    def test_affine_maps_of_the_codes_rebuild_the_trajectory(self):
        rng = np.random.default_rng(0)
        weights, bias = rng.normal(0, 0.5, (4, 4)), rng.normal(size=4)
        z = [rng.normal(size=4)]
        for _ in range(50):
            z.append(weights @ np.r_[z[-1][:1], np.maximum(z[-1][1:], 0)] + bias)
        codes = compute_regimes(np.array(z), 3)
        assert np.unique(codes).size > 1
        rebuilt = z[0]
        for code, expected in zip(codes, z[1:], strict=False):
            on = np.r_[1, code >> np.arange(3) & 1]
            rebuilt = (weights * on) @ rebuilt + bias
            np.testing.assert_allclose(rebuilt, expected, atol=1e-12)

    def test_labelled_input_keeps_its_coordinates_and_values(self):
        latents = xr.DataArray(
            np.random.default_rng(0).normal(size=(4, 3, 2)),
            dims=("latent", "trial", "step"),
            coords={"step": ["stimulus", "choice"], "subject": ("trial", list("aab"))},
        )
        before = latents.copy(deep=True)
        found = compute_regimes(latents, 2)
        assert found.dims == ("trial", "step")
        assert found.attrs["n_pwl"] == 2
        assert found["subject"].to_numpy().tolist() == list("aab")
        expected = compute_regimes(np.moveaxis(latents.to_numpy(), 0, -1), 2)
        np.testing.assert_array_equal(found, expected)
        xr.testing.assert_identical(latents, before)

    @pytest.mark.parametrize("n_pwl", [-1, 5])
    def test_impossible_number_of_units(self, n_pwl):
        with pytest.raises(DataError, match=f"found {n_pwl}, expected 0 to 4"):
            compute_regimes(np.zeros((3, 4)), n_pwl)


class TestLabels:
    def test_relabel_by_use(self):
        found, codes = relabel_by_use(np.array([[7, 7, 2], [7, 5, 5], [-1, -1, 7]]))
        assert codes.tolist() == [7, 5, 2]
        assert found.tolist() == [[0, 0, 2], [0, 1, 1], [-1, -1, 0]]

    def test_matching_undoes_a_relabelling(self):
        rng = np.random.default_rng(0)
        reference = rng.integers(0, 4, (50, 3))
        reference[3, 1] = -1
        other = np.array([6, 3, 0, 1, -1])[reference]
        np.testing.assert_array_equal(match_regimes(reference, other), reference)

    def test_regimes_without_partner_get_new_codes(self):
        found = match_regimes([0, 0, 0, 1, 1], [5, 5, 2, 0, 0])
        assert found.tolist() == [0, 0, 2, 1, 1]

    def test_missing_values_of_a_coordinate_do_not_make_other_trials(self, labelled):
        regimes = labelled(np.arange(6).reshape(3, 2) % 3, block=[1.0, np.nan, 2.0])
        assert adjusted_rand(regimes, regimes.copy()) == 1
        with pytest.raises(DataError, match="other values of 'block'"):
            adjusted_rand(regimes, regimes.assign_coords(block=("trial", [1.0, 1.0, 2.0])))

    def test_adjusted_rand(self):
        assert adjusted_rand([0, 0, 1, 1], [5, 5, 2, 2]) == 1.0
        assert adjusted_rand([0, 0, 1, 1], [0, 0, 1, 2]) == pytest.approx(4 / 7)
        assert adjusted_rand([3, 3, 3], [1, 1, 1]) == 1.0
        assert adjusted_rand([0, 0, 1, 1, 4], [5, 5, 2, 2, -1]) == 1.0
        rng = np.random.default_rng(0)
        chance = [adjusted_rand(*rng.integers(0, 3, (2, 60))) for _ in range(300)]
        assert np.mean(chance) == pytest.approx(0, abs=0.005)
        with pytest.raises(DataError, match="shapes"):
            adjusted_rand([0, 1], [0, 1, 2])


class TestOccupancy:
    def test_shares_by_step_and_condition_equal_brute_force(self, two_subjects):
        found = compute_occupancy(two_subjects, by=("step", "context"))
        sums = found.groupby(["subject", "step", "context"], observed=True)["occupancy"].sum()
        np.testing.assert_allclose(sums, 1)
        for row in found.itertuples():
            at = (two_subjects["subject"] == row.subject) & (two_subjects["context"] == row.context)
            values = two_subjects[at.to_numpy()].sel(step=row.step).to_numpy()
            values = values[values >= 0]
            assert row.occupancy == pytest.approx(np.mean(values == row.regime))
            assert row.n_steps == values.size

    def test_steps_keep_the_order_of_the_task_and_zero_is_listed(self, labelled):
        found = compute_occupancy(labelled([[0, 2], [0, 2]]))
        assert found["step"].tolist() == ["stimulus"] * 2 + ["choice"] * 2
        assert found["occupancy"].tolist() == [1, 0, 0, 1]

    def test_variables_of_the_trials_and_refusals(self, labelled):
        regimes = labelled([[0], [1], [1]])
        trials = xr.Dataset({"rule": ("trial", ["x", "x", "y"]), "cue": ("trial", [1, np.nan, 2])})
        found = compute_occupancy(regimes, trials=trials, by=["rule"])
        assert found.set_index(["rule", "regime"])["occupancy"].to_dict() == {
            ("x", 0): 0.5,
            ("x", 1): 0.5,
            ("y", 0): 0.0,
            ("y", 1): 1.0,
        }
        with pytest.raises(
            DataError, match=r"(?s)2 problems.*'cue': 1 steps.*no variable 'nothing'"
        ):
            compute_occupancy(regimes, trials=trials, by=["cue", "nothing"])

    def test_outcomes_by_their_labels_and_subjects(self, labelled):
        regimes = labelled([[0, 1], [1, 1], [1, 0]])
        choice = ("trial", [1.0, 0.0, 1.0], {"labels": ["right", "left"]})
        trials = xr.Dataset({"choice": choice, "correct": ("trial", [1.0, 0.0, 0.0])})
        found = compute_occupancy(regimes, trials=trials, by=("choice", "correct"))
        assert found["choice"].astype(str).tolist() == ["right"] * 2 + ["left"] * 4
        assert found["correct"].tolist() == [0, 0, 0, 0, 1, 1]
        assert found["occupancy"].tolist() == [0, 1, 0.5, 0.5, 0.5, 0.5]
        whole = compute_occupancy(regimes, by=("subject",))
        assert whole.columns.tolist() == ["subject", "regime", "occupancy", "n_steps"]
        assert whole["occupancy"].tolist() == [pytest.approx(1 / 3), pytest.approx(2 / 3)]
        trials["choice"][0] = np.nan
        with pytest.raises(DataError, match="'choice': 2 steps without a value"):
            compute_occupancy(regimes, trials=trials, by=("choice",))

    def test_epochs_begin_with_their_event(self, labelled):
        regimes = labelled([[0, 1, 1], [1, 1, -1], [0, 0, 1]])
        events = {"go": [1, 0, np.nan], "press": [2, 0, 1]}
        found = assign_epochs(regimes, events)
        assert found["epoch"].to_numpy().tolist() == [
            ["start", "go", "press"],
            ["press", "press", "press"],
            ["start", "press", "press"],
        ]
        shares = compute_occupancy(found, by=("epoch",)).query("regime == 1")
        assert shares.set_index("epoch")["occupancy"].to_dict() == {
            "go": 1.0,
            "press": pytest.approx(4 / 5),
            "start": 0.0,
        }
        earlier = assign_epochs(regimes, {"press": [2, 0, 1], "go": [1, 0, np.nan]})
        assert earlier["epoch"].to_numpy()[[0, 1], [2, 0]].tolist() == ["press", "go"]


class TestCoverage:
    def test_by_hand(self):
        found = compute_coverage(np.array([[5, 5, 2], [5, -1, 0]]), 3)
        assert found.to_numpy().tolist() == [
            [1, 5, 3, 0.6, 0.6, 3, 8],
            [2, 0, 1, 0.2, 0.8, 3, 8],
            [3, 2, 1, 0.2, 1.0, 3, 8],
        ]
        assert compute_coverage([0, 0], 0)["n_possible"].tolist() == [1]

    def test_refusals(self):
        with pytest.raises(DataError, match="found 0 to 4, expected codes from -1 to 3"):
            compute_coverage([0, 4], 2)
        with pytest.raises(DataError, match="found no present step"):
            compute_coverage([-1, -1], 2)
        with pytest.raises(DataError, match="n_pwl: found -1"):
            compute_coverage([0], -1)

    def test_flipped_units(self):
        assert flipped_units(0b101, 0b110) == (0, 1)
        assert flipped_units(7, 7) == ()


class TestOccupancyTrend:
    def test_shares_by_bin_equal_brute_force(self, two_subjects):
        found = compute_occupancy_trend(two_subjects, n_bins=4)
        assert found[["bin", "first_trial", "last_trial"]].drop_duplicates().values.tolist() == [
            [0, 0, 4],
            [1, 5, 9],
            [2, 10, 14],
            [3, 15, 19],
        ]
        number = two_subjects["trial_in_session"]
        for row in found.itertuples():
            at = (two_subjects["subject"] == row.subject) & (number >= row.first_trial)
            values = two_subjects[(at & (number <= row.last_trial)).to_numpy()].to_numpy()
            values = values[values >= 0]
            assert row.occupancy == pytest.approx(np.mean(values == row.regime))
            assert row.n_steps == values.size

    def test_a_drift_is_seen_and_short_sessions_have_fewer_bins(self, labelled):
        drift = labelled(np.repeat([[0], [1]], 50, axis=0))
        found = compute_occupancy_trend(drift).query("regime == 1")["occupancy"]
        assert found.tolist() == [0] * 5 + [1] * 5
        found = compute_occupancy_trend(labelled([[0], [1], [1]]))
        assert found["last_trial"].unique().tolist() == [0, 1, 2]
        with pytest.raises(DataError, match="n_bins: found 0, expected whole numbers from 1 on"):
            compute_occupancy_trend(drift, n_bins=0)

    def test_sessions_of_unequal_length_share_their_bins(self, labelled):
        parts = [labelled(np.zeros((n, 1), int), f"s{n}") for n in (10, 30)]
        found = compute_occupancy_trend(xr.concat(parts, "trial"), n_bins=4)
        assert found.groupby("bin")["n_steps"].sum().tolist() == [10, 10, 10, 10]
        assert found.groupby("subject")["bin"].nunique().to_dict() == {"s10": 2, "s30": 4}


class TestUse:
    def test_effective_number_of_units(self):
        codes = np.full(1000, 0b010)
        codes[:500] |= 0b001
        codes[:9] |= 0b100
        np.testing.assert_allclose(compute_duty_cycle(codes, 3), [0.5, 1.0, 0.009])
        assert effective_n_pwl(codes, 3) == 1
        assert effective_n_pwl(np.zeros(5, int), 0) == 0
        with pytest.raises(DataError, match="no present step"):
            effective_n_pwl([-1, -1], 2)

    def test_effective_number_of_units_per_fold(self):
        rows = [
            (0, 2, 0b11, 50),
            (0, 2, 0b01, 50),
            (1, 2, 0b10, 1),
            (1, 2, 0b01, 999),
            (2, 0, 0, 9),
        ]
        codes = pd.DataFrame(rows, columns=["fold", "n_pwl", "code", "n_steps"])
        assert compute_effective_n_pwl(codes).to_numpy().tolist() == [
            [0, 2, 1],
            [1, 2, 0],
            [2, 0, 0],
        ]

    def test_steps_in_order_gives_one_row_per_present_step(self, two_subjects):
        found = steps_in_order(two_subjects)
        assert len(found) == (two_subjects >= 0).sum()
        pd.testing.assert_series_equal(
            found["regime"],
            pd.Series(two_subjects.to_numpy()[found["row"], found["column"]], name="regime"),
        )
        assert found["sequence"].nunique() == 3


class TestWhatComesIn:
    @pytest.fixture
    def regimes(self, labelled):
        return labelled(np.random.default_rng(0).integers(0, 3, (30, 3)))

    def test_nan_is_no_absent_step(self, regimes):
        gaps = regimes.where(regimes > 0)
        calls = [
            lambda: steps_in_order(gaps),
            lambda: compute_coverage(gaps, 2),
            lambda: compute_duty_cycle(gaps, 2),
            lambda: adjusted_rand(gaps, regimes),
            lambda: match_regimes(regimes, gaps),
            lambda: relabel_by_use(gaps),
        ]
        for call in calls:
            with pytest.raises(DataError, match="found float64, expected integers, -1 where"):
                call()

    def test_codes_must_be_those_of_the_units(self):
        with pytest.raises(DataError, match="found 3 to 7, expected codes from -1 to 1"):
            compute_duty_cycle(np.array([7, 5, 3]), 1)
        with pytest.raises(DataError, match="found -3 to 1"):
            compute_coverage(np.array([-3, 0, 1]), 1)
        with pytest.raises(DataError, match="expected sign patterns"):
            flipped_units(-1, 3)
        for n_pwl in (1.0, "1"):
            with pytest.raises(DataError, match="n_pwl: found"):
                compute_regimes(np.zeros((3, 2)), n_pwl)

    def test_labellings_of_other_steps_are_not_compared(self, regimes):
        square = regimes[:3]
        for other in (square.T, square.assign_coords(step=["a", "b", "c"]), square[::-1]):
            with pytest.raises(DataError, match="regimes of the same steps needed"):
                adjusted_rand(square, other)

    def test_trials_that_occur_twice_are_refused(self, regimes):
        with pytest.raises(DataError, match="30 occur twice, first row 30"):
            steps_in_order(xr.concat([regimes, regimes], "trial"))

    def test_trials_need_a_place_in_time(self, regimes):
        number = regimes["trial_in_session"].values
        text = regimes.assign_coords(trial_in_session=("trial", number.astype(str)))
        with pytest.raises(DataError, match="text sorts 10 before 2"):
            steps_in_order(text)
        with pytest.raises(DataError, match="'trial_in_session' should be numbers"):
            compute_occupancy_trend(
                text.assign_coords(trial_in_session=("trial", np.full(30, "first")))
            )
        gap = regimes.assign_coords(
            trial_in_session=("trial", np.where(number == 3, np.nan, number))
        )
        with pytest.raises(DataError, match="'trial_in_session' is missing in 1 of 30"):
            steps_in_order(gap)

    def test_variables_of_trials_in_another_order_are_refused(self, regimes):
        names = ("subject", "session", "trial_in_session")
        trials = xr.Dataset({name: regimes[name] for name in names})
        trials["cue"] = ("trial", np.arange(30) % 2)
        assert compute_occupancy(regimes, trials=trials, by=("cue",))["n_steps"].sum() == 45 * 6
        with pytest.raises(DataError, match="'trial_in_session' differs, first in row 0: 0, 29"):
            compute_occupancy(regimes, trials=trials[{"trial": slice(None, None, -1)}], by=("cue",))

    def test_names_of_variables(self, regimes):
        regimes = regimes.assign_coords(row=("trial", np.zeros(30)))
        for by, message in ((("row", "regime"), "2 problems"), ("step", "expected a sequence")):
            with pytest.raises(DataError, match=message):
                compute_occupancy(regimes, by=by)

    def test_arrays_without_trials_and_steps(self, regimes):
        for wrong in (regimes.values, regimes[0], regimes.rename(step="time")):
            with pytest.raises(DataError, match="regimes: found"):
                steps_in_order(wrong)

    @pytest.mark.parametrize(
        ("events", "message"),
        [
            ({"cue": [1]}, "'cue': shape \\(1,\\), expected one step for each of 30 trials"),
            ({"cue": 1}, "'cue': shape"),
            ({"cue": [-2.0] * 30}, "'cue': 30 steps before the first one"),
            ({"cue": ["a"] * 30}, "'cue' should be numbers"),
            ([1], "expected names and their steps"),
        ],
    )
    def test_events_belong_to_trials(self, regimes, events, message):
        with pytest.raises(DataError, match=message):
            assign_epochs(regimes, events)
