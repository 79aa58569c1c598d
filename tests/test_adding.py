"""What it takes to add a model beside the AL-RNN, or a likelihood: one file, and a line in a list.

The parts between the rulers are what the file would hold.
"""

import inspect
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from neuroalrnn.baselines import Listed, from_fit
from neuroalrnn.behaviour import simulate_fit
from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold, from_frame
from neuroalrnn.data.schema import session_number, trial_variables
from neuroalrnn.exceptions import DataError
from neuroalrnn.model.observation import (
    OBSERVATION_MODELS,
    Family,
    independent,
    recall_observation,
)
from neuroalrnn.recover import make_agent
from neuroalrnn.results import Fit
from neuroalrnn.study import select_n_pwl

TINY = Setting(n_latent=2, max_checks=2, check_every=5)
INPUTS = {"inputs": {"cue": "stimulus", "choice": "response"}, "step": "event"}
INPUTS |= {"events": ["stimulus", "response"], "choice_event": "response"}
OPTIONS = {
    "encoding": INPUTS,
    "n_pwl": (0, 1),
    "n_restarts": 1,
    "n_inner": 2,
    "threads": 1,
    "progress": False,
}
NAME = "win-stay, lose-shift"


# ------------------------------------------------ a file of neuroalrnn.baselines
@from_fit("win-stay, lose-shift")
def win_stay(trials, train):
    """Repeat what paid and leave what did not, as often as training subjects do."""
    told = told_option(trials)
    known = train[np.isfinite(told[train])]
    p = ((told[known] == trials["choice"].values[known]).sum() + 1) / (len(known) + 2)

    def predict(trials, test):
        told = told_option(trials)[test][:, None]
        return np.log(np.where(np.isnan(told), 0.5, np.where(told == [0, 1], p, 1 - p)))

    return predict


def told_option(trials):
    """Option that the last outcome speaks for, NaN where there is none."""
    choice, session = trials["choice"].values, session_number(trials)
    told = np.r_[np.nan, np.where(trials["reward"].values > 0, choice, 1 - choice)[:-1]]
    return np.where(np.r_[True, session[1:] != session[:-1]], np.nan, told)


def is_paid(trials):
    """Whether choices between two options pay."""
    return "reward" in trial_variables(trials) and len(trials["choice"].attrs["labels"]) == 2


# ------------------------------------------------ a file of neuroalrnn.model.observation
def exponential(variable="rt"):
    """Explain waiting times by a constant hazard, which varies over trials."""
    family = Family(
        name="exponential",
        parameters={"log_rate": "varying"},
        log_density=lambda eta, t: eta[..., 0] - eta[..., 0].exp() * t,
        draw=lambda eta, rng: rng.exponential((-eta[..., 0]).exp().numpy()),
        start=lambda t: [-t.mean().log()],
        valid=lambda t: torch.isfinite(t) & (t > 0),
        expected="times above 0 s",
    )
    return independent(family, (variable,))


# ------------------------------------------------


@pytest.fixture(scope="module")
def table():
    """Six subjects; choices follow a cue, times are shorter where the cue is strong."""
    rng = np.random.default_rng(0)
    n = 6 * 30
    cue = rng.choice([-2, -1, 1, 2], n)
    choice = rng.random(n) < 1 / (1 + np.exp(-cue))
    frame = pd.DataFrame({"subject": np.repeat(list("abcdef"), 30), "cue": cue})
    frame["choice"] = np.where(choice, "right", "left")
    frame["p_left"] = np.repeat([0.3, 0.7], n // 2)
    frame["p_right"] = 1 - frame["p_left"]
    frame["reward"] = (rng.random(n) < np.where(choice, frame["p_right"], frame["p_left"])) * 1.0
    frame["rt"] = rng.exponential(np.where(np.abs(cue) == 2, 0.2, 1.0)).round(4) + 1e-3
    return frame


@pytest.fixture
def trials(table):
    return from_frame(table, {name: name for name in table}, labels=["left", "right"])


@pytest.fixture
def with_baseline(monkeypatch):
    """The list with one line more, without those that take long."""
    monkeypatch.setattr("neuroalrnn.study.crossval.recurrent_baselines", lambda study: {})
    monkeypatch.setattr("neuroalrnn.baselines.lists.BASELINES", [Listed(NAME, win_stay, is_paid)])


@pytest.fixture
def with_likelihood(monkeypatch):
    """The list with one line more."""
    monkeypatch.setitem(OBSERVATION_MODELS, "exponential", exponential)


@pytest.mark.usefixtures("with_baseline")
def test_a_baseline_is_a_function_and_a_line(trials):
    fit = select_n_pwl(trials, TINY, SubjectKFold(2), baselines="all", **OPTIONS)
    scores = fit.scores.query("model == @NAME")
    assert set(scores["subject"]) == set("abcdef")
    # choices follow the cue alone, so that no more than half of them repeat what paid
    assert scores["log_likelihood"].mean() == pytest.approx(np.log(0.5), abs=0.02)
    unpaid = trials.drop_vars("reward")
    fit = select_n_pwl(unpaid, TINY, SubjectKFold(2), baselines="all", **OPTIONS)
    assert NAME not in fit.scores["model"].values


@pytest.mark.usefixtures("with_likelihood")
def test_a_likelihood_is_a_function_and_a_line(trials, tmp_path):
    fit = select_n_pwl(trials, TINY, SubjectKFold(2), observation="exponential", **OPTIONS)
    assert fit.explained == ["choice", "rt"]
    constant = fit.predictions["log_likelihood_rt"].sel(model="constant").values
    fold, rt = fit.splits["fold"].values, trials["rt"].values
    scale = np.array([rt[fold != each].mean() for each in (0, 1)])[fold]
    np.testing.assert_allclose(constant, stats.expon.logpdf(rt, scale=scale), atol=1e-4)
    fit.save(tmp_path / "fit.nc")
    with pytest.raises(DataError, match=r"agent=neuroalrnn.recover.make_agent\(fit\)"):
        simulate_fit(fit, rng=np.random.default_rng(0))
    kept = Fit.load(tmp_path / "fit.nc")
    made = simulate_fit(kept, None, 60, agent=make_agent(kept), rng=np.random.default_rng(0))
    assert made[0].attrs["simulated"] == "choice, rt"
    # draws have the means that the networks of the folds predict
    eta = np.stack([_read_out(fit, each) for each in range(2)])[fold, np.arange(180)]
    names = fit.config["observation"]["outputs"]
    logit, log_rate = (eta[:, names.index(name)] for name in ("choice.logit", "rt.log_rate"))
    first = slice(None, None, 30)  # what comes later depends on what was drawn
    times = np.stack([each["rt"].values for each in made])
    z = (times.mean(axis=0) * np.exp(log_rate) - 1)[first] * np.sqrt(60)
    assert (np.abs(z) < 4).all()
    share = np.stack([each["choice"].values for each in made]).mean(axis=0)[first]
    p = 1 / (1 + np.exp(-logit[first]))
    assert (np.abs(share - p) < 4 * np.sqrt(p * (1 - p) / 60)).all()


def _read_out(fit, fold):
    """Eta of every trial at its choice, shape (trial, output)."""
    network, sequences = fit.folds[fold].network, fit.sequences
    latents = fit.folds[fold].latents
    eta = np.full((180, len(network.offset)), np.nan)
    here = np.isfinite(sequences.target)
    eta[sequences.trial[here]] = latents[here] @ network.readout.T + network.offset
    return eta


RUN = """
observation = "exponential"
[data]
path = "times.csv"
labels = ["left", "right"]
[data.columns]
subject = "subject"
choice = "choice"
cue = "cue"
reward = "reward"
rt = "rt"
p_left = "p_left"
p_right = "p_right"
[encoding]
inputs = ["cue", "choice"]
[setting]
n_latent = 2
max_checks = 2
check_every = 5
[validation]
n_splits = 2
n_inner = 2
n_restarts = 1
n_pwl = [0]
[task]
name = "bandit"
probability = ["p_left", "p_right"]
"""


@pytest.mark.usefixtures("with_baseline", "with_likelihood")
def test_command_line_run_file_and_report_know_both(table, tmp_path, run):
    table.to_csv(tmp_path / "times.csv", index=False)
    (tmp_path / "times.toml").write_text(RUN, encoding="utf-8")
    out = tmp_path / "out"
    code, _, error = run("compare", "--run", tmp_path / "times.toml", "--out", out)
    assert code == 0, error
    config = json.loads(Fit.load(out / "fit.nc").tree.attrs["config"])
    assert config["observation"]["outputs"] == ["choice.logit", "rt.log_rate"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert NAME in page
    assert "response time" in page
    code, told, error = run("predictive", out / "fit.nc", "--out", out / "lives", "--repeats", 39)
    assert code == 0, error
    assert "predictive.svg" in told


@pytest.mark.parametrize("part", [win_stay, told_option, is_paid, exponential])
def test_the_guide_shows_what_is_tested_here(part):
    guide = Path(__file__).parents[1] / "CONTRIBUTING.md"
    assert inspect.getsource(part) in guide.read_text(encoding="utf-8")


def test_models_with_arguments_of_their_own_are_passed_again(trials):
    shifted = OBSERVATION_MODELS["choice_rt"](time=OBSERVATION_MODELS["shifted_lognormal"])
    fit = select_n_pwl(trials, TINY, SubjectKFold(2), observation=shifted, **OPTIONS)
    with pytest.raises(ValueError, match=r"made with arguments of its own.*pass it as observation"):
        make_agent(fit)
    agent = make_agent(fit, shifted)
    (made,) = simulate_fit(fit, None, 1, agent=agent, rng=np.random.default_rng(0))
    assert (made["rt"] > 0).all()


@pytest.mark.parametrize(
    "model",
    [
        OBSERVATION_MODELS["choice_rt"](3),
        OBSERVATION_MODELS["categorical"](3, available=["a", "b", "c"]),
        OBSERVATION_MODELS["choice_rt"](3, available=["a", "b", "c"]),
    ],
    ids=lambda model: model.name,
)
def test_models_are_recalled_from_what_a_fit_keeps(model):
    saved = {name: getattr(model, name) for name in ("name", "variables", "given", "outputs")}
    found = recall_observation(json.loads(json.dumps(saved)), 3)
    assert found.outputs == model.outputs
    assert found.offered == model.offered
