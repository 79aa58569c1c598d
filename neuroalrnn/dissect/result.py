"""A finished dissection: one dataset of networks, curves and scores, and the tables made of it."""

import json
from functools import cached_property
from pathlib import Path

import xarray as xr

from neuroalrnn.dissect import _subject_tables, _tables
from neuroalrnn.exceptions import ResultError
from neuroalrnn.netcdf import read_netcdf, storable, write_netcdf
from neuroalrnn.network import Network
from neuroalrnn.store import replace_file

FORMAT = "neuroalrnn dissection 1"
OF_SUBJECTS = "neuroalrnn dissection of subjects 1"


class Dissection:
    """A task dissected: what networks from linear to fully rectified make of it.

    Parameters
    ----------
    dataset : xarray.Dataset
        Weights, learning curves, scores on test trials, and what taking the networks apart gave;
        dims (n_train, n_pwl, restart, ...). ``attrs`` say what was asked, and the floor and the
        ceiling of every score.

    Attributes
    ----------
    dataset : xarray.Dataset
        The same.
    tables : dict of str to pandas.DataFrame
        Tidy tables, see docs/tables.md.
    """

    def __init__(self, dataset):
        if dataset.attrs.get("format") not in (FORMAT, OF_SUBJECTS):
            raise ResultError(f"not a {FORMAT!r} file: dissect again, or check the path")
        self.dataset = dataset

    def __repr__(self):
        names = ("n_train", "n_pwl", "restart")
        sizes = ", ".join(f"{self.dataset.sizes[d]} {d}" for d in names)
        return f"Dissection of {self.dataset.attrs['task']!r}: {sizes}"

    @property
    def is_of_subjects(self):
        """Whether trials of subjects were dissected, not a task."""
        return self.dataset.attrs["format"] == OF_SUBJECTS

    @cached_property
    def asked(self):
        """What was asked, by name."""
        return json.loads(self.dataset.attrs["asked"])

    @cached_property
    def known(self):
        """Of the main ``measure``: ``floor``, ``ceiling``, ``solved``; P of an exact solution."""
        return json.loads(self.dataset.attrs["known"])

    @cached_property
    def tables(self):
        """Tidy tables by name."""
        if self.is_of_subjects:
            made = _subject_tables.make_subject_tables(self.dataset)
            return {name: _tables.in_order(name, table) for name, table in made.items()}
        return _tables.make_tables(self)

    def network(self, n_pwl, restart, n_train=None):
        """One of the trained networks.

        Parameters
        ----------
        n_pwl : int
            Its number of PWL units.
        restart : int
            Position of the restart.
        n_train : int, optional
            Size of its training set; by default the largest.

        Returns
        -------
        Network
        """
        size = int(self.dataset["n_train"][-1]) if n_train is None else n_train
        found = self.dataset.sel(n_pwl=n_pwl, n_train=size).isel(restart=restart)
        names = Network._fields[1:]
        return Network(n_pwl, *(found[name].values.astype(float) for name in names))

    def save(self, path, *, overwrite=False):
        """Write everything to one netCDF file.

        Parameters
        ----------
        path : path-like
            The file.
        overwrite : bool
            Replace a file that exists.

        Raises
        ------
        ResultError
            The file exists and `overwrite` is false, or cannot be written.
        """
        path = Path(path)
        if path.exists() and not overwrite:
            raise ResultError(f"{path} exists; pass overwrite=True to replace it")
        packed = {name: {"zlib": True, "complevel": 4} for name in _packed(self.dataset)}
        tree = xr.DataTree(storable(self.dataset))
        replace_file(path, write_netcdf(tree, {"/": packed}))

    @classmethod
    def load(cls, path):
        """Read what `save` wrote.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        Dissection
        """
        return cls(read_netcdf(path, xr.load_dataset, ResultError, "dissection"))


def _packed(dataset):
    return [
        name for name, each in dataset.data_vars.items() if each.dtype.kind == "f" and each.ndim
    ]
