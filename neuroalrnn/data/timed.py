"""What a trial dataset holds for every time step: inputs, recordings, epochs, targets."""

import numpy as np
import xarray as xr

from neuroalrnn.data.names import where

TIMED = {
    "inputs": ("trial", "time", "feature"),
    "neural": ("trial", "time", "unit"),
    "epoch": ("trial", "time"),
    "target": ("trial", "time", "output"),
    "weight": ("trial", "time", "output"),
}
# with one value per trial these are covariates
OF_OUTPUTS = ("target", "weight")


def check_time(trials: xr.Dataset) -> list[str]:
    """Describe breaches of the contract by what is there per time step.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    expected = TIMED | {"n_steps": ("trial",)}
    found = [
        f"{name!r} has dims {trials[name].dims}, expected {dims}"
        for name, dims in expected.items()
        if _is_there(trials, name) and trials[name].dims != dims
    ]
    timed = [name for name in TIMED if _is_there(trials, name)]
    if not timed or found:
        return found + _check_mask(trials)
    if "n_steps" not in trials or "time" not in trials.coords:
        return [f"{timed[0]!r} needs 'n_steps' on dim 'trial' and the coordinate 'time' (s)"]
    steps = trials["n_steps"].values
    wrong = (steps < 1) | (steps > trials.sizes["time"])
    if steps.dtype.kind not in "iu" or wrong.any():
        found.append(
            f"'n_steps' must hold integers 1..{trials.sizes['time']}: dtype {steps.dtype}, "
            f"out of range on {where(wrong) if wrong.any() else 'no trial'}"
        )
    if (np.diff(trials["time"].values) <= 0).any():
        found.append("coordinate 'time' does not rise strictly")
    return found + _check_mask(trials) + ([] if found else _check_targets(trials))


def _is_there(trials, name):
    return name in trials and not (name in OF_OUTPUTS and trials[name].dims == ("trial",))


def _check_mask(trials):
    """Texts for a mask that is neither one value per trial nor, with targets, one per step."""
    if "scored" not in trials:
        return []
    dims, per_step = trials["scored"].dims, ("trial", "time")
    if dims == ("trial",) or (dims == per_step and has_targets(trials)):
        return []
    expected = f"('trial',){f', or {per_step} with targets' if dims == per_step else ''}"
    return [f"'scored' has dims {dims}, expected {expected}"]


def _check_targets(trials):
    """Texts for targets that are missing where they are scored, and for weights that are none."""
    has_weights = _is_there(trials, "weight")
    if not has_targets(trials):
        return ["'weight' needs 'target', which is missing"] if has_weights else []
    if "scored" not in trials or trials["scored"].dims != ("trial", "time"):
        return ["'target' needs 'scored' (bool) on ('trial', 'time'): the steps that count"]
    scored = trials["scored"].values
    if scored.dtype.kind != "b":
        return [f"'scored' has dtype {scored.dtype}, expected bool"]
    found = [] if scored.any() else ["'scored' is False at every step: nothing to predict"]
    late = (scored & ~real_steps(trials)).any(axis=1)
    if late.any():
        found.append(f"'scored' is True after the last step on {where(late)}")
    missing = (scored & ~np.isfinite(trials["target"].values).all(axis=-1)).any(axis=1)
    if missing.any():
        found.append(f"'target' is missing at a scored step on {where(missing)}")
    if has_weights:
        weight = trials["weight"].values
        wrong = (scored & ~(np.isfinite(weight) & (weight >= 0)).all(axis=-1)).any(axis=1)
        if wrong.any():
            found.append(f"'weight' is missing or negative at a scored step on {where(wrong)}")
    return found


def real_steps(trials: xr.Dataset) -> np.ndarray:
    """Find the steps that are no padding, shape (trial, time)."""
    return np.arange(trials.sizes["time"]) < trials["n_steps"].values[:, None]


def has_targets(trials: xr.Dataset) -> bool:
    """Check whether trials say what is to be given out at their time steps."""
    return _is_there(trials, "target")


def output_names(trials: xr.Dataset) -> list[str]:
    """List the names of the outputs that targets are for."""
    if "output" in trials.coords:
        return [str(name) for name in trials["output"].values]
    return [f"output={index}" for index in range(trials.sizes["output"])]


def flat_targets(
    trials: xr.Dataset, flat_trial: np.ndarray, flat_step: np.ndarray
) -> dict[str, np.ndarray]:
    """Bring targets to the steps of all trials, one after the other.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials with targets.
    flat_trial, flat_step : int array, shape (step,)
        Trial of every step, and its place within the trial.

    Returns
    -------
    dict of str to array, shape (step,)
        By name of the output, NaN where nothing is scored; with weights, those by `weight_names`.
    """
    names = {"target": output_names(trials), "weight": weight_names(trials)}
    found: dict[str, np.ndarray] = {}
    for variable, columns in names.items():
        if _is_there(trials, variable):
            values = trials[variable].transpose("trial", "time", "output").values
            values = np.where(trials["scored"].values[..., None], values, np.nan)
            found |= dict(zip(columns, values[flat_trial, flat_step].T, strict=True))
    return found


def weight_names(trials: xr.Dataset) -> list[str]:
    """List the names under which the weights of targets are observed; empty without weights."""
    return [f"weight of {name}" for name in output_names(trials) if _is_there(trials, "weight")]
