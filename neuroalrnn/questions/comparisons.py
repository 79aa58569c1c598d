"""Does the AL-RNN predict better than each other model, and is switching needed for it?"""

import numpy as np
import pandas as pd

from neuroalrnn.arguments import checked, not_one_of, not_text, refuse
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.questions.question import Question, Text
from neuroalrnn.questions.sections import SCORES
from neuroalrnn.questions.words import (
    capital,
    count,
    interval,
    joined,
    losing,
    name_of,
    number,
    p_value,
    strong,
)
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit
from neuroalrnn.results.tables import EFFECT, Table
from neuroalrnn.stats import paired_difference
from neuroalrnn.stats.effects import effect_table


@checked(DataError, fit=not_fit, model=not_text, value=not_text)
def compare_with_others(
    fit: Fit, model: str = "AL-RNN", *, value: str = "log_likelihood"
) -> pd.DataFrame:
    """Held-out log-likelihood of one model against every other, paired over subjects.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    model : str
        The model that is compared with every other, by its name in the scores.
    value : str
        Column of the scores: of choices, or of another variable; models that do not explain it,
        and subjects of whom it was never observed, are left out.

    Returns
    -------
    pandas.DataFrame
        One row per other model: mean difference in nats per trial (positive favours `model`),
        interval, t-test over subjects, and how many subjects favour it; ``note`` says why a
        difference is not testable.
    """
    title, known = "compare_with_others", fit.scores.filter(like="log_likelihood").columns
    refuse(title, not_one_of("value", value, known), DataError)
    scores = fit.scores.pivot(index="subject", columns="model", values=value)
    scores = scores.dropna(axis="columns", how="all").dropna(how="all")
    refuse(title, not_one_of("model", model, scores.columns), DataError)
    rows = []
    for other in [name for name in fit.predictions["model"].values if name in scores]:
        if other == model:
            continue
        if np.allclose(scores[model], scores[other], rtol=0, atol=1e-15):
            continue
        effect = f"{model} - {other}"
        try:
            row = paired_difference(scores[model], scores[other], effect=effect).assign(note="")
        except NotTestableError as error:
            row = not_testable(effect, scores[model] - scores[other]).assign(note=str(error))
        rows.append(row)
    return pd.concat(rows, ignore_index=True) if rows else effect_table([])


def not_testable(effect, difference):
    """A row for a difference of which there is no test.

    Parameters
    ----------
    effect : str
    difference : pandas.Series
        By subject.

    Returns
    -------
    pandas.DataFrame
    """
    row = {"effect": effect, "estimate": difference.mean(), "n_subjects": len(difference)}
    row |= {"method": "not testable", "scale": "nats per trial"}
    return effect_table([row | {"n_favouring": int((difference > 0).sum())}])


def compare(row):
    """Which of two models predicts better, by how much, and how sure that is.

    Parameters
    ----------
    row : mapping
        A row of the table ``comparisons``: AL-RNN minus another model.

    Returns
    -------
    str
    """
    other = name_of(row["effect"].removeprefix("AL-RNN - "))
    size = f"{number(abs(row['estimate']))} nats per trial"
    favour = f"{int(row['n_favouring'])} of {count(int(row['n_subjects']), 'subject')}"
    detail = f"AL-RNN minus other {number(row['estimate'])}, {interval(row)}, {p_value(row['p'])}"
    detail = f"({detail}; the AL-RNN is better in {favour})"
    if row["ci_low"] > 0:
        return strong(f"The AL-RNN predicts better than {other}") + f" by {size} {detail}."
    if row["ci_high"] < 0:
        verdict = strong(f"{capital(other)} predicts better than the AL-RNN")
        return verdict + f" by {size} {detail}."
    ahead = "the AL-RNN" if row["estimate"] > 0 else other
    return f"The AL-RNN and {other} cannot be told apart: {ahead} is ahead by {size} {detail}."


def judge_control(fit, comparisons):
    """What the linear control says about the need for switching.

    Parameters
    ----------
    fit : Fit
    comparisons : pandas.DataFrame
        Table ``comparisons``.

    Returns
    -------
    str
    """
    grid = fit.parameters["n_pwl"].values
    chosen = fit.selection["n_pwl_chosen"].values
    if 0 not in grid:
        return "No linear control (P = 0) was fitted, so nothing can be said about linear dynamics."
    if "AL-RNN P=0" not in fit.predictions["model"].values:
        return "Training the linear control (P = 0) diverged: nothing is said of linear dynamics."
    if (chosen == 0).all():
        verdict = "P = 0 is sufficient in every fold: on validation subjects a linear network"
        rest = "There is one regime and there are no switches to interpret."
        return joined([strong(f"{verdict} {losing(fit.loss)}."), rest])
    found = comparisons[comparisons["effect"] == "AL-RNN - AL-RNN P=0"]
    if not len(found):
        return "The AL-RNN predicts exactly as the linear control (P = 0) does."
    return _control_sentence(found.iloc[0])


def _control_sentence(row):
    size, detail = number(abs(row["estimate"])), f"{interval(row)}, {p_value(row['p'])}"
    if row["ci_low"] > 0:
        return (
            f"The linear control (P = 0) is worse by {size} nats per trial ({detail}): switching "
            "between linear regimes helps to predict held-out choices."
        )
    if row["ci_high"] < 0:
        return strong(
            f"The linear control (P = 0) is better by {size} nats per trial ({detail}): switching "
            "between regimes does not help, and regimes should not be interpreted."
        )
    return strong("The linear control (P = 0) cannot be told from the AL-RNN") + (
        f" (difference {number(row['estimate'])} nats per trial, {detail}): these data give no "
        "evidence that switching between regimes is needed to predict choices."
    )


def _compare_all(asked):
    compared = asked.tables["comparisons"]
    if not len(compared):
        return "No other model was fitted, so the AL-RNN is compared with none."
    return [compare(row) for row in compared.to_dict("records")]


def _footnote(asked):
    n_tests = len(asked.tables.get("comparisons", ()))
    return (
        "Comparisons are t-tests on one difference per subject.",
        f"The {n_tests} comparisons with the AL-RNN are not corrected for their number; q of the "
        "table is, over all comparisons with the reference and with the best model.",
    )


QUESTION = Question(
    name="comparisons",
    section=SCORES,
    title="The AL-RNN against each other model",
    tables={"comparisons": lambda asked: compare_with_others(asked.fit)},
    schema={
        "comparisons": Table("other model: AL-RNN minus it", f"effect {EFFECT} n_favouring note"),
    },
    answer=(
        Text("comparisons", _compare_all, noun="comparison"),
        Text(
            "linear control",
            lambda asked: judge_control(asked.fit, asked.tables["comparisons"]),
            main=True,
        ),
    ),
    footnote=_footnote,
)
