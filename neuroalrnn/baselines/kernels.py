"""Choice from exponentially weighted past choices and rewards, RFLR among them."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import xarray as xr

from neuroalrnn.arguments import checked, not_names, not_seed
from neuroalrnn.baselines._checks import not_candidates
from neuroalrnn.baselines._traces import GIVEN, Agent, Traces, fit_agent, predict_agent
from neuroalrnn.baselines.shared import Predict, from_fit, whole_sessions
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.schema import not_trials, trial_variables
from neuroalrnn.exceptions import DataError, problems

LAST, CHOICE, REWARD, BOTH = KERNELS = ("last choice", "choice", "reward", "choice:reward")
# recursively formulated logistic regression, and its variant without reward
RFLR, OBLIVIOUS = (LAST, BOTH), (LAST, CHOICE)
SLOW, FAST = 0.05, 0.5


def _not_kernels(name, value):
    return not_names(name, value, known=KERNELS) or not_candidates(name, value)


@checked(DataError, trials=not_trials, kernels=_not_kernels, random_state=not_seed)
@from_fit("history kernel")
def history_kernel(
    trials: xr.Dataset,
    train: np.ndarray,
    *,
    kernels: Sequence[str] = KERNELS,
    random_state: int = 0,
) -> Predict:
    """Predict by a logistic regression on exponentially weighted history, with fitted rates.

    The log-odds of an option are a weighted sum of kernels and a bias. Every kernel but the last
    choice has a rate a of its own: a trial k trials ago counts ``(1 - a)**(k - 1)``, which falls to
    1/e in ``-1 / log(1 - a)`` trials. Sessions start at 0.

    ==================  ========================================================================
    last choice         1 for the option of the trial before
    choice              past choices of an option
    reward              past rewards, whatever was chosen; a weight for each option
    choice:reward       past rewards of an option
    ==================  ========================================================================

    With the first and the last this is the recursively formulated logistic regression (RFLR) of
    Beron et al. (2022): ``alpha c_t + phi_t``, ``phi_t = beta c_t r_t + exp(-1/tau) phi_{t-1}``, c
    being -1 or 1. With the last choice and "choice" it is their variant without reward. All four,
    the default, contain both.

    The reward is scaled so that its training values reach from 0 to 1. A trial without a choice or
    a reward adds nothing where one is needed. Gaps in ``trial_in_session`` are passed over as if no
    trial had been there.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects, with ``reward`` in any unit if a kernel needs it.
    train, test : int array, shape (trial,)
        Positions of the scored training trials, and of the trials to predict, each from the earlier
        trials of its session.
    kernels : sequence of str
        Which of the table.
    random_state : int
        Seed of the starting points of the fit.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities (nats).

    Raises
    ------
    DataError
        If there is no ``reward`` where a kernel needs it, or an argument cannot be used.

    References
    ----------
    Beron, Neufeld, Linderman & Sabatini (2022), PNAS 119: RFLR.
    """
    needs = {REWARD, BOTH} & set(kernels)
    if needs and "reward" not in trial_variables(trials):
        text = f"there is no numeric variable 'reward' for the kernel {sorted(needs)[0]!r}"
        raise problems(DataError, "history kernel", [text])
    scale = _unit(trials, train) if needs else None

    def lay(trials, part):
        rows, first = whole_sessions(trials, part)
        return rows, _build(trials, rows, first, kernels, scale)

    rows, traces = lay(trials, train)
    n_rates = len([each for each in kernels if each != LAST])
    offered = offered_options(trials)
    _, n_traces, n_options = traces.target.shape
    nothing = np.zeros(n_traces), np.zeros(n_options)
    agent = fit_agent(
        traces,
        trials["choice"].values[rows],
        np.isin(rows, train),
        n_rates,
        rng=np.random.default_rng(random_state),
        starts=[Agent(np.array(r), *nothing) for r in product((SLOW, FAST), repeat=n_rates)],
        offered=None if offered is None else offered[rows],
    )

    def predict(trials, test):
        rows, traces = lay(trials, test)
        return predict_agent(agent, traces)[np.searchsorted(rows, test)]

    return predict


def _unit(trials, train):
    """Lowest reward of the training trials and the range of their rewards, for any trials."""
    known = trials["reward"].values[train].astype(float)
    known = known[np.isfinite(known)]
    low = known.min(initial=np.inf) if len(known) else 0.0
    reach = known.max() - low if len(known) else 0.0
    return low, reach if reach > 0 else 1.0


def _build(trials, rows, first, kernels, scale):
    choice = trials["choice"].values[rows].astype(float)
    n_options = len(trials["choice"].attrs["labels"])
    hit = (choice[:, None] == np.arange(n_options)).astype(float)
    before = np.where(first[:, None], 0.0, np.roll(hit, 1, axis=0))
    targets = {LAST: [before], CHOICE: [hit]}
    if scale is not None:
        low, reach = scale
        paid = np.nan_to_num((trials["reward"].values[rows].astype(float) - low) / reach)
        of_option = paid[:, None, None] * np.eye(n_options)[1:]
        targets |= {REWARD: list(np.moveaxis(of_option, 1, 0)), BOTH: [hit * paid[:, None]]}
    numbers = iter(range(len(kernels)))
    moved = [GIVEN if each == LAST else next(numbers) for each in kernels]
    which = np.broadcast_to(np.array(moved, np.int8)[:, None], (len(rows), len(moved), n_options))
    edges = np.cumsum([0, *(len(targets[each]) for each in kernels)])
    target = np.stack([one for each in kernels for one in targets[each]], axis=1)
    return Traces(np.ascontiguousarray(which), target, first, edges)
