"""The network of a fit that was trained on everybody, and whom it may predict."""

import json
import warnings

import numpy as np

from neuroalrnn.adaptive.filter import predict_adaptively
from neuroalrnn.adaptive.prior import Prior
from neuroalrnn.adaptive.rows import history_features, lay_out, scale_states
from neuroalrnn.data.level import level_counted
from neuroalrnn.data.schema import scored_trials, session_number, texts, trial_variables
from neuroalrnn.exceptions import (
    DataError,
    LeakageWarning,
    NotTestableError,
    ResultError,
    problems,
)
from neuroalrnn.network.predict import Predictor
from neuroalrnn.network.run import Network

# likelihoods whose part for the choice is that of a plain fit, read from these outputs
PLAIN = {"bernoulli", "categorical", "choice_rt"}
CHOICE = "choice.logit"


def make_predictor(final, encoding, observation=None, n_pwl=None):
    """What predicts the choices of new subjects.

    Parameters
    ----------
    final : xarray.Dataset
        Networks trained on everybody, see `Fit`.
    encoding : dict
        Arguments of `neuroalrnn.encode` that they were trained with.
    observation : dict, optional
        What a fit that explains more than choices keeps of its likelihood: ``name``, ``outputs``.
    n_pwl : int, optional
        A value of the grid; default the one that predicts best.

    Returns
    -------
    neuroalrnn.network.predict.Predictor

    Raises
    ------
    DataError, NotTestableError
    """
    grid = final["n_pwl"].values.tolist()
    # files of earlier versions hold one choice
    best = final.get("n_pwl_best", final["n_pwl_chosen"])
    n_pwl = int(best) if n_pwl is None else int(n_pwl)
    if n_pwl not in grid:
        text = f"n_pwl: found {n_pwl}, expected one of {', '.join(map(str, grid))}"
        raise problems(DataError, "predict", [text])
    weights = final.sel(n_pwl=n_pwl)
    network = Network(n_pwl, *(weights[name].values for name in Network._fields[1:]))
    outputs = slice(None) if observation is None else _choice_outputs(observation)
    return Predictor(
        network=network._replace(readout=network.readout[outputs], offset=network.offset[outputs]),
        encoding=encoding,
        features=tuple(final["feature"].values.astype(str)),
        present_at=json.loads(final.attrs["present_at"]),
        centre=final["centre"].values,
        labels=tuple(final["option"].values.astype(str)),
        n_chosen=final["n_chosen"].values,
        offered=tuple(json.loads(final.attrs["offered"])),
    )


def predict_learning(fit, predictor, trials):
    """Predict new subjects by the final network, with a read-out that learns each of them.

    Parameters
    ----------
    fit : Fit
        Whose ``final`` tells how far subjects are from the network.
    predictor : neuroalrnn.network.predict.Predictor
    trials : xarray.Dataset

    Returns
    -------
    xarray.Dataset
        See `Fit.predict`.

    Raises
    ------
    ResultError
        The fit has no such read-outs.
    DataError
        `predictor` is not of the P for which they were chosen.
    """
    final = fit.final
    if "terms" not in final.attrs:
        text = "has no read-outs that learn new subjects: fit again with select_n_pwl"
        raise ResultError(f"this fit {text}(..., final=True, adaptive=True)")
    best = int(final["n_pwl_best"])
    if predictor.network.n_pwl != best:
        found = f"n_pwl: found {predictor.network.n_pwl}"
        text = f"{found}, but how subjects differ is known for the best one, {best}: leave it out"
        raise problems(DataError, "predict(adaptive=True)", [text])
    prior = Prior(*(final[f"prior_{name}"].values for name in Prior._fields))
    return learn(predictor, fit.trials, trials, json.loads(final.attrs["terms"]), prior)


def learn(predictor, fitted, trials, terms, prior):
    """Predict subjects with a read-out that learns each of them from its choices so far.

    Parameters
    ----------
    predictor : neuroalrnn.network.predict.Predictor
    fitted : xarray.Dataset
        Trials that its network was trained on, which give the scale of what is weighed.
    trials : xarray.Dataset
        Of the subjects to predict.
    terms : list of str
        Of the history regression, weighed beside the latents.
    prior : Prior
        What is believed of the read-out of a new subject.

    Returns
    -------
    xarray.Dataset
        See `Fit.predict`.
    """
    scored = np.flatnonzero(scored_trials(fitted))
    trials, said = predictor.say(trials)
    known = predictor.say(fitted)[1]
    states = scale_states(known.states[np.isin(known.rows, scored)], said.states)
    history = history_features(fitted, scored, terms, trials)[said.rows]
    order, rows = lay_out(trials, said.rows, said.log_probability, np.c_[states, history])
    found = np.full((trials.sizes["trial"], len(predictor.labels)), np.nan)
    learned = level_counted(predict_adaptively(rows, prior), predictor.n_chosen, rows.offered)
    found[said.rows[order]] = learned
    return predictor.label(trials, found)


def _choice_outputs(observation):
    """Outputs that the choice alone is read from."""
    outputs = [k for k, name in enumerate(observation["outputs"]) if name.startswith(CHOICE)]
    if not outputs or not PLAIN & set(observation["name"].split(" + ")):
        raise NotTestableError(
            f"predict: the choice is explained by {observation['name']!r}, which needs training"
        )
    return outputs


def require_new(fit, trials):
    """Refuse trials that were fitted.

    Parameters
    ----------
    fit : Fit
    trials : xarray.Dataset

    Raises
    ------
    DataError
        Naming the subjects of whom a session was fitted.

    Warns
    -----
    LeakageWarning
        A subject has the name of one who was fitted, with other trials.
    """
    known = set(trial_variables(trials)) & set(trial_variables(fit.trials))
    names = [name for name in dict.fromkeys(["choice", *fit.encoding["inputs"]]) if name in known]
    fitted, given = (_sessions(each, names) for each in (fit.trials, trials))
    again = sorted({subject for subject, _ in given & fitted})
    if again:
        text = (
            f"subject {', '.join(again)}: these trials were fitted, so that a network of everybody "
            "knows them; what was predicted of them held out is in fit.predictions"
        )
        raise problems(DataError, "predict", [text])
    namesakes = sorted({subject for subject, _ in given} & {subject for subject, _ in fitted})
    if namesakes:
        warnings.warn(
            f"subject {', '.join(namesakes)}: somebody of this name was fitted. If it is the same "
            "one, these are new trials of a known subject, and predicted better than a new one's",
            LeakageWarning,
            stacklevel=4,
        )


def _sessions(trials, names):
    """Pairs of a subject and the values of one of its sessions."""
    session, subject = session_number(trials), texts(trials["subject"].values).astype(str)
    values = np.stack([trials[name].values.astype(float) for name in names], axis=1)
    first = np.unique(session, return_index=True)[1]
    return {(subject[k], values[session == session[k]].tobytes()) for k in first}
