"""Labels of simulated trials."""

import numpy as np


def one_session_each(n_subjects: int, n_trials: int) -> dict[str, tuple[str, np.ndarray]]:
    """Label the trials of subjects who have one session each.

    Parameters
    ----------
    n_subjects, n_trials : int
        Number of subjects, and trials in the session of each.

    Returns
    -------
    dict of str -> (dim, array)
        Coordinates ``subject``, ``session`` and ``trial_in_session`` of a trial dataset.
    """
    subject = np.repeat([f"{i:03d}" for i in range(n_subjects)], n_trials)
    return {
        "subject": ("trial", subject),
        "session": ("trial", np.full(len(subject), "1")),
        "trial_in_session": ("trial", np.tile(np.arange(n_trials), n_subjects)),
    }
