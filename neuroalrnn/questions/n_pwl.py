"""How many PWL units are needed?"""

import numpy as np

from neuroalrnn import plots
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import SCORE_BY_N_PWL
from neuroalrnn.questions.words import UNIT_OF_INFERENCE, count, listed
from neuroalrnn.regimes import compute_effective_n_pwl
from neuroalrnn.results.tables import Table


def describe_choice_of_n_pwl(fit):
    """Which P was chosen in how many folds.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    str
    """
    values, counts = np.unique(fit.selection["n_pwl_chosen"].values, return_counts=True)
    parts = [f"P = {v} in {count(int(n), 'fold')}" for v, n in zip(values, counts, strict=True)]
    full = fit.parameters.sizes["latent"]
    ends = {0: "linear", full: "full ReLU network"}
    grid = fit.parameters["n_pwl"].values.tolist()
    grid = [f"{v} ({ends[v]})" if v in ends else str(v) for v in grid]
    return f"The grid was P = {listed(grid)}. Chosen on validation subjects: {listed(parts)}."


def describe_effective(effective):
    """How many of the units of the chosen networks are both on and off.

    Parameters
    ----------
    effective : pandas.DataFrame
        Table ``effective_n_pwl``.

    Returns
    -------
    str
    """
    text = "Effective P counts the PWL units that are on at 1 % to 99 % of held-out steps"
    total, used = int(effective["n_pwl"].sum()), int(effective["effective_n_pwl"].sum())
    if total == used:
        return f"{text}; all are."
    return (
        f"{text}. Not counted over all folds: {total - used} of {count(total, 'unit')}, nearly "
        "always on or nearly always off, which act linearly on these data."
    )


def _is_curve(asked):
    return asked.fit.parameters.sizes["n_pwl"] > 1


def _lacks_curve(asked):
    return "" if _is_curve(asked) else "Only one value of P was fitted: there is no curve to show."


def _footnote(asked):
    if not _is_curve(asked):
        return ()
    return (
        UNIT_OF_INFERENCE,
        "P was chosen inside each fold by the one-standard-error rule: the smallest P whose "
        "validation score lies within one standard error, that of the paired difference to the "
        "best, of the best.",
        "It is a convention, not a test.",
        "Test scores are shown for information and chose nothing.",
        "A validation subject is scored by several networks, of all folds that did not test it.",
    )


QUESTION = Question(
    name="n_pwl",
    section=SCORE_BY_N_PWL,
    tables={"effective_n_pwl": lambda asked: compute_effective_n_pwl(asked.held_out.codes)},
    schema={
        "effective_n_pwl": Table("fold", "fold n_pwl effective_n_pwl"),
    },
    answer=(
        Text("choice of P", lambda asked: describe_choice_of_n_pwl(asked.fit)),
        Text("effective P", lambda asked: describe_effective(asked.tables["effective_n_pwl"])),
        Text("score against P", _lacks_curve),
        Figure(
            "score_by_n_pwl",
            "Mean over subjects (left), and difference to the best P with its paired standard "
            "error over subjects (right). In brackets: folds that chose this P.",
            lambda asked: plots.plot_n_pwl_panels(asked.fit),
            when=_is_curve,
        ),
    ),
    footnote=_footnote,
)
