"""Centre and scale of inputs, from the training part of one model; where each input is present.

A model gets ``(s - centre) / size`` at the steps where an input is present, and 0 where it is
absent. Its weights act on the inputs as encoded all the same: what the centre adds is a weight of
whatever tells where the input is present, which is the bias if that is at every step, the marker of
an event, or else a 0/1 feature of its own.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from neuroalrnn.data.coding import is_centred
from neuroalrnn.data.schema import trial_variables, unknown
from neuroalrnn.data.sequences import ALWAYS, PRESENT, Sequences
from neuroalrnn.exceptions import DataError, problems


class Scale(NamedTuple):
    """Mean, as a value and the distance to it, and standard deviation of a covariate."""

    start: float
    distance: float
    size: float

    @property
    def centre(self):
        """The mean."""
        return self.start + self.distance

    def apply(self, values):
        """Centre and scale; in this order a far offset costs no digits."""
        return (values - self.start - self.distance) / self.size


def measure(values: np.ndarray) -> Scale:
    """Mean and standard deviation of the values that are there.

    Parameters
    ----------
    values : ndarray of float
        NaN is missing.

    Returns
    -------
    Scale
        Mean 0 and standard deviation 1 where nothing is there; a constant has standard deviation 1.
    """
    values = values[np.isfinite(values)]
    if not values.size:
        return Scale(0.0, 0.0, 1.0)
    apart = values - values[0]
    size = float(apart.std())
    return Scale(float(values[0]), float(apart.mean()), size if size > 0 else 1.0)


def standardise(trials: xr.Dataset, train: np.ndarray) -> xr.Dataset:
    """Centre and scale every covariate by its training values.

    Parameters
    ----------
    trials : xarray.Dataset
    train : int array
        Training trials; nothing is read from others.

    Returns
    -------
    xarray.Dataset
        The same trials. ``choice``, ``correct`` and variables marked as signed stay as they are,
        and missing values stay missing.
    """
    found = {}
    for name in trial_variables(trials):
        if is_centred(trials, name):
            values = trials[name].values.astype(float)
            found[name] = trials[name].copy(data=measure(values[train]).apply(values))
    return trials.assign(found)


def add_presence(
    names: list[str],
    flat: np.ndarray,
    present: dict[str, np.ndarray],
    *,
    after: set[str] = frozenset(),
    own: tuple[str, ...] = (),
) -> tuple[list[str], np.ndarray, dict[str, str]]:
    """Add a feature wherever nothing else tells at which steps an input is present.

    Parameters
    ----------
    names : list of str
        Features so far; those that are always 0 or 1 and begin with "event=" mark events.
    flat : ndarray, shape (step, feature)
    present : dict of str -> bool array, shape (step,)
        Steps at which each feature to be centred is present.
    after : set of str
        Features known only after the choice; a model that chooses itself changes where they are
        present, so that they share no feature with others.
    own : tuple of str
        Features that get one in any case.

    Returns
    -------
    names, flat
        With the features ``"present=name"`` last.
    present_at : dict of str -> str
        See `Sequences`.

    Raises
    ------
    DataError
        If `own` names no feature to be centred, or a feature has a name that this adds.
    """
    found = [f"presence: {unknown(name, present)}" for name in own if name not in present]
    taken = set(names) & {PRESENT + name for name in present}
    found += [f"{name!r} names where another input is present: rename it" for name in sorted(taken)]
    if found:
        raise problems(DataError, "encode", found)
    told = {
        (group, _key(flat[:, names.index(name)])): name
        for name in names
        if name.startswith("event=") and name not in present
        for group in (False, True)
    }
    present_at, added = {}, []
    for name, mask in present.items():
        key = name in after, _key(mask)
        if name in own or (key not in told and not mask.all()):
            told[key] = PRESENT + name
            added.append(mask)
        present_at[name] = told.get(key, ALWAYS)
    added = [mask[:, None].astype(float) for mask in added]
    names = names + list(dict.fromkeys(c for c in present_at.values() if c.startswith(PRESENT)))
    return names, np.hstack([flat, *added]), present_at


def _key(mask):
    return np.packbits(mask != 0).tobytes()


def _centred(sequences):
    """Column of every feature to be centred, and the steps at which it is present."""
    place, real = sequences.place, sequences.trial >= 0
    for name, carrier in sequences.present_at.items():
        here = real if carrier == ALWAYS else sequences.inputs[..., place[carrier]] != 0
        yield place[name], here


def scale_of(sequences: Sequences) -> tuple[np.ndarray, np.ndarray]:
    """Centre and size of every feature but those that tell where others are present.

    Parameters
    ----------
    sequences : Sequences
        The training part of one model.

    Returns
    -------
    centre, size : ndarray, shape (own feature,)
        0 and 1 of features that are used as they are.
    """
    centre, size = np.zeros(sequences.n_own), np.ones(sequences.n_own)
    for at, here in _centred(sequences):
        scale = measure(sequences.inputs[..., at][here])
        centre[at], size[at] = scale.centre, scale.size
    return centre, size


def standardise_inputs(sequences: Sequences, train: np.ndarray) -> Sequences:
    """Centre and scale every input by the sequences that are trained on.

    Parameters
    ----------
    sequences : Sequences
    train : int array
        Nothing is read from other sequences.

    Returns
    -------
    Sequences
    """
    if not sequences.present_at:
        return sequences
    inputs = sequences.inputs.copy()
    chosen = np.isin(np.arange(len(inputs)), train)[:, None]
    for at, here in _centred(sequences):
        values = sequences.inputs[..., at]
        inputs[..., at] = np.where(here, measure(values[here & chosen]).apply(values), 0.0)
    return replace(sequences, inputs=inputs)


def carriers(sequences: Sequences) -> np.ndarray:
    """Which weight takes what centring a feature adds.

    Parameters
    ----------
    sequences : Sequences

    Returns
    -------
    ndarray, shape (own feature, feature + 1)
        1 where it is the weight of a feature, or in the last column the bias; else 0.
    """
    found = np.zeros((sequences.n_own, len(sequences.features) + 1))
    place = sequences.place | {ALWAYS: -1}
    for name, carrier in sequences.present_at.items():
        found[place[name], place[carrier]] = 1.0
    return found
