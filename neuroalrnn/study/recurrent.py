"""GRU and LSTM as baselines: same inputs, folds and training as the AL-RNN, size chosen inside."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.data.split import Split
from neuroalrnn.exceptions import FitError
from neuroalrnn.model import select
from neuroalrnn.network import GRUNetwork, LSTMNetwork
from neuroalrnn.peers import GRU, LSTM, GRUWeights
from neuroalrnn.study.adaptive import network_says, says_inside
from neuroalrnn.study.observation import attach_observation
from neuroalrnn.study.predict import predict_trials
from neuroalrnn.study.search import Progress, search, train_whole

SIZES = (8, 16, 32)


@dataclass(frozen=True)
class Recurrent:
    """A gated network as a baseline; see `neuroalrnn.baselines`.

    Attributes
    ----------
    architecture : Architecture
    settings : tuple of Setting
        Training; number of units apart, which is one of `sizes`.
    study : Study
        That of the AL-RNN.
    sizes : tuple of int
    """

    architecture: object
    settings: tuple
    study: object
    sizes: tuple = SIZES

    def __call__(self, trials, train, test):
        """Predict held-out choices.

        Parameters
        ----------
        trials : xarray.Dataset
            Those of the study.
        train, test : int arrays
            Scored training trials, and the trials to predict. All trials that are not in `test`
            drive the state.

        Returns
        -------
        array, shape (test trial, option)
            Log-probabilities. Size, setting, restart and training time are those with the best
            validation score inside the training part.

        Raises
        ------
        FitError
            If every restart of every size diverged.
        """
        return self._train(trials, test)(trials, test)

    def fit(self, trials, train):
        """Train for a fold of the study.

        Parameters
        ----------
        trials : xarray.Dataset
            Those of the study.
        train : int array
            Scored training trials of the fold.

        Returns
        -------
        TrainedRecurrent
            It predicts the trials that the fold holds out.

        Raises
        ------
        FitError
            If every restart of every size diverged.
        """
        parts = self.study.folds
        test = next(part.test for part in parts if not np.isin(train, part.test).any())
        return self._train(trials, test)

    def _train(self, trials, test):
        observation, sequences = attach_observation(trials, self.study.sequences, None)
        whole = np.setdiff1d(np.arange(trials.sizes["trial"]), test)
        fold = Split(self.architecture.name, whole, test)
        changes = {"sequences": sequences, "folds": [fold], "observation": observation}
        plans = [self._plan(size, changes) for size in self.sizes]
        progress, engine = Progress(0, show=False), self.study.engine
        observations = plans[0].observations(0)
        found = [search(plan, observations, 0, engine=engine, progress=progress) for plan in plans]
        plan, found = max(zip(plans, found, strict=True), key=lambda one: one[1].best_score.max())
        final = train_whole(plan, observations, 0, found, engine=engine, progress=progress)
        score = np.where(final.diverged, -np.inf, found.best_score)[0]
        if not np.isfinite(score).any():
            raise FitError(f"{self.architecture.name}: every restart diverged; lower learning_rate")
        restart = int(np.argmax(score))
        weights = select(final.weights, torch.tensor([restart]))
        inner = type(found.inner)(*(part[0, restart] for part in found.inner))
        return TrainedRecurrent(weights, sequences, plan, engine, self.study, inner)

    def _plan(self, size, changes):
        settings = [s.model_copy(update={"n_latent": size, "n_pwl": 0}) for s in self.settings]
        return self.study.lay_out(
            settings=settings, grid=(0,), architecture=self.architecture, **changes
        )


@dataclass(frozen=True)
class TrainedRecurrent:
    """A trained GRU or LSTM.

    Attributes
    ----------
    weights : GRUWeights or LSTMWeights
        Of one model, with a leading model axis.
    sequences : Sequences
        All trials of the study, with what the plan observes.
    plan : Plan
        What it was trained by.
    engine : Engine
    study : Study
        That of the AL-RNN.
    inner : GRUWeights or LSTMWeights of arrays, shape (part, ...)
        The same restart, trained on the inner parts.
    """

    weights: object
    sequences: object
    plan: object
    engine: object
    study: object
    inner: object

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
        held_out = self.sequences.take(np.isin(self.sequences.trial[:, 0], test))
        rows, values = predict_trials(self.weights, [0], held_out, self.plan, self.engine)
        predicted = np.full((trials.sizes["trial"], values.shape[-1]), np.nan)
        predicted[rows] = values[0]
        return predicted[test]

    def features(self, trials, test):
        """States at the choice, scaled by the training part.

        Parameters
        ----------
        trials : xarray.Dataset
            Those of the study.
        test : int array
            Trials of whole sequences.

        Returns
        -------
        array, shape (test trial, state)
            NaN where there is no choice.
        """
        train = self.plan.folds[0].train
        train = train[scored_trials(trials)[train]]
        said = network_says(self.study, self.plan, self.weights, 0, train, test)
        states = np.full((trials.sizes["trial"], said.features.shape[1]), np.nan)
        states[said.rows] = said.features
        return states[test]

    @property
    def inside(self):
        """What its networks of the inner parts say of the validation trials."""
        return says_inside(self.study, self.plan, 0, self.inner, 0)

    def effects(self, counterfactuals, flips, rows, n_lags):
        """Compute effects of inputs from its states; see `Counterfactuals.effects`.

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
        kind = GRUNetwork if isinstance(self.weights, GRUWeights) else LSTMNetwork
        parts = self.weights._asdict().items()
        network = kind(**{name: part[0].double().numpy() for name, part in parts})
        states = network.run(counterfactuals.sequences)
        return counterfactuals.effects(network, states, flips, rows, n_lags)


def recurrent_baselines(study):
    """GRU and LSTM, trained with the batches and checks of the AL-RNN's setting.

    Learning rate and weight decay are those that suit gated networks; the decay and the size are
    chosen inside.

    Parameters
    ----------
    study : Study
        Its setting, inner parts, encoding, engine and seed are theirs.

    Returns
    -------
    dict of str -> Recurrent
    """
    plain = {"l1": 0.0, "l2": 0.0, "latent_l1": 0.0, "latent_l2": 0.0}
    plain |= {"attractor": 0.0, "stability": 0.0, "halve_every": 0}
    settings = tuple(
        study.plan.setting.model_copy(update=plain | {"learning_rate": rate, "weight_decay": decay})
        for rate, decay in ((0.01, 0.0), (0.01, 0.1))
    )
    one = Recurrent(GRU, settings, study)
    return {"GRU": one, "LSTM": replace(one, architecture=LSTM)}
