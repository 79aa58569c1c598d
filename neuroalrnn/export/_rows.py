"""Which row of a table each trial of a fit came from, and whether it is really that row."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import unknown
from neuroalrnn.data.columns import keys, labels
from neuroalrnn.data.names import first_few, texts, where
from neuroalrnn.data.roles import TABLE_ROW
from neuroalrnn.exceptions import DataError, problems

TITLE = "rows of the table and trials of the fit"
KEYS = ("subject", "session", "trial_in_session")
AGAIN = (
    "load the table as it was loaded for the fit, and pass trials=the dataset (the option --run "
    "with the run file of the fit)"
)


@dataclass(frozen=True)
class Placed:
    """Trials of a fit among those that were read from a table.

    Parameters
    ----------
    fitted : xarray.Dataset
        Trials of the fit.
    read : xarray.Dataset
        Trials as read from the table.
    place : ndarray of int, shape (trial,)
        Position of each fitted trial among those that were read; -1 where it is none of them.
    """

    fitted: xr.Dataset
    read: xr.Dataset
    place: np.ndarray

    @property
    def report(self) -> dict[str, Any]:
        """What is kept of the table that trials were read from."""
        return json.loads(self.read.attrs.get("load_report", "{}"))

    def take(self, name: str) -> np.ndarray:
        """Whole numbers of what was read, for each fitted trial; -1 where it is not there."""
        return np.where(self.place < 0, -1, self.read[name].values[self.place])


def place_trials(fitted: xr.Dataset, trials: xr.Dataset | None) -> Placed:
    """Find the trials of a fit among those that were read from a table.

    Parameters
    ----------
    fitted : xarray.Dataset
        Trials of the fit.
    trials : xarray.Dataset or None
        Trials of the same sessions, read anew from the table; None to trust the rows that were kept
        when the fitted ones were read.

    Returns
    -------
    Placed
        Trials of sessions that `trials` do not have are none of them.

    Raises
    ------
    DataError
        Rows are not known, or `trials` are others.
    """
    place = np.arange(fitted.sizes["trial"]) if trials is None else _found_again(fitted, trials)
    placed = Placed(fitted, fitted if trials is None else trials, place)
    if TABLE_ROW not in placed.read.coords or "rows_read" not in placed.report:
        text = f"the trials do not say which rows they are (read by an earlier version?): {AGAIN}"
        raise problems(DataError, TITLE, [text])
    twice = pd.Series(placed.read[TABLE_ROW].values).duplicated().to_numpy()
    if twice.any():
        text = "they were put together from several tables: export each on its own"
        raise problems(DataError, TITLE, [f"{where(twice)} share a row, {text}; {AGAIN}"])
    return placed


def _found_again(fitted, trials) -> np.ndarray:
    """Position of each fitted trial among others, by subject, session and number."""
    index = [
        pd.MultiIndex.from_arrays(
            [texts(each[name].values).astype(str) for name in KEYS], names=KEYS
        )
        for each in (trials, fitted)
    ]
    place = index[0].get_indexer(index[1])
    sessions = [each.droplevel("trial_in_session") for each in index]
    lost = (place < 0) & sessions[1].isin(sessions[0])
    found = ["no session of the fit is there"] * bool((place < 0).all() and not lost.any())
    found += [
        f"{lost.sum()} trials of the fit are not there, such as subject, session, trial "
        f"{', '.join(index[1][lost.argmax()])}"
    ] * bool(lost.any())
    options = [[str(each) for each in one["choice"].attrs["labels"]] for one in (fitted, trials)]
    if options[0] != options[1]:
        found.append(f"choices are {', '.join(options[1])}, in the fit {', '.join(options[0])}")
    else:
        codes = fitted["choice"].values, trials["choice"].values[place]
        other = np.isfinite(codes[0]) & (codes[0] != codes[1]) & (place >= 0)
        found += [f"another choice was made on {where(other)} of the fit"] * bool(other.any())
    if found:
        raise problems(DataError, TITLE, [*found, "read the table as it was read for the fit"])
    return place


def parts_of_table(names: Sequence[str], sums: Sequence[str], report: dict) -> list[slice]:
    """Find the rows of files among all rows that were read.

    Parameters
    ----------
    names, sums : sequence of str
        Names and SHA-256 of the files.
    report : dict
        What is kept of the table.

    Returns
    -------
    list of slice
        Rows of each file.

    Raises
    ------
    DataError
        A file is none of those that were read.
    """
    files = report["files"] or [{"name": names[0], "sha256": "", "rows": report["rows_read"]}]
    ends = np.cumsum([each["rows"] for each in files]).tolist()
    known = [str(each["name"]).rpartition("/")[2] for each in files]
    parts, found = list[slice](), list[str]()
    for name, checksum in zip(names, sums, strict=True):
        same = [k for k, each in enumerate(files) if each["sha256"] == checksum]
        same = same or [k for k, each in enumerate(known) if each == name]
        # a table that was read alone may have been saved under another name since
        same = same or ([0] if len(files) == len(names) == 1 else [])
        if len(same) == 1:
            parts.append(slice(ends[same[0]] - files[same[0]]["rows"], ends[same[0]]))
        else:
            found.append(f"file {unknown(name, known)}: the fit was made from {first_few(known)}")
    if found:
        raise problems(DataError, TITLE, found)
    return parts


def refuse_other_rows(
    cells: pd.DataFrame, rows: np.ndarray, trials: xr.Dataset, report: dict, n_rows: int
) -> None:
    """Compare a table with the trials that were made of its rows.

    Parameters
    ----------
    cells : pandas.DataFrame
        The table.
    rows : ndarray of int, shape (trial,)
        Row of each trial.
    trials : xarray.Dataset
        Trials.
    report : dict
        What is kept of the table; ``columns`` are those of subject, session, trial and choice.
    n_rows : int
        Number of rows when the table was read.

    Raises
    ------
    DataError
        Naming what differs, and where.
    """
    if len(cells) != n_rows:
        text = f"the table has {len(cells)} rows, and had {n_rows} when it was read: {AGAIN}"
        raise problems(DataError, TITLE, [text])
    # columns that were made when the table was read are not in it
    columns = {k: name for k, name in report.get("columns", {}).items() if name in cells}
    compare = {
        "subject": _other_label,
        "session": _other_label,
        "trial": _jumps,
        "choice": _recoded,
    }
    again = [repr(each) for each in columns.values() if (cells.columns == each).sum() > 1]
    found = [f"there is more than one column {each}" for each in again]
    choice = report.get("columns", {}).get("choice")
    if choice is not None and choice not in {*cells, *report.get("derived", {})}:
        found.append(f"there is no column {choice!r}, of which choices were read")
    if found:
        raise problems(DataError, TITLE, [*found, f"take the table that was read, or {AGAIN}"])
    for role in [each for each in compare if each in columns]:
        own = cells[columns[role]].iloc[rows].reset_index(drop=True)
        other = compare[role](own, trials, role)
        if other.any():
            at = int(other.argmax())
            found.append(
                f"column {columns[role]!r} does not fit {other.sum()} of {len(rows)} trials, first "
                f"in row {rows[at]}: {str(own.iloc[at])!r}"
            )
    if found:
        text = "rows were moved or changed since the table was read: take the table that was read"
        raise problems(DataError, TITLE, [*found, f"{text}, or {AGAIN}"])


def _other_label(own, trials, role) -> np.ndarray:
    return labels(own).astype(str) != texts(trials[role].values).astype(str)


def _jumps(own, trials, role) -> np.ndarray:
    """Where trial numbers of a table do not run as those of the trials do, within a block."""
    apart = pd.to_numeric(own, errors="coerce") - trials["trial_in_session"].values
    names = [name for name in ("subject", "session", "block") if name in trials.coords]
    table = pd.DataFrame({name: trials[name].values for name in names})
    run = (table != table.shift()).any(axis=1).cumsum().to_numpy()
    usual = apart.groupby(run).transform("median")
    return ~((apart - usual).abs() < 0.5).to_numpy()


def _recoded(own, trials, role) -> np.ndarray:
    """Where a cell is not the option that such a cell is elsewhere."""
    code = pd.Series(trials[role].values)
    pair = pd.DataFrame({"cell": keys(own), "code": code}).dropna()
    usual = pair.groupby("cell")["code"].agg(lambda each: each.mode().iloc[0])
    return (code.notna() & (code != pd.Series(keys(own)).map(usual))).to_numpy()
