"""Groups of effects that several networks find alike."""

import numpy as np
import pandas as pd

from neuroalrnn.effects._agree import judge, tabulate_agreement
from neuroalrnn.effects._cluster import cluster

MOST_REGIMES = 8


def group_effects(
    vectors: np.ndarray, most: int = MOST_REGIMES, random_state: int = 0
) -> tuple[str, int, np.ndarray, pd.DataFrame]:
    """Group trials by their effects, as far as all networks agree on the groups.

    Parameters
    ----------
    vectors : array, shape (network, trial, column)
        Effects.
    most : int
        Largest number of groups that is tried.
    random_state : int
        Seed of the starts of k-means.

    Returns
    -------
    verdict : str
        See `FunctionalRegimes`.
    n_regimes : int
        1 unless groups are discrete.
    found : int array, shape (network, trial)
        Groups of each network, in any order.
    agreement : pandas.DataFrame
        See `FunctionalRegimes`; without what other restarts find.
    """
    tried = {k: cluster(vectors, k, random_state) for k in range(2, most + 1)}
    agreement = tabulate_agreement(tried, vectors)
    n_regimes, verdict = judge(agreement, vectors)
    found = tried.get(n_regimes, np.zeros(vectors.shape[:2], dtype=int))
    return verdict, n_regimes, found, agreement
