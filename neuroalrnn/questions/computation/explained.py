"""How much of what can be explained does each network explain, down to a linear one?"""

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.questions.words import name_of, strong

# share of what the best network explains that a smaller one may lose and still suffice
LOSS = 0.05
BASE, NETWORK = "class frequency", "AL-RNN P="
PEERS = ("GRU", "LSTM")
COLUMNS = ("explained_share", "ci_low", "ci_high")


def compute_explained(fit):
    """Share of what the best network explains beyond the frequency of choices, by model.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    pandas.DataFrame
        ``model, explained_share, ci_low, ci_high``: the 95 % interval is that of the difference to
        the best network over subjects, with what it explains taken as known. Empty where no network
        explains more than the frequency of choices.

    Raises
    ------
    NotTestableError
        Nothing says what the frequency of choices explains.
    """
    scores = fit.scores.pivot(index="model", columns="subject", values="log_likelihood")
    grid = [f"{NETWORK}{value}" for value in fit.parameters["n_pwl"].values]
    grid = [name for name in grid if name in scores.index]
    if BASE not in scores.index or not grid:
        raise NotTestableError(f"found no scores of {BASE if grid else 'networks'}")
    best = scores.loc[grid].mean(axis=1).idxmax()
    whole = (scores.loc[best] - scores.loc[BASE]).mean()
    if not whole > 0:
        return pd.DataFrame({"model": pd.Series(dtype=str), **dict.fromkeys(COLUMNS, ())})
    others = [n for n in scores.index if not n.startswith("AL-RNN") and n != BASE]
    names = [*grid, *others]
    difference = (scores.loc[names] - scores.loc[best]) / whole
    n = difference.notna().sum(axis=1)
    error = difference.std(axis=1, ddof=1) / np.sqrt(n)
    share, half = 1 + difference.mean(axis=1), 2 * error
    found = {"explained_share": share, "ci_low": share - half, "ci_high": share + half}
    return pd.DataFrame(found).reset_index(names="model")


def enough_units(explained):
    """The fewest units that lose at most 5 % of what can be explained.

    Parameters
    ----------
    explained : pandas.DataFrame
        Table ``explained``.

    Returns
    -------
    int
    """
    networks = shares_by_units(explained)
    return min(units for units, share in networks.items() if share >= 1 - LOSS)


def shares_by_units(explained):
    """Share explained by number of units.

    Parameters
    ----------
    explained : pandas.DataFrame
        Table ``explained``.

    Returns
    -------
    dict of int -> float
    """
    rows = explained[explained["model"].str.startswith(NETWORK)]
    units = rows["model"].str.removeprefix(NETWORK).astype(int)
    return dict(sorted(zip(units, rows["explained_share"], strict=True)))


def say_what_it_takes(explained, *, is_linear=False):
    """How many nonlinear units are enough, and what a linear network loses.

    Parameters
    ----------
    explained : pandas.DataFrame
        Table ``explained``.
    is_linear : bool
        Whether a linear network was chosen in every fold.

    Returns
    -------
    str
    """
    if not len(explained):
        rest = "no network predicts better than the frequency of each choice."
        return strong("Nothing is explained") + f": {rest}"
    share, enough = shares_by_units(explained), enough_units(explained)
    if len(share) == 1:
        return "Networks of one size only were fitted, so that nothing is said of what it takes."
    if is_linear:
        kept = f": it keeps {percent(share[0])} of what the best network explains."
        return strong("A linear network was chosen in every fold") + kept
    if enough == 0:
        return strong("No nonlinear unit is needed") + (
            f": a linear network keeps {percent(share[0])} of what can be explained."
        )
    known = {1: "One nonlinear (rectified) unit suffices"}
    start = known.get(enough, f"{enough} nonlinear (rectified) units suffice")
    kept = "it keeps" if enough == 1 else "they keep"
    text = f"{start}: {kept} {percent(share[enough])} of what can be explained."
    fewer = [units for units in share if 0 < units < enough]
    lost = [f"{units} {_lose(units)} {percent(1 - share[units])}" for units in fewer]
    if 0 in share:
        does = f"loses {percent(1 - share[0])}" if share[0] > 0 else "explains nothing"
        end = f"None does not: a linear network {does}."
    else:
        end = "A linear network was not fitted, so nothing is said of one."
    return " ".join([text, *([f"Fewer do not: {', '.join(lost)}."] if lost else []), end])


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


def say_regression(explained, comparisons):
    """A sentence where a simpler model predicts as well as the network, or better.

    Parameters
    ----------
    explained, comparisons : pandas.DataFrame
        Tables of these names.

    Returns
    -------
    str
        Empty where the network is better, or there is nothing to compare it with.
    """
    row = compared_with(comparisons, best_regression(explained))
    if row is None or row["ci_low"] > 0:
        return ""
    name = name_of(row["effect"].removeprefix("AL-RNN - "))
    if row["ci_high"] < 0:
        verdict = f"But {name} predicts these choices better than the network"
        rest = "what it knows and the network does not is missing from what is said here."
    else:
        verdict = f"But {name} predicts these choices as well as the network"
        rest = "a network is not needed to predict them, it shows what is computed."
    return strong(verdict) + f": {rest}"


def compared_with(comparisons, model):
    """The row of the table of comparisons about one model; None if there is none.

    Parameters
    ----------
    comparisons : pandas.DataFrame
    model : str or None

    Returns
    -------
    pandas.Series or None
    """
    rows = comparisons[comparisons["effect"] == f"AL-RNN - {model}"]
    return rows.iloc[0] if len(rows) else None
