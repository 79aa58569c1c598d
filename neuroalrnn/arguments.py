"""Checks of arguments. Each returns texts: which argument, what was given, what was expected.

An entry point joins the texts of all its arguments into one error before it computes anything:
`checked` does so, or `refuse` where the checks need each other.
"""

import difflib
import operator
import os
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, wraps
from inspect import signature
from numbers import Number, Real
from types import UnionType
from typing import Any, ParamSpec, TypeVar

from neuroalrnn.exceptions import ConfigError, NeuroALRNNError, problems

P = ParamSpec("P")
R = TypeVar("R")
Check = Callable[[str, Any], list[str]]
Kinds = type | tuple[Any, ...] | UnionType

# what scikit-learn and the legacy streams of numpy take
MOST_SEED = 2**32 - 1


def shown(value: Any) -> str:
    """Write a value so that it fits on one line.

    Parameters
    ----------
    value : anything
        What was given.

    Returns
    -------
    str
        The value; the name of a class, or type and shape of an array.
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if value is None or isinstance(value, str | bytes | Number | list | tuple | dict | set):
        return reprlib.repr(value)
    shape = f" of shape {value.shape}" if hasattr(value, "shape") else ""
    return f"{type(value).__name__}{shape}"


def not_whole(name: str, value: Any, *, least: int = 0, most: int | None = None) -> list[str]:
    """Describe what is no whole number in a range; integers of numpy are fine.

    Parameters
    ----------
    name : str
        Name of the argument, for the text.
    value : anything
        What was given.
    least, most : int
        The smallest and the largest number that are allowed; no upper limit if `most` is None.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    wanted = f"from {least}" + (f" to {most}" if most is not None else "")
    try:
        whole = operator.index(value)
        fits = not isinstance(value, bool) and whole >= least and (most is None or whole <= most)
    except TypeError:
        fits = False
    return [] if fits else [f"{name} = {shown(value)}: expected a whole number {wanted}"]


def not_seed(name: str, value: Any) -> list[str]:
    """Describe what cannot start a random stream, see `not_whole`."""
    return not_whole(name, value, most=MOST_SEED)


def not_names(name: str, value: Any, *, known: Iterable[str] | None = None) -> list[str]:
    """Describe what is no sequence of names, and names that are unknown.

    Parameters
    ----------
    name : str
        Name of the argument, for the text.
    value : anything
        What was given.
    known : iterable of str, optional
        Names that exist; default any.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    if isinstance(value, str) or not isinstance(value, Sequence):
        example = [value] if isinstance(value, str) else ["name"]
        return [f"{name} = {shown(value)}: expected a list of names, such as {example!r}"]
    found = [f"{name}: {shown(each)} is no name" for each in value if not isinstance(each, str)]
    if known is None or found:
        return found
    return [f"{name}: {unknown(each, known)}" for each in value if each not in tuple(known)]


def not_inputs(name: str, value: Any) -> list[str]:
    """Describe what is neither a sequence of names nor a dict from names to events."""
    if not isinstance(value, Mapping):
        return not_names(name, value)
    events = [each for each in value.values() if each is not None]
    return not_names(name, list(value)) + not_names(f"{name}, events", events)


def not_one_of(name: str, value: Any, known: Iterable[str]) -> list[str]:
    """Describe what is none of some names."""
    known = tuple(known)
    if isinstance(value, str):
        return [] if value in known else [f"{name}: {unknown(value, known)}"]
    return [f"{name} = {shown(value)}: expected one of {', '.join(map(repr, known))}"]


def not_kind(name: str, value: Any, kinds: Kinds, expected: str) -> list[str]:
    """Describe what is of none of some types.

    Parameters
    ----------
    name : str
        Name of the argument, for the text.
    value : anything
        What was given.
    kinds : type, tuple or union of types
        Types that are fine.
    expected : str
        What a reader should give instead.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    return [] if isinstance(value, kinds) else [f"{name} = {shown(value)}: expected {expected}"]


def not_path(name: str, value: Any) -> list[str]:
    """Describe what cannot be the path of a file or folder."""
    try:
        text = os.fspath(value)
        longest = max(map(len, map(os.fsencode, text.split(os.sep)))) if text else 0
    except (TypeError, UnicodeEncodeError):
        text, longest = b"", 0
    usable = isinstance(text, str) and 0 < longest < 256 and "\0" not in text
    return [] if usable else [f"{name} = {shown(value)}: expected a path"]


def not_flag(name: str, value: Any) -> list[str]:
    """Describe what is neither true nor false; those of numpy are fine, and so are 0 and 1."""
    fits = isinstance(value, bool | int) or type(value).__name__ == "bool"
    return [] if fits else [f"{name} = {shown(value)}: expected True or False"]


def not_number(
    name: str, value: Any, *, least: float = float("-inf"), most: float = float("inf")
) -> list[str]:
    """Describe what is no finite number in a range.

    Parameters
    ----------
    name : str
        Name of the argument, for the text.
    value : anything
        What was given.
    least, most : float
        The smallest and the largest number that are allowed.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    fits = isinstance(value, Real) and not isinstance(value, bool)
    # infinite and NaN fail either comparison
    fits = fits and least <= value <= most and abs(value) < float("inf")
    limits = f" from {least:g} to {most:g}" if abs(least) < float("inf") else ""
    return [] if fits else [f"{name} = {shown(value)}: expected a number{limits}"]


def not_callable(name: str, value: Any) -> list[str]:
    """Describe what cannot be called."""
    return [] if callable(value) else [f"{name} = {shown(value)}: expected a function"]


def _not_table(name: str, value: Any, columns: Iterable[str] = ()) -> list[str]:
    """Describe what is no table, or a table that lacks columns.

    Parameters
    ----------
    name : str
        Name of the argument, for the text.
    value : anything
        What was given.
    columns : iterable of str
        Columns that are needed.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    from pandas import DataFrame

    found = not_kind(name, value, DataFrame, "a table (DataFrame)")
    if found:
        return found
    missing = [each for each in columns if each not in value]
    known = ", ".join(map(str, value.columns)) or "none"
    return [f"{name}: no column {', '.join(map(repr, missing))} (there are: {known})"] * bool(
        missing
    )


def table(*numbers: str, labels: Sequence[str] = (), once: Sequence[str] = ()) -> Check:
    """Build a check of a table.

    Parameters
    ----------
    *numbers : str
        Columns that hold numbers.
    labels : sequence of str
        Columns that name rows: nothing is missing in them.
    once : sequence of str
        Those of `labels` in which no value occurs twice.

    Returns
    -------
    callable
        The check. It takes the name and the value of an argument and returns texts.
    """

    def check(name, value):
        found = _not_table(name, value, (*labels, *numbers))
        if found:
            return found
        found = [f"{name}: column {each!r} is there twice" for each in (*labels, *numbers)
                 if value[each].ndim > 1]  # fmt: skip
        if found:
            return found
        found = [f"{name}: column {each!r} is missing in row {value[each].isna().argmax()}"
                 for each in labels if value[each].isna().any()]  # fmt: skip
        again = {each: value.loc[value[each].duplicated(), each] for each in once}
        found += [f"{name}: column {each!r} holds {rows.iloc[0]!r} more than once"
                  for each, rows in again.items() if len(rows)]  # fmt: skip
        return found + [
            f"{name}: column {each!r} holds {value[each].dtype}, expected numbers"
            for each in numbers
            if not _is_numeric(value[each])
        ]

    return check


def _is_numeric(column):
    from pandas.api.types import is_numeric_dtype

    return is_numeric_dtype(column) or all(
        each is None or isinstance(each, Real) for each in column.tolist()
    )


not_text = partial(not_kind, kinds=str, expected="a text")
not_mapping = partial(not_kind, kinds=Mapping, expected="a dict")


def optional(check: Check) -> Check:
    """Let a check accept None, too.

    Parameters
    ----------
    check : callable
        Check of a value that is not None, such as `not_whole`.

    Returns
    -------
    callable
        The same check, which accepts None.
    """
    return lambda name, value: [] if value is None else check(name, value)


def checked(
    kind: type[NeuroALRNNError] = ConfigError, **tests: Check
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function check its arguments before it does anything.

    Parameters
    ----------
    kind : exception class
        Class of the error.
    **tests : callable
        The check of each argument, such as `not_whole`: it takes name and value and returns texts.
        Arguments that are not given are not checked.

    Returns
    -------
    decorator : callable
        Decorator of a function, which then raises one error that names everything that is wrong.

    Examples
    --------
    >>> @checked(n=not_whole)
    ... def twice(n):
    ...     return 2 * n
    >>> twice("3")
    Traceback (most recent call last):
    neuroalrnn.exceptions.ConfigError: twice: 1 problem
      1. n = '3': expected a whole number from 0
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = signature(function)

        @wraps(function)
        def call(*given: P.args, **named: P.kwargs) -> R:
            try:
                bound = parameters.bind(*given, **named).arguments
            except TypeError:
                # Python itself says best which argument is missing or too many
                return function(*given, **named)
            values = {**bound, **bound.get("options", {})}
            found = [text for name in values if name in tests
                     for text in tests[name](name, values[name])]  # fmt: skip
            refuse(function.__name__, found, kind)
            return function(*given, **named)

        return call

    return decorate


def refuse(title: str, found: Sequence[str], kind: type[NeuroALRNNError] = ConfigError) -> None:
    """Raise one error that names all problems, if there are any.

    Parameters
    ----------
    title : str
        The function that was called.
    found : sequence of str
        One text per problem.
    kind : exception class
        Class of the error.
    """
    if found:
        raise problems(kind, title, found)


def unknown(name: str, known: Iterable[str]) -> str:
    """Describe a name that does not exist: name the nearest one, and all that exist.

    Parameters
    ----------
    name : str
        The name that was given.
    known : iterable of str
        Names that exist.

    Returns
    -------
    str
        Text without the place of the name, for a message.
    """
    try:
        names = [str(each) for each in known]
    except TypeError:
        refuse("unknown", [f"known = {shown(known)}: expected names"])
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{name!r} is unknown{hint} (there are: {', '.join(names) or 'none'})"
