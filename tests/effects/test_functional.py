"""Functional regimes of networks of known computation, and verdicts on effects that are made up."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.effects import (
    compute_input_effects,
    describe_effects,
    find_functional_regimes,
)
from neuroalrnn.effects._agree import judge, tabulate_agreement
from neuroalrnn.effects._cluster import cluster
from neuroalrnn.effects.functional import _columns
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.regimes import adjusted_rand


@pytest.fixture(scope="module")
def found(fit):
    # the rule multiplies the stimulus: neither has a direction of its own
    return find_functional_regimes(fit, ["stimulus"])


def test_two_rules_are_two_regimes(fit, found):
    assert (found.verdict, found.n_regimes) == ("discrete", 2)
    scored = found.labels.values >= 0
    rule = (fit.trials["rule"].values > 0).astype(int)
    assert adjusted_rand(found.labels.values[scored], rule[scored]) > 0.95
    effect = found.regimes.set_index("regime")["effect"]
    assert effect.min() < -1
    assert effect.max() > 1


def test_regimes_are_numbered_by_use_and_alike_in_all_folds(fit, found):
    used = np.bincount(found.labels.values[found.labels.values >= 0])
    assert (np.diff(used) <= 0).all()
    known = found.by_fold[0] >= 0
    for other in found.by_fold[1:]:
        assert (found.by_fold[0][known] == other[known]).mean() > 0.9
    own = found.by_fold[fit.splits["fold"].values, np.arange(len(found.labels))]
    np.testing.assert_array_equal(own, found.labels.values)


def test_a_linear_network_has_one_regime_and_nothing_that_could_agree(fit):
    found = find_functional_regimes(fit, ["stimulus"], n_pwl=0)
    assert (found.verdict, found.n_regimes) == ("one", 1)
    assert found.agreement["adjusted_rand"].isna().all()
    assert set(found.labels.values) <= {-1, 0}


def test_of_inputs_that_only_act_together_the_first_groups_trials(fit):
    found = find_functional_regimes(fit)
    clustered = found.correlation.set_index("input")["is_clustered"]
    assert clustered["stimulus"]
    assert not clustered["rule"]
    assert (found.verdict, found.n_regimes) == ("discrete", 2)


def test_trials_without_a_common_effect_are_not_compared(fit):
    names = ["stimulus", "rule", "choice"]
    effects = compute_input_effects(fit, names, n_lags=1, over_folds=True).copy(deep=True)
    for place, name in enumerate(names):
        gone = np.arange(effects.sizes["trial"]) % 3 == place
        effects.loc[{"input": name}] = effects.sel(input=name).where(
            xr.DataArray(~gone, dims="trial")
        )
    with pytest.raises(NotTestableError, match="found 0 scored trials on which all effects"):
        _columns(fit, names, effects)


def test_unknown_inputs_are_named(fit):
    with pytest.raises(DataError, match=r"stimulos.*stimulus"):
        find_functional_regimes(fit, ["stimulos"])


def verdict_on(vectors):
    tried = {k: cluster(vectors, k) for k in range(2, 6)}
    return judge(tabulate_agreement(tried, vectors), vectors)


def made_up(common, noise=0.1, n_folds=4, seed=0):
    rng = np.random.default_rng(seed)
    return common + noise * rng.standard_normal((n_folds, *common.shape))


def test_groups_with_gaps_are_discrete():
    rng = np.random.default_rng(0)
    centres = np.array([[4.0, 0.4], [0.6, 4.7], [-2.0, -2.0]])
    assert verdict_on(made_up(centres[rng.integers(3, size=900)])) == (3, "discrete")


@pytest.mark.parametrize(("three", "n_regimes"), [(0.93, 2), (0.97, 3), (0.89, 2)])
def test_a_larger_number_holds_as_well_as_a_smaller_one(three, n_regimes):
    agreement = pd.DataFrame(
        {
            "n_regimes": [2, 3],
            "adjusted_rand": [0.98, three],
            "adjusted_rand_low": 0.9,
            "adjusted_rand_methods": 0.95,
            "smallest_share": 0.05,
        }
    )
    vectors = made_up(np.repeat([[4.0], [0.0]], 50, axis=0))
    assert judge(agreement, vectors) == (n_regimes, "discrete")


def test_a_fold_that_learned_nothing_agrees_with_no_other():
    vectors = made_up(np.repeat([[4.0, 0.0], [0.0, 4.0]], 50, axis=0))
    vectors[2] = 1.0
    assert verdict_on(vectors) == (1, "not reproducible")


def test_effects_without_gaps_are_graded():
    rng = np.random.default_rng(0)
    for draw in (rng.uniform(-2, 2, (1500, 2)), 1 + rng.standard_normal((1500, 2))):
        assert verdict_on(made_up(draw, 0.05)) == (1, "graded")


def test_effects_that_hardly_vary_are_one():
    rng = np.random.default_rng(0)
    common = np.array([2.0, 1.0]) + 0.1 * rng.standard_normal((900, 2))
    assert verdict_on(made_up(common, 0.05)) == (1, "one")


def test_effects_that_networks_do_not_share_are_not_reproducible():
    rng = np.random.default_rng(0)
    assert verdict_on(rng.standard_normal((4, 900, 2)))[1] == "not reproducible"
    graded = made_up(rng.uniform(-2, 2, (900, 2)), 0.05)
    graded[:2] = 0.5
    assert verdict_on(graded) == (1, "not reproducible")
    apart = rng.standard_normal((4, 1, 2)) + 0.01 * rng.standard_normal((4, 900, 2))
    assert verdict_on(apart) == (1, "not reproducible")


def test_intervals_are_those_of_effects_over_the_same_trials(fit):
    found = find_functional_regimes(fit, ["stimulus"], n_pwl=0)
    effects = compute_input_effects(fit, ["stimulus"], n_lags=1, n_pwl=0)
    table = describe_effects(fit, effects, inputs=["stimulus"], n_pwl=0)
    own, other = found.regimes.iloc[0], table[table["lag"] == 0].iloc[0]
    for name in ("effect", "ci_low", "ci_high"):
        assert own[name] == pytest.approx(other[name], abs=1e-9)
