"""How much a study tries where nobody says so, and the memory it may take: written here alone."""

from typing import NamedTuple


class Effort(NamedTuple):
    """How much is tried in every fold.

    Attributes
    ----------
    n_pwl : tuple of int
        Values of ``n_pwl``, clipped to ``n_latent``.
    n_restarts : int
        Random starts of every one of them.
    n_inner : int
        Inner validation parts.
    """

    n_pwl: tuple[int, ...]
    n_restarts: int
    n_inner: int


FIT = Effort(n_pwl=(0, 1, 2, 4), n_restarts=3, n_inner=3)
SUBJECTS = FIT._replace(n_restarts=2)
RECOVERY = Effort(n_pwl=(0, 1, 2, 3, 4), n_restarts=10, n_inner=2)
# bytes that training may take beside the data
MEMORY = 2**28
