"""Settings of a reconstruction."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReconstructionSetting:
    """One choice of hyperparameters of a reconstruction.

    Parameters
    ----------
    n_latent, n_pwl : int
        Number of latents (M), and of PWL units among them (P).
    readout : {"identity", "linear"}
        "identity": the first latents are the predictions. "linear": ``B`` and ``d`` are trained.
    forcing : {"sparse", "generalised", "none"}
        When latents are pulled towards the observations: fully every so many steps, partly at every
        step, or never.
    interval : int, optional
        Number of steps from one forced step to the next (sparse forcing). Without it, the time
        scale of the series chooses, see `choose_interval`.
    strength : float, optional
        Strength of generalised forcing, 0 to 1. Without it, the strength adapts to the Jacobians.
    n_updates, batch_size, window : int
        Number of updates, of stretches of the series per update, and of steps per stretch.
    learning_rate, final_learning_rate : float
        Learning rate of Adam at the start and at the end, between which it falls exponentially.
    clip_norm : float
        Norm to which longer gradients are cut.
    initialisation : str
        One of those of `neuroalrnn.model.draw`, or "regimes" (our own): as "alrnn2024", but
        observed latents start by keeping what they hold (self-slope 1), and unobserved PWL units
        read orthogonal directions of the predictions, with boundaries through their mean. So every
        regime is visited from the start.
    convention : {"free", "reduced"}
        Where the self-weights of linear units live, see `neuroalrnn.model.draw`.
    look_every, look_steps : int
        Number of updates from one look at free runs to the next, and of steps of such a run; only
        where there is a `criterion`.
    """

    n_latent: int = 20
    n_pwl: int = 2
    readout: str = "identity"
    forcing: str = "sparse"
    interval: int | None = None
    strength: float | None = None
    n_updates: int = 10_000
    batch_size: int = 16
    window: int = 200
    learning_rate: float = 3e-3
    final_learning_rate: float = 1e-5
    clip_norm: float = 1.0
    initialisation: str = "regimes"
    convention: str = "free"
    look_every: int = 50
    look_steps: int = 6_000
