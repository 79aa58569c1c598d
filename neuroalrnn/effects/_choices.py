"""What the choices of subjects whom networks never saw add to the effects of inputs."""

import numpy as np
from scipy.special import softmax

from neuroalrnn.data.lags import lagged
from neuroalrnn.data.schema import scored_trials, session_number
from neuroalrnn.effects._over_subjects import number_subjects
from neuroalrnn.effects._parts import parts_of
from neuroalrnn.effects.counterfactuals import Counterfactuals
from neuroalrnn.effects.flips import flips_of
from neuroalrnn.network.branches import SteppedNetwork
from neuroalrnn.running import one_blas_thread

# trials of a group and fold over which changes of the state are averaged
MOST = 2000
# smallest curvature along a direction of the regression, relative to the largest
FLAT = 1e-8
# variance of an input in a group, relative to that in all trials, from which on it is a term
VARIES = 0.1
# choices that are regressed at once
AT_ONCE = 2**15


class _Unread(SteppedNetwork):
    """A network whose state is looked at in place of its read-out."""

    def read(self, state):
        return state


@one_blas_thread
def moves_by_choices(fit, inputs, groups, n_lags, n_pwl=None):
    """Compute how far the choices of each subject would move the effects of inputs.

    In a logistic regression of choices the log-odds of a network are the offset; its latents, and
    in each group of trials the inputs that vary there, are the terms. It takes one Newton step
    from nothing, for the choices of every subject that the network never saw, as if all subjects
    were like this one. So subjects whose choices speak for other effects, by chance or by nature,
    are apart, though one network makes all of their effects; and what subjects add on average is
    what the network misses.

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
    subject, names = number_subjects(fit.trials)
    moves = 0.0
    for fold in fit.folds:
        network, is_own = fold.network_of(n_pwl), fit.splits["fold"].values == fold.index
        states = counterfactuals._states(fold, network)
        flips = flips_of(fit, inputs, fold.index)
        unread = _Unread(network), states
        terms, added = _terms(fit.trials, flips, groups, n_lags)
        steps = _newton_steps(counterfactuals, network, states, terms, is_own, subject)
        moves = moves + np.stack(
            [
                _moved(counterfactuals, unread, flips, group & is_own, subject, own, steps)
                for group, own in zip(groups, added, strict=True)
            ]
        )
    return len(names) * moves


def _terms(trials, flips, groups, n_lags):
    """Inputs in each group as terms (trial, term), and what flips add to them.

    Terms come in two parts: inputs, and the level of each group. What is added is by group, shape
    (input, lag, term).
    """
    inputs = np.concatenate([_oriented(trials, flip) for flip in flips])
    weights = [np.array(list(flip.contrasts.values())) for flip in flips]
    firsts = np.repeat([flip.first_lag for flip in flips], [len(each) for each in weights])
    session = session_number(trials)
    values = np.zeros((trials.sizes["trial"], len(inputs), n_lags + 1))
    for i, (each, first) in enumerate(zip(inputs, firsts, strict=True)):
        for lag in range(first, n_lags + 1):
            values[:, i, lag] = lagged(trials, each, lag, True, session) if lag else each
    # flipping one level of a choice against the average of all lowers the others
    joint = np.zeros((len(inputs), len(inputs)))
    ends = np.cumsum([0, *(len(each) for each in weights)])
    for first, last, own in zip(ends[:-1], ends[1:], weights, strict=True):
        joint[first:last, first:last] = own @ own.T / (own**2).sum(axis=1)
    added = np.einsum("ij,lm->iljm", joint, np.eye(n_lags + 1))
    terms = np.empty((len(values), len(groups), *values.shape[1:])) if len(groups) > 1 else None
    levels = []
    found = np.zeros((len(groups), *added.shape[:2], len(groups), *values.shape[1:]))
    for g, group in enumerate(groups):
        apart = values[group].var(axis=0) if group.any() else np.zeros(values.shape[1:])
        varies = apart >= VARIES * np.maximum(values.var(axis=0), np.finfo(float).tiny)
        own = values[:, None] if terms is None else terms
        np.multiply(values, group[:, None, None] & varies, out=own[:, g])
        # the level of a group that inputs decide is what they do: latents tell it
        levels.append(group & varies.any())
        found[g, :, :, g] = added * varies
    terms = (values if terms is None else terms).reshape(len(values), -1)
    return (terms, np.stack(levels, axis=1)), found.reshape(*found.shape[:3], -1)


def _oriented(trials, flip):
    """Values of an input, 1 where it is high and -1 where it is low, shape (contrast, trial)."""
    levels, weights = np.array(flip.levels), np.array(list(flip.contrasts.values()))
    values = np.stack([trials[name].values.astype(float) for name in flip.variables], axis=1)
    if len(levels) == 2 ** levels.shape[1]:
        low, high = levels.min(axis=0), levels.max(axis=0)
        found = ((2 * values - low - high) / (high - low)).prod(axis=1)[None]
    else:
        level = np.abs(np.nan_to_num(values) - levels[:, 0]).argmin(axis=1)
        found = weights[:, level] / (weights**2).sum(axis=1, keepdims=True)
    return np.where(flip.is_set, found, 0.0)


def _newton_steps(counterfactuals, network, states, terms, is_own, subject):
    """Steps of latents and terms for the choices of each subject, shape (subject, output, each)."""
    steps, trials = counterfactuals.steps, counterfactuals.trials
    choice = trials["choice"].values.astype(float)
    read = np.flatnonzero((steps.readout >= 0) & scored_trials(trials) & np.isfinite(choice))
    n_outputs, n_latents = network.readout.shape
    n_each = n_latents + sum(part.shape[1] for part in terms) + 1
    score = np.zeros((subject.max() + 1, n_outputs, n_each))
    information = np.zeros((n_outputs, n_each, n_outputs, n_each))
    for first in range(0, len(read), AT_ONCE):
        some = read[first : first + AT_ONCE]
        state = states[(steps.start[:-1] + steps.readout)[some]]
        offered = None if counterfactuals.offered is None else counterfactuals.offered[some]
        eta = state @ network.readout.T + network.offset
        residual, curvature = _derivatives(eta, choice[some].astype(int), offered)
        each = np.hstack([state, *(part[some] for part in terms), np.ones((len(state), 1))])
        own = is_own[some]
        np.add.at(score, subject[some][own], residual[own][:, :, None] * each[own][:, None])
        for i, j in np.ndindex(n_outputs, n_outputs):
            information[i, :, j] += (each * curvature[:, i, j, None]).T @ each
    information = information.reshape(n_outputs * n_each, -1)
    scale = np.sqrt(np.diag(information))
    scale = np.where(scale > 0, scale, 1.0)
    inverse = np.linalg.pinv(information / np.outer(scale, scale), FLAT, hermitian=True)
    found = score.reshape(len(score), -1) / scale @ inverse / scale
    return found.reshape(score.shape)


def _derivatives(eta, choice, offered):
    """Residuals of choices (trial, output), and minus their derivatives by eta."""
    is_binary = eta.shape[1] == 1
    logits = np.hstack([np.zeros_like(eta), eta]) if is_binary else eta
    p = softmax(logits if offered is None else np.where(offered, logits, -np.inf), axis=1)
    residual = np.eye(p.shape[1])[choice] - p
    curvature = p[:, :, None] * (np.eye(p.shape[1]) - p[:, None])
    return (residual[:, 1:], curvature[:, 1:, 1:]) if is_binary else (residual, curvature)


def _moved(counterfactuals, unread, flips, group, subject, added, steps):
    """Mean effects of flips in a group after the steps, shape (subject, input, lag, option)."""
    rows, (n_inputs, n_lags) = np.flatnonzero(group), added.shape[:2]
    rows = rows[:: max(len(rows) // MOST, 1)]
    change = _changed_latents(counterfactuals, *unread, flips, rows, n_lags)
    n_latents = change.shape[1] // n_inputs
    change = change.reshape(len(rows), n_inputs, n_latents, n_lags).swapaxes(2, 3)
    towards, is_offered = _towards(counterfactuals, rows)
    weight = is_offered / np.bincount(subject[rows], minlength=1)[subject[rows], None]
    weight = np.isfinite(change[..., 0])[..., None] * weight[:, None, None]
    weight = weight / np.maximum(weight.sum(axis=0), np.finfo(float).tiny)
    change = np.nan_to_num(change)
    by_latents = np.einsum("rilo,rok,rilm->ilokm", weight, towards, change, optimize=True)
    alone = np.einsum("rilo,rok->ilok", weight, towards)
    own, others = np.split(steps[..., :-1], [n_latents], axis=-1)
    return np.einsum("ilokm,skm->silo", by_latents, own) + np.einsum(
        "ilok,ilt,skt->silo", alone, added, others[..., : added.shape[-1]], optimize=True
    )


def _changed_latents(counterfactuals, model, states, flips, rows, n_lags):
    """What flips do to the latents at some trials, shape (row, input times latent, lag)."""
    found = []
    for part, place, own, inside in parts_of(counterfactuals, flips, rows, n_lags - 1):
        follow = part._contrast(model, states[place], n_lags - 1)

        def unread(flip, starts, follow=follow):
            each = np.moveaxis(follow(flip, starts), -1, 2)  # start, contrast, latent, lag
            return each.reshape(len(each), each.shape[1] * each.shape[2], n_lags, 1)

        found.append(part.collect(unread, own, inside, n_lags - 1)[..., 0])
    return np.concatenate(found)


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
