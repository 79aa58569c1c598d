"""The closed loop enters what it draws exactly as encoding it afterwards would."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit, softmax

from neuroalrnn.behaviour.simulate import NetworkAgent, simulate, simulate_fit
from neuroalrnn.data import encode, validate
from neuroalrnn.exceptions import DataError, FitError
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.tasks import Environment, bandit, stimulus_selection

INPUTS = {"cue": "cue", "choice": "press", "reward": "outcome", "correct": "outcome"}
EVENTS = {"step": "event", "choice_event": "press", "inputs": INPUTS}
ENCODINGS = {
    "event": EVENTS,
    "event, block": EVENTS | {"carry": "block"},
    "event, trial": EVENTS | {"carry": "trial"},
    "event, read out last": EVENTS
    | {"choice_event": "outcome", "inputs": {"cue": "cue", "choice": "press"}},
    "trial": {"inputs": ["cue", "choice", "reward"]},
    "trial, block": {"inputs": ["cue", "choice", "reward"], "carry": "block"},
    "time": {"step": "time", "dt": 0.1, "choice_event": "press", "inputs": INPUTS},
    "time, last step": {"step": "time", "dt": 0.2, "inputs": ["choice", "reward"]},
    "time, cut": {"step": "time", "dt": 0.1, "choice_event": "press", "inputs": INPUTS}
    | {"max_steps": 6},
}


def experiment(n_options=2, seed=0, lengths=(9, 14, 5, 14)):
    """Sessions of unequal length, with forced and missed trials, and outcomes that fail to come."""
    rng = np.random.default_rng(seed)
    n = sum(lengths)
    choice = rng.integers(0, n_options, n).astype(float)
    choice[[3, 20]] = np.nan
    time = np.cumsum(rng.uniform(0.05, 0.4, (n, 3)), axis=1)
    time[[2, 30], 2] = np.nan
    place = np.concatenate([np.arange(length) for length in lengths])
    signed = {"known": "after_choice", "coding": "signed"}
    labels = {"labels": ["a", "b", "c"][:n_options]}
    return validate(
        xr.Dataset(
            {
                "choice": ("trial", choice, labels),
                "reward": ("trial", rng.integers(0, 2, n) * 1.0, signed),
                "correct": ("trial", rng.integers(0, 2, n) * 1.0),
                "rt": ("trial", time[:, 1]),
                "cue": ("trial", rng.standard_normal(n)),
                "scored": ("trial", np.isfinite(choice) & (rng.random(n) > 0.2)),
                "event_time": (("trial", "event"), time),
            },
            coords={
                "subject": ("trial", np.repeat(["x", "x", "y", "z"], lengths)),
                "session": ("trial", np.repeat(["1", "2", "1", "1"], lengths)),
                "block": ("trial", place // 4),
                "trial_in_session": ("trial", place),
                "event": ["cue", "press", "outcome"],
            },
        )
    )


def network(sequences, n_latent=5, n_pwl=3, seed=0):
    rng = np.random.default_rng(seed)
    n_outputs = 1 if len(sequences.labels) == 2 else len(sequences.labels)
    shapes = [(n_latent,), (n_latent, n_latent), (n_latent, len(sequences.features))]
    shapes += [(n_latent,), (n_latent,), (n_outputs, n_latent), (n_outputs,)]
    return Network(n_pwl, *(0.5 * rng.standard_normal(shape) for shape in shapes))


def environment(trials):
    n_options = len(trials["choice"].attrs["labels"])
    return bandit(np.random.default_rng(1).random((trials.sizes["trial"], n_options)))


def open_loop(one, trials, encoding):
    """Probability of every recorded choice, by encoding the whole dataset."""
    sequences = encode(trials, **encoding)
    eta = compute_latents(one, sequences) @ one.readout.T + one.offset
    both = np.concatenate([expit(-eta), expit(eta)], axis=-1) if len(one.offset) == 1 else None
    probability = softmax(eta, axis=-1) if both is None else both
    read = np.isfinite(sequences.target)
    found = np.full(trials.sizes["trial"], np.nan)
    made = sequences.target[read].astype(int)
    found[sequences.trial[read]] = probability[read][np.arange(len(made)), made]
    return found


@pytest.mark.parametrize("n_options", [2, 3])
@pytest.mark.parametrize("name", ENCODINGS)
def test_encoding_a_simulation_gives_the_probabilities_it_was_drawn_from(name, n_options):
    trials, encoding = experiment(n_options), ENCODINGS[name]
    one = network(encode(trials, **encoding))
    rng = np.random.default_rng(2)
    found = simulate(one, trials, encoding, environment(trials), rng=rng)
    expected = open_loop(one, found, encoding)
    np.testing.assert_allclose(found["choice_probability"], expected, atol=1e-12)
    moved = (found["choice"] != trials["choice"]).values & trials["scored"].values
    assert moved.sum() >= 5


@pytest.mark.parametrize("name", ["event", "trial", "time", "time, cut"])
@pytest.mark.parametrize("missing", [[], [1, 5, 6, 11, 25]])
def test_where_drawn_outcomes_are_present_is_told_as_encoding_would(name, missing):
    trials = experiment()
    trials["reward"] = trials["reward"].drop_attrs()
    trials["reward"][missing] = np.nan
    whole = encode(trials, **ENCODINGS[name])
    assert any(each.startswith("reward") for each in whole.present_at)
    encoding = ENCODINGS[name] | {"presence": whole.presence}
    one, rng = network(whole), np.random.default_rng(2)
    found = simulate(one, trials, encoding, environment(trials), rng=rng)
    assert found["reward"].isnull().sum() < len(missing) or not missing
    expected = open_loop(one, found, encoding)
    np.testing.assert_allclose(found["choice_probability"], expected, atol=1e-12)


def test_a_network_of_other_features_is_refused():
    trials = experiment()
    one = network(encode(trials, **EVENTS))
    with pytest.raises(DataError, match="takes 7 input features, the trials have 3"):
        simulate(one, trials, {"inputs": ["cue", "choice", "reward"]}, rng=np.random.default_rng(0))


@pytest.mark.parametrize("n_options", [2, 3])
@pytest.mark.parametrize("name", ENCODINGS)
def test_replaying_all_choices_gives_the_open_loop(name, n_options):
    trials, encoding = experiment(n_options), ENCODINGS[name]
    trials["scored"] = trials["scored"] & False
    one = network(encode(trials, **encoding))
    found = simulate(one, trials, encoding, environment(trials), rng=np.random.default_rng(0))
    xr.testing.assert_identical(found["choice"], trials["choice"])
    xr.testing.assert_identical(found["reward"], trials["reward"])
    expected = open_loop(one, trials, encoding)
    np.testing.assert_allclose(found["choice_probability"], expected, atol=1e-12)


class Recorder(NetworkAgent):
    """Keeps the states it passes through."""

    def advance(self, state, inputs):
        moved = super().advance(state, inputs)
        self.__dict__.setdefault("states", []).append(moved[0])
        return moved


def test_replayed_latents_are_those_of_the_encoded_trials():
    trials = experiment()
    trials["scored"] = trials["scored"] & False
    sequences = encode(trials, **EVENTS)
    agent = Recorder(network(sequences))
    simulate(agent, trials, EVENTS, environment(trials), rng=np.random.default_rng(0))
    expected = compute_latents(agent.network, sequences)
    for step, state in enumerate(agent.states):
        running = sequences.n_steps > step
        np.testing.assert_allclose(state, expected[running, step], atol=1e-12)
    assert step + 1 == sequences.n_steps.max()


def test_only_what_follows_from_a_free_choice_is_replaced():
    trials = experiment()
    one = network(encode(trials, **EVENTS))
    found = simulate(one, trials, EVENTS, environment(trials), rng=np.random.default_rng(0))
    kept = ~trials["scored"].values
    for name in trials.variables:
        if name in ("choice", "reward", "correct", "rt"):
            np.testing.assert_array_equal(found[name][kept], trials[name][kept])
        else:
            xr.testing.assert_identical(found[name], trials[name])
    assert np.isnan(found["rt"].values[~kept]).all()
    assert np.isfinite(found["choice"].values[~kept]).all()
    validate(found)


def test_outcomes_answer_the_simulated_choices():
    trials = experiment()
    target = (trials["cue"].values > 0) * 1.0
    encoding = EVENTS | {"inputs": {"cue": "cue", "correct": "outcome"}}
    one = network(encode(trials, **encoding))
    rng = np.random.default_rng(0)
    found = simulate(one, trials, encoding, stimulus_selection(target), rng=rng)
    free = trials["scored"].values
    right = found["choice"].values == target
    np.testing.assert_array_equal(found["correct"].values[free], right[free])
    assert "error" not in found


def test_without_an_environment_choices_are_fed_back_and_outcomes_are_missing():
    trials = experiment()
    encoding = EVENTS | {"inputs": {"cue": "cue", "choice": "press"}}
    one = network(encode(trials, **encoding))
    found = simulate(one, trials, encoding, rng=np.random.default_rng(0))
    expected = open_loop(one, found, encoding)
    np.testing.assert_allclose(found["choice_probability"], expected, atol=1e-12)
    assert np.isnan(found["reward"].values[trials["scored"].values]).all()


def test_a_seed_gives_one_simulation_and_another_seed_another():
    trials = experiment()
    one = network(encode(trials, **EVENTS))
    first, same, other = (
        simulate(one, trials, EVENTS, environment(trials), rng=np.random.default_rng(seed))
        for seed in (3, 3, 4)
    )
    xr.testing.assert_identical(first, same)
    assert (first["choice"] != other["choice"]).any()


class Logistic:
    """Choices by logistic regression on the inputs of the step."""

    def __init__(self, weights, bias):
        self.weights, self.bias, self.start = weights, bias, np.zeros(len(weights))

    def advance(self, state, inputs):
        return inputs

    def probability(self, state):
        eta = state @ self.weights + self.bias
        return expit(np.stack([-eta, eta], axis=-1))


def test_another_model_repeats_choices_as_often_as_its_equation_says():
    trials = experiment(lengths=(2000, 2000, 2000, 2000))
    trials["scored"] = trials["choice"].notnull()
    encoding = {"inputs": ["choice", "reward"]}
    pays = bandit(np.full((8000, 2), 0.5))
    rng = np.random.default_rng(0)
    found = simulate(Logistic(np.array([0.8, 0.3]), 0.1), trials, encoding, pays, rng=rng)
    choice, reward = found["choice"].values, found["reward"].values
    for before in (0, 1):
        for paid in (0, 1):
            after = (choice[:-1] == before) & (reward[:-1] == paid)
            after &= (found["trial_in_session"].values[1:] > 0) & trials["scored"].values[1:]
            expected = expit(0.8 * (2 * before - 1) + 0.3 * (2 * paid - 1) + 0.1)
            error = np.sqrt(expected * (1 - expected) / after.sum())
            assert abs((choice[1:][after] == 1).mean() - expected) < 4 * error


def test_every_option_is_drawn_as_often_as_its_probability():
    trials = experiment(3, lengths=(3000, 3000, 3000, 3000))
    encoding = {"inputs": ["cue"]}
    empty = [np.zeros(shape) for shape in ((2,), (2, 2), (2, 1), (2,), (2,), (3, 2))]
    one = Network(0, *empty, np.array([0.0, 1.0, -1.0]))
    found = simulate(one, trials, encoding, rng=np.random.default_rng(0))
    drawn = found["choice"].values[trials["scored"].values]
    expected = softmax([0.0, 1.0, -1.0])
    error = np.sqrt(expected * (1 - expected) / len(drawn))
    shares = np.bincount(drawn.astype(int), minlength=3) / len(drawn)
    assert (np.abs(shares - expected) < 4 * error).all()


def test_each_subject_is_simulated_by_the_network_that_never_saw_it(fit):
    target = (fit.trials["stimulus"] * fit.trials["rule"] + 1).values / 2
    rng = np.random.default_rng(0)
    repeats = simulate_fit(fit, stimulus_selection(target), 3, rng=rng)
    assert len(repeats) == 3
    for found in repeats:
        for fold in range(fit.parameters.sizes["fold"]):
            here = fit.splits["fold"].values == fold
            one = fit.folds[fold].network
            expected = open_loop(one, found, fit.encoding)
            np.testing.assert_allclose(found["choice_probability"][here], expected[here], atol=1e-9)
    assert (repeats[0]["choice"] != repeats[1]["choice"]).any()


def test_another_n_pwl_can_be_simulated(fit):
    rng = np.random.default_rng(0)
    target = (fit.trials["stimulus"] * fit.trials["rule"] + 1).values / 2
    found = simulate_fit(fit, stimulus_selection(target), 1, n_pwl=0, rng=rng)[0]
    here = fit.splits["fold"].values == 1
    one = fit.folds[1].network_of(0)
    expected = open_loop(one, found, fit.encoding)
    np.testing.assert_allclose(found["choice_probability"][here], expected[here], atol=1e-9)


def test_an_input_that_the_environment_does_not_return_is_refused():
    trials = experiment()
    encoding = {"inputs": ["cue", "rt", "reward"]}
    one = network(encode(trials, **encoding))
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match=r"(?s)2 problems.*'rt' is known only.*'reward' is known"):
        simulate(one, trials, encoding, rng=rng)
    fixed = Environment(("reward",), environment(trials).respond, fixed=("rt",))
    found = simulate(one, trials, encoding, fixed, rng=rng)
    xr.testing.assert_identical(found["rt"], trials["rt"])


def test_an_outcome_that_would_enter_before_the_choice_is_refused():
    trials = experiment()
    one = network(encode(trials, **EVENTS))
    wrong = Environment(("cue", *environment(trials).names), environment(trials).respond)
    with pytest.raises(DataError, match="returns 'cue', which is not marked"):
        simulate(one, trials, EVENTS, wrong, rng=np.random.default_rng(0))


def test_a_network_that_diverges_says_so():
    trials = experiment(lengths=(800, 800, 800, 800))
    one = network(encode(trials, **EVENTS))._replace(self_slope=np.full(5, 4.0))
    with pytest.raises(FitError, match="diverges"):
        simulate(one, trials, EVENTS, environment(trials), rng=np.random.default_rng(0))
