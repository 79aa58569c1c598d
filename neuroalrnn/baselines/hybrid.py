"""Mixture of model-based and model-free learning for two-step tasks."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from neuroalrnn.arguments import checked, not_names, not_seed
from neuroalrnn.baselines._checks import not_inner
from neuroalrnn.baselines._learner import MEMBERS, chosen_options, fit_learner
from neuroalrnn.baselines.shared import Inner, Predict, from_fit
from neuroalrnn.data.schema import is_after_choice, not_trials, trial_variables
from neuroalrnn.exceptions import DataError, problems


def _is_two_step(trials):
    """Whether `hybrid` can be fitted: two options, ``reward`` and ``common``, known after choice.

    ``common`` is 0 or 1.
    """
    known = trial_variables(trials)
    if len(trials["choice"].attrs["labels"]) != 2 or not {"reward", "common"} <= set(known):
        return False
    common = trials["common"].values.astype(float)
    binary = np.isnan(common) | np.isin(common, (0.0, 1.0))
    return bool(binary.all()) and is_after_choice(trials, "common")


@checked(
    DataError,
    trials=not_trials,
    inner=not_inner,
    members=not_names,
    random_state=not_seed,
)
@from_fit("hybrid")
def hybrid(
    trials: xr.Dataset,
    train: np.ndarray,
    *,
    inner: Inner | None = None,
    members: Sequence[str] = MEMBERS,
    random_state: int = 0,
) -> Predict:
    """Predict by a hybrid of model-based and model-free values, fitted to all training subjects.

    The model-free part learns the value of the option chosen at the first step. The model-based
    part learns the value of the side reached at the second step, and maps it back through the
    transition: an option is worth as much as the side that it commonly leads to, up to the factor
    ``2 P(common) - 1``, which the weight takes up. So after a rare transition it credits the
    option *not* chosen. From the member "perseveration" on, each part has a choice trace of its
    own: repeating the choice, and returning to the side last reached (a negative weight is a
    novelty preference). Each part has the rates, the forgetting and the prior value of
    `q_learning`.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects, with two options, ``reward`` and ``common``: 1 where the subject
        got its common transition, 0 where it got the rare one, NaN where this is unknown (the
        model-based part then learns nothing).
    train, test : int array, shape (trial,)
        Positions of the scored training trials, and of the trials to predict, each from the earlier
        trials of its session.
    inner : callable, optional
        See `choose_inside`; needed to choose between several members.
    members : sequence of str
        Members of the family of `q_learning` to choose from, simplest first.
    random_state : int
        Seed of the starting points of the fit.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities (nats).

    Raises
    ------
    DataError
        If the data are not two-step, a member is unknown, or another argument cannot be used.

    References
    ----------
    Miller, Botvinick & Brody (2017), Nature Neuroscience: the two parts and their traces.
    """
    if not _is_two_step(trials):
        text = "expected two options, 'reward', and 'common' (0, 1, NaN), known after the choice"
        raise problems(DataError, "hybrid", [text])
    return fit_learner(
        trials,
        train,
        lambda trials: [chosen_options(trials), _leading_options(trials)],
        inner=inner,
        members=members,
        random_state=random_state,
    )


def _leading_options(trials):
    """Option that commonly leads to the side reached, NaN if unknown; shape (trial,)."""
    option, common = chosen_options(trials), trials["common"].values.astype(float)
    return np.where(np.isnan(common), np.nan, np.where(common == 1, option, 1 - option))
