"""Effects of inputs in models that are known by nothing but what they predict."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import xarray as xr

from neuroalrnn.effects.counterfactuals import Counterfactuals
from neuroalrnn.effects.flips import Flip

# trials between two flips of one run, at most
MOST_APART = 96
# share of its largest effect, below which a flip counts as forgotten
FORGOTTEN = 0.01
# trials that a model is asked about at once, as each question takes time beside
MOST_ASKED = 100000


def effects_of_predictions(
    counterfactuals: Counterfactuals,
    predict: Callable[[xr.Dataset, np.ndarray], np.ndarray],
    flips: Iterable[Flip],
    rows: np.ndarray,
    n_lags: int,
) -> np.ndarray:
    """Compute effects of inputs by asking a model about trials with other inputs.

    One run flips an input in every p-th trial of each session, and p runs flip it in all of them.
    What follows a flip is read before the next one, which assumes that the flips before are
    forgotten. So p is the number of trials after which the effect of a flip, in the mean over
    flips, has faded to 1 % of the largest, from one more than are read to 96. A regression on past
    trials forgets at once, and its effects are exact. In models whose memory fades, what is left of
    earlier flips adds to an effect: 2 % of the largest one in learners, up to 15 % in a
    GLM-HMM, on the trials where it is most.

    Parameters
    ----------
    counterfactuals : Counterfactuals
        Trials that the inputs are changed in.
    predict : callable
        ``predict(trials, test)`` returns log-probabilities, shape (test trial, option), each from
        earlier trials of its session; see `neuroalrnn.baselines.from_fit`.
    flips : iterable of Flip
        What is changed.
    rows : int array, shape (row,)
        Trials whose effects are wanted. Whole sessions around them are asked for.
    n_lags : int
        How many trials back an input is followed.

    Returns
    -------
    array, shape (row, input, lag, option)
        See `neuroalrnn.effects.compute_input_effects`.
    """
    asked = _Asked(counterfactuals, predict, rows)

    def follow(flip, starts):
        inside = np.isin(starts, asked.rows)
        found = np.full((len(starts), len(flip.contrasts), n_lags + 1, asked.n_outputs), np.nan)
        found[inside] = asked.follow(flip, n_lags)[np.searchsorted(asked.rows, starts[inside])]
        return found

    return counterfactuals.collect(follow, flips, rows, n_lags)


class _Asked:
    """A fitted model, and the sessions that it is asked about."""

    def __init__(self, counterfactuals, predict, rows):
        session = counterfactuals.steps.session
        self.predict = predict
        self.rows = np.flatnonzero(np.isin(session, session[rows]))
        self.trials = counterfactuals.trials.isel(trial=self.rows)
        self.is_read = counterfactuals.steps.readout[self.rows] >= 0
        self.session = session[self.rows]
        first = np.r_[True, self.session[1:] != self.session[:-1]]
        every = np.arange(len(self.rows))
        self.place = every - np.maximum.accumulate(np.where(first, every, 0))
        n_options = len(self.trials["choice"].attrs["labels"])
        self.n_outputs = 1 if n_options == 2 else n_options
        self.copies = lru_cache(maxsize=2)(self._copies)

    def _copies(self, n):
        """The same trials so many times, each time in other sessions."""
        trials = self.trials.isel(trial=np.tile(np.arange(len(self.rows)), n))
        numbers = np.arange(n)[:, None] * len(self.rows) + self.session
        session = trials.variables["session"].copy(data=numbers.ravel())
        return trials.assign_coords(session=session)

    def follow(self, flip, n_lags):
        """Effects of a flip in each trial on later ones, shape (trial, contrast, lag, output)."""
        flip = replace(flip, is_set=flip.is_set[self.rows])
        shape = len(self.rows), len(flip.contrasts), n_lags + 1, self.n_outputs
        found = np.full(shape, np.nan)
        (everywhere,) = self.contrasts(flip, [np.flatnonzero(flip.is_set)])
        is_idle = not np.nan_to_num(everywhere).any()
        apart = 1 if is_idle else self.memory(flip, least=n_lags + 1)
        phases = [flip.is_set & (self.place % apart == phase) for phase in range(apart)]
        parts = [np.flatnonzero(phase) for phase in phases]
        followed = [everywhere] if is_idle else self.contrasts(flip, parts)
        for here, effects in zip(parts, followed, strict=True):
            for lag in range(flip.first_lag, n_lags + 1):
                from_here = here[here + lag < len(self.rows)]
                from_here = from_here[self.session[from_here + lag] == self.session[from_here]]
                found[from_here, :, lag] = effects[from_here + lag]
        return found

    def memory(self, flip, least):
        """Trials after which a flip is forgotten, from those of one run with few flips."""
        block = self.session * len(self.rows) + self.place // MOST_APART
        set_rows = np.flatnonzero(flip.is_set)
        here = set_rows[np.unique(block[set_rows], return_index=True)[1]]
        size = np.abs(next(self.contrasts(flip, [here]))).sum(axis=(1, 2))
        last = np.full(len(self.rows), -1)
        last[here] = here
        last = np.maximum.accumulate(last)
        felt = (last >= 0) & (self.session[last] == self.session) & np.isfinite(size)
        lag = (np.arange(len(self.rows)) - last)[felt]
        mean = np.bincount(lag, size[felt]) / np.maximum(np.bincount(lag), 1)
        longest = np.flatnonzero(mean > FORGOTTEN * mean.max(initial=0.0)).max(initial=0)
        return int(np.clip(longest + 1, least, MOST_APART))

    def contrasts(self, flip, parts):
        """Effects of flips in each of several sets of trials, shape (trial, contrast, output)."""
        weights, n_trials = np.array(list(flip.contrasts.values())), len(self.rows)
        most = max(1, MOST_ASKED // n_trials)
        for start in range(0, len(parts), most):
            some = parts[start : start + most]
            many = replace(flip, is_set=np.tile(flip.is_set, len(some)))
            here = np.concatenate([each + k * n_trials for k, each in enumerate(some)])
            trials = self.copies(len(some))
            etas = [self.eta(many.set(trials, level, here)) for level in range(len(flip.levels))]
            effects = np.einsum("cl,lto->tco", weights, np.stack(etas))
            yield from effects.reshape(len(some), n_trials, *effects.shape[1:])

    def eta(self, trials):
        """Log-odds of two options, else log-probabilities; NaN where no choice is read out."""
        n_copies = trials.sizes["trial"] // len(self.rows)
        found = self.predict(trials, np.arange(trials.sizes["trial"]))
        is_read = np.tile(self.is_read, n_copies)[:, None]
        known = np.isfinite(found) & is_read  # an option may not be offered
        found = np.where(known, found, np.nan)
        return found[:, 1:] - found[:, :1] if self.n_outputs == 1 else found
