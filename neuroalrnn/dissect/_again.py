"""Networks of a task trained on without one of their PWL units: what others cannot take over."""

import numpy as np

from neuroalrnn.dissect._apart import run, score
from neuroalrnn.dissect._training import learn
from neuroalrnn.mechanism.ablation.activations import fit_affine
from neuroalrnn.network import compute_latents, linearise


def retrained(plan, n_train, learnt, restarts, parts, *, engine, progress):
    """The main score after training on, intact and with each PWL unit made linear for good.

    The networks of each P that validation trials prefer are trained on. All variants of a network
    start from where it was kept, the unit with its best affine activation, and learn the same
    trials for as long as the network had been trained. They, too, are kept at the check with the
    best validation score.

    Parameters
    ----------
    plan : Plan
    n_train : int or None
        Number of training sequences; None draws new ones for every update.
    learnt : Learnt
    restarts : sequence of int
        Which start each network had.
    parts : (Part, Part)
        Scored trials, and others to which affine activations are fitted.
    engine : Engine
    progress : callable

    Returns
    -------
    dict of str to array, shape (network, ...)
        Scores of the intact network, ``trained_on``, and without each of its units, ``retrained``;
        NaN where nothing was trained, or training diverged.
    """
    n, most = len(learnt.n_pwl), max(plan.grid)
    found = {"trained_on": np.full(n, np.nan), "retrained": np.full((n, most), np.nan)}
    chosen = _choose(learnt, plan.n_retrained)
    if not chosen:
        return found
    part, known = parts
    variants = [_variants(learnt.networks[k], known, plan.setting.convention) for k in chosen]
    sizes = [len(each) for each in variants]
    starts = [each for some in variants for each in some]
    checks = 1 + np.nan_to_num(learnt.validation_curve[chosen], nan=-np.inf).argmax(axis=1)
    again = learn(
        plan.source, plan.setting, [each.n_pwl for each in starts], n_train,
        restarts=np.repeat(np.array(restarts)[chosen], sizes), n_validation=plan.n_validation,
        engine=engine, progress=progress, starts=starts, n_checks=np.repeat(checks, sizes),
    )  # fmt: skip
    with np.errstate(over="ignore", invalid="ignore"):
        etas = (np.nan_to_num(run(each, part.sequences)) for each in again.networks)
        scores = np.array([score(plan.source.task, part, eta)[0] for eta in etas])
    scores[again.diverged] = np.nan
    for k, own in zip(chosen, np.split(scores, np.cumsum(sizes)[:-1]), strict=True):
        found["trained_on"][k] = own[0]
        found["retrained"][k, : len(own) - 1] = own[1:]
    return found


def _choose(learnt, most):
    """So many networks of each P above 0, those with the best validation curves."""
    n_pwl = np.array(learnt.n_pwl)
    best = np.nan_to_num(learnt.validation_curve, nan=-np.inf).max(axis=1)
    best = np.where(learnt.diverged, -np.inf, best)
    order = np.argsort(-best, kind="stable")
    order = order[np.isfinite(best[order])]
    return [k for p in np.unique(n_pwl[n_pwl > 0]) for k in order[n_pwl[order] == p][:most]]


def _variants(network, known, convention):
    """The network, and the same with each of its PWL units in turn made linear."""
    slope, intercept = fit_affine(network, compute_latents(network, known.sequences))
    units = range(network.n_pwl)
    return [
        network,
        *(linearise(network, k, slope[k], intercept[k], convention=convention) for k in units),
    ]
