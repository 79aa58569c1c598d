"""A small task, and a quick cross-validation of it, that these tests share."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.config import Setting
from neuroalrnn.data import LeaveOneSubjectOut, SubjectKFold
from neuroalrnn.data.tables import from_frame
from neuroalrnn.study import select_n_pwl

ENCODING = {
    "step": "event",
    "choice_event": "response",
    "inputs": {
        "stimulus": "stimulus",
        "rule": "stimulus",
        "choice": "response",
        "reward": "response",
    },
}
SETTING = Setting(
    n_latent=3,
    check_every=10,
    max_checks=6,
    patience=3,
    batch_size=8,
    learning_rate=0.05,
    weight_decay=0.1,
)


def _experiment(n_subjects=6, n_trials=40, *, seed=0, scale=1.0, shared_order=False):
    """Choices follow stimulus x rule with 10 % lapses, else reward; one session per subject."""
    rng = np.random.default_rng(seed)
    frames = []
    for subject in range(n_subjects):
        order = np.random.default_rng(99) if shared_order and subject < 2 else rng
        stimulus, rule = order.choice([-1, 1], (2, n_trials))
        correct = rng.random(n_trials) > 0.1
        choice = np.where(correct, stimulus * rule, -stimulus * rule)
        frames.append(
            pd.DataFrame(
                {
                    "who": f"s{subject}",
                    "stimulus": scale * stimulus,
                    "rule": rule,
                    "choice": (choice + 1) // 2,
                    "reward": correct.astype(float),
                    "on": 0.0,
                    "go": 0.5,
                }
            )
        )
    names = ["stimulus", "rule", "choice", "reward"]
    return from_frame(
        pd.concat(frames, ignore_index=True),
        {"subject": "who"} | {name: name for name in names},
        labels={0: "left", 1: "right"},
        events={"stimulus": "on", "response": "go"},
    )


def _fit(trials, cv=None, **options):
    options = {"n_pwl": (0, 2), "n_restarts": 2, "n_inner": 2, "progress": False} | options
    return select_n_pwl(
        trials, SETTING, cv or LeaveOneSubjectOut(), encoding=ENCODING, threads=1, **options
    )


@pytest.fixture(scope="session")
def encoding():
    """Stimulus and rule, then the response with its reward."""
    return ENCODING


@pytest.fixture(scope="session")
def setting():
    """A short training."""
    return SETTING


@pytest.fixture(scope="session")
def experiment():
    """Make a dataset, see `_experiment`."""
    return _experiment


@pytest.fixture(scope="session")
def fit():
    """Cross-validate a dataset, see `_fit`."""
    return _fit


@pytest.fixture(scope="session")
def trials():
    """Six subjects; never change them."""
    return _experiment()


@pytest.fixture(scope="session")
def fitted(trials):
    """Their fit, one subject held out at a time."""
    return _fit(trials)


def _with_times(trials, *, seed=5):
    """Slow where stimulus and rule disagree; every ninth time is missing, one trial not scored."""
    conflict = -(trials["stimulus"] * trials["rule"]).values
    noise = np.random.default_rng(seed).standard_normal(len(conflict))
    rt = np.exp(-0.7 + 0.25 * conflict + 0.2 * noise)
    rt[::9] = np.nan
    scored = np.arange(len(rt)) != 10
    return trials.assign(rt=("trial", rt), scored=("trial", scored))


@pytest.fixture(scope="session")
def timed(experiment):
    """Six subjects with response times; never change them."""
    return _with_times(experiment(6, 60))


@pytest.fixture(scope="session")
def joint_fit(timed):
    """Choices and times, in two folds."""
    long = Setting(n_latent=4, check_every=20, max_checks=8, batch_size=8, learning_rate=0.05)
    options = {"n_pwl": (2,), "n_inner": 2, "progress": False, "observation": "choice_rt"}
    return select_n_pwl(timed, long, SubjectKFold(2), 2, encoding=ENCODING, threads=1, **options)
