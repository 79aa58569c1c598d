"""What does the network add to the regression?"""

import pandas as pd

from neuroalrnn.plots.added import plot_added
from neuroalrnn.questions.comparisons import compare_with_others
from neuroalrnn.questions.question import Figure, Question, Shown, Text
from neuroalrnn.questions.sections import SCORES
from neuroalrnn.questions.words import (
    UNIT_OF_INFERENCE,
    capital,
    interval,
    number,
    p_value,
    small,
    spans,
    strong,
)
from neuroalrnn.results.columns import Column
from neuroalrnn.results.summary import ADAPTIVE, NETWORK, ON_REGRESSION, REGRESSION
from neuroalrnn.results.tables import EFFECT, Table

PAIRS = ((ON_REGRESSION, REGRESSION), (NETWORK, REGRESSION), (ON_REGRESSION, NETWORK))


def compare_to_regression(fit):
    """Networks on top of the regression, alone, and the regression, paired over subjects.

    Parameters
    ----------
    fit : Fit
        With networks on top of the regression.

    Returns
    -------
    pandas.DataFrame
        One row per pair of models, without and with read-outs that learn their subject; pairs that
        predict the same are left out.
    """
    models, tables = set(fit.predictions["model"].values), []
    for end in ("", ADAPTIVE):
        for model, other in ((one + end, other + end) for one, other in PAIRS):
            if {model, other} <= models:
                found = compare_with_others(fit, model)
                row = found[found["effect"] == f"{model} - {other}"]
                tables.append(row.assign(model=model, other_model=other))
    table = pd.concat(tables, ignore_index=True)
    return table[["model", "other_model", *(n for n in table if not n.endswith("model"))]]


def say_added(table):
    """What the network adds to the regression, and whether it takes the place of it.

    Parameters
    ----------
    table : pandas.DataFrame
        Table ``regression``.

    Returns
    -------
    list of str
    """
    return [_sentence(row) for row in table.to_dict("records")]


def _sentence(row):
    is_adaptive = row["model"].endswith(ADAPTIVE)
    pair = tuple(row[name].removesuffix(ADAPTIVE) for name in ("model", "other_model"))
    better, worse, unsure = WORDS[pair]
    learn = "with read-outs that learn their subject, " if is_adaptive else ""
    detail = f" ({number(row['estimate'])} nats per trial, {interval(row)}, {p_value(row['p'])})."
    if row["ci_low"] > 0:
        return strong(capital(learn + better)) + detail
    if row["ci_high"] < 0:
        return strong(capital(learn + worse)) + detail
    return capital(learn + unsure) + detail


WORDS = {
    (ON_REGRESSION, REGRESSION): (
        "the network adds to the regression",
        "the network takes from what the regression predicts",
        "it cannot be told whether the network adds to the regression",
    ),
    (NETWORK, REGRESSION): (
        "the network alone predicts better than the regression",
        "the network alone predicts worse than the regression",
        "the network alone and the regression cannot be told apart",
    ),
    (ON_REGRESSION, NETWORK): (
        "the regression adds to the network",
        "the network is better off without the regression",
        "it cannot be told whether the regression adds to the network",
    ),
}


def _scores(asked):
    """Score and pairs as they are read."""
    table = asked.tables["regression"]
    return pd.DataFrame(
        {
            "model": table["model"],
            "minus": table["other_model"],
            "nats/trial": table["estimate"],
            "95 % interval": spans(table["ci_low"], table["ci_high"]),
            "p": table["p"],
            "better in": table["n_favouring"],
        }
    )


def _none(asked):
    lacking = ON_REGRESSION not in asked.fit.predictions["model"].values
    return "no networks on top of the regression were fitted (regression=True)" if lacking else ""


QUESTION = Question(
    name="regression",
    section=SCORES,
    title="What the network adds to the regression",
    tables={"regression": lambda asked: compare_to_regression(asked.fit)},
    schema={
        "regression": Table(
            "pair of models: the first minus the other",
            f"model other_model effect {EFFECT} n_favouring note",
        )
    },
    columns={"other_model": Column("model that it is compared with", dtype="str")},
    answer=(
        Text("regression", lambda asked: say_added(asked.tables["regression"])),
        Figure(
            "regression",
            "One model minus another, paired over subjects: dots are subjects, large symbols their "
            "mean with the 95 % interval (t); circles are networks on top of the regression.",
            lambda asked: plot_added(asked.fit, asked.tables["regression"]),
        ),
        Shown("pairs with the regression", _scores, noun="pair", formats={"p": small}),
    ),
    footnote=(
        UNIT_OF_INFERENCE,
        "A network on top of the regression is trained with the log-odds of the history regression "
        "added to its read-out: it learns what the regression does not explain. The regression is "
        "fitted to the training trials of every part alone. p is not corrected for the number of "
        "pairs.",
    ),
    unasked=_none,
)
