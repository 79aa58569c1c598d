"""Sessions of the International Brain Laboratory: ALF files, or raw task data of the rig."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from data_loaders.formats._alf_files import NAME, read_session, session_of
from data_loaders.formats._found import Found, each_file, readable, to_trials
from data_loaders.formats._jsonable import NAME as RAW
from data_loaders.formats._jsonable import read_jsonable, told_session
from neuroalrnn.arguments import checked, not_path
from neuroalrnn.data.checks import not_columns
from neuroalrnn.exceptions import DataError, problems

LISTINGS = ("sessions.pqt", "datasets.pqt")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
COLUMNS = {"subject": "subject", "session": "session", "choice": "choice"}
LABELS = {1: "left", -1: "right"}


@checked(DataError, path=not_path, columns=not_columns)
def load_alf(
    path: str | Path,
    columns: Mapping[str, str],
    *,
    task: str | None = None,
    revision: str | None = None,
    strict: bool = True,
    **options: Any,
) -> xr.Dataset:
    """Read a session of the IBL, or all those of a folder, as a trial dataset.

    Parameters
    ----------
    path : str or pathlib.Path
        Folder of a session or of many, ``alf/`` itself, or a file of raw task data.
    columns : dict of role to column
        Which column plays which role, see `neuroalrnn.from_frame` and `read_alf`. Subject, session
        and choice are there by default.
    task, revision, strict
        Arguments of `read_alf`.
    **options : anything
        Further arguments of `neuroalrnn.from_frame`. By default options are "left" (1) and "right"
        (-1), and trials without an answer (0) have no choice.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.

    Raises
    ------
    DataError
        Files or their table have problems; the message names all of them.
    """
    found = read_alf(path, task=task, revision=revision, strict=strict)
    columns = COLUMNS | dict(columns)
    if options.get("labels") is None and columns["choice"] == "choice":
        options["labels"] = LABELS
        none = found.table["choice"] == 0
        notes = [*found.notes, f"no choice on {none.sum()} trials without an answer"]
        found = Found(found.table.assign(choice=found.table["choice"].mask(none)), notes)
    return to_trials(found, columns, "alf", options)


def read_alf(
    path: str | Path, *, task: str | None = None, revision: str | None = None, strict: bool = True
) -> Found:
    """Read the trials of a session of the IBL, or of all those of a folder.

    Parameters
    ----------
    path : str or pathlib.Path
        Folder of a session or of many, ``alf/`` itself, or a file of raw task data.
    task : str, optional
        Folder of the task, such as "task_00", where a session has several.
    revision : str, optional
        The last revision that counts; default the last there is.
    strict : bool
        Whether a damaged line of raw task data is an error; else the trials before it are read.

    Returns
    -------
    Found
        One row per trial, with the names of ALF. ``choice`` is 1 for the correct answer to a
        stimulus on the left, -1 to one on the right, 0 for none. ``side`` (-1 left, 1 right) is
        told of trials without contrast, too; ``signed_contrast`` is right less left. ``subject``
        and ``session`` come from the path. ``itiDuration`` is not read.

    Raises
    ------
    DataError
        Attributes have different lengths or contradict each other, or files are damaged.
    """
    files = each_file(path, is_alf, "trials of the IBL", whole=False)
    if any(each.name in LISTINGS for each in files):
        text = "this lists sessions and data sets, and holds no trials: name a session's folder"
        raise problems(DataError, str(path), [text])
    wrong = [f"{each.name} is no file of trials" for each in files if not is_alf(each)]
    if wrong:
        raise problems(DataError, str(path), wrong)
    sessions: dict[Path, list[Path]] = {}
    for each in files:
        sessions.setdefault(session_of(each), []).append(each)
    tables, notes, cautions = [], list[str](), list[str]()
    for folder, own in sessions.items():
        found, told = _session(folder, own, task, revision, strict)
        new = {k: v for k, v in told.items() if k not in found.table}
        tables.append(found.table.assign(**new, source_row=range(1, len(found.table) + 1)))
        notes += found.notes
        cautions += found.cautions
    return Found(pd.concat(tables, ignore_index=True), notes, cautions)


def _session(folder, files, task, revision, strict) -> tuple[Found, dict[str, str]]:
    raw = [each for each in files if each.name == RAW]
    told = {"subject": folder.name, "session": "1"} | _of_path(folder)
    if raw and len(raw) < len(files):
        files = [each for each in files if each not in raw]
    elif raw:
        with readable(raw[0], "file of raw task data"):
            return read_jsonable(raw[0], strict=strict), told | told_session(raw[0])
    return read_session(files, str(folder), task, revision), told


def _of_path(folder) -> dict[str, str]:
    """Subject and session of ``SUBJECT/DATE/NUMBER``."""
    parts = folder.resolve().parts
    dates = [k for k, part in enumerate(parts) if DATE.fullmatch(part) and k]
    if not dates:
        return {}
    return {"subject": parts[dates[-1] - 1], "session": "/".join(parts[dates[-1] :])}


def is_alf(path: Path) -> bool:
    """Tell a file of an IBL session by its name.

    Parameters
    ----------
    path : pathlib.Path
        Any file.

    Returns
    -------
    bool
        Whether it holds trials; listings of sessions are recognised, too, and then refused.
    """
    return path.name == RAW or path.name in LISTINGS or NAME.fullmatch(path.name) is not None
