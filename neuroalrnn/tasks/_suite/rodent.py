"""Stimulus selection by rodents: two sounds at once, and a rule that says which one counts.

Under the localisation rule LEFT means go left and RIGHT means do not go; under the pitch rule LOW
means go right and HIGH means do not go. A trial is a hold, the sounds, and the response. Tasks
differ in how the rule is known, and in what is asked for.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from neuroalrnn.exceptions import ConfigError, problems
from neuroalrnn.network.run import Network
from neuroalrnn.tasks._suite.closed import network_of
from neuroalrnn.tasks._suite.context import gated_integrator
from neuroalrnn.tasks._suite.task import Drawn, Scores, Task

DT = 0.025
SHORTEST, LONGEST, SOUND, RESPONSE = 10, 14, 10, 10
EPOCHS = ("hold", "stimulus", "response")
SOUNDS = ("LEFT", "RIGHT", "LOW", "HIGH")
RULES = ("rule localisation", "rule pitch")
LABELS = ("left", "right", "nogo")
# trials of a cycle: cues of localisation, its mixtures, cues of pitch, its mixtures
CYCLE = np.repeat([0, 1, 2, 3], [20, 60, 20, 60])
# share of right responses, from which outcomes come where the rule is hidden
N_RIGHT = 0.85
# decay of what was heard, and weight of the rule, in the network for the hidden rule
DECAY, AGAINST = 0.9, 0.045
# log-odds per step of a sound, in the networks in closed form
GAIN = 10.0


def _draw_shown(n_trials, rng, *, noise=0.1):
    return _mixtures(n_trials, rng, noise, "trial")


def _draw_before(n_trials, rng, *, noise=0.1):
    return _mixtures(n_trials, rng, noise, "hold")


def _draw_lapsing(n_trials, rng, *, noise=0.1, errors=0.03, interference=0.05):
    """Draw choices: a share `errors` are guesses, `interference` is what the other rule says."""
    _check_lapses(errors, interference)
    for_trials, for_kind, for_guess = rng.spawn(3)
    drawn = _mixtures(n_trials, for_trials, noise, "trial")
    left, low, pitch = (drawn.parameters[name] for name in ("left", "low", "pitch_rule"))
    kind, guess = for_kind.random(n_trials), for_guess.integers(3, size=n_trials)
    choice = np.where(kind < interference, _answer(left, low, ~pitch), drawn.choice)
    return _asked(drawn, np.where(kind >= 1 - errors, guess, choice))


def _draw_go(n_trials, rng, *, noise=0.1):
    drawn = _mixtures(n_trials, rng, noise, "trial")
    go = drawn.choice < 2
    target = (drawn.scored & go[:, None])[..., None].astype(float)
    return replace(drawn, target=target, outputs=("go",), choice=go, labels=("nogo", "go"))


def _draw_hidden(n_trials, rng, *, noise=0.1):
    """Draw the trials of a session: rules change in blocks, which begin with single sounds.

    Only mixtures are scored. The outcome of the trial before comes in during the hold; responses
    are right with probability 0.85.
    """
    for_trials, for_outcome = rng.spawn(2)
    block = CYCLE[np.arange(n_trials) % len(CYCLE)]
    heard = np.stack([block != 2, block != 0], axis=1)
    drawn = _trials(for_trials, noise, block >= 2, heard, "never")
    right = for_outcome.random(n_trials) < N_RIGHT
    reward = np.r_[False, right[:-1]][:, None] & (drawn.epoch == 0)
    mixture = heard.all(axis=1)
    return replace(
        drawn,
        inputs=np.concatenate([drawn.inputs, reward[..., None]], axis=-1),
        features=(*drawn.features, "reward"),
        scored=drawn.scored & mixture[:, None],
        choice=np.where(mixture, drawn.choice, np.nan),
        parameters=drawn.parameters | {"mixture": mixture},
    )


def _mixtures(n_trials, rng, noise, shown):
    for_rule, for_rest = rng.spawn(2)
    pitch = for_rule.random(n_trials) < 0.5
    return _trials(for_rest, noise, pitch, np.full((n_trials, 2), True), shown)


def _trials(rng, noise, pitch, heard, shown):
    """Draw sounds and times, for rules and for the kinds of sound (location, pitch) heard."""
    for_hold, for_sound, for_noise = rng.spawn(3)
    n_trials, longest = len(pitch), LONGEST + SOUND + RESPONSE
    hold = for_hold.integers(SHORTEST, LONGEST + 1, size=n_trials)
    left, low = (for_sound.random((n_trials, 2)) < 0.5).T
    since = np.arange(longest) - hold[:, None]
    epoch = np.where(since < 0, 0, np.where(since < SOUND, 1, 2))
    present = np.stack([left, ~left, low, ~low], axis=1) & np.repeat(heard, 2, axis=1)
    parts = [epoch[..., None] < 2, (epoch == 1)[..., None] & present[:, None]]
    if shown != "never":
        when = (epoch == 0) | (shown == "trial")
        parts.append(when[..., None] & np.stack([~pitch, pitch], axis=1)[:, None])
    inputs = np.concatenate(parts, axis=-1) * 1.0
    inputs += noise * for_noise.standard_normal(inputs.shape)
    drawn = Drawn(
        inputs=inputs,
        target=np.zeros((n_trials, longest, 3)),
        scored=epoch == 2,
        epoch=epoch,
        n_steps=hold + SOUND + RESPONSE,
        features=("hold", *SOUNDS, *(RULES if shown != "never" else ())),
        outputs=LABELS,
        epochs=EPOCHS,
        labels=LABELS,
        parameters={"left": left, "low": low, "pitch_rule": pitch},
        dt=DT,
    )
    return _asked(drawn, _answer(left, low, pitch))


def _answer(left, low, pitch):
    """Code of the right response: 0 left, 1 right, 2 nogo."""
    return np.where(pitch, np.where(low, 1, 2), np.where(left, 0, 2))


def _asked(drawn, choice):
    """Ask for choices during the response."""
    target = drawn.scored[..., None] * np.eye(3)[choice][:, None]
    return replace(drawn, target=target, choice=choice)


def _exact_shown() -> Network:
    """Count sounds, each against twice the steps of the rule under which it does not count.

    ``l' = l + LEFT - RIGHT - 2 pitch``, ``r' = r + LOW - HIGH - 2 localisation``; nogo is 0.
    """
    inputs = [[0, 1, -1, 0, 0, 0, -2], [0, 0, 0, 1, -1, -2, 0]]
    return network_of(0, np.eye(2), inputs, readout=GAIN * np.eye(3, 2))


def _exact_go() -> Network:
    """Integrate the sounds that the rule says count, by one PWL unit."""
    return gated_integrator([0, 1, -1, 0, 0, 0, 0], [0, 0, 0, 1, -1, 0, 0], [0, 0, 0, 0, 0, 1, 0])


def _exact_hidden() -> Network:
    """Let single sounds set the rule, which mixtures leave as it is.

    ``l' = 0.9 l + LEFT - RIGHT`` and ``r' = 0.9 r + LOW - HIGH`` fade within a trial;
    ``k' = k + LEFT + RIGHT - LOW - HIGH`` is 200 under localisation and 0 under pitch. Left is
    ``l - w (200 - k)``, right ``r - w k``. Noise adds up in k, so that this serves for some cycles.
    """
    weight = np.diag([DECAY, DECAY, 1.0])
    inputs = [[0, 1, -1, 0, 0, 0], [0, 0, 0, 1, -1, 0], [0, 1, 1, -1, -1, 0]]
    full = SOUND * (CYCLE == 0).sum()
    readout = GAIN * np.array([[1, 0, AGAINST], [0, 1, -AGAINST], [0, 0, 0]])
    return network_of(0, weight, inputs, readout=readout, offset=[-GAIN * AGAINST * full, 0, 0])


def _blind() -> Scores:
    """Know the sounds and not the rule."""
    return {"accuracy": 0.625, "nats": -0.75 * float(np.log(2))}


def _floor_of_go() -> Scores:
    """Miss one of eight conditions; the best logistic function is sure of half of all trials."""
    return {"accuracy": 0.875, "nats": -0.5 * float(np.log(2))}


def _perfect() -> Scores:
    return {"accuracy": 1.0, "nats": 0.0}


def _ceiling_of_lapsing(*, errors, interference) -> Scores:
    """Know how likely every choice is; the likeliest one is right as often as it can be."""
    p = _probabilities(errors, interference)
    nats = (p * np.log(np.maximum(p, 1e-300))).sum(axis=1).mean()
    return {"nats": float(nats), "accuracy": float(p.max(axis=1).mean())}


@cache
def _floor_of_lapsing(*, errors, interference) -> Scores:
    """Fit a multinomial logistic function of location, pitch and rule, by Newton's method."""
    p = _probabilities(errors, interference)
    if p.min() == 0:
        return {}
    design = np.c_[np.ones(8), _conditions() * 2.0 - 1]
    weights = np.zeros((2, 4))
    for _ in range(100):
        eta = np.c_[design @ weights.T, np.zeros(8)]
        q = np.exp(eta - np.logaddexp.reduce(eta, axis=1, keepdims=True))
        slope = ((p - q)[:, :2, None] * design[:, None]).sum(axis=0).ravel()
        bend = q[:, :2, None] * (np.eye(2) - q[:, None, :2])
        hessian = np.einsum("nij,na,nb->iajb", bend, design, design).reshape(8, 8)
        weights = weights + np.linalg.solve(hessian + 1e-9 * np.eye(8), slope).reshape(2, 4)
    return {"nats": float((p * np.log(q)).sum(axis=1).mean())}


def _check_lapses(errors, interference):
    if errors + interference > 1:
        text = f"errors={errors} and interference={interference}: expected 1 at most together"
        raise problems(ConfigError, "lapses", [text])


def _conditions():
    """All conditions (left, low, pitch rule), shape (condition, 3)."""
    return (np.arange(8)[:, None] >> np.arange(3)) % 2 == 1


def _probabilities(errors, interference):
    """Probability of every choice in every condition."""
    _check_lapses(errors, interference)
    left, low, pitch = _conditions().T
    right, other = np.eye(3)[_answer(left, low, pitch)], np.eye(3)[_answer(left, low, ~pitch)]
    return (1 - errors - interference) * right + interference * other + errors / 3


SOURCE = "after Rodgers & DeWeese (2014), Neuron; times, noise and lapses are of this package"
CATEGORICAL = ("accuracy", "nats")
RODENT = (
    Task(
        name="rodent selection a",
        draw=_draw_shown,
        loss="categorical",
        measures=CATEGORICAL,
        source=f"{SOURCE}; the rule is shown",
        floor_of=_blind,
        affine=False,
        ceiling_of=_perfect,
        exact_of=_exact_shown,
    ),
    Task(
        name="rodent selection a2",
        draw=_draw_go,
        loss="bernoulli",
        measures=CATEGORICAL,
        source=f"{SOURCE}; the rule is shown, and going is all that is asked for",
        floor_of=_floor_of_go,
        ceiling_of=_perfect,
        exact_of=_exact_go,
    ),
    Task(
        name="rodent selection b",
        draw=_draw_before,
        loss="categorical",
        measures=CATEGORICAL,
        source=f"{SOURCE}; the rule is shown during the hold",
        floor_of=_blind,
        affine=False,
        ceiling_of=_perfect,
        exact_of=_exact_shown,
    ),
    Task(
        name="rodent selection c",
        draw=_draw_hidden,
        loss="categorical",
        measures=CATEGORICAL,
        source=f"{SOURCE}; the rule is hidden, and single sounds give it away",
        floor_of=_blind,
        affine=False,
        ceiling_of=_perfect,
        exact_of=_exact_hidden,
        carry="session",
    ),
    Task(
        name="rodent selection d",
        draw=_draw_lapsing,
        loss="categorical",
        measures=("nats", "accuracy"),
        source=f"{SOURCE}; choices of a subject who lapses",
        floor_of=_floor_of_lapsing,
        ceiling_of=_ceiling_of_lapsing,
    ),
)
