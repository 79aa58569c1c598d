"""Predict the choices of trials that a network was not trained on."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from neuroalrnn.data import encode, validate
from neuroalrnn.data.encode import lay_out
from neuroalrnn.data.level import level_counted
from neuroalrnn.data.offered import check_offered, forced_trials, offered_options
from neuroalrnn.data.schema import no_number, scored_trials, trial_variables
from neuroalrnn.data.sequences import ALWAYS, PRESENT
from neuroalrnn.exceptions import DataError, FitError, problems
from neuroalrnn.network.choices import log_probability
from neuroalrnn.network.run import Network, run_network

COORDS = ("subject", "session", "block", "trial_in_session")


class _Said(NamedTuple):
    """What a network says of trials.

    Parameters
    ----------
    rows : int array, shape (row,)
        Positions of the trials whose choice is read out.
    log_probability : array, shape (row, option)
        On the level of all models, see `neuroalrnn.data.level.level`.
    states : array, shape (row, latent)
        Of the network, where the choice is read out.
    """

    rows: np.ndarray
    log_probability: np.ndarray
    states: np.ndarray


@dataclass(frozen=True, eq=False)
class Predictor:
    """A network, and all that it takes to predict other trials with it.

    Parameters
    ----------
    network : Network
        One output for two options, else one per option.
    encoding : dict
        Arguments of `neuroalrnn.encode`.
    features : tuple of str
        What the columns of ``network.input_weight`` are.
    present_at : dict of str -> str
        See `neuroalrnn.data.Sequences`.
    centre : array, shape (feature,)
        Training mean of every feature that `present_at` names, else 0.
    labels : tuple of str
        The options, in code order.
    n_chosen : int array, shape (option,)
        How often the training subjects chose each of them; see `neuroalrnn.data.level.level`.
    offered : tuple of str
        Variables that tell which options a trial offers; empty where all are always offered.
    """

    network: Network
    encoding: dict
    features: tuple[str, ...]
    present_at: dict
    centre: np.ndarray
    labels: tuple[str, ...]
    n_chosen: np.ndarray
    offered: tuple[str, ...] = ()

    def predict(self, trials: xr.Dataset) -> xr.Dataset:
        """Probability of every option, trial by trial.

        Parameters
        ----------
        trials : xarray.Dataset
            With the inputs, labels and events of those that were trained on. Choices that are
            inputs drive the network as they were made.

        Returns
        -------
        xarray.Dataset
            ``probability`` (trial, option), NaN where the choice is never read out;
            ``log_likelihood`` (trial) of the choice in nats, NaN where it is not scored.

        Raises
        ------
        DataError
            Naming every input, label or event that is unknown or missing.
        FitError
            The network diverges on these trials.
        """
        trials, said = self.say(trials)
        options = np.full((trials.sizes["trial"], len(self.labels)), np.nan)
        options[said.rows] = said.log_probability
        return self.label(trials, options)

    def say(self, trials: xr.Dataset) -> tuple[xr.Dataset, _Said]:
        """Run the network on trials, and level what it says of them.

        Parameters
        ----------
        trials : xarray.Dataset
            As for `predict`.

        Returns
        -------
        trials : xarray.Dataset
            As checked.
        said : _Said
            What the network says of those whose choice is read out.

        Raises
        ------
        DataError, FitError
            As for `predict`.
        """
        trials = self._check(validate(trials))
        sequences = encode(trials, **self.encoding)
        network = self._receive(sequences)
        _, layout = lay_out(trials, **self.encoding)
        rows, states = _read_out(network, sequences, layout.readout)
        offered = offered_options(trials)
        if offered is not None:  # a trial without a choice may offer nothing
            offered = offered | ~offered.any(axis=1, keepdims=True)
        among = None if offered is None else offered[rows]
        eta = states @ network.readout.T + network.offset
        options = level_counted(log_probability(eta, offered, rows), self.n_chosen, among)
        return trials, _Said(rows, options, states)

    def label(self, trials: xr.Dataset, options: np.ndarray) -> xr.Dataset:
        """Label what is said of trials.

        Parameters
        ----------
        trials : xarray.Dataset
            From `say`.
        options : array, shape (trial, option)
            Log-probabilities, NaN where the choice is never read out.

        Returns
        -------
        xarray.Dataset
            As from `predict`.
        """
        scored = scored_trials(trials) & ~forced_trials(trials)
        choice = np.where(scored, trials["choice"].values, 0).astype(int)
        made = options[np.arange(len(choice)), choice]
        coords = {name: trials[name] for name in COORDS if name in trials.coords}
        return xr.Dataset(
            {
                "probability": (("trial", "option"), np.exp(options)),
                "log_likelihood": ("trial", np.where(scored, made, np.nan), {"units": "nats"}),
            },
            coords=coords | {"option": list(self.labels)},
        )

    def _check(self, trials):
        """The trials, once they are known to hold what the network needs."""
        found, known = [], trial_variables(trials)
        labels = tuple(str(label) for label in trials["choice"].attrs["labels"])
        if labels != self.labels:
            found.append(
                f"choice: labels are {', '.join(labels)}, those trained on {', '.join(self.labels)}"
                ": give the same ones in the same order"
            )
        inputs = [] if "inputs" in trials else list(self.encoding["inputs"])
        names = dict.fromkeys([*inputs, *self.offered])
        found += [f"input {no_number(trials, name, known)}" for name in names if name not in known]
        if found:
            raise problems(DataError, "predict", found)
        attrs = {name: value for name, value in trials["choice"].attrs.items() if name != "offered"}
        attrs |= {"offered": list(self.offered)} if self.offered else {}
        choice = trials["choice"].drop_attrs().assign_attrs(attrs)
        trials = trials.assign(choice=choice)
        check_offered(trials)
        return trials

    def _receive(self, sequences):
        """The network, with a weight for every feature of some sequences.

        An input can be missing here that never was in training: then it has a further feature that
        tells where it is present, and a missing value must count as an average one.
        """
        place = {name: k for k, name in enumerate(self.features)}
        found = [
            f"feature {name!r}: the network has no weights for it"
            for name in sequences.features
            if name not in place and not name.startswith(PRESENT)
        ]
        gone = [name for name in self.features if name not in sequences.place]
        found += [f"feature {name!r} is missing: encode the trials with it" for name in gone]
        if found:
            raise problems(DataError, "predict", found)
        network = self.network
        weight = np.zeros((len(network.bias), len(sequences.features) + 1))
        weight[:, -1] = network.bias
        for name, k in place.items():
            weight[:, sequences.place[name]] = network.input_weight[:, k]
        columns = sequences.place | {ALWAYS: -1}
        for name, carrier in sequences.present_at.items():
            if carrier != self.present_at.get(name, carrier):
                moved = network.input_weight[:, place[name]] * self.centre[place[name]]
                weight[:, columns[self.present_at[name]]] += moved
                weight[:, columns[carrier]] -= moved
        return network._replace(input_weight=weight[:, :-1], bias=weight[:, -1])


def _read_out(network, sequences, readout):
    """Trials whose choice is read out, and the states there, shape (row, latent)."""
    is_read = (sequences.trial >= 0) & (sequences.step_in_trial == readout[sequences.trial])
    rows, states = [], []
    for t, (present, z) in enumerate(run_network(network, sequences)):
        here = is_read[present, t]
        if here.any():
            rows.append(sequences.trial[present[here], t])
            states.append(z[here])
    if not rows:
        raise DataError("predict: no choice is read out: look at the times of the choice event")
    states = np.concatenate(states)
    if not np.isfinite(states).all():
        text = "the network overflows on these trials: look at the units and far values of inputs"
        raise problems(FitError, "predict", [text])
    return np.concatenate(rows), states
