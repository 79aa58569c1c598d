"""Networks that act in a task with all that they explain: choices, response times, counts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from neuroalrnn.arguments import checked
from neuroalrnn.exceptions import DataError
from neuroalrnn.model.observation import (
    ObservationModel,
    option_log_probability,
    recall_observation,
)
from neuroalrnn.network.agent import NetworkAgent
from neuroalrnn.network.run import Network
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit


@dataclass(frozen=True)
class ObservedAgent:
    """A network that draws everything that its observation model explains.

    Parameters
    ----------
    network : Network
        With the outputs of the observation model.
    observation : ObservationModel
        Of the choice and further variables.
    given : dict of str -> array, shape (trial,)
        Variables that it conditions on, such as the options offered.
    n_options : int
        Options of the choice.
    """

    network: Network
    observation: ObservationModel
    given: dict
    n_options: int

    @property
    def start(self):
        """State before the first step of a sequence."""
        return self.network.initial

    @property
    def variables(self):
        """Names of all that is drawn."""
        return self.observation.variables

    def advance(self, state, inputs):
        """Move on by one step, as `neuroalrnn.network.agent.NetworkAgent` does."""
        return NetworkAgent(self.network).advance(state, inputs)

    def options(self, state, trial):
        """Probability of every option in some trials.

        Parameters
        ----------
        state : array, shape (..., trial, latent)
        trial : int array, shape (trial,)

        Returns
        -------
        array, shape (..., trial, option)
        """
        eta, values = self._read(state), self._given(trial)
        each = option_log_probability(self.observation, eta, "choice", self.n_options, values)
        return each.exp().numpy()

    def draw(self, state, trial, rng):
        """Draw the choice and the further variables of some trials.

        Parameters
        ----------
        state : array, shape (..., trial, latent)
        trial : int array, shape (trial,)
        rng : numpy.random.Generator

        Returns
        -------
        dict of str -> array, shape (..., trial)
        """
        drawn = self.observation.sample(self._read(state), rng, self._given(trial))
        return {name: np.asarray(value) for name, value in drawn.items()}

    def _read(self, state):
        return torch.as_tensor(state @ self.network.readout.T + self.network.offset)

    def _given(self, trial):
        values = {name: each[trial] for name, each in self.given.items()}
        if values:  # a trial without a choice may offer nothing
            nothing = ~(np.stack(list(values.values())) > 0).any(axis=0)
            values = {name: np.where(nothing, 1.0, each) for name, each in values.items()}
        return {name: torch.as_tensor(each) for name, each in values.items()}


@checked(DataError, fit=not_fit)
def make_agent(fit: Fit, observation: ObservationModel | None = None) -> Callable[[Network], Any]:
    """Let the networks of a fit act in its task, for `neuroalrnn.behaviour.simulate_fit`.

    Parameters
    ----------
    fit : Fit
        Of choices, or of more.
    observation : ObservationModel, optional
        That of the fit, where it was made with arguments of its own.

    Returns
    -------
    agent : callable
        ``agent(network)`` acts in place of a network.

    Raises
    ------
    NotTestableError
        The observation model of the fit cannot be made from its name.
    """
    saved, n_options = fit.config.get("observation"), len(fit.sequences.labels)
    if saved is None:
        return NetworkAgent
    return partial(
        ObservedAgent,
        observation=observation or recall_observation(saved, n_options),
        given={name: fit.trials[name].values.astype(float) for name in saved["given"]},
        n_options=n_options,
    )
