"""Interventions on activations: what PWL units do instead of rectifying.

All are definitions of this package. `unit` counts the PWL units from 0; a list replaces several at
once, and None all. `at` (bool, broadcastable to (sequence, step)) chooses the steps ``z_t`` whose
activation is replaced, see `choose_steps`; by default all of them and ``z_0``. A unit clamped open
is one with the `identity`, a unit clamped closed is one with `zero`.
"""

from collections.abc import Sequence

import numpy as np

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError
from neuroalrnn.network.codes import check_codes
from neuroalrnn.network.interventions import RELU, Intervention
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.regimes import ABSENT, compute_regimes
from neuroalrnn.stats.checks import as_numbers, as_whole_numbers

OPEN, CLOSED = (1.0, 1.0, 0.0), (0.0, 0.0, 0.0)


def choose_steps(
    sequences: Sequences,
    steps_in_trial: int | Sequence[int] | None = None,
    trials: np.ndarray | None = None,
) -> np.ndarray:
    """Mark the steps of some epochs and trials.

    Parameters
    ----------
    sequences : Sequences
        Trials as encoded for the network.
    steps_in_trial : int or list of int, optional
        Steps within the trial; default all.
    trials : bool array, shape (trial,), optional
        Over all trials of the dataset; default all.

    Returns
    -------
    bool array, shape (sequence, step)
        False in padding.

    Raises
    ------
    DataError
        A step that no trial has, or trials that are no mask: nothing would be chosen, and nothing
        change.
    """
    chosen = sequences.trial >= 0
    if steps_in_trial is not None:
        steps = np.atleast_1d(steps_in_trial)
        known = np.arange(len(sequences.steps))
        if not steps.size or not np.isin(steps, known).all():
            raise DataError(
                f"steps: found {steps.tolist()}, expected positions from 0 to {known[-1]}"
            )
        chosen = chosen & np.isin(sequences.step_in_trial, steps)
    if trials is not None:
        trials = np.asarray(trials)
        if (
            trials.dtype != bool
            or trials.ndim != 1
            or trials.size <= sequences.trial.max(initial=-1)
        ):
            raise DataError(
                f"trials: found {trials.dtype} of shape {trials.shape}, expected bool for each "
                "trial of the dataset"
            )
        chosen = chosen & trials[np.maximum(sequences.trial, 0)]
    return chosen


def identity(
    network: Network, unit: int | Sequence[int] | None = None, at: np.ndarray | None = None
) -> Intervention:
    """Give PWL units slope 1 on both sides, so that they are always open.

    Parameters
    ----------
    network : Network
        Trained network.
    unit : int or list of int, optional
        Position of the PWL unit, or of several; default all of them.
    at : bool array, optional
        Steps at which the activation is replaced; default all of them and ``z_0``.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.
    """
    return _replaced(network, "identity", unit, OPEN, at)


def zero(
    network: Network, unit: int | Sequence[int] | None = None, at: np.ndarray | None = None
) -> Intervention:
    """Give PWL units slope 0 on both sides, so that they are always closed.

    Parameters
    ----------
    network : Network
        Trained network.
    unit : int or list of int, optional
        Position of the PWL unit, or of several; default all of them.
    at : bool array, optional
        Steps at which the activation is replaced; default all of them and ``z_0``.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.
    """
    return _replaced(network, "zero", unit, CLOSED, at)


def attenuate(
    network: Network,
    alpha: float,
    unit: int | Sequence[int] | None = None,
    at: np.ndarray | None = None,
) -> Intervention:
    """Give PWL units slope `alpha` below zero, ``phi = alpha z + (1 - alpha) relu(z)``.

    Parameters
    ----------
    network : Network
        Trained network.
    alpha : float
        From 0 (the ReLU) to 1 (the `identity`).
    unit : int or list of int, optional
        Position of the PWL unit, or of several; default all of them.
    at : bool array, optional
        Steps at which the activation is replaced; default all of them and ``z_0``.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.

    Raises
    ------
    DataError
        No such slope or unit.
    """
    if not 0 <= alpha <= 1:
        raise DataError(f"alpha: found {alpha}, expected 0 to 1")
    return _replaced(network, f"slope {alpha:g}", unit, (alpha, 1.0, 0.0), at)


def affine(
    network: Network,
    slope: np.ndarray,
    intercept: np.ndarray,
    unit: int | Sequence[int] | None = None,
    at: np.ndarray | None = None,
) -> Intervention:
    """Give PWL units an affine activation, ``phi_i(z_i) = p_i z_i + q_i``.

    Parameters
    ----------
    network : Network
        Trained network.
    slope, intercept : array, shape (unit,)
        ``p`` and ``q`` of all PWL units, such as from `fit_affine`.
    unit : int or list of int, optional
        Position of the PWL unit, or of several; default all of them.
    at : bool array, optional
        Steps at which the activation is replaced; default all of them and ``z_0``.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.

    Raises
    ------
    DataError
        Slopes or intercepts that are not those of all PWL units, or no such unit.
    """
    slope, intercept = (
        as_numbers(each, name, "affine")
        for name, each in (("slope", slope), ("intercept", intercept))
    )
    if not all(
        each.shape == (network.n_pwl,) and np.isfinite(each).all() for each in (slope, intercept)
    ):
        raise DataError(
            f"affine: found slopes {slope} and intercepts {intercept}, expected {network.n_pwl} "
            "finite numbers each"
        )
    return _replaced(network, "affine", unit, (slope, slope, intercept), at)


def fit_affine(
    network: Network, latents: np.ndarray, at: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Fit an affine function to the activation of every PWL unit, by least squares over steps.

    Parameters
    ----------
    network : Network
        Trained network.
    latents : array, shape (sequence, step, latent)
        Undisturbed, of the subjects that the network was trained on.
    at : bool array, shape (sequence, step), optional
        Steps to fit; default all that are not padding.

    Returns
    -------
    slope, intercept : array, shape (unit,)
        A unit that does not vary gets slope 0 and its own value.
    """
    real = ~np.isnan(latents).any(axis=-1)
    pwl = latents[..., len(network.bias) - network.n_pwl :]
    z = pwl[real if at is None else real & at]
    if len(z) == 0:
        raise DataError("affine: no steps to fit it on")
    phi = np.maximum(z, 0.0)
    centred = z - z.mean(axis=0)
    variance = (centred**2).sum(axis=0)
    slope = (centred * phi).sum(axis=0) / np.where(variance > 0, variance, 1.0)
    return slope, phi.mean(axis=0) - slope * z.mean(axis=0)


def _usual_codes(network: Network, latents: np.ndarray, sequences: Sequences) -> np.ndarray:
    """Code the branch that each PWL unit takes most often, for each step of the trial.

    Parameters
    ----------
    network : Network
        Trained network.
    latents : array, shape (sequence, step, latent)
        Undisturbed, of the subjects that the network was trained on.
    sequences : Sequences
        Those of the latents.

    Returns
    -------
    int array, shape (step_in_trial,)
        Bit i is set if unit i is open in more than half of the trials; the units vote one by one,
        so that the code need not be a regime in use. Index it by ``step_in_trial`` for
        `impose_regimes`.
    """
    real = sequences.trial >= 0
    on = latents[real][:, len(network.bias) - network.n_pwl :] > 0
    step, n_steps = sequences.step_in_trial[real], len(sequences.steps)
    half = np.bincount(step, minlength=n_steps) / 2
    bits = [np.bincount(step, unit, n_steps) > half for unit in on.T]
    return sum((bit.astype(np.int64) << i for i, bit in enumerate(bits)), np.zeros(n_steps, int))


def impose_regimes(
    network: Network,
    codes: np.ndarray,
    unit: int | Sequence[int] | None = None,
    at: np.ndarray | None = None,
) -> Intervention:
    """Hold PWL units on the branches that they have in given regimes, whatever their sign.

    Parameters
    ----------
    network : Network
        Trained network.
    codes : int array, broadcastable to (sequence, step)
        Regimes, see `compute_regimes`; where it is -1, units rectify as fitted.
    unit : int or list of int, optional
        Position of the PWL unit, or of several; default all of them.
    at : bool array, optional
        Steps at which regimes are imposed; default all. ``z_0`` is left as it is.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.

    Raises
    ------
    DataError
        Codes that this network does not have, or no such unit.
    """
    codes = check_codes(codes, network.n_pwl, title="imposed regimes")
    codes = np.where(_everywhere(at), codes, ABSENT)
    found, used = np.unique(codes, return_inverse=True)
    slopes = ((found[:, None] >> np.arange(network.n_pwl)) & 1).astype(float)
    activations = [_activation(network, unit, (row, row, 0.0)) for row in slopes]
    used = np.where(codes == ABSENT, -1, used.reshape(codes.shape))
    name = f"imposed regimes of {_named(unit)}"
    return Intervention(name, activations=np.stack(activations), used=used)


def clamp_regime(network: Network, code: int, at: np.ndarray | None = None) -> Intervention:
    """Hold all PWL units on the branches of one regime.

    Parameters
    ----------
    network : Network
        Trained network.
    code : int
        Code of the regime, see `compute_regimes`.
    at : bool array, optional
        Steps at which regimes are imposed; default all. ``z_0`` is left as it is.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.

    Raises
    ------
    DataError
        The code is no sign pattern of this network.
    """
    if np.ndim(code) or code == ABSENT:
        raise DataError(f"code: found {code}, expected one from 0 to {2**network.n_pwl - 1}")
    return impose_regimes(network, np.full((1, 1), code), at=at)


def shift_switches(
    network: Network, sequences: Sequences, n_steps: int, at: np.ndarray | None = None
) -> Intervention:
    """Impose the undisturbed regimes later or earlier in the same sequence.

    Before the first regime of a sequence is that of ``z_0``; its last one is held to the end.

    Parameters
    ----------
    network : Network
        Trained network.
    sequences : Sequences
        Trials as encoded for the network.
    n_steps : int
        Delay; negative values advance.
    at : bool array, optional
        Steps at which regimes are imposed; default all.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.

    Raises
    ------
    DataError
        A delay of part of a step.
    """
    n_steps = int(as_whole_numbers(n_steps, "n_steps", "shift of switches"))
    start = np.broadcast_to(network.initial, (len(sequences.trial), 1, len(network.bias)))
    latents = np.concatenate([start, compute_latents(network, sequences)], axis=1)
    codes = compute_regimes(latents, network.n_pwl)
    source = np.arange(1, codes.shape[1]) - n_steps
    source = np.clip(source, 0, sequences.n_steps[:, None])
    shifted = np.take_along_axis(codes, source, axis=1)
    shifted = np.where(sequences.trial >= 0, shifted, ABSENT)
    return impose_regimes(network, shifted, at=at)


def _replaced(network, name, unit, activation, at):
    return Intervention(
        f"{name} of {_named(unit)}",
        activations=_activation(network, unit, activation)[None],
        used=np.where(_everywhere(at), 0, -1),
        used_at_start=0 if at is None else -1,
    )


def _named(unit):
    return "all units" if unit is None else f"unit {unit}"


def _everywhere(at):
    if at is None:
        return np.ones((1, 1), dtype=bool)
    if np.asarray(at).dtype != bool:
        raise DataError("at: expected a bool array (sequence, step), see choose_steps")
    return np.atleast_2d(at)


def _activation(network, unit, activation):
    """The ReLU for all units but some."""
    units = np.atleast_1d(np.arange(network.n_pwl) if unit is None else unit)
    is_position = units.dtype.kind in "iu" and np.isin(units, np.arange(network.n_pwl)).all()
    if unit is not None and not (units.size and is_position):
        raise DataError(f"unit: found {unit}, expected PWL units 0 to {network.n_pwl - 1}")
    new = np.empty((3, network.n_pwl))
    new[:] = np.array(RELU)[:, None]
    for row, value in zip(new, activation, strict=True):
        row[units] = np.broadcast_to(value, network.n_pwl)[units]
    return new
