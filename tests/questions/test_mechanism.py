"""Fits of known networks, taken apart: the tables say what the networks were built to do."""

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.questions import take_apart
from neuroalrnn.questions.mechanism.needs import mean_inputs
from neuroalrnn.regimes.held_out import compute_held_out_regimes
from neuroalrnn.tasks import addition, integration, scalar_memory


@pytest.fixture
def apart(known_fit):
    """Take a fit of a known network apart."""

    def of(known, **options):
        fit = known_fit(known, n_trials=60)
        return take_apart(fit, compute_held_out_regimes(fit), **options)

    return of


def test_every_fold_is_described_under_its_name(apart):
    tables = apart(addition(n_steps=6)).tables
    for name in ("coverage", "gains", "selection", "ablation", "necessary", "lyapunov"):
        assert set(tables[name]["fold"]) == {"fold 0", "fold 1"}, name
    assert set(tables["gains"]["input"]) == {"x", "m"}
    assert (tables["coverage"]["n_possible"] == 2).all()


def test_addition_keeps_its_sum_along_a_line_and_needs_its_unit(apart):
    tables = apart(addition(n_steps=6)).tables
    off = tables["attractors"].query("code == 0")
    assert (off["real"] == 1).all()
    assert (off["n_directions"] == 1).all()
    slow = tables["selection"].query("slow")
    np.testing.assert_allclose(slow["modulus"], 1)
    tests = tables["ablation_tests"].query("epoch == 'all'")
    assert (tests["estimate"] > 0.05).all()
    assert (tests["q"] < 0.05).all()
    assert (tables["necessary"]["n_necessary"] == 1).all()


def test_integration_selects_another_input_in_each_regime(apart):
    table = apart(integration()).tables["selection"].query("slow")
    weight = table.groupby(["code", "input"])["mode_gain"].mean().unstack()
    assert weight.loc[0, "x1"] == pytest.approx(0, abs=1e-9)
    assert weight.loc[1, "x2"] == pytest.approx(0, abs=1e-9)
    assert (weight.loc[[0, 1], ["x1", "x2"]].max(axis=1) > 1).all()


def test_a_linear_network_has_no_unit_to_ablate_and_says_so(apart):
    found = apart(scalar_memory())
    assert "ablation" not in found.tables
    assert any(note.startswith("ablation") for note in found.notes)
    assert (found.tables["coverage"]["n_possible"] == 1).all()


def test_conditions_split_the_ablation_map(known_fit):
    fit = known_fit(addition(n_steps=6), n_trials=60)
    held_out = compute_held_out_regimes(fit)
    table = take_apart(fit, held_out, conditions=["choice"]).tables["ablation"]
    assert set(table["choice"]) == {0, 1}


def test_conditions_must_be_variables_of_the_trials(known_fit):
    fit = known_fit(addition(n_steps=6), n_trials=20, n_subjects=2)
    held_out = compute_held_out_regimes(fit)
    with pytest.raises(DataError, match="'choise' is unknown; did you mean 'choice'"):
        take_apart(fit, held_out, conditions=["choise"])
    with pytest.raises(DataError, match="expected compute_held_out_regimes"):
        take_apart(fit, None)


def test_mean_inputs_are_those_of_each_step(known_fit):
    sequences = known_fit(addition(n_steps=6), n_trials=60).sequences
    found = mean_inputs(sequences)
    assert found.shape == (6, len(sequences.features))
    present = sequences.step_in_trial == 2
    np.testing.assert_allclose(found[2], sequences.inputs[present].mean(axis=0))
    assert found[5, sequences.features.index("m")] == 0
