"""Log-likelihood of choices given the read-out ``eta``."""

import torch
from torch.nn import functional


def n_outputs(n_options):
    """Read-out size: one logit for two options (Bernoulli), one per option beyond that."""
    return 1 if n_options == 2 else n_options


def log_probability(eta):
    """Log-probability of every option.

    Bernoulli: ``log p(1) = log sigmoid(eta)``, ``log p(0) = log sigmoid(-eta)``;
    categorical: ``eta_k - logsumexp(eta)``.

    Parameters
    ----------
    eta : Tensor, shape (..., output)
        One output is read as the logit of option 1 against option 0.

    Returns
    -------
    Tensor, shape (..., option)
    """
    if eta.shape[-1] == 1:
        return functional.logsigmoid(torch.cat([-eta, eta], dim=-1))
    return torch.log_softmax(eta, dim=-1)


def log_likelihood(eta, choice):
    """Log-likelihood of the choices made.

    Parameters
    ----------
    eta : Tensor, shape (..., output)
    choice : Tensor, shape (...), of the dtype of `eta`
        Codes from 0; entries of unscored steps may be anything valid and are left to the caller's
        mask.

    Returns
    -------
    Tensor, shape (...), in nats
    """
    if eta.shape[-1] == 1:
        return functional.logsigmoid(eta[..., 0] * (2 * choice - 1))
    return log_probability(eta).gather(-1, choice[..., None].long())[..., 0]
