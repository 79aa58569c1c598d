"""How far tasks share the PWL units of a network, beside what they would share anyway."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.mechanism.primitives._nulls import null_p
from neuroalrnn.mechanism.sharing import _nulls
from neuroalrnn.mechanism.sharing._clusters import cluster_latents
from neuroalrnn.mechanism.sharing._marks import cosine_of, measure_pairs
from neuroalrnn.mechanism.sharing._tasks import require_units, run_tasks
from neuroalrnn.mechanism.sharing.freezing import _compute_costs, _sharing_index, _tabulate_freezing
from neuroalrnn.mechanism.sharing.overlap import _tabulate_overlap, _tabulate_units
from neuroalrnn.mechanism.sharing.variance import _after_fixation, _tabulate_variance
from neuroalrnn.network.run import Network
from neuroalrnn.stats.checks import as_whole_numbers
from neuroalrnn.stats.compare import benjamini_hochberg

LEVEL = 0.05
INDEPENDENT, EXCHANGED, RANDOM = "independent units", "exchanged units", "random networks"
FULL, SINGLE, LABELS = "units of full networks", "single-task networks", "labels exchanged"
# the measures by which each null is decided; the others are told beside them
DECIDING = {
    INDEPENDENT: ("co_switching",),
    EXCHANGED: ("shared_engagement", "shared_cost"),
    RANDOM: ("shared_engagement",),
    FULL: ("shared_engagement",),
    SINGLE: ("shared_engagement",),
    LABELS: (),
}


@dataclass(frozen=True)
class Sharing:
    """What tasks share in one network.

    Parameters
    ----------
    summary : pandas.DataFrame
        One row per null and measure: ``null, measure, value`` (mean over pairs of tasks),
        ``null_mean, null_95, p, n_draws, alternative`` ("more" shared than under the null; "less"
        where labels are exchanged, which asks whether tasks differ at all) and ``decides``.
    nulls : pandas.DataFrame
        The same for every pair: ``task, other_task`` and ``q`` over the pairs of a null and
        measure.
    overlap : pandas.DataFrame
        See `compute_overlap`.
    units : pandas.DataFrame
        One row per PWL unit and task: ``duty_cycle, engagement, n_tasks_engaged, is_gated``.
    variance : pandas.DataFrame
        See `compute_task_variance`.
    clusters : pandas.DataFrame
        One row per active latent: ``latent, unit, cluster``.
    rotation : pandas.DataFrame
        One row: ``n_latents, n_clusters, silhouette, null_silhouette, null_95, p``, against random
        rotations of the latents. A low p says that latents are specialised.
    freezing : pandas.DataFrame
        See `freeze_branches`; empty if it was not asked for.
    """

    summary: pd.DataFrame
    nulls: pd.DataFrame
    overlap: pd.DataFrame
    units: pd.DataFrame
    variance: pd.DataFrame
    clusters: pd.DataFrame
    rotation: pd.DataFrame
    freezing: pd.DataFrame

    @property
    def is_shared(self) -> bool:
        """Whether tasks share more than under every null that was drawn, at 5 % each."""
        decisive = self.summary[self.summary["decides"]]
        return bool(len(decisive)) and bool((decisive["p"] <= LEVEL).all())

    @property
    def pairs(self) -> pd.DataFrame:
        """One row per pair of tasks: what all nulls together say of it.

        ``task, other_task``; the ``null`` that is closest to it, with its ``p``, the largest of all
        that decide; ``q`` over pairs; and ``is_shared`` (``q <= .05``). A p cannot be below one
        over the number of draws: many pairs need many draws.
        """
        deciding = self.summary.loc[self.summary["decides"], ["null", "measure"]]
        rows = self.nulls.merge(deciding, on=["null", "measure"])
        rows["p"] = rows["p"].fillna(1.0)
        largest = rows.groupby(["task", "other_task"], sort=False)["p"].idxmax()
        table = rows.loc[largest, ["task", "other_task", "null", "p"]].reset_index(drop=True)
        q = benjamini_hochberg(table["p"].to_numpy())
        return table.assign(q=q, is_shared=q <= LEVEL)

    @property
    def sharing_index(self) -> float:
        """Mean number of tasks that freezing a unit hurts, over units that hurt any."""
        return _sharing_index(self.freezing) if len(self.freezing) else np.nan


def measure_sharing(
    network: Network,
    trials: xr.Dataset,
    task: str = "rule",
    *,
    epochs: list[str] | None = None,
    single: Mapping[str, Sequence[Network]] | None = None,
    full: Sequence[Network] | None = None,
    freeze: bool = True,
    n_draws: int = 199,
    n_random: int = 39,
    rng: np.random.Generator | None = None,
) -> Sharing:
    """Measure what tasks share in a network, beside null distributions of it.

    Nulls, and what they answer. The measures that decide are means over pairs of tasks:

    - "independent units", by co-switching: is it more than duty cycles imply? Units have the same
      duty cycles, and each takes its course from a trial of its own.
    - "exchanged units", by shared engagement and shared cost of freezing: is it more than that
      there are few units? Every task keeps its regimes and their number; which unit is which is
      exchanged at random.
    - "random networks", by shared engagement: is it more than that all tasks have the same inputs?
    - "single-task networks", by shared engagement: is it more than what each task needs anyway?
    - "units of full networks", by shared engagement: is it more than as many units of a network
      with more PWL units share?
    - "labels exchanged" between trials, by overlap: do tasks differ at all?

    Parameters
    ----------
    network : Network
        Trained network with PWL units.
    trials : xarray.Dataset
        Trials of several tasks, with ``attrs["encoding"]``. For variance and clusters they should
        run in step, see `compute_task_variance`.
    task : str
        Variable of trials that names the task.
    epochs : list of str, optional
        Epochs whose steps count; default all.
    single : dict of str to sequence of Network, optional
        By task, networks that were trained on it alone, with as many PWL units. They get the inputs
        of `trials`. At least five of each task: all pairs of two tasks' networks are compared.
    full : sequence of Network, optional
        Networks with more PWL units, trained on the same tasks.
    freeze : bool
        Whether to freeze branches, which needs trials with targets.
    n_draws : int
        Draws of each null that needs no other network; rotations are a quarter as many.
    n_random : int
        Random networks.
    rng : numpy.random.Generator, optional
        Source of random numbers; default ``default_rng(0)``.

    Returns
    -------
    Sharing
        Tidy tables, and whether tasks share more than under every null.

    Raises
    ------
    DataError
        What is asked for does not fit the trials or networks.
    NotTestableError
        One task, no PWL unit, or an epoch that a task lacks.
    """
    for name, value in {"n_draws": n_draws, "n_random": n_random}.items():
        as_whole_numbers(value, name, "sharing", least=1)
    rng = np.random.default_rng(0) if rng is None else rng
    run = run_tasks(network, trials, task, epochs)
    require_units(run)
    marks, freezing, cost = run.marks, pd.DataFrame(), None
    found = measure_pairs(marks)
    if freeze:
        costs = _compute_costs(run, trials)
        freezing = _tabulate_freezing(run, costs)
        cost = np.stack([costs[:, run.task == k].mean(axis=1) for k in range(marks.n_tasks)])
        cost = np.maximum(cost, 0.0)
        found["shared_cost"] = cosine_of(cost)[marks.pairs]
    nulls = {
        INDEPENDENT: _nulls.draw_independent(marks, n_draws, rng),
        EXCHANGED: _nulls.draw_exchanged(marks, cost, n_draws, rng),
        RANDOM: _nulls.draw_random(run, n_random, rng),
        LABELS: _nulls.draw_relabelled(marks, n_draws, rng),
    }
    if single is not None:
        nulls[SINGLE] = _nulls.draw_single(run, single)
    if full is not None:
        nulls[FULL] = _nulls.draw_from_full(run, full, n_draws, rng)
    still = run_tasks(network, trials, task, _after_fixation(trials, epochs))
    return Sharing(
        _summarise(found, nulls),
        _by_pair(found, nulls, run),
        _tabulate_overlap(run),
        _tabulate_units(run),
        _tabulate_variance(still),
        *cluster_latents(still, max(n_draws // 4, 1), rng),
        freezing,
    )


def _summarise(found, nulls):
    rows = [
        {"null": null, "measure": measure}
        | _compare(found[measure].mean(), draws.mean(axis=1), null)
        | {"decides": measure in DECIDING[null]}
        for null, parts in nulls.items()
        for measure, draws in parts.items()
    ]
    return pd.DataFrame(rows)


def _by_pair(found, nulls, run):
    names, (first, second) = np.asarray(run.names), run.marks.pairs
    rows = []
    for null, parts in nulls.items():
        for measure, draws in parts.items():
            pairs = [
                {"task": a, "other_task": b, "null": null, "measure": measure}
                | _compare(value, own, null)
                for a, b, value, own in zip(
                    names[first], names[second], found[measure], draws.T, strict=True
                )
            ]
            table = pd.DataFrame(pairs)
            tested = table["p"].notna().all()
            q = benjamini_hochberg(table["p"].to_numpy()) if tested else np.nan
            rows.append(table.assign(q=q))
    return pd.concat(rows, ignore_index=True)


def _compare(value, draws, null):
    less = null == LABELS
    tested = bool(np.isfinite(draws).all() and np.isfinite(value))
    sign = -1 if less else 1
    return {
        "value": float(value),
        "null_mean": float(np.mean(draws)),
        "null_95": float(np.quantile(draws, LEVEL if less else 1 - LEVEL)),
        "p": null_p(sign * value, sign * draws) if tested else np.nan,
        "n_draws": len(draws),
        "alternative": "less" if less else "more",
    }
