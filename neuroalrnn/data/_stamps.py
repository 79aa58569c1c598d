"""Times that are written as dates or as on a clock, in seconds."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from neuroalrnn.data.columns import numbers, shown

DAY = 86400.0
# factors of numbers, and what is no number
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0, "h": 3600.0, "day": DAY}
CLOCK, DATE = "clock", "date"
UNITS = (*SECONDS, CLOCK, DATE)
ON_CLOCK = re.compile(
    r"(?P<sign>[+-]?)((?P<days>\d+) days?,? )?(?P<hour>\d{1,3}):(?P<minute>[0-5]\d)"
    r"(:(?P<second>[0-5]\d([.,]\d+)?))?( ?(?P<half>[apAP])[mM])?"
)
ISO_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(?P<zone> ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?"
)
START = datetime(1970, 1, 1, tzinfo=UTC)
EXPECTED = {
    CLOCK: "hh:mm:ss, hh:mm:ss.fff, or hh:mm with am or pm (hh:mm may be minutes, too)",
    DATE: "YYYY-MM-DD hh:mm:ss, with fractions and time zone where they are known, all alike",
}


def in_seconds(column: pd.Series, name: str, unit: str) -> tuple[np.ndarray, list[str]]:
    """Turn the cells of a column into seconds.

    Parameters
    ----------
    column : pandas.Series
        Cells, one per trial.
    name : str
        Role of the column, for messages.
    unit : str
        One of `UNITS`. A time on a clock counts from midnight, or is a duration that is written so;
        a date counts from 1970, in UTC where it tells its time zone.

    Returns
    -------
    values : ndarray of float, shape (trial,)
        Seconds, NaN where missing.
    found : list of str
        Texts on cells that are no such times.
    """
    if unit in SECONDS:
        values, found = numbers(column, name)
        return values * SECONDS[unit], found
    if unit == CLOCK and pd.api.types.is_timedelta64_dtype(column):
        return column.dt.total_seconds().to_numpy(dtype=float, na_value=np.nan), []
    values, wrong = _of_texts(column, _from_midnight if unit == CLOCK else _from_1970)
    if unit == DATE and not wrong.any():
        wrong = _other_zone(column)
    if not wrong.any():
        return values, []
    return values, [f"{name!r} holds no {unit}, {shown(column, wrong)}: expected {EXPECTED[unit]}"]


def apart(later: np.ndarray, earlier: np.ndarray, unit: str | None) -> np.ndarray:
    """Seconds between two times; on a clock, midnight may lie between them.

    Parameters
    ----------
    later, earlier : ndarray of float, shape (trial,)
        Seconds.
    unit : str or None
        That of both.

    Returns
    -------
    seconds : ndarray of float, shape (trial,)
        Differences. On a clock, more than half a day back is past midnight.
    """
    # a start and an event at one time must not end up a rounding error before it
    seconds = np.round(later - earlier, 9) + 0.0
    return np.where(seconds < -DAY / 2, seconds + DAY, seconds) if unit == CLOCK else seconds


def _of_texts(column, read: Callable[[str], float | None]) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of every cell, and which are no times."""
    place, used = pd.factorize(column.to_numpy(dtype=object))
    known = [read(str(each).strip()) for each in used]
    values = np.array([np.nan if each is None else each for each in known] + [np.nan])
    wrong = np.array([each is None for each in known] + [False])
    return values[place], wrong[place]


def _from_midnight(text: str) -> float | None:
    if text.startswith("P"):
        try:
            return pd.Timedelta(text).total_seconds()
        except ValueError:
            return None
    match = ON_CLOCK.fullmatch(text)
    if not match or not (match["second"] or match["half"]):
        return None
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (match["half"].lower() == "p")
    second = float((match["second"] or "0").replace(",", "."))
    total = int(match["days"] or 0) * DAY + hour * 3600 + int(match["minute"]) * 60 + second
    return -total if match["sign"] == "-" else total


def _from_1970(text: str) -> float | None:
    match = ISO_DATE.fullmatch(text)
    if not match:
        return None
    zone = (match["zone"] or "").strip().replace("UTC", "Z") or "Z"
    try:
        plain = text[: match.start("zone")] if match["zone"] else text
        return (datetime.fromisoformat(plain.replace(",", ".") + zone) - START).total_seconds()
    except ValueError:
        return None


def _other_zone(column) -> np.ndarray:
    """Where a date tells a time zone and others do not, or the other way round."""
    matches = [ISO_DATE.fullmatch(str(each).strip()) for each in column]
    zone = np.array([bool(match and match["zone"]) for match in matches])
    present = column.notna().to_numpy(dtype=bool)
    fewer = zone[present].mean() < 0.5 if present.any() else True
    return present & (zone == fewer) & (len(set(zone[present].tolist())) > 1)
