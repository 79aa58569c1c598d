"""GRU and LSTM as baselines: same inputs, folds and training as the AL-RNN, size chosen inside."""

from dataclasses import dataclass, replace

import numpy as np

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.data.split import Split
from neuroalrnn.exceptions import FitError
from neuroalrnn.network import GRUNetwork, LSTMNetwork
from neuroalrnn.peers import GRU, LSTM, GRUWeights
from neuroalrnn.study.adaptive import network_says, says_inside
from neuroalrnn.study.floor import score_floor
from neuroalrnn.study.observation import attach_observation
from neuroalrnn.study.plan import whole_jobs
from neuroalrnn.study.predict import predict_trials, values_at
from neuroalrnn.study.search import Progress, search, train_in_chunks

SIZES = (8, 16, 32)
# sequences of an update at most: validation subjects of the bandit are predicted better after
# updates by 64 than by 256, in less than half of the time
MOST_AT_ONCE = 64
# share of what is explained
WORSE = 0.01


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
        plan, observations, found = self._grow(changes)
        restart, weights = self._finish(plan, observations, found)
        inner = type(found.inner)(*(part[0, restart] for part in found.inner))
        return TrainedRecurrent(weights, sequences, plan, self.study.engine, self.study, inner)

    def _grow(self, changes):
        """Search from the smallest size on; what it finds saves most of what larger ones take.

        A larger network is taken not to need less decay, and not to come back once size has cost
        more than `WORSE`; and those that are behind give up sooner.
        """
        settings, best, rival, observations = self.settings, None, -np.inf, None
        for size in sorted(self.sizes):
            plan = self._plan(size, settings, changes)
            observations = observations or plan.observations(0)
            found = search(plan, observations, 0, **self._means, rival=rival)
            score = float(found.best_score.max())
            if best is None or score > rival:
                best, rival = (plan, observations, found), score
            elif score < rival - WORSE * (rival - float(score_floor(plan, 0).mean())):
                break
            least = best[0].settings[best[2].setting[0]].weight_decay
            settings = [each for each in settings if each.weight_decay >= least]
        return best

    def _finish(self, plan, observations, found):
        """Train the best restart on the whole training part; the next one, where it diverges."""
        setting, score = plan.settings[found.setting[0]], found.best_score[0]
        for restart in np.argsort(-score, kind="stable")[: np.isfinite(score).sum()]:
            n_checks = found.best_check[0, [restart]] + 1
            jobs = whole_jobs(plan, 0, [(setting, 0, int(restart))], n_checks)
            means = *self._means.values(), plan.observed_architecture
            trained = train_in_chunks(jobs, observations, setting, *means)
            if not trained.diverged[0]:
                return restart, trained.weights
        raise FitError(f"{self.architecture.name}: every restart diverged; lower learning_rate")

    @property
    def _means(self):
        return {"engine": self.study.engine, "progress": Progress(0, show=False)}

    def _plan(self, size, settings, changes):
        settings = [each.model_copy(update={"n_latent": size, "n_pwl": 0}) for each in settings]
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
        return values_at(test, rows, values[0])

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
        return values_at(test, said.rows, said.features)

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
    """GRU and LSTM, trained with the checks of the AL-RNN's setting.

    Learning rate and weight decay are those that suit gated networks; the decay and the size are
    chosen inside. Batches are those of the setting, but of 64 sequences at most.

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
    own = study.plan.setting
    plain["batch_size"] = min(own.batch_size, MOST_AT_ONCE)
    settings = tuple(
        own.model_copy(update=plain | {"learning_rate": rate, "weight_decay": decay})
        for rate, decay in ((0.01, 0.0), (0.01, 0.1))
    )
    one = Recurrent(GRU, settings, study)
    return {"GRU": one, "LSTM": replace(one, architecture=LSTM)}
