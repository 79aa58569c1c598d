"""Modes of a regime: how much inputs add to each, and how much each adds to the read-out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.eigen import SAME_EIGENVALUE, decompose
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network

MOST_CONDITION = 1e3


def compute_selection(network: Network, codes: Sequence[int], n_steps: int) -> pd.DataFrame:
    """Compute how much inputs add to each mode of each regime, and each mode to the read-out.

    With ``J r = lambda r``, ``l' J = lambda l'`` and ``l' r = 1``, a pulse of input j adds
    ``l' C_j`` to the mode and ``lambda^k l' C_j`` k steps later (selection vector: Mante et al.
    2013). The length of r is arbitrary: here ``|r| = 1``, its largest entry is real and the
    read-out (sum of outputs) of it not negative.

    Parameters
    ----------
    network : Network
        Trained network.
    codes : sequence of int
        Codes of the regimes.
    n_steps : int
        Length of the epoch, steps: a mode is slow if ``|lambda| >= exp(-1 / n_steps)``, and a
        memory mode if it is also real and positive (definitions of this package).

    Returns
    -------
    DataFrame, one row per regime, mode and feature
        ``code, mode`` (by falling modulus), ``real, imag, modulus`` of the eigenvalue, ``slow,
        memory, condition`` (``|l| |r|``), ``well_defined`` (condition at most 1000), ``feature``,
        ``weight`` and ``weight_imag`` of ``l' C_j``, ``alignment`` (``|B r| / (|B|_F |r|)``; for
        one output the absolute cosine of B with r), ``mode_gain`` (``|B r l' C_j|``, output per
        unit of input, which no scaling of r changes). NaN for modes of a defective eigenvalue.

    Raises
    ------
    DataError
        A code that this network does not have, or no step.
    """
    rows = []
    for code in np.atleast_1d(codes):
        values, right, left = decompose(compute_jacobian(network, code))
        turn = _phase(right, network.readout)
        right, left = right * turn, left / turn[:, None]
        slow = np.abs(values) >= slow_limit(n_steps)
        memory = slow & (np.abs(values.imag) <= SAME_EIGENVALUE) & (values.real > 0)
        condition = np.linalg.norm(left, axis=1)
        condition[np.isnan(condition)] = np.inf
        weight, seen = left @ network.input_weight, np.linalg.norm(network.readout @ right, axis=0)
        alignment = seen / max(np.linalg.norm(network.readout), np.finfo(float).tiny)
        for mode, value in enumerate(values):
            head = (int(code), mode, value.real, value.imag, abs(value), slow[mode], memory[mode])
            defined = (condition[mode], condition[mode] <= MOST_CONDITION)
            rows += [
                (*head, *defined, j, w.real, w.imag, alignment[mode], seen[mode] * abs(w))
                for j, w in enumerate(weight[mode])
            ]
    names = ["code", "mode", "real", "imag", "modulus", "slow", "memory", "condition"]
    names += ["well_defined", "feature", "weight", "weight_imag", "alignment", "mode_gain"]
    return pd.DataFrame(rows, columns=names)


def slow_limit(n_steps: int) -> float:
    """Compute the least modulus of a mode that is slow in an epoch, ``exp(-1 / n)``.

    Parameters
    ----------
    n_steps : int
        Length of the epoch, steps.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    DataError
        No step.
    """
    if not 0 < n_steps < np.inf:
        raise DataError(f"n_steps: found {n_steps}, expected at least 1")
    return np.exp(-1 / n_steps)


def _phase(right, readout):
    """Factors that make the largest entry of each r real and the read-out of it not negative."""
    largest = np.take_along_axis(right, np.abs(right).argmax(axis=0)[None], axis=0)[0]
    turn = np.abs(largest) / largest
    return turn * np.where((readout @ right * turn).real.sum(axis=0) < 0, -1, 1)
