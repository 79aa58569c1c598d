"""Score of what explains nothing, the frequency of choices, where networks are validated."""

import numpy as np
import torch

from neuroalrnn.data.level import HALF
from neuroalrnn.study.engine import one_torch_thread
from neuroalrnn.study.observation import fit_constant


def score_floor(plan, fold):
    """Score the frequency of choices on the validation subjects of a fold.

    It is fitted to the training sequences of each inner part, as the networks of the search are;
    with an observation model, it is the best one without latents.

    Parameters
    ----------
    plan : Plan
    fold : int

    Returns
    -------
    array, shape (validation subject,)
        Nats per scored trial, in the order of `neuroalrnn.study.search.Searched.subjects`.
    """
    parts, unit = plan.inner[fold], plan.validation_units(fold)
    score = _score_choices if plan.observation is None else _score_observed
    with one_torch_thread():
        total = np.concatenate([score(plan, part) for part in parts])
    held_out = np.concatenate([part.validate for part in parts])
    n_scored = plan.pieces.scored[held_out].sum(axis=1)
    subject = np.unique(unit[held_out], return_inverse=True)[1]
    return np.bincount(subject, total) / np.bincount(subject, n_scored)


def _score_choices(plan, part):
    """Log-likelihood of the choices of every validation sequence of an inner part."""
    pieces = plan.pieces
    code, scored = np.nan_to_num(pieces.target).astype(int), pieces.scored
    counts = np.bincount(code[part.train][scored[part.train]], minlength=len(pieces.labels)) + HALF
    log_frequency = np.log(counts / counts.sum())
    return (log_frequency[code[part.validate]] * scored[part.validate]).sum(axis=1)


def _score_observed(plan, part):
    """The same of everything that is observed."""
    scored = plan.pieces.scored

    def observed(rows):
        values = {name: each[rows][scored[rows]] for name, each in plan.pieces.observed.items()}
        return {name: torch.as_tensor(each) for name, each in values.items()}

    values, counts = observed(part.validate), scored[part.validate]
    eta = fit_constant(plan.observation, observed(part.train)).expand(int(counts.sum()), -1)
    total = np.zeros(counts.shape)
    with torch.no_grad():
        total[counts] = plan.observation.log_likelihood(eta, values).numpy()
    return total.sum(axis=1)
