"""Names of people, trials and variables: how they are compared, and how messages list them."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import pandas as pd

N_SHOWN = 5
# how messages call a row of the table that is read: by its place in the file, before rows were left
# out
_row_name: ContextVar[Callable[[int], str]] = ContextVar("_row_name", default=str)


def texts(values: np.ndarray) -> np.ndarray:
    """Turn values into texts of one Unicode form; None, NaN and blank become the empty text."""
    whole = isinstance(values, np.ndarray) and values.dtype.kind in "iu"
    values = values if whole else np.asarray(values, dtype=object)
    if whole or pd.api.types.infer_dtype(values, skipna=False) == "string":
        place, used = pd.factorize(values)
        return _texts(used)[place]
    return _texts(values)


def _texts(values):
    # many times as fast as methods of pandas for the few labels that there are
    pairs = zip(values, pd.isna(values), strict=True)
    return np.array(["" if is_missing else _text(each) for each, is_missing in pairs], dtype=object)


def _text(value):
    return one_form(value.decode() if isinstance(value, bytes) else value)


def one_form(text: Any) -> str:
    """Write a text so that it can be compared: with composed letters (NFC), no blanks around."""
    return unicodedata.normalize("NFC", str(text)).strip()


@contextmanager
def rows_called(name: Callable[[int], str]) -> Iterator[None]:
    """Let messages call rows of a table otherwise, such as by their place in a file."""
    token = _row_name.set(name)
    try:
        yield
    finally:
        _row_name.reset(token)


@contextmanager
def rows_among(rows: np.ndarray) -> Iterator[None]:
    """Let messages call the rows of a part of a table as they call those of the whole."""
    name = _row_name.get()
    with rows_called(lambda place: name(int(rows[place]))):
        yield


def row(place: int) -> str:
    """Name a row of the table that is read: ``"row 3"``."""
    return f"row {_row_name.get()(int(place))}"


def first_few(names: Sequence[str], most: int = N_SHOWN) -> str:
    """Write the first of some names, and how many more there are: ``"a, b and 3 more"``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def where(mask: np.ndarray, word: str = "trial") -> str:
    """Name the first places where a mask holds: ``"trials 3, 7, 9 and 12 more"``."""
    index = np.flatnonzero(mask)
    name = _row_name.get() if word == "row" else str
    shown = ", ".join(name(each) for each in index[:N_SHOWN].tolist())
    more = f" and {len(index) - N_SHOWN} more" if len(index) > N_SHOWN else ""
    return f"{word}{'s' if len(index) > 1 else ''} {shown}{more}"
