"""What must hold before anything is trained, and what a user should hear of then."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from neuroalrnn.config import Setting
from neuroalrnn.data import caution
from neuroalrnn.data.schema import is_after_choice, scored_trials
from neuroalrnn.exceptions import ConfigError, DataError, LeakageWarning, problems
from neuroalrnn.model.hierarchy import VARYING

FEW_VALUES = 20
ENOUGH_TRIALS = 20


def score_what_is_read(trials, sequences):
    """Mark as not scored what the encoding never reads out, for every model alike.

    Parameters
    ----------
    trials : xarray.Dataset
    sequences : Sequences
        A choice beyond ``max_steps``, or without its event, has no read-out step in them.

    Returns
    -------
    xarray.Dataset
        The same object where all scored choices are read out.

    Raises
    ------
    DataError
        If no scored choice is left, or all are the same.
    """
    read = np.zeros(trials.sizes["trial"], dtype=bool)
    read[sequences.trial[sequences.scored]] = True
    scored = scored_trials(trials)
    options = np.unique(trials["choice"].values[read])
    if len(options) < 2:
        found = ["no choice is scored: look at 'scored', and at the times of the choice event"]
        if len(options):
            label = trials["choice"].attrs["labels"][int(options[0])]
            found = [f"'choice' is {str(label)!r} on every scored trial: nothing to predict"]
        raise problems(DataError, "trial dataset", found)
    return trials if (read == scored).all() else trials.assign(scored=("trial", read))


def caution_of_telling_inputs(trials, inputs):
    """Warn of inputs that tell the choice on every scored trial, and keep that with the trials.

    Parameters
    ----------
    trials : xarray.Dataset
    inputs : iterable of str
        Variables that the AL-RNN receives.

    Returns
    -------
    xarray.Dataset

    Warns
    -----
    LeakageWarning
        If an input taken as known before the choice has, over at least 20 scored trials, values
        (at most 20 different ones) that each go with one choice only, or values that one threshold
        parts by choice.
    """
    scored = scored_trials(trials)
    choice = trials["choice"].values[scored]
    telling = [
        name
        for name in inputs
        if not is_after_choice(trials, name)
        if _tells(trials[name].values[scored].astype(float), choice)
    ]
    found = [
        f"{name}: tells the choice of every scored trial. If this is known only after the choice, "
        "list it in after_choice"
        for name in telling
    ]
    return caution(trials, found, LeakageWarning, stacklevel=4)


def _tells(values, choice):
    if len(values) < ENOUGH_TRIALS or not np.isfinite(values).all():
        return False
    by_choice = [values[choice == code] for code in np.unique(choice)]
    if len(by_choice) == 2:
        one, other = sorted(by_choice, key=np.mean)
        if one.max() < other.min():
            return True
    table = pd.DataFrame({"value": values, "choice": choice}).groupby("value")["choice"]
    return len(table) <= FEW_VALUES and bool((table.nunique() == 1).all())


def check_grid(n_pwl, setting, n_restarts, n_inner):
    """Refuse an impossible grid or count, naming everything that is wrong.

    Parameters
    ----------
    n_pwl : sequence of int
    setting : Setting or None
    n_restarts, n_inner : int

    Returns
    -------
    list of int
        The grid, sorted, each value once.

    Raises
    ------
    ConfigError
    """
    most = (setting or Setting()).n_latent
    values = list(n_pwl) if isinstance(n_pwl, Iterable) and not isinstance(n_pwl, str) else [n_pwl]
    found = [
        f"n_pwl={p!r}: expected 0 (linear) to n_latent={most} (fully rectified)"
        for p in values
        if not (isinstance(p, int | np.integer) and 0 <= p <= most)
    ]
    found += [f"n_restarts={n_restarts}: expected at least 1"] if n_restarts < 1 else []
    found += [f"n_inner={n_inner}: expected at least 2"] if n_inner < 2 else []
    found += [] if values else ["n_pwl is empty: expected at least one value"]
    if found:
        raise problems(ConfigError, "n_pwl and counts", found)
    return sorted({int(p) for p in values})


def check_shots(trials, n_shots):
    """Refuse numbers of shots that cannot be scored, before anything is trained.

    Parameters
    ----------
    trials : xarray.Dataset
    n_shots : sequence of int

    Raises
    ------
    ConfigError
        If they are not different whole numbers from 0.
    DataError
        If a subject has no scored trial after the largest of them.
    """
    values = n_shots if isinstance(n_shots, Sequence) else None
    good = values and all(isinstance(n, int | np.integer) and n >= 0 for n in values)
    if not good or len(set(values)) < len(values):
        found = [f"n_shots = {n_shots!r}: expected different whole numbers from 0, such as (0, 50)"]
        raise problems(ConfigError, "few_shot", found)
    subject = trials["subject"].values.astype(str)
    count = pd.Series(scored_trials(trials)).groupby(subject).sum()
    short = count.index[count <= max(n_shots)]
    if len(short):
        found = [f"subject {', '.join(short)} has no scored trial after the first {max(n_shots)}"]
        raise problems(DataError, "few_shot", found)


def check_dimensions(n_dimensions, varying):
    """Refuse subject vectors that cannot be.

    Parameters
    ----------
    n_dimensions : sequence of int
    varying : collection of str

    Raises
    ------
    ConfigError
    """
    if not isinstance(n_dimensions, Sequence):
        found = [f"n_dimensions = {n_dimensions!r}: expected a list of whole numbers from 1"]
        raise problems(ConfigError, "subject vectors", found)
    found = [
        f"n_dimensions {n!r}: expected whole numbers from 1"
        for n in n_dimensions
        if not isinstance(n, int | np.integer) or n < 1
    ]
    found += [] if n_dimensions else ["n_dimensions is empty: expected at least one"]
    found += [
        f"varying {name!r}: expected some of {', '.join(VARYING)}"
        for name in varying
        if name not in VARYING
    ]
    found += [] if varying else ["varying is empty: expected at least one parameter"]
    if found:
        raise problems(ConfigError, "subject vectors", found)
