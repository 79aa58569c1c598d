"""One analysis of the shared fit."""

import pytest

from neuroalrnn.questions import analyse


@pytest.fixture(scope="session")
def analysis(fit):
    return analyse(fit, conditions=["stimulus", "rule"], rule="rule").linear
