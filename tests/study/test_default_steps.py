"""What is fitted where nobody says how: enough to see that a choice depends on what came of it."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold, from_frame
from neuroalrnn.study import select_n_pwl


@pytest.fixture(scope="module")
def fit():
    """Win-stay, lose-shift with probability 0.9, and no word on steps."""
    rng = np.random.default_rng(0)
    rows = []
    for subject in range(6):
        choice = rng.integers(0, 2)
        for trial in range(80):
            reward = rng.integers(0, 2)
            rows.append((f"s{subject}", trial, choice, reward))
            choice = choice if (rng.random() < 0.9) == (reward == 1) else 1 - choice
    frame = pd.DataFrame(rows, columns=["subject", "trial", "choice", "reward"])
    trials = from_frame(frame, {name: name for name in frame})
    setting = Setting(n_latent=4, max_checks=20, batch_size=4, learning_rate=0.05)
    options = {"n_pwl": (0, 2), "n_inner": 2, "progress": False, "baselines": None}
    return select_n_pwl(trials, setting, SubjectKFold(2), 3, **options)


def test_win_stay_lose_shift_is_seen_without_a_word_on_steps(fit):
    scores = fit.summarise()["log_likelihood"]
    # short training: the history logistic has -0.35
    assert scores["AL-RNN P=2"] > -0.5
    # a linear network cannot multiply choice and reward
    assert scores["AL-RNN P=0"] < -0.65


def test_the_fit_says_what_the_default_chose(fit):
    assert fit.encoding == {
        "step": "event", "choice_event": "response", "events": ["response", "outcome"],
        "inputs": {"choice": "outcome", "reward": "outcome"},
    }  # fmt: skip
    assert fit.config["steps_to_choice"] == {"choice": 1, "reward": 1}
    assert fit.config["steps_to_next_choice"] == {"choice": 1, "reward": 1}
    assert fit.config["n_gaps"] == 0
    assert "The data name no events" in fit.trials.attrs["default_encoding"]
    assert fit.cautions == []
