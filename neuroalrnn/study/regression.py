r"""AL-RNNs on top of a regression: its log-odds are added where a network is read out.

.. math::
    \eta_t = B z_t + d + \eta^{\mathrm{regression}}_t

The regression is that of the history, fitted to the training trials of every part by themselves, so
that validation and test subjects are as new to it as to the network, which learns what is left. It
drives no latent: the network gets the inputs of any other.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from neuroalrnn.adaptive.rows import SURE
from neuroalrnn.baselines import logistic
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.effects import effects_of_predictions
from neuroalrnn.model import count_outputs, select
from neuroalrnn.network import Network, SteppedNetwork, compute_latents
from neuroalrnn.results.summary import ON_REGRESSION, REGRESSION
from neuroalrnn.study.adaptive import adapt, adaptation_of, network_says, scored_of, terms_of
from neuroalrnn.study.ensemble import AVERAGE, INSIDE, average_adapted, members_of
from neuroalrnn.study.final import canonical_form
from neuroalrnn.study.observation import attach_observation
from neuroalrnn.study.plan import Part
from neuroalrnn.study.predict import add_log_odds, average, predict_trials, values_at
from neuroalrnn.study.search import Progress, choose, search, train_whole


def on_regression(study, known):
    """List the networks on top of the regression, and the regression where it is not yet a model.

    Parameters
    ----------
    study : Study
    known : collection of str
        Names of the models that there are.

    Returns
    -------
    dict of str -> callable
        Baselines, see `neuroalrnn.baselines`.
    """
    regression = {} if REGRESSION in known else {REGRESSION: history_regression(study)}
    return regression | {ON_REGRESSION: OnRegression(study)}


def grid_of(plan):
    """What is tried, and decides with the trials what these networks predict.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    list
    """
    return [list(plan.grid), [each.model_dump(mode="json") for each in plan.settings]]


@dataclass(frozen=True)
class OnRegression:
    """An AL-RNN on top of the history regression, as a model beside the AL-RNN.

    Attributes
    ----------
    study : Study
    """

    study: object

    def __call__(self, trials, train, test):
        """Train and predict; see `fit`."""
        return self.fit(trials, train)(trials, test)

    def fit(self, trials, train):
        """Train for a fold of the study, as the AL-RNN of that fold is trained.

        Parameters
        ----------
        trials : xarray.Dataset
            Those of the study.
        train : int array
            Scored training trials of the fold.

        Returns
        -------
        TrainedOnRegression
            ``n_pwl``, setting, restart and training time are those with the best validation score
            inside the training part.

        Raises
        ------
        FitError
            If every restart of every ``n_pwl`` diverged.
        """
        study, engine = self.study, self.study.engine
        fold = next(part for part in study.folds if not np.isin(train, part.test).any())
        plan, regressions = _plan(study, fold)
        progress, observations = Progress(0, show=False), plan.observations(0)
        found = search(plan, observations, 0, engine=engine, progress=progress)
        final = train_whole(plan, observations, 0, found, engine=engine, progress=progress)
        chosen = choose(plan, 0, found, final.diverged)
        first, *others = (
            TrainedOnRegression(
                study, plan, plan.grid[chosen.best], _weights(plan, found, final, *at), regressions
            )
            for at in ((chosen.best, each) for each in members_of(found, final, chosen))
        )
        return replace(first, others=tuple(others))


def _weights(plan, found, final, position, restart):
    """A network for every inner part, and the one of the whole training part."""
    inner = type(found.inner)(*(torch.as_tensor(each[position, restart]) for each in found.inner))
    weights = [select(inner, [k]) for k in range(len(plan.inner[0]))]
    return [*weights, select(final.weights, [position * plan.n_restarts + restart])]


def history_regression(study):
    """Make the regression that the networks stand on, as a baseline.

    Parameters
    ----------
    study : Study

    Returns
    -------
    callable
        See `neuroalrnn.baselines`.
    """
    terms = terms_of(study)
    baseline = partial(logistic, terms=terms)
    baseline.fit = partial(logistic.fit, terms=terms)
    return baseline


def _plan(study, fold):
    """The plan of one fold, whose parts have pieces of their own, and a regression for each."""
    observation, sequences = attach_observation(study.trials, study.sequences, None)
    changes = {"sequences": sequences, "observation": observation, "folds": [fold]}
    plan = study.lay_out(**changes)
    parts, n_pieces = [*plan.inner[0], plan.whole[0]], len(plan.pieces.n_steps)
    fit = history_regression(study).fit
    regressions = [fit(study.trials, scored_of(study, plan, part.train)) for part in parts]
    every = np.arange(study.trials.sizes["trial"])
    added = [_outputs(log_odds_of(each(study.trials, every))) for each in regressions]
    moved = [
        Part(part.train + k * n_pieces, part.validate + k * n_pieces)
        for k, part in enumerate(parts)
    ]
    plan = replace(
        plan,
        pieces=plan.pieces.take(np.tile(np.arange(n_pieces), len(parts))),
        inner=[moved[:-1]],
        whole=moved[-1:],
        shift=np.concatenate([each[plan.pieces.trial] for each in added]),
    )
    return plan, regressions


def log_odds_of(log_probability):
    """What a model adds to the read-out of another, up to a constant in every trial.

    Parameters
    ----------
    log_probability : array, shape (trial, option)

    Returns
    -------
    array, shape (trial, option)
        0 for the likeliest option, at least -20, as nothing that can be observed is surer; 0 where
        the model says nothing.
    """
    with np.errstate(invalid="ignore"):
        below = log_probability - log_probability.max(axis=1, keepdims=True)
    return np.nan_to_num(np.maximum(below, -SURE))


def _outputs(log_odds):
    """The same for every output of a read-out."""
    one = count_outputs(log_odds.shape[1]) == 1
    return log_odds[:, 1:] - log_odds[:, :1] if one else log_odds


@dataclass(frozen=True)
class TrainedOnRegression:
    """A trained network on top of a regression.

    Attributes
    ----------
    study : Study
    plan : Plan
        What it was trained by.
    n_pwl : int
        The value that was chosen.
    weights : list of Weights
        For every inner part, then of the whole training part; each of one model, with a model axis.
    regressions : list of callable
        ``f(trials, index)`` for each of them.
    others : tuple of TrainedOnRegression
        The same of the other restarts.
    """

    study: object
    plan: object
    n_pwl: int
    weights: list
    regressions: list
    others: tuple = ()

    def _added(self, k, trials):
        return log_odds_of(self.regressions[k](trials, np.arange(trials.sizes["trial"])))

    def __call__(self, trials, test):
        """Predict choices.

        Parameters
        ----------
        trials : xarray.Dataset
            Those of the study.
        test : int array
            Trials of whole sequences.

        Returns
        -------
        array, shape (test trial, option)
            Log-probabilities.
        """
        _, sequences = attach_observation(trials, self.study.sequences, None)
        held_out = sequences.take(np.isin(sequences.trial[:, 0], test))
        rows, values = predict_trials(
            self.weights[-1], [self.n_pwl], held_out, self.plan, self.study.engine
        )
        return values_at(test, rows, add_log_odds(values[0], self._added(-1, trials)[rows]))

    def _says(self, k, train, test):
        added = self._added(k, self.study.trials)
        return network_says(
            self.study, self.plan, self.weights[k], self.n_pwl, train, test, added=added
        )

    def features(self, trials, test):
        """States at the choice, scaled by the training part, and the terms of the regression.

        Parameters
        ----------
        trials : xarray.Dataset
            Those of the study.
        test : int array
            Trials of whole sequences.

        Returns
        -------
        array, shape (test trial, feature)
            NaN where there is no choice.
        """
        train = self.plan.folds[0].train
        said = self._says(-1, train[scored_trials(trials)[train]], test)
        return values_at(test, said.rows, said.features)

    def adapt(self, train, test):
        """Predict with a read-out that learns its subject.

        Parameters
        ----------
        train, test : int array
            Scored training trials, and trials of whole sequences.

        Returns
        -------
        Adapted
            Of all test trials; NaN where there is no choice.
        """
        said = self._says(-1, train, test)
        found = adapt(self.study.trials, self.inside, said)
        return found._replace(log_probability=values_at(test, said.rows, found.log_probability))

    @property
    def inside(self):
        """What its networks of the inner parts say of the validation trials, on top of theirs."""
        return [
            self._says(k, *(scored_of(self.study, self.plan, each) for each in parts))
            for k, parts in enumerate((p.train, p.validate) for p in self.plan.inner[0])
        ]

    def effects(self, counterfactuals, flips, rows, n_lags):
        """Compute effects of inputs: those in the network plus those in the regression.

        Parameters
        ----------
        counterfactuals : Counterfactuals
        flips : list of Flip
        rows : int array
        n_lags : int

        Returns
        -------
        array, shape (row, input, lag, option)
        """
        slope, *others = (part[0].double().numpy() for part in self.weights[-1])
        network = Network(self.n_pwl, *canonical_form(slope, others[0], self.n_pwl), *others[1:])
        sequences = counterfactuals.sequences
        states = compute_latents(network, sequences)[sequences.trial >= 0]
        own = counterfactuals.effects(SteppedNetwork(network), states, flips, rows, n_lags)
        regression = self.regressions[-1]
        return own + effects_of_predictions(counterfactuals, regression, flips, rows, n_lags)


def asks_of_networks(study, *, adaptive, ensemble):
    """What is asked of the networks on top of the regression, and of the regression.

    Parameters
    ----------
    study : Study
    adaptive : bool
        Predict with read-outs that learn their subject, too.
    ensemble : bool
        Average over restarts, too.

    Returns
    -------
    list of callable
        See `neuroalrnn.study.answers.with_answers`. Beside ``adaptive`` and ``chosen``, answers are
        `INSIDE`, shape (2, trial); those of averages end with `AVERAGE`.
    """
    ask_other = adaptation_of(study)

    def ask_adapted(name, baseline, model, train, test, predicted):
        if name != ON_REGRESSION:
            return ask_other(name, baseline, model, train, test, predicted)
        members = (model, *model.others) if ensemble else (model,)
        adapted = [each.adapt(train, test) for each in members]
        found = _answers("", adapted[0])
        return found | _answers(AVERAGE, average_adapted(adapted)) if ensemble else found

    def ask_average(name, baseline, model, train, test, predicted):
        if name != ON_REGRESSION:
            return {}
        said = [predicted, *(each(study.trials, test) for each in model.others)]
        return {f"predicted{AVERAGE}": average(said)}

    asks = ask_adapted if adaptive else None, ask_average if ensemble else None
    return [ask for ask in asks if ask]


def _answers(end, adapted):
    chosen = np.tile(adapted.chosen, (len(adapted.log_probability), 1))
    found = {"adaptive": adapted.log_probability, "chosen": chosen, INSIDE: adapted.inside}
    return {kind + end: values for kind, values in found.items()}
