"""Environments answer recorded choices as the real tasks did."""

import json

import numpy as np
import pandas as pd
import pytest

import data_loaders
from neuroalrnn.data.tables import from_frame
from neuroalrnn.exceptions import DataError
from neuroalrnn.tasks import (
    bandit,
    environment_for,
    reversal_bandit,
    stimulus_selection,
    two_step,
)


@pytest.fixture(scope="module")
def rats():
    return data_loaders.load("miller_rats")


def respond(environment, choice, seed=0):
    """Outcomes of one choice per trial, two repeats of them."""
    choice = np.tile(np.asarray(choice, dtype=float), (2, 1))
    rng = np.random.default_rng(seed)
    found = environment.respond(np.arange(choice.shape[1]), choice, rng)
    assert set(found) == set(environment.names)
    assert all(values.shape == choice.shape for values in found.values())
    return found


def near(share, expected, n):
    return abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_stimulus_selection_scores_recorded_choices_as_recorded():
    trials = data_loaders.load("pratte2010")
    made = trials.isel(trial=np.flatnonzero(np.isfinite(trials["choice"])))
    found = respond(environment_for(made), made["choice"])
    for name in ("correct", "error"):
        np.testing.assert_array_equal(found[name][1], made[name].values)


def test_two_step_leads_recorded_choices_where_the_rats_went(rats):
    common = rats["common"].values == 1
    free = rats["forced"].values == 0
    columns = rats["p_reward_left"].values, rats["mapping"].values
    for p_common, here in ((1.0, common), (0.0, ~common)):
        found = respond(two_step(*columns, p_common=p_common), rats["choice"])
        for name in ("second_side", "mapped_side", "common"):
            np.testing.assert_array_equal(found[name][0, here], rats[name].values[here])
        # whether a choice is the better one does not depend on where it happens to lead
        np.testing.assert_array_equal(found["correct"][0, free], rats["correct"].values[free])


def test_two_step_transitions_and_rewards_come_at_their_rates(rats):
    found = {
        name: values[0] for name, values in respond(environment_for(rats), rats["choice"]).items()
    }
    n = rats.sizes["trial"]
    assert near(found["common"].mean(), 0.8, n)
    for p_left in (0.2, 0.8):
        for side, expected in ((0, p_left), (1, 1 - p_left)):
            here = (rats["p_reward_left"].values == p_left) & (found["second_side"] == side)
            assert here.sum() > 1000
            assert near(found["reward"][here].mean(), expected, here.sum())


def test_two_step_has_no_better_choice_where_both_sides_pay_alike():
    found = respond(two_step(np.array([0.5, 0.8]), np.ones(2)), [0, 0])
    np.testing.assert_array_equal(found["correct"][0], [np.nan, 1.0])


def test_bandit_pays_at_the_rate_of_the_option_taken():
    probability = np.tile([[0.1, 0.6, 0.3]], (30_000, 1))
    choice = np.arange(30_000) % 3
    found = respond(bandit(probability), choice)
    for option in range(3):
        taken = choice == option
        share = found["reward"][0, taken].mean()
        assert near(share, probability[0, option], taken.sum())
        assert (found["correct"][0, taken] == (option == 1)).all()
    assert (found["reward"][0] != found["reward"][1]).any()


def test_bandit_has_no_better_option_where_two_pay_alike():
    found = respond(bandit([[0.5, 0.5], [0.2, 0.5]]), [0, 1])
    np.testing.assert_array_equal(found["correct"][0], [np.nan, 1.0])


def test_reversal_bandit_follows_the_better_option():
    better = np.repeat([0, 1, 0], 4000)
    found = respond(reversal_bandit(better, p_better=0.7, p_other=0.1), np.zeros(12_000))
    np.testing.assert_array_equal(found["correct"][0], better == 0)
    assert near(found["reward"][0, better == 0].mean(), 0.7, 8000)
    assert near(found["reward"][0, better == 1].mean(), 0.1, 4000)


def test_bandit_of_people_scores_and_names_rewards_as_recorded():
    trials = data_loaders.load("dezfouli2019")
    rewarded = trials["reward"].values == 1
    for name in ("p_reward_R1", "p_reward_R2"):
        assert name in environment_for(trials).fixed
    np.testing.assert_array_equal(
        respond(environment_for(trials), trials["choice"])["correct"][0], trials["correct"].values
    )
    paying = trials.assign({f"p_reward_{key}": trials["reward"] * 0 + 1 for key in ("R1", "R2")})
    found = respond(environment_for(paying), trials["choice"])
    for name in ("first_outcome", "second_outcome"):
        np.testing.assert_array_equal(found[name][0, rewarded], trials[name].values[rewarded])
    assert (found["first_outcome"] + found["second_outcome"] == found["reward"]).all()


def test_stimulus_selection_needs_only_the_right_choice():
    found = respond(stimulus_selection([0, 1, 2]), [0, 2, 2])
    np.testing.assert_array_equal(found["correct"][0], [1, 0, 1])


def test_an_unknown_task_says_what_to_pass(rats):
    with pytest.raises(DataError, match=r"'maze'.* add a table \[task\].*pass an"):
        environment_for(rats.assign_attrs(task="maze"))


def test_a_dataset_that_lacks_variables_of_its_task_is_refused(rats):
    lacking = rats.drop_vars(["mapping", "p_reward_left"])
    with pytest.raises(DataError, match=r"(?s)2 problems.*'p_reward_left' is missing.*'mapping'"):
        environment_for(lacking)


def own(trials, **task):
    return environment_for(trials.assign_attrs(environment=json.dumps(task)))


@pytest.fixture
def table():
    """Two subjects who choose between a and b; reward probabilities of both are columns."""
    n = 40
    rng = np.random.default_rng(0)
    choice = rng.integers(0, 2, n)
    frame = pd.DataFrame(
        {
            "subject": np.repeat(["x", "y"], n // 2),
            "choice": choice,
            "correct": rng.integers(0, 2, n).astype(float),
            "p_a": np.linspace(0, 1, n),
            "p_b": np.linspace(1, 0, n),
            "better": rng.integers(0, 2, n),
            "mapping": rng.choice([-1, 1], n),
        }
    )
    frame.loc[3, "correct"] = np.nan
    return from_frame(frame, {name: name for name in frame}, labels={0: "a", 1: "b"})


def test_a_table_of_ones_own_names_its_bandit(table):
    made = own(table, name="bandit", probability=["p_a", "p_b"])
    assert made.fixed == ("p_a", "p_b")
    sure = table["p_b"].values == 1
    np.testing.assert_array_equal(respond(made, np.ones(40))["reward"][:, sure], 1)
    np.testing.assert_array_equal(respond(made, np.zeros(40))["reward"][:, sure], 0)
    expected = bandit(np.stack([table["p_a"], table["p_b"]], axis=1))
    for name, values in respond(expected, np.ones(40)).items():
        np.testing.assert_array_equal(respond(made, np.ones(40))[name], values)


def test_a_table_of_ones_own_names_its_reversals(table):
    made = own(table, name="reversal bandit", better="better", p_better=1.0, p_other=0.0)
    found = respond(made, table["better"].values)
    assert (found["reward"] == 1).all()
    assert (found["correct"] == 1).all()


def test_what_was_right_follows_from_choices_of_two(table):
    known = np.isfinite(table["correct"].values)
    found = respond(own(table, name="stimulus selection"), table["choice"].values)["correct"][0]
    np.testing.assert_array_equal(found, table["correct"].values)
    other = respond(own(table, name="stimulus selection"), 1 - table["choice"].values)["correct"]
    np.testing.assert_array_equal(other[0, known], 1 - table["correct"].values[known])
    target = own(table, name="stimulus selection", target="better")
    assert (respond(target, table["better"].values)["correct"] == 1).all()


def test_a_task_without_outcomes_leads_to_nothing(table):
    assert respond(own(table, name="none"), np.ones(40)) == {}


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({}, "name: 'None' is unknown"),
        ({"name": "bandits"}, "'bandits' is unknown; did you mean 'bandit'"),
        ({"name": "bandit"}, "probability: needed for 'bandit'"),
        ({"name": "bandit", "probability": ["p_a"]}, "1 variables, expected one for each of 2"),
        ({"name": "bandit", "probability": ["p_a", "pb"]}, "'pb' is unknown; did you mean 'p_b'"),
        ({"name": "bandit", "probability": ["p_a", "mapping"]}, "'mapping' is missing or not with"),
        ({"name": "bandit", "probability": ["p_a", "p_b"], "better": "p_a"}, "better: .* no such"),
        ({"name": "two-step", "mapping": "mapping"}, "p_reward_left: needed for 'two-step'"),
        ({"name": "two-step", "mapping": "mapping", "p_reward_left": "mapping"}, "not within 0 to"),
        ({"name": "reversal bandit", "better": "subject"}, "better: 'subject'"),
        ({"name": "stimulus selection", "target": "correct"}, "target: 'correct' is missing or"),
        ({"name": "none", "target": "better"}, r"target: 'none' has no such key \(there are: none"),
    ],
)
def test_what_a_task_lacks_is_named(table, task, message):
    with pytest.raises(DataError, match=message):
        own(table, **task)


def test_without_a_task_the_error_says_what_to_write(table):
    with pytest.raises(DataError, match=r"add a table \[task\] .*name = 'bandit', probability ="):
        environment_for(table)
