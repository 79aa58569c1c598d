"""Subject vectors of people never seen, fitted to their first choices with all else frozen."""

import torch

from neuroalrnn.fit.objective import compute_log_likelihood
from neuroalrnn.model.hierarchy import subject_architecture
from neuroalrnn.ops import torch_eager

N_ITERATIONS = 100


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
    of = subject_architecture(weights.vectors.shape[-1], ())
    seen = torch.unique(observations.subject[:-1])
    if weights.is_known[0, seen].any():
        raise ValueError("adapt: the model was trained on a subject that is observed")
    index = torch.arange(len(observations.n_steps) - 1)[None]
    new = torch.zeros(len(seen), weights.vectors.shape[-1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([new], max_iter=N_ITERATIONS, line_search_fn="strong_wolfe")

    def lose():
        optimiser.zero_grad()
        own = _with_vectors(weights, seen, new)
        total, _ = compute_log_likelihood(
            own, torch.tensor([n_pwl]), observations, index, scan=scan, of=of
        )
        loss = 0.5 * new.square().sum() - total.sum()
        loss.backward()
        return loss

    optimiser.step(lose)
    return _with_vectors(weights, seen, new.detach())


def _with_vectors(weights, seen, new):
    vectors = weights.vectors.index_put((torch.zeros_like(seen), seen), new)
    return weights._replace(vectors=vectors)
