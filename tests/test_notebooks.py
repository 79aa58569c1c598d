"""Every notebook runs from top to bottom, as a newcomer would run it."""

import runpy
from pathlib import Path

import pytest
from matplotlib import pyplot

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


def check_claim(found):
    """What is said is measured, whatever it is: the figure is there, and one sentence."""
    assert found["sentence"]
    assert not found["FULL"]


def check_one_unit(found):
    check_claim(found)
    assert [len(ax.patches) for ax in found["figure"].axes] == [3, 3, 3]
    assert found["sentence"].count("of 2 with P = 0") == 3


def check_few_trials(found):
    check_claim(found)
    assert len(found["contrasts"]) == 3
    assert (found["contrasts"]["ci_low"] <= found["contrasts"]["ci_high"]).all()


def check_linear(found):
    check_claim(found)
    for each in found["found"].values():
        assert each.known["exact_n_pwl"] == 0


def check_cost(found):
    check_claim(found)
    assert (found["cost"]["step_microseconds"] > 0).all()
    assert (found["cost"]["n_nonlinear"] == found["cost"]["n_pwl"]).all()


def check_switching(found):
    check_claim(found)
    assert set(found["contrasts"]["kind"]) == {"switching", "smooth"}
    assert (found["contrasts"]["low"] <= found["contrasts"]["high"]).all()
    assert len(found["figure"].axes) == 2
    # rates are chosen by validation scores, once for all restarts of a network
    assert len(found["tuned"]) == len(found["runs"]) / len(found["RATES"])


def check_selection(found):
    check_claim(found)
    exact = {name: each.known["exact_n_pwl"] for name, each in found["found"].items()}
    assert exact == {"a": 0, "a2": 1, "b": 0, "c": 0, "d": None}


def check_sharing(found):
    check_claim(found)
    above = found["found"].set_index("n_pwl")[found["NULLS"]]
    assert above.abs().max().max() <= 1
    # one unit can be exchanged with no other
    assert above.loc[1, "exchanged units"].to_numpy() == pytest.approx(0, abs=1e-12)


def check_images_sound_text(found):
    check_claim(found)
    assert {kind: len(table) for kind, table in found["scores"].items()} == {
        "images": 2,
        "sound": 2,
        "text": 2,
    }
    out = [each.asked["source"]["parameters"]["held_out"] for each in found["found"]["sound"]]
    assert out == [["ann"], ["bob"]]


def check_scan(found):
    check_claim(found)
    assert list(found["found"]) == ["simple", "length", "addprim_jump"]
    assert all(each.known["measure"] == "whole" for each in found["found"].values())


CHECKS = {
    "claim_cost": check_cost,
    "claim_few_trials": check_few_trials,
    "claim_images_sound_text": check_images_sound_text,
    "claim_linear": check_linear,
    "claim_one_unit": check_one_unit,
    "claim_scan": check_scan,
    "claim_selection": check_selection,
    "claim_sharing": check_sharing,
    "claim_switching": check_switching,
    "comparison": check_comparison,
    "mechanism_people": check_mechanism_people,
    "mechanism_rats": check_mechanism_rats,
    "stimulus_selection": check_stimulus_selection,
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path):
    CHECKS[path.stem](runpy.run_path(str(path)))
    # a figure that pyplot keeps is shown twice by Jupyter
    assert pyplot.get_fignums() == []


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} == set(CHECKS)
