"""What does every input do to the choice, and for how long?"""

import numpy as np
import pandas as pd

from neuroalrnn.effects import compute_input_effects, describe_effects
from neuroalrnn.plots.computation import plot_effects_by_lag
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import COMPUTATION
from neuroalrnn.questions.words import UNIT_OF_INFERENCE, number
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import Table

KEYS = ["input", "lag", "option"]
CHOSEN, BEST, ONE_UNIT = "sufficient P", "best P", "P = 1"
# log-odds below which an input is said to do nothing
LEAST = 0.1
EFFECT_COLUMNS = {
    "input_effect": Column("what the input does to the choice, see input effects", "log odds"),
    "input_effect_sd": Column("standard deviation of it over held-out trials", "log odds"),
    "correlation": Column("correlation of effects between folds (median over pairs)", "1"),
    "correlation_low": Column("lowest over pairs", "1"),
    "networks": Column("whose networks: of the sufficient P, the best P, or P = 1", dtype="str"),
}


def of_chosen(table):
    """Rows of a table that are about the networks with the sufficient P.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
    """
    return table[table["networks"] == CHOSEN]


def one_unit(fit):
    """Whether networks with one unit were fitted, and are not the sufficient ones.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    bool
    """
    is_chosen = (fit.selection["n_pwl_chosen"].values == 1).all()
    return 1 in fit.parameters["n_pwl"].values and not is_chosen


def effects_as_columns(effects):
    """Effects that are defined somewhere, one column per input, lag and option.

    Parameters
    ----------
    effects : xarray.DataArray, dims (trial, input, lag, option)

    Returns
    -------
    pandas.DataFrame
        One row per trial.
    """
    values = effects.values.reshape(effects.sizes["trial"], -1)
    columns = pd.MultiIndex.from_product([effects[dim].values for dim in KEYS], names=KEYS)
    return pd.DataFrame(values, columns=columns).dropna(axis="columns", how="all")


def _tabulate(asked):
    parts = {CHOSEN: _describe(asked, asked.tables["held_out_effects"])}
    if one_unit(asked.fit):
        parts[ONE_UNIT] = _describe(asked, compute_input_effects(asked.fit, n_pwl=1), 1)
    return pd.concat(parts, names=["networks"]).reset_index("networks").reset_index(drop=True)


def _describe(asked, effects, n_pwl=None):
    rows = np.flatnonzero(asked.functional.labels.values >= 0)
    table = describe_effects(asked.fit, effects, rows, n_pwl=n_pwl)
    names = {"effect": "input_effect", "effect_sd": "input_effect_sd"}
    return table.rename(columns=names).astype({"lag": "int64"})


def describe_memory(table):
    """How long each input acts.

    Parameters
    ----------
    table : pandas.DataFrame
        Table ``input_effects``.

    Returns
    -------
    list of str
        One text per input.
    """
    texts = []
    for name, rows in table.groupby("input", sort=False):
        size = np.hypot(rows["input_effect"], rows["input_effect_sd"].fillna(0.0))
        acts = rows["lag"][size >= LEAST]
        if not len(acts):
            texts.append(f"{name}: less than {LEAST:g} log-odds on any trial that follows.")
            continue
        first = rows.loc[size.idxmax()]
        strongest = f"{number(first['input_effect'], 2)} log-odds on average, "
        strongest += f"{number(first['input_effect_sd'], 2)} standard deviation over trials"
        when = f"strongest {_when(first['lag'])} ({strongest})"
        end = " or longer" if acts.max() == rows["lag"].max() else ""
        texts.append(f"{name}: {when}; seen up to {_when(acts.max())}{end}.")
    return texts


def _when(lag):
    if lag == 0:
        return "on the same trial"
    return "on the next trial" if lag == 1 else f"{int(lag)} trials later"


QUESTION = Question(
    name="input_effects",
    section=COMPUTATION,
    title="What inputs do, and for how long",
    tables={
        "held_out_effects": lambda asked: compute_input_effects(asked.fit),
        "input_effects": _tabulate,
    },
    schema={
        "input_effects": Table(
            "kind of networks, input, lag and option",
            "networks input lag option input_effect ci_low ci_high n_subjects input_effect_sd "
            "correlation correlation_low",
        ),
    },
    columns=EFFECT_COLUMNS,
    answer=(
        Text(
            "how long inputs act",
            lambda asked: describe_memory(of_chosen(asked.tables["input_effects"])),
            noun="input",
        ),
        Figure(
            "effects_by_lag",
            "What each input does to choices of the same trial (0) and of trials that follow: "
            "means over subjects with 95 % intervals (bands); thin lines are one standard "
            "deviation over trials. An input with a small mean and a large deviation pushes one "
            "way on some trials and the other way on others.",
            lambda asked: plot_effects_by_lag(of_chosen(asked.tables["input_effects"])),
        ),
    ),
    footnote=(
        UNIT_OF_INFERENCE,
        "The effect of an input is half the change of the log-odds of a choice when the input of "
        "one trial is set to its high instead of its low value, everything else as it happened. "
        "Each trial is asked of the network that never saw its subject.",
        "Means and intervals are over subjects, with what the choices of each, whom the network "
        "never saw, add to its effects; how far the networks of the folds are apart is added.",
        "Correlations between folds are over the same trials.",
    ),
)
