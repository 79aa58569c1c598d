"""Say what is wrong with a run file or a setting, in one text per bad value."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import NoneType
from typing import Any, get_args

from pydantic import ValidationError

from neuroalrnn.config.table import Table

EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "too_short": "at least one entry",
}


def explain(error: ValidationError, kind: type[Table], values: Mapping) -> list[str]:
    """Describe every bad value in one text, which joins what the variants of a union expect.

    Parameters
    ----------
    error : pydantic.ValidationError
        What pydantic found.
    kind : type of Table
        The class that was built.
    values : mapping
        The values that it was built from.

    Returns
    -------
    list of str
        One text per bad value: where, found, expected.
    """
    expected: dict[tuple, list[str]] = {}
    for each in error.errors(include_url=False):
        path = _path(values, each["loc"])
        if path:
            expected.setdefault(path, []).append(_expected(each, kind, path))
    # a list with a bad entry is also "not a table" where a table is allowed: the entry says enough
    return [
        _place(path, kind) + _joined(list(dict.fromkeys(texts)), _value(values, path))
        for path, texts in expected.items()
        if not any(other[: len(path)] == path for other in expected if other != path)
    ]


def _path(values: Any, loc: Sequence) -> tuple:
    """Keys and indices of a location, without the names of variants that pydantic mixes in."""
    path: tuple = ()
    for part in loc:
        known = range(len(values)) if isinstance(values, list) else values
        if isinstance(values, Mapping | list) and part in known:
            path, values = (*path, part), values[part]
    return path


def _value(values: Any, path: Sequence) -> Any:
    for part in path:
        values = values[part]
    return values


def _place(path: Sequence, kind: type[Table]) -> str:
    """The location as it stands in the file: ``[table] key.key[index]``."""
    head, *rest = path if kind.holds_tables else ("", *path)
    inside = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)
    return " ".join(part for part in (f"[{head}]" if head else "", inside[1:]) if part)


def _expected(each: Mapping[str, Any], kind: type[Table], path: Sequence) -> str:
    if each["type"] == "extra_forbidden":
        table = kind if len(path) == 1 else _table(kind.model_fields[path[0]].annotation)
        near = get_close_matches(str(path[-1]), table.model_fields, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        what = "table" if table.holds_tables else "key"
        return f"unknown {what}; {hint}(there are: {', '.join(table.model_fields)})"
    if each["type"] == "string_type" and path[0] == "task" and path[1] != "name":
        return "the name of a trial variable, which holds the value of every trial"
    text = each["msg"].removeprefix("Input should be ")
    return EXPECTED.get(each["type"], f"a number {text}" if "than" in each["type"] else text)


def _table(annotation) -> type[Table]:
    """The table itself, where it may be absent too."""
    return next(each for each in (*get_args(annotation), annotation) if each is not NoneType)


def _joined(texts: Sequence[str], value: Any) -> str:
    if texts[0].startswith("unknown"):
        return f": {texts[0]}"
    return f" = {value!r}: expected {' or '.join(texts)}"
