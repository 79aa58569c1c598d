"""What a choice leads to: outcomes of the tasks that behavioural datasets come from."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from neuroalrnn.arguments import unknown
from neuroalrnn.data.schema import no_number, trial_variables, where
from neuroalrnn.exceptions import DataError, problems


@dataclass(frozen=True)
class Environment:
    """Outcomes of choices in a task.

    Attributes
    ----------
    names : tuple of str
        Variables that depend on the choice, apart from the choice itself.
    respond : callable
        ``respond(trial, choice, rng)`` with positions of trials (lane,) and choice codes
        (repeat, lane) returns an array (repeat, lane) for each of `names`.
    fixed : tuple of str
        Variables known after the choice that do not depend on it, such as a hidden probability.
    """

    names: tuple[str, ...]
    respond: Callable
    fixed: tuple[str, ...] = ()


def stimulus_selection(target) -> Environment:
    """One choice is right on each trial.

    Parameters
    ----------
    target : array, shape (trial,)
        Code of the right choice; NaN where it is not known.

    Returns
    -------
    Environment
        ``correct`` and its complement ``error``, 0 / 1.
    """
    target = np.asarray(target, dtype=float)

    def respond(trial, choice, rng):
        correct = np.where(np.isnan(target[trial]), np.nan, choice == target[trial])
        return {"correct": correct, "error": 1.0 - correct}

    return Environment(("correct", "error"), respond)


def bandit(probability, second_outcome=None) -> Environment:
    """Every option pays with a probability of its own on each trial.

    Parameters
    ----------
    probability : array, shape (trial, option)
    second_outcome : bool array, shape (trial,), optional
        Whether a reward of this trial is the second of two kinds.

    Returns
    -------
    Environment
        ``reward`` 0 / 1; ``correct``: the option with the highest probability was taken, NaN where
        two share it; with `second_outcome` also ``first_outcome`` and ``second_outcome``, 0 / 1.
    """
    probability = np.asarray(probability, dtype=float)
    best = probability.max(axis=1, keepdims=True)
    correct = np.where(probability == best, 1.0, 0.0)
    correct[(probability == best).sum(axis=1) > 1] = np.nan
    kinds = () if second_outcome is None else ("first_outcome", "second_outcome")

    def respond(trial, choice, rng):
        place = trial, choice.astype(int)
        reward = (rng.random(choice.shape) < probability[place]) * 1.0
        outcomes = {"reward": reward, "correct": correct[place]}
        if second_outcome is not None:
            second = np.asarray(second_outcome)[trial]
            outcomes |= {"first_outcome": reward * ~second, "second_outcome": reward * second}
        return outcomes

    return Environment(("reward", "correct", *kinds), respond)


def reversal_bandit(better, *, p_better=0.8, p_other=0.2, n_options=2) -> Environment:
    """A bandit whose better option reverses on the trials on which it did for the subject.

    Parameters
    ----------
    better : int array, shape (trial,)
        Code of the better option.
    p_better, p_other : float
        Reward probabilities.
    n_options : int

    Returns
    -------
    Environment
        As `bandit`.
    """
    is_better = np.asarray(better)[:, None] == np.arange(n_options)
    return bandit(np.where(is_better, p_better, p_other))


def two_step(p_reward_left, mapping, *, p_common=0.8) -> Environment:
    """The rats' two-step task: a side leads to a second side, which pays (Miller et al. 2017).

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
        ``common``, ``second_side`` (1 = right), ``reward``, all 0 / 1; ``mapped_side`` -1 / +1
        (second side times mapping); ``correct``: the common transition of the choice leads to the
        better second side, NaN where both pay alike.
    """
    left, mapping = np.asarray(p_reward_left, dtype=float), np.asarray(mapping, dtype=float)
    better_side = np.where(left == 0.5, np.nan, np.sign(0.5 - left))

    def respond(trial, choice, rng):
        common = rng.random(choice.shape) < p_common
        led_to = (2 * choice - 1) * mapping[trial]
        second = np.where(common, led_to, -led_to)
        pays = np.where(second < 0, left[trial], 1 - left[trial])
        correct = np.where(led_to == better_side[trial], 1.0, 0.0)
        return {
            "common": common * 1.0,
            "second_side": (second + 1) / 2,
            "mapped_side": second * mapping[trial],
            "reward": (rng.random(choice.shape) < pays) * 1.0,
            "correct": np.where(np.isnan(better_side[trial]), np.nan, correct),
        }

    return Environment(("common", "second_side", "mapped_side", "reward", "correct"), respond)


def environment_for(trials: xr.Dataset) -> Environment:
    """The environment of a dataset whose task is known.

    Parameters
    ----------
    trials : xarray.Dataset
        ``attrs["environment"]``, a JSON object as the table ``[task]`` of a run file, names a task
        of `OWN` and the variables that it needs. Without it ``attrs["task"]`` names one of
        `ENVIRONMENTS`, up to a colon. These bandits need a variable ``p_reward_<label>`` for each
        label of the choice; with ``second_outcome``, all rewards of a session are of one kind.

    Returns
    -------
    Environment

    Raises
    ------
    DataError
        If the task is not known here, or the dataset lacks a variable of it.
    """
    if "environment" in trials.attrs:
        return _own_environment(trials, json.loads(trials.attrs["environment"]))
    task = str(trials.attrs.get("task", "")).split(":")[0].strip()
    if task not in ENVIRONMENTS:
        told = "; ".join(f"name = {name!r}{_keys(each)}" for name, each in OWN.items())
        text = (
            f"what choices lead to is not known here (attrs['task'] is {task!r}): add a table "
            f"[task] to the run file, and pass it with --run ({told}). What stands for ... is the "
            "name of a trial variable, one for each option as probability = ['p_left', 'p_right']; "
            "p_better, p_other and p_common are numbers. In Python, set "
            "attrs['environment'] to the same as JSON, or pass an Environment, such as "
            "bandit(probability)"
        )
        raise problems(DataError, "environment", [text])
    return ENVIRONMENTS[task](trials)


def _keys(own):
    needs = [f"{key} = ..." for key in own.variables]
    return "".join(f", {key}" for key in [*needs, *(f"[{key}]" for key in own.options)])


def _own_environment(trials, told):
    """Environment of a task of `OWN`, from the names of its variables."""
    told = dict(told)
    name = told.pop("name", None)
    if name not in OWN:
        raise problems(DataError, "[task]", [f"name: {unknown(str(name), OWN)}"])
    own = OWN[name]
    known = [*own.variables, *own.options]
    found = [f"{key}: needed for {name!r}" for key in own.variables if key not in told]
    found += [
        f"{key}: {name!r} has no such key (there are: {', '.join(known) or 'none'})"
        for key in told
        if key not in known
    ]
    numeric = trial_variables(trials)
    for key, value in told.items():
        for variable in _named(value):
            if variable not in numeric:
                found.append(f"{key}: {no_number(trials, variable, numeric)}")
    if found:
        raise problems(DataError, "[task]", found)
    made = own.make(trials, **told)
    fixed = [variable for value in told.values() for variable in _named(value)]
    return Environment(made.names, made.respond, tuple(fixed))


def _named(value):
    """Names of variables in the value of a key; numbers name none."""
    if isinstance(value, str):
        return [value]
    return list(value) if isinstance(value, list | tuple) else []


def _within(trials, key, names, low, high):
    """Values of variables, all of which must lie in a range, as (trial, variable)."""
    values = np.stack([trials[name].values.astype(float) for name in names], axis=1)
    wrong = ~((values >= low) & (values <= high))
    if wrong.any():
        found = [
            f"{key}: {name!r} is missing or not within {low:g} to {high:g} on "
            f"{where(bad)}: complete it, or mark these trials as not scored and fill them in"
            for name, bad in zip(names, wrong.T, strict=True)
            if bad.any()
        ]
        raise problems(DataError, "[task]", found)
    return values


def _own_bandit(trials, probability):
    names, n_options = _named(probability), len(trials["choice"].attrs["labels"])
    if len(names) != n_options:
        text = f"probability: {len(names)} variables, expected one for each of {n_options} options"
        raise problems(DataError, "[task]", [text])
    return bandit(_within(trials, "probability", names, 0, 1))


def _own_reversal_bandit(trials, better, **options):
    n_options = len(trials["choice"].attrs["labels"])
    values = _within(trials, "better", [better], 0, n_options - 1)[:, 0]
    return reversal_bandit(values, n_options=n_options, **options)


def _own_two_step(trials, p_reward_left, mapping, **options):
    left = _within(trials, "p_reward_left", [p_reward_left], 0, 1)[:, 0]
    return two_step(left, _within(trials, "mapping", [mapping], -1, 1)[:, 0], **options)


def _own_stimulus_selection(trials, target=None):
    """The right choice is a variable, or follows from the choice made and whether it was right."""
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


def _own_none(trials):
    return Environment((), lambda trial, choice, rng: {})


class Own(NamedTuple):
    """A task of `OWN`: how it is made, from which variables, with which options."""

    make: Callable
    variables: tuple = ()
    options: tuple = ()


def _of_stimulus_selection(trials):
    word, location, context = _values(trials, "word", "location", "context")
    return stimulus_selection((np.where(context < 0, word, location) + 1) / 2)


def _of_bandit(trials):
    names = [f"p_reward_{label}" for label in trials["choice"].attrs["labels"]]
    probability = np.stack(_values(trials, *names), axis=1)
    second = _second_outcome(trials) if "second_outcome" in trials else None
    made = bandit(probability, second)
    fixed = (*names, *({"condition"} & set(trials.data_vars)))
    return Environment(made.names, made.respond, fixed)


def _of_two_step(trials):
    return two_step(*_values(trials, "p_reward_left", "mapping"))


def _values(trials, *names):
    found = [f"variable {name!r} is missing" for name in names if name not in trials]
    if found:
        raise problems(DataError, f"environment of {trials.attrs['task']!r}", found)
    return [trials[name].values.astype(float) for name in names]


def _second_outcome(trials):
    """Whether a session pays the second of two kinds of reward; it pays one kind throughout."""
    (second,) = _values(trials, "second_outcome")
    names = [trials[name].values.astype(str) for name in ("subject", "session")]
    session = np.unique(np.char.add(np.char.add(names[0], "/"), names[1]), return_inverse=True)[1]
    return np.bincount(session, second == 1)[session] > 0


ENVIRONMENTS = {
    "stimulus selection": _of_stimulus_selection,
    "two-armed bandit": _of_bandit,
    "reversal bandit": _of_bandit,
    "two-step": _of_two_step,
}
# tasks of one's own tables: a key of the table [task] names a variable, or is an option
OWN = {
    "bandit": Own(_own_bandit, ("probability",)),
    "reversal bandit": Own(_own_reversal_bandit, ("better",), ("p_better", "p_other")),
    "stimulus selection": Own(_own_stimulus_selection, (), ("target",)),
    "two-step": Own(_own_two_step, ("p_reward_left", "mapping"), ("p_common",)),
    "none": Own(_own_none),
}
