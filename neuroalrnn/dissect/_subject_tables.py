"""Tidy tables of a dissection of trials of subjects."""

from itertools import product

import numpy as np
import pandas as pd

FREQUENCY = "class frequency"
KEYS = ["n_latent", "n_train_subjects"]


def make_subject_tables(dataset):
    """All tables by name.

    Parameters
    ----------
    dataset : xarray.Dataset

    Returns
    -------
    dict of str to pandas.DataFrame
    """
    places = list(product(dataset["n_latent"].values, dataset["n_train"].values))
    cells = [
        (dict(zip(KEYS, k, strict=True)), dataset.sel(n_latent=k[0], n_train=k[1])) for k in places
    ]
    return {
        "subject_performance": pd.DataFrame([row for at, own in cells for row in _rows(at, own)]),
        "subject_contrasts": _contrasts(cells),
        "subject_chosen": pd.DataFrame([at | _chosen(own) for at, own in cells]),
        "subject_restarts": _restarts(dataset),
    }


def _usable(own):
    """Values of P that were fitted."""
    return [
        int(p) for p in own["n_pwl"].values if own["log_likelihood"].sel(n_pwl=p).notnull().any()
    ]


def _rows(at, own):
    """One row per P: held-out scores, means over subjects."""
    frequency = own["class_frequency"].values
    for n_pwl in _usable(own):
        score = own["log_likelihood"].sel(n_pwl=n_pwl).values
        known = np.isfinite(score)
        gain = (score - frequency)[known]
        yield at | {
            "n_pwl": n_pwl, "n_subjects": int(known.sum()),
            "subject_score": score[known].mean(), "subject_error": _error(score[known]),
            "accuracy": float(own["accuracy"].sel(n_pwl=n_pwl).mean()),
            "frequency_score": frequency[known].mean(), "subject_gain": gain.mean(),
            "subject_gain_error": _error(gain),
        }  # fmt: skip


def _error(values):
    """Standard error; NaN of a single subject."""
    return values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan


def _contrasts(cells):
    """Every P minus the largest, over the same held-out subjects."""
    rows = []
    for at, own in cells:
        *others, last = _usable(own)
        full = own["log_likelihood"].sel(n_pwl=last).values
        for n_pwl in others:
            gap = own["log_likelihood"].sel(n_pwl=n_pwl).values - full
            gap = gap[np.isfinite(gap)]
            told = {"difference": gap.mean(), "difference_standard_error": _error(gap)}
            rows.append(at | {"n_pwl": n_pwl, "other_n_pwl": last, "n_subjects": len(gap)} | told)
    names = [*KEYS, "n_pwl", "other_n_pwl", "n_subjects"]
    return pd.DataFrame(rows, columns=[*names, "difference", "difference_standard_error"])


def _chosen(own):
    """Best and sufficient P in most folds, the smaller one of a tie."""
    return {
        f"{name}_n_pwl": int(pd.Series(own[variable].values).mode().iloc[0])
        for name, variable in (("best", "n_pwl_best"), ("sufficient", "n_pwl_chosen"))
    }


def _restarts(dataset):
    """Validation score of every restart in every fold."""
    frame = dataset[["validation_score", "diverged"]].to_dataframe().reset_index()
    frame = frame[frame["diverged"].notna()].rename(columns={"n_train": KEYS[1]})
    frame = frame.rename(columns={"validation_score": "choice_validation_score"})
    names = [*KEYS, "n_pwl", "fold", "restart", "choice_validation_score", "diverged"]
    return frame[names].astype({"diverged": bool})
