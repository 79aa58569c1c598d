"""Contrasts between values of a cue, against closed forms and enumerations."""

from itertools import permutations

import numpy as np
import pytest
import xarray as xr
from scipy.stats import hypergeom

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.contrasts import (
    compare_columns,
    compare_gains,
    compare_occupancy,
    detect_gating_by_fold,
)
from neuroalrnn.results import Fit
from neuroalrnn.tasks import addition, scalar_memory

FIRST = "0.000 s"


def with_variables(fit, **variables):
    """A copy of a fit whose trials have further variables, or others."""
    tree = fit.tree.copy(deep=True)
    tree["trials"].dataset = fit.trials.assign(
        {name: ("trial", np.asarray(values)) for name, values in variables.items()}
    )
    return Fit(tree)


@pytest.fixture
def marked(known_fit):
    """Addition of four numbers; the cue says whether the first one counts."""
    fit = known_fit(addition(n_steps=4), n_subjects=4, n_trials=80)
    return with_variables(fit, cue=fit.trials["inputs"].values[:, 0, 1])


@pytest.fixture
def labelled_fit(known_fit):
    """Fit of one subject a row of cues, with regimes at the first of two steps."""

    def of(cues, regimes, **coords):
        cues, regimes = np.asarray(cues, dtype=float), np.asarray(regimes)
        fit = known_fit(scalar_memory(n_steps=2), n_subjects=len(cues), n_trials=cues.shape[1])
        fit = with_variables(fit, cue=cues.ravel())
        blocks = {name: ("trial", np.ravel(values)) for name, values in coords.items()}
        fit.tree["trials"].dataset = fit.trials.assign_coords(blocks)
        fit = Fit(fit.tree)
        values = np.stack([regimes.ravel(), np.full(regimes.size, 7)], axis=1)
        return fit, xr.DataArray(values, dims=("trial", "step"), coords={"step": [FIRST, "later"]})

    return of


def test_distance_is_half_the_summed_difference_of_shares(labelled_fit):
    cues = [[1, 1, 1, 1, -1, -1, -1, -1]] * 3
    regimes = [[0] * 4 + [1] * 4, [2] * 8, [0, 0, 1, 2, 0, 1, 1, 1]]
    found = compare_occupancy(*labelled_fit(cues, regimes), "cue", step=FIRST)
    assert found.index.tolist() == ["000", "001", "002"]
    np.testing.assert_allclose(found["distance"], [1, 0, 0.5])
    assert found.loc["001", "by_chance"] == 0


def test_missing_cues_and_absent_regimes_do_not_count(labelled_fit):
    cues = [[1, 1, -1, -1, np.nan, 1], [1, 1, 1, 1, -1, np.nan]]
    regimes = [[0, 0, 1, 1, 0, -1], [0, 0, 0, 0, -1, 0]]
    found = compare_occupancy(*labelled_fit(cues, regimes), "cue", step=FIRST)
    assert found.loc["000", "distance"] == 1
    assert found.loc["001"].isna().all()


def test_chance_of_single_trials_is_hypergeometric(labelled_fit):
    cue = np.tile([1] * 6 + [0] * 4, (1, 1))
    regime = np.array([[0, 1, 1, 0, 1, 1, 0, 1, 1, 0]])
    options = {"step": FIRST, "n_draws": 20_000}
    found = compare_occupancy(*labelled_fit(cue, regime), "cue", **options)
    k = np.arange(7)
    weight = hypergeom(10, 6, 6).pmf(k)
    expected = weight @ np.abs(k / 6 - (6 - k) / 4)
    assert found["by_chance"].item() == pytest.approx(expected, abs=0.005)


def test_blocks_are_exchanged_as_wholes(labelled_fit):
    block = np.repeat(np.arange(4), 5)
    cue, regime = np.array([1, 0, 1, 0])[block], np.array([0, 1, 1, 1])[block]
    options = {"step": FIRST, "n_draws": 5000}
    found = compare_occupancy(*labelled_fit([cue], [regime], block=block), "cue", **options)
    orders = np.array(list(permutations([1, 0, 1, 0])), dtype=float)
    share = orders @ [0, 1, 1, 1] / 2, (1 - orders) @ [0, 1, 1, 1] / 2
    assert found["distance"].item() == 0.5
    assert found["by_chance"].item() == pytest.approx(np.abs(share[0] - share[1]).mean(), abs=0.02)


def test_a_marker_opens_the_path_of_the_value(marked):
    """``8 (y + r(x + m - 1))``: one more unit of x counts 8 if it is marked, and 0 if not."""
    found = compare_gains(marked, "cue", step=FIRST, lag=1, feature="x")
    assert found.index.tolist() == ["000", "001", "002", "003"]
    assert found["fold"].tolist() == ["fold 0", "fold 1"] * 2
    assert found.columns.tolist() == ["fold", "high", "low"]
    np.testing.assert_allclose(found["high"], 8)
    np.testing.assert_allclose(found["low"], 0)
    both = compare_gains(marked, "cue", step=FIRST, lag=1, feature="x", minus="m")
    np.testing.assert_allclose(both[["high", "low"]], 0)


def test_a_network_without_units_has_one_gain(fit):
    options = {"step": "stimulus", "lag": 1, "feature": "stimulus"}
    linear = compare_gains(fit, "rule", **options, n_pwl=0)
    np.testing.assert_allclose(linear["high"], linear["low"])
    chosen = compare_gains(fit, "rule", **options)
    assert (abs(chosen["high"] - chosen["low"]) > 0.1).any()


def test_of_subjects_with_one_stimulus_order_the_first_counts(fit):
    first, second = (fit.trials["subject"].values == name for name in ("s0", "s1"))
    stimulus = fit.trials["stimulus"].values.copy()
    stimulus[second] = stimulus[first]
    same = with_variables(fit, stimulus=stimulus)
    options = {"step": "stimulus", "lag": 1, "feature": "stimulus"}
    assert compare_gains(same, "rule", **options).index.tolist() == ["s0", "s2", "s3", "s4", "s5"]
    assert len(compare_gains(fit, "rule", **options)) == 6


def test_gating_is_found_in_every_fold_and_not_for_labels_without_meaning(marked):
    options = {"step": FIRST, "features": ["x"], "n_nulls": 39}
    found, names = detect_gating_by_fold(marked, "cue", **options)
    assert names == ["fold 0, x", "fold 1, x"]
    assert all(each.present and each.units == (0,) for each in found)
    n_trials = marked.trials.sizes["trial"]
    drawn = with_variables(marked, cue=np.random.default_rng(0).integers(0, 2, n_trials))
    assert not any(each.present for each in detect_gating_by_fold(drawn, "cue", **options)[0])


def test_columns_are_compared_over_subjects(marked):
    found = compare_gains(marked, "cue", step=FIRST, lag=1, feature="x")
    found["high"] += [0, 1, 2, 3]
    table = compare_columns({"gain of x": found, "again": found})
    assert table["effect"].tolist() == ["gain of x", "again"]
    np.testing.assert_allclose(table["estimate"], 9.5)
    assert table["n_subjects"].tolist() == [4, 4]
    half = 3.182446305 * np.std([0, 1, 2, 3], ddof=1) / 2  # t(3), 97.5 %
    np.testing.assert_allclose(table["ci_high"], 9.5 + half)


def test_errors_name_every_problem(marked):
    with pytest.raises(DataError, match=r"(?s)3 problems.*step 'end'.*feature 'y'.*cue 'rule'"):
        compare_gains(marked, "rule", step="end", lag=1, feature="y")
    with pytest.raises(DataError, match="found 20 values, expected 2"):
        detect_gating_by_fold(
            with_variables(marked, cue=np.arange(320) % 20), "cue", step=FIRST, features=["x"]
        )
    with pytest.raises(NotTestableError, match="4 steps after it"):
        compare_gains(marked, "cue", step=FIRST, lag=4, feature="x")
