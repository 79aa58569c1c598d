"""Every notebook runs from top to bottom, as a newcomer would run it."""

import runpy
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path):
    found = runpy.run_path(str(path))
    summary = found["fit"].summarise()["log_likelihood"]
    assert summary["AL-RNN P=0"] < -0.36
    assert summary["AL-RNN"] > -0.12


def test_there_are_notebooks():
    assert NOTEBOOKS
