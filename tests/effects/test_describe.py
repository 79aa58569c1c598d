"""Mean effects with intervals: what held-out choices make of them, and how far networks differ."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import t, ttest_1samp

from neuroalrnn.effects import compute_input_effects, describe_effects, flips_of, list_flips
from neuroalrnn.effects._choices import _oriented, moves_by_choices
from neuroalrnn.effects._over_subjects import mean_over_subjects
from neuroalrnn.exceptions import DataError
from neuroalrnn.results import Fit


def with_parameters(fit, change, **config):
    """The fit with other parameters, which `change` makes of an xarray.Dataset."""
    tree = fit.tree.copy(deep=True)
    tree["parameters"] = xr.DataTree(change(tree["parameters"].to_dataset()))
    tree.attrs["config"] = json.dumps(fit.config | config)
    return Fit(tree)


def moved(fit, inputs=("stimulus",)):
    """Mean effect at lag 0 by subject, by the networks alone and as choices move it."""
    everything = np.ones(fit.trials.sizes["trial"], dtype=bool)
    effects = compute_input_effects(fit, inputs, n_lags=0).values[:, 0, 0, 0]
    own = pd.Series(effects).groupby(fit.trials["subject"].values).mean().to_numpy()
    return own, own + moves_by_choices(fit, inputs, [everything], 0)[0, :, 0, 0, 0]


def test_choices_take_back_what_a_network_exaggerates(fit):
    def exaggerate(parameters):
        return parameters.assign(readout=1.04 * parameters["readout"])

    own, moved_own = moved(fit, ["stimulus:rule"])
    larger, moved_larger = moved(with_parameters(fit, exaggerate), ["stimulus:rule"])
    assert larger.mean() / own.mean() == pytest.approx(1.04)
    # the step is the first of Newton's, and leaves a part
    assert moved_larger.mean() / moved_own.mean() == pytest.approx(1.0, abs=0.012)


def test_subjects_who_choose_by_chance_move_effects_down(fit):
    choice, rng = fit.trials["choice"].copy(), np.random.default_rng(0)
    is_random = fit.trials["subject"].values == "s2"
    choice.values[is_random] = rng.integers(2, size=is_random.sum())
    tree = fit.tree.copy(deep=True)
    tree["trials"] = xr.DataTree(fit.trials.assign(choice=choice))
    before, after = moved(fit, ["stimulus:rule"])[1], moved(Fit(tree), ["stimulus:rule"])[1]
    assert after[2] < before[2] - 1
    assert np.abs(after - before)[[0, 1, 3, 4, 5]].max() < 1


def test_two_of_three_options_move_like_two(fit):
    encoding = fit.encoding | {"inputs": {"stimulus": "stimulus", "rule": "stimulus"}}

    def without_choice(parameters):
        kept = [name for name in parameters["feature"].values if "choice" not in str(name)]
        return parameters.sel(feature=kept)

    def with_third(parameters):
        parameters = without_choice(parameters)
        filled = {}
        for name, last in (("readout", 0.0), ("offset", -40.0)):
            own = parameters[name]
            parts = [xr.zeros_like(own), own, xr.full_like(own, last)]
            filled[name] = xr.concat(parts, "output").transpose(*own.dims)
        return parameters.drop_dims("output", errors="ignore").assign(filled)

    two = with_parameters(fit, without_choice, encoding=encoding)
    three = with_parameters(fit, with_third, encoding=encoding)
    choice = fit.trials["choice"].copy()
    choice.attrs["labels"] = ["left", "right", "none"]
    three.tree["trials"] = xr.DataTree(fit.trials.assign(choice=choice))
    groups = [fit.trials["rule"].values > 0, fit.trials["rule"].values < 0]
    of_two = moves_by_choices(two, None, groups, 1)
    of_three = moves_by_choices(Fit(three.tree), None, groups, 1)
    difference = of_three[..., 1] - of_three[..., 0]
    np.testing.assert_allclose(difference, of_two[..., 0], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(of_three.sum(axis=-1), 0, atol=1e-9)


SUBJECTS = np.repeat(["a", "b", "c", "d"], 2)


def mean_of(values, subject=SUBJECTS, **sampling):
    subject = xr.DataArray(subject, dims="trial")
    rows = np.ones(len(values), dtype=bool)
    return mean_over_subjects({"subject": subject}, np.asarray(values), rows, **sampling)


def test_an_interval_is_over_subjects_with_what_their_choices_add():
    values, moves = np.repeat([1.0, 2.0, 4.0, 5.0], 2), np.array([1.0, -1.0, 0.5, 0.0])
    mean, low, high, n = mean_of(values, moves=moves)
    expected = ttest_1samp(values[::2] + moves, 0).confidence_interval()
    assert (mean, n) == (pytest.approx(3.125), 4)
    assert high - low == pytest.approx(expected.high - expected.low)
    assert high - mean == pytest.approx(mean - low)


def test_subjects_that_are_numbers_come_in_the_order_of_their_names():
    values, subject, moves = np.arange(8.0), np.repeat([8, 9, 10, 11], 2), np.array([3.0, 0, 0, -3])
    found = mean_of(values, subject, moves=moves)
    assert found == mean_of(values, subject.astype(str), moves=moves)
    own = ttest_1samp([0.5 + 0, 2.5 - 3, 4.5 + 3, 6.5 + 0], 0).confidence_interval()
    assert found[1:3] == pytest.approx((own.low, own.high))


def test_what_networks_are_apart_is_added():
    half = mean_of(np.ones(8), of_folds=[1.0, 2.0, 3.0])[2] - 1
    assert half == pytest.approx(t.ppf(0.975, 3) / np.sqrt(3))
    # a jackknife of three, where there is a single subject: 2 / sqrt(3) SD
    half = mean_of(np.ones(8), np.repeat("a", 8), of_folds=[1.0, 2.0, 3.0])[2] - 1
    assert half == pytest.approx(4.9682, abs=1e-3)
    assert np.isnan(mean_of(np.ones(8), np.repeat("a", 8))[2])


def test_choices_of_subjects_without_an_effect_count_as_well():
    values, moves = np.repeat([1.0, 1.0, 1.0, np.nan], 2), np.array([0.0, 0.0, 0.0, 2.0])
    mean, _, high, n = mean_of(values, moves=moves)
    assert (mean, n) == (pytest.approx(1.5), 3)
    assert high - mean == pytest.approx(t.ppf(0.975, 2) * 2 / 4)


def test_effects_are_described_where_they_are_defined(fit):
    effects = compute_input_effects(fit, n_lags=1)
    table = describe_effects(fit, effects).set_index(["input", "lag"])
    assert ("choice", 0) not in table.index
    row, values = table.loc[("stimulus", 0)], effects.sel(input="stimulus", lag=0).values[:, 0]
    by_subject = pd.Series(values).groupby(fit.trials["subject"].values).mean()
    everything = np.ones(len(values), dtype=bool)
    moves = moves_by_choices(fit, None, [everything], 1)[0, :, 0, 0, 0]
    assert row["effect"] == pytest.approx(by_subject.mean() + moves.mean())
    assert row["effect_sd"] == pytest.approx(values.std(ddof=1))
    assert row["n_subjects"] == 6
    assert (table["ci_low"] < table["effect"]).all()
    assert (table["correlation_low"] <= table["correlation"] + 1e-12).all()
    half = describe_effects(fit, effects, np.arange(0, 720, 2)).set_index(["input", "lag"])
    assert half.loc[("stimulus", 0), "effect"] != row["effect"]


def test_trials_that_do_not_exist_are_refused(fit):
    effects = compute_input_effects(fit, n_lags=0)
    with pytest.raises(DataError, match="rows"):
        describe_effects(fit, effects, np.array([0, 720]))


def test_inputs_that_a_network_misses_in_a_group_are_found_by_choices(fit):
    # a linear network knows no effect of the stimulus that depends on the rule
    rule, subject = fit.trials["rule"].values, fit.trials["subject"].values
    groups = [rule > 0, rule < 0]
    effects = compute_input_effects(fit, ["stimulus"], n_lags=0, n_pwl=0).values[:, 0, 0, 0]
    assert np.abs(effects).max() < 0.5
    moves = moves_by_choices(fit, ["stimulus"], groups, 0, 0)[..., 0, 0, 0]
    # the first step of Newton's towards the log-odds of .9 from about .5
    towards = effects.mean() + moves.mean(axis=1)
    np.testing.assert_allclose(towards, [1.6, -1.6], atol=0.3)
    choice = fit.trials["choice"].values * 2 - 1
    follows = pd.Series(choice * fit.trials["stimulus"].values)[groups[0]]
    share = follows.groupby(subject[groups[0]]).mean().to_numpy()
    assert np.corrcoef(share, moves[0])[0, 1] > 0.7


def test_inputs_are_oriented_from_low_to_high(fit):
    stimulus, both, choice = flips_of(fit, ["stimulus", "stimulus:rule", "choice"])
    values = fit.trials["stimulus"].values
    np.testing.assert_array_equal(_oriented(fit.trials, stimulus)[0], values)
    product = values * fit.trials["rule"].values
    np.testing.assert_array_equal(_oriented(fit.trials, both)[0], product)
    three = fit.trials["choice"].copy(data=np.arange(fit.trials.sizes["trial"]) % 3.0)
    three.attrs["labels"] = ["left", "right", "none"]
    encoding = fit.encoding | {"inputs": {"choice": "response"}}
    (choice,) = list_flips(fit.trials.assign(choice=three), encoding)
    found = _oriented(fit.trials.assign(choice=three), choice)
    # the effect of a level against the average of all is 1 where eta is what is found
    weights = np.array(list(choice.contrasts.values()))
    np.testing.assert_allclose((weights * found[:, :3]).sum(axis=1), 1)
