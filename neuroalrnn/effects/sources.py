"""What tells the functional regime: an input of the trial, the outcome before it, or nothing."""

import json

import numpy as np
import pandas as pd

from neuroalrnn.arguments import checked, table
from neuroalrnn.data.lags import reaches
from neuroalrnn.data.schema import is_after_choice, trial_variables
from neuroalrnn.effects.functional import FunctionalRegimes, _not_regimes
from neuroalrnn.exceptions import DataError
from neuroalrnn.network.codes import ABSENT
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit

# share of what there is to know of the regime, from which on a variable tells it
TELLS = 0.9
MOST_VALUES, N_BINS = 8, 5
TOLD, SET, INFERRED, UNKNOWN = "told", "set by the trial before", "inferred", "unexplained"


@checked(DataError, fit=not_fit, found=_not_regimes)
def find_sources(fit: Fit, found: FunctionalRegimes) -> pd.DataFrame:
    """Find out how much single variables tell of the functional regime.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    found : FunctionalRegimes
        Its regimes.

    Returns
    -------
    pandas.DataFrame
        One row per variable and lag (in trials): ``variable, lag, is_input`` (whether models get
        it), ``is_rule, n_values, share_told``. The last is the mutual information of regime and
        variable over the entropy of the regime, less what chance gives on average: 1 if the
        variable decides the regime, 0 if it says nothing. Continuous variables are cut at their
        quintiles. Sorted by `share_told`; empty where there is one regime.
    """
    labels = found.labels.values
    rows: list[tuple] = []
    names = ["variable", "lag", "is_input", "is_rule", "n_values", "share_told"]
    if found.n_regimes < 2:
        return pd.DataFrame(rows, columns=names)
    rule = json.loads(fit.trials.attrs.get("analysis", "{}")).get("rule")
    inputs = set(fit.encoding["inputs"])
    asked = [name for name in trial_variables(fit.trials) if name in inputs or name == rule]
    for name in asked:
        for lag in (0, 1):
            # what follows from the choice of a trial cannot tell how it is made
            if (name not in inputs and name != rule) or (
                not lag and is_after_choice(fit.trials, name)
            ):
                continue
            values = _values(fit.trials, name, lag)
            known = (labels != ABSENT) & (values >= 0)
            if known.sum() < 2:
                continue
            share = _share_told(labels[known], values[known])
            n_values = len(np.unique(values[known]))
            rows.append((name, lag, name in inputs, name == rule, n_values, share))
    telling_rows = pd.DataFrame(rows, columns=names)
    return telling_rows.sort_values("share_told", ascending=False, ignore_index=True)


@checked(DataError, sources=table("lag", "share_told", labels=["variable", "is_input", "is_rule"]))
def judge_source(sources: pd.DataFrame) -> tuple[str, str]:
    """Say where the functional regime of a trial comes from.

    Parameters
    ----------
    sources : pandas.DataFrame
        From `find_sources`.

    Returns
    -------
    source : {"told", "set by the trial before", "inferred", "unexplained"}
        An input of the same trial decides the regime; an input of the trial before does; the rule
        of the task does, which models are not told; none of these.
    variable : str
        The one that decides; empty for none.
    """
    telling = sources[sources["share_told"] >= TELLS]
    kinds = (
        (TOLD, telling["is_input"] & (telling["lag"] == 0)),
        (SET, telling["is_input"] & (telling["lag"] > 0)),
        (INFERRED, telling["is_rule"] & ~telling["is_input"]),
    )
    for source, which in kinds:
        if which.any():
            return source, str(telling.loc[which, "variable"].iloc[0])
    # an animal that has to find out a rule lags behind it
    follows = sources["is_rule"] & ~sources["is_input"] & (sources["share_told"] >= TELLS / 2)
    if follows.any():
        return INFERRED, str(sources.loc[follows, "variable"].iloc[0])
    return UNKNOWN, ""


def _share_told(labels, values):
    """How much of the entropy of labels a variable takes away; NaN if there is one label.

    The mean bias of the plug-in estimate is removed (Miller 1955).
    """
    counts = np.zeros((labels.max() + 1, values.max() + 1))
    np.add.at(counts, (labels, values), 1)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    n = counts.sum()
    of_labels, of_values, both = (
        -np.sum(p * np.log(np.where(p > 0, p, 1)))
        for p in (counts.sum(axis=1) / n, counts.sum(axis=0) / n, counts / n)
    )
    if of_labels == 0:
        return np.nan
    bias = (counts.shape[0] - 1) * (counts.shape[1] - 1) / (2 * n)
    return float(np.clip((of_labels + of_values - both - bias) / of_labels, 0, 1))


def _values(trials, name, lag):
    """Values of a variable some trials before, as numbers from 0; -1 where there is none."""
    values = trials[name].values.astype(float)
    known = np.isfinite(values)
    used = np.unique(values[known])
    if len(used) > MOST_VALUES:
        edges = np.unique(np.quantile(values[known], np.linspace(0, 1, N_BINS + 1)[1:-1]))
        codes = np.searchsorted(edges, values, side="right")
    else:
        codes = np.searchsorted(used, values)
    codes = np.where(known, codes, -1)
    if not lag:
        return codes
    return np.where(reaches(trials, lag), np.roll(codes, lag), -1)
