"""Environments: what a choice leads to in the tasks that behavioural datasets come from."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from neuroalrnn.arguments import unknown
from neuroalrnn.data.schema import no_number, trial_variables, where
from neuroalrnn.exceptions import DataError, problems


@dataclass(frozen=True)
class Environment:
    """A task as seen by an agent: the outcomes that its choices have.

    Parameters
    ----------
    names : tuple of str
        Trial variables that depend on the choice, apart from the choice itself.
    respond : callable
        ``respond(trial, choice, rng)`` draws the outcomes of choices. It takes positions of trials
        (lane,) and choice codes (repeat, lane), and returns for each of `names` an array
        (repeat, lane).
    fixed : tuple of str
        Trial variables that do not depend on the choice although they are known only after it,
        such as the reward probabilities.
    """

    names: tuple[str, ...]
    respond: Callable
    fixed: tuple[str, ...] = ()


def stimulus_selection(target: ArrayLike) -> Environment:
    """Make a task in which one choice is right on each trial.

    Parameters
    ----------
    target : array, shape (trial,)
        Code of the right choice; NaN where it is not known.

    Returns
    -------
    Environment
        It returns ``correct`` and its complement ``error``, 0 / 1.
    """
    right = np.asarray(target, dtype=float)

    def respond(trial, choice, rng):
        correct = np.where(np.isnan(right[trial]), np.nan, choice == right[trial])
        return {"correct": correct, "error": 1.0 - correct}

    return Environment(("correct", "error"), respond)


def bandit(probability: ArrayLike, second_outcome: ArrayLike | None = None) -> Environment:
    """Make a task in which every option pays with its own probability on each trial.

    Parameters
    ----------
    probability : array, shape (trial, option)
        Reward probability of every option.
    second_outcome : bool array, shape (trial,), optional
        Whether a reward of this trial is the second of two kinds. Without it there is one kind.

    Returns
    -------
    Environment
        It returns ``reward``, 0 / 1; ``correct``, whether the option with the highest probability
        was taken, NaN where two options share it; and with `second_outcome` also
        ``first_outcome`` and ``second_outcome``, whether a reward of that kind came, 0 / 1.
    """
    pays = np.asarray(probability, dtype=float)
    best = pays.max(axis=1, keepdims=True)
    correct = np.where(pays == best, 1.0, 0.0)
    correct[(pays == best).sum(axis=1) > 1] = np.nan
    kinds = () if second_outcome is None else ("first_outcome", "second_outcome")

    def respond(trial, choice, rng):
        place = trial, choice.astype(int)
        reward = (rng.random(choice.shape) < pays[place]) * 1.0
        outcomes = {"reward": reward, "correct": correct[place]}
        if second_outcome is not None:
            second = np.asarray(second_outcome)[trial]
            outcomes |= {"first_outcome": reward * ~second, "second_outcome": reward * second}
        return outcomes

    return Environment(("reward", "correct", *kinds), respond)


def reversal_bandit(
    better: ArrayLike, *, p_better: float = 0.8, p_other: float = 0.2, n_options: int = 2
) -> Environment:
    """Make a bandit with one better option, which changes where it did for the recorded subject.

    Parameters
    ----------
    better : int array, shape (trial,)
        Code of the better option.
    p_better, p_other : float
        Reward probabilities of the better option and of each other one.
    n_options : int
        Number of options.

    Returns
    -------
    Environment
        It returns what `bandit` does.
    """
    is_better = np.asarray(better)[:, None] == np.arange(n_options)
    return bandit(np.where(is_better, p_better, p_other))


def two_step(p_reward_left: ArrayLike, mapping: ArrayLike, *, p_common: float = 0.8) -> Environment:
    """Make the two-step task: a chosen side leads to a second side, which may pay.

    Parameters
    ----------
    p_reward_left : array, shape (trial,)
        Reward probability of the left second side; that of the right one is the complement.
    mapping : array, shape (trial,)
        +1 if a choice leads mostly to its own side, -1 if mostly to the other.
    p_common : float
        Probability of the common transition.

    Returns
    -------
    Environment
        It returns ``common``, ``second_side`` (1 is right) and ``reward``, all 0 / 1;
        ``mapped_side``, the second side times the mapping, -1 / +1; and ``correct``, whether the
        common transition of the choice leads to the better second side, NaN where both pay alike.

    References
    ----------
    Miller, Botvinick & Brody (2017), Nature Neuroscience: the task of the rats.
    """
    left, own_side = np.asarray(p_reward_left, dtype=float), np.asarray(mapping, dtype=float)
    better_side = np.where(left == 0.5, np.nan, np.sign(0.5 - left))

    def respond(trial, choice, rng):
        common = rng.random(choice.shape) < p_common
        led_to = (2 * choice - 1) * own_side[trial]
        second = np.where(common, led_to, -led_to)
        pays = np.where(second < 0, left[trial], 1 - left[trial])
        correct = np.where(led_to == better_side[trial], 1.0, 0.0)
        return {
            "common": common * 1.0,
            "second_side": (second + 1) / 2,
            "mapped_side": second * own_side[trial],
            "reward": (rng.random(choice.shape) < pays) * 1.0,
            "correct": np.where(np.isnan(better_side[trial]), np.nan, correct),
        }

    return Environment(("common", "second_side", "mapped_side", "reward", "correct"), respond)


def environment_for(trials: xr.Dataset) -> Environment:
    """Find the environment of a dataset whose task is known.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials that name their task. ``attrs["environment"]`` is a JSON object with the keys of the
        table ``[task]`` of a run file: the name of a task, one of `ENVIRONMENTS`, and the
        variables that it needs. Without it, ``attrs["task"]`` up to its first colon must be the
        task of an embedded dataset: "stimulus selection", "two-armed bandit", "reversal bandit" or
        "two-step".
        The bandits among these need a variable ``p_reward_<label>`` for each label of the choice;
        where there is a variable ``second_outcome``, all rewards of a session are of one kind.

    Returns
    -------
    Environment
        What choices lead to on these trials.

    Raises
    ------
    DataError
        If no known task is named, or the dataset lacks a variable that the task needs.
    """
    if "environment" in trials.attrs:
        return _named_environment(trials, json.loads(trials.attrs["environment"]))
    task = str(trials.attrs.get("task", "")).split(":")[0].strip()
    if task not in _EMBEDDED:
        tasks = "; ".join(f"name = {name!r}{_keys(task)}" for name, task in ENVIRONMENTS.items())
        text = (
            f"what choices lead to is not known here (attrs['task'] is {task!r}): add a table "
            f"[task] to the run file, and pass it with --run ({tasks}). What stands for ... is the "
            "name of a trial variable, one for each option as probability = ['p_left', 'p_right']; "
            "p_better, p_other and p_common are numbers. In Python, set "
            "attrs['environment'] to the same as JSON, or pass an Environment, such as "
            "bandit(probability)"
        )
        raise problems(DataError, "environment", [text])
    return _EMBEDDED[task](trials)


def _keys(task):
    """Keys of a task as they are written in a run file, optional ones in brackets."""
    needed = [f"{key} = ..." for key in task.variables]
    return "".join(f", {key}" for key in [*needed, *(f"[{key}]" for key in task.options)])


def _named_environment(trials, table):
    """Environment of one of `ENVIRONMENTS`, from a table ``[task]`` that names the variables."""
    values = dict(table)
    name = values.pop("name", None)
    if name not in ENVIRONMENTS:
        raise problems(DataError, "[task]", [f"name: {unknown(str(name), ENVIRONMENTS)}"])
    task = ENVIRONMENTS[name]
    faults = list(_faults(trials, name, values))
    if faults:
        raise problems(DataError, "[task]", faults)
    made = task.make(trials, **values)
    fixed = [variable for value in values.values() for variable in _named(value)]
    return Environment(made.names, made.respond, tuple(fixed))


def _faults(trials, name, values):
    """Texts for keys that are missing, unknown, or name no numeric variable."""
    task = ENVIRONMENTS[name]
    known = [*task.variables, *task.options]
    for key in task.variables:
        if key not in values:
            yield f"{key}: needed for {name!r}"
    for key in values:
        if key not in known:
            yield f"{key}: {name!r} has no such key (there are: {', '.join(known) or 'none'})"
    numeric = trial_variables(trials)
    for key, value in values.items():
        for variable in _named(value):
            if variable not in numeric:
                yield f"{key}: {no_number(trials, variable, numeric)}"


def _named(value):
    """Names of variables in the value of a key. A number names none."""
    if isinstance(value, str):
        return [value]
    return list(value) if isinstance(value, list | tuple) else []


def _within(trials, key, names, low, high):
    """Values (trial, variable) of variables, all of which must lie in a range."""
    values = np.stack([trials[name].values.astype(float) for name in names], axis=1)
    wrong = ~((values >= low) & (values <= high))
    if wrong.any():
        faults = [
            f"{key}: {name!r} is missing or not within {low:g} to {high:g} on "
            f"{where(bad)}: complete it, or mark these trials as not scored and fill them in"
            for name, bad in zip(names, wrong.T, strict=True)
            if bad.any()
        ]
        raise problems(DataError, "[task]", faults)
    return values


def _read_bandit(trials, probability):
    names, n_options = _named(probability), len(trials["choice"].attrs["labels"])
    if len(names) != n_options:
        text = f"probability: {len(names)} variables, expected one for each of {n_options} options"
        raise problems(DataError, "[task]", [text])
    return bandit(_within(trials, "probability", names, 0, 1))


def _read_reversal_bandit(trials, better, **options):
    n_options = len(trials["choice"].attrs["labels"])
    values = _within(trials, "better", [better], 0, n_options - 1)[:, 0]
    return reversal_bandit(values, n_options=n_options, **options)


def _read_two_step(trials, p_reward_left, mapping, **options):
    left = _within(trials, "p_reward_left", [p_reward_left], 0, 1)[:, 0]
    return two_step(left, _within(trials, "mapping", [mapping], -1, 1)[:, 0], **options)


def _read_stimulus_selection(trials, target=None):
    """Take the right choice from a variable, or from the choice made and whether it was right."""
    n_options = len(trials["choice"].attrs["labels"])
    if target is not None:
        return stimulus_selection(_within(trials, "target", [target], 0, n_options - 1)[:, 0])
    if "correct" not in trials or n_options > 2:
        text = (
            "target: name the variable that holds the code of the right choice, from 0; without "
            "it, two options and 'correct' are needed to tell"
        )
        raise problems(DataError, "[task]", [text])
    choice, correct = trials["choice"].values, trials["correct"].values.astype(float)
    return stimulus_selection(
        np.where(correct == 1, choice, np.where(correct == 0, 1 - choice, np.nan))
    )


def _read_none(trials):
    return Environment((), lambda trial, choice, rng: {})


class _Task(NamedTuple):
    """How the environment of a named task is made, from which variables, with which options."""

    make: Callable
    variables: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def _embedded_stimulus_selection(trials):
    word, location, context = _values(trials, "word", "location", "context")
    return stimulus_selection((np.where(context < 0, word, location) + 1) / 2)


def _embedded_bandit(trials):
    names = [f"p_reward_{label}" for label in trials["choice"].attrs["labels"]]
    probability = np.stack(_values(trials, *names), axis=1)
    second = _second_outcome(trials) if "second_outcome" in trials else None
    made = bandit(probability, second)
    fixed = (*names, *({"condition"} & set(trials.data_vars)))
    return Environment(made.names, made.respond, fixed)


def _embedded_two_step(trials):
    return two_step(*_values(trials, "p_reward_left", "mapping"))


def _values(trials, *names):
    faults = [f"variable {name!r} is missing" for name in names if name not in trials]
    if faults:
        raise problems(DataError, f"environment of {trials.attrs['task']!r}", faults)
    return [trials[name].values.astype(float) for name in names]


def _second_outcome(trials):
    """Whether all rewards in the session of a trial are of the second of two kinds."""
    (second,) = _values(trials, "second_outcome")
    names = [trials[name].values.astype(str) for name in ("subject", "session")]
    session = np.unique(np.char.add(np.char.add(names[0], "/"), names[1]), return_inverse=True)[1]
    return np.bincount(session, second == 1)[session] > 0


_EMBEDDED = {
    "stimulus selection": _embedded_stimulus_selection,
    "two-armed bandit": _embedded_bandit,
    "reversal bandit": _embedded_bandit,
    "two-step": _embedded_two_step,
}
# what a table [task] may name: each key is a trial variable, or an option with a number
ENVIRONMENTS = {
    "bandit": _Task(_read_bandit, ("probability",)),
    "reversal bandit": _Task(_read_reversal_bandit, ("better",), ("p_better", "p_other")),
    "stimulus selection": _Task(_read_stimulus_selection, (), ("target",)),
    "two-step": _Task(_read_two_step, ("p_reward_left", "mapping"), ("p_common",)),
    "none": _Task(_read_none),
}
