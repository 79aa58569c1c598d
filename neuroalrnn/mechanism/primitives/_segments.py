"""Short pieces of sequences, from a labelled step to the read-out that it is tested at."""

from dataclasses import dataclass

import numpy as np

from neuroalrnn.network.run import compute_latents


@dataclass(frozen=True)
class Segments:
    """Pieces that can be run like sequences, each from a state of its own.

    Attributes
    ----------
    inputs : array, shape (segment, step, feature)
    n_steps : int array, shape (segment,)
        The read-out is taken at the last step.
    trial : int array, shape (segment, step)
        0, and -1 in padding.
    state : array, shape (segment, latent)
        Before the first step.
    """

    inputs: np.ndarray
    n_steps: np.ndarray
    trial: np.ndarray
    state: np.ndarray


def next_read(sequences, ahead=0):
    """Step of the next read-out, at or after each step.

    Parameters
    ----------
    sequences : Sequences
        Read out where there is a choice.
    ahead : int
        How many read-outs to pass over.

    Returns
    -------
    int array, shape (sequence, step)
        -1 where none follows.
    """
    read = np.isfinite(sequences.target) & (sequences.trial >= 0)
    found = np.full(read.shape, -1)
    for row, mask in zip(found, read, strict=True):
        at = np.r_[np.flatnonzero(mask), np.full(ahead + 1, -1)]
        row[:] = at[np.searchsorted(at[: -ahead - 1], np.arange(len(row))) + ahead]
    return found


def cut_segments(network, sequences, latents, sequence, start, end) -> Segments:
    """Cut pieces out of sequences.

    Parameters
    ----------
    network : Network
    sequences : Sequences
    latents : array, shape (sequence, step, latent)
        Of this network; they give the states that the pieces start from.
    sequence, start, end : int array, shape (segment,)
        First and last step, inclusive.

    Returns
    -------
    Segments
    """
    n_steps = end - start + 1
    step = np.arange(n_steps.max(initial=1))
    real = step < n_steps[:, None]
    at = np.where(real, start[:, None] + step, 0)
    inputs = np.where(real[..., None], sequences.inputs[sequence[:, None], at], 0.0)
    before = latents[sequence, np.maximum(start - 1, 0)]
    state = np.where((start > 0)[:, None], before, network.initial)
    return Segments(inputs, n_steps, np.where(real, 0, -1), state)


def run_segments(network, segments, interventions=None):
    """Latents of segments, see `compute_latents`."""
    return compute_latents(network._replace(initial=segments.state), segments, interventions)


def read_segments(network, segments, interventions=None):
    """Read-out at the last step of each segment, ([intervention,] segment, output)."""
    latents = run_segments(network, segments, interventions)
    last = latents[..., np.arange(len(segments.n_steps)), segments.n_steps - 1, :]
    return last @ network.readout.T


def choose_samples(labels, n_samples, rng):
    """At most so many positions of each label, in order."""
    chosen = []
    for label in np.unique(labels):
        here = np.flatnonzero(labels == label)
        chosen.append(rng.choice(here, min(n_samples, len(here)), replace=False))
    return np.sort(np.concatenate(chosen))
