"""Models compared by the effects of their inputs: copies, opposites and constants."""

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.effects import compare_effects, compute_input_effects, find_functional_regimes
from neuroalrnn.results import Fit


@pytest.fixture(scope="module")
def own(fit):
    return compute_input_effects(fit)


@pytest.fixture(scope="module")
def regimes(fit):
    return find_functional_regimes(fit)


@pytest.fixture(scope="module")
def compared(fit, own, regimes):
    """Beside a fit a copy of its network, its opposite, a shifted copy and a constant."""
    models = {"copy": own, "opposite": -own, "shifted": own + 0.5, "constant": own * 0 + 1.0}
    models |= {"blind": own * (own["input"] != regimes.columns[0][0]), "idle": own * 0}
    effect = xr.concat(models.values(), xr.Variable("model", list(models))).astype(np.float32)
    effect = effect.drop_vars(["subject", "session", "trial_in_session"])
    nodes = {node.path: node.to_dataset(inherit=False) for node in fit.tree.subtree}
    tree = xr.DataTree.from_dict(nodes | {"/effects": effect.to_dataset(name="effect")})
    return compare_effects(Fit(tree), regimes)


def pair(table, model, other):
    return table[(table["model"] == model) & (table["other_model"] == other)]


def test_a_copy_computes_the_same_and_an_opposite_the_reverse(fit, own, regimes, compared):
    copy = pair(compared.pairs, "AL-RNN", "copy").iloc[0]
    assert copy["model_correlation"] == pytest.approx(1)
    assert copy["adjusted_rand_low"] == pytest.approx(1)
    assert copy["rms_difference"] == pytest.approx(0, abs=1e-6)
    opposite = pair(compared.pairs, "copy", "opposite").iloc[0]
    assert opposite["model_correlation"] == pytest.approx(-1)
    assert opposite["adjusted_rand"] > 0.99  # groups are the same, whatever they compute
    assert opposite["rms_difference"] == pytest.approx(2 * opposite["rms_model"])
    assert (compared.pairs["n_regimes"] == max(regimes.n_regimes, 2)).all()
    rows = np.flatnonzero(scored_trials(fit.trials))
    values = own.sel(input="stimulus", lag=0, option="right").values[rows]
    single = pair(compared.effects, "AL-RNN", "shifted").set_index(["input", "lag"])
    assert single.loc[("stimulus", 0), "input_effect"] == pytest.approx(values.mean())
    assert single.loc[("stimulus", 0), "other_effect"] == pytest.approx(values.mean() + 0.5)
    assert single.loc[("stimulus", 0), "rms_difference"] == pytest.approx(0.5, abs=1e-6)


def test_what_is_constant_is_not_said_to_agree(compared):
    rows = pair(compared.pairs, "AL-RNN", "constant")
    assert (
        rows[["model_correlation", "model_correlation_low", "adjusted_rand"]].isna().all(axis=None)
    )
    assert (rows["rms_other"] == 1).all()


def test_inputs_that_a_model_does_not_read_are_left_out_and_named(regimes, compared):
    blind = pair(compared.pairs, "copy", "blind").iloc[0]
    assert regimes.columns[0][0] in blind["unread"].split(", ")
    assert not blind["rms_difference"] > 1e-6
    idle = pair(compared.pairs, "copy", "idle").iloc[0]
    assert np.isnan(idle["rms_difference"])
    assert idle["n_trials"] == 0
    assert pair(compared.pairs, "AL-RNN", "copy")["unread"].item() == ""


def test_every_pair_of_models_is_compared_and_an_old_fit_by_its_networks_alone(
    fit, regimes, compared
):
    names = ["AL-RNN", "AL-RNN P=0", "AL-RNN P=2"]
    assert len(compared.pairs) == 9 * 8 / 2
    nodes = {n.path: n.to_dataset(inherit=False) for n in fit.tree.subtree if n.name != "effects"}
    old = compare_effects(Fit(xr.DataTree.from_dict(nodes)), regimes)
    assert sorted({*old.pairs["model"], *old.pairs["other_model"]}) == names
    # the regressions of the fit itself
    full = compare_effects(fit, regimes).pairs
    assert "history-logistic" in full["other_model"].values
