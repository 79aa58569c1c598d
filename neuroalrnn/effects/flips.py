"""What an input is changed to: two values, levels, or several inputs at once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from neuroalrnn.arguments import (
    checked,
    not_inputs,
    not_names,
    not_whole,
    optional,
    refuse,
    shown,
    unknown,
)
from neuroalrnn.data.checks import not_rows
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.schema import is_after_choice, not_trials, trial_variables
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit

JOINT = ":"


@dataclass(frozen=True)
class Flip:
    """Values that one or several inputs of a trial are set to, and what is compared.

    Parameters
    ----------
    name : str
        Of the input; of several, their names joined by ``":"``.
    variables : tuple of str
        Variables of the trials that are set.
    levels : tuple of tuple of float
        Values of the variables, one tuple per level.
    contrasts : dict of str -> tuple of float
        Weights of the levels in each effect, by its name: ``(-1/2, 1/2)`` of a low and a high
        value; one level against the average of all; an interaction.
    first_lag : int
        0 for what is known before the choice of the same trial, else 1.
    is_set : bool array, shape (trial,)
        Trials in which the input has a value that can be replaced.
    """

    name: str
    variables: tuple[str, ...]
    levels: tuple[tuple[float, ...], ...]
    contrasts: Mapping[str, tuple[float, ...]]
    first_lag: int
    is_set: np.ndarray = field(repr=False)

    def set(self, trials: xr.Dataset, level: int, rows: np.ndarray | None = None) -> xr.Dataset:
        """Set the inputs to a level.

        Parameters
        ----------
        trials : xarray.Dataset
            The trials that the flip was made for.
        level : int
            Position among the levels.
        rows : int array or bool array, optional
            Trials that are changed, as far as their input has a value; default all.

        Returns
        -------
        xarray.Dataset
            The same trials with other values.
        """
        which = self.is_set.copy()
        if rows is not None:
            chosen = np.zeros(len(which), dtype=bool)
            chosen[rows] = True
            which &= chosen
        new = {}
        for name, value in zip(self.variables, self.levels[level], strict=True):
            values = trials[name].values.astype(float)
            values[which] = value
            new[name] = trials.variables[name].copy(data=values)
        return trials.assign(new)


def _not_encoding(name: str, value: Any) -> list[str]:
    """Describe what holds no arguments of `neuroalrnn.encode`."""
    if isinstance(value, Mapping) and not not_inputs(name, value.get("inputs")):
        return []
    return [f"{name} = {shown(value)}: expected the arguments of encode, with inputs"]


@checked(DataError, trials=not_trials, encoding=_not_encoding, inputs=optional(not_names))
def list_flips(
    trials: xr.Dataset,
    encoding: Mapping[str, Any],
    inputs: Sequence[str] | None = None,
    *,
    train: np.ndarray | None = None,
) -> list[Flip]:
    """List the inputs of a model, and what each is changed to.

    An input with two values gets these. One with the values -v, 0 and v is absent at 0, as the side
    of a cue that is not always shown; it is changed where it is present. Other inputs get their
    mean less and plus one standard deviation. A choice among several options gets each of them,
    compared with the average of all.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    encoding : dict
        Arguments of `neuroalrnn.encode`.
    inputs : sequence of str, optional
        Inputs of the encoding; two or more joined by ``":"``, such as ``"choice:reward"``, stand
        for their interaction, ``1/4 (eta_++ - eta_+- - eta_-+ + eta_--)``, if each has two levels.
        Default: all inputs by themselves.
    train : int array, optional
        Trials that mean and standard deviation are taken from; default all.

    Returns
    -------
    list of Flip
        Inputs that never vary are left out.

    Raises
    ------
    DataError
        Naming every input that the model does not have, or that cannot be flipped jointly.
    """
    known = [name for name in encoding["inputs"] if name in trial_variables(trials)]
    inputs = known if inputs is None else list(inputs)
    parts = {name: name.split(JOINT) for name in inputs}
    named = dict.fromkeys(each for names in parts.values() for each in names)
    found = [f"input {unknown(each, known)}" for each in named if each not in known]
    refuse("input effects", found, DataError)
    train = np.arange(trials.sizes["trial"]) if train is None else train
    refuse("input effects", not_rows("train", train, trials.sizes["trial"]), DataError)
    flips = []
    for name, names in parts.items():
        alone = [flip for each in names for flip in _flip(trials, each, train)]
        if len(alone) == len(names):
            flips.append(alone[0] if len(alone) == 1 else _join(name, alone))
    return flips


@checked(DataError, fit=not_fit, inputs=optional(not_names), fold=optional(not_whole))
def flips_of(fit: Fit, inputs: Sequence[str] | None = None, fold: int | None = None) -> list[Flip]:
    """List the flips of a fit; see `list_flips`.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    inputs : sequence of str, optional
        See `list_flips`.
    fold : int, optional
        Position of the fold whose training part gives mean and standard deviation; default all.

    Returns
    -------
    list of Flip
        Inputs that never vary are left out.
    """
    train = None if fold is None else np.flatnonzero(fit.splits["fold"].values != fold)
    return list_flips(fit.trials, fit.encoding, inputs, train=train)


def _pointing_inputs(trials, encoding):
    """Inputs but the rule of the task, which says which of the others counts."""
    rule = json.loads(trials.attrs.get("analysis", "{}")).get("rule")
    known = trial_variables(trials)
    return [name for name in encoding["inputs"] if name in known and name != rule]


def _flip(trials, name, train) -> list[Flip]:
    """The flip of one input; none of an input that never varies."""
    values = trials[name].values.astype(float)
    is_set = np.isfinite(values)
    first_lag = 1 if is_after_choice(trials, name) else 0
    if name == "choice":
        return [_flip_choice(trials, values, is_set, first_lag)]
    used = np.unique(values[is_set])
    if len(used) < 2:
        return []
    if len(used) == 3 and used[1] == 0 and used[0] == -used[2]:
        used, is_set = used[[0, 2]], is_set & (values != 0)
    if len(used) > 2:
        own = values[train][is_set[train]]
        used = np.array([own.mean() - own.std(), own.mean() + own.std()])
    levels = tuple((float(value),) for value in used)
    return [Flip(name, (name,), levels, {name: (-0.5, 0.5)}, first_lag, is_set)]


def _flip_choice(trials, values, is_set, first_lag):
    labels = [str(label) for label in trials["choice"].attrs["labels"]]
    offered = offered_options(trials)
    if offered is not None:  # what was not offered cannot have been chosen
        is_set = is_set & offered.all(axis=1)
    levels = tuple((float(code),) for code in range(len(labels)))
    if len(labels) == 2:
        return Flip("choice", ("choice",), levels, {"choice": (-0.5, 0.5)}, first_lag, is_set)
    weights = np.eye(len(labels)) - 1 / len(labels)
    contrasts = {f"choice={text}": tuple(row) for text, row in zip(labels, weights, strict=True)}
    return Flip("choice", ("choice",), levels, contrasts, first_lag, is_set)


def _join(name, alone) -> Flip:
    several = [flip.name for flip in alone if len(flip.levels) != 2]
    if several:
        text = (
            f"{name}: {', '.join(several)} has more than two levels, joint flips need two of each"
        )
        raise problems(DataError, "input effects", [text])
    levels, weights = [()], [1.0]
    for flip in alone:
        levels = [(*one, *level) for one in levels for level in flip.levels]
        weights = [weight * sign / 2 for weight in weights for sign in (-1, 1)]
    return Flip(
        name,
        tuple(flip.name for flip in alone),
        tuple(levels),
        {name: tuple(weights)},
        max(flip.first_lag for flip in alone),
        np.logical_and.reduce([flip.is_set for flip in alone]),
    )
