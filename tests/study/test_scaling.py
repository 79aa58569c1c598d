"""Neither origin nor unit of a covariate changes what any model says of held-out choices."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.baselines import default_terms, glm_hmm, history_logistic, logistic, q_learning
from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold, from_frame
from neuroalrnn.study import select_n_pwl
from neuroalrnn.study.recurrent import recurrent_baselines
from neuroalrnn.study.study import prepare_study

pytestmark = pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")

SETTING = Setting(n_latent=2, check_every=5, max_checks=2, learning_rate=0.02, dtype="float64")
STEPS = {
    "trial": {"inputs": ["cue", "x", "choice", "reward"]},
    "event": {
        "step": "event", "choice_event": "go",
        "inputs": {"cue": "on", "x": "on", "choice": "go", "reward": "out"},
    },
    "time": {
        "step": "time", "choice_event": "go", "dt": 0.5,
        "inputs": {"cue": "on", "x": "on", "choice": "go", "reward": "out"},
    },
}  # fmt: skip


def experiment(offset=0.0, unit=1.0, n_subjects=4, n_trials=25):
    """Choices follow a cue of -1, 0, +1 and a number that is missing at times."""
    rng = np.random.default_rng(1)
    n = n_subjects * n_trials
    cue, x = rng.choice([-1.0, 0.0, 1.0], n), np.round(rng.normal(size=n) * 8)
    x[rng.random(n) < 0.1] = np.nan
    choice = rng.random(n) < 1 / (1 + np.exp(-2 * cue - np.nan_to_num(x) / 8))
    reward = (rng.random(n) < 0.3 + 0.4 * choice) * 1.0
    frame = pd.DataFrame(
        {
            "who": np.repeat([f"s{i}" for i in range(n_subjects)], n_trials),
            "cue": unit * (cue + offset), "x": unit * (x - 2 * offset), "choice": choice * 1,
            "reward": reward * unit + offset, "on": 0.0, "go": 0.5, "out": 1.0,
        }
    )  # fmt: skip
    columns = {"subject": "who"} | {name: name for name in ("cue", "x", "choice", "reward")}
    return from_frame(frame, columns, events={name: name for name in ("on", "go", "out")})


CODED = pytest.mark.parametrize(
    ("offset", "unit"), [(100, 1), (1e4, 1), (1e6, 1), (-3, 1e-3), (7, 1e5)]
)


def score(trials, step, dtype):
    """Held-out log-likelihood of every trial under P = 0 and 1."""
    setting = SETTING.model_copy(update={"dtype": dtype})
    fit = select_n_pwl(
        trials, setting, SubjectKFold(2), 1, n_pwl=(0, 1), n_inner=2, encoding=STEPS[step],
        baselines={}, progress=False, threads=1,
    )  # fmt: skip
    return fit.predictions["log_likelihood"].values


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("step", list(STEPS))
def test_networks_score_alike_however_covariates_are_stored(step, dtype):
    expected = score(experiment(), step, dtype)
    for offset, unit in ((100, 1), (1e6, 1), (7, 1e-3)):
        found = score(experiment(offset, unit), step, dtype)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def in_two(train):
    """One inner part: the first half fits, the second validates."""
    return [(train[: len(train) // 2], train[len(train) // 2 :])]


TERMS = ["cue", "x", "cue:x", "choice[-1]", "reward[-1]", "choice[-1]:reward[-1]", "x[-2]"]
BASELINES = {
    "logistic": lambda *data: logistic(*data, terms=TERMS),
    "lags chosen": lambda *data: history_logistic(*data, terms=TERMS, inner=in_two, n_lags=(1, 2)),
    "default terms": lambda trials, *parts: logistic(
        trials, *parts, terms=default_terms(trials, STEPS["trial"]["inputs"])
    ),
    "GLM-HMM": lambda *data: glm_hmm(*data, terms=TERMS, inner=in_two, n_states=(1, 2)),
    "Q-learning": lambda *data: q_learning(*data, members=("forgetting",)),
    "Q-learning, dual": lambda *data: q_learning(*data, members=("dual",)),
}


@pytest.mark.parametrize("name", BASELINES)
@CODED
def test_baselines_score_alike_however_covariates_are_stored(name, offset, unit):
    parts = np.arange(75), np.arange(75, 100)
    expected = BASELINES[name](experiment(), *parts)
    found = BASELINES[name](experiment(offset, unit), *parts)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["GRU", "LSTM"])
def test_gated_networks_score_alike_however_covariates_are_stored(name):
    options = {"n_inner": 2, "n_restarts": 1, "encoding": STEPS["event"], "threads": 1}
    found = []
    for offset, unit in ((0, 1), (1e6, 1e-3)):
        study = prepare_study(experiment(offset, unit), SETTING, SubjectKFold(2), **options)
        baseline = replace(recurrent_baselines(study)[name], sizes=(3,))
        found.append(baseline(study.trials, np.arange(75), np.arange(75, 100)))
    np.testing.assert_allclose(*found, rtol=0, atol=1e-6)


def test_an_offset_cue_is_learned():
    """A cue of 99 and 101 said nothing when inputs were only scaled."""
    trials = experiment(100, n_trials=60)
    follows = (trials["cue"] > 99.5) ^ (trials["trial_in_session"] % 19 == 7)
    trials["choice"][:] = follows
    setting = SETTING.model_copy(update={"max_checks": 10, "learning_rate": 0.05})
    fit = select_n_pwl(
        trials, setting, SubjectKFold(2), 1, n_pwl=(0,), n_inner=2, encoding={"inputs": ["cue"]},
        baselines={}, progress=False, threads=1,
    )  # fmt: skip
    assert fit.summarise()["accuracy"]["AL-RNN"] > 0.9
