"""Trials of every format come back from netCDF as they were."""

import warnings

import pytest
import xarray as xr

from benchmarks.format_files import write_all
from data_loaders.formats import FORMATS, recognise
from neuroalrnn.exceptions import DataWarning

ROLES = {
    "v4.mat": {"subject": "file", "choice": "choice"},
    "v5.mat": {"subject": "subject", "choice": "choice", "rt": "rt"},
    "packed.mat": {"subject": "file", "choice": "choice"},
    "v73.mat": {"subject": "who", "choice": "choice", "rt": "rt"},
    "bpod.mat": {"subject": "file"},
    "day.nwb": {"subject": "subject", "choice": "choice", "session": "session"},
    "plain.npz": {"subject": "file", "choice": "choice"},
    "sub-01_events.tsv": {"choice": "response"},
    "_iblrig_taskData.raw.jsonable": {},
    "rat": {"choice": "choice"},
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    return {path.name: (path, *about) for path, about in write_all(folder).items()}


@pytest.mark.parametrize("name", ROLES)
def test_trials_come_back_from_netcdf(files, tmp_path, name):
    path, form, options = files[name]
    assert recognise(path) == form
    labels = {} if form in ("bpod", "alf") else {"labels": [0, 1, 2]}
    with warnings.catch_warnings():
        # small files are odd
        warnings.simplefilter("ignore", DataWarning)
        trials = FORMATS[form].load(path, ROLES[name], **options, **labels)
    trials.to_netcdf(tmp_path / "t.nc", engine="h5netcdf")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "t.nc", engine="h5netcdf"), trials)
