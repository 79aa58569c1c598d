"""Files of an IBL session in the ALF layout: which of several revisions, joined into one table."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data_loaders.formats._found import Found, listed, readable
from data_loaders.formats._npy import array_of
from neuroalrnn.arguments import unknown
from neuroalrnn.exceptions import DataError, problems

NAME = re.compile(r"(?:_\w+?_)?trials\.(\w+)(?:\..*)?\.(npy|pqt)")
REVISION = re.compile(r"#([^#]+)#")
# its length differs from that of all others
SKIPPED = {"itiDuration"}
WHAT = "file of trials in the ALF layout"


def session_of(path: Path) -> Path:
    """Name the folder of the session that a file of trials belongs to.

    Parameters
    ----------
    path : pathlib.Path
        A file in ``alf/``, a task folder or a folder of a revision.

    Returns
    -------
    pathlib.Path
        The session.
    """
    folder = path.parent
    while REVISION.fullmatch(folder.name) or folder.name.startswith("task_"):
        folder = folder.parent
    return folder.parent if folder.name in ("alf", "raw_behavior_data") else folder


def read_session(
    files: Sequence[Path], title: str, task: str | None, revision: str | None
) -> Found:
    """Join the files of a session.

    Parameters
    ----------
    files : sequence of pathlib.Path
        All files of trials of the session.
    title : str
        Name of the session, for messages.
    task : str or None
        Folder of the task, such as "task_00".
    revision : str or None
        The last revision that counts; default the last there is.

    Returns
    -------
    Found
        One row per trial and a column per attribute.

    Raises
    ------
    DataError
        Attributes have different lengths, are there twice with different values, or choices
        contradict feedback.
    """
    chosen = _newest(_of_task(files, title, task), revision)
    if not chosen:
        raise problems(DataError, title, [f"no file is of revision {revision} or an earlier one"])
    columns, found = dict[str, np.ndarray](), list[str]()
    for each in chosen:
        with readable(each, WHAT):
            read = _attributes(each)
        for name, values in read.items():
            if name in columns and not _agree(columns[name], values):
                found.append(f"{name} is there twice, with different values; once in {each.name}")
            columns.setdefault(name, values)
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = [f"{name} ({n})" for name, n in lengths.items()]
        found.append(f"attributes have different lengths: {listed(told)}")
    if found:
        raise problems(DataError, title, found)
    return checked_choices(pd.DataFrame(columns), title)


def _of_task(files, title, task) -> list[Path]:
    """Files in the folder of the session itself, else those of its one task."""
    by_task = defaultdict(list)
    for each in files:
        names = [part for part in each.parts[:-1] if part.startswith("task_")]
        by_task[names[-1] if names else ""].append(each)
    if task is None and len(by_task) > 1 and "" not in by_task:
        text = f"it has several tasks, {listed(sorted(by_task))}: say which, with task"
        raise problems(DataError, title, [text])
    name = task if task is not None else min(by_task)
    if name not in by_task:
        raise problems(DataError, title, [f"task {unknown(name, by_task)}"])
    return by_task[name]


def _newest(files, revision) -> list[Path]:
    """Of each file the last revision; what lies in no folder of a revision is older than any."""
    newest: dict[str, tuple[str, Path]] = {}
    for each in files:
        match = REVISION.fullmatch(each.parent.name)
        own = match[1] if match else ""
        if revision is not None and own > revision:
            continue
        newest[each.name] = max(newest.get(each.name, ("", each)), (own, each))
    return [path for _, path in sorted(newest.values(), key=lambda pair: pair[1].name)]


def _attributes(path) -> dict[str, np.ndarray]:
    name = NAME.sub(r"\1", path.name)
    if path.suffix == ".pqt":
        table = _parquet(path)
        return {str(each): table[each].to_numpy(copy=True) for each in table if each not in SKIPPED}
    if name in SKIPPED:
        return {}
    values = array_of(path.read_bytes())
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2:
        return {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
    if values.ndim != 1:
        raise ValueError(f"it has shape {values.shape}: expected a value per trial")
    return {name: values}


def _parquet(path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, engine="pyarrow")
    except ImportError as error:
        text = "tables in Parquet need pyarrow: install it, or save the table as CSV"
        raise problems(DataError, str(path), [text]) from error


def _agree(one, other) -> bool:
    if len(one) != len(other):
        return False
    if one.dtype.kind in "fiub" and other.dtype.kind in "fiub":
        return bool(np.allclose(one.astype(float), other.astype(float), equal_nan=True))
    return bool((one == other).all())


def checked_choices(table: pd.DataFrame, title: str) -> Found:
    """Compare choices with stimuli and feedback, and add side and signed contrast.

    Parameters
    ----------
    table : pandas.DataFrame
        Trials; checked where they have ``contrastLeft``, ``contrastRight``, ``choice`` and
        ``feedbackType``.
    title : str
        Name of the session, for messages.

    Returns
    -------
    Found
        The table with ``side`` (-1 left, 1 right) and ``signed_contrast`` (right less left).

    Raises
    ------
    DataError
        A trial has not exactly one stimulus, or its choice contradicts its feedback.
    """
    needed: dict[str, Any] = {
        k: table.get(k) for k in ("contrastLeft", "contrastRight", "choice", "feedbackType")
    }
    if any(column is None for column in needed.values()):
        return Found(table)
    left, right, choice, feedback = (np.asarray(each, dtype=float) for each in needed.values())
    one = np.isfinite(left) != np.isfinite(right)
    # 1 is the correct answer to a stimulus on the left, -1 to one on the right
    paid = choice == np.where(np.isfinite(left), 1, -1)
    wrong = one & (paid != (feedback > 0))
    found = [f"not exactly one side has a contrast on trials {_rows(~one)}"] if (~one).any() else []
    found += [
        f"choice contradicts feedbackType on trials {_rows(wrong)}: expected 1 for the correct "
        "answer to a stimulus on the left, -1 to one on the right, 0 for none"
    ] * bool(wrong.any())
    if found:
        raise problems(DataError, title, found)
    side = np.where(np.isfinite(left), -1, 1)
    signed = np.nan_to_num(right) - np.nan_to_num(left)
    return Found(table.assign(side=side, signed_contrast=signed))


def _rows(mask) -> str:
    return listed((np.flatnonzero(mask) + 1).tolist())
