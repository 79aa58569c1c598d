"""Effects of inputs: branches against whole runs, lags, options and closed forms."""

import json

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.data import encode
from neuroalrnn.effects import Counterfactuals, compute_input_effects, flips_of, list_flips
from neuroalrnn.exceptions import DataError
from neuroalrnn.network.branches import SteppedNetwork
from neuroalrnn.network.run import compute_latents
from neuroalrnn.results import Fit


@pytest.fixture(scope="module")
def effects(fit):
    return compute_input_effects(fit, n_lags=3)


def eta_of(fit, network, trials):
    """Log-odds of every trial in a run over all trials, NaN where nothing is read out."""
    sequences = encode(trials, **fit.encoding | {"presence": fit.sequences.presence})
    latents = compute_latents(network, sequences)
    eta = (latents @ network.readout.T + network.offset)[..., 0]
    is_read = np.isfinite(sequences.target)
    found = np.full(trials.sizes["trial"], np.nan)
    found[sequences.trial[is_read]] = eta[is_read]
    return found


def test_effects_equal_runs_in_which_one_trial_is_changed(fit, effects):
    rng = np.random.default_rng(0)
    for flip in flips_of(fit):
        for start in rng.choice(len(effects), 6, replace=False):
            low, high = (flip.set(fit.trials, level, [start]) for level in (0, 1))
            for lag in range(flip.first_lag, 4):
                trial = start + lag
                if trial >= len(effects):
                    continue
                fold = fit.folds[int(fit.splits["fold"][trial])]
                found = effects.sel(input=flip.name, lag=lag, option="right").values[trial]
                if fit.trials["subject"].values[trial] != fit.trials["subject"].values[start]:
                    continue
                expected = eta_of(fit, fold.network, high) - eta_of(fit, fold.network, low)
                assert found == pytest.approx(expected[trial] / 2, abs=1e-10)


def test_effects_are_the_same_whatever_is_computed_at_once(fit, effects, monkeypatch):
    fold = fit.folds[1]
    counterfactuals = Counterfactuals.of(fit)
    rows = np.flatnonzero(fit.splits["fold"].values == 1)
    rows = np.r_[rows[:7], rows[8::11]]
    monkeypatch.setattr("neuroalrnn.effects._parts.AT_ONCE", 5)
    found = counterfactuals.of_network(fold, fold.network, flips_of(fit, fold=1), rows, 3)
    assert np.allclose(found, effects.values[rows], rtol=0, atol=1e-12, equal_nan=True)
    assert np.isfinite(found).any(axis=(0, 2, 3)).all()


def test_effects_do_not_reach_over_sessions_nor_before_an_input_is_known(fit, effects):
    first = fit.trials["trial_in_session"].values == fit.trials["trial_in_session"].values.min()
    assert np.isnan(effects.sel(lag=1).values[first]).all()
    assert np.isfinite(effects.sel(lag=0, input="stimulus").values[first]).all()
    assert np.isnan(effects.sel(input="choice", lag=0)).all()


def test_effects_of_all_folds_hold_those_held_out(fit, effects):
    everything = compute_input_effects(fit, n_lags=3, over_folds=True)
    fold = fit.splits["fold"].values
    own = everything.values[fold, np.arange(len(fold))]
    np.testing.assert_allclose(own, effects.values, rtol=0, atol=1e-12)


def test_a_linear_network_has_the_same_effect_on_every_trial_and_locally(fit):
    effects = compute_input_effects(fit, n_pwl=0, over_folds=True)
    local = compute_input_effects(fit, n_pwl=0, over_folds=True, local=True)
    np.testing.assert_allclose(effects.values, local.values, rtol=0, atol=1e-9)
    spread = effects.max("trial") - effects.min("trial")
    assert float(spread.max()) < 1e-9


def test_local_effects_are_the_contrast_where_no_boundary_is_crossed(fit):
    tree = fit.tree.copy(deep=True)
    parameters = tree["parameters"].to_dataset()
    small = xr.where(parameters["feature"] == "stimulus", 0.3, 1.0)
    weight = (parameters["input_weight"] * small).transpose(*parameters["input_weight"].dims)
    tree["parameters"] = xr.DataTree(parameters.assign(input_weight=weight))
    gentle = Fit(tree)
    effects = compute_input_effects(gentle, ["stimulus"], n_lags=2).values
    local = compute_input_effects(gentle, ["stimulus"], n_lags=2, local=True).values
    alike = np.isclose(effects, local, rtol=1e-6, atol=1e-13)[np.isfinite(effects)]
    assert 0.3 < alike.mean() < 1


def test_states_of_a_network_that_is_stepped_are_its_latents(fit):
    fold = fit.folds[0]
    states = SteppedNetwork(fold.network).run(fit.sequences)
    latents = compute_latents(fold.network, fit.sequences)
    expected = latents[fit.sequences.trial >= 0]
    np.testing.assert_allclose(states, expected, rtol=0, atol=1e-12)


def test_interactions_are_those_of_a_linear_network(fit):
    effects = compute_input_effects(fit, ["stimulus:rule"], n_pwl=0, n_lags=1)
    assert np.nanmax(np.abs(effects.values)) < 1e-9
    effects = compute_input_effects(fit, ["stimulus:rule"], n_lags=0)
    assert list(effects["input"].values) == ["stimulus:rule"]
    # choices follow stimulus x rule, so that the interaction is what is learned
    assert float(effects.mean()) > 0.5


def random_networks(fit, trials, encoding, n_outputs=1):
    """The fit with other trials or another encoding, and networks that were never trained."""
    tree, rng = fit.tree.copy(deep=True), np.random.default_rng(0)
    parameters = tree["parameters"].to_dataset()
    features = list(encode(trials, **encoding).features)
    lead, shape = parameters["bias"].dims[:-1], parameters["bias"].shape
    sizes = {
        "input_weight": (("latent", "feature"), (shape[-1], len(features))),
        "readout": (("output", "latent"), (n_outputs, shape[-1])),
        "offset": (("output",), (n_outputs,)),
    }
    drawn = {
        name: ((*lead, *dims), rng.standard_normal((*shape[:-1], *size)))
        for name, (dims, size) in sizes.items()
    }
    parameters = parameters.drop_vars([*sizes, "feature"]).assign(drawn)
    parameters = parameters.assign_coords(feature=features)
    tree["trials"], tree["parameters"] = xr.DataTree(trials), xr.DataTree(parameters)
    tree.attrs["config"] = json.dumps(fit.config | {"encoding": encoding})
    return Fit(tree)


def several_options(fit):
    choice = fit.trials["choice"].copy(data=np.arange(fit.trials.sizes["trial"]) % 3.0)
    choice.attrs["labels"] = ["left", "right", "none"]
    return random_networks(fit, fit.trials.assign(choice=choice), fit.encoding, 3)


ENCODINGS = {
    "time": {"step": "time", "dt": 0.2, "choice_event": "response"},
    "trial": {"step": "trial"},
    "each trial anew": {"step": "event", "choice_event": "response", "carry": "trial"},
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_effects_equal_whole_runs_whatever_a_step_is(fit, name):
    encoding = fit.encoding | ENCODINGS[name]
    if name == "trial":
        del encoding["choice_event"]
    other = random_networks(fit, fit.trials, encoding)
    effects = compute_input_effects(other, n_lags=2)
    rng = np.random.default_rng(1)
    for flip in flips_of(other):
        for start in rng.choice(len(effects) - 3, 4, replace=False):
            if fit.trials["trial_in_session"].values[start] > 110:
                continue
            low, high = (flip.set(fit.trials, level, [start]) for level in (0, 1))
            network = other.folds[int(fit.splits["fold"][start])].network
            expected = (eta_of(other, network, high) - eta_of(other, network, low)) / 2
            found = effects.sel(input=flip.name, option="right").values
            for lag in range(flip.first_lag, 3):
                assert found[start + lag, lag] == pytest.approx(expected[start + lag], abs=1e-9)


def test_effects_on_several_options_are_against_their_mean(fit):
    several = several_options(fit)
    effects = compute_input_effects(several, n_lags=1)
    assert [str(name) for name in effects["option"].values] == ["left", "right", "none"]
    expected = ["stimulus", "rule", "choice=left", "choice=right", "choice=none"]
    assert [str(name) for name in effects["input"].values] == expected
    finite = effects.values[np.isfinite(effects.values).all(axis=-1)]
    np.testing.assert_allclose(finite.sum(axis=-1), 0, atol=1e-10)
    levels = effects.sel(input=expected[2:], lag=1).values
    known = np.isfinite(levels).all(axis=(1, 2))
    np.testing.assert_allclose(levels[known].sum(axis=1), 0, atol=1e-10)


def test_continuous_inputs_are_changed_by_a_standard_deviation_of_the_training_part(fit):
    trials = fit.trials.copy()
    values = np.random.default_rng(0).normal(3.0, 2.0, trials.sizes["trial"])
    trials["stimulus"] = trials["stimulus"].copy(data=values)
    train = np.arange(100)
    flip = next(f for f in list_flips(trials, fit.encoding, ["stimulus"], train=train))
    mean, size = values[:100].mean(), values[:100].std()
    np.testing.assert_allclose(np.ravel(flip.levels), [mean - size, mean + size])


def test_a_side_that_is_not_always_shown_is_changed_where_it_is(fit):
    trials = fit.trials.copy()
    values = np.tile([-1.0, 0.0, 1.0], trials.sizes["trial"])[: trials.sizes["trial"]]
    trials["stimulus"] = trials["stimulus"].copy(data=values)
    flip = list_flips(trials, fit.encoding, ["stimulus"])[0]
    assert np.ravel(flip.levels).tolist() == [-1.0, 1.0]
    np.testing.assert_array_equal(flip.is_set, values != 0)


def test_missing_values_and_constant_inputs_have_no_effect(fit):
    trials = fit.trials.copy()
    values = trials["stimulus"].values.astype(float).copy()
    values[::7] = np.nan
    trials["stimulus"] = trials["stimulus"].copy(data=values)
    trials["rule"] = trials["rule"].copy(data=np.ones(trials.sizes["trial"]))
    flips = {flip.name: flip for flip in list_flips(trials, fit.encoding)}
    assert not flips["stimulus"].is_set[::7].any()
    assert "rule" not in flips


def test_unknown_inputs_are_named(fit):
    with pytest.raises(DataError, match=r"stimulos.*stimulus"):
        compute_input_effects(fit, ["stimulos"])


def test_joint_flips_need_two_levels_of_each(fit):
    trials = several_options(fit).trials
    with pytest.raises(DataError, match="choice has more than two levels"):
        list_flips(trials, fit.encoding, ["stimulus:choice"])


def test_lags_beyond_the_last_trial_are_cut(fit):
    effects = compute_input_effects(fit, ["rule"], n_lags=9)
    assert effects.sizes["trial"] == fit.trials.sizes["trial"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": "rule"}, "inputs = 'rule': expected a list"),
        ({"n_lags": -1}, "n_lags = -1: expected a whole number from 0"),
        ({"n_pwl": 7}, "n_pwl: found 7, expected one of 0, 2"),
        ({"restart": 9}, "restart: found 9, expected 0 to 1"),
        ({"local": "yes"}, "local = 'yes'"),
    ],
)
def test_arguments_that_cannot_be_used_are_told(fit, options, message):
    with pytest.raises(DataError, match=message):
        compute_input_effects(fit, **options)
