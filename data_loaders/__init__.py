"""Named datasets, each turned into the same labelled trials."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import xarray as xr

from data_loaders import formats
from data_loaders.named import Named
from neuroalrnn.arguments import not_one_of, refuse
from neuroalrnn.exceptions import DataError, problems


def _find_datasets() -> dict[str, Named]:
    """One for each file beside this one, so that a new file is a new dataset."""
    beside = [each.name for each in iter_modules(__path__) if not each.ispkg]
    names = sorted(name for name in beside if not name.startswith("_"))
    return {name: import_module(f"{__name__}.{name}").NAMED for name in names}


DATASETS = _find_datasets()


def load(name: str, **options: Any) -> xr.Dataset:
    """Load a named dataset as labelled trials.

    Parameters
    ----------
    name : str
        Name of the dataset, one of `DATASETS`, which says of each what it is, its licence and size,
        and whether it comes with the package or is downloaded when it is first loaded.
    **options : anything
        Arguments of the loader of that dataset, ``DATASETS[name].load``. Those that are downloaded
        have ``path``, a folder that holds the files already.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.

    Raises
    ------
    DataError
        No dataset has this name; the message names the nearest. Or its files cannot be downloaded;
        the message says how to get them by hand.

    Examples
    --------
    >>> import data_loaders
    >>> data_loaders.load("pratte2010").sizes["trial"]
    27360
    """
    refuse("load", not_one_of("dataset", name, DATASETS), DataError)
    trials = DATASETS[name].load(**options)
    count, expected = trials.sizes["trial"], DATASETS[name].trials
    if count != expected:
        found = f"{count} trials where {expected} are expected: its folder holds other files, too"
        raise problems(DataError, name, [found])
    return trials


__all__ = ["DATASETS", "formats", "load"]
