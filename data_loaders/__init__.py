"""Named datasets, each turned into the same labelled trials."""

from typing import Any

import xarray as xr

from data_loaders import formats
from data_loaders.dezfouli2019 import load_dezfouli2019
from data_loaders.fontanesi2019 import load_fontanesi2019
from data_loaders.miller_rats import load_miller_rats
from data_loaders.pratte2010 import load_pratte2010
from neuroalrnn.arguments import not_one_of, refuse
from neuroalrnn.exceptions import DataError

DATASETS = {
    "pratte2010": load_pratte2010,
    "miller_rats": load_miller_rats,
    "dezfouli2019": load_dezfouli2019,
    "fontanesi2019": load_fontanesi2019,
}


def load(name: str, **options: Any) -> xr.Dataset:
    """Load a named dataset as labelled trials.

    Parameters
    ----------
    name : str
        Name of the dataset, one of `DATASETS`.
    **options : anything
        Arguments of the loader of that dataset.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.

    Raises
    ------
    DataError
        No dataset has this name; the message names the nearest.

    Examples
    --------
    >>> import data_loaders
    >>> data_loaders.load("pratte2010").sizes["trial"]
    27360
    """
    refuse("load", not_one_of("dataset", name, DATASETS), DataError)
    return DATASETS[name](**options)


__all__ = [
    "DATASETS",
    "formats",
    "load",
    "load_dezfouli2019",
    "load_fontanesi2019",
    "load_miller_rats",
    "load_pratte2010",
]
