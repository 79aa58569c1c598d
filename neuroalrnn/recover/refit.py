"""Fit simulated choices again: one search over ``n_pwl`` on all subjects, without outer folds."""

import warnings
from contextlib import contextmanager

from neuroalrnn.config import Setting
from neuroalrnn.config.defaults import LOSS, MEMORY, RECOVERY
from neuroalrnn.data.notes import unlogged_notes
from neuroalrnn.exceptions import DataWarning, FitError
from neuroalrnn.study.final import train_final
from neuroalrnn.study.study import prepare_study


def refit(
    trials,
    setting=None,
    cv=None,
    *,
    n_pwl=None,
    n_restarts=RECOVERY.n_restarts,
    n_inner=RECOVERY.n_inner,
    random_state=0,
    sufficient=LOSS,
    threads=None,
    memory=MEMORY,
    backend="auto",
):
    """Choose P and train on all subjects, as `select_n_pwl` does inside one of its folds.

    Nothing is held out beyond the inner validation: scores are good for choosing only. The truth is
    known, so that nobody need hear cautions of the data.

    Parameters
    ----------
    trials : xarray.Dataset
        With ``attrs["encoding"]``.
    setting : Setting, optional
    cv : splitter, optional
        Default ``SubjectKFold()``; gives the inner parts.
    n_pwl : sequence of int, optional
        Default 0 to 4, clipped to ``setting.n_latent``.
    n_restarts, n_inner, random_state : int
    sufficient, threads, memory, backend
        See `select_n_pwl`.

    Returns
    -------
    neuroalrnn.study.final.Final

    Raises
    ------
    DataError, FitError
    """
    with unheard():
        study = prepare_study(
            trials, setting, cv, n_pwl=n_pwl, n_restarts=n_restarts, n_inner=n_inner,
            random_state=random_state, sufficient=sufficient, threads=threads, memory=memory,
            backend=backend, default_n_pwl=RECOVERY.n_pwl, everybody=True,
        )  # fmt: skip
    final = train_final(study)
    lost = [n_pwl for n_pwl in study.plan.grid if n_pwl not in final.networks]
    if lost:
        raise FitError(f"every restart diverged at n_pwl = {', '.join(map(str, lost))}")
    return final


@contextmanager
def unheard():
    """Keep cautions and notes of simulated data to ourselves."""
    with unlogged_notes(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        yield


def setting_of_fold(fit, fold):
    """The setting of the network chosen in a fold: what all share, and its alternative.

    Parameters
    ----------
    fit : Fit
    fold : int

    Returns
    -------
    Setting
    """
    selection = fit.selection.isel(fold=fold)
    chosen = selection["setting"].sel(n_pwl=int(selection["n_pwl_chosen"]))
    return Setting(**fit.config["setting"] | fit.config["alternatives"][int(chosen)])
