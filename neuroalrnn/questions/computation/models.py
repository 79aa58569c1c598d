"""Do other models compute the same?"""

import numpy as np
import pandas as pd

from neuroalrnn.questions.computation.input_effects import EFFECT_COLUMNS
from neuroalrnn.questions.question import Question, Shown, Text
from neuroalrnn.questions.sections import COMPUTATION
from neuroalrnn.questions.words import strong, two_digits
from neuroalrnn.results.columns import Column
from neuroalrnn.results.summary import NETWORK, SUFFICIENT
from neuroalrnn.results.tables import Table

FREQUENCY = "class frequency"
# correlation of effects over trials, from which two models are said to compute much the same
SAME = 0.9
# correlation below the highest one, within which a smaller P is as close
NEAR = 0.01
SHOWN = {
    "other_model": "AL-RNN and",
    "model_correlation": "correlation",
    "model_correlation_low": "lowest fold",
    "adjusted_rand": "adjusted Rand index",
    "rms_difference": "difference (rms log-odds)",
}
_TWO = dict.fromkeys([*SHOWN.values()][1:], two_digits)


def _of(pairs, model):
    """Pairs with a model, the other one in ``other_model``."""
    swapped = pairs.rename(columns={"model": "other_model", "other_model": "model"})
    both = pd.concat([pairs, swapped[pairs.columns]])
    return both[(both["model"] == model) & (both["other_model"] != FREQUENCY)]


def judge_models(pairs):
    """How far the AL-RNN computes what each other model does, and from which P on.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Table ``models_computation``.

    Returns
    -------
    list of str
        One text per model beside the AL-RNN.
    """
    rows = _of(pairs, own_model(pairs))
    rows = rows[~rows["other_model"].str.startswith(NETWORK)]
    return [_judge(row, _of(pairs, row.other_model)) for row in rows.itertuples()]


def own_model(pairs):
    """Name of the networks that are taken apart.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Table ``models_computation``.

    Returns
    -------
    str
    """
    names = {*pairs["model"], *pairs["other_model"]}
    return SUFFICIENT if SUFFICIENT in names else NETWORK


def _judge(row, by_n_pwl):
    name, r = row.other_model, row.model_correlation
    if np.isnan(row.rms_difference):
        return f"{name}: reads no input whose effects could be compared."
    of, apart = "effects", f"they differ by {two_digits(row.rms_difference)} log-odds"
    if row.unread:
        name += f" does not read {row.unread}"
        of = "effects of the other inputs"
    if np.isnan(r):
        return f"{name}: {of} are the same on all trials in one of the two; {apart}."
    size = f"{of} correlate at {two_digits(r)} over trials "
    size += f"(lowest fold {two_digits(row.model_correlation_low)}); {apart}"
    if row.unread:  # what it reads instead may follow from the input
        return f"{name}: {size}."
    if r < SAME:
        return f"{name}: " + strong("computes something else than the AL-RNN") + f": {size}."
    size += _from(by_n_pwl)
    return f"{name}: " + strong("computes much the same as the AL-RNN") + f": {size}."


def _from(rows):
    """From which P on networks are as close to a model as any."""
    rows = rows[rows["other_model"].str.startswith(f"{NETWORK} P=")]
    n_pwl = rows["other_model"].str.removeprefix(f"{NETWORK} P=").astype(int)
    by_n_pwl = pd.Series(rows["model_correlation"].to_numpy(), index=n_pwl.to_numpy()).sort_index()
    enough = by_n_pwl.index[by_n_pwl >= by_n_pwl.max() - NEAR]
    if len(by_n_pwl) < 2 or not len(enough):
        return ""
    return f"; P = {enough[0]} is as close to it as any ({two_digits(by_n_pwl[enough[0]])})"


def _shown(asked):
    pairs = asked.tables["models_computation"]
    return _of(pairs, own_model(pairs))[[*SHOWN]].rename(columns=SHOWN)


QUESTION = Question(
    name="models_effects",
    section=COMPUTATION,
    title="Do other models compute the same?",
    tables={
        "models_computation": lambda asked: asked.compared_models.pairs,
        "models_effects": lambda asked: asked.compared_models.effects,
    },
    schema={
        "models_computation": Table(
            "pair of models",
            "model other_model unread n_trials model_correlation model_correlation_low "
            "rms_difference rms_model rms_other n_regimes adjusted_rand adjusted_rand_low",
        ),
        "models_effects": Table(
            "pair of models, input, lag and option",
            "model other_model input lag option n_trials model_correlation model_correlation_low "
            "rms_difference input_effect other_effect",
        ),
    },
    columns={
        "input_effect": EFFECT_COLUMNS["input_effect"],
        "other_model": Column("model that it is compared with", dtype="str"),
        "model_correlation": Column("correlation of effects over trials (median over folds)", "1"),
        "model_correlation_low": Column("lowest over folds", "1"),
        "unread": Column("inputs that one of the two models does not read", dtype="str"),
        "rms_difference": Column("root mean square of the difference of effects", "log odds"),
        "rms_model": Column("root mean square of the effects of the model", "log odds"),
        "rms_other": Column("root mean square of the effects of the other model", "log odds"),
        "other_effect": Column("mean effect of the input in the other model", "log odds"),
    },
    answer=(
        Text(
            "what other models compute",
            lambda asked: judge_models(asked.tables["models_computation"]),
            noun="model",
        ),
        Shown("what other models compute", _shown, noun="model", formats=_TWO),
    ),
    footnote=(
        "Models are compared on the same held-out trials, by the effects that trials are grouped "
        "by. A correlation is over trials, with the mean of every effect taken out: it says "
        "whether inputs gain and lose their effect on the same trials. The adjusted Rand index "
        "compares the groups into which the effects of each model fall. Variables that follow from "
        "an input, such as whether an outcome was common, stay as they were when it is changed.",
    ),
)
