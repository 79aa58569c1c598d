"""The loader reproduces the counts and the logistic reference of this dataset."""

import json

import numpy as np
import pandas as pd
import pytest

from data_loaders import load
from neuroalrnn.baselines import logistic
from neuroalrnn.data import default_encoding, encode
from neuroalrnn.data.schema import is_after_choice

# ten lags of choice and choice x reward, columns of the source file, in-sample, nats per trial
REFERENCE = -0.3764639


@pytest.fixture(scope="module")
def trials():
    return load("dezfouli2019")


def test_counts(trials):
    assert trials.sizes["trial"] == 132_251
    assert int(trials["scored"].sum()) == 131_039
    assert len(np.unique(trials["subject"])) == 101
    games = trials[["subject", "session"]].to_dataframe().groupby(["subject", "session"]).size()
    assert (len(games), games.min(), games.median(), games.max()) == (1_212, 6, 108, 202)
    reasons = trials["unscored_reason"].values
    np.testing.assert_array_equal(reasons == "", trials["scored"])
    assert json.loads(trials.attrs["unscored"])[0]["n_trials"] == (reasons != "").sum()


def test_behaviour(trials):
    frame = trials[["choice", "reward", "rt"]].to_dataframe()
    same = frame["choice"].eq(frame["choice"].shift())[trials["scored"].values]
    assert frame["reward"].mean() == pytest.approx(0.110, abs=5e-4)
    assert same.mean() == pytest.approx(0.794, abs=5e-4)
    assert frame["rt"].median() == pytest.approx(0.275)
    assert frame["rt"].max() == pytest.approx(12.0, abs=0.05)
    length = frame.groupby([trials["subject"].values, trials["session"].values])["rt"].sum()
    assert length.mean() < 38.2


def test_reward_follows_the_hidden_probabilities(trials):
    second = trials["choice"].values == 1
    probability = np.where(second, trials["p_reward_R2"], trials["p_reward_R1"])
    observed = trials["reward"].to_series().groupby(probability).mean()
    np.testing.assert_allclose(observed.loc[[0.05, 0.08, 0.125, 0.25]], observed.index, atol=6e-3)
    better = (trials["p_reward_R2"] > trials["p_reward_R1"]).values
    np.testing.assert_array_equal(trials["correct"], second == better)


def test_outcomes(trials):
    both = trials["first_outcome"] + trials["second_outcome"]
    np.testing.assert_array_equal(both, trials["reward"])
    frame = pd.DataFrame(
        {name: trials[name].values for name in ("subject", "session", "choice", "second_outcome")}
    )
    rewarded = frame[trials["reward"].values == 1]
    # within a game every key gives one kind of outcome
    kinds = rewarded.groupby(["subject", "session", "choice"])["second_outcome"].nunique()
    assert (kinds == 1).all()


def test_nothing_hidden_can_enter_before_the_choice(trials):
    for name in ("reward", "correct", "condition", "p_reward_R1", "p_reward_R2", "rt"):
        assert is_after_choice(trials, name)


def test_an_outcome_reaches_the_next_choice_through_a_step(trials):
    sequences = encode(trials, **default_encoding(trials))
    assert sequences.steps_to_choice == {
        "choice[-1]": 1,
        "reward[-1]": 1,
        "second_outcome[-1]": 1,
    }
    assert len(sequences.n_steps) == 1_212


def test_logistic_reference(trials):
    """The log-likelihood that the same regression reaches on the columns of the source file."""
    scored = np.flatnonzero(trials["scored"].values)
    terms = json.loads(trials.attrs["baselines"])["history-logistic"]
    values = logistic(trials, scored, scored, terms=terms)
    chosen = values[np.arange(len(scored)), trials["choice"].values[scored].astype(int)]
    assert chosen.mean() == pytest.approx(REFERENCE, abs=1e-5)
