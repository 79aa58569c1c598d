"""Columns of a fit stand in the rows that its trials came from, and nothing else is changed."""

import csv
from types import SimpleNamespace

import h5py
import mne
import numpy as np
import pandas as pd
import pytest

from data_loaders.formats import load_epochs, load_nwb
from neuroalrnn import export_fit, from_frame, load_table
from neuroalrnn.data.dialect import read_raw
from neuroalrnn.data.written import not_written_as
from neuroalrnn.exceptions import DataError, DataWarning, NotTestableError, ResultError
from neuroalrnn.export._columns import column_names
from neuroalrnn.neural import from_epochs

READ = {
    "columns": {"subject": "ID", "trial": "n", "choice": "resp", "cue": "cue"},
    "labels": {"f": "left", "j": "right"},
    "missing": {"choice": ["none"]},
    "keep": {"phase": "main"},
}
FIND = "neuroalrnn.export._columns.find_functional_regimes"
pytestmark = pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")


@pytest.fixture(autouse=True)
def without_functional_regimes(monkeypatch):
    """Save the time that grouping trials takes."""

    def refuse(fit, random_state):
        raise NotTestableError("none were looked for")

    monkeypatch.setattr(FIND, refuse)


@pytest.fixture
def lines(table):
    """The table as text, separated by semicolons."""
    return table.to_csv(index=False, sep=";", lineterminator="\r\n")


def test_rows_get_what_was_said_of_their_trials(table, fitted, monkeypatch):
    fit = fitted(from_frame(table, **READ))
    labels = fit.trials["choice"].copy(data=[1, -1, 0, 0, 0, 1, 1, 1, 1] * 2).astype(int)
    found = SimpleNamespace(verdict="discrete", names=["follows cue", "none"], labels=labels)
    monkeypatch.setattr(FIND, lambda fit, random_state: found)
    back = export_fit(fit, table.set_index("note", drop=False))
    pd.testing.assert_frame_equal(back[list(table)].reset_index(drop=True), table)
    assert [*back][len(table.columns) :] == [f"model_{name}" for name in column_names(fit)]
    is_main = table["phase"].to_numpy() == "main"
    assert back.loc[~is_main, "model_fold":].isna().all(axis=None)
    main = back[is_main]
    left = (1 + np.arange(len(main))) / (len(main) + 1)
    np.testing.assert_allclose(main["model_p_left"], left)
    assert main["model_choice"].tolist() == ["right"] * 9 + ["left"] * 9
    assert main["model_fold"].tolist() == ["fold 0"] * 9 + ["fold 1"] * 9
    chosen = np.where(main["resp"] == "f", left, 1 - left)
    chosen[main["resp"].to_numpy() == "none"] = np.nan
    np.testing.assert_allclose(main["model_p_choice"], chosen)
    np.testing.assert_allclose(main["model_log_likelihood"], np.log(chosen))
    # the latent follows the cue, whose sign is the linear regime
    positive = (main["cue"] > 0).to_numpy()
    np.testing.assert_array_equal(main["model_linear_regime"], (~positive).astype(int))
    changes = np.r_[0, np.diff(positive) != 0]
    changes[9] = 0
    np.testing.assert_array_equal(main["model_linear_switches"], changes)
    regime, switch = (main[f"model_functional_{name}"].fillna(-1) for name in ("regime", "switch"))
    assert regime.tolist() == [1, -1, 0, 0, 0, 1, 1, 1, 1] * 2
    assert switch.tolist() == [-1, -1, 1, 0, 0, 1, 0, 0, 0] * 2


@pytest.mark.parametrize(
    ("name", "encoding", "change"),
    [
        ("t.csv", "utf-8", lambda text: text),
        ("t.csv", "utf-8-sig", lambda text: text.replace("\r\n", "\r").rstrip("\r")),
        ("t.csv", "utf-16", lambda text: "sep=;\r\n" + text),
        ("t.csv", "utf-8", lambda text: text.replace("\r\n01", "\r\n;;;;;\r\n\r\n01", 1)),
        ("t.csv", "utf-8", lambda text: text.replace("\r\n", ";\r\n").replace(";\r\n", "\r\n", 1)),
        ("t.tsv", "utf-8", lambda text: text.replace(";", "\t").replace("; ü", ": ü")),
    ],
    ids=["CRLF", "mark and CR", "UTF-16 and sep=", "blank rows", "separator at the end", "tabs"],
)
def test_text_stays_as_it_is_written(tmp_path, lines, fitted, name, encoding, change):
    old, new = tmp_path / name, tmp_path / f"new_{name}"
    old.write_bytes(change(lines).encode(encoding))
    before = old.read_bytes()
    export_fit(fitted(load_table(old, **READ)), old, new)
    assert old.read_bytes() == before
    cells, dialect = read_raw(old)
    both, again = read_raw(new)
    assert (again.encoding, again.separator) == (dialect.encoding, dialect.separator)
    pd.testing.assert_frame_equal(both.iloc[:, : cells.shape[1]], cells)
    assert both["model_p_left"].iloc[3] == "0.05263157895"
    assert both["model_p_left"].iloc[0] == ""
    text = before.decode(encoding).splitlines()
    assert all(a.startswith(b) for a, b in
               zip(new.read_bytes().decode(encoding).splitlines(), text, strict=True))  # fmt: skip


def test_decimal_commas_and_packed_files_go_on(tmp_path, table, fitted):
    table["cue"] = table["cue"].map(lambda each: str(each).replace(".", ","))
    table.to_csv(tmp_path / "t.csv.gz", index=False, sep=";")
    fit = fitted(load_table(tmp_path / "t.csv.gz", **READ, decimal=","))
    (new,) = export_fit(fit, tmp_path / "t.csv.gz", tmp_path / "new.csv.xz", prefix="m ")
    cells, dialect = read_raw(new)
    assert dialect.compression == "xz"
    assert cells["m p_left"].iloc[3] == "0,05263157895"


@pytest.mark.parametrize("package", ["openpyxl", "pyarrow"])
def test_sheets_and_parquet_stay_what_they_are(tmp_path, table, fitted, package):
    pytest.importorskip(package)
    old, how = tmp_path / "t.parquet", {}
    if package == "openpyxl":
        old, how = tmp_path / "t.xlsx", {"sheet": "trials"}
        with pd.ExcelWriter(old) as file:
            table[:2].to_excel(file, sheet_name="notes", index=False)
            table.to_excel(file, sheet_name="trials", index=False)
    else:
        table.to_parquet(old)
    fit = fitted(load_table(old, **READ, **how))
    (new,) = export_fit(fit, old, tmp_path / f"new{old.suffix}")
    both, dialect = read_raw(new, **how)
    assert dialect.kind in ("Excel", "Parquet")
    pd.testing.assert_frame_equal(both[[*table]], read_raw(old, **how)[0])
    assert both["model_linear_regime"].tolist()[:5] == ["", "", "", "0", "1"]


def test_several_files_go_into_a_folder(tmp_path, table, fitted):
    paths = [tmp_path / f"sub-{name}.csv" for name in ("02", "01")]
    for path in paths:
        table[table["ID"] == path.stem[-2:]].drop(columns="ID").to_csv(path, index=False)
    read = READ | {"columns": READ["columns"] | {"subject": "subject"}}
    fit = fitted(load_table(str(tmp_path / "*.csv"), file_name="sub-{subject}.csv", **read))
    new = export_fit(fit, paths, tmp_path / "new")
    assert [path.name for path in new] == ["sub-02.csv", "sub-01.csv"]
    left = [pd.read_csv(path)["model_p_left"].iloc[3] for path in new]
    np.testing.assert_allclose(left, [10 / 19, 1 / 19])
    assert pd.read_csv(export_fit(fit, paths[0], tmp_path / "one.csv")[0])["n"].tolist()[-1] == 12
    paths[0].rename(tmp_path / "x.csv").write_text("n,resp\n1,f\n")
    with pytest.raises(DataError, match=r"file 'x.csv' is unknown.*the fit was made from sub-01"):
        export_fit(fit, [tmp_path / "x.csv", paths[1]], tmp_path / "other")


def test_names_are_put_above_a_table_without_them(tmp_path, fitted):
    lines = [f"s{k // 4},{k % 2},0.{k % 3 + 1}" for k in range(8)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    fit = fitted(load_table(tmp_path / "t.csv", {"subject": "1", "choice": "2", "cue": "3"}))
    (new,) = export_fit(fit, tmp_path / "t.csv", tmp_path / "new.csv")
    written = new.read_text().splitlines()
    assert written[0].startswith("1,2,3,model_fold,")
    assert all(a.startswith(f"{b},fold ") for a, b in zip(written[1:], lines, strict=True))


def test_json_becomes_text(tmp_path, table, fitted):
    table.to_json(tmp_path / "t.json", orient="records")
    fit = fitted(load_table(tmp_path / "t.json", **READ))
    with pytest.raises(DataError, match=r"JSON records becomes text: .* \.csv or \.tsv"):
        export_fit(fit, tmp_path / "t.json", tmp_path / "new.json")
    (new,) = export_fit(fit, tmp_path / "t.json", tmp_path / "new.csv")
    with new.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["note"] for row in rows] == table["note"].str.strip().tolist()
    assert rows[3]["model_fold"] == "fold 0"


def test_names_that_are_taken_are_refused_before_anything_is_computed(
    tmp_path, table, fitted, monkeypatch
):
    monkeypatch.setattr("neuroalrnn.export.write.describe_trials", None)
    fit, taken = fitted(from_frame(table, **READ)), "there is a column 'model_p_right' already"
    path = tmp_path / "t.csv"
    table.assign(model_p_right=0).to_csv(path, index=False)
    with pytest.raises(DataError, match=rf"(?s)t\.csv.*{taken}"):
        export_fit(fit, path, tmp_path / "new.csv")
    with pytest.raises(DataError, match=taken):
        export_fit(fit, table.assign(model_p_right=0))
    epochs = epochs_of(table.assign(model_p_right=0, resp=table["resp"].replace("none", "f")))
    epochs.save(tmp_path / "a-epo.fif", verbose="error")
    options = {"labels": READ["labels"], "columns": READ["columns"]}
    fit = fitted(load_epochs(tmp_path / "a-epo.fif", **options))
    with pytest.raises(DataError, match=taken):
        export_fit(fit, tmp_path / "a-epo.fif", tmp_path / "b-epo.fif")


def test_options_that_are_called_as_other_columns_are_refused(table, fitted):
    fit = fitted(from_frame(table, **READ | {"labels": {"f": "choice", "j": "right"}}))
    with pytest.raises(DataError, match="'model_p_choice' would be the name of two new columns"):
        export_fit(fit, table)


def test_names_of_new_files_say_what_is_in_them(tmp_path, lines, fitted, monkeypatch):
    monkeypatch.setattr("neuroalrnn.export.write.describe_trials", None)
    path = tmp_path / "t.csv"
    path.write_text(lines, newline="")
    fit = fitted(load_table(path, **READ))
    for name in ("new.xlsx", "new.csv.zip"):
        with pytest.raises(DataError, match=r"delimited text stays text: .* \.csv or \.tsv"):
            export_fit(fit, path, tmp_path / name)
    (found,) = not_written_as("new.parquet", "t.xlsx", "Excel")
    assert "becomes text: call the new file .xlsx, .csv or .tsv" in found
    for new, old, kind in (("a.xlsx", "b.xlsx", "Excel"), ("a.tsv.gz", "b.parquet", "Parquet"),
                           ("a", "b.csv", "delimited text")):  # fmt: skip
        assert not_written_as(new, old, kind) == []


def test_tables_that_say_nothing_of_their_trials_are_refused(tmp_path, table, fitted):
    fit = fitted(from_frame(table, **READ))
    with pytest.raises(DataError, match="no column 'resp', of which choices were read"):
        export_fit(fit, table[["note"]])
    with pytest.raises(DataError, match="more than one column 'ID'"):
        export_fit(fit, pd.concat([table, table["ID"]], axis=1))
    with pytest.raises(ResultError, match="out: leave it out, as an object is returned"):
        export_fit(fit, table, tmp_path / "new.csv")
    with pytest.raises(DataError, match="path = None: expected a path"):
        export_fit(fit, None, tmp_path / "new.csv")


def moved(text):
    rows = text.splitlines(keepends=True)
    rows[5], rows[6] = rows[6], rows[5]
    return "".join(rows)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (moved, "column 'n' does not fit 2 of 18 trials, first in row 4: '6'"),
        (lambda text: text.replace("01;main", "1;main", 1), "'ID' does not fit 1 of 18 .* row 3"),
        (lambda text: text.replace("11;-1.0;j", "11;-1.0;f"), "'resp' does not fit 2 of 18 trials"),
        (lambda text: text[: text.rindex("\r\n02") + 2], "has 23 rows, and had 24 when"),
        (lambda text: text.replace("note", "model_fold"), "there is a column 'model_fold' already"),
    ],
    ids=["moved", "another subject", "another choice", "a row less", "a column of this name"],
)
def test_other_tables_are_refused_in_one_error(tmp_path, lines, fitted, change, found):
    path = tmp_path / "t.csv"
    path.write_text(lines, newline="")
    fit = fitted(load_table(path, **READ))
    path.write_text(change(lines), newline="")
    with pytest.raises(DataError, match=found):
        export_fit(fit, path, tmp_path / "new.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]


def test_files_that_are_there_stay(tmp_path, lines, fitted):
    path = tmp_path / "t.csv"
    path.write_text(lines, newline="")
    fit = fitted(load_table(path, **READ))
    with pytest.raises(ResultError, match=r"t\.csv is what the trials were read from, and stays"):
        export_fit(fit, path, path, overwrite=True)
    (tmp_path / "new.csv").touch()
    with pytest.raises(ResultError, match=r"new\.csv exists: overwrite it"):
        export_fit(fit, path, tmp_path / "new.csv")
    with pytest.raises(ResultError, match="name the new file"):
        export_fit(fit, path)


def test_fits_that_know_no_rows_are_told_them(table, fitted):
    trials = from_frame(table, **READ)
    fit = fitted(trials.drop_vars("table_row").isel(trial=slice(2, None)))
    with pytest.raises(DataError, match=r"do not say which rows they are .*pass trials="):
        export_fit(fit, table)
    with pytest.warns(DataWarning, match="functional regimes are left out: none were looked for"):
        back = export_fit(fit, table, trials=trials)
    assert (
        back["model_p_left"].notna().tolist() == [False] * 5 + [True] * 7 + [False] * 3 + [True] * 9
    )
    recoded = trials.assign(choice=trials["choice"].copy(data=1 - trials["choice"].values))
    with pytest.raises(DataError, match="another choice was made on trials 0, 1"):
        export_fit(fit, table, trials=recoded)
    with pytest.raises(DataError, match="no session of the fit is there"):
        export_fit(fit, table, trials=trials.assign_coords(session=("trial", ["x"] * 18)))


def nwb_file(path, table):
    """A file with trials, as pynwb writes them."""
    with h5py.File(path, "w") as file:
        file["identifier"] = "day 1"
        trials = file.create_group("intervals/trials")
        trials.attrs["colnames"] = list(table)
        trials["id"] = np.arange(len(table))
        for name in table:
            values = table[name].to_numpy()
            kind = h5py.string_dtype() if table[name].dtype.kind not in "fi" else None
            column = trials.create_dataset(name, data=values.astype(object) if kind else values,
                                           dtype=kind)  # fmt: skip
            column.attrs["neurodata_type"], column.attrs["namespace"] = "VectorData", "core"
    return path


def test_a_copy_of_an_nwb_file_gets_columns(tmp_path, table, fitted):
    old, new = nwb_file(tmp_path / "s.nwb", table), tmp_path / "new.nwb"
    before = old.read_bytes()
    fit = fitted(load_nwb(old, READ["columns"], **{k: READ[k] for k in READ if k != "columns"}))
    assert export_fit(fit, old, new) == [new]
    assert old.read_bytes() == before
    with h5py.File(new) as file:
        trials = file["intervals/trials"]
        names = trials.attrs["colnames"].tolist()
        assert names[: len(table.columns)] == list(table)
        assert names[-2:] == ["model_linear_regime", "model_linear_switches"]
        regime = trials["model_linear_regime"]
        np.testing.assert_array_equal(regime[:5], [np.nan, np.nan, np.nan, 0, 1])
        assert {*regime.attrs} == {"namespace", "neurodata_type", "object_id", "description"}
        assert regime.attrs["namespace"] == "core"
        assert "linear regime at the choice, held out" in regime.attrs["description"]
        assert trials["model_fold"].asstr()[:4].tolist() == ["", "", "", "fold 0"]
    with pytest.raises(DataError, match="there is a column 'model_fold' already"):
        export_fit(fit, new, tmp_path / "again.nwb")


def epochs_of(table):
    info = mne.create_info(["Fz"], 100.0, "eeg")
    signal = np.zeros((len(table), 1, 5))
    return mne.EpochsArray(signal, info, metadata=table, verbose="error")


# of MNE with a recent pandas
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_epochs_get_columns_of_metadata(tmp_path, table, fitted):
    epochs = epochs_of(table.assign(resp=table["resp"].replace("none", "f")))
    options = {"labels": READ["labels"], "columns": READ["columns"]}
    fit = fitted(from_epochs(epochs, **options))
    kept = epochs[[0, 4, 20]]
    back = export_fit(fit, kept)
    pd.testing.assert_frame_equal(back.metadata[list(table)], kept.metadata)
    np.testing.assert_allclose(back.metadata["model_p_left"], [1 / 25, 5 / 25, 21 / 25])
    assert list(kept.metadata) == list(table)
    path = tmp_path / "a-epo.fif"
    epochs.save(path, verbose="error")
    fit = fitted(load_epochs(path, **options))
    (new,) = export_fit(fit, path, tmp_path / "b-epo.fif")
    metadata = mne.read_epochs(new, verbose="error").metadata
    assert metadata["model_linear_regime"].tolist()[:3] == [0, 1, 0]


def test_command_reads_again_where_rows_are_not_known(tmp_path, lines, fitted, run):
    path = tmp_path / "t.csv"
    path.write_text(lines, newline="")
    (tmp_path / "run.toml").write_text(
        '[data]\npath = "t.csv"\nlabels = {f = "left", j = "right"}\nkeep = {phase = "main"}\n'
        'columns = {subject = "ID", trial = "n", choice = "resp", cue = "cue"}\n'
        'missing = {choice = ["none"]}\n'
    )
    fitted(load_table(path, **READ).drop_vars("table_row")).save(tmp_path / "fit.nc")
    code, _, error = run("export", tmp_path / "fit.nc", path, "--out", tmp_path / "a.csv")
    assert code == 2
    assert "--run" in error
    options = ("--run", tmp_path / "run.toml", "--out", tmp_path / "a.csv")
    code, output, _ = run("export", tmp_path / "fit.nc", *options)
    assert (code, output) == (0, f"written: {tmp_path / 'a.csv'}\n")
    assert pd.read_csv(tmp_path / "a.csv", sep=";")["model_fold"].notna().sum() == 18
