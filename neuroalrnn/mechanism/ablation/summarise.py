"""Statements about costs: tests over subjects, and how concentrated an ablation map is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.checks import as_whole_numbers, refuse_unnamed, require_columns
from neuroalrnn.stats.compare import benjamini_hochberg
from neuroalrnn.stats.effects import effect_table, one_sample

ALL = "all"
# nats per trial; what is smaller is rounding
NEGLIGIBLE = 1e-9


def subject_costs(table: pd.DataFrame, by: Sequence[str] = (), value: str = "cost") -> pd.DataFrame:
    """Average costs for each subject, weighted by trials.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``subject, n_trials`` and `value`, such as from `ablate`.
    by : list of str
        Columns that tell effects apart.
    value : str
        Column with the costs, in nats per trial.

    Returns
    -------
    pandas.DataFrame
        One row per combination of `by` and subject: `by`, ``subject, n_trials``, `value`.

    Raises
    ------
    DataError
        A missing column or subject, or rows without trials.
    """
    title = "costs"
    if isinstance(by, str):
        raise DataError(f"{title}: by is the text {by!r}, expected a list of columns")
    keys = [*by, "subject"]
    require_columns(title, table, [*keys, "n_trials", value])
    refuse_unnamed(title, {"subject": table["subject"]})
    as_whole_numbers(table["n_trials"], "n_trials", title, least=1)
    total = table[keys].assign(
        n_trials=table["n_trials"], **{value: table[value] * table["n_trials"]}
    )
    # a cost that is missing somewhere is missing in the sum
    total["missing"] = total[value].isna()
    total = total.groupby(keys, sort=False, dropna=False)[["n_trials", value, "missing"]].sum()
    total[value] = (total[value] / total["n_trials"]).mask(total.pop("missing") > 0)
    return total.reset_index()


def compare_costs(
    table: pd.DataFrame,
    by: Sequence[str],
    *,
    value: str = "cost",
    test: str = "t",
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Test over subjects whether interventions cost anything, with all tests in one family.

    Parameters
    ----------
    table : pandas.DataFrame
        Such as from `ablate`.
    by : list of str
        Columns that tell effects apart, such as ``["replacement", "rank", "epoch"]``, or with
        ``"fold", "unit"`` for a report of each fold. Whatever else divides the trials of a subject
        is averaged.
    value : str
        Column with the costs.
    test : {"t", "sign-flip"}
        Test over subjects: one-sample t-test, or permutation of signs.
    rng : Generator, optional
        For sign-flips of more than 12 subjects.

    Returns
    -------
    pandas.DataFrame
        One row per combination: `by`, then ``estimate`` (nats per trial, mean over subjects) and
        the other columns of `neuroalrnn.stats.effects.effect_table`, with ``q`` (Benjamini &
        Hochberg over all rows). What cannot be tested, such as an effect in one subject or a cost
        of exactly 0 in all of them, stays in the family with p = 1, and ``method`` says why;
        ``excluded`` names subjects without a value.

    Raises
    ------
    DataError
        As `subject_costs`, no row, or nothing that tells effects apart.
    """
    costs = subject_costs(table, by, value)
    by = list(by)
    if costs.empty or not by:
        raise DataError(f"costs: found {len(costs)} rows and by = {by}, expected some of both")
    rows = [
        {**dict(zip(by, key, strict=True)), **_test(part, value, test, rng)}
        for key, part in costs.groupby(by, sort=False, dropna=False)
    ]
    found = effect_table(rows).drop(columns="effect")
    found["q"] = benjamini_hochberg(found["p"])
    return found[[*by, *(name for name in found if name not in by)]]


def _test(part, value, test, rng):
    is_missing = part[value].isna()
    excluded = ", ".join(part.loc[is_missing, "subject"].astype(str))
    part = part[~is_missing]
    values = part[value].to_numpy(dtype=float)
    values = np.where(np.abs(values) < NEGLIGIBLE, 0.0, values)
    common = {
        "n_trials": int(part["n_trials"].sum()),
        "n_subjects": len(part),
        "scale": "nats per trial",
        "excluded": excluded,
    }
    try:
        return common | one_sample(values, test=test, rng=rng)
    except NotTestableError as error:
        estimate = values.mean() if len(values) else np.nan
        return common | {"estimate": estimate, "p": 1.0, "method": f"not testable: {error}"}


def gini(values: ArrayLike) -> float:
    """Compute the Gini index: 0 if all values are the same, near 1 if one holds the whole sum.

    ``sum_ij |x_i - x_j| / (2 n^2 mean(x))``.

    Parameters
    ----------
    values : array
        Amounts, such as costs; negative ones, that is gains, count as 0.

    Returns
    -------
    float
        NaN if nothing is positive.
    """
    values = np.sort(np.maximum(np.ravel(values), 0.0))
    if values.sum() == 0:
        return np.nan
    n = len(values)
    return float((2 * np.arange(1, n + 1) - n - 1) @ values / (n * values.sum()))


def summarise_map(table: pd.DataFrame) -> pd.DataFrame:
    """Summarise how concentrated the costs of an ablation map are on few units and epochs.

    Parameters
    ----------
    table : pandas.DataFrame
        From `ablate_units`.

    Returns
    -------
    pandas.DataFrame
        One row per fold and replacement: ``fold, replacement, n_units, n_epochs``; ``gini`` of the
        unit x epoch map of costs, mean over subjects (largest possible: 1 - 1 / cells); the
        ``unit`` and ``epoch`` with the largest ``cost`` on the test subjects, which is therefore
        biased upwards. Missing where no cost is known.

    Raises
    ------
    DataError
        A missing column.
    """
    require_columns("ablation map", table, ("fold", "replacement", "unit", "epoch", "cost"))
    single = table[table["epoch"] != ALL]
    keys = ["fold", "replacement", "unit", "epoch"]
    costs = subject_costs(single, keys).groupby(keys, sort=False)["cost"].mean().reset_index()
    rows = []
    for (fold, replacement), part in costs.groupby(["fold", "replacement"], sort=False):
        row: dict = {"fold": fold, "replacement": replacement}
        row |= {"n_units": part["unit"].nunique(), "n_epochs": part["epoch"].nunique()}
        row |= {"gini": gini(part["cost"])}
        known = part.dropna(subset="cost")
        if len(known):
            largest = known.iloc[int(known["cost"].argmax())]
            row |= {name: largest[name] for name in ("unit", "epoch", "cost")}
        rows.append(row)
    return pd.DataFrame(rows)
