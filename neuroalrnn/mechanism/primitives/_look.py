"""One network on its trials, with the labelled steps at which a primitive is looked for."""

from dataclasses import dataclass

import numpy as np

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.mechanism.primitives._cues import Cue, read_cue
from neuroalrnn.mechanism.primitives._nulls import choose_radius, run_random_network
from neuroalrnn.mechanism.primitives._segments import cut_segments, next_read
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.regimes import compute_regimes


@dataclass(frozen=True)
class Look:
    """What a detector looks at.

    Attributes
    ----------
    network : Network
    sequences : Sequences
    cue : Cue
    reads : int array, shape (sequence, step)
        Step of the read-out that each step is tested at.
    latents : array, shape (sequence, step, latent)
    regimes : int array, shape (sequence, step)
    """

    network: Network
    sequences: Sequences
    cue: Cue
    reads: np.ndarray
    latents: np.ndarray
    regimes: np.ndarray

    @property
    def lag(self):
        """Steps from each labelled step to its read-out (labelled step,)."""
        return self.reads[self.cue.sequence, self.cue.step] - self.cue.step

    @property
    def observed(self):
        """Labels of the labelled steps, as one labelling (1, step)."""
        return self.cue.label[None].astype(float)

    def random_networks(self, n, n_steps, rng, *, n_pwl=None):
        """Random networks on the same inputs, with their regimes; see `run_random_network`.

        `n_steps` is the length of the epoch, see `choose_radius`.
        """
        radius = choose_radius(self.network, self.regimes, n_steps)
        for _ in range(n):
            yield run_random_network(self.network, self.sequences, radius, rng, n_pwl=n_pwl)

    def cut(self, sequence, start, end):
        """Segments of these sequences, see `cut_segments`."""
        return cut_segments(self.network, self.sequences, self.latents, sequence, start, end)


def look_at(network, sequences, cue, *, block=None, ahead=0, least_lag=0) -> Look:
    """Run a network and find its labelled steps.

    Parameters
    ----------
    network : Network
    sequences : Sequences
    cue, block
        See `read_cue`.
    ahead : int
        Read-outs to pass over.
    least_lag : int
        Labels of steps that are read out earlier are left out.

    Returns
    -------
    Look
    """
    reads = next_read(sequences, ahead)
    usable = (reads >= 0) & (reads - np.arange(reads.shape[1]) >= least_lag)
    labels = read_cue(cue, sequences, usable=usable, block=block)
    latents = compute_latents(network, sequences)
    regimes = compute_regimes(latents, network.n_pwl)
    return Look(network, sequences, labels, reads, latents, regimes)
