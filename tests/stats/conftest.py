"""Data sets with no (or a known) effect in the population, but with differences of subjects."""

from functools import partial
from types import SimpleNamespace

import pytest

from benchmarks import nulls

# a test whose level is far off shows it in these; docs/false_positives.md has 400 of each
N_REPEATS = 100


@pytest.fixture(scope="session")
def simulate():
    """Generators and limits, as in the committed table of false positives, for fewer data sets."""
    fewer = {
        name: partial(getattr(nulls, name), n_repeats=N_REPEATS)
        for name in ("rejections", "keeps_level")
    }
    return SimpleNamespace(**vars(nulls) | fewer)
