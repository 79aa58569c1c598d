"""Roles are guessed from the names that labs use and from what the columns hold."""

import pandas as pd
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.inspection.look import look_at

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
    assert look_at(table).view.roles == USUAL


@pytest.mark.parametrize(("name", "role"), NAMES.items())
def test_names_that_labs_use_are_known(table, name, role):
    renamed = table.rename(columns={USUAL[role]: name})
    assert look_at(renamed).view.roles[role] == name


def test_columns_that_cannot_play_a_role_do_not(table):
    swapped = table.assign(response=table["rt"], id=range(len(table)), trial_type="go")
    roles = look_at(swapped.drop(columns=["choice", "participant"])).view.roles
    assert "response" not in roles.values()
    assert "id" not in roles.values()


def test_what_the_caller_names_wins_and_others_stay_on_offer(table):
    found = look_at(table.assign(action=table["choice"]), {"choice": "action"})
    assert found.view.roles["choice"] == "action"
    assert found.candidates["choice"][:2] == ["choice", "action"]
    with pytest.raises(DataError, match="'actoin' is unknown; did you mean 'action'"):
        look_at(table.assign(action="1"), {"choice": "actoin"})


def test_correctness_is_the_choice_where_nothing_else_is(table):
    roles = look_at(table.drop(columns=["choice", "target"])).view.roles
    assert roles["choice"] == "correct"
    assert "correct" not in roles


def test_a_table_without_rows_is_refused(table):
    with pytest.raises(DataError, match="no rows"):
        look_at(pd.DataFrame(columns=table.columns))
