"""Defaults of every study: how much it tries, and the memory it may take."""

from typing import NamedTuple


class _Effort(NamedTuple):
    """How much is tried in every fold.

    Parameters
    ----------
    n_pwl : tuple of int
        Values of ``n_pwl`` to try, clipped to ``n_latent``.
    n_restarts : int
        Random starts of every value of ``n_pwl``.
    n_inner : int
        Number of inner validation parts.
    """

    n_pwl: tuple[int, ...]
    n_restarts: int
    n_inner: int


FIT = _Effort(n_pwl=(0, 1, 2, 4), n_restarts=3, n_inner=3)
SUBJECTS = FIT._replace(n_restarts=2)
RECOVERY = _Effort(n_pwl=(0, 1, 2, 3, 4), n_restarts=10, n_inner=2)
# share of what is explained that the sufficient P may lose, and the name of the other rule
LOSS = 0.05
ONE_ERROR = "one standard error"
# training may take so many bytes beside the data
MEMORY = 2**28
