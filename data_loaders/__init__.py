"""Named datasets and file formats, each turned into the same labelled trials."""

import xarray as xr

from data_loaders.dezfouli2019 import load_dezfouli2019
from data_loaders.miller_rats import load_miller_rats
from data_loaders.pratte2010 import load_pratte2010
from neuroalrnn.arguments import not_one_of, refuse
from neuroalrnn.exceptions import DataError

DATASETS = {
    "pratte2010": load_pratte2010,
    "miller_rats": load_miller_rats,
    "dezfouli2019": load_dezfouli2019,
}


def load(name: str, **options) -> xr.Dataset:
    """Load a named dataset as labelled trials.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    **options
        Passed to the loader of that dataset.

    Returns
    -------
    trials : xarray.Dataset

    Raises
    ------
    DataError
        If no dataset has this name; the message names the nearest.
    """
    refuse("load", not_one_of("dataset", name, DATASETS), DataError)
    return DATASETS[name](**options)


__all__ = ["DATASETS", "load", "load_dezfouli2019", "load_miller_rats", "load_pratte2010"]
