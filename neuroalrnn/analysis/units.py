"""Which trials are compared with which, and what a statement is replicated over."""

import numpy as np
import pandas as pd

from neuroalrnn.data.schema import is_after_choice


def stimuli(fit):
    """Inputs known before the choice, in the order of the encoding.

    Returns
    -------
    list of str
    """
    return [
        name for name in fit.config["encoding"]["inputs"] if not is_after_choice(fit.trials, name)
    ]


def cells(trials, conditions):
    """Label of each trial's combination of conditions, such as ``"context=1, congruent=-1"``.

    Parameters
    ----------
    trials : xarray.Dataset
    conditions : list of str

    Returns
    -------
    array of str, shape (trial,)
    """
    if not conditions:
        return np.full(trials.sizes["trial"], "all")
    parts = [[f"{name}={value:g}" for value in trials[name].values] for name in conditions]
    return np.array([", ".join(values) for values in zip(*parts, strict=True)])


def is_independent(fit):
    """Trials of subjects that stand for themselves in statements about regimes and stimuli.

    Subjects that were held out together because they share a stimulus order see the same inputs
    through the same network: their regimes are (nearly) one sequence, not several. The first
    subject of each such group stands for all of it; elsewhere every subject counts.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    bool array, shape (trial,)
    """
    subject = fit.trials["subject"].values.astype(str)
    group = fit.splits["group"].values.astype(str)
    pairs = pd.DataFrame({"subject": subject, "group": group}).drop_duplicates()
    if not pairs["subject"].is_unique:
        return np.ones(len(subject), dtype=bool)
    return np.isin(subject, pairs.drop_duplicates("group")["subject"])


def session_labels(trials):
    """Label "subject/session" of every trial.

    Parameters
    ----------
    trials : xarray.Dataset

    Returns
    -------
    array of str, shape (trial,)
    """
    subject, session = (trials[name].values.astype(str) for name in ("subject", "session"))
    return np.char.add(np.char.add(subject, "/"), session)
