"""Each planted fault is found, with its rows; what has no fault gives no alarm."""

import re
from importlib.resources import files

import numpy as np
import pytest

from neuroalrnn.data.dialect import read_raw
from neuroalrnn.inspection.guess import NAMES, _rank
from neuroalrnn.inspection.listed import CHECKS
from neuroalrnn.inspection.look import look_at
from tests.inspection.conftest import make_table
from tests.inspection.faults import FAULTS, swapped


def told(found):
    """What a first look says, by the name of the check."""
    return {name: finding.tell(found.view) for name, finding in found.findings}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(table, name):
    plant, says = FAULTS[name]
    found = told(look_at(plant(table)))
    assert name in found
    assert re.search(says, found[name]), found[name]


def test_few_subjects_are_compared_with_themselves():
    turned = make_table(2, 5, 80).drop(columns=["correct", "reward"])
    other = turned["participant"] == "P01"
    turned.loc[other, "choice"] = swapped(turned.loc[other, "choice"])
    assert "choice against side" not in told(look_at(turned))
    once = (turned["session"] == "2") & ~other
    turned.loc[once, "choice"] = swapped(turned.loc[once, "choice"])
    assert "session 2 of subject P00" in told(look_at(turned))["choice against side"]


def test_every_check_has_a_fault_and_there_are_many():
    # two files are needed for one of them
    names = {check.name for check in CHECKS} - {"file twice"}
    assert names == set(FAULTS)
    assert len(names) >= 25


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("size", [(6, 2, 40), (12, 1, 60), (3, 4, 30)])
def test_tables_without_faults_give_no_alarm(seed, size):
    assert told(look_at(make_table(*size, seed=seed))) == {}


def test_two_files_of_the_same_cells_are_found(table):
    half = len(table) // 2
    both = table.assign(participant="P00")
    both.iloc[half:] = both.iloc[:half].to_numpy()
    file = np.repeat([0, 1], half)
    found = told(look_at(both, files=("one.csv", "two.csv"), file=file))
    assert found["file twice"].startswith("two.csv holds the same cells as one.csv")


PRATTE = ["sub", "blk", "blktype", "trial", "word", "location", "cond", "resp", "acc", "rt", "0"]
# embedded files, their choice, some of their rows, and what is true of these
EMBEDDED = {
    "pratte2010_exp2.dat.gz": (
        "resp",
        slice(7200),
        ["stray option", "negative time", "order shared"],
    ),
    "miller_rats.csv.xz": ("side1", slice(20_000, 30_000), ["timed out"]),
    "dezfouli2019.csv.xz": ("key", slice(10_000), []),
    "fontanesi2019.csv.xz": (
        "better_chosen",
        slice(None),
        ["times in ms", "named after the choice"],
    ),
}


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_files_give_no_false_alarm(name):
    choice, rows, true = EMBEDDED[name]
    frame, _ = read_raw(files("data_loaders") / "files" / name)
    if name.startswith("pratte"):
        # the file has no names of columns
        frame = frame.set_axis(PRATTE, axis=1)
    found = look_at(frame.iloc[rows], {"choice": choice})
    assert [kind for kind, _ in found.findings] == true


def test_what_holds_for_a_block_is_no_code(table):
    rate = np.random.default_rng(0).choice(["1.5", "1.6"], len(table))
    rate[(table["participant"] == "P03") & (table["block"] == "2")] = "90"
    assert told(look_at(table.assign(rate=rate))) == {}
    coded = np.where(rate == "90", "999", rate)
    assert "value far away" in told(look_at(table.assign(rate=coded)))


def test_keys_that_mean_another_option_for_each_subject_tell_the_choice(table):
    other = table["participant"].isin(["P01", "P04"])
    keys = np.where((table["choice"] == "left") ^ other, "37", "39")
    found = told(look_at(table.assign(button=keys)))["tells the choice"]
    assert found.startswith("every choice of each subject follows from 'button'")


def test_missed_trials_are_no_screens(table):
    missed = np.isin(np.arange(len(table)), [5, 60, 130, 200])
    token = np.where(missed, "0", np.random.default_rng(0).choice(["1", "2"], len(table)))
    held = table.assign(choice=np.where(missed, "", table["choice"]), token=token)
    assert "screens" not in told(look_at(held))


@pytest.mark.parametrize(
    ("name", "role"),
    [("choiceLR", "choice"), ("subNb", "subject"), ("isChoiceCorr", "correct"),
     ("observed_reward", "reward"), ("correct_response", None), ("unobserved_reward", None)],
)  # fmt: skip
def test_words_beside_a_known_one_change_its_meaning_or_not(name, role):
    assert [each for each in NAMES if _rank(each, name) is not None] == ([role] if role else [])


def test_values_that_are_there_once_tell_no_choice(table):
    few = table.iloc[:16].assign(noise=[f"{k * 7 % 16}.5" for k in range(16)])
    assert not [each for each in told(look_at(few)).values() if "noise" in each]
