"""BIDS: what a trial is, who did it, in which unit; values as in real data sets."""

import hashlib
import json

import numpy as np
import pytest

from data_loaders.formats import load_bids, read_bids, recognise
from neuroalrnn.exceptions import DataError

BALLOONS = """onset\tduration\ttrial_type\tresponse_time\tparametric gain
0.061\t0.772\tpump\t2.420\tn/a
4.958\t0.772\tpump\t0.578\t3
7.179\t0.772\tcash\t0.766\tn/a
9.000\t0.772\texplode\t0.500\tn/a
12.00\t0.772\tpump\t0.400\tn/a
"""
PENNIES = """onset\tduration\ttrial\tstage\thand\tresponse_time
1.0\t0\t1\t1\tright\t116.7
2.0\t0\t2\t1\tleft\t100.0
3.0\t0\t1\t2\tleft\tn/a
"""
ROLES = {"choice": "hand", "rt": "response_time"}


def write(folder, name, text, *, datatype="eeg", encoding="utf-8", newline="\n"):
    place = folder / name.split("_")[0] / datatype
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(text.replace("\n", newline).encode(encoding))
    return place / name


def sidecar(folder, name, unit):
    (folder / name).write_text(json.dumps({"response_time": {"Units": unit}}))


@pytest.fixture
def pennies(tmp_path):
    path = write(tmp_path, "sub-05_task-pennies_events.tsv", PENNIES)
    sidecar(tmp_path, "task-pennies_events.json", "ms")
    return path


def test_a_trial_is_what_the_rule_says(tmp_path):
    path = write(tmp_path, "sub-01_task-balloon_run-01_events.tsv", BALLOONS)
    assert recognise(tmp_path) == recognise(path) == "bids"
    with pytest.raises(DataError, match=r"3 kinds of 'trial_type', pump, cash, explode: say trial"):
        read_bids(path)
    found = read_bids(path, ends=["cash", "explode"])
    table = found.table
    assert table["pump.n"].tolist() == [2, 0, 1]
    assert table["pump.response_time"].tolist() == [[2.42, 0.578], [], [0.4]]
    np.testing.assert_array_equal(table["cash.onset"], [7.179, np.nan, np.nan])
    assert table["source_row"].tolist() == [1, 4, 5]
    assert table["duration"].tolist() == [0.772] * 3
    assert found.notes == [f"{path.name}: 1 rows after the last end, read as a trial that has none"]
    begun = read_bids(path, starts=["cash", "explode"])
    assert begun.table["source_row"].tolist() == [3, 4]
    assert begun.notes == [f"{path.name}: 2 rows before the first trial"]
    rows = read_bids(path, trial="row").table
    assert rows["trial_type"].tolist() == ["pump", "pump", "cash", "explode", "pump"]
    np.testing.assert_array_equal(rows["parametric gain"], [np.nan, 3, np.nan, np.nan, np.nan])
    last = read_bids(path, ends=["cash", "explode"], reduce={"pump.response_time": "last"}).table
    np.testing.assert_array_equal(last["pump.response_time"], [0.578, np.nan, 0.4])


def test_rows_of_one_number_are_one_trial_and_numbers_may_start_anew(tmp_path):
    text = "onset\tduration\ttrial\ttrial_type\n" + "".join(
        f"{k}\t0\t{number}\t{kind}\n"
        for k, (number, kind) in enumerate([(1, "a"), (1, "b"), ("n/a", "b"), (2, "a"), (1, "a")])
    )
    found = read_bids(write(tmp_path, "sub-1_events.tsv", text), trial="trial")
    assert found.table["trial"].tolist() == [1, 2, 1]
    assert found.table["b.n"].tolist() == [1, 0, 0]
    assert found.notes == ["sub-1_events.tsv: 1 rows without a number of trial"]


def test_units_come_from_the_nearest_sidecar(tmp_path, pennies):
    trials = load_bids(
        pennies, ROLES | {"trial": "trial", "block": "stage"}, labels=["left", "right"]
    )
    np.testing.assert_allclose(trials["rt"], [0.1167, 0.1, np.nan])
    assert trials["subject"].values.tolist() == ["05"] * 3
    assert trials["trial_in_session"].values.tolist() == [0, 1, 2]
    pennies.write_text(PENNIES.replace("116.7", "116700").replace("100.0", "100000"))
    given = load_bids(pennies, ROLES, labels=["left", "right"], units={"rt": "us"})
    np.testing.assert_allclose(given["rt"], [0.1167, 0.1, np.nan])
    sidecar(pennies.parent, "sub-05_task-pennies_events.json", "us")
    sidecar(tmp_path, "task-other_events.json", "min")
    sidecar(pennies.parent, "sub-05_task-pennies_run-02_events.json", "min")
    near = load_bids(pennies, ROLES, labels=["left", "right"])
    np.testing.assert_allclose(near["rt"], [0.1167, 0.1, np.nan])


def test_sidecars_tell_what_codes_mean_and_people_are_not_described(tmp_path):
    for n in (1, 2):
        write(tmp_path, f"sub-0{n}_task-x_events.tsv", PENNIES)
    about = {"hand": {"Levels": {"left": "the left one", "right": "the other"}}, "odd": "text"}
    (tmp_path / "task-x_events.json").write_text(json.dumps(about))
    (tmp_path / "participants.tsv").write_text("participant_id\tage\tsex\nsub-01\t29\tF\n")
    with pytest.raises(DataError, match="same byte for byte"):
        read_bids(tmp_path)
    write(tmp_path, "sub-02_task-x_events.tsv", PENNIES + "4.0\t0\t2\t2\tleft\tn/a\n")
    found = read_bids(tmp_path)
    assert found.notes == ["levels of 'hand': left is 'the left one', right is 'the other'"]
    assert not {"age", "sex"} & {*found.table}


def test_missed_responses_are_codes_that_a_map_makes_missing(tmp_path):
    text = (
        "onset\tduration\trespcat\tresponse_time\n0\t3\t-1\t0.000\n4\t3\t1\t1.793\n8\t3\t0\t1.6\n"
    )
    path = write(tmp_path, "sub-01_task-x_events.tsv", text)
    missing = {"choice": [-1], "rt": [0]}
    trials = load_bids(path, {"choice": "respcat", "rt": "response_time"}, missing=missing)
    np.testing.assert_array_equal(trials["choice"], [np.nan, 1, 0])
    np.testing.assert_array_equal(trials["rt"], [np.nan, 1.793, 1.6])


def test_a_unit_that_nobody_says_is_asked_for(tmp_path):
    path = write(tmp_path, "sub-05_task-pennies_events.tsv", PENNIES)
    with pytest.raises(DataError, match=r"'response_time' has a median of 108.35, and no sidecar"):
        load_bids(path, ROLES, labels=["left", "right"])
    trials = load_bids(path, ROLES, labels=["left", "right"], units={"rt": "ms"})
    assert trials["rt"].values[1] == 0.1


def test_runs_and_sessions_come_from_file_names_whatever_their_order(tmp_path):
    for name in ("sub-ä_run-02_ses-b_task-x_beh.tsv", "sub-ä_ses-b_task-x_run-01_beh.tsv"):
        write(
            tmp_path, name, PENNIES.replace("116.7", name[8]), encoding="utf-8-sig", newline="\r\n"
        )
    trials = load_bids(tmp_path, {"choice": "hand"}, labels=["left", "right"])
    assert trials["subject"].values.tolist() == ["ä"] * 6
    assert trials["session"].values.tolist() == ["b"] * 6
    assert trials["block"].values.tolist() == ["02"] * 3 + ["01"] * 3
    assert next(iter(read_bids(tmp_path).table)) == "onset"


def test_the_load_report_names_files_with_their_sums_and_rows(tmp_path):
    paths = [write(tmp_path, f"sub-0{n}_task-p_events.tsv", PENNIES) for n in (1, 2)]
    paths[1].write_text(PENNIES + "4.0\t0\t2\t2\tleft\t90\n")
    trials = load_bids(tmp_path, {"choice": "hand"}, labels=["left", "right"])
    files = json.loads(trials.attrs["load_report"])["files"]
    assert [(each["name"], each["rows"], each["kind"]) for each in files] == [
        ("sub-01/eeg/sub-01_task-p_events.tsv", 3, "bids"),
        ("sub-02/eeg/sub-02_task-p_events.tsv", 4, "bids"),
    ]
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert [each["sha256"] for each in files] == sums


def test_folders_of_several_tasks_or_data_types_are_asked_about(tmp_path):
    write(tmp_path, "sub-1_task-a_events.tsv", PENNIES)
    write(tmp_path, "sub-1_task-b_events.tsv", PENNIES + "\n", datatype="beh")
    with pytest.raises(DataError, match=r"(?s)datatype beh, eeg: say which.*task a, b: say which"):
        read_bids(tmp_path)
    assert len(read_bids(tmp_path, task="a").table) == 3
    assert read_bids(tmp_path, datatype="beh").table["task"].tolist() == ["b"] * 3
    with pytest.raises(DataError, match="holds no BIDS tables"):
        read_bids(tmp_path, task="c")


def test_times_that_are_not_there_are_missed_only_where_they_are_asked_for(tmp_path):
    text = "onset\tduration\thand\nn/a\tn/a\tleft\nn/a\tn/a\tright\n"
    path = write(tmp_path, "sub-1_events.tsv", text, datatype="beh")
    assert load_bids(path, {"choice": "hand"}, labels=["left", "right"]).sizes["trial"] == 2
    with pytest.raises(DataError, match="all times of 'onset' are n/a"):
        load_bids(path, {"choice": "hand"}, labels=["left", "right"], events={"go": "onset"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trial": "tril"}, "trial: column 'tril'"),
        ({"ends": ["chas"]}, "ends: 'chas'.*cash"),
        ({"ends": ["cash"], "trial": "row"}, "trial and ends are given"),
        ({"trial": "row", "reduce": {"x": "first"}}, "reduce 'x'"),
        ({"trial": "row", "reduce": "first"}, "reduce = 'first': expected a dict"),
        ({"trial": "row", "reduce": {"onset": ["first"]}}, "reduce 'onset' = .*expected one of"),
    ],
)
def test_rules_that_name_nothing_are_named(tmp_path, options, message):
    path = write(tmp_path, "sub-01_events.tsv", BALLOONS)
    with pytest.raises(DataError, match=message):
        read_bids(path, **options)


def test_damaged_sidecars_and_tables_are_one_error(pennies):
    (pennies.parent / "sub-05_events.json").write_text("[1]")
    with pytest.raises(DataError, match="not a readable JSON sidecar file"):
        read_bids(pennies)
    pennies.write_text("onset\tonset\n1\t2\n")
    with pytest.raises(DataError, match="more than one column 'onset'"):
        read_bids(pennies)
