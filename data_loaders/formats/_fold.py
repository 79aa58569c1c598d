"""Rows of events folded into one row per trial, by a stated rule."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from data_loaders.formats._found import listed
from neuroalrnn.arguments import unknown

ROW = "row"


def folded(
    table: pd.DataFrame,
    kind: str,
    trial: str | None,
    starts: Sequence[str],
    ends: Sequence[str],
) -> tuple[pd.DataFrame, list[str]]:
    """Fold rows of events into trials.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per event, in time order.
    kind : str
        Column that says what a row is.
    trial : str or None
        "row" where each row is a trial, or the column whose value numbers the trials.
    starts, ends : sequence of str
        Kinds of row that begin a trial, or that are its last.

    Returns
    -------
    table : pandas.DataFrame
        One row per trial. Columns that have one value in each trial keep their names; the others
        are called ``KIND.COLUMN``, with a list where a trial has several rows of the kind.
        ``KIND.n`` counts these rows, ``source_row`` is the first row of the trial, from 1.
    notes : list of str
        Texts on rows that belong to no trial, and trials without an end.

    Raises
    ------
    ValueError
        No rule is given where rows are of several kinds, several are, or it names what is not
        there.
    """
    table = table.assign(source_row=range(1, len(table) + 1))
    kinds = table[kind].dropna() if kind in table else pd.Series(dtype=object)
    known = [str(each) for each in dict.fromkeys(kinds)]
    rules = [name for name, rule in (("trial", trial), ("starts", starts), ("ends", ends)) if rule]
    if len(rules) > 1:
        raise ValueError(f"{' and '.join(rules)} are given: one rule says what a trial is")
    if trial == ROW or (not rules and len(known) < 2):
        return table, []
    if not rules:
        raise ValueError(
            f"rows are of {len(known)} kinds of {kind!r}, {listed(known)}: say trial = 'row' where "
            "each row is a trial, trial = a column that numbers trials, starts = [kinds that begin "
            "a trial] or ends = [kinds that end one]"
        )
    wrong = [
        f"{rules[0]}: {unknown(each, known)}" for each in (*starts, *ends) if each not in known
    ]
    if trial is not None and trial not in table:
        wrong = [f"trial: column {unknown(trial, map(str, table.columns))}"]
    if wrong:
        raise ValueError("; ".join(wrong))
    number, notes = _numbers(table, kind, trial, starts, ends)
    return _one_row_each(table[number > 0], number[number > 0], kind), notes


def _numbers(table, kind, trial, starts, ends) -> tuple[np.ndarray, list[str]]:
    """Number of the trial of each row, from 1; 0 for rows of none."""
    if trial is not None:
        value = table[trial]
        begins = value.notna() & value.ne(value.ffill().shift())
        number = np.where(value.isna(), 0, begins.cumsum())
        return number, _count("without a number of trial", number == 0)
    hit = table[kind].isin(starts or ends).to_numpy()
    if starts:
        number = hit.cumsum()
        return number, _count("before the first trial", number == 0)
    number = 1 + np.r_[0, hit.cumsum()[:-1]]
    open_ended = number > hit.sum()
    return number, _count("after the last end, read as a trial that has none", open_ended)


def _count(what, mask) -> list[str]:
    return [f"{int(mask.sum())} rows {what}"] if mask.any() else []


def _one_row_each(table, number, kind) -> pd.DataFrame:
    n = len(np.unique(number))
    place = np.unique(number, return_inverse=True)[1]
    columns: dict[str, Any] = {"source_row": table.groupby(place)["source_row"].first()}
    kinds = table[kind].astype(str).to_numpy() if kind in table else np.full(len(table), "row")
    for name in table.columns.drop("source_row"):
        if table[name].groupby(place).nunique(dropna=False).max() <= 1:
            columns[str(name)] = table[name].groupby(place).first()
            continue
        for each in dict.fromkeys(kinds) if name != kind else ():
            cells = table[name][kinds == each]
            if cells.notna().any():
                columns[f"{each}.{name}"] = _cells(cells.to_numpy(), place[kinds == each], n)
    for each in dict.fromkeys(kinds):
        columns[f"{each}.n"] = np.bincount(place[kinds == each], minlength=n)
    return pd.DataFrame({k: np.asarray(v) for k, v in columns.items()}, index=range(n))


def _cells(values, place, n) -> np.ndarray:
    lists: list[list] = [[] for _ in range(n)]
    for trial, value in zip(place, values.tolist(), strict=True):
        lists[trial].append(value)
    cells = np.empty(n, dtype=object)
    is_single = max(map(len, lists)) == 1
    cells[:] = [(each[0] if each else None) for each in lists] if is_single else lists
    return pd.Series(cells).infer_objects().to_numpy() if is_single else cells
