"""Every notebook runs from top to bottom, as a newcomer would run it."""

import runpy
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.py"))


def check_stimulus_selection(found):
    summary = found["fit"].summarise()["log_likelihood"]
    assert summary["AL-RNN P=0"] < -0.36
    assert summary["AL-RNN"] > -0.12


def check_mechanism_people(found):
    summary = found["fit"].summarise()["log_likelihood"]
    assert summary["AL-RNN P=0"] < -0.36
    assert summary["AL-RNN"] > -0.2
    assert found["tables"]["functional_verdicts"]["n_regimes"].iloc[0] == 2
    assert found["nothing"].n_regimes == 1
    gains, linear = found["gains_by_rule"], found["linear_gains"]
    assert (gains["high"] > gains["low"] + 1).all()
    assert linear["high"].to_numpy() == pytest.approx(linear["low"].to_numpy(), abs=1e-9)
    assert abs(found["shuffled_gains"]["high"] - found["shuffled_gains"]["low"]).max() < 0.5


def check_mechanism_rats(found):
    summary = found["fit"].summarise()["log_likelihood"]
    assert summary["AL-RNN"] > summary["AL-RNN P=0"] + 0.01
    assert found["nothing"].n_regimes == 1


def check_comparison(found):
    sets = {"dezfouli2019", "fontanesi2019", "miller_rats", "pratte2010"}
    assert set(found["tables"]) == sets
    for name in sets:
        shown = found["show"](name)
        assert {"AL-RNN", "GLM-HMM", "GRU", "LSTM", "history-logistic"} <= set(shown.index)
        assert (shown["adaptive"] > shown["plain"]).all()
        assert shown["minus best"].max() == 0
        assert found["tables"][name].set_index("model")["difference_to_best"]["AL-RNN P=0"] < 0
    errors = found["calibration"]
    assert set(errors.index) == sets
    assert (errors["estimate"] < 0).all()


CHECKS = {
    "comparison": check_comparison,
    "mechanism_people": check_mechanism_people,
    "mechanism_rats": check_mechanism_rats,
    "stimulus_selection": check_stimulus_selection,
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path):
    CHECKS[path.stem](runpy.run_path(str(path)))


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} == set(CHECKS)
