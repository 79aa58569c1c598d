"""Effects of inputs on the log-odds of the choice, by running networks anew with other inputs."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr

from neuroalrnn.arguments import checked, not_flag, not_names, not_whole, optional
from neuroalrnn.effects.counterfactuals import Counterfactuals
from neuroalrnn.effects.flips import flips_of
from neuroalrnn.exceptions import DataError
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit
from neuroalrnn.running import one_blas_thread

N_LAGS = 5


@checked(
    DataError,
    fit=not_fit,
    inputs=optional(not_names),
    n_lags=not_whole,
    n_pwl=optional(not_whole),
    restart=optional(not_whole),
    over_folds=not_flag,
    local=not_flag,
)
@one_blas_thread
def compute_input_effects(
    fit: Fit,
    inputs: Sequence[str] | None = None,
    *,
    n_lags: int = N_LAGS,
    n_pwl: int | None = None,
    restart: int | None = None,
    over_folds: bool = False,
    local: bool = False,
) -> xr.DataArray:
    """Compute what every input does to the log-odds of the choice, trial by trial.

    ``E_{i,l}(t) = 1/2 [eta_t | s_i(t-l) = high - eta_t | s_i(t-l) = low]``: one input of one trial
    is changed, everything else is as it happened, later choices and outcomes included, and the
    state is computed anew from that trial on.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    inputs : sequence of str, optional
        See `neuroalrnn.effects.list_flips`; default all inputs.
    n_lags : int
        How many trials back an input is followed.
    n_pwl : int, optional
        A value of the grid; default the one chosen inside each fold.
    restart : int, optional
        Default the one chosen inside each fold.
    over_folds : bool
        Run the networks of all folds over all trials. Default: each trial by the network that never
        saw its group.
    local : bool
        Compute the effect along the path of linear regimes that the network took,
        ``B D_k ... D_1 C`` times half of the distance between high and low. It equals the contrast
        wherever neither value leads across a boundary.

    Returns
    -------
    xarray.DataArray, dims (trial, input, lag, option), or (fold, trial, input, lag, option)
        Log-odds (nats): of the second option against the first, or of each option against the mean
        over the options offered. NaN where there is no such trial in the session, the input has no
        value or is known only later, or no choice is read out.

    Raises
    ------
    DataError
        Naming every input that the fit does not have.
    NotTestableError
        The fit explains more than choices.

    Examples
    --------
    >>> from neuroalrnn import Fit
    >>> from neuroalrnn.effects import compute_input_effects
    >>> fit = Fit.load("fit.nc")  # doctest: +SKIP
    >>> effects = compute_input_effects(fit)
    >>> effects.dims
    ('trial', 'input', 'lag', 'option')
    """
    counterfactuals = Counterfactuals.of(fit)
    held_out, parts = fit.splits["fold"].values, []
    for fold in fit.folds:
        rows = np.arange(len(held_out)) if over_folds else np.flatnonzero(held_out == fold.index)
        flips = flips_of(fit, inputs, fold.index)
        network = fold.network_of(n_pwl, restart)
        compute = partial(
            counterfactuals.of_network, fold, network, flips, rows, n_lags, local=local
        )
        if over_folds:
            parts.append((rows, compute()))
        else:  # several questions ask for those held out
            known = (network.n_pwl, restart, inputs and tuple(inputs), n_lags, local)
            kept = fit.sufficient.folds[fold.index]  # for either view
            parts.append((rows, kept.recall(("input effects", *known), compute)))
    if over_folds:
        effects = np.stack([own for _, own in parts])
    else:
        effects = np.full((len(held_out), *parts[0][1].shape[1:]), np.nan)
        for rows, own in parts:
            effects[rows] = own
    return counterfactuals.label(effects, flips, [fold.name for fold in fit.folds])
