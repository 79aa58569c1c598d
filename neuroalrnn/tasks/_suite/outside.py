"""Trials of an environment from outside this package, such as those of neurogym.

Nothing is imported for it: an environment has a method ``new_trial()``, after which its attributes
``ob`` (step, feature) and ``gt``, the right class at every step, hold the trial. If it has them, a
method ``seed``, the step ``dt`` (ms), and ``start_ind`` and ``end_ind``, the first step of every
epoch and the one after its last, are used, too.
"""

import numpy as np

from neuroalrnn.exceptions import ConfigError, DataError, problems
from neuroalrnn.tasks._suite.task import Drawn, Task


def _draw(n_trials, rng, *, environment=None):
    """Draw trials of an environment, which is given as an object.

    There are as many classes as ``action_space.n`` says, or as are seen.
    """
    if not hasattr(environment, "new_trial"):
        text = "environment is missing: give an object with new_trial(), ob and gt"
        raise problems(ConfigError, "environment", [text])
    if hasattr(environment, "seed"):
        environment.seed(int(rng.spawn(1)[0].integers(2**31)))
    trials = [_next_trial(environment) for _ in range(n_trials)]
    n_steps = np.array([len(shown) for shown, _, _ in trials])
    actions = getattr(getattr(environment, "action_space", None), "n", 0)
    classes = np.eye(int(max(actions, 1 + max(right.max() for _, right, _ in trials))))
    names = _epochs(trials)
    inputs = np.zeros((n_trials, n_steps.max(), trials[0][0].shape[1]))
    target = np.zeros((*inputs.shape[:2], len(classes)))
    epoch = np.zeros(inputs.shape[:2], dtype=int)
    for row, (shown, right, begins) in enumerate(trials):
        inputs[row, : len(shown)], target[row, : len(shown)] = shown, classes[right]
        for name, (start, end) in begins.items():
            epoch[row, start:end] = names.index(name)
    return Drawn(
        inputs=inputs,
        target=target,
        scored=np.ones_like(epoch, dtype=bool),
        epoch=epoch,
        n_steps=n_steps,
        features=tuple(f"observation {k + 1}" for k in range(inputs.shape[2])),
        outputs=tuple(f"class {k}" for k in range(len(classes))),
        epochs=names,
        dt=float(getattr(environment, "dt", 1000)) / 1000,
    )


def _next_trial(environment):
    """What a trial shows, what is right, and from where to where its epochs are."""
    environment.new_trial()
    shown, right = (np.array(getattr(environment, name, 0)) for name in ("ob", "gt"))
    if shown.ndim != 2 or right.shape != shown.shape[:1] or right.dtype.kind not in "iu":
        text = (
            f"after new_trial(), ob has shape {shown.shape} and gt shape {right.shape} and dtype "
            f"{right.dtype}: expected (step, feature), and a whole number for every step"
        )
        raise problems(DataError, "environment", [text])
    start, end = (getattr(environment, name, None) or {} for name in ("start_ind", "end_ind"))
    return shown, right, {name: (start[name], end[name]) for name in start if name in end}


def _epochs(trials):
    """Names of all epochs in the order of their latest beginnings."""
    latest = {}
    for *_, begins in trials:
        for name, (start, _) in begins.items():
            latest[name] = max(start, latest.get(name, 0))
    return tuple(sorted(latest, key=latest.__getitem__)) or ("trial",)


ENVIRONMENT = Task(
    name="environment",
    draw=_draw,
    loss="categorical",
    measures=("accuracy", "nats"),
    source="an environment from outside this package",
    at_once=True,
)
