"""Agreement of networks that are known to be the same, relabelled, or unrelated."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from neuroalrnn.regimes import compute_regimes
from neuroalrnn.regimes.held_out import compute_held_out_latents, compute_held_out_regimes
from neuroalrnn.regimes.stability import (
    Shifts,
    compute_score_spread,
    compute_stability,
    summarise_stability,
)
from neuroalrnn.stats.shifts import admissible_shifts


@pytest.fixture(scope="module")
def stability(fit):
    return compute_stability(fit)


def edited(fit, edit):
    """A copy of the fit, whose selection and parameters were edited."""
    tree = fit.tree.copy(deep=True)
    edit(tree["selection"], tree["parameters"])
    return type(fit)(tree)


def test_trials_are_shifted_within_sessions_by_admissible_shifts():
    rows_of = [np.arange(3, 53), np.r_[0:3, 53:90]]
    shifts = Shifts(95, rows_of)
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    for _ in range(5):
        source = shifts.draw(one)
        expected = np.arange(95)
        for rows in rows_of:
            shift = other.choice(admissible_shifts(len(rows)))
            expected[rows] = np.roll(rows, shift)
        np.testing.assert_array_equal(source, expected)


def test_every_pair_of_restarts_and_of_folds_is_there_once(fit, stability):
    n_folds, n_restarts = fit.parameters.sizes["fold"], fit.parameters.sizes["restart"]
    assert (n_folds, n_restarts) == (3, 2)
    assert stability.pairs["across"].tolist() == ["restarts"] * 3 + ["folds"] * 3
    assert len(stability.units) == fit.selection["n_pwl_chosen"].values.sum()
    assert stability.units["n_others"].eq(1).all()


def test_folds_agree_as_the_held_out_regimes_say(fit, stability):
    expected = compute_held_out_regimes(fit).agreement
    found = stability.pairs[stability.pairs["across"] == "folds"]
    np.testing.assert_allclose(found["adjusted_rand"], expected["adjusted_rand"])


def test_restarts_are_compared_on_the_held_out_trials_of_their_fold(fit, stability):
    labels = []
    for restart in (0, 1):

        def choose(selection, _, restart=restart):
            selection["restart"].values[:] = restart

        latents = compute_held_out_latents(edited(fit, choose))
        labels.append(latents)
    names = fit.parameters["fold"].values
    rows = stability.pairs[stability.pairs["across"] == "restarts"].set_index("fold")
    for fold, name in enumerate(names):
        n_pwl = int(fit.selection["n_pwl_chosen"].values[fold])
        mine = fit.splits["fold"].values == fold
        codes = [compute_regimes(one, n_pwl).values[mine].ravel() for one in labels]
        assert rows.loc[name, "adjusted_rand"] == pytest.approx(adjusted_rand_score(*codes))


def test_a_restart_with_its_units_exchanged_is_the_same(fit):
    def exchange(selection, parameters):
        selection["n_pwl_chosen"].values[:] = 2
        order = [0, 1, 3, 2]
        for name in parameters.data_vars:
            part = parameters[name].transpose("n_pwl", "fold", "restart", ...)
            values = part.values.copy()
            one = values[:, :, 0]
            for axis, dim in enumerate(part.dims[3:], start=2):
                if dim in ("latent", "latent_in"):
                    one = np.take(one, order, axis=axis)
            values[:, :, 1] = one
            parameters[name] = part.copy(data=values)

    found = compute_stability(edited(fit, exchange))
    restarts = found.pairs[found.pairs["across"] == "restarts"]
    np.testing.assert_allclose(restarts["adjusted_rand"], 1)
    np.testing.assert_allclose(restarts["unit_correlation"], 1)
    np.testing.assert_allclose(found.units["unit_correlation"], 1)
    assert (restarts["adjusted_rand_shifted"] < 0.6).all()


def test_diverged_restarts_are_left_out(fit):
    def diverge(selection, parameters):
        chosen = selection["restart"].sel(n_pwl=2).values[0]
        selection["diverged"].loc[{"n_pwl": 2, "fold": selection["fold"].values[0]}] = [
            restart != chosen for restart in (0, 1)
        ]
        selection["n_pwl_chosen"].values[:] = 2

    changed = edited(fit, diverge)
    found = compute_stability(changed)
    assert (found.pairs["across"] == "restarts").sum() == 2
    spread = compute_score_spread(changed)
    assert spread["n_restarts"].tolist() == [1, 2, 2]
    assert spread.loc[0, ["validation_spread", "training_spread"]].tolist() == [0, 0]
    score = changed.selection["validation_score"].sel(n_pwl=2).values[1]
    assert spread.loc[1, "validation_spread"] == pytest.approx(score.max() - score.min())


def test_linear_networks_cannot_be_compared(fit):
    def linear(selection, _):
        selection["n_pwl_chosen"].values[:] = 0

    found = compute_stability(edited(fit, linear))
    assert found.pairs["adjusted_rand"].isna().all()
    assert len(found.units) == 0
    assert len(summarise_stability(found.pairs)) == 0


def test_shifts_keep_what_both_networks_owe_to_the_clock_of_the_trial(fit):
    """Regimes that depend on the step alone agree fully, and as much after every shift."""

    def clock(selection, parameters):
        selection["n_pwl_chosen"].values[:] = 2
        for name in parameters.data_vars:
            parameters[name].values[:] = 0
        parameters["input_weight"].loc[{"feature": "event=response"}] = 1.0
        parameters["bias"].values[:] = -0.5

    changed = edited(fit, clock)
    found = compute_stability(changed).pairs
    np.testing.assert_allclose(found[["adjusted_rand", "adjusted_rand_shifted"]], 1)


def test_summary_is_over_pairs_that_could_be_compared():
    pairs = pd.DataFrame(
        {
            "across": ["restarts"] * 3 + ["folds"],
            "adjusted_rand": [0.1, np.nan, 0.5, 0.9],
            "adjusted_rand_shifted": [0.0, np.nan, 0.2, 0.1],
            "unit_correlation": [0.2, 0.9, 0.4, np.nan],
        }
    )
    found = summarise_stability(pairs).set_index("across")
    names = ["n_pairs", "adjusted_rand", "adjusted_rand_low", "adjusted_rand_high"]
    assert found.loc["restarts", names].tolist() == [2, 0.3, 0.1, 0.5]
    assert found.loc["folds", "adjusted_rand"] == 0.9
