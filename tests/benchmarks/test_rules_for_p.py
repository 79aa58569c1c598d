"""Costs of a choice of P, on a simulation made by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.rules_for_p import KEYS, summarise


def simulation(test_score, expected_score):
    """P = 0, 1 (known), 2; validation prefers 2 by little."""
    table = pd.DataFrame({"n_pwl": [0, 1, 2], "explained_share": [0.2, 0.97, 1.0]})
    table = table.assign(difference=[0.2, 0.01, 0.0], standard_error=[0.01, 0.02, 0.0])
    head = dict(zip(KEYS, ("addition", 4, 50, 0), strict=True))
    return table.assign(
        **head, true_n_pwl=1, best=[False, False, True], test_score=test_score,
        expected_score=expected_score, test_floor=-0.7, expected_floor=-0.7, expected_known=-0.3,
    )  # fmt: skip


def test_luck_of_choices_is_told_from_what_a_choice_loses():
    # 1 is better, but 0 was lucky
    table = simulation([-0.45, -0.5, -0.6], [-0.6, -0.5, -0.55])
    rows = summarise(table).set_index("rule")
    best, sufficient = rows.loc["best"], rows.loc["loss 5 %"]
    assert [best["right"], best["large"], sufficient["right"]] == [0, 1, 1]
    assert best["cost"] == pytest.approx(0.15 / 0.25)
    assert best["expected_cost"] == best["known_cost"] == pytest.approx(0.05 / 0.2)
    assert best["switched_cost"] == pytest.approx(-0.05 / 0.2)
    assert best[["error", "apart", "gap"]].tolist() == pytest.approx([0.075, 0.25, 0.5])
    assert sufficient["expected_cost"] == 0
    assert np.isclose(rows.loc["one standard error", "cost"], 0.05 / 0.25)
