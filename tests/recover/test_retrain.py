"""Networks trained on without a unit: what the others can take over costs nothing any more."""

import json
from importlib import import_module

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.data import SubjectKFold
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.ablation.ablate import ablate_units
from neuroalrnn.mechanism.ablation.summarise import compare_costs, subject_costs
from neuroalrnn.recover import retrain_without_units
from neuroalrnn.results import Fit
from neuroalrnn.study import select_n_pwl


@pytest.fixture(scope="module")
def fit_of(experiment, encoding, setting):
    """Fits of a product of two inputs, for which one PWL unit is enough, with so many units."""
    trials = experiment(12, 100)
    longer = setting.model_copy(update={"max_checks": 60, "patience": 20, "n_latent": 4})

    def fit_of(n_pwl, cv=None):
        return select_n_pwl(
            trials, longer, cv or SubjectKFold(2), n_pwl=(n_pwl,), n_restarts=3, n_inner=2,
            encoding=encoding, progress=False, baselines={}, threads=1,
        )  # fmt: skip

    return fit_of


@pytest.fixture(scope="module")
def two_units(fit_of):
    return fit_of(2)


def costs(table):
    return (
        subject_costs(table, ["fold", "unit", "retrained"])
        .groupby(["unit", "retrained"])["cost"]
        .mean()
    )


def test_a_second_unit_can_be_done_without_once_the_first_has_learned_to(two_units):
    table = retrain_without_units(two_units, n_checks=40, threads=1)
    found = costs(table)
    assert found[[(0, False), (1, False)]].min() > 0.05
    assert found[[(0, True), (1, True)]].max() < 0.02


def test_the_only_unit_stays_needed(fit_of):
    found = costs(retrain_without_units(fit_of(1), n_checks=40, threads=1))
    assert found[0, False] > 0.2
    assert found[0, True] > 0.2
    assert abs(found[-1, True]) < 0.05


def test_costs_before_training_are_those_of_the_intervention(two_units):
    table = retrain_without_units(two_units, n_checks=1, threads=1, by=["rule"])
    keys = ["fold", "unit", "subject", "rule"]
    before = table[~table["retrained"]].set_index(keys)[["cost", "rank"]]
    ablated = ablate_units(two_units, replacements=("affine",), epochs={}, by=["rule"])
    np.testing.assert_allclose(before, ablated.set_index(keys).loc[before.index, before.columns])
    assert table["n_trials"].min() > 0
    tests = compare_costs(table, ["retrained", "unit"])
    assert len(tests) == 5


def test_held_out_subjects_have_no_say(two_units, monkeypatch):
    """Neither their choices nor the size of their inputs."""
    tree = two_units.tree.copy(deep=True)
    here = two_units.splits["fold"].values == 0
    tree["trials"]["choice"].values[here] = 1 - tree["trials"]["choice"].values[here]
    tree["trials"]["stimulus"].values[here] *= 7
    module, seen = import_module("neuroalrnn.recover.retrain"), []
    inner = module.as_networks

    def as_networks(weights, n_pwl):
        seen.append(inner(weights, n_pwl))
        return seen[-1]

    monkeypatch.setattr(module, "as_networks", as_networks)
    for one in (two_units, Fit(tree)):
        retrain_without_units(one, n_checks=3, threads=1)
    for one, other in zip(seen[0], seen[2], strict=True):
        for part, same in zip(one[1:], other[1:], strict=True):
            np.testing.assert_array_equal(part, same)
    assert any((a.weight != b.weight).any() for a, b in zip(seen[1], seen[3], strict=True))


def test_training_goes_on_from_the_network_as_it_acts_on_inputs_of_any_size(
    experiment, encoding, setting
):
    """Inputs are centred and scaled in training: with next to no learning nothing may change."""
    fit = select_n_pwl(
        experiment(6, 40, scale=7.0), setting, SubjectKFold(2), n_pwl=(2,), n_restarts=1, n_inner=2,
        encoding=encoding, progress=False, baselines={}, threads=1,
    )  # fmt: skip
    config = fit.config
    config["setting"]["learning_rate"] = 1e-12
    fit.tree.attrs["config"] = json.dumps(config)
    table = retrain_without_units(fit, n_checks=1, threads=1).set_index(["unit", "subject"])
    before, after = (table.loc[[0, 1]].query("retrained == @on")["cost"] for on in (False, True))
    np.testing.assert_allclose(after, before, atol=1e-5)
    assert before.abs().max() > 1e-3
    assert table.loc[-1, "cost"].abs().max() < 1e-5


def test_a_fold_without_a_held_out_choice_has_no_rows(fit_of):
    fit = fit_of(2, cv=SubjectKFold(3))
    tree = fit.tree.copy(deep=True)
    here = fit.splits["fold"].values == 0
    tree["trials"] = xr.DataTree(tree["trials"].to_dataset().assign(scored=("trial", ~here)))
    one = Fit(tree)
    names = set(fit.parameters["fold"].values[1:])
    for table in (retrain_without_units(one, n_checks=1, threads=1), ablate_units(one)):
        assert set(table["fold"]) == names


def test_impossible_requests_are_refused_before_training(fit_of, two_units):
    with pytest.raises(NotTestableError, match="no fold has a PWL unit"):
        retrain_without_units(fit_of(0))
    for options, match in (
        ({"by": ["colour"]}, "no variable 'colour'"),
        ({"by": ["unit"]}, "columns unit of its own"),
        ({"n_checks": 0}, "n_checks = 0: expected"),
        ({"n_checks": [1, 2]}, r"n_checks = \[1, 2\]: expected a whole number"),
        ({"random_state": None}, "random_state = None: expected"),
        ({"random_state": -1}, "random_state = -1: expected"),
    ):
        with pytest.raises(DataError, match=match):
            retrain_without_units(two_units, **options)
