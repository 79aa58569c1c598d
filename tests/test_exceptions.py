"""Errors can be caught by the built-in a caller expects, and name every problem."""

import pytest

from neuroalrnn import exceptions


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("DataError", ValueError),
        ("ConfigError", ValueError),
        ("LeakageError", ValueError),
        ("FitError", RuntimeError),
        ("ResultError", OSError),
        ("NotTestableError", ValueError),
    ],
)
def test_errors_are_builtins_too(name, builtin):
    kind = getattr(exceptions, name)
    assert issubclass(kind, exceptions.NeuroALRNNError)
    assert issubclass(kind, builtin)


def test_problems_are_numbered():
    error = exceptions.problems(exceptions.DataError, "table", ["one", "two"])
    assert str(error) == "table: 2 problems\n  1. one\n  2. two"
