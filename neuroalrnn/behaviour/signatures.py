"""Signatures of behaviour: the curves that the field plots, one value per subject and point."""

import numpy as np
import pandas as pd

from neuroalrnn.data.lags import reaches
from neuroalrnn.data.schema import scored_trials, session_number

COLUMNS = ["curve", "x", "subject", "value", "n_trials"]
N_BINS = 8
LONGEST_RUN = 10
QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)


def psychometric_curve(trials, stimulus, condition=None):
    """Share of the last option against a stimulus variable.

    Parameters
    ----------
    trials : xarray.Dataset
    stimulus : str
        With more than 8 values it is cut into 8 bins of equal counts; x is the mean of the bin.
    condition : str, optional
        One curve per value.

    Returns
    -------
    pandas.DataFrame
        As all signatures: one row per curve, x and subject, over scored trials.
    """
    chosen = trials["choice"].values == len(trials["choice"].attrs["labels"]) - 1
    x = _binned(trials[stimulus].values.astype(float))
    return _shares(trials, scored_trials(trials), chosen, x, _levels(trials, condition))


def accuracy_by(trials, condition, curve=None, *, previous=False):
    """Share correct by a condition.

    Parameters
    ----------
    trials : xarray.Dataset
    condition : str
    curve : str, optional
        Another condition, one curve per value.
    previous : bool
        Take `condition` from the trial before, in the same block.

    Returns
    -------
    pandas.DataFrame
    """
    keep, x = scored_trials(trials), _levels(trials, condition)
    if previous:
        x = x[_before(trials)]
        keep = keep & _follows(trials, block=True)
    return _shares(trials, keep, trials["correct"].values, x, _levels(trials, curve))


def accuracy_around(trials, rule, *, lags=range(-5, 16), reversal=False, curve=None):
    """Share correct in the trials around changes of a rule.

    Parameters
    ----------
    trials : xarray.Dataset
    rule : str
        Variable whose changes within a session count. A trial counts for the nearest change before
        it, and for the nearest after it, as far as no other change lies between.
    lags : range
        0 is the first trial of the new rule.
    reversal : bool
        Score trials before the change by the coming rule: share of what will be correct.
    curve : str, optional

    Returns
    -------
    pandas.DataFrame
    """
    since, until = _trials_from_changes(trials, rule)
    correct, keep = trials["correct"].values, scored_trials(trials)
    early = 1 - correct if reversal else correct
    label = _levels(trials, curve)
    parts = [
        _shares(trials, keep & (until >= lags[0]) & (until < 0), early, until, label),
        _shares(trials, keep & (since >= 0) & (since <= lags[-1]), correct, since, label),
    ]
    return pd.concat(parts, ignore_index=True).sort_values(COLUMNS[:3], ignore_index=True)


def learning_curve(trials, condition=None, *, width=10, longest=100):
    """Share correct by the place of a trial in its session.

    Parameters
    ----------
    trials : xarray.Dataset
    condition : str, optional
        One curve per value.
    width, longest : int
        Trials per bin, and trials that count.

    Returns
    -------
    pandas.DataFrame
        x is the middle of the bin, counting trials from 0.
    """
    place = _since(session_number(trials))
    keep = scored_trials(trials) & (place < longest)
    x = place // width * width + (width - 1) / 2
    return _shares(trials, keep, trials["correct"].values, x, _levels(trials, condition))


def win_stay(trials, outcome="reward"):
    """Share of repeated choices after a win and after a loss.

    Lose-shift is one minus the latter. Both trials are scored and follow each other.

    Parameters
    ----------
    trials : xarray.Dataset
    outcome : str
        0 / 1.

    Returns
    -------
    pandas.DataFrame
    """
    return _stays(trials, _outcomes(trials, outcome, ("loss", "win")), None)


def stay_by_transition(trials, transition="common", outcome="reward"):
    """Share of repeated first choices by transition and reward of the trial before.

    The signature of model-based against model-free choice (Daw et al. 2011, Figure 2).

    Parameters
    ----------
    trials : xarray.Dataset
    transition, outcome : str
        0 / 1.

    Returns
    -------
    pandas.DataFrame
    """
    curve = _outcomes(trials, transition, ("rare", "common"))
    return _stays(trials, _outcomes(trials, outcome, ("unrewarded", "rewarded")), curve)


def run_lengths(trials, longest=LONGEST_RUN):
    """Share of runs of the same choice that have a length.

    Parameters
    ----------
    trials : xarray.Dataset
    longest : int
        Longer runs count as this length. A run ends where a trial is not scored or was removed, or
        the session ends.

    Returns
    -------
    pandas.DataFrame
        ``n_trials`` is the number of runs.
    """
    keep = scored_trials(trials)
    follows = _follows(trials) & keep & keep[_before(trials)]
    choice = trials["choice"].values
    run = np.cumsum(~(follows & (choice == choice[_before(trials)])))[keep]
    subject = pd.Series(trials["subject"].values.astype(str)[keep])
    length = subject.groupby(run).size().clip(upper=longest)
    counts = pd.crosstab(subject.groupby(run).first(), length)
    counts = counts.reindex(columns=range(1, longest + 1), fill_value=0)
    n_runs = counts.sum(axis=1)
    shares = counts.div(n_runs, axis=0).rename_axis(index="subject", columns="x").stack()
    table = shares.rename("value").reset_index().assign(curve="all")
    table["n_trials"] = table["subject"].map(n_runs)
    return table.sort_values(COLUMNS[:3], ignore_index=True)[COLUMNS]


def repetition(trials, lags=range(1, 11)):
    """Share of choices that are the same as some trials before.

    Parameters
    ----------
    trials : xarray.Dataset
    lags : range
        In trials of the same session, none removed in between; 1 is one minus alternation.

    Returns
    -------
    pandas.DataFrame
    """
    choice = np.where(scored_trials(trials), trials["choice"].values, np.nan)
    wide = pd.DataFrame({lag: _same_as_before(trials, choice, lag) for lag in lags})
    groups = wide.groupby(pd.Categorical(trials["subject"].values), observed=True)
    found = [
        table.rename_axis(index="subject", columns="x").stack().rename(name)
        for name, table in (("value", groups.mean()), ("n_trials", groups.count()))
    ]
    table = pd.concat(found, axis=1).dropna().reset_index().assign(curve="all")
    return table.sort_values(COLUMNS[:3], ignore_index=True)[COLUMNS]


def rt_quantiles(trials, condition=None):
    """Quantiles of response times (s) of scored trials.

    Parameters
    ----------
    trials : xarray.Dataset
    condition : str, optional
        One curve per value.

    Returns
    -------
    pandas.DataFrame
        x is the quantile.
    """
    table = _frame(trials, trials["rt"].values, 0.0, _levels(trials, condition))
    groups = table[scored_trials(trials)].dropna().groupby(["curve", "subject"], observed=True)
    found = groups["value"].quantile(list(QUANTILES)).rename_axis(["curve", "subject", "x"])
    found = found.reset_index().merge(groups.size().rename("n_trials").reset_index())
    return found.sort_values(COLUMNS[:3], ignore_index=True)[COLUMNS]


def _same_as_before(trials, choice, lag):
    """1 where a choice is that of `lag` trials before, 0 where not, NaN where one is missing."""
    then = np.roll(choice, lag)
    known = np.isfinite(choice) & np.isfinite(then) & reaches(trials, lag, over_gaps=False)
    return np.where(known, choice == then, np.nan)


def _stays(trials, x, curve):
    keep, before, choice = scored_trials(trials), _before(trials), trials["choice"].values
    both = keep & keep[before] & _follows(trials)
    curve = None if curve is None else curve[before]
    return _shares(trials, both, choice == choice[before], x[before], curve)


def _shares(trials, keep, value, x, curve):
    """Mean of a value per curve, x and subject, over the trials that are kept and have one."""
    table = _frame(trials, value, x, curve)[keep].dropna()
    found = table.groupby(["curve", "x", "subject"], observed=True, sort=True)["value"]
    return found.agg(value="mean", n_trials="size").reset_index()[COLUMNS]


def _frame(trials, value, x, curve):
    table = pd.DataFrame({"value": np.asarray(value, dtype=float), "x": x})
    table["subject"] = pd.Categorical(trials["subject"].values)
    return table.assign(curve=pd.Categorical(["all"] * len(table)) if curve is None else curve)


def _levels(trials, name):
    """Values of a condition as text, in the order of the values."""
    if name is None:
        return None
    values = trials[name].values.astype(float)
    levels = np.unique(values[np.isfinite(values)])
    return _categories(values, levels, [_level_name(trials[name], each) for each in levels])


def _level_name(variable, value):
    """From ``attrs["labels"]`` such as "-1: follow the word"; else by the name of the variable."""
    for text in np.atleast_1d(variable.attrs.get("labels", [])):
        number, found, meaning = str(text).partition(": ")
        if found and float(number) == value:
            return meaning
    if set(np.unique(variable.values)) <= {-1.0, 0.0, 1.0} and value != 0:
        return str(variable.name) if value == 1 else f"not {variable.name}"
    return f"{variable.name} {value:g}"


def _outcomes(trials, name, texts):
    """A variable of 0 and 1 as text; 1 comes first, as in the field's figures."""
    found = _categories(trials[name].values.astype(float), np.array([0.0, 1.0]), texts)
    return found.reorder_categories(texts[::-1])


def _categories(values, levels, texts):
    codes = np.where(np.isin(values, levels), np.searchsorted(levels, values), -1)
    return pd.Categorical.from_codes(codes, list(texts), ordered=True)


def _binned(values):
    """Values as they are if few, else the mean of their bin of equal counts."""
    if len(np.unique(values[np.isfinite(values)])) <= N_BINS:
        return values
    series = pd.Series(values)
    return (
        series.groupby(pd.qcut(series, N_BINS, duplicates="drop"), observed=True)
        .transform("mean")
        .to_numpy()
    )


def _before(trials):
    return np.maximum(np.arange(trials.sizes["trial"]) - 1, 0)


def _follows(trials, *, block=False):
    """Whether the trial before is there, in the same session (and block)."""
    same = reaches(trials, over_gaps=False)
    if block and "block" in trials.coords:
        same &= trials["block"].values == trials["block"].values[_before(trials)]
    return same


def _since(session):
    """Place of each trial in its session, from 0."""
    return pd.Series(session).groupby(session).cumcount().to_numpy()


def _trials_from_changes(trials, rule):
    """Trials since the last change of a rule (from 0), and until the next (up to -1); else NaN."""
    values, place = trials[rule].values, np.arange(trials.sizes["trial"], dtype=float)
    changed = reaches(trials, over_gaps=True) & (values != values[_before(trials)])
    at = pd.Series(np.where(changed, place, np.nan)).groupby(session_number(trials))
    coming = at.transform(lambda part: part.shift(-1).bfill())
    return place - at.ffill().to_numpy(), place - coming.to_numpy()
