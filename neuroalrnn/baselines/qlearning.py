"""Q-learning agents: values of options from reward, and the habit of repeating a choice."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from neuroalrnn.arguments import checked, not_names, not_seed
from neuroalrnn.baselines._checks import not_inner
from neuroalrnn.baselines._learner import MEMBERS, chosen_options, fit_learner
from neuroalrnn.baselines.shared import Inner, Predict, from_fit
from neuroalrnn.data.schema import not_trials
from neuroalrnn.exceptions import DataError


@checked(
    DataError,
    trials=not_trials,
    inner=not_inner,
    members=not_names,
    random_state=not_seed,
)
@from_fit("Q-learning")
def q_learning(
    trials: xr.Dataset,
    train: np.ndarray,
    *,
    inner: Inner | None = None,
    members: Sequence[str] = MEMBERS,
    random_state: int = 0,
) -> Predict:
    """Predict by Q-learning, fitted to all training subjects at once.

    Values start every session at the prior value, and the value of the chosen option moves towards
    the reward, ``Q += a (r - Q)``. Options are chosen by a softmax of
    ``inverse temperature x Q + stickiness x C + bias``. The family has four members, each of which
    contains the one before:

    ========================  ==================================================================
    plain                     one learning rate, inverse temperature, prior value, bias
    forgetting                + values of the options not chosen return to the prior value at
                              a rate of their own (Ito & Doya 2009; our prior value takes
                              the place of their strength of non-reward)
    perseveration             + choice trace, ``C += b (chosen - C)``, with a rate of its own
    dual                      + a second learning rate where the reward is not above its mean
    ========================  ==================================================================

    A fifth, "asymmetric", is as "dual", but has the second learning rate where the prediction error
    ``r - Q`` is negative (Katahira 2018): two learning rates, forgetting and choice trace in one
    agent are common for bandits. It is a candidate only where it is named. With rewards of two
    values it differs from "dual" only if the prior value lies beyond both.

    The reward is centred and scaled by its training values, so that neither origin nor unit
    matters.

    The agent learns from trials that are not scored as from all others. On a trial without a
    choice, all values are forgotten and the choice trace decays. On a trial without a reward, the
    value of the chosen option stays as it is. Gaps in ``trial_in_session`` are passed over as if no
    trial had been there.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects, with ``reward`` in any unit.
    train, test : int array, shape (trial,)
        Positions of the scored training trials, and of the trials to predict, each from the earlier
        trials of its session.
    inner : callable, optional
        See `choose_inside`; needed to choose between several members.
    members : sequence of str
        Members to choose from, simplest first.
    random_state : int
        Seed of the starting points of the fit.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities (nats).

    Raises
    ------
    DataError
        If there is no ``reward``, a member is unknown, or another argument cannot be used.

    References
    ----------
    Ito & Doya (2009), Journal of Neuroscience: forgetting. Katahira (2018), Journal of Mathematical
    Psychology: learning rates by the sign of the prediction error, beside a choice trace.
    """
    return fit_learner(
        trials,
        train,
        lambda trials: [chosen_options(trials)],
        inner=inner,
        members=members,
        random_state=random_state,
    )
