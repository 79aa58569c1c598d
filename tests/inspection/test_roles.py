"""Roles are guessed from the names that labs use and from what the columns hold."""

import pandas as pd
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.inspection.guess import covariates
from neuroalrnn.inspection.look import view_of

NAMES = {
    "participant": "subject", "subject_id": "subject", "ID": "subject", "Subj": "subject",
    "rat": "subject", "response": "choice", "action": "choice", "key": "choice",
    "key_resp.keys": "choice", "Choice": "choice", "RT": "rt", "RTs": "rt", "reaction_time": "rt",
    "responseTime": "rt", "trial_index": "trial", "trials.thisN": "trial", "acc": "correct",
    "accuracy": "correct", "points": "reward", "Rewarded": "reward", "block_label": "block",
    "day": "session", "sess": "session",
}  # fmt: skip
USUAL = {"subject": "participant", "choice": "choice", "rt": "rt", "correct": "correct",
         "reward": "reward", "trial": "trial", "session": "session", "block": "block"}  # fmt: skip


def test_usual_names_are_known(table):
    assert view_of(table)[0].roles == USUAL


@pytest.mark.parametrize(("name", "role"), NAMES.items())
def test_names_that_labs_use_are_known(table, name, role):
    renamed = table.rename(columns={USUAL[role]: name})
    assert view_of(renamed)[0].roles[role] == name


def test_columns_that_cannot_play_a_role_do_not(table):
    swapped = table.assign(response=table["rt"], id=range(len(table)), trial_type="go")
    roles = view_of(swapped.drop(columns=["choice", "participant"]))[0].roles
    assert "response" not in roles.values()
    assert "id" not in roles.values()


def test_what_the_caller_names_wins_and_others_stay_on_offer(table):
    view, able = view_of(table.assign(action=table["choice"]), {"choice": "action"})
    assert view.roles["choice"] == "action"
    assert able["choice"][:2] == ["choice", "action"]
    with pytest.raises(DataError, match="'actoin' is unknown; did you mean 'action'"):
        view_of(table.assign(action="1"), {"choice": "actoin"})


def test_correctness_is_the_choice_where_nothing_else_is(table):
    roles = view_of(table.drop(columns=["choice", "target"]))[0].roles
    assert roles["choice"] == "correct"
    assert "correct" not in roles


def test_a_table_without_rows_is_refused(table):
    with pytest.raises(DataError, match="no rows"):
        view_of(pd.DataFrame(columns=table.columns))


def test_words_that_say_whose_response_it_is_change_nothing(table):
    assert view_of(table.rename(columns={"choice": "SUB RESPONSE"}))[0].roles["choice"] == (
        "SUB RESPONSE"
    )


def test_one_number_beside_a_code_for_missing_is_no_input(table):
    view, _ = view_of(table.assign(bound=["---", *["60"] * (len(table) - 1)]))
    assert "bound" not in covariates(view)
