"""Many tasks for one network, of which the rule input says which one is on: Yang-20, Driscoll-15.

All trials of a batch have the same rule and times. Squared errors are weighted: not at all for
100 ms after a trial and a response begin, 25 times as much during the response as before it, and
four times as much for fixation as for the other outputs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neuroalrnn.arguments import unknown
from neuroalrnn.exceptions import ConfigError, problems
from neuroalrnn.tasks._suite.rules import (
    DT,
    EPOCHS,
    FAMILY,
    FIXED,
    N_BATCH,
    N_TRIAL,
    Plan,
    Timing,
    always_go,
    plan_trials,
)
from neuroalrnn.tasks._suite.task import Drawn, Scores, Task

N_RING, N_ANGLES = 32, 20
PREFERRED = 2 * np.pi * np.arange(N_RING) / N_RING
GRACE = round(0.1 / DT)
SHORT, DELAYS = [200.0, 400.0, 600.0], [200.0, 400.0, 800.0, 1600.0]
ANY = (200.0, 1600.0)


@dataclass(frozen=True)
class Suite:
    """What sets one suite apart from the other.

    Parameters
    ----------
    rules : tuple of str
        Its tasks, in the order of their inputs.
    weights : tuple of float
        How often each is drawn, up to a factor.
    timing : dict of str to Timing
        By family.
    coherence : dict of str to callable
        By family, see `plan_trials`; the second argument is True for the easy variant.
    categories : callable
        See `plan_trials`.
    code_inputs : callable
        ``code_inputs(angle)`` gives the inputs of one ring for a stimulus of strength 1.
    code_response : callable
        ``code_response(angle, responds)`` gives the outputs; `responds` is true where a response is
        on.
    inputs, outputs : tuple of str
        Names of the inputs of one ring, and of the outputs.
    """

    rules: tuple[str, ...]
    weights: tuple[float, ...]
    timing: dict[str, Timing]
    coherence: dict[str, Callable]
    categories: Callable
    code_inputs: Callable
    code_response: Callable
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def _draw(suite, n_trials, rng, rules, batch, noise, easy, fixed):
    """Draw trials of some rules, batch by batch."""
    names = suite.rules if rules is None else tuple(rules)
    wrong = [unknown(name, suite.rules) for name in names if name not in suite.rules]
    if wrong or not names:
        raise problems(ConfigError, "rules", wrong or ["there are none: name one at least"])
    for_rule, for_batch, for_trial, for_noise = rng.spawn(4)
    n_batches = -(-n_trials // batch)
    of_trial = for_trial.random((n_trials, N_TRIAL))
    repeated = np.arange(n_trials) // batch
    of_batch = for_batch.random((n_batches, N_BATCH))[repeated]
    weight = np.array([suite.weights[suite.rules.index(name)] for name in names])
    limits = np.cumsum(weight / weight.sum())[:-1]
    rule = np.searchsorted(limits, for_rule.random(n_batches), side="right")[repeated]
    if fixed:
        rule, noise = repeated % len(names), 0.0
        of_trial[:, 0] = np.arange(n_trials) % N_ANGLES / N_ANGLES
    timing = FIXED if fixed else suite.timing
    longest = max(timing[FAMILY[name]].longest for name in names)
    parts = []
    for k, name in enumerate(names):
        rows = np.flatnonzero(rule == k)
        own = always_go(name, of_trial[rows]) if fixed else of_trial[rows]
        parts.append((rows, _plan(suite, name, timing, easy, of_batch[rows], own)))
    plan = _together(parts)
    place = np.array([suite.rules.index(name) for name in names])[rule]
    drawn = _render(suite, plan, place, longest)
    drawn.inputs[:] += noise * for_noise.standard_normal(drawn.inputs.shape)
    return drawn


def _plan(suite, name, timing, easy, of_batch, of_trial):
    family = FAMILY[name]

    def coherence(uniform):
        return suite.coherence[family](uniform, easy)

    return plan_trials(name, timing[family], coherence, suite.categories, of_batch, of_trial)


def _together(parts):
    """Bring plans of rules into the order of trials."""
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    plans = [plan for _, plan in parts]
    return Plan(**{
        name: np.concatenate([getattr(each, name) for each in plans])[order]
        for name in vars(plans[0])
    })  # fmt: skip


def _render(suite, plan, place, longest):
    n_trials, steps = len(place), np.arange(longest)
    ends = np.cumsum(plan.steps, axis=1)
    epoch = (steps[:, None] >= ends[:, None, :-1]).sum(axis=-1)
    onset = ends[:, -2, None]
    responding = steps >= onset
    fixation = ~(responding & plan.goes_off[:, None])
    during = (steps[:, None] >= plan.onset[:, None]) & (steps[:, None] < plan.end[:, None])
    during = during.astype(float)
    coded = suite.code_inputs(plan.angle)
    rings = [during @ (plan.strength[:, :, ring, None] * coded) for ring in (0, 1)]
    rule = np.broadcast_to(
        np.eye(len(suite.rules))[place][:, None], (n_trials, longest, len(suite.rules))
    )
    responds = responding & np.isfinite(plan.response)[:, None]
    mask = np.where(responding, 5.0, 1.0) * (steps >= GRACE)
    mask[responding & (steps < onset + GRACE)] = 0
    weight = np.repeat(mask[..., None] ** 2, len(suite.outputs), axis=-1)
    weight[..., 0] *= 4
    names = [f"{name} {ring}" for ring in (1, 2) for name in suite.inputs]
    return Drawn(
        inputs=np.concatenate([fixation[..., None], *rings, rule], axis=-1),
        target=suite.code_response(plan.response, responds),
        scored=mask > 0,
        epoch=epoch,
        n_steps=ends[:, -1],
        features=("fixation", *names, *suite.rules),
        outputs=suite.outputs,
        epochs=EPOCHS,
        parameters={
            "rule": np.array(suite.rules)[place],
            "response": plan.response,
            "angle_1": plan.angle[:, 0],
            "angle_2": plan.angle[:, 1],
        },
        weight=weight,
        dt=DT,
    )


def _bumps(angle):
    """Activity of a ring of units with preferred angles."""
    apart = np.abs((angle[..., None] - PREFERRED + np.pi) % (2 * np.pi) - np.pi)
    return 0.8 * np.exp(-((apart / (np.pi / 8)) ** 2) / 2)


def _ring_response(angle, responds):
    bump = _bumps(np.nan_to_num(angle))[:, None] * responds[..., None]
    return np.concatenate([np.where(responds, 0.05, 0.8)[..., None], 0.05 + bump], axis=-1)


def _sine(angle):
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def _sine_response(angle, responds):
    pair = _sine(np.nan_to_num(angle))[:, None] * responds[..., None]
    return np.concatenate([np.where(responds, 0.0, 0.8)[..., None], pair], axis=-1)


def _one_of(values, factor):
    """Law of differences of strength that are equally likely; larger ones in the easy variant."""
    return lambda uniform, easy: (
        np.array(values)[(uniform * len(values)).astype(int)] * (factor if easy else 1)
    )


def _between(low, high):
    return lambda uniform, easy: low + (high - low) * uniform


YANG = Suite(
    rules=tuple(FAMILY),
    weights=tuple(5.0 if rule.startswith("contextdm") else 1.0 for rule in FAMILY),
    timing={
        "go": Timing({0: (300, 700), 1: (500, 1500), 5: [500]}),
        "react": Timing({0: (500, 2500), 5: [500]}),
        "delay": Timing({0: [300, 500, 700], 1: SHORT, 2: DELAYS, 5: [500]}),
        "dm": Timing({0: (100, 400), 1: [400, 800, 1600], 5: [500]}),
        "delaydm": Timing({0: SHORT, 1: SHORT, 2: DELAYS, 3: SHORT, 4: (100, 300), 5: [500]}),
        "dms": Timing({0: SHORT, 1: SHORT, 2: DELAYS, 5: [500]}),
        "dmc": Timing({0: SHORT, 1: SHORT, 2: DELAYS, 5: SHORT}),
    },
    coherence={
        "dm": _one_of([0.01, 0.02, 0.04, 0.08], 10),
        "delaydm": _one_of([0.08, 0.16, 0.32], 2),
    }
    | dict.fromkeys(("go", "react", "delay", "dms", "dmc")),
    categories=lambda uniform: (0.1 + 0.2 * np.floor(10 * uniform)) * np.pi,
    code_inputs=_bumps,
    code_response=_ring_response,
    inputs=tuple(f"unit {k + 1} of ring" for k in range(N_RING)),
    outputs=("fixation", *(f"unit {k + 1}" for k in range(N_RING))),
)
_LEFT_OUT = ("dm1", "dm2", "contextdm1", "contextdm2", "multidm")
DRISCOLL = Suite(
    rules=tuple(rule for rule in FAMILY if rule not in _LEFT_OUT),
    weights=(1.0,) * (len(FAMILY) - len(_LEFT_OUT)),
    timing={
        "go": Timing({0: (300, 700), 1: (200, 1500), 5: (300, 700)}),
        "react": Timing({0: (500, 2500), 5: (300, 1700)}),
        "delay": Timing({0: (300, 700), 1: ANY, 2: ANY, 5: (300, 700)}),
        "delaydm": Timing({0: (200, 600), 1: ANY, 2: ANY, 3: ANY, 4: (100, 300), 5: (300, 700)}),
        "dms": Timing({0: (200, 600), 1: ANY, 2: ANY, 5: (300, 700)}),
        "dmc": Timing({0: (200, 600), 1: ANY, 2: ANY, 5: (300, 700)}),
    },
    # the original draws a pool of 100 values for every batch from this law
    coherence={"delaydm": _between(0.005, 0.8)}
    | dict.fromkeys(("go", "react", "delay", "dms", "dmc")),
    categories=lambda uniform: uniform * 2 * np.pi,
    code_inputs=_sine,
    code_response=_sine_response,
    inputs=("sine", "cosine"),
    outputs=("fixation", "sine", "cosine"),
)


def _draw_yang(
    n_trials, rng, *, rules=None, batch=64, noise=0.01 * 10**0.5, easy=False, fixed=False
):
    """Draw trials; see `_draw_driscoll` for `fixed`. Larger differences are `easy`."""
    return _draw(YANG, n_trials, rng, rules, batch, noise, easy, fixed)


def _draw_driscoll(n_trials, rng, *, rules=None, batch=64, noise=0.1 * 10**0.5, fixed=False):
    """Draw trials of all rules, or of some.

    With `fixed` they are those by which rules are compared: no noise, fixed times, one rule after
    the other, batch by batch, 20 angles in turn, and a response in every trial.
    """
    return _draw(DRISCOLL, n_trials, rng, rules, batch, noise, False, fixed)


def _perfect() -> Scores:
    return {"performance": 1.0}


YANG_20 = Task(
    name="Yang-20",
    draw=_draw_yang,
    loss="squared",
    measures=("performance", "mse"),
    source="Yang et al. (2019), Nature Neuroscience, whose read-out is a logistic function",
    ceiling_of=_perfect,
    solved=0.9,
)
DRISCOLL_15 = Task(
    name="Driscoll-15",
    draw=_draw_driscoll,
    loss="squared",
    measures=("performance", "mse"),
    source="Driscoll et al. (2024), Nature Neuroscience",
    ceiling_of=_perfect,
    solved=0.9,
)
