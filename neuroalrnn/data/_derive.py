"""Make columns from others by transforms of a fixed set; nothing is evaluated."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from neuroalrnn.arguments import not_whole, unknown
from neuroalrnn.data._stamps import UNITS, apart, in_seconds
from neuroalrnn.data.columns import entry, inferred, key, numbers
from neuroalrnn.data.names import first_few, where

TRANSFORMS = ("equals", "map", "minus", "lag", "one_hot", "element", "unit")


def check_recipes(derive: Mapping[str, Mapping[str, Any]] | None) -> list[str]:
    """Describe what is no recipe ``{"from": column, TRANSFORM: value}``."""
    found = []
    for name, recipe in (derive or {}).items():
        if not isinstance(recipe, Mapping) or not isinstance(recipe.get("from"), str):
            found.append(f"derive {name!r}: expected {{from = 'COLUMN', {TRANSFORMS[0]} = ...}}")
            continue
        asked = [each for each in recipe if each != "from"]
        found += [
            f"derive {name!r}: {unknown(str(each), TRANSFORMS)}"
            for each in asked
            if each not in TRANSFORMS
        ]
        if len(asked) != 1 and {*asked} != {"minus", "unit"}:
            found.append(
                f"derive {name!r}: expected one of {', '.join(TRANSFORMS)} beside from, or minus "
                "and the unit of both columns"
            )
        for each in [] if found else asked:
            found += _wrong_value(name, each, recipe[each])
    return found


def _wrong_value(name, transform, value) -> list[str]:
    if transform == "lag":
        return [f"derive {name!r}: {text}" for text in not_whole("lag", value, least=1)]
    fits, expected = {
        "equals": (isinstance(value, str | int | float | list), "a value or a list of values"),
        "map": (isinstance(value, Mapping) and len(value) > 0, "a table of value = new value"),
        "minus": (isinstance(value, str), "the name of a column"),
        "one_hot": (value is True or (isinstance(value, list) and value), "true, or all texts"),
        "element": (value in ("first", "last"), "'first' or 'last'"),
        "unit": (isinstance(value, str) and value in UNITS, f"one of {', '.join(UNITS)}"),
    }[transform]
    return [] if fits else [f"derive {name!r}: {transform} = {value!r}: expected {expected}"]


def used_columns(recipe: Mapping[str, Any]) -> list[str]:
    """Columns that a recipe reads."""
    return [recipe["from"], *([recipe["minus"]] if "minus" in recipe else [])]


def derived(
    name: str,
    recipe: Mapping[str, Any],
    cells_of: Callable[[str], pd.Series],
    session: Callable[[], np.ndarray],
) -> tuple[dict[str, pd.Series], list[str]]:
    """Make the columns of one recipe.

    Parameters
    ----------
    name : str
        Name of the new column; one-hot columns are called ``"NAME_TEXT"``.
    recipe : dict
        ``{"from": column, TRANSFORM: value}``.
    cells_of : callable
        Gives the cells of a column, without codes for missing.
    session : callable
        Gives the number of the session of each row.

    Returns
    -------
    columns : dict of str to pandas.Series
        New columns, one cell per row.
    found : list of str
        Texts that say what is wrong.
    """
    cells = cells_of(recipe["from"])
    transform = "minus" if "minus" in recipe else next(k for k in recipe if k != "from")
    value = recipe[transform]
    if transform == "one_hot":
        return _one_hot(name, cells, value)
    if transform == "map":
        column, found = _mapped(name, cells, value)
    elif transform == "equals":
        column, found = _is_among(cells, value if isinstance(value, list) else [value]), []
    elif transform == "lag":
        column, found = cells.groupby(session()).shift(value), []
    elif transform == "element":
        column, found = inferred(_over_values(cells, lambda each: entry(each, value))), []
    else:
        unit = recipe.get("unit")
        amount, found = _amounts(cells, recipe["from"], unit)
        if transform == "minus":
            other, more = _amounts(cells_of(value), value, unit)
            amount, found = (
                amount - other if unit is None else apart(amount, other, unit),
                found + more,
            )
        column = pd.Series(amount)
    return {name: column}, [f"derive {name!r}: {text}" for text in found]


def _amounts(cells, name, unit) -> tuple[np.ndarray, list[str]]:
    return numbers(cells, name) if unit is None else in_seconds(cells, name, unit)


def _over_values(cells, of: Callable) -> pd.Series:
    """Apply a function to every different cell; what is missing stays so."""
    place, used = pd.factorize(cells.to_numpy(dtype=object))
    values = np.array([*map(of, used), np.nan], dtype=object)
    return pd.Series(values[place], dtype=object)


def _is_among(cells, values) -> pd.Series:
    named = {key(each) for each in values}
    return _over_values(cells, lambda each: float(key(each) in named)).astype(float)


def _mapped(name, cells, table) -> tuple[pd.Series, list[str]]:
    new = {key(each): value for each, value in table.items()}
    column = _over_values(cells, lambda each: new.get(key(each), cells))
    unmapped = column.map(lambda each: each is cells).to_numpy(dtype=bool)
    if not unmapped.any():
        return column.infer_objects(), []
    return pd.Series(np.nan, index=column.index), [_others("map", cells, unmapped)]


def _others(transform, cells, mask) -> str:
    count = cells[mask].astype(str).value_counts()
    listed = first_few([f"{each!r} ({n} rows)" for each, n in count.items()])
    return (
        f"{transform} leaves out {listed}, first on {where(mask, 'row')}: add them, or "
        "declare them as missing"
    )


def _one_hot(name, cells, texts) -> tuple[dict[str, pd.Series], list[str]]:
    seen = [key(each) for each in pd.unique(cells.dropna().to_numpy(dtype=object))]
    names = sorted(seen) if texts is True else [key(each) for each in texts]
    other = (cells.notna() & ~_over_values(cells, key).isin(names)).to_numpy(dtype=bool)
    found = [f"derive {name!r}: {_others('one_hot', cells, other)}"] if other.any() else []
    return {f"{name}_{each}": _is_among(cells, [each]) for each in names}, found
