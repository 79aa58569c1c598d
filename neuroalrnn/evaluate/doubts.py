"""What a reader must hear of labels that nobody learnt, and of scores that cannot be right."""

import numpy as np

from neuroalrnn.baselines.level import count_choices, floor_of
from neuroalrnn.data.schema import scored_trials


def unseen_labels(trials, folds):
    """Name the labels that a fold is tested on, and that none of its training subjects chose.

    Parameters
    ----------
    trials : xarray.Dataset
    folds : sequence of Fold

    Returns
    -------
    list of str
        One sentence per fold and label: who chose it how often, and what is made of it.
    """
    scored, code = scored_trials(trials), trials["choice"].values
    subject = trials["subject"].values.astype(str)
    found = []
    for fold in folds:
        counts = count_choices(trials, fold.train[scored[fold.train]])
        test = fold.test[scored[fold.test]]
        for label in np.flatnonzero(counts == 0):
            rows = test[code[test] == label]
            if len(rows):
                name = str(trials["choice"].attrs["labels"][label])
                found.append(
                    f"choice {name!r}: no training subject of {fold.name} chose it, and "
                    f"{', '.join(np.unique(subject[rows]))} did, on {len(rows)} of {len(test)} "
                    "scored trials held out there. No model can learn it: all give it at least "
                    f"the probability of class frequency, {np.exp(floor_of(counts)):.2g}. Leave "
                    "it out, join it with another choice, or hold out sessions instead"
                )
    return found
