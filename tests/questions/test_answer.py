"""The first screen says what the numbers say, in every direction."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from markupsafe import escape

from neuroalrnn.effects import name_regimes
from neuroalrnn.questions.computation.changes import around_changes
from neuroalrnn.questions.computation.explained import (
    compute_explained,
    say_regression,
    say_what_it_takes,
)
from neuroalrnn.questions.computation.functional_regimes import (
    describe_best,
    describe_number,
    describe_one_unit,
)
from neuroalrnn.questions.computation.lights import (
    judge_linear,
    judge_regression,
    judge_reproducible,
    judge_subjects,
)
from neuroalrnn.questions.computation.primitives import describe_primitives, describe_units
from neuroalrnn.questions.computation.sentences import (
    say_agreement,
    say_computations,
    when_used,
)
from neuroalrnn.questions.words import plain
from neuroalrnn.report.markup import lights


def regimes(*rows):
    columns = ["regime", "input", "lag", "option", "input_effect"]
    return pd.DataFrame(rows, columns=columns)


TWO_RULES = regimes(
    (0, "word", 0, "right", 4.0),
    (0, "location", 0, "right", 0.4),
    (0, "choice", 1, "right", -0.2),
    (1, "word", 0, "right", 0.6),
    (1, "location", 0, "right", 4.7),
    (1, "choice", 1, "right", -0.2),
)
WHEN = ["in trials of context 1", "in trials of context 2"]


def test_two_regimes_say_what_counts_and_what_counts_elsewhere_only():
    text = say_computations("discrete", TWO_RULES, WHEN, "people", {"word", "location"})
    assert text == (
        "In trials of context 1 people follow word (4.0 log-odds) and hardly follow location "
        "(0.4); in trials of context 2 they follow location (4.7) and hardly follow word (0.6)."
    )


def test_choices_repeat_inputs_before_are_last_ones_and_signs_are_said():
    rows = regimes((0, "side", 1, "right", -1.0), (0, "choice", 1, "right", 0.7))
    text = say_computations("one", rows, [""], "rats", {"side"})
    assert text == (
        "On all trials alike, rats go against the last side (\N{MINUS SIGN}1.0 log-odds) and "
        "repeat their choice (0.7)."
    )
    rows = regimes((0, "reward", 1, "right", -1.0), (0, "choice", 1, "right", -0.7))
    text = say_computations("graded", rows, [""], "mice", set())
    assert "choose right less where the last reward is high" in text
    assert "leave their last choice" in text
    assert "varies from trial to trial" in text


def test_nothing_counts_and_nothing_holds():
    rows = regimes((0, "side", 0, "right", 0.01))
    assert "rats follow no input" in say_computations("one", rows, [""], "rats", {"side"})
    told = say_computations("not reproducible", rows, [""], "rats", {"side"})
    assert plain(told).startswith("What rats compute here cannot be said: networks that were")


def test_effects_whose_interval_holds_0_are_not_told():
    rows = regimes((0, "cue", 0, "b", -7.0), (0, "side", 0, "b", 2.5), (0, "rule", 0, "b", 0.3))
    wide = rows.assign(ci_low=[-24.0, 1.0, 0.2], ci_high=[10.0, 4.0, 0.4])
    told = say_computations("one", wide, [""], "rats", {"side"})
    assert told == "On all trials alike, rats follow side (2.5 log-odds)."
    told = say_computations("one", wide.assign(ci_low=-30.0), [""], "rats", {"side"})
    assert "rats follow no input that can be told: the intervals of all effects hold 0" in told
    assert name_regimes(wide.rename(columns={"input_effect": "effect"})) == ["follows side"]


def test_of_several_options_one_whose_interval_does_not_hold_0_is_told():
    rows = regimes((0, "cue", 0, "a", -7.0), (0, "cue", 0, "b", 2.5), (0, "side", 0, "b", 0.8))
    rows = rows.assign(ci_low=[-24.0, 1.0, 0.1], ci_high=[10.0, 4.0, 1.5])
    told = say_computations("one", rows, [""], "rats", {"side"})
    assert told == (
        "On all trials alike, rats choose b more where cue is high (2.5 log-odds) and follow side "
        "(0.8)."
    )


def test_doubt_is_told_after_what_is_known_of_a_regime():
    rows = regimes(
        (0, "side", 0, "b", 2.5), (0, "cue", 0, "b", 0.1),
        (1, "side", 0, "b", 0.2), (1, "cue", 0, "b", -7.0),
    )  # fmt: skip
    rows = rows.assign(ci_low=[1.0, 0.05, 0.1, -24.0], ci_high=[4.0, 0.2, 0.3, 10.0])
    assert say_computations("discrete", rows, ["in one", "in two"], "rats", {"side"}) == (
        "In one rats follow side (2.5 log-odds); in two they hardly follow side (0.2) and follow "
        "no other input that can be told: the intervals of all large effects hold 0."
    )


def test_regimes_of_one_name_are_told_apart_by_what_is_sure():
    rows = [(k, name, 0, "b", e) for k, *own in ((0, -7.0, 2.5), (1, 5.0, 1.5))
            for name, e in zip(("cue", "side"), own, strict=True)]  # fmt: skip
    rows = pd.DataFrame(rows, columns=["regime", "input", "lag", "option", "effect"])
    rows = rows.assign(ci_low=[-24.0, 1.0, -3.0, 1.0], ci_high=[10.0, 4.0, 12.0, 2.0])
    assert name_regimes(rows) == ["follows side (side +2.5)", "follows side (side +1.5)"]


def test_of_several_options_the_one_that_an_input_acts_on_most_is_told():
    rows = regimes((0, "cue", 0, "a", 0.3), (0, "cue", 0, "b", -1.3), (0, "cue", 0, "c", 1.0))
    assert "choose b less where cue is high" in say_computations("one", rows, [""], "mice", set())


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("discrete", "Two computations, the same in all six networks"),
        ("one", "One computation, the same in all six networks"),
        ("graded", "No distinct computations: effects vary"),
        ("not reproducible", "Do not interpret effects or regimes of single networks"),
    ],
)
def test_agreement_by_verdict(verdict, expected):
    row = {"n_regimes": 2, "adjusted_rand": 0.99, "adjusted_rand_low": 0.97}
    said = plain(say_agreement(verdict, row, 0.9, 6, "told"))
    assert said.startswith(expected)
    assert ("told by the task" in said) == (verdict == "discrete")


def test_inferred_regimes_are_not_said_to_be_told():
    row = {"n_regimes": 2, "adjusted_rand": 0.99, "adjusted_rand_low": 0.97}
    assert "inferred from outcomes" in say_agreement("discrete", row, 0.9, 6, "inferred")
    assert "No single variable" in say_agreement("discrete", row, 0.9, 6, "unexplained")


def sources(variable, *, lag, is_input, is_rule, share=1.0):
    row = {"variable": variable, "lag": lag, "is_input": is_input, "is_rule": is_rule}
    return pd.DataFrame([row | {"n_values": 2, "share_told": share}])


def test_when_regimes_are_used(fit):
    labels = (fit.trials["rule"].values > 0).astype(int)
    told = sources("rule", lag=0, is_input=True, is_rule=True)
    minus = "\N{MINUS SIGN}1"
    assert when_used(told, labels, fit.trials) == [
        f"in trials of rule {minus}",
        "in trials of rule 1",
    ]
    hidden = sources("rule", lag=0, is_input=False, is_rule=True)
    assert when_used(hidden, labels, fit.trials)[1] == "while rule is 1"
    nothing = sources("rule", lag=0, is_input=False, is_rule=False, share=0.1)
    assert when_used(nothing, labels, fit.trials) == ["on 50 % of trials", "on 50 % of trials"]
    correct = np.roll(fit.trials["correct"].values, 1).astype(int)
    before = sources("correct", lag=1, is_input=True, is_rule=False)
    assert when_used(before, correct, fit.trials) == ["after errors", "after correct trials"]


def shares(**of):
    table = pd.DataFrame({"model": list(of), "explained_share": list(of.values())})
    table["model"] = table["model"].str.replace(r"^p(\d+)$", r"AL-RNN P=\1", regex=True)
    return table


def say(sufficient, best=None, loss=0.05, **of):
    """What is said of shares by P, and of the P of every fold."""
    n_pwl = [int(name.removeprefix("p")) for name in of]
    curve = pd.DataFrame({"n_pwl": n_pwl, "explained_share": list(of.values())})
    chosen = {"n_pwl_chosen": sufficient, "n_pwl_best": best or sufficient}
    selection = xr.Dataset({name: ("fold", np.array(values)) for name, values in chosen.items()})
    return plain(say_what_it_takes(curve.assign(part="validation"), selection, loss))


@pytest.mark.parametrize(
    ("shares", "enough", "expected"),
    [
        ({"p0": 0.52, "p1": 0.995, "p4": 1.0}, 1, "One nonlinear (rectified) unit suffices: it"),
        ({"p0": 0.52, "p1": 0.995, "p4": 1.0}, 1, "a linear network loses 48 %"),
        ({"p0": -0.01, "p1": 1.0}, 1, "None does not: a linear network explains nothing"),
        ({"p0": 0.97, "p1": 1.0}, 0, "No nonlinear unit is needed: a linear network keeps 97 %"),
        ({"p0": 0.5, "p1": 0.9, "p2": 1.0}, 2, "Fewer do not: 1 loses 10 %"),
        ({"p1": 0.9, "p2": 1.0}, 2, "A linear network was not fitted"),
        ({"p0": np.nan, "p1": np.nan}, 0, "cannot be said: on validation subjects nothing is"),
        ({"p1": 1.0}, 1, "one size only"),
        ({"p1": 0.9, "p2": 1.0}, 0, "Training failed in some fold at P = 0"),
    ],
)
def test_what_it_takes(shares, enough, expected):
    assert expected in say([enough, enough], **shares)


def test_what_it_takes_is_said_of_most_folds_with_what_predicts_best_and_the_rule():
    said = say([1, 1, 2], [4, 4, 4], p0=0.5, p1=0.97, p2=0.98, p4=1.0)
    assert "2 of 3 folds; in the others the sufficient P is 2. P = 4 predicts best." in said
    assert said.endswith("(Sufficient: loses at most 5 % of what is explained, on validation "
                         "subjects.)")  # fmt: skip
    assert "one standard error" in say([0, 0], loss=None, p0=0.9, p1=1.0)
    assert "P = 0 or 1 predicts best" in say([0, 0], [0, 1], p0=0.99, p1=1.0)
    # of a tie the smaller one
    assert say([2, 1], p1=0.96, p2=1.0).startswith("One nonlinear")


def compared(**estimates):
    rows = [
        {"effect": f"AL-RNN - {name.replace('linear', 'AL-RNN P=0')}", "estimate": each}
        | {"ci_low": each - 0.01, "ci_high": each + 0.01, "n_favouring": 3, "n_subjects": 6}
        for name, each in estimates.items()
    ]
    return pd.DataFrame(rows, columns=["effect", "estimate", "ci_low", "ci_high", "n_favouring",
                                       "n_subjects"])  # fmt: skip


@pytest.mark.parametrize(
    ("estimate", "state", "expected"),
    [
        (0.05, "green", ""),
        (0.0, "amber", "But the logistic regression predicts these choices as well"),
        (-0.05, "red", "But the logistic regression predicts these choices better"),
    ],
)
def test_regressions_are_named_where_they_predict_as_well(estimate, state, expected):
    explained, table = shares(p1=1.0, logistic=0.9, GRU=2.0), compared(logistic=estimate)
    assert judge_regression(explained, table)[0] == state
    said = plain(say_regression(explained, table))
    assert said.startswith(expected)
    assert bool(said) == bool(expected)


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (0.05, "the network predicts better (difference 0.05"),
        (0.0, "neither predicts better (difference 0"),
        (-0.05, "the logistic regression predicts better (difference \N{MINUS SIGN}0.05"),
    ],
)
def test_who_predicts_better_once_both_learn_their_subject_is_said(estimate, expected):
    explained, plain_ones = shares(p1=1.0, logistic=0.9), compared(logistic=-0.05)
    learned = compared(**{"logistic adaptive": estimate})
    learned["effect"] = learned["effect"].str.replace("AL-RNN", "AL-RNN adaptive")
    said = plain(say_regression(explained, plain_ones, learned))
    assert f"Once both learn their subject, choice by choice, {expected}" in said
    better = compared(logistic=0.05)
    assert say_regression(explained, better, learned) == ""


def test_lights_without_rivals_or_with_a_linear_network_chosen():
    assert judge_regression(shares(p1=1.0), compared())[:2] == ("amber", "not known")
    assert judge_linear(compared(linear=0.05), np.array([1, 1]), [0, 1])[0] == "green"
    assert judge_linear(compared(linear=0.0), np.array([1, 1]), [0, 1])[0] == "amber"
    assert judge_linear(compared(linear=-0.1), np.array([1, 1]), [0, 1])[0] == "red"
    assert judge_linear(compared(), np.array([0, 0]), [0, 1])[0] == "red"
    assert judge_linear(compared(), np.array([1, 1]), [1])[:2] == ("amber", "not known")


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("discrete", "green"), ("one", "green"), ("graded", "amber"),
        ("not reproducible", "red"), ("", "amber"),
    ],
)  # fmt: skip
def test_light_of_reproducibility(verdict, state):
    row = {"adjusted_rand": 0.99, "adjusted_rand_low": 0.97}
    found = judge_reproducible(verdict, row, 0.5, "found one fold")
    assert found[0] == state
    assert ("found one fold" in found[2]) == (verdict == "")


@pytest.mark.parametrize(("n", "state"), [(40, "green"), (6, "amber"), (5, "red")])
def test_light_of_subjects_counts_those_who_share_an_order_once(n, state):
    assert judge_subjects(40, n)[0] == state
    assert ("share" in judge_subjects(40, n)[2]) == (n < 40)


def test_lights_are_told_by_symbol_and_text_and_are_escaped():
    row = {"light": "Enough?", "state": "red", "answer": "no", "reason": "a<b"}
    html = lights([row, row | {"state": "green"}])
    assert "a&lt;b" in html
    assert html.count('tabindex="0"') == 2
    paths = [part.split('"')[0] for part in html.split('<path d="')[1:]]
    assert len(set(paths)) == 2
    assert escape(html) == html


def test_shares_are_those_of_the_scores(fit):
    table = compute_explained(fit).set_index("model")["explained_share"]
    means = fit.scores.groupby("model")["log_likelihood"].mean()
    best = means["AL-RNN"]
    for model, share in table.items():
        expected = (means[model] - means["class frequency"]) / (best - means["class frequency"])
        assert share == pytest.approx(expected), model


def test_trials_around_changes_stay_within_their_runs_and_sessions(fit):
    trial, offset, new = around_changes(fit.trials, "rule")
    rule, session = fit.trials["rule"].values, fit.trials["subject"].values
    assert set(offset) == set(range(-10, 20))  # the rule changes every 20 trials
    assert (session[trial] == session[trial - offset]).all()
    assert (rule[trial[offset >= 0]] == new[offset >= 0]).all()
    assert (rule[trial[offset < 0]] != new[offset < 0]).all()


def agreement(*values, chosen=None):
    rows = [(k + 2, each, each, each, each, k + 2 == chosen) for k, each in enumerate(values)]
    columns = ["n_regimes", "adjusted_rand", "adjusted_rand_low", "adjusted_rand_restarts"]
    return pd.DataFrame(rows, columns=[*columns, "adjusted_rand_methods", "is_chosen"])


def test_number_of_regimes():
    assert "largest number that holds is 2" in describe_number(
        "discrete", agreement(1, 0.5, chosen=2)
    )
    assert "they are graded" in describe_number("graded", agreement(0.8, 0.5))
    assert "do not correlate" in describe_number("not reproducible", agreement(0.1))
    assert "nothing to group" in describe_number("one", agreement(np.nan))


def test_networks_with_one_unit():
    chosen = {
        "networks": "sufficient P",
        "verdict": "discrete",
        "n_regimes": 2,
        "same_as_chosen": 1.0,
    }
    one = chosen | {"networks": "P = 1", "same_as_chosen": 0.98}
    assert "were not fitted" in describe_one_unit(pd.DataFrame([chosen]))
    assert "find the same regimes" in describe_one_unit(pd.DataFrame([chosen, one]))
    other = one | {"verdict": "one", "n_regimes": 1}
    assert "something else: found one regime" in describe_one_unit(pd.DataFrame([chosen, other]))


def test_networks_with_the_best_p():
    chosen = {"networks": "sufficient P", "verdict": "discrete", "n_regimes": 2}
    best = chosen | {"networks": "best P", "same_as_chosen": 0.98}
    assert "the same networks" in describe_best(pd.DataFrame([chosen]))
    same = describe_best(pd.DataFrame([chosen, best]))
    assert same.startswith("Networks with the best P find the same regimes (adjusted Rand index")
    other = best | {"n_regimes": 3}
    assert "something else: found 3 regimes" in describe_best(pd.DataFrame([chosen, other]))


def test_primitives_that_effects_show_and_do_not_show():
    rows = [
        ("gating", "word", "context", 2.0, "yes"),
        ("gating", "context", "word", 0.1, "no"),
        ("memory-dependent transient", "word", "lag 1", 0.1, "no"),
    ]
    columns = ["primitive", "target", "by", "primitive_effect", "seen"]
    gating, transient = describe_primitives(pd.DataFrame(rows, columns=columns))
    assert gating == "Gating: word by context (2.00)."
    assert transient == "Memory-dependent transient: not seen in effects."


def test_units_that_a_computation_needs_are_counted_over_folds():
    rows = [
        ("a", 0, 0, 2.0, 1.0),
        ("a", 0, 1, 2.0, 0.0),
        ("a", 1, 0, 2.0, 0.1),
        ("b", 0, 0, 2.0, 0.6),
    ]
    columns = ["fold", "unit", "regime", "effect_size", "effect_change"]
    assert "2 of 3 PWL units" in describe_units(pd.DataFrame(rows, columns=columns))


def test_what_was_not_fitted_is_not_spoken_of():
    assert judge_linear(compared(), np.array([0, 0]), [0])[:2] == ("amber", "not known")


def test_nothing_explained_is_said_and_gives_a_red_light(fit):
    tree = fit.tree.copy(deep=True)
    scores = tree["scores"].to_dataset()
    worse = [str(name).startswith("AL-RNN") for name in scores["model"].values]
    scores["log_likelihood"].values[worse] = -5.0
    tree["scores"] = type(tree)(scores)
    table = compute_explained(type(fit)(tree))
    assert len(table) == 0
    assert judge_regression(table, compared())[0] == "red"


def test_sessions_that_were_held_out_are_called_so():
    row = {"n_regimes": 2, "adjusted_rand": 0.99, "adjusted_rand_low": 0.97}
    said = say_agreement("discrete", row, 0.9, 2, "told", "sessions")
    assert "both networks, each trained without the sessions" in said
    assert "different sessions" in judge_reproducible("discrete", row, 0.9, "", "sessions")[2]
