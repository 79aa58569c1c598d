"""What inputs do in the models beside the AL-RNN, on trials that they never saw."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import xarray as xr

from neuroalrnn.data import encode
from neuroalrnn.data.notes import unlogged_notes
from neuroalrnn.data.schema import session_number
from neuroalrnn.effects import Counterfactuals, effects_of_predictions, list_flips
from neuroalrnn.effects.compute import N_LAGS


def effects_of(study):
    """Ask fitted models beside the AL-RNN what their inputs do on the trials that they predict.

    Parameters
    ----------
    study : Study

    Returns
    -------
    callable, or None
        See `neuroalrnn.study.answers.with_answers`: it returns ``effect``, float32, shape (test
        trial, input, lag, option). A model may have a method ``effects`` that takes
        `Counterfactuals`, flips, rows and lags, as networks do whose states are known. Where more
        than choices is explained, or nothing can be flipped, there is nothing to ask.
    """
    observation = study.plan.observation
    explains_more = observation is not None and list(observation.variables) != ["choice"]
    if explains_more or not list_flips(study.trials, study.encoding):
        return None

    @lru_cache(maxsize=1)
    def held_out(test):
        return _HeldOutTrials(study, np.frombuffer(test, dtype=int))

    def ask(name, baseline, model, train, test, predicted):
        effect = held_out(test.astype(int).tobytes()).effects(model)
        return {"effect": effect.astype(np.float32)}

    return ask


class _HeldOutTrials:
    """The sessions of the trials of a test part, as they were and with other inputs."""

    def __init__(self, study, test):
        trials, encoding = study.trials, study.encoding
        session = session_number(trials)
        inside = np.flatnonzero(np.isin(session, session[test]))
        part = trials.isel(trial=inside)
        with unlogged_notes():
            self.asked = Counterfactuals(part, encoding, encode(part, **encoding))
        train = np.setdiff1d(np.arange(trials.sizes["trial"]), test)
        flips = list_flips(trials, encoding, train=train)
        self.flips = [replace(flip, is_set=flip.is_set[inside]) for flip in flips]
        self.rows = np.searchsorted(inside, test)

    def effects(self, predict):
        """Effects of a fitted model, shape (test trial, input, lag, option)."""
        if hasattr(predict, "effects"):
            return predict.effects(self.asked, self.flips, self.rows, N_LAGS)
        return effects_of_predictions(self.asked, predict, self.flips, self.rows, N_LAGS)


def tabulate_effects(study, effects):
    """Label effects of the models beside the AL-RNN.

    Parameters
    ----------
    study : Study
    effects : dict of str -> array, shape (trial, input, lag, option)
        By model.

    Returns
    -------
    xarray.Dataset
        ``effect``, dims (model, trial, input, lag, option), float32.
    """
    labels = [str(label) for label in study.trials["choice"].attrs["labels"]]
    flips = list_flips(study.trials, study.encoding)
    coords = {
        "model": list(effects),
        "input": [name for flip in flips for name in flip.contrasts],
        "lag": np.arange(N_LAGS + 1),
        "option": labels[1:] if len(labels) == 2 else labels,
    }
    dims = ("model", "trial", "input", "lag", "option")
    values = np.stack(list(effects.values()))
    return xr.Dataset({"effect": (dims, values, {"units": "nats"})}, coords=coords)
