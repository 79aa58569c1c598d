"""Regimes: which PWL units are on, how often, for how long, and what follows what.

A regime is the sign pattern of the last `n_pwl` latents. It decides the affine map from this step
to the next one. Regimes are integers, ``code = sum_i 2^i [z_i > 0]`` with i = 0 the first PWL unit,
and -1 where a trial has no such step. All definitions here are those of this package.
"""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix

from neuroalrnn.exceptions import DataError, problems

ABSENT = -1
MOST_PWL = 62
CARRY = {
    "session": ("subject", "session"),
    "block": ("subject", "session", "block"),
    "trial": ("subject", "session", "trial_in_session"),
}


def compute_regimes(latents, n_pwl: int):
    """Code the sign pattern of the PWL units.

    ``code = sum_{i < P} 2^i [z_{M - P + i} > 0]``; ``z = 0`` counts as off.

    Parameters
    ----------
    latents : array or DataArray (..., latent)
        The PWL units are the last `n_pwl` latents. NaN where there is no step.
    n_pwl : int
        0 (a linear model, one regime) to the number of latents.

    Returns
    -------
    regimes : array or DataArray (...) of int
        -1 where a latent is NaN. A DataArray keeps its coordinates and has ``attrs["n_pwl"]``.

    Raises
    ------
    DataError
    """
    if isinstance(latents, xr.DataArray):
        last = latents.transpose(..., "latent")
        frame = last.isel(latent=0, drop=True)
        codes = compute_regimes(last.to_numpy(), n_pwl)
        return frame.copy(data=codes).rename("regime").assign_attrs(n_pwl=int(n_pwl))
    latents = np.asarray(latents, dtype=float)
    n_latent = latents.shape[-1]
    if not 0 <= n_pwl <= min(n_latent, MOST_PWL):
        raise DataError(f"n_pwl: found {n_pwl}, expected 0 to {min(n_latent, MOST_PWL)}")
    weight = 2 ** np.arange(n_pwl, dtype=np.int64)
    codes = (latents[..., n_latent - n_pwl :] > 0) @ weight
    return np.where(np.isnan(latents).any(axis=-1), ABSENT, codes).astype(np.int64)


def used_regimes(regimes) -> np.ndarray:
    """Distinct codes in use, absent steps left out (regime,)."""
    codes = np.unique(np.asarray(regimes))
    return codes[codes != ABSENT]


def relabel_by_use(regimes) -> tuple:
    """Number regimes by how often they occur, the most frequent first.

    Parameters
    ----------
    regimes : array or DataArray of int

    Returns
    -------
    relabelled : same type
        0, 1, ... by falling use; -1 stays.
    codes : array (regime,) of int
        The former code of each new label.
    """
    values = np.asarray(regimes)
    codes, count = np.unique(values[values != ABSENT], return_counts=True)
    codes = codes[np.argsort(-count, kind="stable")]
    return _relabel(regimes, codes, np.arange(codes.size)), codes


def match_regimes(reference, other):
    """Relabel the regimes of one fit to overlap most with those of another.

    Parameters
    ----------
    reference, other : array or DataArray of int, same shape
        Regimes of the same steps; steps absent in either do not count.

    Returns
    -------
    matched : like `other`
        One-to-one relabelling that maximises the number of agreeing steps (Hungarian method).
        Regimes without a partner get unused codes above all codes of `reference`.
    """
    a, b = _common(reference, other)
    codes = used_regimes(other)
    names, overlap = used_regimes(reference), np.zeros((0, 0))
    overlap = np.array([[np.sum((a == i) & (b == j)) for i in names] for j in codes])
    row, column = linear_sum_assignment(overlap.reshape(codes.size, names.size), maximize=True)
    new = np.full(codes.size, ABSENT)
    new[row] = names[column]
    new[new == ABSENT] = names.max(initial=ABSENT) + 1 + np.arange((new == ABSENT).sum())
    return _relabel(other, codes, new)


def adjusted_rand(first, second) -> float:
    """Agreement of two labellings beyond chance, whatever the labels (Hubert & Arabie 1985).

    Parameters
    ----------
    first, second : array or DataArray of int, same shape
        Steps absent in either do not count.

    Returns
    -------
    index : float
        1 for equal partitions, 0 on average for independent ones.
    """
    a, b = (np.unique(x, return_inverse=True)[1] for x in _common(first, second))
    if a.size < 2:
        raise DataError(f"adjusted Rand index: found {a.size} common steps, expected at least 2")
    table = coo_matrix((np.ones(a.size), (a, b))).toarray()
    together, rows, columns = (
        (n * (n - 1) / 2).sum() for n in (table, table.sum(axis=1), table.sum(axis=0))
    )
    chance = rows * columns / (a.size * (a.size - 1) / 2)
    largest = (rows + columns) / 2
    return 1.0 if largest == chance else float((together - chance) / (largest - chance))


def _common(first, second):
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape:
        raise DataError(f"regimes of the same steps needed, found shapes {a.shape} and {b.shape}")
    both = (a != ABSENT) & (b != ABSENT)
    return a[both], b[both]


def _relabel(regimes, codes, new):
    values = np.asarray(regimes)
    order = np.argsort(codes)
    at = np.searchsorted(
        codes, np.where(values == ABSENT, codes.min(initial=0), values), sorter=order
    )
    result = np.where(
        values == ABSENT, ABSENT, np.asarray(new)[order][at] if codes.size else ABSENT
    )
    return regimes.copy(data=result) if isinstance(regimes, xr.DataArray) else result


def steps_in_order(regimes: xr.DataArray, trials=None, *, carry: str = "session") -> pd.DataFrame:
    """List the present steps in time order, with the sequence each belongs to.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
    trials : Dataset, optional
        Trial coordinates that `regimes` lacks.
    carry : {"session", "block", "trial"}
        What one sequence is, that is, where the latent state is reset.

    Returns
    -------
    steps : DataFrame, one row per present step
        row and column (positions in `regimes`), regime, subject, session, sequence (int).
        Sorted by subject, session, trial in session and step.

    Raises
    ------
    DataError
    """
    if carry not in CARRY:
        raise DataError(f"carry: found {carry!r}, expected one of {', '.join(CARRY)}")
    names = dict.fromkeys(("subject", "session", "trial_in_session", *CARRY[carry]))
    keys = {name: trial_variable(name, regimes, trials) for name in names}
    values = regimes.transpose("trial", "step").to_numpy()
    row, column = np.nonzero(values != ABSENT)
    table = pd.DataFrame({name: key[row] for name, key in keys.items()})
    table = table.assign(row=row, column=column, regime=values[row, column])
    table = table.sort_values(
        ["subject", "session", "trial_in_session", "column"], kind="stable", ignore_index=True
    )
    changed = (table[list(CARRY[carry])] != table[list(CARRY[carry])].shift()).any(axis=1)
    return table.assign(sequence=changed.cumsum() - 1)


def trial_variable(name: str, regimes: xr.DataArray, trials=None) -> np.ndarray:
    """Look up a variable on `trial`, in the regimes first, then in the trials.

    Raises
    ------
    DataError
        Unknown, not one value per trial, or of another length.
    """
    for source in (regimes.coords, trials):
        if source is not None and name in source:
            found = source[name]
            if found.dims != ("trial",) or found.size != regimes.sizes["trial"]:
                raise DataError(
                    f"{name!r}: found dims {found.dims} and {found.size} values, "
                    f"expected one for each of the {regimes.sizes['trial']} trials"
                )
            return found.to_numpy()
    raise DataError(f"no variable {name!r} on trial; pass `trials` that have it")


def compute_occupancy(regimes: xr.DataArray, *, trials=None, by=("step",)) -> pd.DataFrame:
    """Share of steps spent in each regime, per subject and condition.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
        Select trials before (scored ones, say) to restrict what counts.
    trials : Dataset, optional
        Holds the variables named in `by`.
    by : sequence of str
        "step" (event or epoch) and any variables on `trial`.

    Returns
    -------
    occupancy : DataFrame
        subject, the columns of `by`, regime, occupancy, n_steps (of the condition). Each condition
        that a subject has lists every regime used anywhere, with 0 where it does not occur, so that
        shares sum to 1.

    Raises
    ------
    DataError
        An unknown variable, or one with missing values.
    """
    steps = with_variables(steps_in_order(regimes, trials), by, regimes, trials)
    keys = ["subject", *by]
    count = steps.groupby([*keys, "regime"], sort=True).size().unstack("regime", fill_value=0)
    total = count.sum(axis=1)
    share = count.div(total, axis=0).stack().rename("occupancy").reset_index()
    return share.merge(total.rename("n_steps").reset_index(), on=keys)


def with_variables(steps: pd.DataFrame, by, regimes: xr.DataArray, trials=None) -> pd.DataFrame:
    """Add "step" (its name) and trial variables to a table made by `steps_in_order`.

    Raises
    ------
    DataError
        Lists unknown variables and variables with missing values.
    """
    found = []
    for name in by:
        if name == "step":
            labels = regimes["step"].to_numpy() if "step" in regimes.coords else None
            labels = np.arange(regimes.sizes["step"]) if labels is None else labels
            # Ordered as in the task, not by name.
            kind = pd.Categorical(labels[steps["column"]], categories=labels, ordered=True)
            steps = steps.assign(step=kind.remove_unused_categories())
            continue
        try:
            values = pd.Series(trial_variable(name, regimes, trials)[steps["row"]])
        except DataError as error:
            found.append(str(error))
            continue
        if values.isna().any():
            found.append(
                f"{name!r}: {int(values.isna().sum())} steps without a value; select first"
            )
        steps = steps.assign(**{name: values.to_numpy()})
    if found:
        raise problems(DataError, "grouping steps", found)
    return steps


def compute_dwell_times(regimes: xr.DataArray, trials=None, *, carry: str = "session"):
    """Lengths of the runs of equal regimes.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
    trials : Dataset, optional
    carry : {"session", "block", "trial"}
        A run ends where the latent state is reset.

    Returns
    -------
    runs : DataFrame
        subject, session, sequence, regime, n_steps, censored (the run touches an edge of its
        sequence, so it may have been longer), row and column of its first step.
    """
    steps = steps_in_order(regimes, trials, carry=carry)
    new = (steps[["sequence", "regime"]] != steps[["sequence", "regime"]].shift()).any(axis=1)
    runs = steps.groupby(new.cumsum().to_numpy()).first()
    runs["n_steps"] = new.groupby(new.cumsum()).size().to_numpy()
    same_before = runs["sequence"].eq(runs["sequence"].shift())
    same_after = runs["sequence"].eq(runs["sequence"].shift(-1))
    runs["censored"] = ~(same_before & same_after)
    columns = ["subject", "session", "sequence", "regime", "n_steps", "censored", "row", "column"]
    return runs[columns].reset_index(drop=True)


def transition_matrix(codes, sequence=None, *, states=None, leaving: bool = False) -> np.ndarray:
    """Relative frequencies of the next regime.

    ``T_ij = n(b_t = i, b_{t+1} = j) / n(b_t = i, t + 1 in the sequence)``

    Parameters
    ----------
    codes : array (step,) of int
        In time order.
    sequence : array (step,), optional
        Pairs are counted inside a sequence only.
    states : array (regime,), optional
        Codes of the rows; those in use if absent.
    leaving : bool
        Count only pairs of different regimes (zero diagonal).

    Returns
    -------
    matrix : array (regime, regime_next)
        Rows sum to 1. A row without any pair is NaN: nothing is known of what follows.
    """
    codes = np.asarray(codes)
    sequence = np.zeros(codes.size, int) if sequence is None else np.asarray(sequence)
    states = used_regimes(codes) if states is None else np.asarray(states)
    pair = sequence[:-1] == sequence[1:]
    if leaving:
        pair &= codes[:-1] != codes[1:]
    start, stop = codes[:-1][pair], codes[1:][pair]
    count = np.zeros((states.size, states.size))
    np.add.at(count, (np.searchsorted(states, start), np.searchsorted(states, stop)), 1.0)
    total = count.sum(axis=1, keepdims=True)
    return np.divide(count, total, out=np.full_like(count, np.nan), where=total > 0)


def compute_transitions(
    regimes: xr.DataArray, trials=None, *, carry: str = "session", leaving: bool = False
) -> xr.DataArray:
    """Transition matrix of each subject.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
    trials : Dataset, optional
    carry : {"session", "block", "trial"}
        Pairs never cross a reset of the latent state.
    leaving : bool
        False: diagonal included. True: given that the regime is left (zero diagonal).

    Returns
    -------
    transitions : DataArray (subject, regime, regime_next)
        Rows sum to 1, or are NaN where the subject has no pair that starts there. All subjects
        share the regimes used by any of them.
    """
    steps = steps_in_order(regimes, trials, carry=carry)
    states = used_regimes(steps["regime"])
    parts = steps.groupby("subject", sort=True)
    values = [
        transition_matrix(part["regime"], part["sequence"], states=states, leaving=leaving)
        for _, part in parts
    ]
    return xr.DataArray(
        np.array(values),
        dims=("subject", "regime", "regime_next"),
        coords={"subject": list(parts.groups), "regime": states, "regime_next": states},
        name="leaving_probability" if leaving else "transition_probability",
    )


def compute_duty_cycle(regimes, n_pwl: int) -> np.ndarray:
    """Share of present steps at which each PWL unit is on (n_pwl,)."""
    values = np.asarray(regimes)
    values = values[values != ABSENT]
    if not values.size:
        raise DataError("duty cycle: found no present step")
    return ((values[:, None] >> np.arange(n_pwl)) & 1).mean(axis=0)


def effective_n_pwl(regimes, n_pwl: int, *, low: float = 0.01, high: float = 0.99) -> int:
    """Count the PWL units that are neither always on nor always off.

    Parameters
    ----------
    regimes : array or DataArray of int
        Of the scored trials.
    n_pwl : int
        Nominal number of PWL units.
    low, high : float
        Duty cycles that count, inclusive.

    Returns
    -------
    n_effective : int
        The other units act linearly on these data.
    """
    duty = compute_duty_cycle(regimes, n_pwl)
    return int(((duty >= low) & (duty <= high)).sum())
