"""Hidden states of a GLM-HMM: labels of trials, weights, use, and what they go with."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.network.codes import ABSENT
from neuroalrnn.regimes.labels import adjusted_rand
from neuroalrnn.regimes.replication import session_labels
from neuroalrnn.regimes.stability import Shifts
from neuroalrnn.stats.means import describe_over_subjects
from neuroalrnn.stats.null_tests import positions

CONSTANT = "constant"
# share of the largest weight, and log-odds, from which on a term counts for the name of a state
COUNTS, LEAST = 0.25, 0.2
N_SHIFTS = 200


def label_states(fit, states, kind="smoothed") -> xr.DataArray:
    """Likeliest hidden state of every held-out trial that is scored.

    Parameters
    ----------
    fit : Fit
    states : xarray.Dataset
        Of one model, from ``fit.states``.
    kind : {"smoothed", "before_choice"}
        Given all choices of the session, the trial's own among them, which describes; or given
        earlier ones, which predicts.

    Returns
    -------
    xarray.DataArray of int, dims (trial,)
        -1 where there is none.
    """
    chance = states[kind].values
    known = scored_trials(fit.trials) & np.isfinite(chance).any(axis=1)
    labels = np.where(known, np.nan_to_num(chance, nan=-1.0).argmax(axis=1), ABSENT)
    coords = {name: fit.trials[name] for name in ("subject", "session", "trial_in_session")}
    return xr.DataArray(labels, dims="trial", coords=coords, name="hidden_state")


def describe_weights(states) -> pd.DataFrame:
    """Weights of every state, averaged over folds.

    Parameters
    ----------
    states : xarray.Dataset
        Of one model, from ``fit.states``.

    Returns
    -------
    pandas.DataFrame
        One row per state, term and option: ``regime`` (the state), ``term, option, state_weight``
        (mean over the ``n_folds`` that have the state) and its 95 % interval ``ci_low, ci_high``:
        a jackknife over folds, as each leaves some groups out; NaN of a single fold.
    """
    weight = states["weight"].transpose("state", "term", "output", "fold")
    values = weight.values
    n = np.isfinite(values).sum(axis=-1)
    mean, spread = np.nanmean(values, axis=-1), np.nanstd(values, axis=-1)
    half = stats.t.ppf(0.975, np.maximum(n - 1, 1)) * np.sqrt(np.maximum(n - 1, 0)) * spread
    half = np.where(n > 1, half, np.nan)
    index = pd.MultiIndex.from_product([weight[dim].values for dim in ("state", "term", "output")])
    table = index.to_frame(index=False, name=["regime", "term", "option"])
    return table.assign(
        state_weight=mean.ravel(),
        ci_low=(mean - half).ravel(),
        ci_high=(mean + half).ravel(),
        n_folds=n.ravel(),
    )


def name_states(weights, options) -> list[str]:
    """Name states by the term that counts most in them.

    A term counts where its weight is at least a quarter of the largest weight in any state, and at
    least .2. ``"prefers left"`` is a constant, ``"repeats choice"`` a weight of the last choice.
    States that would have one name get the term that sets them apart most, with its weight.

    Parameters
    ----------
    weights : pandas.DataFrame
        From `describe_weights`.
    options : list of str
        Labels of the choices.

    Returns
    -------
    list of str
        In the order of the states.
    """
    # the option of a term among several is the one that it moves most
    keys = [weights["regime"], weights["term"]]
    most = weights.loc[weights["state_weight"].abs().groupby(keys, sort=False).idxmax()]
    least = max(COUNTS * most["state_weight"].abs().max(), LEAST)
    parts = [rows for _, rows in most.groupby("regime", sort=True)]
    first = [rows.loc[rows["state_weight"].abs().idxmax()] for rows in parts]
    plain = [
        _phrase(row, options) if abs(row["state_weight"]) >= least else "ignores inputs"
        for row in first
    ]
    wide = weights.pivot(index="regime", columns=["term", "option"], values="state_weight")
    named = []
    for row, name in zip(first, plain, strict=True):
        alike = wide[[each == name for each in plain]]
        more = f", {_apart(alike, row, len(options) > 2)}" if len(alike) > 1 else ""
        named.append(name + more)
    return named


def _phrase(row, options):
    up, several = row["state_weight"] > 0, len(options) > 2
    if row["term"] == CONSTANT:
        other = f"avoids {row['option']}" if several else f"prefers {options[0]}"
        return f"prefers {row['option']}" if up else other
    if several:
        return f"{_short(row['term'])} {'for' if up else 'against'} {row['option']}"
    if row["term"] == "choice[-1]":
        return "repeats choice" if up else "leaves choice"
    return f"{'follows' if up else 'against'} {_short(row['term'])}"


def _apart(alike, row, several):
    """The term that sets a state apart from those of its name, with its weight."""
    own = (alike - alike.mean()).loc[row["regime"]]
    others = own.drop(row["term"], level="term", errors="ignore")
    term, option = (others if len(others) else own).abs().idxmax()
    name = f"{_short(term)} for {option}" if several else _short(term)
    weight = f"{alike.loc[row['regime'], (term, option)]:+.1f}".replace("-", "\N{MINUS SIGN}")
    return f"{name} {weight}"


def _short(term):
    """A product of factors of one lag with the lag once: ``choice:reward[-1]``."""
    factors = [each.partition("[") for each in term.split(":")]
    lags = {lag for _, _, lag in factors}
    if len(factors) > 1 and len(lags) == 1 and "" not in lags:
        return ":".join(name for name, _, _ in factors) + "[" + lags.pop()
    return term


def describe_states(fit, states, labels) -> pd.DataFrame:
    """How much each state is used, and how long it lasts.

    Parameters
    ----------
    fit : Fit
    states : xarray.Dataset
        Of one model, from ``fit.states``.
    labels : xarray.DataArray
        From `label_states`.

    Returns
    -------
    pandas.DataFrame
        One row per state: ``regime`` (the state), ``occupancy`` (share of held-out trials, mean
        over subjects), its 95 % interval over subjects ``ci_low, ci_high``, ``n_subjects``,
        ``staying`` (probability of the same state in the next trial, mean over folds) and
        ``n_folds`` that have the state.
    """
    known = labels.values != ABSENT
    subject = fit.trials["subject"].values[known]
    n_states = states.sizes["state"]
    used = pd.DataFrame({k: (labels.values[known] == k).astype(float) for k in range(n_states)})
    found = describe_over_subjects(used, subject).rename(columns={"mean": "occupancy"})
    stay = np.diagonal(states["transition"].transpose("fold", "state", "state_next"), 0, 1, 2)
    found["staying"] = np.nanmean(stay, axis=0)
    found["n_folds"] = np.isfinite(stay).sum(axis=0)
    return found.rename_axis("regime").reset_index()


def describe_by_state(labels, values, subject) -> pd.DataFrame:
    """Means of some quantities over the trials of each state, over subjects.

    Parameters
    ----------
    labels : xarray.DataArray
        From `label_states`.
    values : pandas.DataFrame
        One row per trial, NaN where there is none.
    subject : array, shape (trial,)

    Returns
    -------
    pandas.DataFrame
        One row per state and column of `values`: ``regime`` (the state), what names the columns,
        ``mean, ci_low, ci_high, n_subjects``.
    """
    used = np.unique(labels.values[labels.values != ABSENT])
    if not len(used) or values.shape[1] == 0:
        names = ["regime", *values.columns.names, "mean", "ci_low", "ci_high", "n_subjects"]
        return pd.DataFrame(columns=names)
    parts = {
        k: describe_over_subjects(values[labels.values == k], subject[labels.values == k])
        for k in used
    }
    return pd.concat(parts, names=["regime", *values.columns.names]).reset_index()


def compare_labels(fit, labels, others, rng) -> pd.DataFrame:
    """How far hidden states and functional regimes divide trials alike.

    Parameters
    ----------
    fit : Fit
    labels, others : xarray.DataArray of int, dims (trial,)
        Trials that either lacks do not count.
    rng : numpy.random.Generator
        For the shifts.

    Returns
    -------
    pandas.DataFrame
        One row: ``adjusted_rand``; ``adjusted_rand_shifted``, its mean over 200 circular shifts of
        the states within sessions, and ``shifted_high``, 97.5 % of them; ``n_trials``.
    """
    own, other = labels.values, others.values
    both = np.flatnonzero((own != ABSENT) & (other != ABSENT))
    own, other, session = own[both], other[both], session_labels(fit.trials)[both]
    rows_of = positions(pd.factorize(session)[0])
    shifts = Shifts(len(own), [rows for rows in rows_of if len(rows) > 1])
    shifted = [adjusted_rand(own[shifts.draw(rng)], other) for _ in range(N_SHIFTS)]
    row = {
        "adjusted_rand": adjusted_rand(own, other),
        "adjusted_rand_shifted": float(np.mean(shifted)),
        "shifted_high": float(np.quantile(shifted, 0.975)),
        "n_trials": len(both),
    }
    return pd.DataFrame([row])


def cross_labels(labels, others, subject) -> pd.DataFrame:
    """Share of every functional regime in every hidden state.

    Parameters
    ----------
    labels, others : xarray.DataArray of int, dims (trial,)
        Hidden states, and regimes.
    subject : array, shape (trial,)

    Returns
    -------
    pandas.DataFrame
        One row per state and regime: ``state, regime, share`` (of the trials of the state; mean
        over subjects), ``ci_low, ci_high, n_subjects``.
    """
    known = (labels.values != ABSENT) & (others.values != ABSENT)
    used = np.unique(others.values[known])
    shares = pd.DataFrame({k: np.where(known, others.values == k, np.nan) for k in used})
    found = describe_by_state(labels, shares.rename_axis(columns="other"), subject)
    return found.rename(columns={"regime": "state", "other": "regime", "mean": "share"})
