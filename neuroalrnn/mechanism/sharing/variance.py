"""Task variance: how much every latent varies over the trials of a task, and clusters of it."""

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.mechanism.sharing._tasks import TaskRun, run_tasks
from neuroalrnn.network.run import Network

QUIET = "fixation"
LEAST = 1e-3


def compute_task_variance(
    network: Network, trials: xr.Dataset, task: str = "rule", *, epochs: list[str] | None = None
) -> pd.DataFrame:
    """Compute how much every latent varies over the trials of every task.

    ``TV_i(A)`` is the mean over steps of the variance over trials of ``phi_i(z_i)``, the latent as
    others get it (Yang et al. 2019, of rates): a PWL unit that is held off has none.
    Trials of a task should run in step and without noise, as those of a suite that are drawn with
    ``fixed=True`` do: what differs between their times would count as variance.

    Parameters
    ----------
    network : Network
        Trained network.
    trials : xarray.Dataset
        Trials of several tasks, with ``attrs["encoding"]``.
    task : str
        Variable of trials that names the task.
    epochs : list of str, optional
        Epochs whose steps count; default all but "fixation".

    Returns
    -------
    pandas.DataFrame
        One row per latent and task: ``latent``, ``unit`` (position among the PWL units, -1 of a
        linear latent), ``task``, ``task_variance``, ``relative_variance`` (over the largest of the
        latent's tasks) and ``is_active`` (its sum over tasks is above a thousandth of that of the
        most variable latent).
    """
    run = run_tasks(network, trials, task, _after_fixation(trials, epochs))
    return _tabulate_variance(run)


def _after_fixation(trials, epochs):
    """Choose epochs: those given, or all but fixation."""
    if epochs is not None or "epoch" not in trials:
        return epochs
    names = trials["epoch"].attrs["names"]
    return [name for name in names if name != QUIET] or None


def _tabulate_variance(run: TaskRun) -> pd.DataFrame:
    """Table of `compute_task_variance`."""
    variance = _compute_variance(run)
    n_latents, n_tasks = variance.shape
    largest = variance.max(axis=1, keepdims=True)
    unit = np.arange(n_latents) - (n_latents - run.network.n_pwl)
    return pd.DataFrame(
        {
            "latent": np.repeat(np.arange(n_latents), n_tasks),
            "unit": np.repeat(np.maximum(unit, -1), n_tasks),
            "task": np.tile(run.names, n_latents),
            "task_variance": variance.ravel(),
            "relative_variance": (variance / np.where(largest > 0, largest, 1)).ravel(),
            "is_active": np.repeat(_is_active(variance), n_tasks),
        }
    )


def _is_active(variance: np.ndarray) -> np.ndarray:
    """Which rows of (latent, task) vary enough to be told apart."""
    total = variance.sum(axis=1)
    return total > LEAST * total.max(initial=0)


def _compute_variance(run: TaskRun) -> np.ndarray:
    """Task variance, shape (latent, task)."""
    return _compute_covariances(run).diagonal(axis1=1, axis2=2).T


def _compute_covariances(run: TaskRun) -> np.ndarray:
    """Covariance of what latents pass on, over the trials of a task, mean over steps.

    Parameters
    ----------
    run : TaskRun

    Returns
    -------
    array, shape (task, latent, latent)
        Steps that less than two trials have do not count.
    """
    output, n_latents = run.latents.copy(), run.latents.shape[-1]
    np.maximum(run.units, 0.0, out=output[..., n_latents - run.network.n_pwl :])
    found = np.zeros((len(run.names), n_latents, n_latents))
    for k in range(len(found)):
        rows = run.task == k
        z, chosen = output[rows], run.chosen[rows]
        used = np.flatnonzero(chosen.sum(axis=0) > 1)
        for t in used:
            here = z[chosen[:, t], t]
            apart = here - here.mean(axis=0)
            found[k] += apart.T @ apart / (len(here) - 1) / len(used)
    return found
