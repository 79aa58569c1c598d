"""Four lights: how far the answer can be trusted, each with its reason."""

import pandas as pd

from neuroalrnn.questions.computation.explained import best_regression, compared_with
from neuroalrnn.questions.words import capital, count, interval, losing, name_of, number

FEW, ENOUGH = 6, 12
GREEN, AMBER, RED = "green", "amber", "red"
COLUMNS = ["light", "state", "answer", "reason"]


def judge_reproducible(verdict, row, correlation, why="", parts="subjects"):
    """Whether networks trained on different subjects compute the same.

    Parameters
    ----------
    verdict : str
        See `neuroalrnn.effects.FunctionalRegimes`; empty where there is none.
    row : mapping or None
        Row of the table ``functional_agreement`` with the number that was chosen.
    correlation : float
        Of effects between folds, median.
    why : str
        Why there is no verdict.
    parts : {"subjects", "sessions"}
        What networks of different folds were trained on.

    Returns
    -------
    tuple of str
        State, answer, reason.
    """
    if verdict == "discrete":
        detail = f"agreement {number(row['adjusted_rand'], 2)}, lowest pair "
        detail += number(row["adjusted_rand_low"], 2)
        return GREEN, "yes", f"Networks trained on different {parts} divide trials alike: {detail}."
    if verdict == "one":
        return GREEN, "yes", "Inputs do the same on all trials, in all networks."
    if verdict == "graded":
        text = f"Effects correlate between networks by {number(correlation, 2)}, but no division "
        return AMBER, "partly", text + "of trials into kinds is the same in all of them."
    if verdict:
        text = f"Networks trained on different {parts} do not agree on what inputs do"
        return RED, "no", f"{text} (correlation {number(correlation, 2)})."
    return AMBER, "not known", f"It could not be judged: {why}."


def judge_regression(explained, comparisons):
    """Whether the network predicts better than the best simpler model.

    Parameters
    ----------
    explained, comparisons : pandas.DataFrame
        Tables of these names.

    Returns
    -------
    tuple of str
        State, answer, reason.
    """
    if not len(explained):
        return RED, "no", "No network predicts better than the frequency of each choice."
    model = best_regression(explained)
    row = compared_with(comparisons, model)
    if row is None:
        return AMBER, "not known", "No regression was fitted to the same trials."
    return _compare(row, name_of(model))


def judge_linear(comparisons, n_pwl_chosen, grid, loss=None):
    """Whether a linear network is excluded.

    Parameters
    ----------
    comparisons : pandas.DataFrame
        Table ``comparisons``.
    n_pwl_chosen : array, shape (fold,)
    grid : array
    loss : float, optional
        See `neuroalrnn.results.Fit.loss`.

    Returns
    -------
    tuple of str
        State, answer, reason.
    """
    if 0 not in grid:
        return AMBER, "not known", "No linear network (P = 0) was fitted."
    if len(grid) == 1:
        return AMBER, "not known", "Only linear networks were fitted."
    if (n_pwl_chosen == 0).all():
        return RED, "no", f"A linear network is sufficient in every fold: it {losing(loss)}."
    row = compared_with(comparisons, "AL-RNN P=0")
    if row is None:
        return AMBER, "not known", "The linear network (P = 0) has no score of its own."
    return _compare(row, "the linear network")


def _compare(row, other):
    size = f"{number(row['estimate'])} nats per trial, {interval(row)}"
    detail = f"({size}; {int(row['n_favouring'])} of {count(int(row['n_subjects']), 'subject')})"
    if row["ci_low"] > 0:
        return GREEN, "yes", f"The network predicts better than {other} {detail}."
    if row["ci_high"] < 0:
        return RED, "no", f"{capital(other)} predicts better than the network {detail}."
    return AMBER, "unclear", f"The network and {other} cannot be told apart {detail}."


def judge_subjects(n_subjects, n_units):
    """Whether there are enough subjects.

    Parameters
    ----------
    n_subjects : int
    n_units : int
        Of which count by themselves, as a stimulus order that is shared counts once.

    Returns
    -------
    tuple of str
        State, answer, reason.
    """
    told = count(n_subjects, "subject")
    if n_units < n_subjects:
        told += (
            f", who share {count(n_units, 'stimulus order')}: {count(n_units, 'unit')} for tests"
        )
    if n_units >= ENOUGH:
        return GREEN, "yes", f"{told}."
    if n_units >= FEW:
        return AMBER, "few", f"{told}: only effects that nearly all of them share can be shown."
    return RED, "no", f"{told}: even if all agree, no test can show that others would."


def tabulate_lights(found):
    """The lights as a table.

    Parameters
    ----------
    found : dict of str -> tuple of str
        State, answer and reason by what is asked.

    Returns
    -------
    pandas.DataFrame
    """
    return pd.DataFrame([(name, *each) for name, each in found.items()], columns=COLUMNS)
