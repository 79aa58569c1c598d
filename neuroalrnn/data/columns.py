"""Turn the cells of a column into values: labels, numbers, and what is missing."""

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from neuroalrnn.data.names import N_SHOWN, one_form, row, texts, where

TRUTH = ("true", "false")
# cells of files that are missing, whatever the column
MISSING = ("", "NA", "NaN", "nan")
NO_ENTRY = ("", "null", "None", "nan", "NaN")
# numbers with a decimal comma, and with a point
WITH_MARK = {",": r"[+-]?\d*,\d+", ".": r"[+-]?\d*[.]\d+"}
NUMBER = re.compile(r"[+-]?(\d+([.]\d*)?|[.]\d+)(e[+-]?\d+)?", re.IGNORECASE)
DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(\D.*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(\D.*)?")
CLOCK = re.compile(r"([+-]?\d+ days? )?[+-]?\d{1,3}:\d{2}(:\d{2}([.,]\d+)?)?( ?[ap]m)?|"
                   r"P(?=\d|T)(\d+[YMWD])*(T(\d+([.]\d+)?[HMS])+)?")  # fmt: skip
WITH_UNIT = re.compile(r"[+-]?\d+([.]\d+)?(e[+-]?\d+)? ?(s|sec|ms|msec|us|min)")


def key(value: Any) -> str:
    """Write a label or code in one form: 1, 1.0 and "1" are equal, and so are True and "TRUE"."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    text = one_form(value)
    return text.lower() if text.lower() in TRUTH else text


def without_lists(column: pd.Series) -> pd.Series:
    """Write cells that hold several values as text, as files of text hold them: ``[1.0, 2.0]``."""
    if column.dtype != object or infer_dtype(column, skipna=True) == "string":
        return column
    many = column.map(lambda cell: isinstance(cell, list | tuple | dict | np.ndarray))
    return column.mask(many, column[many].map(_listed)) if many.any() else column


def _listed(cell) -> str:
    plain = cell.tolist() if isinstance(cell, np.ndarray) else cell
    return json.dumps(plain, ensure_ascii=False, default=str)


def keys(column: pd.Series) -> np.ndarray:
    """Write every cell as `key` does, shape (row,); what is missing is written as "nan"."""
    values = column.to_numpy(dtype=object)
    if column.dtype.kind not in "iufb" and infer_dtype(values, skipna=True) != "string":
        # what differs in kind only, as 1 and True, is one value to pandas
        return np.array([key(cell) for cell in values], dtype=object)
    place, used = pd.factorize(column.to_numpy())
    return np.array([*(key(cell) for cell in used), "nan"], dtype=object)[place]


def without_codes(column: pd.Series, codes: Sequence) -> tuple[pd.Series, dict[str, int]]:
    """Empty the cells that hold a missing code.

    Parameters
    ----------
    column : pandas.Series
        Cells, one per trial.
    codes : sequence
        Codes that stand for a missing value.

    Returns
    -------
    column : pandas.Series
        The column without these codes.
    count : dict of str to int
        Number of cells that held each code.
    """
    codes = list(dict.fromkeys(_plain(code) for code in codes))
    cells = column.to_numpy(dtype=object, copy=True)
    if column.dtype.kind in "iuf":
        sought = [float(code) for code in codes if NUMBER.fullmatch(code)]
        cells[~np.isin(column.to_numpy(dtype=float, na_value=np.nan), sought)] = None
    keys = np.array(["" if each is None else _plain(each) for each in cells], dtype=object)
    hit = np.isin(keys, codes) & column.notna().to_numpy(dtype=bool)
    count = {code: int((keys[hit] == code).sum()) for code in codes}
    return (inferred(column.astype(object).mask(hit, np.nan)) if hit.any() else column), count


def _plain(value) -> str:
    """Write a code as text; the numbers 1, "1" and "1.0" are equal."""
    text = key(value)
    return f"{float(text):g}" if NUMBER.fullmatch(text) else text


def inferred(column: pd.Series) -> pd.Series:
    """Turn a column into numbers or truth values where all its texts are such."""
    present = column.dropna()
    if not present.map(lambda cell: isinstance(cell, str)).all():
        return column.infer_objects()
    if len(present) and present.str.lower().isin(TRUTH).all():
        return column.where(column.isna(), column.str.lower() == "true").infer_objects()
    try:
        return pd.to_numeric(column)
    except ValueError:
        return column


def labels(column: pd.Series) -> np.ndarray:
    """Write labels as text; whole numbers that missing values turned into floats lose ``.0``."""
    if pd.api.types.is_float_dtype(column):
        present = column.dropna()
        # larger ones, and infinite ones, are no integers of 64 bits
        if ((present == present.round()) & (present.abs() < 2**53)).all():
            column = column.astype("Int64")
    return texts(column.to_numpy(dtype=object, na_value=np.nan))


def blocks(column: pd.Series) -> np.ndarray:
    """Read blocks as whole numbers where the column holds such, else as labels."""
    if pd.api.types.is_integer_dtype(column) and not column.isna().any():
        return column.to_numpy(dtype=int, copy=True)
    return labels(column).astype(str)


def numbers(column: pd.Series, name: str) -> tuple[np.ndarray, list[str]]:
    """Read the numbers of a column.

    Parameters
    ----------
    column : pandas.Series
        Cells, one per trial.
    name : str
        Role of the column, for messages.

    Returns
    -------
    values : ndarray of float, shape (trial,)
        Numbers, NaN where missing.
    found : list of str
        Texts on what is no number: values, rows and remedy.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    reason = _no_number(column, name)
    if reason:
        return np.full(len(column), np.nan), [reason]
    cells = column if column.dtype.kind in "fiub" else column.map(_cell, na_action="ignore")
    values = pd.to_numeric(cells, errors="coerce")
    text = (values.isna() & column.notna()).to_numpy(dtype=bool)
    if text.any():
        # truth values are no numbers only because of what stands among them
        is_truth = column.map(lambda each: str(each).strip().lower() in TRUTH).to_numpy(dtype=bool)
        text = text & ~is_truth if (text & ~is_truth).any() else text
    found = [_text_among_numbers(column, name, text)] if text.any() else []
    return values.to_numpy(dtype=float, na_value=np.nan, copy=True), found


def truths(column: pd.Series, name: str) -> tuple[np.ndarray, list[str]]:
    """Read the truth values of a column, as `numbers` reads numbers."""
    values, found = numbers(column, name)
    wrong = ~np.isin(values, (0, 1))
    if wrong.any() and not found:
        found = [f"{name!r} is neither true nor false on {where(wrong, 'row')}"]
    return values == 1, found


def _cell(value):
    return value if isinstance(value, int | float | str | np.bool_ | np.integer) else str(value)


def shown(column: pd.Series, mask: np.ndarray) -> str:
    """List the values where a mask holds, with their rows: ``"'n/a', on row 3; '?', on row 9"``."""
    cells = column.to_numpy(dtype=object)
    written = keys(column)
    values = list(dict.fromkeys(written[mask]))
    parts = [
        f"{cells[np.flatnonzero(written == each)[0]]!r}, on "
        f"{where(mask & (written == each), 'row')}"
        for each in values[:N_SHOWN]
    ]
    more = f"; and {len(values) - N_SHOWN} more values" if len(values) > N_SHOWN else ""
    return "; ".join(parts) + more


def declare(name: str, codes: Sequence) -> str:
    """Write how to declare missing codes: ``missing={'rt': [999, 'n/a']}``."""
    plain = [each.item() if isinstance(each, np.generic) else each for each in codes]
    plain = [int(each) if isinstance(each, float) and each.is_integer() else each for each in plain]
    more = ", ..." if len(plain) > N_SHOWN else ""
    return f"missing={{{name!r}: [{', '.join(map(repr, plain[:N_SHOWN]))}{more}]}}"


def _no_number(column, name) -> str:
    """Text for a column of dates or durations, "" for any other."""
    present = column.dropna()
    numeric = column.dtype.kind in "fiub"
    cells = [] if numeric else [str(cell).strip() for cell in present.iloc[:N_SHOWN]]
    if not cells:
        return ""
    first, at = cells[0], np.flatnonzero(column.notna())[0]
    place = f"{first!r} on {row(at)}"
    if pd.api.types.is_timedelta64_dtype(column) or all(map(CLOCK.fullmatch, cells)):
        return (
            f"{name!r} holds durations or times of day, {place}: expected numbers; to read them as "
            f"seconds, say units={{{name!r}: 'clock'}}"
        )
    if pd.api.types.is_datetime64_any_dtype(column) or all(map(DATE.fullmatch, cells)):
        return (
            f"{name!r} holds dates, {place}: expected numbers; seconds from another date are a "
            "column that is made, derive={'seconds': {'from': COLUMN, 'minus': START, "
            "'unit': 'date'}}"
        )
    matches = [WITH_UNIT.fullmatch(cell) for cell in cells]
    if matches[0] and all(matches):
        unit = matches[0][3]
        return (
            f"{name!r} writes a unit into its cells, {place}: expected plain numbers; remove it, "
            f"and say units={{{name!r}: {unit!r}}}"
        )
    return ""


def _text_among_numbers(column, name, text) -> str:
    kind = "true, false, 1 or 0" if name == "scored" else "numbers"
    found = f"{name!r} has text where {kind} are expected, {shown(column, text)}"
    if column[text].map(lambda cell: str(cell).startswith("[")).all():
        return (
            f"{name!r} holds lists where {kind} are expected, {shown(column, text)}: say which "
            f"entry counts, derive={{'one': {{'from': COLUMN, 'element': 'first'}}}}"
        )
    if column[text].map(lambda cell: str(cell).strip().lower() in TRUTH).all():
        return f"{found}: say what it means, derive={{'new': {{'from': COLUMN, 'map': {{...}}}}}}"
    if name != "scored" and text.sum() > 0.5 * column.notna().sum() and text.sum() > 2:
        return f"{found}: code it as numbers, or leave the column out"
    codes = list(dict.fromkeys(column.to_numpy(dtype=object)[text]))
    return f"{found}: if this stands for a missing value, pass {declare(name, codes)}"


def entry(cell, which: str) -> Any:
    """First or last entry of a cell such as ``"[0.5, 'left']"``; a cell without list is its own."""
    if not isinstance(cell, str) or not cell.startswith(("[", "(")):
        return cell
    inside = cell.strip("[]() ,")
    quote = inside[:1] if which == "first" else inside[-1:]
    is_quoted = quote != "" and quote in "\"'"
    if which == "first":
        text = inside[1:].split(quote)[0] if is_quoted else inside.split(",")[0]
    else:
        text = inside[:-1].split(quote)[-1] if is_quoted else inside.split(",")[-1]
    return text.strip() if is_quoted or text.strip() not in NO_ENTRY else np.nan
