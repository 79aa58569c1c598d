"""Trained networks of a task taken apart: attenuated, without single units, and their regimes."""

import numpy as np

from neuroalrnn.mechanism.ablation import affine, attenuate, fit_affine, identity
from neuroalrnn.network import compute_latents, compute_regimes, effective_n_pwl, run_network
from neuroalrnn.network.codes import MOST_PWL

REPLACEMENTS = ("identity", "affine")
# a regime counts as used from this share of steps on
USED = 0.01


def run(network, sequences, interventions=None):
    """What a network gives out.

    Parameters
    ----------
    network : Network
    sequences : Sequences
    interventions : list of Intervention, optional

    Returns
    -------
    array, shape (sequence, step, output), or (intervention, sequence, step, output)
        Zero in padding.
    """
    several = () if interventions is None else (len(interventions),)
    eta = np.zeros((*several, *sequences.trial.shape, len(network.offset)))
    for t, (rows, z) in enumerate(run_network(network, sequences, interventions)):
        eta[..., rows, t, :] = z @ network.readout.T + network.offset
    return eta


def score(task, part, eta):
    """All scores of what is given out, in the order of the measures of the task."""
    found = task.score(part.trials, part.outputs(eta))
    return np.array(list(found.values()))


def attenuated(network, part, task, slopes):
    """The main score while the slope below zero of all PWL units goes from ReLU to linear.

    Returns
    -------
    array, shape (slope,)
    """
    acting = [attenuate(network, slope) for slope in slopes]
    return _main_scores(network, part, task, acting)


def replaced(network, part, known, task):
    """The main score with each PWL unit in turn made linear, without training anew.

    Parameters
    ----------
    network : Network
    part, known : Part
        Scored trials, and others to which affine activations are fitted.
    task : neuroalrnn.tasks task

    Returns
    -------
    array, shape (replacement, unit)
        By `REPLACEMENTS`: the unit is always open, or has its best affine activation.
    """
    slope, intercept = fit_affine(network, compute_latents(network, known.sequences))
    units = range(network.n_pwl)
    acting = [identity(network, unit) for unit in units]
    acting += [affine(network, slope, intercept, unit) for unit in units]
    return _main_scores(network, part, task, acting).reshape(len(REPLACEMENTS), -1)


def _main_scores(network, part, task, acting):
    with np.errstate(over="ignore", invalid="ignore"):
        eta = run(network, part.sequences, acting)
        eta = np.nan_to_num(eta, nan=0.0, posinf=1e100, neginf=-1e100)
        return np.array([score(task, part, each)[0] for each in eta])


def count_regimes(network, part):
    """Regimes in use on 1 % of steps, and PWL units that are neither always on nor always off.

    Returns
    -------
    tuple of float
        NaN where there are too many PWL units for codes.
    """
    if network.n_pwl > MOST_PWL:
        return np.nan, np.nan
    codes = compute_regimes(compute_latents(network, part.sequences), network.n_pwl)
    _, count = np.unique(codes[codes >= 0], return_counts=True)
    return float((count >= USED * count.sum()).sum()), float(effective_n_pwl(codes, network.n_pwl))
