"""Gains of inputs on the read-out along real paths, the units that they pass, and their horizons.

A small change of input j at step t changes the read-out k steps later by
``g_j(t, k) = B J_{b_{t+k-1}} ... J_{b_t} C_j``, with ``g_j(t, 0) = B C_j``. That is exact as long
as the change flips no PWL unit. Features, outputs and PWL units are given by their positions.
"""

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.codes import check_codes
from neuroalrnn.network.maps import compute_jacobian, compute_slopes
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import ABSENT
from neuroalrnn.stats.checks import as_whole_numbers

HORIZON_SHARE = 0.05


def compute_gains(network: Network, regimes: np.ndarray, n_lags: int = 10) -> pd.DataFrame:
    """Compute the gain of every input on the read-out, by the regime in which the input arrives.

    Parameters
    ----------
    network : Network
        Trained network.
    regimes : array, shape (sequence, step) of int
        Codes; -1 where there is no step.
    n_lags : int
        Longest lag, steps.

    Returns
    -------
    DataFrame, one row per regime, feature, output and lag
        ``code, feature, output, lag`` (k, steps), ``gain_constant`` (``B J_S^k C_j``, the gain if
        the regime stayed as it is), ``gain`` (mean), ``gain_sd`` and ``gain_size`` (mean absolute
        value) of the gains along the real paths from this regime on, ``n_steps`` (from which so
        many steps follow).
    """
    regimes = _checked(network, regimes, n_lags)
    gains = path_gains(network, regimes, n_lags)
    parts = []
    for code in np.unique(regimes[regimes != ABSENT]):
        here = gains[regimes == code]
        n_steps = np.isfinite(here[..., 0, 0]).sum(axis=0)
        constant = np.stack([_powers(network, code, n_lags) @ network.input_weight])[0]
        with np.errstate(invalid="ignore", divide="ignore"):
            values = {"gain": np.nansum(here, axis=0) / n_steps[:, None, None]}
            sums = {"gain_sd": (here - values["gain"]) ** 2, "gain_size": np.abs(here)}
            values |= {k: np.nansum(v, axis=0) / n_steps[:, None, None] for k, v in sums.items()}
        values["gain_sd"] = np.sqrt(values["gain_sd"])
        lag, output, feature = (each.ravel() for each in np.indices(constant.shape))
        part = {"code": int(code), "feature": feature, "output": output, "lag": lag}
        part |= {"gain_constant": constant.ravel()} | {k: v.ravel() for k, v in values.items()}
        parts.append(pd.DataFrame(part | {"n_steps": n_steps[lag]}))
    keys = ["code", "feature", "output", "lag"]
    names = [*keys, "gain_constant", "gain", "gain_sd", "gain_size", "n_steps"]
    return _stacked(parts, names, keys)


def compute_unit_gains(network: Network, regimes: np.ndarray, n_lags: int = 10) -> pd.DataFrame:
    """Divide mean gains into parts by the unit that the input passes first.

    Parameters
    ----------
    network : Network
        Trained network.
    regimes : array, shape (sequence, step) of int
        Codes; -1 where there is no step.
    n_lags : int
        Longest lag, steps.

    Returns
    -------
    DataFrame, one row per regime, feature, output, lag (1, 2, ...) and unit
        ``code, feature, output, lag, unit`` (position among the PWL units; -1 for everything that
        passes first through a linear unit or a self-slope a), ``part`` (mean over the steps
        in this regime) and ``n_steps``. Parts of all units sum to the mean gain.
    """
    regimes = _checked(network, regimes, n_lags)
    parts = []
    for lag in range(1, n_lags + 1):
        values = _unit_gains(network, regimes, lag)
        for code in np.unique(regimes[regimes != ABSENT]):
            here = values[regimes == code]
            here = here[np.isfinite(here[:, 0, 0, 0])]
            if len(here) == 0:
                continue
            mean = here.mean(axis=0)
            output, feature, unit = (each.ravel() for each in np.indices(mean.shape))
            part = {"code": int(code), "feature": feature, "output": output, "lag": lag}
            part |= {"unit": unit - 1, "part": mean.ravel(), "n_steps": len(here)}
            parts.append(pd.DataFrame(part))
    names = ["code", "feature", "output", "lag", "unit", "part", "n_steps"]
    return _stacked(parts, names, names[:5])


def compute_horizons(network: Network, regimes: np.ndarray, n_lags: int = 50) -> pd.DataFrame:
    """Compute the memory horizon of inputs: the largest lag with 5 % of the largest gain.

    Parameters
    ----------
    network : Network
        Trained network.
    regimes : array, shape (sequence, step) of int
        Codes; -1 where there is no step.
    n_lags : int
        Longest lag, steps.

    Returns
    -------
    DataFrame, one row per regime and feature
        ``code, feature, horizon_constant`` (steps, if the regime stayed as it is), ``horizon``
        (steps, median along the real paths that start in this regime), ``censored_share`` (of
        these paths, those that end, or reach `n_lags`, with the gain still above 5 %),
        ``n_steps``. NaN where the input never reaches the read-out. Outputs enter by the norm of
        their gains.
    """
    regimes = _checked(network, regimes, n_lags)
    lags = _path_rows(network, regimes, n_lags)
    here = regimes != ABSENT
    regimes = regimes[here]
    gains = np.empty((n_lags + 1, len(regimes), network.input_weight.shape[1]))
    for lag, row in enumerate(lags):
        gains[lag] = np.linalg.norm(_times(row[here], network.input_weight), axis=1)
    rows = []
    for code in np.unique(regimes):
        constant = np.linalg.norm(_powers(network, code, n_lags) @ network.input_weight, axis=1)
        held, _ = _horizon(constant[:, None])
        along, censored = _horizon(gains[:, regimes == code])
        for j in range(gains.shape[-1]):
            seen = np.isfinite(along[:, j])
            middle = np.median(along[seen, j]) if seen.any() else np.nan
            cut = censored[seen, j].mean() if seen.any() else np.nan
            rows.append((int(code), j, held[0, j], middle, cut, len(along)))
    names = ["code", "feature", "horizon_constant", "horizon", "censored_share", "n_steps"]
    return pd.DataFrame(rows, columns=names)


def path_gains(network: Network, regimes: np.ndarray, n_lags: int) -> np.ndarray:
    """Compute gains ``g_j(t, k)`` from every step on.

    Parameters
    ----------
    network : Network
        Trained network.
    regimes : array, shape (sequence, step) of int
        Codes; -1 where there is no step.
    n_lags : int
        Longest lag, in steps.

    Returns
    -------
    array, shape (sequence, step, lag, output, feature)
        Lags 0 to `n_lags`; NaN where the path is not that long.
    """
    regimes = _checked(network, regimes, n_lags)
    rows = [_times(row, network.input_weight) for row in _path_rows(network, regimes, n_lags)]
    return np.stack(rows, axis=2)


def _unit_gains(network: Network, regimes: np.ndarray, lag: int) -> np.ndarray:
    """Divide the gains at one lag into parts by the unit that the input passes first.

    Through PWL unit i it is ``B J_{b_{t+k-1}} ... J_{b_{t+1}} W[:, i] D_{t,i} C_ij``.

    Parameters
    ----------
    network : Network
        Trained network.
    regimes : array, shape (sequence, step) of int
        Codes; -1 where there is no step.
    lag : int
        Lag in steps, at least 1.

    Returns
    -------
    array, shape (sequence, step, output, feature, 1 + n_pwl)
        Everything that passes first through linear units or self-slopes, then each PWL unit.
    """
    regimes = _checked(network, regimes, lag)
    if lag < 1:
        raise DataError(f"lag: found {lag}, expected at least 1: at lag 0 no unit is passed")
    *_, before, total = _path_rows(network, regimes, lag)
    after = np.full_like(before, np.nan)
    after[:, :-1] = before[:, 1:]
    n_linear = len(network.bias) - network.n_pwl
    open_ = _step_slopes(network, regimes)[..., None, n_linear:]
    passed = (after @ network.weight[:, n_linear:]) * open_
    passed = passed[..., None, :] * network.input_weight[n_linear:].T
    rest = (total @ network.input_weight)[..., None] - passed.sum(axis=-1, keepdims=True)
    return np.concatenate([rest, passed], axis=-1)


def _path_rows(network, regimes, n_lags):
    """``B J_{b_{t+k-1}} ... J_{b_t}`` for k = 0, 1, ...: (sequence, step, output, latent)."""
    slopes = _step_slopes(network, regimes)[:, :, None]
    rows = np.where((regimes != ABSENT)[..., None, None], network.readout, np.nan)
    yield rows
    for _ in range(n_lags):
        after = np.full_like(rows, np.nan)
        after[:, :-1] = rows[:, 1:]
        rows = after * network.self_slope + _times(after, network.weight) * slopes
        yield rows


def _times(rows, matrix):
    """``rows @ matrix`` as one product of matrices, not one for each step."""
    return (rows.reshape(-1, rows.shape[-1]) @ matrix).reshape(*rows.shape[:-1], -1)


def _step_slopes(network, regimes):
    """Slopes of all units (sequence, step, latent), NaN where there is no step."""
    codes, index = np.unique(regimes, return_inverse=True)
    table = [
        compute_slopes(network, code) if code != ABSENT else network.bias * np.nan for code in codes
    ]
    return np.array(table)[index.reshape(regimes.shape)]


def _powers(network, code, n_lags):
    """``B J^k`` (lag, output, latent)."""
    rows = [network.readout]
    for _ in range(n_lags):
        rows.append(rows[-1] @ compute_jacobian(network, code))
    return np.array(rows)


def _horizon(gains):
    """Horizon, and whether the path ends above the limit, of sizes (lag, path, feature)."""
    largest = np.fmax.reduce(gains, axis=0)
    with np.errstate(invalid="ignore"):
        above = gains >= HORIZON_SHARE * largest
    last = len(gains) - 1 - above[::-1].argmax(axis=0)
    end = np.isfinite(gains).sum(axis=0) - 1
    return np.where(largest > 0, last, np.nan), last == end


def _checked(network, regimes, n_lags):
    as_whole_numbers(n_lags, "n_lags", "gains", least=0)
    regimes = np.atleast_2d(check_codes(regimes, network.n_pwl))
    if regimes.ndim != 2 or not regimes.size:
        raise DataError(f"regimes: found shape {regimes.shape}, expected (sequence, step)")
    return regimes


def _stacked(parts, names, order):
    table = pd.concat(parts) if parts else pd.DataFrame(columns=names)
    return table[names].sort_values(order, kind="stable", ignore_index=True)
