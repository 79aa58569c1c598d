"""Data sets with no (or a known) effect in the population, but with differences of subjects."""

import pytest

from benchmarks import nulls


@pytest.fixture(scope="session")
def simulate():
    """Generators and limits, as in the committed table of false positives."""
    return nulls
