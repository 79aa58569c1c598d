"""Trials as scikit-learn wants them: rows that can be counted and indexed."""

from typing import Any

import numpy as np
import xarray as xr

from neuroalrnn.data.names import texts
from neuroalrnn.data.schema import validate


class Rows:
    """Trials that scikit-learn can count and index, for its cross-validation and searches.

    An `xarray.Dataset` counts its variables and is indexed by their names; this counts trials and
    is indexed by their places.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials, see `validate`.

    Examples
    --------
    >>> import numpy as np
    >>> from neuroalrnn.tasks import simulate_agents
    >>> some = Rows(simulate_agents("logistic", 2, 50, rng=np.random.default_rng(0)))
    >>> some
    100 trials of 2 subjects
    >>> some[:50]
    50 trials of 1 subject
    """

    def __init__(self, trials: xr.Dataset):
        self.trials = validate(trials)

    def __len__(self) -> int:
        """Count the trials."""
        return self.trials.sizes["trial"]

    @property
    def shape(self) -> tuple[int]:
        """The number of trials, as the shape of an array."""
        return (len(self),)

    def __getitem__(self, key: Any) -> "Rows":
        """Choose trials as numpy would."""
        rows = np.arange(len(self))[key]
        return Rows(self.trials.isel(trial=np.atleast_1d(rows)))

    def __repr__(self) -> str:
        n_subjects = len(np.unique(texts(self.trials["subject"].values).astype(str)))
        return f"{len(self)} trials of {n_subjects} subject{'s' if n_subjects > 1 else ''}"


def trials_of(rows: xr.Dataset | Rows) -> xr.Dataset:
    """Return the trials behind rows, and trials as they are.

    Parameters
    ----------
    rows : xarray.Dataset or Rows
        Trials of either form.

    Returns
    -------
    trials : xarray.Dataset
        The trials themselves.
    """
    return rows.trials if isinstance(rows, Rows) else rows
