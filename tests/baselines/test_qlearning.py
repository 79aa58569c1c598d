"""Q-learning against the recursion written out, and against simulated subjects."""

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.baselines import q_learning, whole_sessions
from neuroalrnn.baselines._learner import MEMBERS, _fit, build_traces, chosen_options
from neuroalrnn.baselines._traces import Agent, predict_agent
from neuroalrnn.data import validate
from neuroalrnn.exceptions import DataError, FitError

PARAMETERS = {
    "learning": 0.3, "forgetting": 0.1, "tracing": 0.4, "unrewarded": 0.15, "prior": 0.25,
    "temperature": 3.0, "stickiness": 0.8, "bias": [0.0, 0.3, -0.2],
}  # fmt: skip


def by_hand(choice, reward, n_options, *, learning, forgetting, tracing, unrewarded, prior,
            temperature, stickiness, bias):  # fmt: skip
    """Log-probabilities before every choice of one session, (trial, option)."""
    q, c, found = [prior] * n_options, [0.0] * n_options, []
    for made, paid in zip(choice, reward, strict=True):
        drive = np.array(
            [temperature * q[i] + stickiness * c[i] + bias[i] for i in range(n_options)]
        )
        found.append(drive - np.log(np.exp(drive).sum()))
        for i in range(n_options):
            if made != i:
                q[i] += forgetting * (prior - q[i])
            elif not np.isnan(paid):
                q[i] += (learning if paid > 0 else unrewarded) * (paid - q[i])
            c[i] += tracing * ((made == i) - c[i])
    return np.array(found)


def as_agent(p, n_options):
    weights = [p["temperature"], -p["temperature"] * p["prior"], p["stickiness"]]
    rates = [p["learning"], p["forgetting"], p["tracing"], p["unrewarded"]]
    return Agent(np.array(rates), np.array(weights), np.array(p["bias"][:n_options]))


def simulate(n_subjects=4, n_sessions=3, n_trials=150, n_options=2, seed=0):
    """Subjects that all learn alike; arm 0 pays more in even sessions, arm 1 in odd ones."""
    rng = np.random.default_rng(seed)
    choice, reward = [], []
    for session in range(n_subjects * n_sessions):
        made, paid = [], []
        for _ in range(n_trials):
            now = by_hand([*made, np.nan], [*paid, np.nan], n_options, **PARAMETERS)[-1]
            made.append(int(rng.choice(n_options, p=np.exp(now))))
            paid.append(float(rng.random() < (0.8 if made[-1] == session % 2 else 0.2)))
        choice, reward = choice + made, reward + paid
    return dataset(choice, reward, n_subjects, n_sessions, n_options)


def dataset(choice, reward, n_subjects, n_sessions, n_options):
    n_trials = len(choice) // (n_subjects * n_sessions)
    labels = [f"arm {i}" for i in range(n_options)]
    place = np.arange(len(choice))
    session = place // n_trials
    return validate(
        xr.Dataset(
            {
                "choice": ("trial", np.array(choice, float), {"labels": labels}),
                "reward": ("trial", np.array(reward, float)),
            },
            coords={
                "subject": ("trial", np.array([f"s{i}" for i in session // n_sessions])),
                "session": ("trial", np.array([f"{i}" for i in session % n_sessions])),
                "trial_in_session": ("trial", place % n_trials),
            },
        )
    )


@pytest.fixture(scope="module")
def trials():
    return simulate(n_trials=40)


def halves(train):
    return [(train[: len(train) // 2], train[len(train) // 2 :])]


@pytest.mark.parametrize("n_options", [2, 3])
def test_predictions_are_those_of_the_recursion(n_options):
    rng = np.random.default_rng(1)
    choice = rng.integers(0, n_options, 80).astype(float)
    reward = rng.integers(0, 2, 80).astype(float)
    choice[[7, 8, 50]] = np.nan
    reward[[8, 20, 60]] = np.nan
    trials = dataset(choice, reward, 1, 2, n_options)
    rows, first = whole_sessions(trials, [0, 79])
    traces, n_rates = build_traces(trials, rows, first, [chosen_options(trials)], "dual", reward)
    assert n_rates == 4
    expected = [
        by_hand(choice[part], reward[part], n_options, **PARAMETERS)
        for part in (slice(0, 40), slice(40, 80))
    ]
    found = predict_agent(as_agent(PARAMETERS, n_options), traces)
    np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("member", "off"),
    [
        ("plain", {"forgetting": 0.0, "stickiness": 0.0}),
        ("forgetting", {"stickiness": 0.0}),
        ("perseveration", {}),
    ],
)
def test_members_are_the_full_model_with_parts_switched_off(trials, member, off):
    p = PARAMETERS | off | {"unrewarded": PARAMETERS["learning"]}
    rows, first = whole_sessions(trials, [0])
    reward = trials["reward"].values
    traces, n_rates = build_traces(trials, rows, first, [chosen_options(trials)], member, reward)
    full = as_agent(p, 2)
    agent = Agent(full.rates[:n_rates], full.weights[: traces.target.shape[1]], full.bias)
    expected = by_hand(trials["choice"].values[:40], trials["reward"].values[:40], 2, **p)
    np.testing.assert_allclose(predict_agent(agent, traces), expected, atol=1e-12)


def asymmetric_agent(p, n_trials, rng):
    """Choices between two options that pay now this and now that, and their log-probabilities."""
    q, c, found = np.full(2, p["prior"]), np.zeros(2), []
    choice, reward = np.zeros(n_trials, int), np.zeros(n_trials)
    for t in range(n_trials):
        drive = p["temperature"] * q + p["stickiness"] * c + p["bias"][:2]
        found.append(drive - np.log(np.exp(drive).sum()))
        choice[t] = made = int(rng.random() < np.exp(found[-1][1]))
        reward[t] = rng.normal((made == t // 25 % 2) - 0.5, 0.5)
        q[1 - made] += p["forgetting"] * (p["prior"] - q[1 - made])
        error = reward[t] - q[made]
        q[made] += (p["learning"] if error >= 0 else p["unrewarded"]) * error
        c += p["tracing"] * ((np.arange(2) == made) - c)
    return choice, reward, np.array(found)


@pytest.mark.parametrize("temperature", [3.0, -3.0])
def test_asymmetric_learning_follows_the_sign_of_the_prediction_error(temperature):
    p = PARAMETERS | {"temperature": temperature}
    choice, reward, expected = asymmetric_agent(p, 60, np.random.default_rng(7))
    trials = dataset(choice, reward, 1, 1, 2)
    rows, first = whole_sessions(trials, [0])
    given = trials, rows, first, [chosen_options(trials)], "asymmetric", reward
    traces, _ = build_traces(*given)
    np.testing.assert_allclose(predict_agent(as_agent(p, 2), traces), expected, atol=1e-12)


def test_parameters_of_an_asymmetric_agent_are_found_again():
    p, rng = PARAMETERS | {"unrewarded": 0.7, "stickiness": 1.5}, np.random.default_rng(3)
    sessions = [asymmetric_agent(p, 250, rng)[:2] for _ in range(16)]
    choice, reward = (np.concatenate(each) for each in zip(*sessions, strict=True))
    trials, kept = dataset(choice, reward, 8, 2, 2), {}
    options = {"credit": lambda trials: [chosen_options(trials)], "random_state": 0, "kept": kept}
    _fit(trials, np.arange(4000), "asymmetric", **options)
    (found,) = [agent for (member, _), agent in kept.items() if member == "asymmetric"]
    np.testing.assert_allclose(found.rates, as_agent(p, 2).rates, atol=0.1)
    np.testing.assert_allclose(found.weights[0] / reward.std(), 3.0, atol=0.3)
    np.testing.assert_allclose(found.bias[1], 0.3, atol=0.1)


def test_held_out_predictions_come_close_to_those_of_the_true_agent():
    trials = simulate()
    train, test = np.arange(1350), np.arange(1350, 1800)
    found = q_learning(trials, train, test, members=("dual",))
    sessions = test.reshape(3, -1)
    choice, reward = trials["choice"].values, trials["reward"].values
    true = np.concatenate([by_hand(choice[s], reward[s], 2, **PARAMETERS) for s in sessions])
    made = choice[test].astype(int)
    gap = (true - found)[np.arange(450), made].mean()
    assert abs(gap) < 0.01
    assert np.abs(np.exp(true) - np.exp(found)).mean() < 0.05


def test_later_trials_and_other_sessions_do_not_matter(trials):
    train, test = np.arange(240), np.arange(360, 480)
    changed = trials.copy(deep=True)
    changed["choice"][380] = 1 - changed["choice"][380]
    changed["reward"][380] = 1 - changed["reward"][380]
    one, other = (q_learning(t, train, test, members=("dual",)) for t in (trials, changed))
    same = (one == other).all(axis=1)
    assert same[:21].all()
    assert not same[21:40].any()
    assert same[40:].all()


def test_unscored_trials_teach_but_are_not_predicted_in_training(trials):
    test = np.arange(360, 480)
    train = np.flatnonzero(np.arange(480) % 40 % 3 > 0)
    train = train[train < 360]
    changed = trials.copy(deep=True)
    changed["reward"][0] = 1 - changed["reward"][0]
    one, other = (q_learning(t, train, test, members=("plain",)) for t in (trials, changed))
    assert 0 < np.abs(one - other).max() < 0.1
    # the last choice of a session teaches nothing: unscored, it has no part in the fit
    last = trials.copy(deep=True)
    last["choice"][39] = 1 - last["choice"][39]
    fewer = train[train != 39]
    one, other = (q_learning(t, fewer, test, members=("plain",)) for t in (trials, last))
    np.testing.assert_array_equal(one, other)


def test_some_trials_of_a_session_are_predicted_as_all_of_them(trials):
    train, test = np.arange(240), np.arange(360, 480)
    every = q_learning(trials, train, test, members=("plain",))
    some = q_learning(trials, train, test[::7], members=("plain",))
    np.testing.assert_array_equal(every[::7], some)


def test_unit_of_the_reward_does_not_matter(trials):
    train, test = np.arange(240), np.arange(360, 480)
    cents = trials.assign(reward=100 * trials["reward"])
    one, other = (q_learning(t, train, test, members=("dual",)) for t in (trials, cents))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_member_is_chosen_inside(trials):
    train, test = np.arange(360), np.arange(360, 480)
    found = q_learning(trials, train, test, inner=halves)
    each = [q_learning(trials, train, test, members=(member,)) for member in MEMBERS]
    assert sum(np.array_equal(found, one) for one in each) == 1
    assert not np.array_equal(found, each[0])


@pytest.mark.parametrize("member", ["dual", "asymmetric"])
def test_three_options_with_missing_choices_and_rewards_are_predicted(member):
    trials = simulate(n_subjects=2, n_trials=60, n_options=3)
    trials["choice"][[5, 200]] = np.nan
    trials["reward"][[8, 20]] = np.nan
    train = np.flatnonzero(np.isfinite(trials["choice"].values[:180]))
    found = q_learning(trials, train, np.arange(180, 360), members=(member,))
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1)


def test_unknown_members_and_missing_rewards_are_named_together(trials):
    with pytest.raises(DataError, match=r"(?s)did you mean 'dual'.*no numeric variable 'reward'"):
        q_learning(trials.drop_vars("reward"), [0], [1], members=("duel",))
    with pytest.raises(FitError, match="4 candidates and no part"):
        q_learning(trials, np.arange(240), np.arange(360, 480))
