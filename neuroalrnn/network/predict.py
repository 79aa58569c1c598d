"""Predict the choices of trials that a network was not trained on."""

from dataclasses import dataclass

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
        trials = self._check(validate(trials))
        sequences = encode(trials, **self.encoding)
        network = self._receive(sequences)
        _, layout = lay_out(trials, **self.encoding)
        rows, eta = _read_out(network, sequences, layout.readout)
        options = np.full((trials.sizes["trial"], len(self.labels)), np.nan)
        offered = offered_options(trials)
        if offered is not None:  # a trial without a choice may offer nothing
            offered = offered | ~offered.any(axis=1, keepdims=True)
        among = None if offered is None else offered[rows]
        options[rows] = level_counted(log_probability(eta, offered, rows), self.n_chosen, among)
        return _label(trials, options, scored_trials(trials) & ~forced_trials(trials))

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
    """Trials whose choice is read out, and eta there, shape (row, output)."""
    is_read = (sequences.trial >= 0) & (sequences.step_in_trial == readout[sequences.trial])
    rows, eta = [], []
    for t, (present, z) in enumerate(run_network(network, sequences)):
        here = is_read[present, t]
        if here.any():
            rows.append(sequences.trial[present[here], t])
            eta.append(z[here] @ network.readout.T + network.offset)
    if not rows:
        raise DataError("predict: no choice is read out: look at the times of the choice event")
    eta = np.concatenate(eta)
    if not np.isfinite(eta).all():
        text = "the network overflows on these trials: look at the units and far values of inputs"
        raise problems(FitError, "predict", [text])
    return np.concatenate(rows), eta


def _label(trials, options, scored):
    choice = np.where(scored, trials["choice"].values, 0).astype(int)
    made = options[np.arange(len(choice)), choice]
    coords = {name: trials[name] for name in COORDS if name in trials.coords}
    labels = [str(label) for label in trials["choice"].attrs["labels"]]
    return xr.Dataset(
        {
            "probability": (("trial", "option"), np.exp(options)),
            "log_likelihood": ("trial", np.where(scored, made, np.nan), {"units": "nats"}),
        },
        coords=coords | {"option": labels},
    )
