"""Tables of JSON: a list of records, as jsPsych writes them, or one record per line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from neuroalrnn.data.names import one_form
from neuroalrnn.exceptions import DataError, problems

MOST_CELLS = 5 * 10**7
EXPECTED = "expected a list of records, as [{...}, {...}], or one record per line"


def is_json(path: Path, text: str) -> bool:
    """Whether a file is meant as JSON: by its name, or because it can be read as such."""
    if {".json", ".jsonl", ".ndjson"} & {each.lower() for each in path.suffixes}:
        return True
    if text.lstrip()[:1] not in ("[", "{") or text.lstrip()[:2] not in ("[{", "[]", '{"', "[["):
        return False
    try:
        _parsed(text)
    except (ValueError, RecursionError):
        return False
    return True


def read_json(path: Path, text: str) -> pd.DataFrame:
    """Read records as one row each; records need not have the same names.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    text : str
        Its text. Several lists, such as one per participant, become one table with the number of
        the list as column ``part``.

    Returns
    -------
    cells : pandas.DataFrame
        Texts: numbers as they stand, ``true`` and ``false``, lists and records as JSON, "" where a
        record has no such name or null.
    """
    try:
        parts = _parts(_parsed(text))
    except json.JSONDecodeError as error:
        found = [f"no JSON: {error.msg} on line {error.lineno}, column {error.colno}"]
        raise problems(DataError, str(path), found) from error
    except (ValueError, RecursionError) as error:
        raise problems(DataError, str(path), [f"cannot be read: {EXPECTED}"]) from error
    records = [record for part in parts for record in part]
    names = dict.fromkeys(one_form(name) for record in records for name in record)
    if not names or len(names) * len(records) > MOST_CELLS:
        found = [f"{len(records)} records with {len(names)} names: {EXPECTED}, of one kind"]
        raise problems(DataError, str(path), found)
    rows = [{one_form(name): cell_text(cell) for name, cell in each.items()} for each in records]
    table = {name: [row.get(name, "") for row in rows] for name in names}
    if len(parts) > 1 and "part" not in names:
        table["part"] = [str(k) for k, part in enumerate(parts) for _ in part]
    return pd.DataFrame(table, dtype=object)


def cell_text(cell: Any) -> str:
    """Write a value as the text that a file of text would hold."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False)
    return one_form(cell)


def _parsed(text: str) -> list:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if error.msg != "Extra data" or len(lines) < 2:
            raise
        value = []
        for number, line in enumerate(lines, start=1):
            try:
                value.append(json.loads(line))
            except json.JSONDecodeError as inner:
                text = f"{inner.msg} (one record per line; record {number})"
                raise json.JSONDecodeError(text, inner.doc, inner.pos) from inner
    if isinstance(value, Mapping):
        lists = [each for each in value.values() if isinstance(each, list)]
        if len(lists) == len(value) and len({len(each) for each in lists}) == 1:
            # a list per column
            return [dict(zip(value, row, strict=True)) for row in zip(*lists, strict=True)]
        return [value]
    return value


def _parts(value: Any) -> list[list[Mapping]]:
    """Lists of records; a list of records is one of them."""
    if not isinstance(value, list) or not value:
        raise ValueError
    parts = value if all(isinstance(each, list) for each in value) else [value]
    if not all(isinstance(each, Mapping) for part in parts for each in part):
        raise ValueError
    return parts
