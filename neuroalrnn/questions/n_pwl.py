"""How many PWL units are needed?"""

import numpy as np

from neuroalrnn import plots
from neuroalrnn.plots.n_pwl import score_curves
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import SCORE_BY_N_PWL
from neuroalrnn.questions.words import UNIT_OF_INFERENCE, count, listed, losing
from neuroalrnn.regimes import compute_effective_n_pwl
from neuroalrnn.results.tables import Table

EARLIER = (
    "This fit is of an earlier version, which chose one P for prediction and for what is taken "
    "apart, by the one-standard-error rule."
)


def describe_choice_of_n_pwl(fit):
    """Which P is sufficient, and which is best, in how many folds.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    str
    """
    selection = fit.sufficient.selection
    full = fit.parameters.sizes["latent"]
    ends = {0: "linear", full: "full ReLU network"}
    grid = fit.parameters["n_pwl"].values.tolist()
    grid = [f"{v} ({ends[v]})" if v in ends else str(v) for v in grid]
    start, chosen = f"The grid was P = {listed(grid)}.", _by_fold(selection["n_pwl_chosen"])
    if "sufficient" not in fit.config:
        return f"{start} Chosen on validation subjects: P = {chosen}. {EARLIER}"
    return (
        f"{start} On validation subjects the best P is "
        f"{_by_fold(selection['n_pwl_best'])}; the sufficient one, the smallest that "
        f"{losing(fit.loss)}, is {chosen}."
    )


def _by_fold(chosen):
    """Values with the number of folds that they were chosen in."""
    values, counts = np.unique(chosen.values, return_counts=True)
    return listed(f"{v} in {count(int(n), 'fold')}" for v, n in zip(values, counts, strict=True))


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
    test = (
        "Test scores are shown for information and chose nothing.",
        "A validation subject is scored by several networks, of all folds that did not test it.",
    )
    if "sufficient" not in asked.fit.config:
        return UNIT_OF_INFERENCE, *test
    return (
        UNIT_OF_INFERENCE,
        "Both were chosen inside each fold, on its validation subjects: the best P has the highest "
        "mean (or is smaller, and within 0.1 % of what is explained); the sufficient P is the "
        f"smallest that {losing(asked.fit.loss)}. It is a convention, not a test: intervals are "
        "shown, and chose nothing.",
        "What is explained is the validation score of the best P minus that of the frequency of "
        "choices, fitted on the same inner training parts. The best P predicts and is compared "
        "with other models; networks with the sufficient P are taken apart.",
        *test,
    )


QUESTION = Question(
    name="n_pwl",
    section=SCORE_BY_N_PWL,
    tables={
        "effective_n_pwl": lambda asked: compute_effective_n_pwl(asked.held_out.codes),
        "score_by_n_pwl": lambda asked: score_curves(asked.fit),
    },
    schema={
        "score_by_n_pwl": Table(
            "part (validation or test subjects) and P",
            "part n_pwl score difference_to_best standard_error_to_best explained_share "
            "ci_low ci_high n_subjects",
        ),
        "effective_n_pwl": Table("fold", "fold n_pwl effective_n_pwl"),
    },
    answer=(
        Text("choice of P", lambda asked: describe_choice_of_n_pwl(asked.fit)),
        Text("effective P", lambda asked: describe_effective(asked.tables["effective_n_pwl"])),
        Text("score against P", _lacks_curve),
        Figure(
            "score_by_n_pwl",
            "Mean over subjects (left), and what each P keeps of what the best P explains beyond "
            "the frequency of choices, with 95 % intervals over subjects (right; dotted: what the "
            "sufficient P has to keep). In brackets: folds in which this P is sufficient | best.",
            lambda asked: plots.plot_n_pwl_panels(asked.fit),
            when=_is_curve,
        ),
    ),
    footnote=_footnote,
)
