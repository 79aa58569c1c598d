"""What questions about mechanism need, and what several of them share."""

from functools import partial

import numpy as np
import pandas as pd

from neuroalrnn.arguments import checked, not_kind
from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError
from neuroalrnn.questions.words import code
from neuroalrnn.regimes import used_regimes

N_LAGS = 10
LONGEST = 25
REPLACEMENTS = ("affine", "zero")
NOT_ASKED = (
    "The fit was not taken apart here; " + code("neuroalrnn report FIT.nc --out DIR") + " does it."
)


def not_apart(asked):
    """Why networks were not taken apart; empty where they were.

    Parameters
    ----------
    asked : Asked

    Returns
    -------
    str
    """
    if "mechanism" in asked.tables.reasons:
        return f"Not taken apart: {asked.tables.reasons['mechanism']}."
    known = {*asked.tables, *asked.tables.reasons}
    return "" if any(name.startswith("mechanism_") for name in known) else NOT_ASKED


def codes_of(fold):
    """Sign patterns of the held-out steps of a fold, shape (sequence, step)."""
    return fold.codes[fold.is_test, : fold.test.trial.shape[1]]


def used_codes(fold):
    """Sign patterns that held-out steps of a fold visit, in order."""
    return used_regimes(codes_of(fold))


@checked(DataError, sequences=partial(not_kind, kinds=Sequences, expected="sequences of encode"))
def mean_inputs(sequences: Sequences) -> np.ndarray:
    """Mean input of every step of a trial.

    Parameters
    ----------
    sequences : Sequences
        Trials as encoded for a network.

    Returns
    -------
    array, shape (step of a trial, feature)
        In the units of the inputs, as encoded.
    """
    at = sequences.step_in_trial
    return np.stack([sequences.inputs[at == step].mean(axis=0) for step in np.unique(at[at >= 0])])


def name_steps(table, fold):
    """A table with names of steps in place of their numbers in ``condition``."""
    names = [str(name) for name in fold.test.steps]
    steps = pd.Categorical.from_codes(table["condition"], names, ordered=True)
    return table.assign(step=steps).drop(columns="condition")


def name_features(table, fold):
    """A table with the name of every ``feature`` beside it, as ``input``."""
    names = np.array([str(name) for name in fold.test.features])
    table.insert(1, "input", names[table["feature"]])
    return table


def inputs_of(gains):
    """Names of the inputs of a table of gains, in the order of features."""
    return list(dict.fromkeys(gains.sort_values("feature")["input"]))
