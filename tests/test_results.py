"""A saved fit: atomic, refused when damaged, re-analysed in a process without torch."""

import errno
import json
import subprocess
import sys
import zlib
from contextlib import suppress

import h5py
import numpy as np
import pytest
import xarray as xr

from neuroalrnn.exceptions import ResultError
from neuroalrnn.netcdf import SEAL
from neuroalrnn.questions import analyse
from neuroalrnn.results import Fit

ELSEWHERE = """
import importlib.abc, json, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("torch", "numba"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from neuroalrnn.questions import analyse
from neuroalrnn.results import Fit
found = analyse(Fit.load(sys.argv[1]), conditions=["rule"], rule="rule")
tables = {name: table.to_csv(index=False) for name, table in found.tables.items()}
print(json.dumps({"tables": tables, "regimes": found.linear.regimes.values.tolist()}))
"""


def test_a_fresh_process_without_torch_finds_the_same_regimes_and_tables(fit, tmp_path):
    fit.save(tmp_path / "fit.nc")
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "fit.nc")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    elsewhere = json.loads(done.stdout)
    here = analyse(fit, conditions=["rule"], rule="rule")
    np.testing.assert_array_equal(here.linear.regimes.values, elsewhere["regimes"])
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

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ResultError, match=r"fit.nc cannot be written, the disk is full: make room"):
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
    assert fit.encoding["choice_event"] == "response"


@pytest.fixture(scope="module")
def saved(fit, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "fit.nc"
    fit.save(path)
    return path


def test_what_is_loaded_is_what_was_saved_to_the_last_bit(fit, saved, tmp_path):
    loaded = Fit.load(saved)
    for node in ("parameters", "history", "selection", "predictions", "splits"):
        assert getattr(loaded, node).identical(getattr(fit, node)), node
    loaded.save(tmp_path / "again.nc")
    assert Fit.load(tmp_path / "again.nc").tree.identical(loaded.tree)


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_is_one_clear_error_or_changes_nothing(seed, fit, saved, tmp_path):
    data, rng = bytearray(saved.read_bytes()), np.random.default_rng(seed)
    data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    (tmp_path / "flipped.nc").write_bytes(data)
    with suppress(ResultError):
        assert Fit.load(tmp_path / "flipped.nc").tree.identical(Fit.load(saved).tree)


def _other_value(file):
    file["scores/log_likelihood"][0, 0] += 1e-12


def _other_attribute(file):
    file.attrs["config"] = file.attrs["config"].replace("0", "1")


def _other_type(file):
    values = file["splits/fold"][:].astype("i2")
    del file["splits/fold"]
    file["splits"].create_dataset("fold", data=values)


def _no_checksums(file):
    del file.attrs["checksums"]


def _no_json(file):
    file.attrs["checksums"] = "["


def _external_link(file):
    file["scores/more"] = h5py.ExternalLink("elsewhere.nc", "/")


def _soft_link(file):
    file["scores/more"] = h5py.SoftLink("/scores")


def _link_cycle(file):
    file["scores/again"] = file["/"]


def _external_storage(file):
    file.create_dataset("scores/far", shape=(4,), dtype="f8", external=[("far.bin", 0, 32)])


def _virtual(file):
    layout = h5py.VirtualLayout(shape=(4,), dtype="f8")
    layout[:] = h5py.VirtualSource("far.h5", "x", shape=(4,))
    file.create_virtual_dataset("scores/virtual", layout)


def _enormous(file):
    file.create_dataset("scores/enormous", shape=(2**40,), dtype="f8", chunks=(2**20,))


def _enormous_chunks(file):
    large = file.create_dataset("large", (2**27,), "f8", chunks=(2**27,), compression="gzip")
    large.id.write_direct_chunk((0,), zlib.compress(bytes(10)))


def _foreign_filter(file):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((4,))
    properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple((4,))
    h5py.h5d.create(file["scores"].id, b"z", h5py.h5t.IEEE_F64LE, space, properties)


EDITS = {
    _other_value: "/scores do not match",
    _other_attribute: "damaged, or was changed after it was saved: / do not match",
    _other_type: "/splits do not match|not a readable fit",
    _no_checksums: "carries no checksums",
    _no_json: "its checksums cannot be read",
    _external_link: "/scores/more is a link to another place or file",
    _soft_link: "/scores/more is a link to another place or file",
    _link_cycle: "/scores/again is a group met before",
    _external_storage: "/scores/far lies in another file",
    _virtual: "/scores/virtual is made of other variables or files",
    _enormous: "would unpack to 8.8e[+]12 bytes",
    _enormous_chunks: "would unpack to 1.07e[+]09 bytes",
    _foreign_filter: "/scores/z needs the filter 32015",
}


@pytest.mark.parametrize(("edit", "message"), EDITS.items(), ids=[edit.__name__ for edit in EDITS])
def test_an_edited_file_is_one_clear_error(edit, message, saved, tmp_path):
    path = tmp_path / "edited.nc"
    path.write_bytes(saved.read_bytes())
    with h5py.File(path, "r+") as file:
        edit(file)
    with pytest.raises(ResultError, match=message):
        Fit.load(path)


@pytest.mark.parametrize("place", np.linspace(0, 1, 30))
def test_no_flipped_bit_reaches_the_library_that_may_loop_over_it(place, saved, tmp_path):
    data = bytearray(saved.read_bytes())
    data[int(place * (data.rindex(SEAL) - 1))] ^= 32
    (tmp_path / "flipped.nc").write_bytes(data)
    with pytest.raises(ResultError, match="is damaged, or was changed after it was saved"):
        Fit.load(tmp_path / "flipped.nc")


def test_a_file_that_was_only_opened_and_packed_anew_still_loads(saved, tmp_path):
    path = tmp_path / "opened.nc"
    path.write_bytes(saved.read_bytes())
    with h5py.File(path, "r+"):
        pass
    assert Fit.load(path).tree.identical(Fit.load(saved).tree)
