"""How a fit is computed: backend, threads, memory. Not what it finds."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from neuroalrnn.fit import FULL_ROW
from neuroalrnn.ops import Backend, choose_backend
from neuroalrnn.running import count_cores

# numbers per lane, scored step and output that eta, its likelihood, their gradients and the
# allocator take (measured)
LIKELIHOOD = 18


@dataclass(frozen=True)
class Engine:
    """How a fit is computed; threads and memory change no bit, backends round differently.

    Attributes
    ----------
    backend : neuroalrnn.ops.dispatch.Backend
    reason : str
        Why this one.
    threads : int
    memory : int
        Bytes that training may take beside the data; models beyond it wait their turn.
    """

    backend: Backend
    reason: str
    threads: int
    memory: int

    @classmethod
    def choose(cls, backend, threads, memory):
        """The engine of arguments ``backend``, ``threads`` and ``memory``.

        Parameters
        ----------
        backend : str
            One of `neuroalrnn.ops.dispatch.BACKENDS`, or "auto".
        threads : int or None
            None is all cores.
        memory : int
            In bytes.

        Returns
        -------
        Engine

        Raises
        ------
        ConfigError
            The backend does not exist, or cannot run here.
        """
        return cls(*choose_backend(backend), threads or count_cores(), memory)

    def split(self, jobs, observations, setting):
        """Models that are trained together; groups are never parted.

        Returns
        -------
        members : list of int array
            One chunk of models each.
        at_once : int
            Chunks that are trained at once, each in its own thread.
        """
        groups, size = np.unique(jobs.group, return_counts=True)
        held_out = max((len(ids) for ids in jobs.validate), default=0)
        need = max(1, size.max() * self._bytes_per_model(held_out, observations, setting))
        at_once = int(np.clip(self.memory // need, 1, min(self.threads, len(groups))))
        n_groups = int(np.clip(self.memory // (need * at_once), 1, -(-len(groups) // at_once)))
        parts = np.array_split(groups, -(-len(groups) // n_groups))
        members = [np.flatnonzero(np.isin(jobs.group, part)) for part in parts]
        return members, min(at_once, len(parts))

    def _bytes_per_model(self, held_out, observations, setting):
        """Bytes that a model takes in an update, or in a validation on so many sequences."""
        lanes = -(-max(setting.batch_size, held_out) // FULL_ROW) * FULL_ROW
        latents = self.backend.kept * setting.n_latent * observations.inputs.shape[1]
        n_outputs = (
            len(observations.observation_model.outputs) if observations.observation_model else 1
        )
        likelihood = LIKELIHOOD * n_outputs * len(observations.read_steps)
        return int(lanes * (latents + likelihood) * observations.inputs.itemsize)


@contextmanager
def one_torch_thread():
    """Leave the cores to our own threads: tiny products gain nothing from torch's."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
