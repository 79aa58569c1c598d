"""Read files for a first look, and find subjects and sessions in their names."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroalrnn.data.dialect import SEPARATORS, read_raw
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.inspection.look import Inspection, look_at, view_of

Reader = Callable[[Path], tuple[pd.DataFrame, str, dict]]
# a subject, a date with or without a time, and what ends all names
DATED = re.compile(
    r"(.*?)((?:19|20)\d{2}([-_]?)(?:0\d|1[0-2])\3(?:[0-2]\d|3[01])"
    r"(?:[-_T]\d{2}[-_h]?\d{2}(?:[-_m.]?\d{2})?)?)(\D.*)"
)
ENTITIES = {"sub": "subject", "ses": "session", "run": "block"}
# so many paths are listed one by one
MOST_LISTED = 5


def read_text(path: Path, sheet: str | None = None) -> tuple[pd.DataFrame, str, dict]:
    """Read a table of text as it is.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    sheet : str, optional
        Sheet of a workbook of Excel.

    Returns
    -------
    cells : pandas.DataFrame
        Texts.
    written : str
        How the file is written, in words.
    options : dict
        Keys of ``[data]`` that say so.
    """
    cells, dialect = read_raw(path, sheet=sheet)
    separator = SEPARATORS.get(dialect.separator, dialect.separator)
    parts = [dialect.kind, dialect.encoding, f"separator {separator}" if separator else ""]
    written = ", ".join(part for part in [*parts, dialect.compression] if part)
    return cells, written, {"sheet": sheet} if sheet is not None else {}


def inspect_files(
    paths: Sequence[str | Path],
    columns: Mapping[str, str] | None = None,
    *,
    read: Reader = read_text,
) -> Inspection:
    """Look at one or more tables of the same columns, and name what looks wrong.

    Where no column names subjects, they are looked for in the names of the files.

    Parameters
    ----------
    paths : sequence of str or pathlib.Path
        The files.
    columns : dict of role to column, optional
        Roles that are known; the others are guessed.
    read : callable
        Gives cells of a file as text, how it is written, and keys of ``[data]`` that say so; by
        default a table of text.

    Returns
    -------
    inspection : Inspection
        Format, roles and findings.

    Raises
    ------
    DataError
        A file cannot be read, the files have different columns, or a column is unknown.
    """
    frames, formats, written = zip(*(read(Path(path)) for path in paths), strict=True)
    names = [Path(path).name for path in paths]
    _refuse_different(frames, names)
    file = np.repeat(np.arange(len(frames)), [len(frame) for frame in frames])
    frame: pd.DataFrame = pd.concat(frames, ignore_index=True)
    options: dict[str, Any] = dict(written[0])
    if len(frame) and "subject" not in view_of(frame, columns, names, file)[0].roles:
        made, named = from_names(names, list(frame.columns))
        options |= named
        frame = frame.assign(**{name: np.array(made[name])[file] for name in made})
    return look_at(frame, columns, names, file, formats, options)


def from_names(names: Sequence[str], taken: Sequence[str]) -> tuple[dict[str, list[str]], dict]:
    """Find subjects, sessions and blocks in the names of files.

    Parameters
    ----------
    names : sequence of str
        Names of the files.
    taken : sequence of str
        Columns of the table, which are not made anew.

    Returns
    -------
    made : dict of str to list of str
        New columns, one text per file.
    options : dict
        ``file_name`` or ``constants``, which make the same columns for a run.
    """
    found = [dict(re.findall(r"(?:^|_)(sub|ses|run)-([A-Za-z0-9]+)", name)) for name in names]
    if all("sub" in each and each.keys() == found[0].keys() for each in found):
        pattern = names[0]
        made: dict[str, list[str]] = {}
        for short in found[0]:
            part = ENTITIES[short] if ENTITIES[short] not in taken else f"file_{ENTITIES[short]}"
            made[part] = [each[short] for each in found]
            pattern = pattern.replace(f"{short}-{found[0][short]}", f"{short}-{{{part}}}", 1)
        if all(pattern.format(**{k: v[i] for k, v in made.items()}) == name
               for i, name in enumerate(names)):  # fmt: skip
            return made, {"file_name": pattern}
    if len(names) == 1:
        stem = names[0].split(".")[0]
        return {"subject": [stem]}, {"constants": {"subject": stem}}
    if (dated := _dated(names, taken)) is not None:
        return dated
    start, end = _alike(names)
    start, end = re.sub(r"[A-Za-z0-9]+$", "", start), re.sub(r"^[A-Za-z0-9]+", "", end)
    made = {"subject": [name[len(start) : len(name) - len(end)] for name in names]}
    return made, {"file_name": f"{start}{{subject}}{end}"}


def _dated(names, taken) -> tuple[dict[str, list[str]], dict] | None:
    """Sessions, and subjects, where names differ in a date and in nothing but what is before it."""
    found = [DATED.fullmatch(name) for name in names]
    if "session" in taken or not all(found):
        return None
    before, session, end = zip(*(each.group(1, 2, 4) for each in found if each), strict=True)
    gaps = {re.sub(r".*[A-Za-z0-9]", "", each) for each in before}
    if len(gaps) > 1 or len(set(end)) > 1 or len(set(session)) < 2:
        return None
    gap = gaps.pop()
    who = [each.removesuffix(gap) for each in before]
    if len(set(who)) == 1:
        one = {"subject": who[0] or "subject"}
        options = {"file_name": f"{before[0]}{{session}}{end[0]}", "constants": one}
        return {"subject": [one["subject"]] * len(who), "session": list(session)}, options
    start = re.sub(r"[A-Za-z0-9]+$", "", _begin(who))
    who = [each[len(start) :] for each in who]
    if not gap or any(gap in each for each in who):
        return None
    pattern = f"{start}{{subject}}{gap}{{session}}{end[0]}"
    return {"subject": who, "session": list(session)}, {"file_name": pattern}


def path_of(paths: Sequence[Path], folder: Path) -> str | list[str]:
    """Write the path of one or several files for a run file.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The files.
    folder : pathlib.Path
        Folder of the run file.

    Returns
    -------
    str or list of str
        A path; with ``*`` where that names these files and no others; else one path per file.
    """
    relative = [os.path.relpath(path.absolute(), folder.absolute()) for path in paths]
    if len(relative) == 1:
        return relative[0]
    pattern = "*".join(_alike(relative))
    same = {Path(each).absolute() for each in paths}
    matched = {Path(each).absolute() for each in glob(str(folder.absolute() / pattern))}
    return pattern if len(relative) > MOST_LISTED and matched == same else relative


def _alike(names) -> tuple[str, str]:
    """What all names begin with, and what the rest of them ends with."""
    start = _begin(names)
    rest = [name[len(start) :][::-1] for name in names]
    return start, _begin(rest)[::-1]


def _begin(names) -> str:
    first, last = min(names), max(names)
    same = [a == b for a, b in zip(first, last, strict=False)]
    return first[: same.index(False) if False in same else len(same)]


def _refuse_different(frames, names) -> None:
    first = list(frames[0].columns)
    found = [
        f"{name} has other columns than {names[0]} "
        f"({', '.join(map(repr, sorted(set(first) ^ set(frame.columns))[:5]))}): inspect files of "
        "one kind together"
        for frame, name in zip(frames, names, strict=True)
        if set(frame.columns) != set(first)
    ]
    if found:
        raise problems(DataError, "inspect", found)
