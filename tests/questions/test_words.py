"""Sentences say what the numbers say, in every direction."""

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from neuroalrnn.questions.asked import Asked
from neuroalrnn.questions.behaviour import describe_effect, judge_behaviour
from neuroalrnn.questions.comparisons import compare, judge_control
from neuroalrnn.questions.events import describe_event_tests
from neuroalrnn.questions.rule import describe_rule_test
from neuroalrnn.questions.spectra import describe_spectra
from neuroalrnn.questions.stability import judge_stability
from neuroalrnn.questions.words import (
    count,
    is_reproducible,
    joined,
    listed,
    number,
    p_value,
    plain,
    strong,
)
from neuroalrnn.report.markup import table


def effect(estimate, half=0.01, **more):
    """A row of a table of effects."""
    row = {"estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half}
    row |= {"p": 0.001 if abs(estimate) > half else 0.5, "q": 0.002, "n_subjects": 8}
    return row | {"n_favouring": 8 if estimate > 0 else 0} | more


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (0.05, "<strong>The AL-RNN predicts better than the history-logistic regression</strong>"),
        (-0.05, "<strong>The history-logistic regression predicts better than the AL-RNN</strong>"),
        (0.005, "cannot be told apart: the AL-RNN is ahead by 0.0050"),
        (-0.005, "cannot be told apart: the history-logistic regression is ahead by 0.0050"),
    ],
)
def test_comparison(estimate, expected):
    assert expected in compare(effect(estimate, effect="AL-RNN - history-logistic"))


def test_names_of_models_are_escaped():
    for estimate in (0.1, -0.1, 0.001):
        assert "&lt;b" in escape(compare(effect(estimate, effect="AL-RNN - a<b")))


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (0.05, "is worse by 0.0500 nats per trial"),
        (-0.05, "is better by 0.0500 nats per trial"),
        (0.001, "cannot be told from the AL-RNN"),
    ],
)
def test_linear_control(fit, estimate, expected):
    compared = pd.DataFrame([effect(estimate, effect="AL-RNN - AL-RNN P=0")])
    assert expected in judge_control(fit, compared)


def test_linear_control_that_was_chosen_everywhere_or_not_fitted(fit):
    tree = fit.tree.copy(deep=True)
    tree["selection"]["n_pwl_chosen"].values[:] = 0
    compared = pd.DataFrame(columns=["effect"])
    said = judge_control(type(fit)(tree), compared)
    assert "P = 0 is sufficient in every fold: on validation subjects a linear network" in said
    assert "loses at most 5 %" in said
    nodes = {
        name: node.to_dataset().sel(n_pwl=[2]) if "n_pwl" in node.dims else node.to_dataset()
        for name, node in fit.tree.children.items()
    }
    tree = type(fit.tree).from_dict(nodes)
    tree.attrs = fit.tree.attrs
    assert "No linear control" in judge_control(type(fit)(tree), compared)


def stability(**medians):
    """A table of agreement with these medians."""
    rows = [
        {"across": kind, "n_pairs": 3, "adjusted_rand": value, "adjusted_rand_low": value - 0.1}
        for kind, value in medians.items()
    ]
    columns = ["across", "n_pairs", "adjusted_rand", "adjusted_rand_low"]
    found = pd.DataFrame(rows, columns=columns)
    return found.assign(adjusted_rand_high=found["adjusted_rand"], adjusted_rand_shifted=0.02)


@pytest.mark.parametrize(
    ("medians", "expected"),
    [
        ({"restarts": 0.2, "folds": 0.9}, "not reproducible across restarts: do not interpret"),
        ({"restarts": 0.9, "folds": 0.2}, "not reproducible across folds: do not interpret"),
        ({"restarts": 0.2, "folds": 0.2}, "not reproducible across restarts and across folds"),
        ({"restarts": 0.6, "folds": 0.9}, "agree partly across restarts and across folds"),
        ({"restarts": 0.9, "folds": 0.95}, "agree well across restarts and across folds"),
        ({"folds": 0.95}, "agree well across folds"),
        ({}, "cannot be judged"),
    ],
)
def test_stability(medians, expected):
    text = judge_stability(stability(**medians), [2, 2, 2], 3)
    assert expected in text
    assert "P = 0" not in text
    for median in medians.values():
        assert f"median adjusted Rand index {number(median, 2)}" in text


def test_stability_of_linear_networks_and_of_a_single_restart():
    assert "P = 0 is sufficient in every fold" in judge_stability(stability(), [0, 0], 3)
    text = judge_stability(stability(folds=0.9), [0, 2, 2], 1)
    assert "In 1 of 3 folds P = 0 is sufficient" in text
    assert "one restart per fold" in text


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [(2.0, "more often"), (-2.0, "less often"), (0.5, "No association")],
)
def test_rule_changes(estimate, expected):
    assert expected in describe_rule_test(effect(estimate, half=1.0), "context")


def test_events_within_trials():
    untested = pd.DataFrame(
        {"effect": ["switch after go"], "method": ["not testable"], "note": ["same step"]}
    )
    assert "Not testable" in describe_event_tests(untested, "event")[0]
    assert "not testable (same step)" in describe_event_tests(untested, "time")[0]
    assert "one step per trial" in describe_event_tests(untested, "trial")[0]
    tested = [effect(e, effect="switch after go", method="swap") for e in (0.5, -0.5, 0.001)]
    texts = describe_event_tests(pd.DataFrame(tested), "time")
    assert "more often" in texts[0]
    assert "less often" in texts[1]
    assert "no difference" in texts[2]


@pytest.mark.parametrize(
    ("outcome", "estimate", "expected"),
    [
        ("choice", 0.1, "more choices of right (10.0 % of trials)"),
        ("choice", -0.1, "fewer choices of right"),
        ("correct", -0.1, "fewer correct choices"),
        ("log rt", 0.1, "slower responses (0.100 log s, about 10.5 %)"),
        ("log rt", -0.1, "faster responses (0.100 log s, about 9.5 %)"),
    ],
)
def test_effects(outcome, estimate, expected):
    row = effect(estimate, effect="regime 1", outcome=outcome)
    assert expected in describe_effect(row, ["left", "right"])


def test_behaviour_with_and_without_survivors():
    rows = [effect(0.1, effect="regime 0", outcome=name) for name in ("choice", "log rt")]
    found = pd.DataFrame(rows)
    assert "2 survive correction" in judge_behaviour(found, True)
    assert "1 survives correction" in judge_behaviour(found.assign(q=[0.01, 0.2]), True)
    for reproducible in (True, False):
        assert "No effect" in judge_behaviour(found.assign(q=0.3), reproducible)
        assert "q = 0.300" in judge_behaviour(found.assign(q=0.3), reproducible)
        assert "could be tested" in judge_behaviour(found.assign(estimate=np.nan), reproducible)
        assert "could be tested" in judge_behaviour(found.drop(columns="estimate"), reproducible)


def test_effects_of_single_regimes_are_not_named_where_regimes_are_not_reproducible():
    rows = [effect(0.1, effect="regime 0", outcome="log rt")]
    only_regime = judge_behaviour(pd.DataFrame(rows), False)
    assert "regime 0" not in only_regime
    assert "nothing survives" in only_regime
    rows.append(effect(0.1, effect="switch since last trial", outcome="log rt"))
    both = judge_behaviour(pd.DataFrame(rows), False)
    assert "2 survive correction, but" in both
    assert "switch since last trial with reaction time" in both


@pytest.mark.parametrize(
    ("medians", "expected"),
    [
        ({"folds": 0.49}, False),
        ({"folds": 0.51}, True),
        ({"folds": 0.9, "restarts": 0.4}, False),
        ({}, True),
    ],
)
def test_reproducible_means_an_adjusted_rand_index_of_half(medians, expected):
    assert is_reproducible(stability(**medians)) == expected


def test_a_rule_that_the_network_is_told_is_no_finding():
    row = effect(2.0, effect="switch", rule_is_input=True)
    assert "The network is told context" in describe_rule_test(row, "context")
    assert "strong" not in describe_rule_test(row, "context")
    assert "<strong>" in describe_rule_test(row | {"rule_is_input": False}, "context")


def test_spectra():
    rows = {"fold": [0, 0], "mode": 0, "n_steps": [90, 10], "modulus": [0.5, 1.2]}
    found = pd.DataFrame(rows | {"time_constant": [1.44, np.inf]})
    assert "1 of 2 regimes" in describe_spectra(found)[1]
    assert "10.0 %" in describe_spectra(found)[1]
    assert "No regime" in describe_spectra(found[:1])[1]


def test_numbers():
    assert number(-0.12345) == "\N{MINUS SIGN}0.1235"
    assert number(np.nan) == number(None) == "\N{EN DASH}"
    assert p_value(0.00001) == "p < 0.0001"
    assert p_value(0.0213, "q") == "q = 0.021"
    assert count(1, "fold") == "1 fold"
    assert count(2000, "trial") == "2,000 trials"
    assert listed("abcd", 2) == "a, b and 2 more"
    assert "&lt;b&gt;" in table(pd.DataFrame({"name": ["<b>"]}))


@pytest.mark.parametrize(
    ("n", "units", "text"),
    [
        (6, (38, 6), "6 subjects, one for each stimulus order that the 38 share"),
        (38, (38, 6), "38 subjects"),
        (38, (38, 38), "38 subjects"),
        (1, (1, 1), "1 subject"),
    ],
)
def test_fewer_subjects_than_there_are_is_explained(n, units, text, monkeypatch):
    monkeypatch.setattr(Asked, "n_independent", units)
    assert Asked(None).replicates(n) == text
    assert bool(Asked(None).shared_orders()) == (units[0] != units[1])


def test_what_is_marked_up_stays_so_and_the_rest_is_escaped():
    text = joined([strong("a<b") + " & c", "", "d>e"])
    assert text == "<strong>a&lt;b</strong> &amp; c d&gt;e"
    assert escape(text) == text
    assert plain(text) == "a<b & c d>e"
    assert plain("p < 0.0001") == "p < 0.0001"
