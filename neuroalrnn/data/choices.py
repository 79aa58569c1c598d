"""Choice codes: turn the values of a table into 0..n-1, and say where that is not clear."""

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from neuroalrnn.data.columns import declare, key, keys, numbers, shown
from neuroalrnn.data.names import N_SHOWN, one_form, row, where

MOST_OPTIONS = 100
# programs write these for a missing value; an option of such a name needs another one
NOTHING = {"", "n/a", "na", "nan", "none", "null", "nil", "#n/a", "#na", "<na>", "#null!", ".", "-",
           "--", "?", "missing", "no response", "no_response", "noresponse", "nr", "timeout",
           "time out", "omission", "omit", "miss", "missed", "skipped"}  # fmt: skip
NINES = re.compile(r"-?9+(\.0*)?")
# a value with a smaller share of the trials is more often a mistake than an option
RARE = 0.05


def _looks_missing(value) -> bool:
    """Whether programs write such a value for a missing one: n/a, 99, -999."""
    text = key(value)
    return text.casefold() in NOTHING or (len(text) > 1 and bool(NINES.fullmatch(text)))


def choice_codes(column: pd.Series, labels: Any) -> tuple[np.ndarray, list[str], list[str]]:
    """Turn the cells of a choice column into codes.

    Parameters
    ----------
    column : pandas.Series
        Cells, one per trial.
    labels : sequence, dict or None
        Values in the order that codes them, see `neuroalrnn.from_frame`.

    Returns
    -------
    codes : ndarray of float, shape (trial,)
        Codes of the choices, NaN where missing.
    names : list of str
        Names of the options in code order.
    found : list of str
        Texts that say what is wrong.
    """
    if labels is None:
        return _coded(column)
    if hasattr(labels, "tolist"):
        labels = labels.tolist()
    if isinstance(labels, str) or not isinstance(labels, Mapping | Sequence):
        text = (
            f"labels is a {type(labels).__name__}: expected a list of the values in the order that "
            "codes them, or a dict of value -> label"
        )
        return np.zeros(len(column)), ["0", "1"], [text]
    odd = [each for each in labels if not isinstance(each, Hashable)]
    if odd:
        text = f"labels hold {odd[0]!r}: expected values of the choice column"
        return np.zeros(len(column)), ["0", "1"], [text]
    names, code, found = _options(labels)
    missing = column.isna().to_numpy(dtype=bool)
    place, used = pd.factorize(keys(column))
    coded = np.array([code.get(each, np.nan) for each in used], dtype=float)[place]
    coded[missing] = np.nan
    wrong = np.isnan(coded) & ~missing
    if wrong.any():
        found.append(_unknown_labels(column, wrong, list(code), (~wrong & ~missing).any()))
    # an unknown label is named once, and must not be reported as missing too
    coded[wrong] = 0.0
    return coded, names, found


def _options(labels) -> tuple[list[str], dict[str, float], list[str]]:
    """Names of the options, the code of every value, and what is wrong with them."""
    groups: dict = {each: [each] for each in labels}
    found = list[str]()
    if not isinstance(labels, Mapping):
        found, names = _nothing(labels), labels
    elif any(isinstance(each, list | tuple) for each in labels.values()):
        # several values are one option
        names = list(labels)
        groups = {n: v if isinstance(v, list | tuple) else [v] for n, v in labels.items()}
    else:
        names = dict.fromkeys(map(one_form, labels.values()))
        groups = {n: [v for v, label in labels.items() if one_form(label) == n] for n in names}
    values = [value for group in groups.values() for value in group]
    code = {key(value): float(k) for k, group in enumerate(groups.values()) for value in group}
    if len(code) < max(len(labels), len(values)):
        found.append(f"labels {values!r} hold one value twice: 1, 1.0 and '1' are one")
    return [one_form(name) for name in names], code, found


def _nothing(labels) -> list[str]:
    return [
        f"labels hold {each!r}, which stands for a missing choice: take it out and pass "
        f"{declare('choice', [each])}; an option that is called so is given with another name, as "
        "{value: label}"
        for each in labels
        if key(each).casefold() in NOTHING
    ]


def _unknown_labels(column, wrong, known, some_fit) -> str:
    values = list(dict.fromkeys(column.to_numpy(dtype=object)[wrong]))
    seen = ", ".join(map(repr, values[:N_SHOWN]))
    remedy = ""
    if some_fit:
        remedy = f"where one stands for a missing choice, pass {declare('choice', values)}; "
    return (
        f"choice has unknown labels {seen} on {where(wrong, 'row')}: {remedy}labels are "
        f"{', '.join(map(repr, known))} (values in the order that codes them, or {{value: label}})"
    )


def _coded(column: pd.Series) -> tuple[np.ndarray, list[str], list[str]]:
    count = pd.Series(keys(column.dropna()), dtype=object).value_counts(sort=False)
    number = pd.to_numeric(pd.Series(count.index, dtype=object), errors="coerce").to_numpy(float)
    names = dict(zip(count.index, number, strict=True))
    nothing = ["0", "1"]
    if any(np.isnan(each) for each in names.values()):
        if column.dtype.kind in "Mm":
            return np.zeros(len(column)), nothing, numbers(column, "choice")[1]
        return np.zeros(len(column)), nothing, [_text(column, count, names)]
    values = numbers(column, "choice")[0]
    seen = np.unique(values[np.isfinite(values)])
    whole = len(seen) and (seen == np.round(seen)).all()
    if whole and (seen != np.arange(len(seen))).any():
        return np.zeros(len(values)), nothing, [_not_coded(column, values, seen)]
    return values, [str(code) for code in range(max(min(len(seen), MOST_OPTIONS), 2))], []


def _text(column, count, names) -> str:
    """Text for a choice column that holds text: what may be missing, what may be the options."""
    numeric = {each for each, value in names.items() if np.isfinite(value)}
    n_numeric = int(count[list(numeric)].sum()) if numeric else 0
    odd = numeric if 2 * n_numeric < count.sum() else set(count.index) - numeric
    odd = odd if numeric else set()
    odd |= {each for each in count.index if _looks_missing(each)}
    if len(count) - len(odd) > 2:
        odd |= set(count.index[count < RARE * count.sum()])
    options = [each for each in count.index if each not in odd]
    written = keys(column)
    present = column.notna().to_numpy(dtype=bool)
    coded = sorted(float(names[each]) for each in options) == [*range(len(options))]
    pass_labels = "" if coded else f"labels={_listed(column, written, options)}, its values in the "
    pass_labels += "" if coded else "order that codes them 0, 1, ..."
    if not odd:
        first = np.flatnonzero(present)[0]
        place = f"{_unquoted(column.iloc[first])!r} on {row(first)}"
        return f"choice is text: pass {pass_labels} (first {place})"
    mask = np.isin(written, list(odd)) & present
    codes = [_unquoted(column.iloc[np.flatnonzero(written == each)[0]]) for each in count.index
             if each in odd]  # fmt: skip
    then = f"; then pass {pass_labels}" if options and not coded else ""
    return (
        f"choice is text: {shown(column, mask)}: where this stands for a missing choice, pass "
        f"{declare('choice', codes)}{then}"
    )


def _listed(column, written, options) -> str:
    cells = [column.iloc[np.flatnonzero(written == each)[0]] for each in options[:MOST_OPTIONS]]
    if len(cells) < 2 or len(options) > 2 * N_SHOWN:
        return "[...] with every option"
    return f"[{', '.join(repr(_unquoted(cell)) for cell in cells)}]"


def _unquoted(value):
    """Whole numbers as such, however a file held them."""
    text = key(value)
    plain = value.item() if isinstance(value, np.generic) else value
    return int(text) if re.fullmatch(r"-?\d+", text) else plain


def _not_coded(column, values, seen) -> str:
    """Text for whole numbers that are no codes: options without one, or with a missing code."""
    listed = ", ".join(f"{value:g}" for value in seen[:N_SHOWN])
    listed += ", ..." if len(seen) > N_SHOWN else ""
    absent = np.setdiff1d(np.arange(len(seen)), seen)[0]
    what = f"never has code {absent}" if seen[0] >= 0 else f"has codes outside 0..{len(seen) - 1}"
    odd = _odd_codes(values, seen)
    options = [int(value) for value in seen if value not in odd]
    every = "labels=[...] with every option"
    if 1 < len(options) <= 2 * N_SHOWN:
        every = f"labels={options}"
    every += " to code them, among them those that nobody chose"
    if not odd:
        return (
            f"choice {what} (values {listed}): pass {every}; a missing choice is an empty "
            "cell, or a code that missing={'choice': [...]} declares"
        )
    mask = np.isin(values, odd)
    then = "" if options == [*range(len(options))] and len(options) > 1 else f"; then pass {every}"
    return (
        f"choice {what} (values {listed}): {shown(column, mask)}: where this stands for a missing "
        f"choice, pass {declare('choice', odd)}{then}"
    )


def _odd_codes(values, seen) -> list[float]:
    """Codes that more likely stand for a missing choice: negative, nines far off, rare ones."""
    n_trials = np.isfinite(values).sum()
    # -1 and 1, -2 to 2 without 0: two sides
    two_sided = seen[0] < 0 and 0 not in seen and set(seen) == set(-seen)
    odd = []
    for value in seen:
        rare = (values == value).sum() < RARE * n_trials and not 0 <= value - 1 < len(seen)
        nines = NINES.fullmatch(f"{value:g}") and value - 1 not in seen and len(seen) > 1
        if (value < 0 and not two_sided) or nines or (rare and len(seen) > 2):
            odd.append(value)
    return odd
