"""The hybrid against model-based and model-free learning written out."""

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.baselines import hybrid, q_learning, whole_sessions
from neuroalrnn.baselines._learner import build_traces, chosen_options
from neuroalrnn.baselines._traces import Agent, predict_agent
from neuroalrnn.baselines.hybrid import _is_two_step, _leading_options
from neuroalrnn.exceptions import DataError

FREE, BASED = (0.4, 0.2, 0.3, 0.1), (0.6, 0.15, 0.5, 0.25)
WEIGHT = {"free": 1.2, "based": 2.0, "repeat": 0.5, "return": -0.4, "bias": 0.2}
P_COMMON = 0.8


def learn(values, hit, reward, rates):
    """Move the values of one part towards reward, or back to the prior value 0."""
    learning, forgetting, _, unrewarded = rates
    for i in range(2):
        if i == hit:
            values[i] += (learning if reward > 0 else unrewarded) * (reward - values[i])
        else:
            values[i] -= forgetting * values[i]


def by_hand(choice, side, reward, mapping):
    """Log-odds of option 1 before each trial; sides are worth what was paid at them."""
    free, based, found = [0.0, 0.0], [0.0, 0.0], []
    repeat, back = np.zeros(2), np.zeros(2)
    for made, seen, paid in zip(choice, side, reward, strict=True):
        # side to which option i commonly leads
        usual = [i if mapping > 0 else 1 - i for i in range(2)]
        worth = [
            P_COMMON * based[usual[i]] + (1 - P_COMMON) * based[1 - usual[i]] for i in range(2)
        ]
        scale = WEIGHT["based"] / (2 * P_COMMON - 1)
        trace = WEIGHT["repeat"] * repeat + WEIGHT["return"] * back[usual]
        drive = WEIGHT["free"] * np.array(free) + scale * np.array(worth) + trace
        found.append(drive[1] - drive[0] + WEIGHT["bias"])
        learn(free, made, paid, FREE)
        learn(based, seen, paid, BASED)
        repeat += FREE[2] * ((np.arange(2) == made) - repeat)
        back += BASED[2] * ((np.arange(2) == seen) - back)
    return np.array(found)


def two_step(n_subjects=3, n_trials=300, seed=0):
    """Choices of subjects that go back to a rewarded side; every other mapping is reversed."""
    rng = np.random.default_rng(seed)
    parts = []
    for subject in range(n_subjects):
        mapping, place = (-1) ** subject, np.arange(n_trials)
        best = place // 40 % 2
        choice, last = np.zeros(n_trials), 0
        common = rng.random(n_trials) < P_COMMON
        reward = np.zeros(n_trials)
        for t in place:
            choice[t] = last if rng.random() < 0.85 else 1 - last
            target = choice[t] if common[t] else 1 - choice[t]
            reward[t] = rng.random() < (0.8 if target == best[t] else 0.2)
            last = target if reward[t] else 1 - target
        parts.append((np.full(n_trials, f"s{subject}"), place, choice, common, reward, mapping))
    subject, place, choice, common, reward = (
        np.concatenate([part[k] for part in parts]) for k in range(5)
    )
    mapping = np.repeat([part[5] for part in parts], n_trials)
    after = {"known": "after_choice"}
    side = np.where(common, choice, 1 - choice)
    return xr.Dataset(
        {
            "choice": ("trial", choice, {"labels": ["left", "right"]}),
            "reward": ("trial", reward),
            "common": ("trial", common.astype(float), after),
            "mapping": ("trial", mapping.astype(float)),
            "side": ("trial", np.where(mapping > 0, side, 1 - side), after),
        },
        coords={
            "subject": ("trial", subject),
            "session": ("trial", subject),
            "trial_in_session": ("trial", place),
        },
    )


@pytest.fixture(scope="module")
def trials():
    return two_step()


@pytest.mark.parametrize("subject", [0, 1])
def test_predictions_are_those_of_values_of_sides_mapped_through_the_transition(trials, subject):
    here = slice(300 * subject, 300 * subject + 300)
    rows, first = whole_sessions(trials, [here.start])
    credited = [chosen_options(trials), _leading_options(trials)]
    traces, n_rates = build_traces(trials, rows, first, credited, "dual", trials["reward"].values)
    assert n_rates == 8
    weights = [WEIGHT["free"], 0, WEIGHT["repeat"], WEIGHT["based"], 0, WEIGHT["return"]]
    agent = Agent(np.r_[FREE, BASED], np.array(weights), np.array([0, WEIGHT["bias"]]))
    found = predict_agent(agent, traces)
    columns = (trials[name].values[here] for name in ("choice", "side", "reward"))
    expected = by_hand(*columns, trials["mapping"].values[here][0])
    np.testing.assert_allclose(found[:, 1] - found[:, 0], expected, atol=1e-12)


def test_returning_to_rewarded_sides_is_told_from_repeating_rewarded_choices(trials):
    train, test = np.arange(600), np.arange(600, 900)
    made = trials["choice"].values[test].astype(int)

    def score(baseline):
        found = baseline(trials, train, test, members=("forgetting",))
        return found[np.arange(300), made].mean()

    assert score(hybrid) > score(q_learning) + 0.05
    assert score(hybrid) > 0.85 * np.log(0.85) + 0.15 * np.log(0.15) - 0.06


def test_later_trials_do_not_matter(trials):
    train, test = np.arange(600), np.arange(600, 900)
    changed = trials.copy(deep=True)
    changed["common"][700] = 1 - changed["common"][700]
    one, other = (hybrid(t, train, test, members=("dual",)) for t in (trials, changed))
    same = (one == other).all(axis=1)
    assert same[:101].all()
    assert not same[101:110].any()


def test_nothing_is_learned_model_based_where_the_transition_is_unknown(trials):
    unknown = trials.copy(deep=True)
    unknown["common"][:] = np.nan
    assert np.isnan(_leading_options(unknown)).all()
    train, test = np.arange(600), np.arange(600, 900)
    one = hybrid(unknown, train, test, members=("plain",))
    other = q_learning(trials, train, test, members=("plain",))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_two_step_data_are_told_by_their_variables(trials):
    assert _is_two_step(trials)
    assert not _is_two_step(trials.drop_vars("common"))
    assert not _is_two_step(trials.drop_vars("reward"))
    assert not _is_two_step(trials.assign(common=trials["common"] * 2))
    stimulus = trials.copy()
    stimulus["common"] = trials["common"].assign_attrs(known="before_choice")
    assert not _is_two_step(stimulus)
    three = trials.copy(deep=True)
    three["choice"].attrs["labels"] = ["left", "middle", "right"]
    assert not _is_two_step(three)
    with pytest.raises(DataError, match="expected two options"):
        hybrid(three, [0], [1])
