"""What was read to make a dataset: files, rows, what was dropped and why."""

import json
from collections.abc import Mapping
from typing import Any

import xarray as xr

from neuroalrnn.arguments import not_kind, refuse
from neuroalrnn.data.cautions import unscored_reasons
from neuroalrnn.data.dialect import SEPARATORS
from neuroalrnn.data.names import N_SHOWN
from neuroalrnn.exceptions import DataError


def with_report(trials: xr.Dataset, **more: Any) -> xr.Dataset:
    """Keep with the trials what they were read from, as ``attrs["load_report"]`` (JSON).

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    **more : anything that JSON holds
        ``rows_read``; ``files``, a list of dicts with ``name``, ``sha256``, ``kind``,
        ``encoding``, ``separator``, ``compression``, ``rows``, ``blank_rows``, and ``decimal`` and
        ``sheet`` where they were given; ``dropped``, the
        number of rows that each rule dropped; ``derived``, recipes of columns by name;
        ``columns``, those of subject, session, block, trial and choice.

    Returns
    -------
    trials : xarray.Dataset
        The trials with the report, which also counts ``rows_kept`` and ``unscored`` trials by
        reason. What a report said before stays unless it is said anew.
    """
    n_trials = trials.sizes["trial"]
    report = {"files": [], "rows_read": n_trials, "rows_kept": n_trials, "dropped": {}}
    report |= json.loads(trials.attrs.get("load_report", "{}"))
    report |= {name: value for name, value in more.items() if value}
    report["unscored"] = unscored_reasons(trials)
    return trials.assign_attrs(load_report=json.dumps(report))


def tell_load(trials: xr.Dataset) -> list[str]:
    """Say what the trials were read from, and which rows were dropped.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.

    Returns
    -------
    sentences : list of str
        Empty where no report is kept with the trials.

    Raises
    ------
    DataError
        What was given is no dataset.
    """
    refuse("tell_load", not_kind("trials", trials, xr.Dataset, "a trial dataset"), DataError)
    report = json.loads(trials.attrs.get("load_report", "{}"))
    if not report:
        return []
    lines = _tell_files(report["files"])
    read, kept = report["rows_read"], report["rows_kept"]
    lines.append(f"rows: {read:,} read, {kept:,} kept")
    lines += [
        f"dropped {n:,} rows: kept are those where {rule}" for rule, n in report["dropped"].items()
    ]
    if derived := report.get("derived"):
        lines.append(f"derived columns: {', '.join(derived)}")
    return lines


def _tell_files(files: list[Mapping]) -> list[str]:
    lines = [f"read {file['name']}: {_told(file)}" for file in files[:N_SHOWN]]
    if len(files) > N_SHOWN:
        more = len(files) - N_SHOWN
        lines.append(f"and {more} more file{'s' if more > 1 else ''}")
    blank = sum(file.get("blank_rows", 0) for file in files)
    return lines + ([f"blank rows left out: {blank:,}"] if blank else [])


def _told(file: Mapping) -> str:
    written = file.get("separator", "")
    separator = SEPARATORS.get(written, written)
    parts = [
        f"{file['rows']:,} rows",
        file["kind"],
        f"separated by {separator}" if separator else "",
        file.get("encoding", ""),
        file.get("compression", ""),
        f"SHA-256 {file['sha256'][:12]}",
    ]
    return ", ".join(part for part in parts if part)
