"""Units that a computation needs, and two accounts of its primitives."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.effects import find_functional_regimes
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.ablation import compute_computing_units
from neuroalrnn.mechanism.ablation.computation import _make_affine
from neuroalrnn.mechanism.ablation.replace import replace_units
from neuroalrnn.mechanism.primitives import Primitives, compare_accounts
from neuroalrnn.network.run import compute_latents


@pytest.fixture(scope="module")
def found(fit):
    return find_functional_regimes(fit, ["stimulus"])


def test_a_unit_made_affine_is_that_of_ablation(fit):
    fold = fit.folds[0]
    slope, intercept = np.array([0.3, 0.6]), np.array([0.1, -0.2])
    fold._known[("best affine", None)] = slope, intercept
    change = replace_units(fold, fit.sequences, 1, "affine")
    del fold._known[("best affine", None)]
    expected = compute_latents(fold.network, fit.sequences, change)
    found = compute_latents(_make_affine(fold.network, 1, 0.6, -0.2), fit.sequences)
    first = found.shape[-1] - fold.network.n_pwl + 1
    np.testing.assert_allclose(found[..., 1:], np.delete(expected, first, axis=-1), atol=1e-12)
    np.testing.assert_allclose(found[..., 0], expected[..., first], atol=1e-12)


def test_two_rules_need_a_unit(fit, found):
    table = compute_computing_units(fit, found)
    assert set(table["regime"]) == {0, 1}
    assert len(table) == 2 * sum(fold.network.n_pwl for fold in fit.folds)
    most = table.groupby("fold")["effect_change"].max() / table.groupby("fold")["effect_size"].max()
    assert (most > 0.2).all()


def test_a_linear_network_has_no_unit_to_need(fit, found):
    selection = fit.selection.assign(n_pwl_chosen=fit.selection["n_pwl_chosen"] * 0)
    tree = fit.tree.copy()
    tree["selection"] = type(tree)(selection)
    with pytest.raises(NotTestableError, match="no chosen network has PWL units"):
        compute_computing_units(type(fit)(tree), found)


def test_effects_see_the_gate_and_detectors_are_set_beside_them(fit, found):
    table = compare_accounts(fit, found)
    row = table.set_index(["primitive", "target", "by"]).loc[("gating", "stimulus", "rule")]
    assert (row["seen_in_effects"], row["seen_by_detectors"]) == ("yes", "not asked")
    summary = pd.DataFrame(
        [("gating", "stimulus", 0.4, 0.5, False), ("rule-based integration", "b or a", 1, 1, True)],
        columns=["primitive", "target", "effect", "share", "present"],
    )
    detected = Primitives(summary, *[pd.DataFrame()] * 2, [])
    regimes = pd.DataFrame(
        [(0, "a", 4.0), (0, "b", 0.5), (1, "a", 0.5), (1, "b", 3.0)],
        columns=["regime", "input", "effect"],
    ).assign(lag=0, option="right")
    columns = [("a", 0, "right"), ("b", 0, "right")]
    found = replace(found, regimes=regimes, columns=columns, n_regimes=2)
    table = compare_accounts(fit, found, detected, "rule").set_index(["primitive", "target", "by"])
    assert table.loc[("gating", "stimulus", "rule"), "seen_by_detectors"] == "no"
    assert table.loc[("gating", "rule", "stimulus"), "seen_by_detectors"] == "not asked"
    assert table.loc[("rule-based integration", "a", "b"), "seen_by_detectors"] == "yes"
    assert table.loc[("rule-based integration", "a", "b"), "effect"] == 2.5
