"""How much of what can be explained does each network explain, down to a linear one?"""

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.questions.words import (
    count,
    interval,
    joined,
    listed,
    losing,
    name_of,
    number,
    strong,
)
from neuroalrnn.results.summary import ADAPTIVE, NETWORK

BASE = "class frequency"
PEERS = ("GRU", "LSTM")
COLUMNS = ("explained_share", "ci_low", "ci_high")


def compute_explained(fit):
    """Share of what the best P explains on held-out trials beyond the frequency of choices.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    pandas.DataFrame
        ``model, explained_share, ci_low, ci_high``; 1 is the AL-RNN with the best P, chosen inside
        each fold. The 95 % interval is that of the difference to it over subjects, with what it
        explains taken as known. Empty where it explains no more than the frequency of choices.

    Raises
    ------
    NotTestableError
        Nothing says what the frequency of choices explains.
    """
    scores = fit.scores.pivot(index="model", columns="subject", values="log_likelihood")
    grid = [f"{NETWORK} P={value}" for value in fit.parameters["n_pwl"].values]
    grid = [name for name in grid if name in scores.index]
    if BASE not in scores.index or not grid:
        raise NotTestableError(f"found no scores of {BASE if grid else 'networks'}")
    whole = (scores.loc[NETWORK] - scores.loc[BASE]).mean()
    if not whole > 0:
        return pd.DataFrame({"model": pd.Series(dtype=str), **dict.fromkeys(COLUMNS, ())})
    others = [n for n in scores.index if not n.startswith(NETWORK) and n != BASE]
    others = [name for name in others if not name.endswith(ADAPTIVE)]
    names = [*grid, *others]
    difference = (scores.loc[names] - scores.loc[NETWORK]) / whole
    n = difference.notna().sum(axis=1)
    error = difference.std(axis=1, ddof=1) / np.sqrt(n)
    share, half = 1 + difference.mean(axis=1), 2 * error
    found = {"explained_share": share, "ci_low": share - half, "ci_high": share + half}
    return pd.DataFrame(found).reset_index(names="model")


def say_what_it_takes(curve, selection, loss):
    """How many nonlinear units are enough, and what a linear network loses.

    Parameters
    ----------
    curve : pandas.DataFrame
        Table ``score_by_n_pwl``; its validation subjects are those that P was chosen on.
    selection : xarray.Dataset
        ``n_pwl_chosen``, the sufficient P, and ``n_pwl_best``, by fold.
    loss : float or None
        See `neuroalrnn.results.Fit.loss`.

    Returns
    -------
    str
    """
    rows = curve[curve["part"] == "validation"]
    share = dict(zip(rows["n_pwl"].astype(int), rows["explained_share"], strict=True))
    if len(share) < 2:
        return "Networks of one size only were fitted, so that nothing is said of what it takes."
    chosen, best = (selection[name].values for name in ("n_pwl_chosen", "n_pwl_best"))
    enough = _usual(chosen)
    if enough not in share:
        return f"Training failed in some fold at P = {enough}, so that what it keeps is not known."
    if not np.isfinite(share[enough]):
        return strong("How many nonlinear units it takes cannot be said") + (
            ": on validation subjects nothing is explained, or it is not known how much."
        )
    texts = [_say_enough(enough, share), *_say_fewer(enough, share)]
    others = [str(each) for each in np.unique(chosen[chosen != enough])]
    if others:
        n_folds = f"{(chosen == enough).sum()} of {count(len(chosen), 'fold')}"
        texts.append(f"So it is in {n_folds}; in the others the sufficient P is {listed(others)}.")
    if (best != chosen).any():
        told = " or ".join(map(str, np.unique(best)))
        texts.append(f"P = {told} predicts best.")
    return joined([*texts, f"(Sufficient: {losing(loss)}, on validation subjects.)"])


def _usual(chosen):
    """P of most folds, the smallest of a tie."""
    values, counts = np.unique(chosen, return_counts=True)
    return int(values[counts.argmax()])


def _say_enough(enough, share):
    if enough == 0:
        return strong("No nonlinear unit is needed") + (
            f": a linear network keeps {percent(share[0])} of what can be explained."
        )
    known = {1: "One nonlinear (rectified) unit suffices"}
    start = known.get(enough, f"{enough} nonlinear (rectified) units suffice")
    kept = "it keeps" if enough == 1 else "they keep"
    return f"{start}: {kept} {percent(share[enough])} of what can be explained."


def _say_fewer(enough, share):
    """What smaller networks lose, one text each."""
    if enough == 0:
        return []
    fewer = [units for units in share if 0 < units < enough]
    lost = [f"{units} {_lose(units)} {percent(1 - share[units])}" for units in fewer]
    if 0 in share:
        does = f"loses {percent(1 - share[0])}" if share[0] > 0 else "explains nothing"
        end = f"None does not: a linear network {does}."
    else:
        end = "A linear network was not fitted, so nothing is said of one."
    return [*([f"Fewer do not: {', '.join(lost)}."] if lost else []), end]


def _lose(units):
    return "loses" if units == 1 else "lose"


def percent(share):
    """A share in percent, as text.

    Parameters
    ----------
    share : float

    Returns
    -------
    str
    """
    return f"{100 * share:.0f} %".replace("-", "\N{MINUS SIGN}")


def best_regression(explained):
    """Name of the best model that is no network; None if there is none.

    Parameters
    ----------
    explained : pandas.DataFrame
        Table ``explained``.

    Returns
    -------
    str or None
    """
    others = ~explained["model"].str.startswith("AL-RNN") & ~explained["model"].isin(PEERS)
    if not others.any():
        return None
    return str(explained.loc[explained.loc[others, "explained_share"].idxmax(), "model"])


def say_regression(explained, comparisons, learned=None):
    """Sentences where a simpler model predicts as well as the network, or better.

    Parameters
    ----------
    explained, comparisons : pandas.DataFrame
        Tables of these names.
    learned : pandas.DataFrame, optional
        Comparisons of the network whose read-out learns its subject.

    Returns
    -------
    str
        Empty where the network is better, or there is nothing to compare it with.
    """
    model = best_regression(explained)
    row = compared_with(comparisons, model)
    if row is None or row["ci_low"] > 0:
        return ""
    name = name_of(model)
    if row["ci_high"] < 0:
        verdict = f"But {name} predicts these choices better than the network"
        rest = "what it knows and the network does not is missing from what is said here."
    else:
        verdict = f"But {name} predicts these choices as well as the network"
        rest = "a network is not needed to predict them, it shows what is computed."
    return strong(verdict) + f": {rest}" + _say_learned(learned, model)


def _say_learned(learned, model):
    """Who predicts better once both learn their subject."""
    row = None if learned is None else compared_with(learned, model + ADAPTIVE, NETWORK + ADAPTIVE)
    if row is None:
        return ""
    who = "neither predicts better"
    if row["ci_low"] > 0 or row["ci_high"] < 0:
        who = f"{'the network' if row['ci_low'] > 0 else name_of(model)} predicts better"
    return (
        f" Once both learn their subject, choice by choice, {who} "
        f"(difference {number(row['estimate'])} nats per trial, {interval(row)})."
    )


def compared_with(comparisons, model, network=NETWORK):
    """The row of a table of comparisons about one model; None if there is none.

    Parameters
    ----------
    comparisons : pandas.DataFrame
    model : str or None
    network : str
        What it is compared with.

    Returns
    -------
    pandas.Series or None
    """
    rows = comparisons[comparisons["effect"] == f"{network} - {model}"]
    return rows.iloc[0] if len(rows) else None
