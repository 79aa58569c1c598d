r"""Subject vectors of people never seen, fitted to their first choices with all else frozen.

.. math::
    \hat l = \arg\max_l \sum_t \log p(y_t \mid l) - \tfrac12 l' \Sigma^{-1} l

:math:`\Sigma` is the covariance of the vectors of the subjects that the model knows: a new subject
is expected where the others are, however vectors and maps share their scale.
"""

import numpy as np
import torch
from scipy.optimize import minimize

from neuroalrnn.fit.objective import compute_log_likelihood
from neuroalrnn.model.hierarchy import subject_architecture
from neuroalrnn.ops import torch_eager

# standard deviations from the average beyond which nobody is looked for
FARTHEST = 5.0
N_STARTS = 8
# what a vector costs under which the network overflows
OVERFLOW = 1e10


def adapt(weights, n_pwl, observations, *, scan=torch_eager.scan):
    """Fit the vectors of the subjects that are observed, maximum a posteriori.

    Parameters
    ----------
    weights : SubjectWeights
        One model, float64.
    n_pwl : int
    observations : Observations
        The choices to learn from.

    Returns
    -------
    SubjectWeights
        The same model with new vectors; all else stays as it was.

    Raises
    ------
    ValueError
        If the model was trained on one of these subjects.
    """
    spread, known = _spread(weights)
    of = subject_architecture(weights.vectors.shape[-1], ())
    n_pwl = torch.tensor([n_pwl])
    for subject in torch.unique(observations.subject[:-1]).tolist():
        if weights.is_known[0, subject]:
            raise ValueError("adapt: the model was trained on a subject that is observed")
        index = torch.nonzero(observations.subject[:-1] == subject).T

        def lose(values, before=weights, subject=subject, index=index):
            new = torch.from_numpy(values).requires_grad_()
            own = _with_vector(before, subject, new @ spread)
            total, _ = compute_log_likelihood(own, n_pwl, observations, index, scan=scan, of=of)
            loss = 0.5 * new.square().sum() - total.sum()
            (slope,) = torch.autograd.grad(loss, new)
            if not (loss.isfinite() and slope.isfinite().all()):
                return OVERFLOW, values
            return loss.item(), slope.numpy()

        bounds = [(-FARTHEST, FARTHEST)] * len(spread)
        found = [
            minimize(lose, start, jac=True, method="L-BFGS-B", bounds=bounds)
            for start in np.clip(known, -FARTHEST, FARTHEST)
        ]
        best = torch.from_numpy(min(found, key=lambda each: each.fun).x)
        weights = _with_vector(weights, subject, best @ spread)
    return weights


def _spread(weights):
    """Square root of the covariance of known vectors, and where to start looking.

    Standard normal vectors times the root are distributed like known ones. The posterior may have
    several maxima: the starts are the average and some known subjects.
    """
    vectors = weights.centred[0, weights.is_known[0] > 0].detach()
    _, size, axes = torch.linalg.svd(vectors / len(vectors) ** 0.5, full_matrices=False)
    spread = size[:, None] * axes
    starts = vectors[:N_STARTS] @ torch.linalg.pinv(spread)
    return spread, np.vstack([np.zeros(len(spread)), starts.numpy()])


def _with_vector(weights, subject, new):
    place = torch.tensor([0]), torch.tensor([subject])
    return weights._replace(vectors=weights.vectors.index_put(place, new[None]))
