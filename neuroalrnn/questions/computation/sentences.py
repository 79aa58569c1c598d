"""What is computed, and how sure that is, in plain words."""

import numpy as np
import pandas as pd

from neuroalrnn.data.lags import reaches
from neuroalrnn.effects import judge_source
from neuroalrnn.effects.names import COUNTS, LEAST
from neuroalrnn.questions.words import number, strong
from neuroalrnn.stats.effects import are_sure

WHO = {"human": "people", "rat": "rats", "mouse": "mice", "monkey": "monkeys"}
IN_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
AFTER = {
    ("reward", 1.0): "after rewarded trials",
    ("reward", 0.0): "after unrewarded trials",
    ("correct", 1.0): "after correct trials",
    ("correct", 0.0): "after errors",
}
MOST_TOLD = 4


def word(n):
    """A small number in words."""
    return IN_WORDS[n] if n < len(IN_WORDS) else f"{n:,}"


def who_chose(trials):
    """Those who made the choices, in the plural.

    Parameters
    ----------
    trials : xarray.Dataset
        ``attrs["species"]`` may say who they are.

    Returns
    -------
    str
    """
    return WHO.get(str(trials.attrs.get("species", "")).lower(), "subjects")


def say_computations(verdict, regimes, when, who, signed, parts="subjects"):
    """What the inputs do, and when.

    Parameters
    ----------
    verdict : {"discrete", "one", "graded", "not reproducible"}
    regimes : pandas.DataFrame
        Rows of the table ``functional_regimes`` about the chosen networks.
    when : list of str
        When each regime is used, such as ``"in trials of context 1"``.
    who : str
        Those who chose.
    signed : set of str
        Inputs whose values point to an option.
    parts : {"subjects", "sessions"}
        What networks of different folds were trained on.

    Returns
    -------
    str
    """
    if verdict == "not reproducible":
        return strong(f"What {who} compute here cannot be said") + (
            f": networks that were trained on different {parts} do not agree on what the inputs do."
        )
    regimes = regimes.assign(is_sure=are_sure(regimes))
    sure = regimes[regimes["is_sure"]]
    limit = max(COUNTS * sure["input_effect"].abs().max(), LEAST) if len(sure) else LEAST
    if verdict != "discrete":
        told = _phrases(regimes, limit, signed, set())
        if verdict == "one":
            return f"On all trials alike, {who} {told}."
        return f"On average {who} {told}; by how much varies from trial to trial."
    size = sure["input_effect"].abs().groupby(sure["input"]).max()
    matters = set(size.index[size >= limit])
    told = []
    for regime, rows in regimes.groupby("regime"):
        text = f"{when[regime]} {who if not told else 'they'} "
        told.append(text + _phrases(rows, limit, signed, matters, unit=not told))
    more = len(told) - MOST_TOLD
    told = told[:MOST_TOLD] + ([f"and {more} more, see below"] if more > 0 else [])
    text = "; ".join(told)
    return f"{text[:1].upper()}{text[1:]}."


def _phrases(rows, limit, signed, matters, *, unit=True):
    """What the inputs do in one regime: those that count, then those that count elsewhere only."""
    is_doubtful = (~rows["is_sure"] & (rows["input_effect"].abs() >= limit)).any()
    which = "all large" if rows["is_sure"].any() else "all"
    does, hardly = [], []
    for row in _one_option(rows).itertuples():
        text = f"{number(row.input_effect, 1)}{' log-odds' if unit and not does else ''}"
        is_large = abs(row.input_effect) >= limit
        if is_large and row.is_sure:
            does.append(f"{_verb(row, signed)} ({text})")
        elif row.input in matters and not is_large:
            hardly.append(f"hardly {_verb(row, signed, weak=True)} ({text})")
    told = [*does, *hardly] if does else ["follow no input", *hardly]
    if not does and is_doubtful:
        doubt = f"input that can be told: the intervals of {which} effects hold 0"
        told = [*hardly, f"follow no {'other ' if hardly else ''}{doubt}"]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def _one_option(rows):
    """Of several options, that on which an input acts most for sure; strongest inputs first."""
    rows = rows.assign(size=rows["input_effect"].abs())
    best = rows.sort_values(["is_sure", "size"], ascending=False)
    return best.drop_duplicates(["input", "lag"]).sort_values("size", ascending=False)


def _verb(row, signed, *, weak=False):
    name = row.input.partition("=")[0]
    if name == "choice":
        return "repeat their choice" if row.input_effect > 0 or weak else "leave their last choice"
    name = name if row.lag == 0 else f"the last {name}"
    if row.input in signed:
        return f"follow {name}" if row.input_effect > 0 or weak else f"go against {name}"
    side = "more" if row.input_effect > 0 else "less"
    return f"choose {row.option} {side} where {name} is high"


def when_used(sources, labels, trials):
    """When each functional regime is used, by the variable that decides it.

    Parameters
    ----------
    sources : pandas.DataFrame
        Table ``functional_sources``.
    labels : int array, shape (trial,)
        Functional regimes; -1 for none.
    trials : xarray.Dataset

    Returns
    -------
    list of str
        One text per regime.
    """
    n_regimes = int(labels.max()) + 1
    used = labels[labels >= 0]
    share = np.bincount(used, minlength=n_regimes) / max(len(used), 1)
    plain = [f"on {100 * each:.0f} % of trials" for each in share]
    source, variable = judge_source(sources) if len(sources) else ("unexplained", "")
    if source == "unexplained":
        return plain
    lag = 1 if source == "set by the trial before" else 0
    values = trials[variable].values.astype(float)
    if lag:
        values = np.where(reaches(trials, lag), np.roll(values, lag), np.nan)
    known = (labels >= 0) & np.isfinite(values)
    table = pd.crosstab(labels[known], values[known])
    owner = table.idxmax()
    texts = []
    for regime in range(n_regimes):
        own = list(owner.index[owner == regime])
        texts.append(_when(source, variable, own) if 0 < len(own) <= MOST_TOLD else plain[regime])
    return texts


def _when(source, variable, values):
    if source == "set by the trial before":
        known = [AFTER.get((variable, value)) for value in values]
        if all(known):
            return " or ".join(known)
    told = " or ".join(f"{value:g}".replace("-", "\N{MINUS SIGN}") for value in values)
    start = {"told": "in trials of", "inferred": "while"}.get(source, "after trials with")
    return f"{start} {variable} {'is ' if source == 'inferred' else ''}{told}"


def say_agreement(verdict, row, correlation, n_folds, source="", parts="subjects"):
    """Whether all networks compute the same, and whether subjects are told when to.

    Parameters
    ----------
    verdict : {"discrete", "one", "graded", "not reproducible"}
    row : mapping or None
        Row of the table ``functional_agreement`` with the number that was chosen.
    correlation : float
        Of effects between folds, median.
    n_folds : int
    source : str
        See `neuroalrnn.effects.judge_source`.
    parts : {"subjects", "sessions"}
        What networks of different folds were trained on.

    Returns
    -------
    str
    """
    every = "both" if n_folds == 2 else f"all {word(n_folds)}"
    networks = f"{every} networks, each trained without the {parts} it is asked about"
    if verdict == "discrete":
        n = word(int(row["n_regimes"]))
        detail = f"agreement {number(row['adjusted_rand'], 2)}, lowest pair "
        detail += f"{number(row['adjusted_rand_low'], 2)}; 1 is identity, 0 is chance"
        start = strong(f"{n[:1].upper()}{n[1:]} computations") + f", the same in {networks}"
        return start + f" ({detail}). {_SOURCES.get(source, '')}".rstrip()
    if verdict == "one":
        return strong("One computation") + f", the same in {networks}."
    size = "" if not np.isfinite(correlation) else f" (correlation {number(correlation, 2)})"
    if verdict == "graded":
        return strong("No distinct computations") + (
            f": effects vary from trial to trial alike in {networks}{size}, but gradually, without "
            "gaps that would divide trials into kinds."
        )
    return strong("Do not interpret effects or regimes of single networks") + (
        f": effects correlate between networks by {number(correlation, 2)} only."
        if np.isfinite(correlation)
        else ": no effect varies alike in two networks."
    )


_SOURCES = {
    "told": "Which one is used is told by the task.",
    "set by the trial before": "Which one is used is set by the trial before.",
    "inferred": "Nothing on the screen tells which one to use: it is inferred from outcomes.",
    "unexplained": "No single variable says which one is used.",
}
