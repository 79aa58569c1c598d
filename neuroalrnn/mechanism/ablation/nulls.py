"""A null for ablation: does the kink matter, or would any disturbance of that size do harm?

Replacing a PWL unit changes its activation by ``delta_t = phi'(z_t) - phi(z_t)`` and so the next
state by ``W_i delta_t``. The null disturbs a linear unit as much: ``W_j c delta'_t``, where delta'
is delta of another trial at the same step in the trial, ``c = |W_i| / |W_j|``, and j the linear
unit whose variance is closest to that of unit i. Definitions of this package.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.ablation.ablate import _cost_table
from neuroalrnn.mechanism.ablation.replace import REPLACEMENTS, replace_units
from neuroalrnn.mechanism.ablation.states import disturb
from neuroalrnn.network.interventions import Intervention, lay_out
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.results import Fit


def compare_with_linear_units(
    fit: Fit,
    *,
    replacements: Sequence[str] = REPLACEMENTS,
    n_draws: int = 20,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Compare the cost of replacing each PWL unit with that of disturbing a linear unit as much.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.
    replacements : sequence of str
        See `replace_units`.
    n_draws : int
        Disturbances of each linear unit.
    rng : numpy.random.Generator, optional
        Source of random numbers; default ``default_rng(0)``.

    Returns
    -------
    pandas.DataFrame
        One row per fold, unit, replacement and subject: ``fold, unit, replacement, linear_unit``
        (a latent, -1 without one that reaches the next state), ``size`` (root-mean-square change of
        the next state, the same for both), ``subject, n_trials, cost``; ``null_cost``, nats per
        trial, mean over draws, and ``excess`` = cost - null_cost, NaN without a linear unit.

    Raises
    ------
    NotTestableError
        If the fit explains more than choices, or no fold has PWL units.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    rows = [
        _compare(fold, unit, replacement, n_draws, rng)
        for fold in fit.folds
        for replacement in replacements
        for unit in range(fold.network.n_pwl)
    ]
    if not rows:
        raise NotTestableError("no fold has a PWL unit to replace")
    return pd.concat(rows, ignore_index=True)


def _change_of_activation(
    network: Network, sequences: Sequences, intervention: Intervention
) -> np.ndarray:
    """By how much an intervention changes the output of all units on the undisturbed path.

    Parameters
    ----------
    network : Network
        Trained network.
    sequences : Sequences
        Trials as encoded for the network.
    intervention : Intervention
        One that changes activations.

    Returns
    -------
    array, shape (sequence, step, latent)
        ``delta_t``; 0 in padding.
    """
    latents = np.nan_to_num(compute_latents(network, sequences))
    acting = lay_out(intervention, network, sequences)
    steps = enumerate(latents.transpose(1, 2, 0))
    changed = [acting.activate(z, acting.bends(t)).T for t, z in steps]
    phi = latents.copy()
    last = phi[..., len(network.bias) - network.n_pwl :]
    np.maximum(last, 0.0, out=last)
    return np.where((sequences.trial >= 0)[..., None], np.stack(changed, axis=1) - phi, 0.0)


def _matched_linear_unit(network: Network, latents: np.ndarray, unit: int) -> int:
    """The linear unit whose variance is closest, on a log scale, to that of a PWL unit.

    Parameters
    ----------
    network : Network
        Trained network.
    latents : array, shape (sequence, step, latent)
        Undisturbed latents of this network.
    unit : int
        PWL unit.

    Returns
    -------
    int
        A latent with a weight onto the next state; -1 if there is none.
    """
    n_linear = len(network.bias) - network.n_pwl
    variance = np.nanvar(latents, axis=(0, 1)) + np.finfo(float).tiny
    distance = np.abs(np.log(variance[:n_linear] / variance[n_linear + unit]))
    distance[~network.weight[:, :n_linear].any(axis=0)] = np.inf
    return int(distance.argmin()) if np.isfinite(distance).any() else -1


def _kick_from_other_trials(
    sequences: Sequences, delta: np.ndarray, kick: np.ndarray, rng: np.random.Generator
) -> Intervention:
    """Disturb each next state by `kick` times the delta of another trial at the same step in it.

    Parameters
    ----------
    sequences : Sequences
        Trials as encoded for the network.
    delta : array, shape (sequence, step)
        Change of the output of the unit at every step.
    kick : array, shape (latent,)
        Change of the next state per unit of delta.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.
    """
    shuffled = np.zeros_like(delta)
    for step in range(len(sequences.steps)):
        here = sequences.step_in_trial == step
        shuffled[here] = rng.permutation(delta[here])
    before = np.concatenate([np.zeros((len(delta), 1)), shuffled[:, :-1]], axis=1)
    return disturb(before[..., None] * kick, at=sequences.trial >= 0)


def _compare(fold, unit, replacement, n_draws, rng):
    network, test = fold.network, fold.test
    replaced = replace_units(fold, test, unit, replacement)
    latent = len(network.bias) - network.n_pwl + unit
    delta = _change_of_activation(network, test, replaced)[..., latent]
    table = _cost_table(fold, test, [({"unit": unit, "replacement": replacement}, replaced)])
    other = _matched_linear_unit(network, fold.train_latents, unit)
    length = np.linalg.norm(network.weight[:, latent])
    size = length * np.sqrt((delta[test.trial >= 0] ** 2).mean())
    table = table[["fold", "unit", "replacement", "subject", "n_trials", "cost"]]
    null = _null_cost(fold, delta, other, length, n_draws, rng) if other >= 0 else np.nan
    table = table.assign(linear_unit=other, size=size, null_cost=null)
    return table.assign(excess=table["cost"] - table["null_cost"])


def _null_cost(fold, delta, other, length, n_draws, rng):
    """Mean cost over draws, in the order of the subjects."""
    weight = fold.network.weight[:, other]
    kick = weight * length / np.linalg.norm(weight)
    made = [
        ({"draw": i}, _kick_from_other_trials(fold.test, delta, kick, rng)) for i in range(n_draws)
    ]
    table = _cost_table(fold, fold.test, made)
    return table.groupby("subject", sort=True)["cost"].mean().to_numpy()
