"""Design matrices of the logistic baselines, from terms such as ``"choice[-1]:reward[-1]"``."""

import re
from collections.abc import Sequence
from functools import cache, partial, reduce
from itertools import product

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, not_names
from neuroalrnn.data.coding import coded
from neuroalrnn.data.lags import earlier, reaches
from neuroalrnn.data.schema import (
    is_after_choice,
    no_number,
    not_trials,
    session_number,
    trial_variables,
)
from neuroalrnn.exceptions import DataError, problems

FACTOR = re.compile(r"(?P<name>[^\[\]:]+?)(?:\[-(?P<lag>\d+)\])?")


@checked(DataError, trials=not_trials, terms=not_names)
def design(trials: xr.Dataset, terms: Sequence[str]) -> pd.DataFrame:
    """Build a design matrix with one column per term.

    A term is a product of factors joined by ``":"``. A factor is a variable, or ``name[-k]``: its
    value k trials earlier in the same session. All trials of the dataset count, scored or not; a
    lag that reaches beyond the start of the session, or over trials that were removed (unless
    ``attrs["encoding"]`` sets ``lag_over_gaps``), is 0, and so is a missing value.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials, see `validate`.
    terms : sequence of str
        Terms such as ``["word", "context:word", "choice[-1]:reward[-1]"]``.

    Returns
    -------
    matrix : pandas.DataFrame, shape (trial, term)
        Values of the terms. ``choice`` and ``correct`` are coded -1/+1 (a choice between more than
        2 options: one 0/1 column per option, ``choice=label``), and so is what ``attrs["coding"]``
        marks as "signed"; others, ``reward`` too, are as stored. The values of the data never
        change the coding. Baselines get a design of standardised trials.

    Raises
    ------
    DataError
        A term cannot be read, is unknown, or uses the outcome of its own trial; the message names
        all such terms.
    """
    columns, factor = {}, _factors(trials)
    for pairs in parse_terms(trials, terms):
        for factors in product(*(factor(name, lag) for name, lag in pairs)):
            name = ":".join(label for label, _ in factors)
            columns[name] = reduce(np.multiply, [value for _, value in factors])
    return pd.DataFrame(columns, index=pd.RangeIndex(trials.sizes["trial"], name="trial"))


def parse_terms(trials: xr.Dataset, terms: Sequence[str]) -> list[list[tuple[str, int]]]:
    """Read terms as lists of (variable, lag), see `design`.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    terms : sequence of str
        Terms such as ``"choice[-1]:reward[-1]"``.

    Returns
    -------
    parsed : list of list of (str, int)
        Variable and lag (in trials) of every factor of every term.

    Raises
    ------
    DataError
        A term cannot be read, is unknown, or uses the outcome of its own trial; the message names
        all such terms.
    """
    parsed, found, known = [], [], trial_variables(trials)
    for term in terms:
        factors = [FACTOR.fullmatch(part.strip()) for part in str(term).split(":")]
        pairs = [(factor["name"], int(factor["lag"] or 0)) for factor in factors if factor]
        if len(pairs) < len(factors):
            found.append(f"term {term!r}: expected factors 'name' or 'name[-k]' joined by ':'")
            continue
        found += [f"term {term!r}: {text}" for text in _check(trials, pairs, known)]
        parsed.append(pairs)
    if len(set(terms)) < len(terms):
        found.append("a term is named more than once")
    if found:
        raise problems(DataError, "design", found)
    return parsed


def _check(trials, pairs, known) -> list[str]:
    found = [no_number(trials, name, known) for name, _ in pairs if name not in known]
    for name, lag in pairs:
        if name in known and lag == 0 and is_after_choice(trials, name):
            found.append(f"{name!r} is known only after the choice: use a lag, '{name}[-1]'")
    return found


def _factors(trials):
    """A function that gives labels and values of a factor, which many terms share."""
    reach = cache(partial(reaches, trials, session=session_number(trials)))
    own = cache(partial(coded, trials))

    @cache
    def factor(name, lag):
        suffix = f"[-{lag}]" if lag else ""
        return [
            (label + suffix, earlier(values, lag, reach(lag)) if lag else values)
            for label, values in own(name)
        ]

    return factor
