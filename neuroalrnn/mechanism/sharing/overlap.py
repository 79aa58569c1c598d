"""Overlap of tasks: how far they visit the same regimes, with the same units, in the same way."""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.mechanism.sharing._marks import (
    duty_cycles,
    is_engaged,
    is_gated,
    measure_pairs,
    occupancies,
)
from neuroalrnn.mechanism.sharing._tasks import TaskRun, require_units, rule_features, run_tasks
from neuroalrnn.network.run import Network

USED = 0.01
ALL = "all"


def compute_overlap(
    network: Network,
    trials: xr.Dataset,
    task: str = "rule",
    *,
    epochs: list[str] | None = None,
) -> pd.DataFrame:
    """Compute how far every two tasks visit the same regimes, with the same units.

    The overlap is ``1 - d``, with d the Jensen-Shannon distance (base 2) of the shares of steps
    that two tasks spend in each regime. It is high for any network with few PWL units, whose tasks
    have few regimes to choose from: by itself it says nothing, see `measure_sharing`.

    Parameters
    ----------
    network : Network
        Trained network with PWL units.
    trials : xarray.Dataset
        Trials of several tasks, with ``attrs["encoding"]``.
    task : str
        Variable of trials that names the task.
    epochs : list of str, optional
        Epochs whose steps count; default all.

    Returns
    -------
    pandas.DataFrame
        One row per epoch that both tasks have ("all" first) and pair of tasks: ``epoch, task,
        other_task``; ``overlap``; ``overlap_without_rule``, of codes from which what the rule adds
        directly to each unit at a step was taken away; ``jaccard`` of regimes with at least 1 % of
        the steps; ``shared_engagement``, the cosine over units of ``4 d (1 - d)``, with d the share
        of steps on; ``co_switching``, the mean over pairs of units that work in both tasks of the
        product of their correlations in either; ``n_regimes,
        other_n_regimes, n_regimes_both`` (at least 1 %) and ``n_units_both`` (units that work in
        both tasks).
    """
    run = run_tasks(network, trials, task, epochs)
    require_units(run)
    return _tabulate_overlap(run)


def _tabulate_overlap(run: TaskRun) -> pd.DataFrame:
    """Table of `compute_overlap`."""
    parts = [_measure_all(run).assign(epoch=ALL)]
    if len(run.epochs) > 1:
        parts += [_measure_all(run.during(name)).assign(epoch=name) for name in run.epochs]
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "epoch", table.pop("epoch"))
    return table[table["overlap"].notna()].reset_index(drop=True)


def _measure_all(run):
    marks, names = run.marks, np.asarray(run.names)
    first, second = marks.pairs
    shares = occupancies(marks)
    used = shares >= USED
    both, any_used = used[first] & used[second], used[first] | used[second]
    works = is_engaged(marks)
    found = measure_pairs(marks)
    return pd.DataFrame(
        {
            "task": names[first],
            "other_task": names[second],
            "overlap": found["overlap"],
            "overlap_without_rule": measure_pairs(_without_rule(run).marks)["overlap"],
            "jaccard": both.sum(axis=1) / np.maximum(any_used.sum(axis=1), 1),
            "shared_engagement": found["shared_engagement"],
            "co_switching": found["co_switching"],
            "n_regimes": used.sum(axis=1)[first],
            "other_n_regimes": used.sum(axis=1)[second],
            "n_regimes_both": both.sum(axis=1),
            "n_units_both": (works[first] & works[second]).sum(axis=1),
        }
    )


def _tabulate_units(run: TaskRun) -> pd.DataFrame:
    """One row per PWL unit and task: how much it is on, and whether rules hold it.

    Parameters
    ----------
    run : TaskRun

    Returns
    -------
    DataFrame
        ``unit, task, duty_cycle``, ``engagement`` (``4 d (1 - d)``), ``n_tasks_engaged``
        (participation ratio of the unit's engagement over tasks) and ``is_gated``: no task lets
        the unit switch, and tasks hold it on different branches. That is gating, and no sharing.
    """
    duty = duty_cycles(run.marks)
    engagement = 4 * duty * (1 - duty)
    total, squares = engagement.sum(axis=0), (engagement**2).sum(axis=0)
    ratio = total**2 / np.where(squares > 0, squares, 1)
    n_tasks, n_units = duty.shape
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n_units), n_tasks),
            "task": np.tile(run.names, n_units),
            "duty_cycle": duty.T.ravel(),
            "engagement": engagement.T.ravel(),
            "n_tasks_engaged": np.repeat(ratio, n_tasks),
            "is_gated": np.repeat(is_gated(duty), n_tasks),
        }
    )


def _without_rule(run):
    """The same with latents from which the direct drive of the rule was taken away."""
    rule = rule_features(run)
    inputs = run.sequences.to_trials(run.sequences.inputs)[..., rule]
    drive = np.nan_to_num(inputs) @ run.network.input_weight[:, rule].T
    return replace(run, latents=run.latents - drive)
