"""Run a trained network anew from one trial on, with other inputs in that trial alone.

Every trial is the start of a branch of its own: the state before it is that of the network's own
run, some of its inputs are replaced, and everything that follows is as it happened. What the
read-outs of the branch are can be compared between two values of an input; see
`neuroalrnn.effects`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.network.run import Network

# trials whose branches run side by side, so that their states stay in the cache
AT_ONCE = 4096


class Stepped(ABC):
    """A trained model that can be run one step at a time, many rows side by side.

    A state is an array of shape (row, state); an LSTM has its cells beside its hidden units.
    """

    @abstractmethod
    def start(self, n_rows: int) -> np.ndarray:
        """Give the state before the first step of a sequence.

        Parameters
        ----------
        n_rows : int
            Number of rows.

        Returns
        -------
        array, shape (row, state)
            The initial state in every row.
        """

    @abstractmethod
    def drive(self, inputs: np.ndarray) -> np.ndarray:
        """Compute what inputs add to a step.

        Parameters
        ----------
        inputs : array, shape (row, feature)
            Inputs as encoded.

        Returns
        -------
        array, shape (row, drive)
            An affine function of the inputs.
        """

    @abstractmethod
    def step(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        """Compute the state after a step.

        Parameters
        ----------
        state : array, shape (row, state)
            State before the step.
        drive : array, shape (row, drive)
            What the inputs of the step add.

        Returns
        -------
        array, shape (row, state)
            State after the step.
        """

    @abstractmethod
    def read(self, state: np.ndarray) -> np.ndarray:
        """Compute eta of the choice.

        Parameters
        ----------
        state : array, shape (row, state)
            State at the step of the choice.

        Returns
        -------
        array, shape (row, output)
            Eta: log-odds of the second of two options, or one number per option.
        """

    def run(self, sequences: Sequences) -> np.ndarray:
        """Run the model as it is, over all steps.

        Parameters
        ----------
        sequences : Sequences
            All trials of a dataset, as encoded.

        Returns
        -------
        array, shape (step, state)
            State after every step, trial after trial.
        """
        real = sequences.trial >= 0
        state = self.start(len(real))
        states = np.empty((*real.shape, state.shape[1]))
        for t in range(real.shape[1]):
            state = self.step(state, self.drive(sequences.inputs[:, t]))
            states[:, t] = state
        return states[real]


@dataclass(frozen=True)
class SteppedNetwork(Stepped):
    """An AL-RNN as a model that is run one step at a time: ``a z + W phi(z) + (C s + h)``.

    Parameters
    ----------
    network : Network
        Trained network, with one initial state.
    """

    network: Network

    def start(self, n_rows: int) -> np.ndarray:
        return np.broadcast_to(self.network.initial, (n_rows, len(self.network.bias)))

    def drive(self, inputs: np.ndarray) -> np.ndarray:
        return inputs @ self.network.input_weight.T + self.network.bias

    def step(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        phi = state.copy()
        last = phi[:, phi.shape[1] - self.network.n_pwl :]
        np.maximum(last, 0.0, out=last)
        return phi @ self.network.weight.T + self.network.self_slope * state + drive

    def read(self, state: np.ndarray) -> np.ndarray:
        return state @ self.network.readout.T + self.network.offset


@dataclass(frozen=True)
class Steps:
    """Steps of all trials in one row, trial after trial.

    Parameters
    ----------
    inputs : array, shape (step, feature)
        As encoded.
    start : int array, shape (trial + 1,)
        Where the steps of each trial begin.
    readout : int array, shape (trial,)
        Place within the trial at which the choice is read out, -1 where it is not.
    is_new : bool array, shape (trial,)
        Whether a trial begins a sequence, with the initial state.
    session : int array, shape (trial,)
        Number of the session; no branch leaves it.
    """

    inputs: np.ndarray
    start: np.ndarray
    readout: np.ndarray
    is_new: np.ndarray
    session: np.ndarray

    @classmethod
    def of(cls, sequences: Sequences, session: np.ndarray) -> "Steps":
        """Lay the steps of whole trials in one row.

        Parameters
        ----------
        sequences : Sequences
            All trials of a dataset, as encoded.
        session : int array, shape (trial,)
            Number of the session of every trial.

        Returns
        -------
        Steps
            In the order of the trials.
        """
        real = sequences.trial >= 0
        trial, place = sequences.trial[real], sequences.step_in_trial[real]
        n_steps = np.bincount(trial, minlength=sequences.n_trials)
        is_read = np.isfinite(sequences.target[real])
        readout = np.full(sequences.n_trials, -1)
        readout[trial[is_read]] = place[is_read]
        is_new = np.zeros(sequences.n_trials, dtype=bool)
        is_new[sequences.trial[:, 0]] = True
        start = np.r_[0, np.cumsum(n_steps)]
        return cls(sequences.inputs[real], start, readout, is_new, session)

    def take(self, trials: np.ndarray) -> tuple["Steps", np.ndarray]:
        """Steps of some trials alone, which follow each other as if no others were between them.

        Parameters
        ----------
        trials : int array, shape (trial,)
            In rising order.

        Returns
        -------
        steps : Steps
            Of these trials.
        place : int array, shape (step,)
            Where these steps are among all.
        """
        length = np.diff(self.start)[trials]
        start = np.r_[0, np.cumsum(length)]
        place = np.repeat(self.start[trials] - start[:-1], length) + np.arange(start[-1])
        parts = self.readout[trials], self.is_new[trials], self.session[trials]
        return Steps(self.inputs[place], start, *parts), place

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.session)


def run_branches(
    model: Stepped,
    steps: Steps,
    states: np.ndarray,
    rows: np.ndarray,
    *,
    columns: np.ndarray,
    added: np.ndarray,
    base: np.ndarray,
    is_lagged: np.ndarray,
    n_lags: int,
) -> np.ndarray:
    """Read out what follows when the inputs of one trial are changed, for many trials.

    Parameters
    ----------
    model : Stepped
        Trained model.
    steps : Steps
        All trials.
    states : array, shape (step, state)
        State after every step of the model's own run, see `Stepped.run`.
    rows : int array, shape (row,)
        Trials that begin a branch.
    columns : int array, shape (column,)
        Features that are changed.
    added : array, shape (step, column)
        What is added to them if every trial is changed. A branch changes its own trial.
    base : array, shape (step, drive)
        What the inputs as they were add to every step, ``model.drive(steps.inputs)``.
    is_lagged : bool array, shape (feature,)
        Features that tell of the trial before, which are changed in the trial after.
    n_lags : int
        Trials that a branch runs beyond its own.

    Returns
    -------
    array, shape (row, n_lags + 1, output)
        Eta of the branch's own trial and those after it in the session; NaN where the session is
        over or the choice is not read out.
    """
    n_features = steps.inputs.shape[1]
    # drive is affine: what an input adds does not depend on the others
    weight = model.drive(np.eye(n_features)) - model.drive(np.zeros((1, n_features)))
    is_late = is_lagged[columns]
    own, later = (
        base + added[:, which] @ weight[columns[which]] if which.any() else base
        for which in (~is_late, is_late)
    )
    n_outputs = model.read(model.start(1)).shape[1]
    eta = np.full((len(rows), n_lags + 1, n_outputs), np.nan)
    for first in range(0, len(rows), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        branches = _follow(model, steps, states, (own, later, base), rows[part], n_lags)
        for offset, which, values in branches:
            eta[first + which, offset] = values
    return eta


def _follow(model, steps, states, drives, rows, n_lags) -> Iterator[tuple]:
    """Yield the trial after a branch's own, which branches are read out there, and eta."""
    which = np.arange(len(rows))
    state = _before(model, steps, states, rows)
    for offset in range(n_lags + 1):
        trial = rows[which] + offset
        goes_on = trial < steps.n_trials
        goes_on[goes_on] = steps.session[trial[goes_on]] == steps.session[rows[which[goes_on]]]
        which, trial, state = which[goes_on], trial[goes_on], state[goes_on]
        if offset:
            new = steps.is_new[trial]
            state[new] = model.start(int(new.sum()))
        first, length = steps.start[trial], steps.start[trial + 1] - steps.start[trial]
        drive = drives[min(offset, 2)]
        for k in range(int(length.max(initial=0))):
            here = k < length
            if here.all():
                state = model.step(state, drive[first + k])
            else:
                state[here] = model.step(state[here], drive[first[here] + k])
            is_read = steps.readout[trial] == k
            if is_read.any():
                yield offset, which[is_read], model.read(state[is_read])


def _before(model, steps, states, rows):
    """State before the first step of some trials, shape (row, state)."""
    new = steps.is_new[rows]
    state = states[np.maximum(steps.start[rows] - 1, 0)]
    state[new] = model.start(int(new.sum()))
    return state
