"""Trials as they would be with other inputs, and models that are run over them."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from neuroalrnn.arguments import not_kind, refuse
from neuroalrnn.data import Sequences, encode
from neuroalrnn.data.notes import unlogged_notes
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.schema import COORDS, not_trials, session_number, trial_variables
from neuroalrnn.effects._parts import parts_of
from neuroalrnn.effects._tangent import Change, Tangent, among_changes, beside_changes
from neuroalrnn.effects.flips import Flip, _not_encoding
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.network.branches import (
    Stepped,
    SteppedNetwork,
    Steps,
    run_branches,
)
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.results import Fit
from neuroalrnn.results.fold import Fold, run_folds

# the end of the name of a feature that tells of the trial before
LAGGED = "[-1]"


class Counterfactuals:
    """Trials as they would be with other inputs, and models run over them.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    encoding : dict
        Arguments of `neuroalrnn.encode`.
    sequences : Sequences
        All of the trials, encoded so.
    """

    @classmethod
    def of(cls, fit: Fit) -> "Counterfactuals":
        """Prepare the trials of a fit, which keeps them.

        Parameters
        ----------
        fit : Fit
            A cross-validated fit.

        Returns
        -------
        Counterfactuals
            The trials as encoded, and with other inputs.

        Raises
        ------
        NotTestableError
            The fit explains more than choices.
        """
        if fit.explained != ["choice"]:
            raise NotTestableError(
                f"input effects: found a fit of {', '.join(fit.explained)}, expected choices alone"
            )
        run_folds(fit)
        return fit.folds[0].recall(
            "counterfactuals", lambda: cls(fit.trials, fit.encoding, fit.sequences)
        )

    def __init__(self, trials: xr.Dataset, encoding: dict, sequences: Sequences):
        found = not_trials("trials", trials) + _not_encoding("encoding", encoding)
        found += not_kind("sequences", sequences, Sequences, "sequences of encode")
        refuse("Counterfactuals", found, DataError)
        self.trials, self.sequences = trials, sequences
        # what a fit marked as absent somewhere stays marked where a value is set everywhere
        self.encoding = encoding | {"presence": sequences.presence}
        self.steps = Steps.of(sequences, session_number(trials))
        self.is_lagged = np.array([name.endswith(LAGGED) for name in sequences.features])
        self.offered = offered_options(trials)
        self._extremes: dict[str, tuple[float, float]] = {}
        self._encoded: dict[int, np.ndarray] = {}
        self._whole: tuple[Counterfactuals, np.ndarray] | None = None

    def change(self, flip: Flip, level: int) -> Change:
        """Encode the trials as if an input had one level in all of them.

        Parameters
        ----------
        flip : Flip
            What is changed.
        level : int
            Position among its levels.

        Returns
        -------
        Change
            What this adds to the inputs of every step.
        """
        pairs = zip(flip.variables, flip.levels[level], strict=True)
        parts = [self._with(name, value) for name, value in pairs]
        columns = np.concatenate([columns for columns, _ in parts])
        values = np.concatenate([values for _, values in parts], axis=1)
        return Change(columns, values - self.steps.inputs[:, columns])

    def _with(self, name, value):
        """Features of a variable, and their values if it had one value in all trials."""
        names = {name, f"{name}{LAGGED}"}
        is_own = [each in names or each.startswith(f"{name}=") for each in self.sequences.features]
        columns = np.flatnonzero(is_own)
        if name == "choice":
            return columns, self._inputs(int(value))[:, columns]
        # what models get of a number grows with it in a straight line
        low, high = self._range(name)
        first, last = (self._inputs(level)[:, columns] for level in (0, 1))
        return columns, first + (value - low) / ((high - low) or 1.0) * (last - first)

    def _range(self, name):
        """Lowest and highest value of a variable."""
        if name not in self._extremes:
            known = self.trials[name].values.astype(float)
            self._extremes[name] = float(np.nanmin(known)), float(np.nanmax(known))
        return self._extremes[name]

    def _inputs(self, level):
        """Inputs if every variable had its lowest value (0) or its highest (1) in all trials.

        Choices are of the option whose number the level is.
        """
        if level not in self._encoded and self._whole is not None:
            whole, place = self._whole
            self._encoded[level] = whole._inputs(level)[place]
        if level not in self._encoded:
            known = [
                name for name in trial_variables(self.trials) if self.trials[name].notnull().any()
            ]
            named = [name for name in self.encoding["inputs"] if name in known]
            changed = {name: self._at(name, level) for name in named}
            with unlogged_notes():
                others = encode(self.trials.assign(changed), **self.encoding)
            self._encoded[level] = others.inputs[self.sequences.trial >= 0]
        return self._encoded[level]

    def _at(self, name, level):
        known = self.trials[name]
        value = level if name == "choice" else self._range(name)[min(level, 1)]
        return known.copy(data=np.where(np.isfinite(known.values.astype(float)), value, np.nan))

    def of_network(
        self,
        fold: Fold,
        network: Network,
        flips: Iterable[Flip],
        rows: np.ndarray,
        n_lags: int,
        *,
        local: bool = False,
    ) -> np.ndarray:
        """Compute the effects of one network of a fold.

        Parameters
        ----------
        fold : Fold
            The fold, whose latents are known if the network is the one chosen in it.
        network : Network
            A network of the fold.
        flips : iterable of Flip
            What is changed.
        rows : int array, shape (row,)
            Trials whose effects are wanted.
        n_lags : int
            How many trials back an input is followed.
        local : bool
            See `compute_input_effects`.

        Returns
        -------
        array, shape (row, input, lag, option)
            See `compute_input_effects`.
        """
        way = self.local_effects if local else self.effects
        return way(SteppedNetwork(network), self._states(fold, network), flips, rows, n_lags)

    def _states(self, fold, network):
        """Latents after every step; those of the network chosen in the fold are known."""
        is_chosen = all(
            np.array_equal(np.asarray(one), np.asarray(other))
            for one, other in zip(network, fold.network, strict=True)
        )
        latents = fold.latents if is_chosen else compute_latents(network, self.sequences)
        return latents[self.sequences.trial >= 0]

    def effects(
        self,
        model: Stepped,
        states: np.ndarray,
        flips: Iterable[Flip],
        rows: np.ndarray,
        n_lags: int,
    ) -> np.ndarray:
        """Contrast what a model says of trials after the levels of each flip.

        Parameters
        ----------
        model : Stepped
            Trained model.
        states : array, shape (step, state)
            Of its own run, see `neuroalrnn.network.Stepped.run`.
        flips : iterable of Flip
            What is changed.
        rows : int array, shape (row,)
            Trials whose effects are wanted.
        n_lags : int
            How many trials back an input is followed.

        Returns
        -------
        array, shape (row, input, lag, option)
            See `compute_input_effects`.
        """
        flips = list(flips)
        parts = [
            part.collect(part._contrast(model, states[place], n_lags), own, inside, n_lags)
            for part, place, own, inside in parts_of(self, flips, rows, n_lags)
        ]
        return np.concatenate(parts)

    def local_effects(
        self,
        model: SteppedNetwork,
        states: np.ndarray,
        flips: Iterable[Flip],
        rows: np.ndarray,
        n_lags: int,
    ) -> np.ndarray:
        """Effects along the path of linear regimes that a network took.

        Parameters
        ----------
        model : SteppedNetwork
            Trained network.
        states : array, shape (step, latent)
            Latents of its own run.
        flips : iterable of Flip
            What is changed.
        rows : int array, shape (row,)
            Trials whose effects are wanted.
        n_lags : int
            How many trials back an input is followed.

        Returns
        -------
        array, shape (row, input, lag, option)
            See `compute_input_effects`.
        """
        tangent, steps = Tangent(model), beside_changes(self.steps)
        states, base = np.hstack([states, np.zeros_like(states)]), tangent.drive(steps.inputs)
        follow = partial(
            run_branches, tangent, steps, states,
            base=base, is_lagged=np.tile(self.is_lagged, 2), n_lags=n_lags,
        )  # fmt: skip

        def derive(flip, starts):
            levels = [self.change(flip, level) for level in range(len(flip.levels))]
            parts = [
                among_changes(levels, weights, len(self.is_lagged))
                for weights in flip.contrasts.values()
            ]
            return np.stack([follow(**part._asdict(), rows=starts) for part in parts], axis=1)

        return self.collect(derive, flips, rows, n_lags)

    def label(
        self, effects: np.ndarray, flips: Iterable[Flip], folds: Sequence[str] = ()
    ) -> xr.DataArray:
        """Label effects.

        Parameters
        ----------
        effects : array, shape (trial, input, lag, option), or (fold, trial, input, lag, option)
            Log-odds (nats), of all trials.
        flips : iterable of Flip
            What was changed.
        folds : sequence of str
            Names of the folds, if they have a dimension.

        Returns
        -------
        xarray.DataArray
            See `compute_input_effects`.
        """
        labels = [str(label) for label in self.trials["choice"].attrs["labels"]]
        options = labels[1:] if len(labels) == 2 else labels
        coords: dict[str, Any] = {name: self.trials[name] for name in COORDS}
        coords |= {"input": [name for flip in flips for name in flip.contrasts], "option": options}
        dims = ("fold", "trial", "input", "lag", "option")[-effects.ndim :]
        coords |= {"fold": list(folds)} if effects.ndim == 5 else {}
        coords["lag"] = np.arange(effects.shape[-2])
        against = labels[0] if len(labels) == 2 else "the mean over the options"
        name = f"effect on the log-odds of an option against {against}"
        attrs = {"units": "nats", "long_name": name}
        return xr.DataArray(effects, dims=dims, coords=coords, name="input_effect", attrs=attrs)

    def _contrast(self, model, states, n_lags):
        """What `collect` follows: differences that the levels of a flip make to the read-out."""
        base, own = model.drive(self.steps.inputs), self._own(model, states, n_lags)

        def contrast(flip, starts):
            weights = np.array(list(flip.contrasts.values()))
            etas = []
            for level in range(len(flip.levels)):
                change, eta = self.change(flip, level), own(starts)
                differs = self._differs(change)[starts]
                eta[differs] = run_branches(
                    model, self.steps, states, starts[differs], **change._asdict(),
                    base=base, is_lagged=self.is_lagged, n_lags=n_lags,
                )  # fmt: skip
                etas.append(eta)
            return np.einsum("cl,lrko->rcko", weights, np.stack(etas))

        return contrast

    def _own(self, model, states, n_lags):
        """A function that gives eta of some trials and those after them, nothing being changed."""
        steps = self.steps
        is_read = steps.readout >= 0
        eta = model.read(states[(steps.start[:-1] + steps.readout)[is_read]])
        own = np.full((steps.n_trials + n_lags, eta.shape[1]), np.nan)
        own[: steps.n_trials][is_read] = eta
        session = np.r_[steps.session, np.full(n_lags, -1)]

        def after(starts):
            reached = starts[:, None] + np.arange(n_lags + 1)
            goes_on = session[reached] == session[starts, None]
            return np.where(goes_on[..., None], own[reached], np.nan)

        return after

    def _differs(self, change):
        """Trials in which a change changes anything, shape (trial,)."""
        differs, is_lagged = change.added != 0, self.is_lagged[change.columns]
        own, later = (
            np.logical_or.reduceat(differs[:, which].any(axis=1), self.steps.start[:-1])
            for which in (~is_lagged, is_lagged)
        )
        return own | np.r_[later[1:], False]

    def collect(
        self,
        follow: Callable[[Flip, np.ndarray], np.ndarray],
        flips: Iterable[Flip],
        rows: np.ndarray,
        n_lags: int,
    ) -> np.ndarray:
        """Bring effects of trials that were changed to the trials that they act on.

        Parameters
        ----------
        follow : callable
            ``follow(flip, starts)`` returns what flips in some trials do to them and to those
            after them, shape (start, contrast, lag, output); NaN where the session is over.
        flips : iterable of Flip
            What is changed.
        rows : int array, shape (row,)
            Trials whose effects are wanted.
        n_lags : int
            How many trials back an input is followed.

        Returns
        -------
        array, shape (row, input, lag, option)
            See `compute_input_effects`.
        """
        reached = np.zeros(self.steps.n_trials + n_lags, dtype=bool)
        for lag in range(n_lags + 1):
            reached[rows - lag] = True  # before the first trial there is none: these fall off
        starts, effects = np.flatnonzero(reached[: self.steps.n_trials]), []
        for flip in flips:
            from_here = starts[flip.is_set[starts]]
            found = follow(flip, from_here)
            by_trial = np.full((self.steps.n_trials + n_lags, *found.shape[1:]), np.nan)
            for lag in range(flip.first_lag, n_lags + 1):
                by_trial[from_here + lag, :, lag] = found[:, :, lag]
            effects.append(by_trial[rows])
        if not effects:
            raise problems(DataError, "input effects", ["no input varies: there is no effect"])
        return self._against_mean(np.concatenate(effects, axis=1), rows)

    def _against_mean(self, effects, rows):
        """Effects on log-odds of options against the mean of those that are offered."""
        if effects.shape[-1] == 1:
            return effects
        if self.offered is not None:
            hidden = ~self.offered[rows] & self.offered[rows].any(axis=1, keepdims=True)
            effects = np.where(hidden[:, None, None], np.nan, effects)
        n_offered = np.isfinite(effects).sum(axis=-1, keepdims=True)
        return effects - np.nansum(effects, axis=-1, keepdims=True) / np.maximum(n_offered, 1)
