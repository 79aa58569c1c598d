"""Mixture of model-based and model-free learning for two-step tasks."""

import numpy as np

from neuroalrnn.baselines.qlearning import MEMBERS, chosen, learner
from neuroalrnn.data.schema import is_after_choice, trial_variables
from neuroalrnn.exceptions import DataError, problems


def is_two_step(trials):
    """Whether `hybrid` can be fitted: two options, reward, and ``common`` known after the choice.

    Parameters
    ----------
    trials : xarray.Dataset

    Returns
    -------
    bool
    """
    known = trial_variables(trials)
    if len(trials["choice"].attrs["labels"]) != 2 or not {"reward", "common"} <= set(known):
        return False
    common = trials["common"].values.astype(float)
    binary = np.isnan(common) | np.isin(common, (0.0, 1.0))
    return bool(binary.all()) and is_after_choice(trials, "common")


def hybrid(trials, train, test, *, inner=None, members=MEMBERS, random_state=0):
    """Hybrid of model-based and model-free values, fitted to all training subjects at once.

    The model-free part learns the value of the first-step option chosen. The model-based part
    learns the value of the second-step side reached and maps it back through the transition: an
    option is worth what the side is worth that it commonly leads to (up to the factor
    ``2 P(common) - 1``, which the weight takes up). So after a rare transition it credits the
    option *not* chosen. From "perseveration" on each part has a trace of its own: repeating the
    choice, and returning to the side last reached (with a negative weight: preferring the other
    one, the novelty preference). The parts after Miller, Botvinick & Brody (2017); the rates, the
    forgetting and the prior values are those of `q_learning`, twice.

    Parameters
    ----------
    trials : xarray.Dataset
        With two options, ``reward`` and ``common``: 1 where the transition was the common one of
        the subject, 0 where it was rare, NaN where unknown (then nothing is learned model-based).
    train, test, inner, members, random_state
        See `q_learning`.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities.

    Raises
    ------
    DataError
        If the data are not two-step, or a member is unknown.
    """
    if not is_two_step(trials):
        text = "expected two options, 'reward', and 'common' (0, 1, NaN), known after the choice"
        raise problems(DataError, "hybrid", [text])
    return learner(
        trials,
        train,
        test,
        [chosen(trials), reached(trials)],
        inner=inner,
        members=members,
        random_state=random_state,
    )


def reached(trials):
    """Option that commonly leads to the side reached, NaN if unknown; shape (trial,)."""
    option, common = chosen(trials), trials["common"].values.astype(float)
    return np.where(np.isnan(common), np.nan, np.where(common == 1, option, 1 - option))
