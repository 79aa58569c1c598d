"""Scores of what a network gives out, at scored steps only."""

from collections.abc import Callable

import numpy as np
import xarray as xr

# an answer counts as right if it is nearer than this to the target
NEAR = 0.04


def mean_squared_error(trials: xr.Dataset, outputs: np.ndarray) -> float:
    """Mean over scored steps and outputs of the squared error."""
    scored = trials["scored"].values
    error = (outputs - trials["target"].values)[scored] ** 2
    if "weight" in trials:
        error = error * trials["weight"].values[scored]
    return float(error.mean())


def share_near(trials: xr.Dataset, outputs: np.ndarray) -> float:
    """Share of scored steps at which every output is nearer to its target than `NEAR`."""
    scored = trials["scored"].values
    error = np.abs(outputs - trials["target"].values)[scored]
    return float((error < NEAR).all(axis=-1).mean())


def accuracy(trials: xr.Dataset, outputs: np.ndarray) -> float:
    """Share of the scored steps of the last epoch at which the right class, or sign, is given."""
    return float(is_right(trials, outputs)[in_last_epoch(trials)].mean())


def log_likelihood(trials: xr.Dataset, outputs: np.ndarray) -> float:
    """Mean log-likelihood (nats) of the targets at scored steps."""
    scored = trials["scored"].values
    target, eta = trials["target"].values[scored], outputs[scored]
    if trials.attrs["loss"] == "categorical":
        log_p = eta - np.logaddexp.reduce(eta, axis=-1, keepdims=True)
        return float((target * log_p).sum(axis=-1).mean())
    sign = 2 * target - 1 if trials.attrs["loss"] == "bernoulli" else target
    return float(-np.logaddexp(0, -sign * eta).mean())


def share_whole(trials: xr.Dataset, outputs: np.ndarray) -> float:
    """Share of trials that are right at every scored step."""
    return float((is_right(trials, outputs) | ~trials["scored"].values).all(axis=1).mean())


def performance(trials: xr.Dataset, outputs: np.ndarray) -> float:
    """Share of trials that end with the right response, or with fixation where it is to be kept.

    Fixation is kept while its output, the first one, is above one half. The others are the sine and
    cosine of a direction, which may be wrong by 0.1 pi, or units of a ring, whose population vector
    may be wrong by 0.2 pi.
    """
    return float(is_performed(trials, outputs).mean())


def is_performed(trials: xr.Dataset, outputs: np.ndarray) -> np.ndarray:
    """Check the last step of every trial, see `performance`; shape (trial,)."""
    last = outputs[np.arange(len(outputs)), trials["n_steps"].values - 1]
    fixates, wanted = last[:, 0] > 0.5, trials["response"].values
    direction, tolerance = last[:, 1:], 0.1 * np.pi
    if direction.shape[1] > 2:
        preferred = 2 * np.pi * np.arange(direction.shape[1]) / direction.shape[1]
        direction = direction @ np.stack([np.sin(preferred), np.cos(preferred)], axis=1)
        tolerance = 0.2 * np.pi
    apart = np.arctan2(direction[:, 0], direction[:, 1]) - wanted
    near = np.abs((apart + np.pi) % (2 * np.pi) - np.pi) < tolerance
    return np.where(np.isnan(wanted), fixates, ~fixates & near)


def is_right(trials: xr.Dataset, outputs: np.ndarray) -> np.ndarray:
    """Check at every step whether the class with the highest output, or the sign, is right."""
    target = trials["target"].values
    if trials.attrs["loss"] == "categorical":
        return outputs.argmax(axis=-1) == target.argmax(axis=-1)
    middle = 0.5 if trials.attrs["loss"] == "bernoulli" else 0.0
    return ((outputs > 0) == (target > middle)).all(axis=-1)


def in_last_epoch(trials: xr.Dataset) -> np.ndarray:
    """Find the scored steps of the last epoch, shape (trial, time)."""
    last = len(trials["epoch"].attrs["names"]) - 1
    return trials["scored"].values & (trials["epoch"].values == last)


MEASURES: dict[str, Callable[[xr.Dataset, np.ndarray], float]] = {
    "mse": mean_squared_error,
    "near": share_near,
    "accuracy": accuracy,
    "nats": log_likelihood,
    "whole": share_whole,
    "performance": performance,
}
"""Scores by name; of "mse" a low one is good, of all others a high one."""
