"""A fit of choices and response times, compared, shown and taken apart."""

from functools import partial

import numpy as np
import pytest

from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.contrasts import compare_gains, detect_gating_by_fold
from neuroalrnn.plots.n_pwl import score_curves
from neuroalrnn.questions import take_apart
from neuroalrnn.questions.observed import compare_observed
from neuroalrnn.recover import retrain_without_units
from neuroalrnn.regimes.held_out import compute_held_out_regimes
from neuroalrnn.report import write_report


def test_what_is_explained_besides_choices_is_compared_and_shown(joint_fit, tmp_path, quick):
    table = compare_observed(joint_fit).set_index(["variable", "effect"])
    assert {name for name, _ in table.index} == {"rt", "joint"}
    assert not any("logistic" in effect for _, effect in table.index)
    for name in ("rt", "joint"):
        scores = joint_fit.scores.pivot(
            index="subject", columns="model", values=f"log_likelihood_{name}"
        )
        difference = (scores["AL-RNN"] - scores["constant"]).mean()
        assert np.isclose(table.loc[(name, "AL-RNN - constant"), "estimate"], difference)
    curve = score_curves(joint_fit).query("part == 'test'")["score"]
    np.testing.assert_allclose(curve, scores["AL-RNN P=2"].mean())
    page = write_report(joint_fit, tmp_path / "report", mechanism=False).read_text()
    assert "was fitted to choices and response times" in page
    assert "<h4>Beyond choices</h4>" in page
    assert "<li>Response times: " in page


def test_a_joint_fit_is_taken_apart_except_for_what_needs_choices_alone(joint_fit):
    apart = take_apart(joint_fit, compute_held_out_regimes(joint_fit))
    assert {"regime_graph", "attractors", "gains"} < set(apart.tables)
    assert "ablation" not in apart.tables
    lost = {name for note in apart.notes for name in note.partition(": ")[0].split(", ")}
    assert {"ablation", "ablation tests", "ablation map", "greedy", "necessary"} < lost
    assert {"primitives", "computing units"} < lost
    assert all("choices alone" in note for note in apart.notes)
    for analysis in (
        partial(compare_gains, step="stimulus", lag=1, feature="stimulus"),
        partial(detect_gating_by_fold, step="stimulus", features=["stimulus"]),
    ):
        with pytest.raises(NotTestableError, match="choices alone are expected"):
            analysis(joint_fit, "rule")
    with pytest.raises(NotTestableError, match="choices alone are expected"):
        retrain_without_units(joint_fit)
