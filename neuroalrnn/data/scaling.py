"""Centre and scale inputs by the training part of one model, where each input is present.

A model gets ``(s - centre) / size`` at the steps where an input is present, and 0 where it is
absent. Its weights can be expressed for the inputs as encoded: the centre then adds to the weight
of whatever marks where the input is present. That is the bias for an input that is present at every
step, else the marker of an event, or a 0/1 feature of its own.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from neuroalrnn.data.coding import is_centred
from neuroalrnn.data.schema import trial_variables, unknown
from neuroalrnn.data.sequences import ALWAYS, PRESENT, Sequences
from neuroalrnn.exceptions import DataError, problems


class _Scale(NamedTuple):
    """Standard deviation of a covariate, and its mean as a first value and the distance to it."""

    start: float
    distance: float
    size: float

    @property
    def centre(self) -> float:
        """Mean of the values."""
        return self.start + self.distance

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Centre and scale values, in an order in which a far offset costs no digits."""
        return (values - self.start - self.distance) / self.size


def measure(values: np.ndarray) -> _Scale:
    """Compute mean and standard deviation of the values that are not missing.

    Parameters
    ----------
    values : ndarray of float
        Numbers, NaN where missing.

    Returns
    -------
    scale : tuple
        ``centre``, ``size`` and the method ``apply``. The mean is 0 and the standard deviation 1 if
        all are missing; a constant gets a standard deviation of 1.
    """
    values = values[np.isfinite(values)]
    if not values.size:
        return _Scale(0.0, 0.0, 1.0)
    apart = values - values[0]
    size = float(apart.std())
    return _Scale(float(values[0]), float(apart.mean()), size if size > 0 else 1.0)


def standardise(trials: xr.Dataset, train: np.ndarray) -> xr.Dataset:
    """Centre and scale every covariate by its training values.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    train : int array
        Indices of the training trials; other trials do not enter.

    Returns
    -------
    trials : xarray.Dataset
        The same trials with scaled covariates. ``choice``, ``correct`` and marked variables stay as
        they are, and missing values stay missing.
    """
    return standardiser(trials, train)(trials)


def standardiser(trials: xr.Dataset, train: np.ndarray) -> Callable[[xr.Dataset], xr.Dataset]:
    """Measure every covariate on the training trials, for any trials with the same variables.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    train : int array
        Indices of the training trials; other trials do not enter.

    Returns
    -------
    callable
        It scales trials as `standardise` does, by the values that were measured here.
    """
    scales = {
        name: measure(trials[name].values[train].astype(float))
        for name in trial_variables(trials)
        if is_centred(trials, name)
    }

    def scale(others: xr.Dataset) -> xr.Dataset:
        # bare variables need not be aligned, which takes most of the time
        values = {name: others.variables[name] for name in scales}
        return others.assign(
            {
                name: each.copy(data=scales[name].apply(each.values.astype(float)))
                for name, each in values.items()
            }
        )

    return scale


def add_presence(
    names: list[str],
    flat: np.ndarray,
    present: dict[str, np.ndarray],
    *,
    after: Set[str] = frozenset(),
    own: Sequence[str] = (),
) -> tuple[list[str], np.ndarray, dict[str, str]]:
    """Add a 0/1 feature wherever no other marks the steps at which an input is present.

    Parameters
    ----------
    names : list of str
        Names of the features so far; those that begin with "event=" mark events.
    flat : ndarray, shape (step, feature)
        Values of the features.
    present : dict of str to bool array, shape (step,)
        Steps at which each feature to be centred is present.
    after : set of str
        Features known only after the choice. A model that makes its own choices changes where they
        are present, so they share no marker with others.
    own : sequence of str
        Features that get a marker in any case.

    Returns
    -------
    names : list of str
        Names of all features, with those of the markers, ``"present=name"``, last.
    flat : ndarray, shape (step, feature)
        Values of all features.
    present_at : dict of str to str
        Marker of each feature, see `Sequences`.

    Raises
    ------
    DataError
        A name of `own` is no feature to be centred, or a feature has the name of a marker.
    """
    found = [f"presence: {unknown(name, present)}" for name in own if name not in present]
    taken = set(names) & {PRESENT + name for name in present}
    found += [f"{name!r} names where another input is present: rename it" for name in sorted(taken)]
    if found:
        raise problems(DataError, "encode", found)
    markers = {
        (group, _key(flat[:, names.index(name)])): name
        for name in names
        if name.startswith("event=") and name not in present
        for group in (False, True)
    }
    present_at: dict[str, str] = {}
    added: list[np.ndarray] = []
    for name, mask in present.items():
        key = name in after, _key(mask)
        if name in own or (key not in markers and not mask.all()):
            markers[key] = PRESENT + name
            added.append(mask[:, None].astype(float))
        present_at[name] = markers.get(key, ALWAYS)
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
    """Compute centre and size of every feature that is no marker of others.

    Parameters
    ----------
    sequences : Sequences
        Training part of one model.

    Returns
    -------
    centre, size : ndarray, shape (own feature,)
        Mean and standard deviation; 0 and 1 for features that are used as they are.
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
        Sequences as encoded.
    train : int array
        Positions of the sequences that are trained on; others do not enter.

    Returns
    -------
    sequences : Sequences
        The same sequences with scaled inputs.
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
    """Mark the weight that takes up what centring a feature adds.

    Parameters
    ----------
    sequences : Sequences
        Sequences as encoded.

    Returns
    -------
    carriers : ndarray, shape (own feature, feature + 1)
        1 at the weight of the marker of a feature, or at the bias in the last column; else 0.
    """
    found = np.zeros((sequences.n_own, len(sequences.features) + 1))
    place = sequences.place | {ALWAYS: -1}
    for name, carrier in sequences.present_at.items():
        found[place[name], place[carrier]] = 1.0
    return found
