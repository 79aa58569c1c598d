"""Regimes: which PWL units are on, and how often.

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
    names = used_regimes(reference)
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


def compute_occupancy_trend(regimes: xr.DataArray, trials=None, *, n_bins: int = 10):
    """Share of steps spent in each regime, by trial number in the session, per subject.

    A common trend makes slow series look related that are not; this table shows whether there is
    one.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
    trials : Dataset, optional
        Trial coordinates that `regimes` lacks.
    n_bins : int
        Bins of trial number, the same for all subjects and with about equally many trials; fewer
        where sessions are shorter.

    Returns
    -------
    trend : DataFrame
        subject, bin (0, 1, ...), first_trial and last_trial (trial in session, of all trials in
        the bin), regime, occupancy, n_steps (of the subject in the bin). Shares sum to 1 in every
        bin that a subject has.

    Raises
    ------
    DataError
        Fewer than one bin.
    """
    if n_bins < 1:
        raise DataError(f"n_bins: found {n_bins}, expected at least 1")
    number = trial_variable("trial_in_session", regimes, trials)
    edges = np.unique(np.quantile(number, np.linspace(0, 1, n_bins + 1)[1:-1]))
    binned = regimes.assign_coords(bin=("trial", np.searchsorted(edges, number, side="left")))
    trend = compute_occupancy(binned, trials=trials, by=("bin",))
    spans = pd.Series(number).groupby(binned["bin"].to_numpy()).agg(["min", "max"])
    trend.insert(2, "first_trial", spans["min"].loc[trend["bin"]].to_numpy())
    trend.insert(3, "last_trial", spans["max"].loc[trend["bin"]].to_numpy())
    return trend


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
        Of the steps that count.
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


def compute_effective_n_pwl(codes: pd.DataFrame) -> pd.DataFrame:
    """Nominal and effective number of PWL units of the network of each fold.

    Parameters
    ----------
    codes : DataFrame
        ``fold, n_pwl, code`` (sign pattern as an integer) and ``n_steps`` held out in it, as in
        `neuroalrnn.analysis.held_out.HeldOutRegimes`.

    Returns
    -------
    units : DataFrame, one row per fold
        fold, n_pwl, effective_n_pwl.
    """
    rows = [
        (fold, n_pwl, effective_n_pwl(np.repeat(part["code"], part["n_steps"]), n_pwl))
        for (fold, n_pwl), part in codes.groupby(["fold", "n_pwl"])
    ]
    return pd.DataFrame(rows, columns=["fold", "n_pwl", "effective_n_pwl"])
