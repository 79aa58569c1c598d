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


def independent_units(fit):
    """What a statement about regimes and stimuli is replicated over, one label per trial.

    Subjects, unless several of them were held out together because they share a stimulus order:
    these see the same inputs through the same network, so that together they count once.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    array of str, shape (trial,)
    """
    subject = fit.trials["subject"].values.astype(str)
    group = fit.splits["group"].values.astype(str)
    pairs = pd.DataFrame({"subject": subject, "group": group}).drop_duplicates()
    return group if pairs["subject"].is_unique else subject


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
