"""Names of people, trials and variables: how they are compared, and how messages list them."""

import unicodedata
from typing import Any

import numpy as np
import pandas as pd

N_SHOWN = 5


def texts(values: np.ndarray) -> np.ndarray:
    """Turn values into texts of one Unicode form; None, NaN and blank become the empty text."""
    values = np.asarray(values, dtype=object)
    if pd.api.types.infer_dtype(values, skipna=False) == "string":
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


def where(mask: np.ndarray, word: str = "trial") -> str:
    """Name the first places where a mask holds: ``"trials 3, 7, 9 and 12 more"``."""
    index = np.flatnonzero(mask)
    shown = ", ".join(map(str, index[:N_SHOWN]))
    more = f" and {len(index) - N_SHOWN} more" if len(index) > N_SHOWN else ""
    return f"{word}{'s' if len(index) > 1 else ''} {shown}{more}"
