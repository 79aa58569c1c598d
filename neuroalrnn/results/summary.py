"""Scores of one model in a row, and how a fit is written: helpers of `neuroalrnn.results.Fit`."""

import numpy as np

# the networks that predict best, and those that are taken apart, where these are others
NETWORK, SUFFICIENT = "AL-RNN", "AL-RNN sufficient"
# the networks on top of the history regression, and, fold by fold, the average of those that
# validation subjects prefer
REGRESSION = "history-logistic"
ON_REGRESSION, CHOSEN = f"{NETWORK} on regression", f"{NETWORK} chosen"
# ends the name of an average over restarts, and of a model whose read-out learns its subject
ENSEMBLE, ADAPTIVE = " ensemble", " adaptive"


def further(table):
    """Columns of a fit that explains more than choices.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    list of str
    """
    return [name for name in table if name.startswith("log_likelihood_")]


def summarise_model(rows):
    """Scores of one model: the mean over trials is a ratio of subject sums, and so is its error.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per subject.

    Returns
    -------
    dict of str -> float
    """
    n, value = rows["n_trials"].to_numpy(), rows["log_likelihood"].to_numpy()
    share, n_subjects = n / n.sum(), len(n)
    pooled = float(share @ value)
    correction = n_subjects / (n_subjects - 1) if n_subjects > 1 else np.nan
    return {
        "n_subjects": n_subjects,
        "n_trials": n.sum(),
        "log_likelihood": pooled,
        "standard_error": float(np.sqrt(correction * np.sum((share * (value - pooled)) ** 2))),
        "subject_mean": float(value.mean()),
        "subject_standard_error": float(np.sqrt(correction) * value.std() / np.sqrt(n_subjects)),
        "bits": float(share @ rows["bits"]),
        "normalised_likelihood": float(np.exp(pooled)),
        "accuracy": float(share @ rows["accuracy"]),
    } | {name: float(share @ rows[name]) for name in further(rows)}


def compression(tree):
    """How the variables of a fit are written.

    Parameters
    ----------
    tree : xarray.DataTree

    Returns
    -------
    dict of str -> dict
    """
    return {
        node.path: {
            name: {"zlib": True, "complevel": 4}
            for name, variable in node.data_vars.items()
            if variable.ndim and variable.dtype.kind in "fiub"
        }
        for node in tree.subtree
        if node.data_vars
    }
