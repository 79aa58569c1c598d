"""What inputs do to the choices of held-out subjects as their read-outs drift."""

import json

import numpy as np
import pandas as pd
from scipy.stats import t as student

from neuroalrnn.adaptive.rows import scale_states
from neuroalrnn.behaviour.readouts import NORMAL, states_at_choice, trace_fold
from neuroalrnn.data import design
from neuroalrnn.data.coding import coded
from neuroalrnn.data.lags import lagged
from neuroalrnn.data.scaling import standardiser
from neuroalrnn.data.schema import scored_trials, session_number
from neuroalrnn.data.terms import parse_terms
from neuroalrnn.effects import Counterfactuals, flips_of
from neuroalrnn.network.branches import SteppedNetwork, run_branches

# trials at which the mean over subjects is taken
N_POINTS = 50


class _Unread(SteppedNetwork):
    """A network whose state is looked at in place of its read-out."""

    def read(self, state):
        return state


def trace_effects(fit) -> pd.DataFrame:
    """Estimate what every input does under the read-out of some trials, given all choices.

    Parameters
    ----------
    fit : Fit
        Of choices between two options, with read-outs that learn their subject.

    Returns
    -------
    pandas.DataFrame
        One row per subject, trial and input: ``subject, trial`` (count within the subject, from 0),
        ``input``, ``lag`` (0 for what is known before the choice, else 1), ``input_effect`` (log
        odds; mean over scored trials of the subject, were they made with the read-out of this one)
        and its 95 % interval ``ci_low, ci_high``.

    Raises
    ------
    NotTestableError
        The fit explains more than choices.
    """
    parts = []
    for fold in fit.best.folds:
        names, lags, moves = _mean_moves(fit, fold)
        names = np.array(names, dtype=object)
        for own, at, mean, _, covariance in trace_fold(fit, fold):
            move, known = moves[own]
            effect = mean @ move.T
            sd = np.sqrt(np.maximum(np.einsum("iw,twv,iv->ti", move, covariance, move), 0))
            subject, n = np.array(own, dtype=object), len(names[known])
            who, where = np.repeat(subject, len(at) * n), np.repeat(at, n)
            what = (np.tile(each[known], len(at)) for each in (names, lags))
            parts.append((who, where, *what, effect.ravel(), NORMAL * sd.ravel()))
    subject, trial, name, lag, effect, half = (
        np.concatenate(each) for each in zip(*parts, strict=True)
    )
    columns = {"subject": subject, "trial": trial, "input": name, "lag": lag}
    columns |= {"input_effect": effect, "ci_low": effect - half, "ci_high": effect + half}
    return pd.DataFrame(columns)


def average_trajectories(traced) -> pd.DataFrame:
    """Average what inputs do over subjects, trial by trial.

    Parameters
    ----------
    traced : pandas.DataFrame
        From `trace_effects`.

    Returns
    -------
    pandas.DataFrame
        One row per input, lag and trial: the mean ``input_effect`` of the subjects that got so far,
        its 95 % interval over them, ``ci_low, ci_high``, and ``n_subjects``. At 50 trials at most,
        as long as half of the subjects go on.
    """
    tables = []
    for (name, lag), rows in traced.groupby(["input", "lag"], sort=False):
        ends = np.sort(rows.groupby("subject")["trial"].max())
        last = int(ends[len(ends) // 2])
        at = np.unique(np.linspace(0, last, min(N_POINTS, last + 1)).round().astype(int))
        values = np.stack(
            [
                np.interp(at, own["trial"], own["input_effect"], right=np.nan)
                for _, own in rows.groupby("subject")
            ]
        )
        n = np.isfinite(values).sum(axis=0)
        mean = np.nanmean(values, axis=0)
        several = np.where(n > 1, n, np.nan)
        spread = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / (several - 1))
        half = student.ppf(0.975, several - 1) * spread / np.sqrt(several)
        columns = {"input": name, "lag": lag, "trial": at, "input_effect": mean}
        columns |= {"ci_low": mean - half, "ci_high": mean + half, "n_subjects": n}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _mean_moves(fit, fold):
    """What changed inputs do to each weight of a read-out, by subject.

    Returns names and lags of inputs, and by subject the mean over its scored trials, shape (input,
    weight) of those inputs that can be changed, and which these are, shape (all inputs,).
    """
    index, _ = states_at_choice(fold.test, fold.test_latents)
    subject = fit.trials["subject"].values.astype(str)[index]
    means = _OfSubjects(subject, scored_trials(fit.trials)[index])
    # of all trials and inputs at once they would take most of the memory of a report
    names, lags, parts = zip(*((*of, means(move)) for *of, move in _moves(fit, fold)), strict=True)
    found = np.stack(parts, axis=1)
    known = np.isfinite(found[..., 0])
    moves = zip(means.names, found, known, strict=True)
    return names, np.array(lags), {name: (move[own], own) for name, move, own in moves}


def _moves(fit, fold):
    """By how much each weight of a read-out moves the log-odds, if an input is changed.

    Yields name and lag of an input, and the moves at choices, shape (row, weight), NaN where it
    cannot be changed.
    """
    trials, network = fit.trials, fold.network
    index, _ = states_at_choice(fold.test, fold.test_latents)
    trained, states = states_at_choice(fold.train, fold.train_latents)
    scored = scored_trials(trials)[trained]
    known, train = states[scored], trained[scored]
    terms = _Terms(trials, train, json.loads(fit.adaptive.attrs["terms"]))
    for flip, changes in _state_changes(fit, fold):
        for name, weights, change in zip(
            flip.contrasts, flip.contrasts.values(), np.moveaxis(changes, 1, 0), strict=True
        ):
            change = change[index]
            latents = scale_states(known, known.mean(axis=0) + change)
            added = terms.change(flip, weights, flip.first_lag)[index]
            gain, constant = change @ network.readout.T, np.zeros((len(index), 1))
            move = np.hstack([gain, constant, latents, added])
            move[np.isnan(change).any(axis=1)] = np.nan
            yield name, flip.first_lag, move


class _OfSubjects:
    """Means over the rows of each subject that count, shape (subject, weight)."""

    def __init__(self, subject, counts):
        self.names, place = np.unique(subject, return_inverse=True)
        self._order = np.argsort(place, kind="stable")
        self._starts = np.flatnonzero(np.diff(place[self._order], prepend=-1))
        self._counts = counts[self._order]

    def __call__(self, values):
        values = values[self._order]
        known = np.isfinite(values) & self._counts[:, None]
        total = np.add.reduceat(np.where(known, values, 0.0), self._starts)
        n = np.add.reduceat(known, self._starts, dtype=int)
        return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)


def _state_changes(fit, fold):
    """Every flip, and what it does to the states at choices, shape (trial, contrast, latent)."""
    asked, model = Counterfactuals.of(fit), _Unread(fold.network)
    states = fold.latents[fit.sequences.trial >= 0]
    base = model.drive(asked.steps.inputs)
    for flip in flips_of(fit, None, fold.index):
        starts, lag = np.flatnonzero(flip.is_set), flip.first_lag
        after = [
            run_branches(
                model, asked.steps, states, starts, **asked.change(flip, level)._asdict(),
                base=base, is_lagged=asked.is_lagged, n_lags=lag,
            )[:, lag]
            for level in range(len(flip.levels))
        ]  # fmt: skip
        weights = np.array(list(flip.contrasts.values()))
        found = np.full((len(flip.is_set) + lag, len(weights), states.shape[1]), np.nan)
        found[starts + lag] = np.einsum("cl,lrz->rcz", weights, np.stack(after))
        yield flip, found[: len(flip.is_set)]


class _Terms:
    """Terms of the history regression, and what they become if an input is changed."""

    def __init__(self, trials, train, terms):
        self.trials, self.scale = trials, standardiser(trials, train)
        self.scaled, self.session = self.scale(trials), session_number(trials)
        self.pairs = parse_terms(trials, terms)
        size = np.sqrt((design(self.scaled, terms).to_numpy()[train] ** 2).mean(axis=0))
        self.size = np.where(size > 0, size, np.inf)

    def change(self, flip, weights, lag):
        """What a contrast adds to each term `lag` trials later, shape (trial, term)."""
        total = np.zeros((self.trials.sizes["trial"], len(self.pairs)))
        for weight, level in zip(weights, flip.levels, strict=True):
            values = dict(zip(flip.variables, level, strict=True))
            changed = self.scale(
                self.trials.assign(
                    {
                        name: self.trials[name].copy(data=np.full(len(total), float(value)))
                        for name, value in values.items()
                    }
                )
            )
            for k, pairs in enumerate(self.pairs):
                if any(name in values and back == lag for name, back in pairs):
                    total[:, k] += weight * self._product(pairs, values, changed, lag)
        return total / self.size

    def _product(self, pairs, values, changed, lag):
        found = 1.0
        for name, back in pairs:
            source = changed if name in values and back == lag else self.scaled
            ((_, column),) = coded(source, name)
            if back:
                column = lagged(self.trials, column, back, session=self.session)
            found = found * column
        return found
