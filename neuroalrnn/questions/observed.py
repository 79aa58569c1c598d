"""What of other variables than choices, where the fit explains them too?"""

import pandas as pd

from neuroalrnn.questions.comparisons import compare, compare_with_others
from neuroalrnn.questions.question import Question, Text
from neuroalrnn.questions.sections import SCORES
from neuroalrnn.questions.words import PLURALS, capital
from neuroalrnn.results.tables import EFFECT, Table


def compare_observed(fit):
    """The AL-RNN against the others that explain more than choices, variable by variable.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    pandas.DataFrame
        ``variable`` (and "joint", all together), then as from `compare_with_others`.
    """
    further = [name for name in fit.scores if name.startswith("log_likelihood_")]
    tables = [
        compare_with_others(fit, value=name).assign(variable=name.removeprefix("log_likelihood_"))
        for name in further
    ]
    return pd.concat(tables, ignore_index=True)


def _only_choices(asked):
    return "" if len(asked.fit.explained) > 1 else "the fit explains choices alone"


def _introduce(asked):
    return "" if _only_choices(asked) else "All else on this page is about choices."


def _describe(asked):
    if _only_choices(asked):
        return []
    names = PLURALS | {"joint": "all together"}
    return [
        f"{capital(names.get(row['variable'], row['variable']))}: " + compare(row)
        for row in asked.tables["observed"].to_dict("records")
    ]


QUESTION = Question(
    name="observed",
    section=SCORES,
    title="Beyond choices",
    tables={"observed": lambda asked: compare_observed(asked.fit)},
    schema={
        "observed": Table(
            "other model and variable: AL-RNN minus it",
            f"effect {EFFECT} n_favouring note variable",
        ),
    },
    answer=(
        Text("beyond choices", _introduce),
        Text("beyond choices", _describe),
    ),
    unasked=_only_choices,
)
