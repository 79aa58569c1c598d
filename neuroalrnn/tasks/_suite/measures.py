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
}
"""Scores by name; of "mse" a low one is good, of all others a high one."""
