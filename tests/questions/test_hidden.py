"""Hidden states of a GLM-HMM as a report tells them: labels, names, sentences, and silence."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.plots.hidden_states import plot_hidden_states
from neuroalrnn.questions import analyse, hidden
from neuroalrnn.questions.asked import Asked
from neuroalrnn.questions.words import plain
from neuroalrnn.regimes.hidden_states import (
    compare_labels,
    describe_by_state,
    describe_states,
    describe_weights,
    label_states,
    name_states,
)
from neuroalrnn.report import write_report
from neuroalrnn.results import Fit

TERMS = ["constant", "stimulus"]


def states_of(fit, certain, n_folds=3):
    """States of the rule, but for one trial in 50: with the stimulus, and against it."""
    other = np.random.default_rng(0).random(720) < 0.02
    second = ((fit.trials["rule"].values > 0) ^ other).astype(float)
    chance = certain * np.stack([1 - second, second], axis=1) + (1 - certain) / 2
    weight = np.zeros((n_folds, 2, 1, 2))
    weight[:, 0, 0, 1], weight[:, 1, 0, 1] = [3.0, 3.3, 3.6], [-2.0, -2.0, -2.0]
    names = [fold.name for fold in fit.folds]
    one = {
        "n_states": ("fold", np.full(n_folds, 2)),
        "weight": (("fold", "state", "output", "term"), weight),
        "start": (("fold", "state"), np.full((n_folds, 2), 0.5)),
        "transition": (
            ("fold", "state", "state_next"),
            np.tile([[0.95, 0.05], [0.05, 0.95]], (n_folds, 1, 1)),
        ),
        "smoothed": (("trial", "state"), chance.astype(np.float32)),
        "before_choice": (("trial", "state"), chance.astype(np.float32)),
    }
    coords = {"fold": names, "output": ["right"], "term": TERMS, "state": [0, 1]}
    return xr.Dataset(one, coords=coords).expand_dims(model=["GLM-HMM"])


@pytest.fixture(scope="module")
def with_states(fit):
    """The fit of all tests, as if a GLM-HMM had been fitted beside it."""
    tree = fit.tree.copy()
    tree["states"] = xr.DataTree(states_of(fit, 0.9))
    effect = fit.effects.sel(model=["history-logistic"]).assign_coords(model=["GLM-HMM"])
    tree["effects"] = xr.DataTree(effect.to_dataset())
    return Fit(tree)


@pytest.fixture
def states(with_states):
    """States of the only model."""
    return with_states.states.isel(model=0)


def test_labels_are_the_likeliest_states_of_scored_held_out_trials(with_states, states):
    labels = label_states(with_states, states)
    assert (labels == (with_states.trials["rule"] > 0)).mean() > 0.96
    np.testing.assert_array_equal(labels, states["smoothed"].values.argmax(axis=1))
    some = states.copy(deep=True)
    some["smoothed"][:7] = np.nan
    trials = with_states.trials.assign(scored=("trial", np.arange(720) != 9))
    lost = label_states(SimpleNamespace(trials=trials), some)
    assert np.flatnonzero(lost == -1).tolist() == [*range(7), 9]


def test_weights_have_the_jackknife_over_folds(states):
    table = describe_weights(states).set_index(["regime", "term"])
    row = table.loc[(0, "stimulus")]
    # the error of a mean of three leave-one-out values is their spread times the root of 4 / 3
    error = np.sqrt(2 / 3 * np.square([-0.3, 0.0, 0.3]).sum())
    assert row["state_weight"] == pytest.approx(3.3)
    assert row["ci_high"] - row["state_weight"] == pytest.approx(4.302653 * error)
    assert (table["n_folds"] == 3).all()
    single = describe_weights(states.where(states["fold"] == states["fold"][0]))
    assert single["ci_low"].isna().all()
    assert (single["n_folds"] == 1).all()


@pytest.mark.parametrize(
    ("term", "option", "weight", "expected"),
    [
        ("constant", "right", 2.0, "prefers right"),
        ("constant", "right", -2.0, "prefers left"),
        ("choice[-1]", "right", 1.0, "repeats choice"),
        ("choice[-1]", "right", -1.0, "leaves choice"),
        ("cue", "right", -1.0, "against cue"),
        ("cue", "right", 0.1, "ignores inputs"),
    ],
)
def test_states_are_named_by_what_counts_in_them(term, option, weight, expected):
    rows = [(0, "cue", "right", 3.0), (1, term, option, weight)]
    table = pd.DataFrame(rows, columns=["regime", "term", "option", "state_weight"])
    assert name_states(table, ["left", "right"]) == ["follows cue", expected]


def test_states_of_one_name_are_told_apart_by_what_differs():
    rows = [(0, "cue", 3.0), (0, "choice[-1]:reward[-1]", 1.0)]
    rows += [(1, "cue", 2.0), (1, "choice[-1]:reward[-1]", -1.2)]
    table = pd.DataFrame(rows, columns=["regime", "term", "state_weight"]).assign(option="right")
    expected = ["follows cue, choice:reward[-1] +1.0"]
    expected += ["follows cue, choice:reward[-1] \N{MINUS SIGN}1.2"]
    assert name_states(table, ["left", "right"]) == expected


def test_states_of_several_options_are_named_by_the_option_that_a_term_moves_most():
    rows = [(0, "constant", each, w) for each, w in (("a", 0.1), ("b", -2.0), ("c", 0.4))]
    rows += [(1, "cue", each, w) for each, w in (("a", 2.0), ("b", -1.0), ("c", 0.0))]
    table = pd.DataFrame(rows, columns=["regime", "term", "option", "state_weight"])
    assert name_states(table, ["a", "b", "c"]) == ["avoids b", "cue for a"]


def test_overlap_is_that_of_the_labels_and_vanishes_when_they_are_shifted(with_states, states):
    labels = label_states(with_states, states)
    rng = np.random.default_rng(0)
    # visits of any length, as those of the rule are periodic
    own = labels.copy(data=np.repeat(rng.integers(0, 2, 72), 10))
    same = compare_labels(with_states, own, own, rng).iloc[0]
    assert same["adjusted_rand"] == 1
    assert abs(same["adjusted_rand_shifted"]) < 0.1 < same["shifted_high"] + 0.1
    other = compare_labels(with_states, own, labels.copy(data=rng.permutation(own)), rng).iloc[0]
    assert other["adjusted_rand"] <= other["shifted_high"] + 0.02


def test_use_of_states_is_over_subjects_and_staying_over_folds(with_states, states):
    found = describe_states(with_states, states, label_states(with_states, states))
    np.testing.assert_allclose(found["occupancy"], 0.5, atol=0.01)
    np.testing.assert_allclose(found["staying"], 0.95)
    assert (found["n_subjects"] == 6).all()


def test_nothing_is_described_where_there_is_nothing(with_states, states):
    labels = label_states(with_states, states)
    nothing = pd.DataFrame({}).rename_axis(columns="outcome")
    found = describe_by_state(labels, nothing, with_states.trials["subject"].values)
    assert list(found) == ["regime", "outcome", "mean", "ci_low", "ci_high", "n_subjects"]
    assert not len(found)


def test_a_figure_of_many_terms_shows_the_largest_in_their_order(with_states, states):
    sizes = np.r_[0.1, np.arange(20.0), 0.2]
    rows = pd.DataFrame({"regime": 0, "term": [f"t{k}" for k in range(22)], "option": "right"})
    weights = rows.assign(state_weight=sizes, ci_low=sizes - 1, ci_high=sizes + 1)
    options = {"subject": "s1", "session": str(with_states.trials["session"].values[0])}
    figure = plot_hidden_states(weights, states, with_states.trials, **options)
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert shown == [f"t{k}" for k in range(9, 21)]
    assert figure.axes[1].get_xlim() == (0.5, 120.5)


@pytest.mark.usefixtures("by_stimulus", "quick")
def test_a_report_tells_states_in_one_section(with_states, tmp_path):
    page = write_report(
        with_states, tmp_path, rule="rule", questions=hidden.QUESTIONS, overwrite=True
    ).read_text("utf-8")
    assert page.count("<h2>") == 3
    section = page.partition('id="hidden_states"')[2].partition("</section>")[0]
    assert "could not be made" not in section
    assert "regime" not in section.replace("functional regime", "")
    assert "0, follows stimulus" in section
    assert "Hidden states are the functional regimes of the AL-RNN" in section
    assert "States switch more often on the trial of a change of rule" in section
    names = {figure.name for each in hidden.QUESTIONS for figure in each.figures}
    # the rule is held constant, which leaves states nothing to be tested
    assert {name for name in names if name not in section} == {"hidden_behaviour"}


@pytest.mark.usefixtures("quick")
def test_without_a_glm_hmm_there_is_neither_a_section_nor_a_note(fit, tmp_path):
    page = write_report(fit, tmp_path, questions=hidden.QUESTIONS).read_text("utf-8")
    assert "Hidden states" not in page
    found = analyse(fit, questions=hidden.QUESTIONS)
    assert found.notes == []
    assert not found.tables
    assert "neuroalrnn compare" in found.tables.reasons["hidden_weights"]


def test_one_state_is_said_once(with_states, tmp_path):
    tree = with_states.tree.copy()
    tree["states"]["n_states"] = tree["states"]["n_states"] * 0 + 1
    page = write_report(Fit(tree), tmp_path, questions=hidden.QUESTIONS).read_text("utf-8")
    assert page.count("no hidden states were found") == 1


def test_of_several_models_the_one_is_asked_about_that_validation_subjects_prefer(with_states):
    names, tree = ["GLM-HMM", "GLM-HMM with lapses"], with_states.tree.copy()
    two = [with_states.states.assign_coords(model=[name]) for name in names]
    tree["states"] = xr.DataTree(xr.concat(two, "model"))
    assert Asked(Fit(tree)).hidden.states["model"] == names[0]
    plain_scores = ("model", "fold"), [[-0.5, -0.5], [-0.4, -0.5]]
    tree["adaptive"] = xr.DataTree(xr.Dataset({"plain": plain_scores}, coords={"model": names}))
    assert Asked(Fit(tree)).hidden.states["model"] == names[1]


@pytest.mark.parametrize(
    ("index", "high", "expected"),
    [
        (0.95, 0.1, "Hidden states are the functional regimes"),
        (0.4, 0.1, "overlap, but are not the same"),
        (0.05, 0.1, "are not the functional regimes"),
    ],
)
def test_overlap_is_said_in_every_direction(index, high, expected):
    row = {"adjusted_rand": index, "adjusted_rand_shifted": 0.02, "shifted_high": high}
    assert expected in plain(hidden.say_overlap(row))


def test_states_of_some_folds_are_said_to_be_so():
    rows = [(0, 0.7, 0.95, 4), (1, 0.3, 0.9, 1)]
    summary = pd.DataFrame(rows, columns=["regime", "occupancy", "staying", "n_folds"])
    said = plain(
        hidden.say_states("GLM-HMM", summary, ["follows cue", "prefers left"], [1, 1, 2, 1])
    )
    assert "1 to 2 hidden states" in said
    assert "0, follows cue (70 % of trials, expected to last 20 trials);" in said
    assert "1, prefers left (30 % of trials, expected to last 10 trials, in 1 of 4 folds)." in said
