"""What is said of functional regimes: names, sources, the paths behind them, primitives."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.data.schema import session_number
from neuroalrnn.effects import (
    bridge,
    compute_exchange,
    compute_input_effects,
    compute_interactions,
    compute_memory,
    find_functional_regimes,
    find_sources,
    judge_source,
    name_regimes,
)
from neuroalrnn.effects.bridge import _paths
from neuroalrnn.effects.sources import _share_told
from neuroalrnn.network.branches import Steps
from neuroalrnn.results import Fit


@pytest.fixture(scope="module")
def found(fit):
    return find_functional_regimes(fit, ["stimulus"])


def named(*effects, options=("right",)):
    rows = [
        (regime, name, 0, option, value)
        for regime, each in enumerate(effects)
        for name, values in each.items()
        for option, value in zip(options, np.atleast_1d(values), strict=True)
    ]
    columns = ["regime", "input", "lag", "option", "effect"]
    return name_regimes(pd.DataFrame(rows, columns=columns))


class TestNames:
    def test_inputs_that_count_are_named_and_those_that_hardly_act_are_not(self):
        assert named({"a": 4.0, "b": 0.3}, {"a": 0.4, "b": -3}) == ["follows a", "against b"]

    def test_a_regime_without_effects_ignores_inputs(self):
        assert named({"a": 4.0}, {"a": 0.02}) == ["follows a", "ignores inputs"]

    def test_tiny_effects_are_none_even_if_all_are(self):
        assert named({"a": 0.05}) == ["ignores inputs"]

    def test_names_that_are_alike_get_their_values(self):
        assert named({"a": 4.0}, {"a": 1.5}) == ["follows a (a +4.0)", "follows a (a +1.5)"]

    def test_a_choice_is_repeated_or_left(self):
        assert named({"choice": 1.0}, {"choice": -1.0}) == ["repeats choice", "leaves choice"]

    def test_a_choice_among_several_counts_by_what_it_does_to_itself(self):
        effects = {f"choice={o}": [1.0 if o == p else -0.5 for p in "xyz"] for o in "xyz"}
        assert named(effects, options=("x", "y", "z")) == ["repeats choice"]


class TestSources:
    def test_an_input_that_decides_the_regime_tells_it(self, fit, found):
        sources = find_sources(fit, found)
        first = sources.iloc[0]
        assert (first["variable"], first["lag"], bool(first["is_input"])) == ("rule", 0, True)
        assert first["share_told"] > 0.9
        assert judge_source(sources) == ("told", "rule")

    def test_a_rule_that_is_no_input_is_inferred(self, fit, found):
        sources = find_sources(fit, found)
        is_rule = sources["variable"] == "rule"
        sources = sources[~is_rule | (sources["lag"] == 0)].copy()
        sources.loc[is_rule, ["is_input", "is_rule"]] = [False, True]
        assert judge_source(sources) == ("inferred", "rule")

    def test_an_outcome_of_the_trial_before_sets_the_regime(self):
        table = pd.DataFrame(
            [("reward", 1, True, False, 2, 1.0), ("cue", 0, True, False, 2, 0.01)],
            columns=["variable", "lag", "is_input", "is_rule", "n_values", "share_told"],
        )
        assert judge_source(table) == ("set by the trial before", "reward")
        assert judge_source(table[1:]) == ("unexplained", "")

    def test_the_share_is_one_of_a_copy_and_about_zero_by_chance(self):
        rng = np.random.default_rng(0)
        labels = rng.integers(3, size=2000)
        assert _share_told(labels, labels) == pytest.approx(1, abs=2e-3)
        drawn = [_share_told(labels, rng.integers(4, size=2000)) for _ in range(50)]
        assert np.mean(drawn) < 2e-3
        assert np.isnan(_share_told(np.zeros(9, dtype=int), labels[:9]))

    def test_one_regime_has_no_source(self, fit):
        one = find_functional_regimes(fit, ["stimulus"], n_pwl=0)
        assert not len(find_sources(fit, one))


class TestBridge:
    def test_shares_of_paths_add_up_and_every_trial_is_counted(self, fit, found):
        paths, degeneracy = bridge(fit, found)
        total = paths.groupby(["fold", "regime"])["share"].sum()
        np.testing.assert_allclose(total, 1)
        n_trials = paths.groupby("fold")["n_trials"].sum()
        assert (n_trials == (found.by_fold[0] >= 0).sum()).all()
        assert (degeneracy["n_usual_paths"] <= degeneracy["n_paths"]).all()
        assert (degeneracy["regime_entropy"] >= 0).all()

    def test_paths_that_decide_the_regime_leave_nothing_open(self, fit, found):
        steps = Steps.of(fit.sequences, session_number(fit.trials))
        codes = [_paths(fit, fold, steps, 0) for fold in fit.folds]
        by_path = np.stack([np.char.str_len(each) % 2 for each in codes])
        by_path = np.where(found.by_fold >= 0, by_path, -1)
        _, degeneracy = bridge(fit, replace(found, by_fold=by_path))
        np.testing.assert_allclose(degeneracy["regime_entropy"], 0, atol=1e-12)
        _, degeneracy = bridge(fit, found)
        assert degeneracy["regime_entropy"].max() <= 1
        assert (degeneracy["path_entropy"] > 0).all()

    def test_the_paths_of_a_trial_are_those_of_its_steps(self, fit, found):
        fold = fit.folds[0]
        steps = Steps.of(fit.sequences, session_number(fit.trials))
        paths = _paths(fit, fold, steps, 0)
        codes = fold.codes[fit.sequences.trial >= 0]
        trial = int(np.flatnonzero(~steps.is_new)[7])
        first = steps.start[trial]
        own = codes[first - 1 : first + steps.readout[trial]]
        own = own[np.r_[True, own[1:] != own[:-1]]]
        assert paths[trial] == ">".join(map(str, own))


class TestPrimitives:
    def test_the_rule_reverses_the_stimulus(self, fit):
        table = compute_interactions(fit).set_index(["input", "gate"])
        row = table.loc[("stimulus", "rule")]
        assert row["interaction"] > 1
        assert row["gating_index"] > 0.8
        assert row["ci_low"] > 0

    def test_interactions_are_half_the_change_of_an_effect(self, fit):
        # on first trials nothing before differs, so that the other rule can be set by itself
        effects = compute_input_effects(fit, ["stimulus", "stimulus:rule"], n_lags=0)
        first = fit.trials["trial_in_session"].values == 0
        assert first.sum() == 6
        rule = fit.trials["rule"].values
        own, both = effects.values[first, 0, 0, 0], effects.values[first, 1, 0, 0]
        tree = fit.tree.copy(deep=True)
        trials = tree["trials"].to_dataset()
        tree["trials"] = xr.DataTree(trials.assign(rule=trials["rule"].copy(data=-rule)))
        other = compute_input_effects(Fit(tree), ["stimulus"], n_lags=0).values[first, 0, 0, 0]
        np.testing.assert_allclose(both, rule[first] * (own - other) / 2, atol=1e-10)

    def test_regimes_that_exchange_weights_are_found(self, found):
        regimes = pd.DataFrame(
            [(0, "a", 4.0), (0, "b", 0.5), (1, "a", 0.5), (1, "b", -3.0)],
            columns=["regime", "input", "effect"],
        ).assign(lag=0, option="right")
        columns = [("a", 0, "right"), ("b", 0, "right")]
        two = replace(found, regimes=regimes, columns=columns, n_regimes=2)
        row = compute_exchange(two).iloc[0]
        assert (row["input"], row["other_input"], row["exchange"]) == ("a", "b", 2.5)
        regimes.loc[3, "effect"] = 0.1
        assert compute_exchange(replace(two, regimes=regimes)).iloc[0]["exchange"] < 0

    def test_memory_starts_at_the_first_lag_and_follows_the_effects(self, fit):
        table = compute_memory(fit, n_lags=2)
        assert table[table["input"] == "choice"]["lag"].tolist() == [1, 2]
        assert table[table["input"] == "stimulus"]["lag"].tolist() == [0, 1, 2]
        stimulus = table[table["input"] == "stimulus"]["effect_size"].to_numpy()
        assert stimulus[0] > 3 * stimulus[1]
        assert np.isnan(table[table["lag"] == 0]["kept"]).all()
