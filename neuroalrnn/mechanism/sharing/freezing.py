"""Branch freezing: which tasks are hurt when one PWL unit no longer switches."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import t as student

from neuroalrnn.data.timed import has_targets
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.ablation.activations import impose_regimes
from neuroalrnn.mechanism.sharing._marks import duty_cycles
from neuroalrnn.mechanism.sharing._tasks import TaskRun, require_units, run_tasks
from neuroalrnn.network.run import Network, run_network
from neuroalrnn.stats.compare import benjamini_hochberg

Loss = Callable[[np.ndarray], np.ndarray]
LEVEL = 0.05
# a cost counts from this share of the largest one in the task on, and from this size on
LEAST_SHARE, LEAST_COST = 0.05, 0.001


def freeze_branches(
    network: Network,
    trials: xr.Dataset,
    task: str = "rule",
    *,
    loss: Loss | None = None,
) -> pd.DataFrame:
    """Freeze every PWL unit on its usual branch in a task, and see what the task loses.

    A unit that is on at more than half of the steps of a task stays on in its trials, whatever its
    sign, any other off; ``z_0`` is left as it is. What is lost is the switching of this unit alone.

    Parameters
    ----------
    network : Network
        Trained network with PWL units.
    trials : xarray.Dataset
        Trials of several tasks, with ``target``, ``scored`` and ``attrs["encoding"]``.
    task : str
        Variable of trials that names the task.
    loss : callable, optional
        ``loss(outputs) -> (trial,)`` of ``B z + d`` (trial, step, output), NaN where there is no
        step; default the loss of ``trials.attrs["loss"]`` at scored steps, over that of the best
        constant outputs in the task.

    Returns
    -------
    pandas.DataFrame
        One row per unit and task: ``unit, task, duty_cycle, usual`` (1 on, 0 off), ``cost`` (what
        the loss grows by), its ``standard_error`` over trials, ``p`` (one-sided t-test), ``q`` over
        the table and ``hurts`` (``q <= .05``, and a cost of at least 0.001 and 5 % of the largest
        one in this task).

    Raises
    ------
    NotTestableError
        No PWL unit, one task, or no scored step.
    """
    run = run_tasks(network, trials, task)
    require_units(run)
    return _tabulate_freezing(run, _compute_costs(run, trials, loss))


def _compute_costs(run: TaskRun, trials: xr.Dataset, loss: Loss | None = None) -> np.ndarray:
    """Cost of freezing every unit in every trial, (unit, trial); see `freeze_branches`."""
    scale = np.ones(len(run.names))
    if loss is None:
        loss = _own_loss(trials)
        scale = _constant_loss(run, trials, loss)
    usual = (duty_cycles(run.marks) > 0.5) @ (1 << np.arange(run.network.n_pwl, dtype=np.int64))
    sequences = run.sequences
    codes = np.where(sequences.trial >= 0, usual[run.task][sequences.trial], -1)
    intact = loss(_outputs(run, None))
    frozen = [
        loss(_outputs(run, impose_regimes(run.network, codes, unit)))
        for unit in range(run.network.n_pwl)
    ]
    return (np.stack(frozen) - intact) / scale[run.task]


def _outputs(run, intervention):
    """Outputs at every step of every trial, NaN where there is none."""
    network, sequences = run.network, run.sequences
    eta = np.full((*sequences.trial.shape, len(network.offset)), np.nan)
    for t, (rows, z) in enumerate(run_network(network, sequences, intervention)):
        eta[rows, t] = z @ network.readout.T + network.offset
    return sequences.to_trials(eta)


def _own_loss(trials: xr.Dataset) -> Loss:
    """Loss per trial of a dataset with targets, see `freeze_branches`."""
    if not has_targets(trials):
        raise DataError(
            "sharing: trials have no target and scored steps: give freeze_branches a loss, or "
            "measure_sharing freeze=False"
        )
    target, scored = trials["target"].values, trials["scored"].values
    count = scored.sum(axis=1)
    if not count.all():
        raise NotTestableError("sharing: trials without a scored step have no loss; leave them out")
    weight = trials["weight"].values if "weight" in trials else np.ones(target.shape)
    kind = trials.attrs.get("loss", "squared")
    per_step = {"squared": _squared, "bernoulli": _bernoulli, "categorical": _categorical}[kind]

    def loss(outputs):
        # steps that no trial has are not encoded
        n_more = target.shape[1] - outputs.shape[1]
        outputs = np.pad(outputs, ((0, 0), (0, n_more), (0, 0)))
        values = per_step(np.where(scored[..., None], outputs, 0.0), target, weight)
        return np.where(scored, values, 0.0).sum(axis=1) / count

    return loss


def _squared(outputs, target, weight):
    return (weight * (outputs - target) ** 2).mean(axis=-1)


def _bernoulli(outputs, target, weight):
    return np.logaddexp(0, np.where(target > 0.5, -outputs, outputs)).mean(axis=-1)


def _categorical(outputs, target, weight):
    log_p = outputs - np.logaddexp.reduce(outputs, axis=-1, keepdims=True)
    return -(target * log_p).sum(axis=-1)


def _constant_loss(run: TaskRun, trials: xr.Dataset, loss: Loss) -> np.ndarray:
    """Loss in each task without the network: of outputs that are the mean target, (task,)."""
    target, scored = trials["target"].values, trials["scored"].values
    weight = scored[..., None] * (trials["weight"].values if "weight" in trials else 1.0)
    found = np.empty(len(run.names))
    for k in range(len(found)):
        rows = run.task == k
        total = np.broadcast_to(weight, target.shape)[rows].sum(axis=(0, 1))
        mean = (weight * target)[rows].sum(axis=(0, 1)) / np.where(total > 0, total, 1)
        if trials.attrs.get("loss", "squared") != "squared":
            mean = np.clip(mean, 1e-9, 1 - 1e-9)
            odds = np.log(mean / (1 - mean))
            mean = odds if trials.attrs["loss"] == "bernoulli" else np.log(mean)
        found[k] = loss(np.broadcast_to(mean, target.shape))[rows].mean()
    return np.maximum(found, np.finfo(float).tiny)


def _tabulate_freezing(run: TaskRun, costs: np.ndarray) -> pd.DataFrame:
    """Table of `freeze_branches` from costs (unit, trial)."""
    duty = duty_cycles(run.marks)
    rows = []
    for unit, own in enumerate(costs):
        for k, name in enumerate(run.names):
            cost = own[run.task == k]
            error = cost.std(ddof=1) / np.sqrt(len(cost))
            row = {"unit": unit, "task": name, "duty_cycle": duty[k, unit]}
            row |= {"usual": int(duty[k, unit] > 0.5), "cost": cost.mean()}
            rows.append(row | {"standard_error": error, "p": _one_sided(cost)})
    table = pd.DataFrame(rows)
    q = benjamini_hochberg(table["p"].to_numpy())
    least = LEAST_SHARE * table.groupby("task")["cost"].transform("max")
    hurts = (q <= LEVEL) & (table["cost"] >= np.maximum(least, LEAST_COST))
    return table.assign(q=q, hurts=hurts)


def _one_sided(cost):
    """p of a t-test that the mean is above 0; 1 where nothing changes."""
    if not cost.any() or cost.std() == 0:
        return float(not cost.mean() > 0)
    statistic = cost.mean() / (cost.std(ddof=1) / np.sqrt(len(cost)))
    return float(student.sf(statistic, len(cost) - 1))


def _sharing_index(freezing: pd.DataFrame) -> float:
    """Mean number of tasks that a unit hurts, over units that hurt any; NaN without one."""
    counts = freezing.groupby("unit")["hurts"].sum()
    return float(counts[counts > 0].mean())
