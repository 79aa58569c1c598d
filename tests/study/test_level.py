"""Every model is scored among the options offered, and on one floor for labels never seen."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold
from neuroalrnn.data.tables import from_frame
from neuroalrnn.exceptions import DataError, DataWarning
from neuroalrnn.model.observation import OBSERVATION_MODELS
from neuroalrnn.study import select_n_pwl
from neuroalrnn.study.recurrent import recurrent_baselines
from neuroalrnn.study.study import prepare_study

OPEN = ("open_a", "open_b", "open_c")
SETTING = Setting(n_latent=2, max_checks=2, check_every=5)


def offers(n_subjects=4, n_trials=60, *, forced=0, shares=(0.1, 0.3, 0.6), seed=0):
    """Coin tosses among two of three options, the last one offered least; some trials forced."""
    rng, n = np.random.default_rng(seed), n_subjects * n_trials
    offered = np.ones((n, 3))
    offered[np.arange(n), rng.choice(3, n, p=shares)] = 0
    code = np.array([rng.choice(np.flatnonzero(each)) for each in offered])
    offered[:forced] = np.eye(3)[code[:forced]]
    frame = pd.DataFrame(offered, columns=list(OPEN))
    frame["subject"] = np.repeat([f"s{i}" for i in range(n_subjects)], n_trials)
    frame["cue"] = rng.normal(size=n)
    frame["rt"] = rng.uniform(0.3, 0.6, n)
    frame["choice"] = np.array(list("abc"))[code]
    return from_frame(frame, {name: name for name in frame}, labels=["a", "b", "c"])


def run(trials, observation=None, **options):
    options = {"n_pwl": (0,), "n_inner": 2, "encoding": {"inputs": ["cue", "choice"]}} | options
    return select_n_pwl(
        trials, SETTING, SubjectKFold(2), 1, observation=observation, progress=False, threads=1,
        **options,
    )  # fmt: skip


def limit(kind="categorical"):
    return OBSERVATION_MODELS[kind](3, available=OPEN)


def naive(trials, train, test):
    """A model that knows nothing of what is offered."""
    return np.full((len(test), 3), np.log(1 / 3))


@pytest.fixture(scope="module")
def coins():
    trials = offers()
    return run(trials, limit()), trials


def test_all_models_of_coin_tosses_among_the_options_offered_are_at_chance(coins):
    fit, trials = coins
    mine = run(trials, limit(), baselines={"mine": naive})
    assert np.isclose(mine.summarise().loc["mine", "log_likelihood"], -np.log(2))
    assert np.abs(fit.summarise()["log_likelihood"] + np.log(2)).max() < 0.03
    offered = np.stack([trials[name].values for name in OPEN], axis=-1) > 0
    for _, probability in fit.predictions["probability"].groupby("model"):
        np.testing.assert_allclose(probability.values.squeeze().sum(axis=-1), 1, atol=1e-6)
        assert (probability.values.squeeze()[~offered] == 0).all()


def test_saved_offers_are_those_of_the_next_fit_too(coins, tmp_path):
    fit, _ = coins
    fit.save(tmp_path / "fit.nc")
    again = run(type(fit).load(tmp_path / "fit.nc").trials)
    assert again.config["observation"]["given"] == list(OPEN)
    assert again.scores.equals(fit.scores)


def test_forced_trials_are_counted_and_score_nothing():
    trials, n_forced = offers(forced=20), 20
    with pytest.warns(DataWarning, match="20 scored trials offered a single option .trials 0, 1"):
        fit = run(trials, limit())
    assert np.isnan(fit.predictions["log_likelihood"].values[:, :n_forced]).all()
    assert fit.scores.query("subject == 's0'")["n_trials"].eq(40).all()
    assert np.isfinite(fit.scores["log_likelihood"]).all()
    reasons = json.loads(fit.trials.attrs["unscored"])
    assert reasons == [{"reason": "a single option offered", "n_trials": n_forced}]
    assert "there is nothing to predict" in " ".join(fit.cautions)


def test_nothing_but_forced_trials_is_refused():
    with pytest.raises(DataError, match="every scored trial offers a single option"):
        run(offers(n_trials=10, forced=40), limit())


def test_a_choice_that_was_not_offered_is_an_error_with_its_row(coins):
    _, trials = coins
    trials = trials.assign({name: trials[name].copy() for name in OPEN})
    label = str(trials["choice"].attrs["labels"][int(trials["choice"].values[17])])
    trials[f"open_{label}"][17] = 0
    with pytest.raises(DataError, match=f"not offered on trial 17; .* subject s0, is {label}"):
        run(trials, limit())


def with_a_rare_label(n_trials=40):
    """Label c is chosen by s3 alone, five times; all options are always offered."""
    trials = offers(n_trials=n_trials)
    code = trials["choice"].values % 2
    code[-5:] = 2
    opened = {name: trials[name].copy(data=np.ones(len(code))) for name in OPEN}
    return trials.assign(opened | {"choice": trials["choice"].copy(data=code)})


@pytest.mark.parametrize("observation", [None, "choice_rt", limit()])
def test_a_label_that_no_training_subject_chose_has_one_floor(observation):
    trials = with_a_rare_label()
    message = (
        "choice 'c': no training subject of fold . chose it, and s3 did, on 5 of 80 scored trials"
    )
    with pytest.warns(DataWarning, match=message):
        fit = run(trials, observation)
    assert any("choice 'c'" in text for text in fit.cautions)
    floor = np.log(0.5 / (80 + 1.5))
    lowest = fit.predictions["log_likelihood"].values[:, -5:]
    assert (lowest >= floor - 1e-12).all()
    assert np.isclose(fit.predictions["log_likelihood"].sel(model="class frequency")[-1], floor)
    assert np.isclose(fit.predictions["log_likelihood"].sel(model="history-logistic")[-1], floor)
    probability = fit.predictions["probability"].values
    np.testing.assert_allclose(probability.sum(axis=-1), 1, atol=1e-6)
    if observation == "choice_rt":
        names = [f"log_likelihood{name}" for name in ("_joint", "", "_rt")]
        joint, choice, rt = (fit.predictions[name].sel(model="AL-RNN").values for name in names)
        np.testing.assert_allclose(joint, choice + rt)


def test_gated_networks_learn_among_the_options_offered(coins):
    trials = coins[0].trials
    study = prepare_study(trials, SETTING, SubjectKFold(2), n_inner=2, n_restarts=1, threads=1)
    known = recurrent_baselines(study)
    train, test = np.arange(120), np.arange(120, 240)
    value = replace(known["GRU"], sizes=(2,))(study.trials, train, test)
    offered = np.stack([trials[name].values for name in OPEN], axis=-1)[test] > 0
    assert (np.isneginf(value) == ~offered).all()
    assert abs(value[np.arange(120), trials["choice"].values[test].astype(int)].mean() + 0.7) < 0.05
