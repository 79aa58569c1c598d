"""Tables by name: those that can be made, and why the others cannot."""

from functools import partial

import pandas as pd

from neuroalrnn.arguments import unknown
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.results.tables import conform
from neuroalrnn.running import attempt, progress_bar


class Tables(dict):
    """Tables by name, as a dict; one that is not there tells why, or names the nearest.

    Attributes
    ----------
    reasons : dict of str -> str
        Why a table could not be made.
    """

    def __init__(self, *tables):
        super().__init__(*tables)
        self.reasons = {}

    def __missing__(self, name):
        if name in self.reasons:
            raise NotTestableError(f"table {name!r}: {self.reasons[name]}")
        raise DataError(f"table {unknown(name, self)}")


def make_tables(jobs, *, prefix="", progress=False):
    """Make every table that can be made.

    Parameters
    ----------
    jobs : dict of (str or tuple of str) -> callable
        Each returns the table of that name, or several for several names. Tables have the columns
        and dtypes of `neuroalrnn.results.tables`.
    prefix : str
        Of the names in that schema.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Tables

    Warns
    -----
    IncompleteWarning
        If a table failed through a fault of this package.
    """
    tables = Tables()
    for key in progress_bar(jobs, desc="taking apart", unit="table", show=progress):
        names = (key,) if isinstance(key, str) else key
        made, reason = attempt(partial(_make, jobs[key], key, prefix), f"table {names[0]!r}")
        tables |= made or {}
        tables.reasons |= dict.fromkeys(names, reason) if reason else {}
    return tables


def _make(job, key, prefix):
    """What a job returns by its names, tables as the schema has them."""
    made = {key: job()} if isinstance(key, str) else dict(zip(key, job(), strict=True))
    return {
        name: conform(f"{prefix}{name}", each) if isinstance(each, pd.DataFrame) else each
        for name, each in made.items()
    }


def describe_missing(reasons):
    """Sentences about what could not be made; tables with one reason share a sentence.

    Parameters
    ----------
    reasons : dict of str -> str

    Returns
    -------
    list of str
    """
    shared = {}
    for name, reason in reasons.items():
        shared.setdefault(reason, []).append(name.replace("_", " "))
    return [f"{', '.join(names)}: {reason}" for reason, names in shared.items()]
