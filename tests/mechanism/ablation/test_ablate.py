"""Ablation finds the units that known networks need, and no others."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.ablation.ablate import (
    FLOOR,
    _cost_table,
    ablate,
    ablate_units,
    train_costs,
    unit_sets,
)
from neuroalrnn.mechanism.ablation.nulls import (
    _change_of_activation,
    _kick_from_other_trials,
    _matched_linear_unit,
    compare_with_linear_units,
)
from neuroalrnn.mechanism.ablation.order import count_necessary, replace_greedily, sizes_at_once
from neuroalrnn.mechanism.ablation.replace import REPLACEMENTS, replace_units
from neuroalrnn.network.run import compute_latents
from neuroalrnn.network.scores import score_trials
from neuroalrnn.results import Fit
from neuroalrnn.tasks import addition, decision_by_two_units, parity, scalar_memory


def mean_costs(table, *keys):
    return table[table["epoch"] == "all"].groupby(list(keys))[["cost", "accuracy_cost"]].mean()


def test_parity_is_lost_without_its_kink(known_fit):
    costs = mean_costs(ablate_units(known_fit(parity())), "replacement")
    assert set(costs.index) == set(REPLACEMENTS)
    assert (costs["cost"] > 0.2).all()
    assert (costs["accuracy_cost"] > 0.25).all()


def test_addition_needs_its_unit_at_the_marked_steps_alone(known_fit):
    table = ablate_units(known_fit(addition(n_steps=5), n_trials=600))
    assert (mean_costs(table, "replacement")["cost"] > 0.05).all()
    by_epoch = table[table["replacement"] == "zero"].groupby("epoch")["cost"].mean()
    # step 4 is the read-out, which no activation can reach; nothing happens there
    assert by_epoch["4.000 s"] == 0
    assert (by_epoch.drop(["all", "4.000 s"]) > 0.05).all()


def test_both_units_of_the_decision_are_needed(known_fit):
    fit = known_fit(decision_by_two_units(), n_trials=600)
    costs = mean_costs(ablate_units(fit), "replacement", "unit")
    assert (costs["cost"] > 0.05).all()
    counts = count_necessary(replace_greedily(fit))
    assert (counts["n_necessary"] == 2).all()
    assert (counts["cost"] == 0).all()


def test_a_network_without_pwl_units_has_nothing_to_ablate(known_fit):
    fit = known_fit(scalar_memory())
    for function in (ablate_units, replace_greedily, compare_with_linear_units):
        with pytest.raises(NotTestableError, match="PWL unit"):
            function(fit)


def test_a_unit_that_is_always_on_acts_linearly(known_fit, with_idle_unit):
    fit = known_fit(with_idle_unit)
    table = ablate_units(fit)
    costs = mean_costs(table, "replacement", "unit")["cost"]
    for free in ("identity", "clamp", "affine"):
        assert abs(costs[free, 1]) < 1e-12
        assert costs[free, 0] > 0.05
    assert costs["zero", 1] > 1
    ranks = table.groupby(["replacement", "unit"])["rank"].first()
    assert (ranks["affine"].tolist(), ranks["zero"].tolist()) == ([1, 2], [2, 1])

    counts = count_necessary(replace_greedily(fit)).set_index(["fold", "replacement"])
    assert (counts["n_necessary"].unstack()["affine"] == 1).all()
    assert (counts["n_necessary"].unstack()["zero"] == 2).all()

    null = compare_with_linear_units(fit, replacements=("affine",), n_draws=3)
    idle = null[null["unit"] == 1]
    assert np.abs(idle[["size", "cost", "null_cost", "excess"]]).to_numpy().max() < 1e-12


def test_costs_by_condition_average_to_the_cost_of_the_subject(fit):
    whole = ablate_units(fit)
    parts = ablate_units(fit, by=["rule", "stimulus"])
    assert len(parts) == 4 * len(whole)
    keys = ["fold", "unit", "replacement", "epoch", "subject"]
    for value in ("cost", "accuracy_cost"):
        total = parts.assign(total=parts[value] * parts["n_trials"]).groupby(keys)["total"].sum()
        mean = total / parts.groupby(keys)["n_trials"].sum()
        np.testing.assert_allclose(mean, whole.set_index(keys)[value].loc[mean.index], atol=1e-12)
    assert whole.groupby(keys[:4])["n_trials"].sum().nunique() == 1


def test_costs_are_differences_of_floored_log_likelihoods(known_fit):
    fit = known_fit(parity(gain=60.0), 2, 100)
    fold = fit.folds[0]
    one = replace_units(fold, fold.test, 0, "identity")
    row = _cost_table(fold, fold.test, [({}, one)]).iloc[0]
    before, after = (score_trials(fold.network, fold.test, each) for each in (None, one))
    lost = before.log_likelihood.clip(FLOOR) - after.log_likelihood.clip(FLOOR)
    assert np.isclose(row["cost"], lost.mean(), atol=1e-12)
    assert np.isclose(row["accuracy_cost"], (before.accuracy - after.accuracy).mean(), atol=1e-12)
    assert row["n_floored"] == (after.log_likelihood < FLOOR).sum() > 0
    assert (row["fold"], row["subject"], row["n_trials"]) == ("fold 0", "000", 100)


def test_costs_do_not_depend_on_how_many_networks_run_at_once(known_fit, monkeypatch):
    fold = known_fit(parity(), 2, 20).folds[0]
    made = [({"unit": k}, replace_units(fold, fold.test, 0, k)) for k in REPLACEMENTS]
    whole = _cost_table(fold, fold.test, made)
    module = import_module("neuroalrnn.mechanism.ablation.ablate")
    monkeypatch.setattr(module, "MOST_STEPS", fold.test.trial.size)
    pd.testing.assert_frame_equal(_cost_table(fold, fold.test, made), whole)


def sabotage(fit, *, flip=1, scale=1):
    """Other choices or other inputs in the test trials of the first fold."""
    tree = fit.tree.copy(deep=True)
    here = fit.splits["fold"].values == 0
    choice = tree["trials"]["choice"].values
    choice[here] = np.where(flip < 0, 1 - choice[here], choice[here])
    tree["trials"]["inputs"].values[here] *= scale
    return Fit(tree)


@pytest.mark.parametrize("how", [{"flip": -1}, {"scale": -3}])
def test_no_test_subject_has_a_say_in_ranks_orders_and_constants(known_fit, with_idle_unit, how):
    fit = known_fit(with_idle_unit, n_trials=50)
    other = sabotage(fit, **how)
    for name in ("affine", "clamp"):
        folds = fit.folds[0], other.folds[0]
        made = [replace_units(fold, fold.test, 1, name) for fold in folds]
        np.testing.assert_array_equal(made[0].activations, made[1].activations)
    for function, columns in (
        (ablate_units, ["unit", "replacement", "rank"]),
        (replace_greedily, ["replacement", "n_replaced", "unit", "train_cost"]),
    ):
        tables = [function(each).query("fold == 'fold 0'") for each in (fit, other)]
        np.testing.assert_array_equal(tables[0][columns], tables[1][columns])
        assert not np.allclose(tables[0]["cost"], tables[1]["cost"])


def test_the_last_stage_replaces_all_units(known_fit):
    fit = known_fit(decision_by_two_units(), n_trials=100)
    stages = replace_greedily(fit, replacements=("identity",))
    assert stages.groupby("fold")["n_replaced"].unique().map(list).tolist() == [[1, 2]] * 2

    def make(fold, sequences):
        return [({}, replace_units(fold, sequences, [0, 1], "identity"))]

    whole = ablate(fit, make)
    last = stages[stages["n_replaced"] == 2]
    np.testing.assert_allclose(last["cost"], whole["cost"], atol=1e-12)


def test_the_least_needed_unit_is_replaced_first(known_fit, with_idle_unit):
    stages = replace_greedily(known_fit(with_idle_unit), replacements=("affine", "zero"))
    first = stages[stages["n_replaced"] == 1].groupby("replacement")["unit"].unique()
    assert (first["affine"].tolist(), first["zero"].tolist()) == ([1], [0])


def test_the_null_moves_the_next_state_as_much(known_fit):
    fit = known_fit(addition(n_steps=5), n_trials=200)
    fold = fit.folds[0]
    network, test = fold.network, fold.test
    one = replace_units(fold, test, 0, "identity", at=[1])
    delta = _change_of_activation(network, test, one)
    moved = compute_latents(network, test, one) - compute_latents(network, test)
    np.testing.assert_allclose(moved[:, 2], delta[:, 1] @ network.weight.T, atol=1e-12)
    assert not delta[:, [0, 2, 3, 4]].any()

    table = compare_with_linear_units(fit, replacements=("zero",), n_draws=5)
    everywhere = _change_of_activation(network, test, replace_units(fold, test, 0, "zero"))
    size = np.sqrt(((everywhere @ network.weight.T) ** 2).sum(axis=-1).mean())
    row = table.iloc[0]
    assert np.isclose(row["size"], size)
    assert row["linear_unit"] == 0
    assert len(table) == 6
    np.testing.assert_allclose(table["excess"], table["cost"] - table["null_cost"])
    assert (table["null_cost"] > 0.02).all()


def test_a_kick_is_that_of_another_trial_one_step_later(known_fit):
    fold = known_fit(addition(n_steps=5), n_trials=20).folds[0]
    test, kick = fold.test, np.array([3.0, -4.0])
    rng = np.random.default_rng(0)
    delta = rng.standard_normal(test.trial.shape)
    value = _kick_from_other_trials(test, delta, kick, rng).value
    assert not value[:, 0].any()
    for step in range(4):
        moved, own = value[:, step + 1], delta[:, step]
        np.testing.assert_allclose(np.sort(moved @ kick), np.sort(25 * own))
        assert (np.abs(moved @ kick - 25 * own) > 1e-9).mean() > 0.8


def test_a_linear_unit_is_kicked_as_hard_as_the_pwl_unit_would_kick(known_fit):
    known = addition(n_steps=5)
    # a linear unit of equal variance, which reaches only y, and that weakly
    network = known.network._replace(
        self_slope=np.zeros(3),
        weight=np.array([[1.0, 0.01, 1.0], [0, 0, 0], [0, 0, 0]]),
        input_weight=np.array([[0.0, 0], [1, 1], [1, 1]]),
        bias=np.array([0.0, -1, -1]),
        initial=np.zeros(3),
        readout=np.array([[8.0, 0, 0]]),
    )
    both = []
    for each in (known, replace(known, network=network)):
        fit = known_fit(each, n_trials=200)
        table = compare_with_linear_units(fit, replacements=("zero",))
        both.append(
            (table["linear_unit"].iloc[0], table["size"].iloc[0], table["null_cost"].mean())
        )
    assert (both[0][0], both[1][0]) == (0, 1)
    np.testing.assert_allclose(both[0][1:], both[1][1:], rtol=0.15)


def test_the_linear_unit_of_closest_variance_is_taken():
    network = parity().network._replace(
        n_pwl=1, weight=np.array([[1.0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]])
    )
    rng = np.random.default_rng(0)
    latents = rng.standard_normal((50, 20, 4)) * [9, 2.5, 2, 2]
    network = network._replace(bias=np.zeros(4))
    # the unit of equal variance has no weight onto the next state
    assert _matched_linear_unit(network, latents, 0) == 1
    assert _matched_linear_unit(network._replace(n_pwl=4), latents, 3) == -1


def test_without_linear_units_there_is_no_null(known_fit):
    known = parity()
    both = known.network._replace(n_pwl=2)
    fit = known_fit(replace(known, network=both), n_trials=50)
    table = compare_with_linear_units(fit, replacements=("zero",), n_draws=2)
    assert (table["linear_unit"] == -1).all()
    assert table["excess"].isna().all()
    assert table["cost"].notna().all()


def test_wrong_requests_are_named(known_fit):
    fit = known_fit(parity(), 2, 20)
    with pytest.raises(DataError, match="no variable 'rule'"):
        ablate_units(fit, by=["rule"])
    with pytest.raises(DataError, match="found 'linear', expected one of identity"):
        ablate_units(fit, replacements=["linear"])


def test_epochs_and_conditions_must_exist(known_fit):
    fit = known_fit(addition(n_steps=6))
    with pytest.raises(DataError, match="steps: found"):
        ablate_units(fit, replacements=["zero"], epochs={"late": 99})
    with pytest.raises(DataError, match="expected a list of names"):
        ablate_units(fit, by="subject")
    with pytest.raises(DataError, match="no variable 'event_time', 'typo'"):
        ablate_units(fit, by=["event_time", "typo"])
    with pytest.raises(DataError, match="no column 'fold'"):
        count_necessary(pd.DataFrame())


def test_costs_of_training_subjects_are_kept_so_that_no_set_runs_twice(
    known_fit, with_idle_unit, monkeypatch
):
    fit = known_fit(with_idle_unit, n_trials=50)
    alone = ablate_units(fit), replace_greedily(Fit(fit.tree))
    for fold in fit.folds:
        sets = unit_sets(2, REPLACEMENTS, sizes_at_once(2))
        assert len(sets) == 3 * len(REPLACEMENTS)
        train_costs(fold, [*unit_sets(2, REPLACEMENTS), *sets])

    def only_on_test_subjects(fold, sequences, *rest):
        assert sequences is fold.test
        return _cost_table(fold, sequences, *rest)

    module = import_module("neuroalrnn.mechanism.ablation.ablate")
    monkeypatch.setattr(module, "_cost_table", only_on_test_subjects)
    shared = ablate_units(fit), replace_greedily(fit)
    for one, other in zip(alone, shared, strict=True):
        pd.testing.assert_frame_equal(one, other)
