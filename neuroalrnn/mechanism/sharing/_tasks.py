"""A network on trials of several tasks: its latents, and which task and epoch each step is of."""

import json
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from neuroalrnn.arguments import unknown
from neuroalrnn.data import encode
from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.mechanism.sharing._marks import Marks
from neuroalrnn.network.codes import MOST_PWL
from neuroalrnn.network.run import Network, check_features, compute_latents

FEWEST_TRIALS = 2


@dataclass(frozen=True)
class TaskRun:
    """A network that was run on trials of several tasks.

    Attributes
    ----------
    network : Network
    sequences : Sequences
    latents : array, shape (trial, step, latent)
        NaN where a trial has no such step.
    task : int array, shape (trial,)
        Place in `names`.
    names : tuple of str
        The tasks, in order of first appearance.
    epoch : int array, shape (trial, step)
        Place in `epochs`; -1 where there is no step.
    epochs : tuple of str
    chosen : bool array, shape (trial, step)
        Steps that are looked at.
    """

    network: Network
    sequences: Sequences
    latents: np.ndarray
    task: np.ndarray
    names: tuple[str, ...]
    epoch: np.ndarray
    epochs: tuple[str, ...]
    chosen: np.ndarray

    @property
    def units(self) -> np.ndarray:
        """Latents of the PWL units, (trial, step, unit)."""
        return self.latents[..., len(self.network.bias) - self.network.n_pwl :]

    @cached_property
    def marks(self) -> Marks:
        """Which PWL units are on."""
        return Marks(self.units > 0, self.chosen, self.task, len(self.names))

    @property
    def n_steps(self) -> int:
        """Steps of the longest trial."""
        return int((self.epoch >= 0).sum(axis=1).max())

    def during(self, epoch: str) -> "TaskRun":
        """The same, of which only the steps of one epoch are looked at."""
        return replace(self, chosen=self.chosen & (self.epoch == self.epochs.index(epoch)))

    def of(self, network: Network) -> "TaskRun":
        """Another network on the same trials."""
        return replace(self, network=network, latents=_by_trial(network, self.sequences))

    def as_during(self, k: int) -> "TaskRun":
        """The same on all trials with the rule of one task."""
        sequences, rule = self.sequences, rule_features(self)
        inputs, real = sequences.inputs.copy(), sequences.trial >= 0
        own = inputs[real & (self.task[sequences.trial] == k)][:, rule].mean(axis=0)
        inputs[..., rule] = np.where(real[..., None], own, 0.0)
        return replace(self, sequences=replace(sequences, inputs=inputs))


def run_tasks(network: Network, trials: xr.Dataset, task: str, epochs=None) -> TaskRun:
    """Run a network on trials of several tasks.

    Parameters
    ----------
    network : Network
    trials : Dataset
        With ``attrs["encoding"]``, as trials of `neuroalrnn.tasks` have it.
    task : str
        Variable of trials that names the task.
    epochs : sequence of str, optional
        Epochs whose steps are looked at; default all.

    Returns
    -------
    TaskRun

    Raises
    ------
    DataError
    NotTestableError
        One task only.
    """
    names_of_epochs = tuple(trials["epoch"].attrs["names"]) if "epoch" in trials else ("all",)
    _refuse(trials, task, epochs, names_of_epochs)
    sequences = encode(trials, **json.loads(trials.attrs["encoding"]))
    check_features(network, sequences)
    labels = trials[task].values.astype(str)
    names, first, codes = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.argsort(order)[codes]
    few = [str(names[k]) for k in range(len(names)) if (codes == k).sum() < FEWEST_TRIALS]
    if len(names) < 2 or few:
        found = f"one trial of {', '.join(few)}" if few else f"one task, {names[0]}"
        raise NotTestableError(f"sharing: found {found}; expected two tasks and trials of each")
    latents = _by_trial(network, sequences)
    real = np.isfinite(latents).any(axis=-1)
    # steps that no trial has are not encoded
    of_step = trials["epoch"].values[:, : real.shape[1]] if "epoch" in trials else 0
    epoch = np.where(real, of_step, -1)
    wanted = range(len(names_of_epochs)) if epochs is None else map(names_of_epochs.index, epochs)
    chosen = real & np.isin(epoch, list(wanted))
    tasks = tuple(names[order].tolist())
    run = TaskRun(network, sequences, latents, place, tasks, epoch, names_of_epochs, chosen)
    empty = [name for k, name in enumerate(tasks) if not chosen[place == k].any()]
    if empty:
        raise NotTestableError(f"sharing: no step of {', '.join(empty)} is in these epochs")
    return run


def require_units(run: TaskRun) -> None:
    """Refuse networks without PWL units, or with more than a code can hold."""
    if not 0 < run.network.n_pwl <= MOST_PWL:
        raise NotTestableError(
            f"sharing: found {run.network.n_pwl} PWL units, expected 1 to {MOST_PWL}"
        )


def rule_features(run: TaskRun) -> np.ndarray:
    """Features that tell which task is on.

    They stay the same during a task and differ between tasks, or have the name of a task, as noise
    may be added to them.

    Parameters
    ----------
    run : TaskRun

    Returns
    -------
    bool array, shape (feature,)
    """
    inputs = run.sequences.to_trials(run.sequences.inputs)
    parts = [inputs[run.task == k].reshape(-1, inputs.shape[-1]) for k in range(len(run.names))]
    low = np.array([np.nanmin(part, axis=0) for part in parts])
    high = np.array([np.nanmax(part, axis=0) for part in parts])
    is_still = (low == high).all(axis=0) & (np.ptp(low, axis=0) > 0)
    return is_still | np.isin(run.sequences.features, run.names)


def _by_trial(network, sequences):
    return sequences.to_trials(compute_latents(network, sequences))


def _refuse(trials, task, epochs, known):
    found = []
    if task not in trials or trials[task].dims != ("trial",):
        names = [str(name) for name in trials.data_vars if trials[name].dims == ("trial",)]
        found.append(f"task: {unknown(task, names)}")
    if "encoding" not in trials.attrs:
        found.append("attrs: no 'encoding', which says how networks get the trials")
    if isinstance(epochs, str) or (epochs is not None and not len(epochs)):
        found.append(f"epochs = {epochs!r}: expected a list of names")
    else:
        found += [f"epochs: {unknown(name, known)}" for name in epochs or () if name not in known]
    if found:
        raise problems(DataError, "sharing", found)
