"""What holds whatever the format: one trial, none, many, names of any letters, any order."""

import time

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from data_loaders.formats import (
    load_arrays,
    load_bids,
    load_crcns,
    load_matlab,
    load_medpc,
    load_nwb,
)
from neuroalrnn.data import load_table
from neuroalrnn.exceptions import DataError
from tests.data_loaders.formats.test_crcns import info

WHO = "Zoë Müller"


def in_matlab(path, columns):
    texts = {name: values for name, values in columns.items() if values.dtype.kind == "U"}
    cells = {name: np.array(values, dtype=object) for name, values in texts.items()}
    if all(len({*values}) == 1 for values in texts.values()):
        cells = {name: values[0] for name, values in texts.items()}
    savemat(path, {"data": columns | cells})


def in_arrays(path, columns):
    np.savez(path, **columns)


def in_nwb(path, columns):
    with h5py.File(path, "w") as file:
        table = file.create_group("intervals/trials")
        table["id"] = np.arange(len(columns["resp"]))
        for name, values in columns.items():
            is_text = values.dtype.kind == "U"
            data = values.astype(object) if is_text else values
            kind = h5py.string_dtype() if is_text else None
            table.create_dataset(name, data=data, dtype=kind)


def in_lines(path, columns, separator="\t"):
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    lines = [separator.join(map(str, row)) for row in rows]
    path.write_text("\n".join([separator.join(columns), *lines]) + "\n", encoding="utf-8")


def in_medpc(path, columns):
    text = f"File: x\nStart Date: 05/21/25\nSubject: {WHO}\nMSN: T\n"
    for letter, values in (("C", columns["resp"]), ("X", columns["x"])):
        text += f"{letter}:\n"
        for at in range(0, len(values), 5):
            cells = "".join(f"{each:13.3f}" for each in values[at : at + 5])
            text += f"{at:6d}:{cells}\n"
    path.write_bytes(text.encode("cp1252"))


ARRAYS = {"resp": "C", "x": "X"}
FORMATS = {
    "table": ("t.csv", lambda path, columns: in_lines(path, columns, ","), load_table, {}),
    "matlab": ("t.mat", in_matlab, load_matlab, {}),
    "arrays": ("t.npz", in_arrays, load_arrays, {}),
    "nwb": ("t.nwb", in_nwb, load_nwb, {}),
    "bids": ("sub-1_events.tsv", in_lines, load_bids, {}),
    "medpc": ("rats", in_medpc, load_medpc, {"arrays": ARRAYS}),
}


def columns_of(n, who=WHO):
    return {"who": np.full(n, who), "resp": np.arange(n) % 2 * 1.0, "x": 0.5 + np.arange(n) % 7}


def load(folder, name, columns, **more):
    file, write, read, options = FORMATS[name]
    write(folder / file, columns)
    roles = {"choice": "resp", "x": "x"} | ({} if name == "medpc" else {"subject": "who"})
    return read(folder / file, roles, labels=[0, 1], **options, **more)


@pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")
@pytest.mark.parametrize("name", FORMATS)
def test_one_trial_of_a_subject_of_any_name(tmp_path, name):
    trials = load(tmp_path, name, columns_of(1))
    assert trials["subject"].values.tolist() == [WHO]
    assert trials["choice"].values.tolist() == [0]
    assert trials["x"].values.tolist() == [0.5]


@pytest.mark.parametrize("name", FORMATS)
def test_no_trials_are_one_error(tmp_path, name):
    with pytest.raises(DataError, match=r"1 problem\n.*(no rows|holds no table|readable MED-PC)"):
        load(tmp_path, name, columns_of(0))


@pytest.mark.parametrize("name", FORMATS)
def test_many_trials_are_read_in_two_seconds(tmp_path, name):
    columns, start = columns_of(10**5), time.process_time()
    trials = load(tmp_path, name, columns)
    assert time.process_time() - start < 2
    np.testing.assert_array_equal(trials["choice"], columns["resp"])
    np.testing.assert_array_equal(trials["x"], columns["x"])


@pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")
@pytest.mark.parametrize("name", [each for each in FORMATS if each != "medpc"])
def test_neither_order_of_columns_nor_of_codes_changes_a_trial(tmp_path, name):
    columns = columns_of(6)
    trials = load(tmp_path, name, columns)
    turned = load(tmp_path, name, dict(reversed(columns.items())))
    for each in ("choice", "x", "subject"):
        np.testing.assert_array_equal(turned[each], trials[each])
    later = load(tmp_path, name, {k: v[1:] for k, v in columns.items()})
    np.testing.assert_array_equal(later["choice"], trials["choice"][1:])
    only = load(tmp_path, name, {k: v[1::2] for k, v in columns.items()})
    assert only["choice"].values.tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", FORMATS)
def test_a_name_that_would_be_code_is_a_name(tmp_path, name, monkeypatch):
    monkeypatch.setattr("os.system", lambda text: pytest.fail(f"executed {text}"))
    who = "__import__('os').system('true')"
    if name == "medpc":
        monkeypatch.setitem(globals(), "WHO", who)
    trials = load(tmp_path, name, columns_of(4, who))
    assert set(trials["subject"].values) == {who}


def test_a_session_of_crcns_without_trials_is_one_error(tmp_path):
    folder = tmp_path / "YT6A_120201_behaving"
    folder.mkdir()
    info(n_future=330).to_csv(folder / "trials_info")
    with pytest.raises(DataError, match=r"1 problem\n.*the table has no rows"):
        load_crcns(folder, {})
