"""Effects in models that are only asked: against one flip at a time."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.baselines import (
    class_frequency,
    glm_hmm,
    history_kernel,
    history_logistic,
    hybrid,
    logistic,
    q_learning,
)
from neuroalrnn.data import encode, from_frame
from neuroalrnn.data.schema import session_number
from neuroalrnn.effects import Counterfactuals, effects_of_predictions, list_flips

N_LAGS = 3
N_TRIALS = 120
ENCODING = {"inputs": ["cue", "choice", "reward"]}
TERMS = ["cue", "choice[-1]", "choice[-1]:reward[-1]"]
# largest error relative to the largest effect: what is left of flips that count as forgotten
MODELS = {
    "class frequency": (class_frequency, {}, 0.0),
    "logistic": (logistic, {"terms": TERMS}, 1e-10),
    "12 lags": (history_logistic, {"terms": TERMS, "inner": None, "n_lags": [12]}, 1e-10),
    "Q-learning": (q_learning, {"members": ["perseveration"]}, 0.02),
    "asymmetric": (q_learning, {"members": ["asymmetric"]}, 0.02),
    "history kernel": (history_kernel, {}, 0.02),
    "RFLR": (history_kernel, {"kernels": ["last choice", "choice:reward"]}, 0.02),
    "hybrid": (hybrid, {"members": ["forgetting"]}, 0.02),
    "GLM-HMM": (glm_hmm, {"terms": TERMS, "n_states": [2], "n_restarts": 1}, 0.05),
}


@pytest.fixture(scope="module")
def trials():
    """Four subjects with two sessions, who follow a cue or what paid; some trials lack a choice."""
    rng = np.random.default_rng(0)
    n = 8 * N_TRIALS
    cue, reward = rng.normal(size=n), rng.integers(0, 2, n) * 1.0
    choice, value = np.zeros(n), 0.0
    for t in range(n):
        engaged = (t // 40) % 2
        drive = 2.0 * cue[t] if engaged else 3.0 * value
        choice[t] = rng.random() < 1 / (1 + np.exp(-drive))
        value += 0.2 * ((2 * choice[t] - 1) * (2 * reward[t] - 1) - value)
    frame = pd.DataFrame({"cue": cue, "choice": choice, "reward": reward})
    frame["subject"] = np.repeat(list("abcd"), 2 * N_TRIALS)
    frame["session"] = np.tile(np.repeat([1, 2], N_TRIALS), 4)
    frame["common"] = rng.integers(0, 2, n) * 1.0
    made = from_frame(frame, {name: name for name in frame}, labels=[0, 1])
    made["common"].attrs["known"] = "after_choice"
    made["choice"][700:706] = np.nan
    made["reward"][710] = np.nan
    return made


@pytest.mark.parametrize("name", MODELS)
def test_effects_are_those_of_one_flip_at_a_time(name, trials):
    baseline, options, tolerance = MODELS[name]
    held_out = np.flatnonzero(np.isin(trials["subject"].values, ["c", "d"]))
    train = np.flatnonzero(np.isin(trials["subject"].values, ["a", "b"]))
    predict = baseline.fit(trials, train, **options)
    asked = Counterfactuals(trials, ENCODING, encode(trials, **ENCODING))
    flips = list_flips(trials, ENCODING, train=train)
    found = effects_of_predictions(asked, predict, flips, held_out, N_LAGS)
    assert found.shape == (len(held_out), 3, N_LAGS + 1, 1)
    session = session_number(trials)[held_out]
    largest = np.nanmax(np.abs(found))
    assert largest > 0.1 or baseline is class_frequency
    rng = np.random.default_rng(1)
    for k, flip in enumerate(flips):
        for start in [200, 239, 240, *rng.integers(0, len(held_out), 6)]:
            etas = [
                np.diff(predict(flip.set(trials, level, held_out[[start]]), held_out))[:, 0]
                for level in (0, 1)
            ]
            effect = (etas[1] - etas[0]) / 2
            for lag in range(N_LAGS + 1):
                at = start + lag
                if at >= len(held_out) or session[at] != session[start]:
                    continue
                is_known = flip.is_set[held_out[start]] and lag >= flip.first_lag
                if is_known and np.isfinite(trials["choice"].values[held_out[at]]):
                    assert abs(found[at, k, lag, 0] - effect[at]) <= tolerance * largest + 1e-12
                else:
                    assert np.isnan(found[at, k, lag, 0])


def test_a_trial_that_begins_a_session_has_no_effect_of_the_one_before(trials):
    asked = Counterfactuals(trials, ENCODING, encode(trials, **ENCODING))
    predict = logistic.fit(trials, np.arange(480), terms=TERMS)
    flips = list_flips(trials, ENCODING, ["choice"])
    found = effects_of_predictions(asked, predict, flips, np.arange(480, 960), N_LAGS)
    assert np.isnan(found[[0, 120, 240, 360]]).all()
    assert np.isfinite(found[[1, 121, 241, 361], 0, 1]).all()
    # some trials of a session have the effects that they have among all
    some = effects_of_predictions(asked, predict, flips, np.array([500, 650]), N_LAGS)
    np.testing.assert_array_equal(some, found[[20, 170]])
