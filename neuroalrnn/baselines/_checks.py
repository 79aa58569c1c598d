"""Checks of arguments that several baselines share."""

from typing import Any

from neuroalrnn.arguments import not_callable, not_whole, shown


def not_candidates(name: str, value: Any) -> list[str]:
    """Describe what is no list of things to choose from.

    Parameters
    ----------
    name : str
        Name of the argument, for the text.
    value : anything
        What was passed.

    Returns
    -------
    list of str
        The text, or nothing.
    """
    if isinstance(value, list | tuple | range) and len(value):
        return []
    return [f"{name} = {shown(value)}: expected a list of one or more to choose from"]


def not_sizes(name: str, value: Any) -> list[str]:
    """Describe what is no list of sizes to choose from.

    Parameters
    ----------
    name : str
        Name of the argument, for the text.
    value : anything
        What was passed.

    Returns
    -------
    list of str
        One text per problem.
    """
    if found := not_candidates(name, value):
        return found
    return [text for each in value for text in not_whole(name, each, least=1)]


def not_inner(name: str, value: Any) -> list[str]:
    """Describe what is no function that splits the training part, and not None either.

    Parameters
    ----------
    name : str
        Name of the argument, for the text.
    value : anything
        What was passed.

    Returns
    -------
    list of str
        The text, or nothing.
    """
    if isinstance(value, type):
        return [f"{name} = {shown(value)}: expected a function"]
    return [] if value is None else not_callable(name, value)
