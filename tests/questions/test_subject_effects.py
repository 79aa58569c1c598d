"""Effects of single subjects are those of their own choices, in the units of input effects."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.effects import find_functional_regimes
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.questions.subject_effects import compute_subject_effects, summarise_subjects

# choices of the fitted experiment follow stimulus x rule on nine trials of ten
PLANTED = np.log(9)


@pytest.fixture(scope="module")
def found(fit):
    return find_functional_regimes(fit, inputs=["stimulus"])


def test_own_effects_are_those_that_were_planted(fit, found):
    table = compute_subject_effects(fit, found)
    assert table.groupby("regime")["subject"].nunique().tolist() == [6, 6]
    sign = np.sign(found.regimes.set_index("regime")["effect"])
    error = table["own_effect"] - PLANTED * table["regime"].map(sign)
    assert (error.abs() < 4 * table["standard_error"]).all()
    means = summarise_subjects(table).set_index("regime")["own_effect"]
    np.testing.assert_allclose(means, PLANTED * sign, atol=0.5)


def test_who_has_one_choice_only_or_few_trials_is_left_out(fit, found):
    trials = fit.trials.copy(deep=True)
    subject = trials["subject"].values
    trials["choice"].values[subject == "s0"] = 1
    few = found.labels.where((subject != "s1") | (np.arange(720) % 10 == 0), -1)
    less = SimpleNamespace(labels=few, n_regimes=found.n_regimes, columns=found.columns)
    tree = fit.tree.copy()
    tree["trials"] = type(tree)(trials)
    table = compute_subject_effects(type(fit)(tree), less)
    assert set(table["subject"]) == {"s2", "s3", "s4", "s5"}
    none = SimpleNamespace(labels=few.where(few < -1, -1), n_regimes=2, columns=found.columns)
    with pytest.raises(NotTestableError, match="nobody has 20 trials and both choices"):
        compute_subject_effects(fit, none)


def test_differences_between_subjects_are_told_from_their_errors():
    rng = np.random.default_rng(0)
    error = np.full(400, 1.0)
    own = pd.DataFrame({"regime": 0, "input": "cue", "lag": 0, "standard_error": error})
    for sd in (0.0, 2.0):
        effects = 3 + sd * rng.normal(size=400) + rng.normal(size=400)
        row = summarise_subjects(own.assign(own_effect=effects)).iloc[0]
        assert row["true_sd"] == pytest.approx(sd, abs=0.35)
        assert row["own_effect"] == pytest.approx(3, abs=0.4)
