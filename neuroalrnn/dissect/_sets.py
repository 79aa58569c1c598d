"""Trials of a task as sequences: drawn once for a set, or anew for every check of training."""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import xarray as xr

from neuroalrnn.data.encode import encode
from neuroalrnn.data.timed import output_names, weight_names
from neuroalrnn.fit import make_observations
from neuroalrnn.model.observation import targets
from neuroalrnn.tasks import TASKS

# trials of one sequence, where the state goes on from trial to trial
SESSION = 160
TRAIN, VALIDATION, TEST, FRESH = range(4)


@dataclass(frozen=True)
class Part:
    """Trials, and the same as sequences, with targets at every scored step.

    Attributes
    ----------
    trials : xarray.Dataset
        Of a task of the suite.
    """

    trials: xr.Dataset

    @cached_property
    def sequences(self):
        """What a network runs over."""
        asked = self.trials.drop_vars("choice", errors="ignore")
        return encode(asked, **json.loads(self.trials.attrs["encoding"]))

    def observations(self, dtype):
        """The sequences as tensors, of which the loss of the task explains the targets."""
        return make_observations(
            self.sequences, dtype=getattr(torch, dtype), observation_model=self.explained
        )

    @property
    def explained(self):
        """The observation model."""
        names, weights = output_names(self.trials), weight_names(self.trials)
        return targets(self.trials.attrs["loss"], names, weights=weights)

    def start(self, rows):
        """Offsets of the read-out to start from, by the targets of some sequences."""
        sequences = self.sequences.take(rows)
        observed = {name: each[sequences.scored] for name, each in sequences.observed.items()}
        return self.explained.start(observed)

    def outputs(self, eta):
        """What is given out (sequence, step, output), brought to the time steps of the trials."""
        found = self.sequences.to_trials(eta)
        n_more = self.trials.sizes["time"] - found.shape[1]
        return np.nan_to_num(np.pad(found, ((0, 0), (0, n_more), (0, 0))))


@dataclass(frozen=True)
class Source:
    """A task with its parameters, and the seed of all its trials.

    Attributes
    ----------
    name : str
        In `TASKS`.
    parameters : dict
    random_state : int
    """

    name: str
    parameters: dict
    random_state: int

    @property
    def task(self):
        """The task."""
        return TASKS[self.name]

    def stored(self, n_validation, n_train):
        """Sequences that are drawn once: first those for validation, then those for training.

        Parameters
        ----------
        n_validation, n_train : int
            Numbers of sequences. Fewer for training are the first of more.

        Returns
        -------
        Part
        """
        if self.task.at_once:  # an item of a file must come once only
            return self.draw(TRAIN, n_validation + n_train)
        known = self.draw(VALIDATION, n_validation).trials
        if not n_train:
            return Part(known)
        parts = {"validation": known, "training": self.draw(TRAIN, n_train).trials}
        named = [
            each.assign_coords(subject=("trial", [f"{name} {s}" for s in each["subject"].values]))
            for name, each in parts.items()
        ]
        return Part(xr.concat(named, "trial", data_vars="all"))

    def draw(self, part, n_sequences, index=0):
        """Draw trials.

        Parameters
        ----------
        part : int
            `TRAIN`, `VALIDATION`, `TEST`, or `FRESH`, for what is drawn anew.
        n_sequences : int
            Trials, or sessions where the state goes on from trial to trial.
        index : int
            Which of several draws.

        Returns
        -------
        Part
        """
        rng = np.random.default_rng([self.random_state, part, index])
        sizes = {"n_trials": n_sequences}
        if self.task.carry == "session":
            sizes = {"n_trials": SESSION, "n_subjects": n_sequences}
        return Part(self.task.simulate(**sizes, rng=rng, **self._of_part(part)))

    def _of_part(self, part):
        """Parameters of the task; test trials of files come from their test part."""
        if part == TEST and "part" in self.task.parameters.keys() - self.parameters.keys():
            return self.parameters | {"part": "test"}
        return self.parameters
