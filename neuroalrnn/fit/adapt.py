r"""Subject vectors of new subjects, fitted to their first choices while all else stays.

.. math::
    \hat l = \arg\max_l \sum_t \log p(y_t \mid l) - \tfrac12 l' \Sigma^{-1} l

:math:`\Sigma` is the covariance of the vectors of known subjects: a new subject is expected where
the others are, in whichever basis vectors and maps are written.
"""

from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import minimize

from neuroalrnn.fit.likelihood import compute_log_likelihood
from neuroalrnn.fit.observations import Observations
from neuroalrnn.model import SubjectWeights, subject_architecture
from neuroalrnn.ops import torch_eager

# distance from the average subject, in standard deviations, up to which vectors are searched
FARTHEST = 5.0
N_STARTS = 8
# loss of a vector with which the network overflows
OVERFLOW = 1e10


def adapt(
    weights: SubjectWeights,
    n_pwl: int,
    observations: Observations,
    *,
    scan: Callable = torch_eager.scan,
) -> SubjectWeights:
    """Fit the vectors of new subjects to their choices, maximum a posteriori.

    Parameters
    ----------
    weights : SubjectWeights
        One model, with a model axis, float64.
    n_pwl : int
        Number of its PWL units.
    observations : Observations
        Choices of the new subjects.
    scan : callable
        A backend of `neuroalrnn.ops`.

    Returns
    -------
    SubjectWeights
        The same model with vectors of the new subjects; all else is as it was.

    Raises
    ------
    ValueError
        If the model was trained on one of these subjects.
    """
    spread, known = _spread(weights)
    family = subject_architecture(weights.vectors.shape[-1], ())
    units = torch.tensor([n_pwl])
    for subject in torch.unique(observations.subject[:-1]).tolist():
        if weights.is_known[0, subject]:
            raise ValueError("adapt: the model was trained on a subject that is observed")
        index = torch.nonzero(observations.subject[:-1] == subject).T

        def lose(values, before=weights, subject=subject, index=index):
            new = torch.from_numpy(values).requires_grad_()
            own = _with_vector(before, subject, new @ spread)
            total, _ = compute_log_likelihood(
                own, units, observations, index, scan=scan, architecture=family
            )
            loss = 0.5 * new.square().sum() - total.sum()
            (slope,) = torch.autograd.grad(loss, new)
            if not (loss.isfinite() and slope.isfinite().all()):
                return OVERFLOW, values
            return loss.item(), slope.numpy()

        bounds = [(-FARTHEST, FARTHEST)] * len(spread)
        ends = [
            minimize(lose, start, jac=True, method="L-BFGS-B", bounds=bounds)
            for start in np.clip(known, -FARTHEST, FARTHEST)
        ]
        best = torch.from_numpy(min(ends, key=lambda each: each.fun).x)
        weights = _with_vector(weights, subject, best @ spread)
    return weights


def _spread(weights):
    """Square root of the covariance of known vectors, and where to start the search.

    Standard normal vectors times the root have the distribution of known vectors. The posterior may
    have several maxima, so the search starts from the average and from some known subjects.
    """
    vectors = weights.centred[0, weights.is_known[0] > 0].detach()
    _, size, axes = torch.linalg.svd(vectors / len(vectors) ** 0.5, full_matrices=False)
    spread = size[:, None] * axes
    starts = vectors[:N_STARTS] @ torch.linalg.pinv(spread)
    return spread, np.vstack([np.zeros(len(spread)), starts.numpy()])


def _with_vector(weights, subject, new):
    place = torch.tensor([0]), torch.tensor([subject])
    return weights._replace(vectors=weights.vectors.index_put(place, new[None]))
