"""Errors of the package. Each inherits the built-in a caller would expect to catch."""

from collections.abc import Sequence


class NeuroALRNNError(Exception):
    """Base of every error this package raises on purpose.

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import NeuroALRNNError
    >>> try:
    ...     data_loaders.load("prate2010")
    ... except NeuroALRNNError as error:
    ...     print(str(error).splitlines()[0])
    load: 1 problem
    """


class DataError(NeuroALRNNError, ValueError):
    """A table, a trial dataset or a request about one does not fit the contract."""


class ConfigError(NeuroALRNNError, ValueError):
    """A run configuration holds unknown or impossible values."""


class LeakageError(NeuroALRNNError, ValueError):
    """A split lets the test part be seen in training."""


class FitError(NeuroALRNNError, RuntimeError):
    """A fit could not be carried out."""


class ResultError(NeuroALRNNError, OSError):
    """A result file exists already, is truncated, or is not one of ours."""


class NotTestableError(NeuroALRNNError, ValueError):
    """A statistic would not be valid on these data."""


class DataWarning(UserWarning):
    """Something about the data may make results mean less than they seem to."""


class IncompleteWarning(UserWarning):
    """A part of a result failed through a fault of this package; the rest is there."""


class ResultWarning(UserWarning):
    """Something that was kept on disk is not used, and is computed again."""


class LeakageWarning(DataWarning):
    """Test and training part share something a model can memorise."""


def problems(kind: type[NeuroALRNNError], title: str, found: Sequence[str]) -> NeuroALRNNError:
    """Build one error that names every problem.

    Parameters
    ----------
    kind : exception class
        Class of the error, such as `DataError`.
    title : str
        What was looked at.
    found : sequence of str
        One text per problem: where, found, expected, what to do.

    Returns
    -------
    error : instance of `kind`
        Error for the caller to raise. It reads ``"title: n problems"``, then one numbered line
        per problem.

    Examples
    --------
    >>> print(problems(DataError, "table", ["no column 'choice'", "no rows"]))
    table: 2 problems
      1. no column 'choice'
      2. no rows
    """
    count = f"{len(found)} problem" + ("s" if len(found) != 1 else "")
    lines = [f"  {number}. {text}" for number, text in enumerate(found, start=1)]
    return kind("\n".join([f"{title}: {count}", *lines]))
