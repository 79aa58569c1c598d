"""Subject vectors end to end: subjects who follow opposite rules, known ones and new ones."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.config import Setting
from neuroalrnn.data import LeaveOneSubjectOut, SessionKFold, SubjectKFold
from neuroalrnn.data.tables import from_frame
from neuroalrnn.exceptions import ConfigError, DataError, DataWarning, FitError
from neuroalrnn.study.predict import predict_trials
from neuroalrnn.study.resume import Kept
from neuroalrnn.study.subjects import compare_pooling, few_shot

SETTING = Setting(
    n_latent=3, check_every=10, max_checks=12, patience=6, batch_size=16, learning_rate=0.05,
)  # fmt: skip
OPTIONS = {
    "n_pwl": (0,),
    "n_restarts": 1,
    "n_inner": 2,
    "threads": 1,
    "progress": False,
    "encoding": {"inputs": ["stimulus"]},
    "varying": ("input_weight", "readout"),
    "n_dimensions": (1,),
}


@pytest.fixture(scope="module")
def opposites():
    """Eight subjects, four short sessions each; odd subjects do the opposite of even ones."""
    rng = np.random.default_rng(0)
    frames = []
    for subject in range(8):
        sign = 1 if subject % 2 else -1
        for session in range(4):
            stimulus = rng.choice([-1, 1], 30)
            follows = rng.random(30) < 0.9
            choice = np.where(follows, sign * stimulus, -sign * stimulus)
            frames.append(
                pd.DataFrame(
                    {
                        "subject": f"s{subject}",
                        "session": str(session),
                        "stimulus": stimulus,
                        "choice": (choice + 1) // 2,
                    }
                )
            )
    names = ["subject", "session", "stimulus", "choice"]
    return from_frame(
        pd.concat(frames, ignore_index=True), {n: n for n in names}, labels={0: "l", 1: "r"}
    )


def mean(scores):
    return scores["log_likelihood"].mul(scores["n_trials"]).sum() / scores["n_trials"].sum()


def test_known_subjects_in_new_sessions(opposites):
    found = compare_pooling(opposites, SETTING, cv=SessionKFold(2), **OPTIONS)
    by_model = {name: mean(part) for name, part in found.scores.groupby("model")}
    assert by_model["pooled"] < -0.65
    assert by_model["subject vectors"] > -0.5
    assert by_model["per subject"] > -0.5
    # the same held-out trials for every model, none of them twice
    n_trials = found.scores.groupby("model")["n_trials"].sum()
    assert n_trials.nunique() == 1
    assert 8 * 4 * 30 / 2 < n_trials["pooled"] <= 8 * 4 * 30
    sign = found.vectors["subject"].str[1:].astype(int) % 2
    for _, part in found.vectors.groupby("fold"):
        odd = part["dimension 1"][sign[part.index] == 1]
        even = part["dimension 1"][sign[part.index] == 0]
        assert min(odd) > max(even) or max(odd) < min(even)
        assert part["dimension 1"].mean() == pytest.approx(0, abs=1e-5)
    assert set(found.choices["n_dimensions"]) == {0, 1}


def test_few_trials_tell_what_a_new_subject_does(opposites):
    found = few_shot(opposites, SETTING, cv=LeaveOneSubjectOut(), n_shots=(0, 5, 30), **OPTIONS)
    table = found.scores.query("model == 'subject vectors'")
    curve = {n: mean(part) for n, part in table.groupby("n_shots")}
    assert curve[0] < -0.6
    assert min(curve[5], curve[30]) > curve[0] + 0.02
    assert curve[30] > -0.5
    # all on the same trials: those after the first 30
    assert (table["n_trials"] == 90).all()
    # a held-out subject never has a vector of its own in its fold
    assert (found.vectors["fold"] != found.vectors["subject"]).all()


def test_impossible_requests_are_named(opposites):
    with pytest.raises(DataError, match=r"s0, s1.*no scored trial after the first 120"):
        few_shot(opposites, SETTING, n_shots=(0, 120), **OPTIONS)
    options = OPTIONS | {"n_dimensions": (0,), "varying": ("W",)}
    with pytest.raises(ConfigError, match=r"n_dimensions = 0.*\n.*varying: 'W'.*weight"):
        compare_pooling(opposites, SETTING, **options)


@pytest.mark.parametrize(
    ("n_shots", "shown"), [((-5,), "-5"), ((0, 10, 10), "10, 10"), ((), "()"), (10, "= 10")]
)
def test_shots_are_different_whole_numbers(opposites, n_shots, shown):
    with pytest.raises(ConfigError, match=r"n_shots = .*expected different whole numbers") as error:
        few_shot(opposites, SETTING, n_shots=n_shots, **OPTIONS)
    assert shown in str(error.value)


def test_grid_and_folds_are_checked_before_training(opposites):
    with pytest.raises(ConfigError, match="n_pwl=9: expected 0"):
        compare_pooling(opposites, SETTING, **OPTIONS | {"n_pwl": (9,)})
    with pytest.raises(ConfigError, match="n_inner = 1"):
        few_shot(opposites, SETTING, **OPTIONS | {"n_inner": 1, "n_shots": (0, 5)})
    with pytest.raises(ConfigError, match="cv trains on subject s0"):
        few_shot(opposites, SETTING, cv=SessionKFold(2), **OPTIONS | {"n_shots": (0, 5)})


def test_all_models_are_scored_on_the_same_trials(opposites, caplog):
    """Subject s0 keeps one session: it can have no model of its own."""
    kept = (opposites["subject"] != "s0") | (opposites["session"] == "0")
    few = opposites.isel(trial=kept.values)
    found = compare_pooling(few, SETTING, cv=SessionKFold(2), **OPTIONS)
    assert re.search("s0.* left out of all scores", caplog.text)
    per_model = found.scores.groupby("model")[["n_trials"]].sum()["n_trials"]
    assert per_model.nunique() == 1
    assert "s0" not in set(found.scores["subject"])
    one_each = opposites.isel(trial=(opposites["session"] == "0").values)
    with pytest.raises(DataError, match="no subject has two training sessions"):
        compare_pooling(one_each, SETTING, cv=SessionKFold(2), **OPTIONS)


def test_a_model_that_overflows_is_not_scored_on_the_trials_it_survives(opposites, monkeypatch):
    def overflowing(weights, n_pwl, sequences, plan, engine):
        rows, values = predict_trials(weights, n_pwl, sequences, plan, engine)
        values[:, rows % 7 == 0] = np.nan
        return rows, values

    monkeypatch.setattr("neuroalrnn.study.comparison.predict_trials", overflowing)
    with pytest.raises(FitError, match="pooled overflows on trials of s"):
        compare_pooling(opposites, SETTING, cv=SessionKFold(2), **OPTIONS)


@pytest.mark.parametrize("study", [compare_pooling, few_shot])
def test_finished_folds_are_kept_and_taken_from_disk(study, opposites, tmp_path):
    options = OPTIONS | {"cv": (SessionKFold if study is compare_pooling else SubjectKFold)(2)}
    options |= {"n_dimensions": tuple(np.array([1]))}
    options |= {"n_shots": (0, 20)} if study is few_shot else {}
    short = SETTING.model_copy(update={"max_checks": 3})
    alone = study(opposites, short, **options)
    kept = study(opposites, short, **options, resume=tmp_path)
    for name in ("scores", "vectors", "choices"):
        pd.testing.assert_frame_equal(getattr(kept, name), getattr(alone, name), check_exact=True)
    first, last = sorted(tmp_path.iterdir())
    _, head, tables = first.read_bytes().split(b"\n")
    told = json.loads(tables)
    told[0]["log_likelihood"][0] = -7.0
    Kept(first, json.loads(head)).save(json.dumps(told).encode())
    last.unlink()
    again = study(opposites, short, **options, resume=tmp_path)
    assert again.scores["log_likelihood"][0] == -7
    pd.testing.assert_frame_equal(again.scores[1:], alone.scores[1:], check_exact=True)
    study(opposites, short, **options | {"n_restarts": 2}, resume=tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


def _three_options(n_subjects=4, seed=0):
    """Coin tosses among two of three options; the last one is chosen by the first subject only."""
    rng, n = np.random.default_rng(seed), n_subjects * 60
    offered = np.ones((n, 3))
    offered[np.arange(n), rng.choice(3, n, p=[0.2, 0.2, 0.6])] = 0
    code = np.array([rng.choice(np.flatnonzero(each)) for each in offered])
    frame = pd.DataFrame(offered, columns=["open_a", "open_b", "open_c"])
    frame["subject"] = np.repeat([f"s{i}" for i in range(n_subjects)], 60)
    frame["session"] = np.tile(np.repeat(["1", "2", "3"], 20), n_subjects)
    frame["stimulus"] = rng.normal(size=n)
    frame["choice"] = np.array(list("abc"))[code]
    return from_frame(frame, {name: name for name in frame}, labels=["a", "b", "c"])


@pytest.mark.parametrize("study", [compare_pooling, few_shot])
def test_models_are_fitted_and_scored_among_the_options_offered(study):
    trials = _three_options()
    trials["choice"].attrs["offered"] = ["open_a", "open_b", "open_c"]
    options = {"n_shots": (0, 10)} if study is few_shot else {}
    short = SETTING.model_copy(update={"max_checks": 4})
    found = study(trials, short, **OPTIONS | options).scores
    # a coin is tossed: log 1/2; among all three options it would be log 1/3 at best
    pooled = mean(found[found["model"] == "pooled"])
    assert pooled == pytest.approx(np.log(0.5), abs=0.1)
    assert mean(found[found["model"] == "subject vectors"]) > -1


def test_a_label_that_nobody_else_chose_has_the_floor_of_class_frequency(monkeypatch):
    trials = _three_options().drop_vars(["open_a", "open_b", "open_c"])
    others = (trials["subject"] != "s0").values & (trials["choice"] == 2).values
    trials["choice"][others] = 0.0

    def certain(*arguments):
        rows, values = predict_trials(*arguments)
        values[...] = np.log([0.5, 0.5, 1e-300])
        return rows, values

    monkeypatch.setattr("neuroalrnn.study.comparison.predict_trials", certain)
    with pytest.warns(DataWarning, match="choice 'c': no training subject of s0 chose it"):
        found = few_shot(trials, SETTING, cv=LeaveOneSubjectOut(), **OPTIONS | {"n_shots": (0, 5)})
    assert any("choice 'c'" in text for text in found.cautions)
    scores = found.scores.query("subject == 's0'")["log_likelihood"]
    rows = np.flatnonzero((trials["subject"] == "s0").values)[5:]
    share = (trials["choice"].values[rows] == 2).mean()
    floor = 0.5 / (180 + 1.5)
    right = share * np.log(floor) + (1 - share) * np.log((1 - floor) / 2)
    assert share > 0
    np.testing.assert_allclose(scores, right, rtol=1e-10)
