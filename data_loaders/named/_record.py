"""What is known of a named dataset before it is loaded."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.data import SCHEMA_VERSION

STATED = ("task", "species", "source", "licence", "citation")
COMPRESSION = {"gz": "gzip", "xz": "xz"}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A dataset that is loaded by its name; a file of `data_loaders` holds one, as ``NAMED``.

    Parameters
    ----------
    load : callable
        Returns labelled trials.
    task : str
        What subjects do.
    species : str
        Who they are.
    subjects, sessions, trials, scored : int
        How many there are.
    licence : str
        Licence, and where its text is.
    citation : str
        Publication that users cite.
    source : str
        Where the data come from, and whether they were changed.
    embedded : tuple of str
        Files that come with the package, in ``data_loaders/files``.
    address : str
        Where the other files are downloaded from; empty where all are embedded.
    sha256 : dict of str to str
        SHA-256 of each of them by its path below the address.
    download_bytes : int
        How many bytes they have together.
    """

    load: Callable[..., xr.Dataset]
    task: str
    species: str
    subjects: int
    sessions: int
    trials: int
    scored: int
    licence: str
    citation: str
    source: str
    embedded: tuple[str, ...] = ()
    address: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict, repr=False)
    download_bytes: int = 0

    @property
    def size(self) -> int:
        """Number of bytes that its files have, compressed ones as they are."""
        own = sum(len(_embedded(name).read_bytes()) for name in self.embedded)
        return own + self.download_bytes

    def attrs(self, **more: Any) -> dict[str, Any]:
        """Make the attributes of its trials.

        Parameters
        ----------
        **more : anything that JSON holds
            Further attributes, such as ``encoding`` and ``notes``; lists and dicts become JSON.

        Returns
        -------
        attrs : dict
            Attributes by name.
        """
        own = {name: getattr(self, name) for name in STATED} | {"schema_version": SCHEMA_VERSION}
        return own | {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in more.items()
        }


def count_reasons(reasons: Sequence[str], reason: np.ndarray) -> list[dict[str, Any]]:
    """Count trials that are not scored, by the reason why.

    Parameters
    ----------
    reasons : sequence of str
        All reasons there are.
    reason : ndarray of str, shape (trial,)
        The reason of each trial, or another text.

    Returns
    -------
    counts : list of dict
        ``reason`` and ``n_trials`` of each, for the attribute ``unscored``.
    """
    return [{"reason": text, "n_trials": int((reason == text).sum())} for text in reasons]


def read_embedded(name: str, **options: Any) -> pd.DataFrame:
    """Read a compressed table that comes with the package.

    Parameters
    ----------
    name : str
        Name of a file in ``data_loaders/files``.
    **options : anything
        Arguments of `pandas.read_csv`.

    Returns
    -------
    table : pandas.DataFrame
        The table.
    """
    kind: Any = COMPRESSION[name.rpartition(".")[2]]
    with _embedded(name).open("rb") as packed:
        return pd.read_csv(packed, compression=kind, **options)


def _embedded(name):
    return files("data_loaders") / "files" / name
