"""How a run file names a format, and how a file is recognised."""

import inspect

import pytest
from scipy.io import savemat

import data_loaders
from data_loaders.formats import FORMATS, recognise
from neuroalrnn import Run
from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.sources import load_trials

COLUMNS = {"subject": "who", "choice": "resp"}


@pytest.fixture
def path(tmp_path):
    many = {"who": "ann", "resp": [1.0, 2.0, 1.0], "cue": [1.0, -1.0, 1.0]}
    savemat(tmp_path / "s.mat", {"data": {"trials": many}, "other": {"x": [1.0, 2.0]}})
    return tmp_path / "s.mat"


def test_a_run_file_says_how_a_file_is_read(path):
    data = {
        "columns": COLUMNS | {"cue": "cue"},
        "labels": [1, 2],
        "read": {"variable": "data.trials"},
    }
    trials = load_trials(str(path), Run(data=data))
    assert trials["cue"].values.tolist() == [1, -1, 1]
    assert trials.attrs["name"] == "s.mat"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"format": "matlb"}, r"\[data\] format: 'matlb'.*matlab"),
        ({"read": {"varible": "x"}}, r"\[data\] read: 'varible'.*variable"),
    ],
)
def test_what_a_run_file_gets_wrong_is_named(path, data, message):
    with pytest.raises(ConfigError, match=message):
        load_trials(str(path), Run(data={"columns": COLUMNS} | data))


def test_files_of_a_format_are_named_by_their_folder(path):
    data = {"path": [str(path), "t.mat"], "columns": COLUMNS, "read": {"variable": "data.trials"}}
    with pytest.raises(ConfigError, match="name one file, or a folder"):
        load_trials(str(path), Run(data=data))


def test_a_map_that_lacks_a_role_is_told_by_the_reader_of_tables(path):
    with pytest.raises(DataError, match="role 'choice' is missing in columns"):
        load_trials(
            str(path),
            Run(data={"columns": {"subject": "who"}, "read": {"variable": "data.trials"}}),
        )


def test_tables_of_text_and_missing_files_have_no_format(tmp_path):
    (tmp_path / "t.csv").write_text("ID,resp\nann,0\n")
    assert recognise(tmp_path / "t.csv") is None
    assert recognise(tmp_path / "none.mat") is None
    assert recognise(tmp_path) is None


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_and_loaded_with_the_same_arguments(name):
    form = FORMATS[name]
    assert form.load is getattr(data_loaders.formats, f"load_{name}")
    read = set(inspect.signature(form.read).parameters)
    # signals and spikes are no columns
    neural = {"at", "window", "dt"} if name in ("crcns", "nwb") else set()
    neural |= {"unit_table"} if name == "crcns" else set()
    assert set(inspect.signature(form.load).parameters) == read | {"columns", "options"} | neural
