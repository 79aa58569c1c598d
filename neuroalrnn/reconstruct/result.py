"""What a reconstruction returns: trained models, which run on freely."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike

from neuroalrnn.ops import Weights, floors

_READ_AT_ONCE = 500  # steps of a free run


@dataclass(frozen=True)
class Reconstruction:
    """Trained models, one per restart, and how their training went.

    Parameters
    ----------
    weights : Weights
        Parameters, float64, for standardised series. ``C`` and ``z_0`` turn an observation into the
        latents of the first step.
    n_pwl : Tensor of int, shape (model,)
        Number of PWL units of each model.
    mean, sd : array, shape (dimension,)
        Mean and standard deviation of the training series, which standardised it.
    loss : array, shape (model, check)
        Mean squared error of the unforced predictions (of standardised series), a mean over each
        100 updates.
    diverged : bool array, shape (model,)
        Whether the last parameters or the last loss of a restart are not finite.
    interval : int or None
        Number of steps from one forced step to the next; None where forcing was not sparse.
    kept_at : int array, shape (model,)
        Number of updates after which the weights were those that are kept here.
    criterion : array, shape (model,)
        Value of the criterion at that time; NaN where there is none.
    """

    weights: Weights
    n_pwl: torch.Tensor
    mean: np.ndarray
    sd: np.ndarray
    loss: np.ndarray
    diverged: np.ndarray
    interval: int | None
    kept_at: np.ndarray
    criterion: np.ndarray

    @torch.no_grad()
    def free_run(self, start: ArrayLike, n_steps: int) -> np.ndarray:
        """Let all models run on from given observations, without forcing.

        Parameters
        ----------
        start : array, shape (start, dimension)
            Observations of step 0, in the units of the series.
        n_steps : int
            Number of steps.

        Returns
        -------
        array, shape (model, start, step, dimension)
            Predictions of steps 1 to `n_steps`, in the units of the series; not finite where a
            model runs away.
        """
        a, W, C, h, z_0, B, d = self.weights
        observed = torch.as_tensor((np.asarray(start, float) - self.mean) / self.sd)
        z = observed @ C.mT + z_0[:, None]
        floor = floors(self.n_pwl, a.shape[1], dtype=a.dtype)[:, None]
        a, W, h = a[:, None], W.mT, h[:, None]
        predicted = z.new_empty(n_steps, *z.shape[:2], B.shape[1])
        for part in predicted.split(_READ_AT_ONCE):
            latents = []
            for _ in range(len(part)):
                z = torch.baddbmm(torch.addcmul(h, a, z), torch.maximum(z, floor), W)
                latents.append(z)
            part[:] = torch.stack(latents) @ B.mT + d[:, None]
        with np.errstate(over="ignore"):
            return predicted.permute(1, 2, 0, 3).numpy() * self.sd + self.mean
