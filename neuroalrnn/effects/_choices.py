"""What the choices of subjects whom networks never saw add to the effects of inputs."""

import numpy as np
from scipy.special import softmax

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.effects.counterfactuals import Counterfactuals
from neuroalrnn.effects.flips import flips_of
from neuroalrnn.network.branches import SteppedNetwork
from neuroalrnn.running import one_blas_thread

# trials of a group and fold over which changes of the state are averaged
MOST = 2000
# smallest curvature along a direction of the read-out, relative to the largest
FLAT = 1e-8


class _Unread(SteppedNetwork):
    """A network whose state is looked at in place of its read-out."""

    def read(self, state):
        return state


@one_blas_thread
def moves_by_choices(fit, inputs, groups, n_lags, n_pwl=None):
    """Compute how far the choices of each subject would move the effects of inputs.

    An effect is a read-out of a change of the state. The read-out of each network is moved by one
    Newton step up the likelihood of the choices of every subject that it never saw, as if all
    subjects were like this one. In a logistic regression this gives the regression of the
    subject alone, to first order. So subjects whose choices speak for other effects, by chance or
    by nature, are apart, though one network makes all of their effects.

    Parameters
    ----------
    fit : Fit
    inputs : list of str or None
        See `list_flips`.
    groups : list of bool array, shape (trial,)
        Trials over which effects are averaged.
    n_lags : int
    n_pwl : int, optional
        A value of the grid; default the one chosen inside each fold.

    Returns
    -------
    array, shape (group, subject, input, lag, option)
        Log-odds; subjects in the order of their names.
    """
    counterfactuals = Counterfactuals.of(fit)
    names, subject = np.unique(fit.trials["subject"].values.astype(str), return_inverse=True)
    moves = 0.0
    for fold in fit.folds:
        network, is_own = fold.network_of(n_pwl), fit.splits["fold"].values == fold.index
        states = counterfactuals._states(fold, network)
        flips = flips_of(fit, inputs, fold.index)
        follow = counterfactuals._contrast(_Unread(network), states, n_lags)
        changes = [
            _mean_change(counterfactuals, follow, flips, group & is_own, subject, n_lags)
            for group in groups
        ]
        steps = _newton_steps(counterfactuals, network, states, is_own, subject)
        moves = moves + np.einsum("gilokm,skm->gsilo", np.stack(changes), steps)
    return len(names) * moves


def _newton_steps(counterfactuals, network, states, is_own, subject):
    """Steps of the read-out for the choices of each subject, shape (subject, output, latent)."""
    steps, trials = counterfactuals.steps, counterfactuals.trials
    choice = trials["choice"].values.astype(float)
    read = np.flatnonzero((steps.readout >= 0) & scored_trials(trials) & np.isfinite(choice))
    state = states[(steps.start[:-1] + steps.readout)[read]]
    eta = state @ network.readout.T + network.offset
    offered = counterfactuals.offered
    offered = None if offered is None else offered[read]
    residual, curvature = _derivatives(eta, choice[read].astype(int), offered)
    state = np.hstack([state, np.ones((len(state), 1))])
    n_outputs, n_weights = eta.shape[1], state.shape[1]
    score = np.zeros((subject.max() + 1, n_outputs, n_weights))
    own = is_own[read]
    np.add.at(score, subject[read][own], residual[own][:, :, None] * state[own][:, None])
    information = np.block(
        [
            [(state * curvature[:, i, j, None]).T @ state for j in range(n_outputs)]
            for i in range(n_outputs)
        ]
    )
    scale = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    inverse = np.linalg.pinv(information / np.outer(scale, scale), FLAT, hermitian=True)
    found = score.reshape(len(score), -1) / scale @ inverse / scale
    return found.reshape(score.shape)[..., :-1]


def _derivatives(eta, choice, offered):
    """Residuals of choices (trial, output), and minus their derivatives by eta."""
    is_binary = eta.shape[1] == 1
    logits = np.hstack([np.zeros_like(eta), eta]) if is_binary else eta
    p = softmax(logits if offered is None else np.where(offered, logits, -np.inf), axis=1)
    residual = np.eye(p.shape[1])[choice] - p
    curvature = p[:, :, None] * (np.eye(p.shape[1]) - p[:, None])
    return (residual[:, 1:], curvature[:, 1:, 1:]) if is_binary else (residual, curvature)


def _mean_change(counterfactuals, follow, flips, group, subject, n_lags):
    """Weights of the read-out in mean effects, shape (input, lag, option, output, latent)."""
    rows = np.flatnonzero(group)
    rows = rows[:: max(len(rows) // MOST, 1)]

    def unread(flip, starts):
        found = np.moveaxis(follow(flip, starts), -1, 2)  # start, contrast, latent, lag
        return found.reshape(len(found), found.shape[1] * found.shape[2], n_lags + 1, 1)

    change = counterfactuals.collect(unread, flips, rows, n_lags)[..., 0]
    n_inputs = sum(len(flip.contrasts) for flip in flips)
    n_latents = change.shape[1] // n_inputs
    change = change.reshape(len(rows), n_inputs, n_latents, n_lags + 1).swapaxes(2, 3)
    towards, is_offered = _towards(counterfactuals, rows)
    weight = is_offered / np.bincount(subject[rows], minlength=1)[subject[rows], None]
    weight = np.isfinite(change[..., 0])[..., None] * weight[:, None, None]
    total = np.maximum(weight.sum(axis=0), np.finfo(float).tiny)[..., None, None]
    summed = np.einsum(
        "rilo,rok,rilm->ilokm", weight, towards, np.nan_to_num(change), optimize=True
    )
    return summed / total


def _towards(counterfactuals, rows):
    """What eta does to the log-odds of options (row, option, output), and which are offered."""
    n_options = len(counterfactuals.trials["choice"].attrs["labels"])
    if n_options == 2:
        return np.ones((len(rows), 1, 1)), np.ones((len(rows), 1))
    offered = np.ones((len(rows), n_options))
    if counterfactuals.offered is not None:
        some = counterfactuals.offered[rows]
        offered = np.where(some.any(axis=1, keepdims=True), some, 1.0)
    mean = offered / offered.sum(axis=1, keepdims=True)
    return np.eye(n_options) - mean[:, None], offered
