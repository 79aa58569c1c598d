"""Labels of regimes: by use, and brought into agreement between fits."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.network.codes import ABSENT, Codes, check_codes, effective_n_pwl, used_regimes


def relabel_by_use(regimes: Codes) -> tuple[Any, np.ndarray]:
    """Number regimes by how often they occur, the most frequent first.

    Parameters
    ----------
    regimes : array or DataArray of int
        Codes of steps, -1 where there is no step.

    Returns
    -------
    relabelled : array or DataArray of int
        Labels 0, 1, ... by falling use; -1 stays.
    codes : array (regime,) of int
        The former code of each new label.

    Raises
    ------
    DataError
        Other types than integers.
    """
    values = check_codes(regimes)
    codes, count = np.unique(values[values != ABSENT], return_counts=True)
    codes = codes[np.argsort(-count, kind="stable")]
    return _relabel(regimes, codes, np.arange(codes.size)), codes


def match_regimes(reference: Codes, other: Codes) -> Any:
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

    Raises
    ------
    DataError
        Other shapes, types than integers, or trials.
    """
    a, b = _common(reference, other)
    codes = used_regimes(other)
    names = used_regimes(reference)
    pair = np.searchsorted(codes, b) * names.size + np.searchsorted(names, a)
    overlap = np.bincount(pair, minlength=codes.size * names.size)
    row, column = linear_sum_assignment(overlap.reshape(codes.size, names.size), maximize=True)
    new = np.full(codes.size, ABSENT)
    new[row] = names[column]
    new[new == ABSENT] = names.max(initial=ABSENT) + 1 + np.arange((new == ABSENT).sum())
    return _relabel(other, codes, new)


def adjusted_rand(first: Codes, second: Codes) -> float:
    """Compute how far two labellings agree beyond chance (Hubert & Arabie 1985).

    Parameters
    ----------
    first, second : array or DataArray of int, same shape
        Labels of any kind; steps absent in either do not count.

    Returns
    -------
    index : float
        1 for equal partitions, 0 on average for independent ones.

    Raises
    ------
    DataError
        Fewer than two common steps, other shapes, types than integers, or trials.
    """
    a, b = (pd.factorize(x)[0] for x in _common(first, second))
    if a.size < 2:
        raise DataError(f"adjusted Rand index: found {a.size} common steps, expected at least 2")
    return rand_of_overlap(coo_matrix((np.ones(a.size), (a, b))).toarray())


def rand_of_overlap(table) -> float:
    """Adjusted Rand index of two labellings, from the number of steps in each pair of labels.

    Parameters
    ----------
    table : array (label of the first, label of the second)
        Two steps or more.

    Returns
    -------
    index : float
        As from `adjusted_rand`.
    """
    n_steps = table.sum()
    together, rows, columns = (
        (n * (n - 1) / 2).sum() for n in (table, table.sum(axis=1), table.sum(axis=0))
    )
    chance = rows * columns / (n_steps * (n_steps - 1) / 2)
    largest = (rows + columns) / 2
    return 1.0 if largest == chance else float((together - chance) / (largest - chance))


def _common(first, second):
    a, b = check_codes(first), check_codes(second)
    if isinstance(first, xr.DataArray) and isinstance(second, xr.DataArray):
        _refuse_other_labels(first, second)
    if a.shape != b.shape:
        raise DataError(f"regimes of the same steps needed, found shapes {a.shape} and {b.shape}")
    both = (a != ABSENT) & (b != ABSENT)
    return a[both], b[both]


def _refuse_other_labels(first, second):
    found = [f"dims {first.dims} and {second.dims}"] if first.dims != second.dims else []
    found += [
        f"other values of {name!r}"
        for name in first.coords
        if name in second.coords and not first[name].variable.equals(second[name].variable)
    ]
    if found:
        raise problems(DataError, "regimes of the same steps needed, in one order", found)


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


def compute_effective_n_pwl(codes: pd.DataFrame) -> pd.DataFrame:
    """Count the nominal and the effective PWL units of the network of each fold.

    Parameters
    ----------
    codes : DataFrame
        ``fold, n_pwl, code`` (sign pattern as an integer) and ``n_steps`` held out in it, as in
        `neuroalrnn.regimes.held_out.HeldOutRegimes`.

    Returns
    -------
    units : DataFrame
        One row per fold: ``fold``, ``n_pwl`` and ``effective_n_pwl``.
    """
    rows = []
    for (fold, _), part in codes.groupby(["fold", "n_pwl"], sort=False):
        n_pwl = part["n_pwl"].iloc[0]
        steps = np.repeat(part["code"], part["n_steps"])
        rows.append((fold, n_pwl, effective_n_pwl(steps, n_pwl)))
    return pd.DataFrame(rows, columns=["fold", "n_pwl", "effective_n_pwl"])
