"""Baselines of the caller: refused before anything is trained, each with what was expected."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax

from neuroalrnn.baselines import class_frequency, logistic
from neuroalrnn.data import SubjectKFold
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import ConfigError, DataWarning, FitError, LeakageWarning


def even(trials, train, test):
    return np.full((len(test), 2), np.log(0.5))


def changed(change):
    """`even`, changed before it comes back."""
    return lambda trials, train, test: change(even(trials, train, test))


def put(value, column=0):
    def change(array):
        array[5, column] = value
        return array

    return change


@pytest.fixture
def untrained(fit, trials, monkeypatch):
    """Fit with baselines; training fails the test."""
    monkeypatch.setattr("neuroalrnn.study.crossval.search", lambda *a, **k: pytest.fail("trained"))
    return lambda baselines: fit(trials, SubjectKFold(2), baselines=baselines)


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        (changed(np.exp), "returned probabilities: return their logarithms"),
        (changed(put(np.nan)), "returned NaN on test row 5"),
        (changed(lambda a: a[:, :1]), r"returned shape \(120, 1\): .* shape \(120, 2\)"),
        (changed(lambda a: a.T), r"returned shape \(2, 120\)"),
        (changed(lambda a: a[:, 0]), r"returned shape \(120,\)"),
        (changed(lambda a: a[:-1]), r"returned shape \(119, 2\)"),
        (changed(lambda a: a[..., None]), r"returned shape \(120, 2, 1\)"),
        (changed(lambda a: a - 0.1), ".* add up to 0.904837 .120 rows alike.: expected log-prob"),
        (changed(put(0.7)), "returned 0.7, -0.693147 on test row 5, .* add up to 2.51"),
        (changed(lambda a: a > 0), "returned dtype bool"),
        (changed(lambda a: a.astype(str)), "returned dtype <U"),
        (changed(lambda a: a.astype(complex)), "returned dtype complex128"),
        (changed(lambda a: a.astype(object)), "returned dtype object"),
        (changed(pd.DataFrame), "returned DataFrame: expected a numpy array"),
        (changed(lambda a: None), "returned NoneType"),
        (changed(lambda a: [[0.0], [0.0, 1.0]]), "returned a ragged list"),
        (changed(lambda a: np.log([[1.0, 0.0]] * len(a))), "gives probability 0 to the choices"),
        (changed(lambda a: a - np.inf), "returned -inf, -inf on test row 0"),
        (changed(lambda a: np.ma.masked_array(a, a > -1)), "returned NaN on test rows 0, 1"),
        (changed(lambda a: a / 0 + 1 / 0), "raised ZeroDivisionError: "),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_what_is_no_table_of_log_probabilities_is_refused(baseline, message, untrained):
    with pytest.raises(ConfigError, match=f"'mine', fold 0: {message}"):
        untrained({"fine": even, "mine": baseline})


def test_every_faulty_baseline_of_a_fold_is_named_in_one_error(untrained):
    faulty = {"one": changed(np.exp), "other": changed(put(np.nan))}
    with pytest.raises(ConfigError, match=r"(?s)2 problems.*'one', fold 0: .*'other', fold 0: "):
        untrained(faulty)


@pytest.mark.parametrize(
    ("baselines", "message"),
    [
        ({"AL-RNN": even}, "'AL-RNN': the name belongs to a model that is always fitted"),
        ({"AL-RNN P=0": even}, "'AL-RNN P=0': the name belongs"),
        ({"constant": even}, "'constant': the name belongs"),
        ({"class frequency": even}, "'class frequency': the name belongs to what bits"),
        ({"é": even, "e\u0301": even}, "are one name, given twice"),
        ({"a": even, "a ": even}, "'a ' and 'a' are one name"),
        ({"": even}, "name '': expected a printable text"),
        ({1: even}, "name 1: expected a printable text"),
        ({"a\0b": even}, "expected a printable text"),
        ({"mine": 3}, "'mine' is 3: expected f.trials, train, test."),
        ({"mine": np.zeros((240, 2))}, "'mine' is ndarray"),
        ({"mine": lambda trials: None}, "'mine' cannot be called with .trials, train, test."),
        ({"mine": None, "AL-RNN": even}, "(?s)2 problems.*'AL-RNN'.*'mine' is None"),
        ([("mine", even)], r"baselines = \[.*\]: expected a dict"),
        ({"mine"}, "baselines = .'mine'.: expected a dict"),
        ((each for each in [even]), "baselines = generator: expected a dict"),
        (even, "baselines = function: expected a dict"),
        ("al", "baselines = 'al': expected a dict"),
        (True, "baselines = True: expected a dict"),
    ],
)
def test_names_and_kinds_are_refused_before_anything_runs(baselines, message, untrained):
    with pytest.raises(ConfigError, match=message):
        untrained(baselines)


def test_good_baselines_of_every_make_are_scored_as_they_are(fit, trials):
    def spoil(trials, train, test):
        trials["choice"][:] = 0
        train[:], test[:] = 0, 0
        return np.full((120, 2), np.log(0.5), dtype=np.float32)

    def silent_where_nothing_is_scored(trials, train, test):
        value = even(trials, train, test)
        value[~scored_trials(trials)[test]] = np.nan
        return value.tolist()

    class Model:
        def __call__(self, trials, train, test, *, sharpness=1.0):
            return even(trials, train, test)

    scored = np.arange(trials.sizes["trial"]) % 10 > 0
    given = {
        "spoils": spoil,
        "list": silent_where_nothing_is_scored,
        "object": Model(),
        "partial": partial(Model(), sharpness=2.0),
        "class frequency": class_frequency,
    }
    limited = trials.assign(scored=("trial", scored))
    found = fit(limited, SubjectKFold(2), n_pwl=(0,), n_restarts=1, baselines=given)
    table = found.summarise()
    assert list(table.index) == ["AL-RNN", "AL-RNN P=0", *given]
    for name in list(given)[:4]:
        assert np.isclose(table.loc[name, "log_likelihood"], np.log(0.5))
    assert np.isfinite(table["bits"]).all()
    assert found.trials.equals(fit(limited, SubjectKFold(2), n_pwl=(0,), n_restarts=1).trials)


def test_a_model_of_ours_that_fails_is_left_out_with_a_caution(fit, trials, monkeypatch):
    calls = []

    def failing(trials, train, test):
        calls.append(test)
        if len(calls) == 2:
            raise FitError("every restart diverged")
        return even(trials, train, test)

    named = {"class frequency": class_frequency, "GRU": failing}
    monkeypatch.setattr("neuroalrnn.study.crossval.standard_baselines", lambda *a: named)
    told = "left out: 'GRU', fold 1: every restart diverged"
    with pytest.warns(DataWarning, match=told):
        found = fit(trials, SubjectKFold(2), n_pwl=(0,), n_restarts=1)
    assert told in found.cautions
    assert set(found.summarise().index) == {"AL-RNN", "AL-RNN P=0", "class frequency"}


def test_a_baseline_that_knows_the_choice_is_named_before_training(untrained):
    def knows(trials, train, test):
        right = trials["choice"].values[test][:, None] == [0, 1]
        return np.log(np.where(right, 0.99, 0.01))

    with pytest.raises(LeakageWarning, match=r"mine: more than 99\.9 % of held-out choices"):
        untrained({"mine": knows})


def shy(trials, train, test):
    """Right in kind, but never sure: the log-odds of the history regression by a quarter."""
    said = logistic(trials, train, test, terms=["stimulus:rule"])
    return log_softmax(said / 4, axis=1)


def test_baselines_of_the_caller_learn_gain_and_offset(fit, trials):
    given = {"shy": shy, "class frequency": class_frequency}
    options = {"n_pwl": (0,), "n_restarts": 1, "adaptive": True}
    found = fit(trials, SubjectKFold(2), baselines=given, **options)
    score = found.summarise()["log_likelihood"]
    assert [*score.index][-3:] == ["shy", "shy adaptive", "class frequency"]
    assert score["shy adaptive"] > score["shy"] + 0.1
    chosen = found.adaptive.sel(model="shy")
    assert (chosen["readout"] == 0).all()
    assert (chosen["gain"] > 0).all()


def test_baselines_of_the_caller_are_checked_on_inner_parts(trials, fit):
    def lost_on_few(trials, train, test):
        return even(trials, train, test) + (np.nan if len(test) < 100 else 0.0)

    text = r"'mine', fold 0: asked for \d+ inner validation trials .*: returned NaN on test row"
    with pytest.raises(ConfigError, match=text):
        fit(trials, SubjectKFold(2), baselines={"mine": lost_on_few}, adaptive=True)
    with pytest.raises(ConfigError, match="'mine adaptive': the name belongs to another of them"):
        fit(trials, baselines={"mine": even, "mine adaptive": even}, adaptive=True)
