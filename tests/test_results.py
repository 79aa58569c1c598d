"""A saved fit: atomic, refused when damaged, re-analysed in a process without torch."""

import json
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.analysis import analyse
from neuroalrnn.exceptions import ResultError
from neuroalrnn.results import Fit

ELSEWHERE = """
import importlib.abc, json, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("torch", "numba"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from neuroalrnn.analysis import analyse
from neuroalrnn.results import Fit
found = analyse(Fit.load(sys.argv[1]), conditions=["rule"], rule="rule")
tables = {name: table.to_csv(index=False) for name, table in found.tables.items()}
print(json.dumps({"tables": tables, "regimes": found.regimes.values.tolist()}))
"""


def test_a_fresh_process_without_torch_finds_the_same_regimes_and_tables(fit, tmp_path):
    fit.save(tmp_path / "fit.nc")
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "fit.nc")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    elsewhere = json.loads(done.stdout)
    here = analyse(fit, conditions=["rule"], rule="rule")
    np.testing.assert_array_equal(here.regimes.values, elsewhere["regimes"])
    for name, table in here.tables.items():
        assert elsewhere["tables"][name] == table.to_csv(index=False), name


def test_an_existing_file_is_not_overwritten_unless_told(fit, tmp_path):
    path = tmp_path / "fit.nc"
    path.write_text("precious")
    with pytest.raises(ResultError, match=r"fit.nc exists; pass overwrite=True"):
        fit.save(path)
    assert path.read_text() == "precious"
    fit.save(path, overwrite=True)
    assert Fit.load(path).provenance == fit.provenance


def test_a_failed_save_leaves_the_old_file_and_no_debris(fit, tmp_path, monkeypatch):
    path = tmp_path / "fit.nc"
    fit.save(path)
    before = path.read_bytes()

    def broken(self, part, **kwargs):
        with open(part, "w") as file:
            file.write("half")
        raise OSError("disk full")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", broken)
    with pytest.raises(OSError, match="disk full"):
        fit.save(path, overwrite=True)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]


def test_a_missing_folder_is_named(fit, tmp_path):
    with pytest.raises(ResultError, match="nowhere is not a folder; create it first"):
        fit.save(tmp_path / "nowhere" / "fit.nc")


def test_a_missing_truncated_or_foreign_file_is_one_clear_error(fit, tmp_path):
    with pytest.raises(ResultError, match="no such file"):
        Fit.load(tmp_path / "fit.nc")
    fit.save(tmp_path / "fit.nc")
    whole = (tmp_path / "fit.nc").read_bytes()
    for size in (0, 100, len(whole) // 2, len(whole) - 1000):
        (tmp_path / "cut.nc").write_bytes(whole[:size])
        with pytest.raises(ResultError, match=r"not a readable fit|not a 'neuroalrnn fit 1' file"):
            Fit.load(tmp_path / "cut.nc")
    xr.Dataset({"x": ("t", [1.0])}).to_netcdf(tmp_path / "foreign.nc", engine="h5netcdf")
    with pytest.raises(ResultError, match="missing nodes: trials, parameters"):
        Fit.load(tmp_path / "foreign.nc")


def test_provenance_says_what_was_run(fit):
    assert set(fit.provenance) >= {"seconds", "versions", "dataset_sha256", "dtype", "git_commit"}
    assert fit.config["n_pwl"] == [0, 2]
    assert fit.config["encoding"]["choice_event"] == "response"
