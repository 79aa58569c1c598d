"""Log-likelihood of choices, given what is read out (``eta``)."""

import torch
from torch.nn import functional


def count_outputs(n_options: int) -> int:
    """Count the outputs that choices need: one logit for two options, else one per option.

    Parameters
    ----------
    n_options : int
        Number of options.

    Returns
    -------
    int
        Number of outputs.
    """
    return 1 if n_options == 2 else n_options


def log_probability(eta: torch.Tensor) -> torch.Tensor:
    """Compute the log-probability of every option.

    Bernoulli: ``log p(1) = log sigmoid(eta)``, ``log p(0) = log sigmoid(-eta)``;
    categorical: ``eta_k - logsumexp(eta)``.

    Parameters
    ----------
    eta : Tensor, shape (..., output)
        What is read out. One output is the logit of option 1 against option 0.

    Returns
    -------
    Tensor, shape (..., option)
        Log-probabilities (nats).
    """
    if eta.shape[-1] == 1:
        return functional.logsigmoid(torch.cat([-eta, eta], dim=-1))
    return torch.log_softmax(eta, dim=-1)


def log_likelihood(eta: torch.Tensor, choice: torch.Tensor) -> torch.Tensor:
    """Compute the log-likelihood of choices.

    Parameters
    ----------
    eta : Tensor, shape (..., output)
        What is read out.
    choice : Tensor, shape (...)
        Codes from 0, in the dtype of `eta`. Where no choice is scored, any valid code will do: the
        caller masks the result.

    Returns
    -------
    Tensor, shape (...)
        Nats.
    """
    if eta.shape[-1] == 1:
        return functional.logsigmoid(eta[..., 0] * (2 * choice - 1))
    return log_probability(eta).gather(-1, choice[..., None].long())[..., 0]
