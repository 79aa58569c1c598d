"""Models whose read-out learns every held-out subject, with what is chosen inside each fold."""

import json
from functools import lru_cache, partial
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch

from neuroalrnn.adaptive.choose import choose_spread
from neuroalrnn.adaptive.filter import predict_adaptively
from neuroalrnn.adaptive.population import learn_prior
from neuroalrnn.adaptive.prior import Prior, make_prior
from neuroalrnn.adaptive.rows import history_features, lay_out, scale_states
from neuroalrnn.baselines import default_terms
from neuroalrnn.data.level import level
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.study.own import FREQUENCY, predict_own
from neuroalrnn.study.predict import (
    add_log_odds,
    predict_with_states,
    states_at_choice,
)

CHOSEN = ("gain", "offset", "readout", "drift", "session_drift", "plain", "score", "learned")
# terms of the history by study, with the training trials asked for last; gone with the study
_TERMS: WeakKeyDictionary = WeakKeyDictionary()


class Said(NamedTuple):
    """What a model says of trials that it was not fitted to.

    Attributes
    ----------
    rows : int array, shape (row,)
        Positions of the trials.
    log_probability : array, shape (row, option)
        On the level of all models, see `neuroalrnn.data.level.level`.
    features : array, shape (row, feature), or None
        What else it knows of them, scaled by the trials that it was fitted to.
    n_own : int
        How many of these, the first, mean something else in every fit, such as states.
    """

    rows: np.ndarray
    log_probability: np.ndarray
    features: np.ndarray | None
    n_own: int = 0


class Adapted(NamedTuple):
    """Held-out trials predicted with read-outs that learn their subject.

    Attributes
    ----------
    log_probability : array, shape (row, option)
    chosen : array, shape (value,)
        What was chosen; see `CHOSEN`.
    inside : array, shape (2, trial)
        Log-likelihood of every choice of the validation subjects, without a read-out that learns
        and with it; NaN elsewhere.
    prior : Prior
        What is believed of a new subject.
    """

    log_probability: np.ndarray
    chosen: np.ndarray
    inside: np.ndarray
    prior: Prior


def adapt(trials, inside, held_out):
    """Predict held-out subjects with read-outs that learn them.

    Parameters
    ----------
    trials : xarray.Dataset
    inside : list of Said
        Of inner validation subjects, by models that were fitted without them; they alone choose how
        far read-outs may go.
    held_out : Said
        Of the test subjects, by the model of the whole training part.

    Returns
    -------
    Adapted
    """
    prior, chosen, priors = choose_prior(trials, inside)
    validated = np.full((2, trials.sizes["trial"]), np.nan)
    for said, each in zip(inside, priors, strict=True):
        both = [said.log_probability, _learning(trials, said, each)]
        validated[:, said.rows] = [_of_choices(trials, said.rows, values) for values in both]
    return Adapted(_learning(trials, held_out, prior), chosen, validated, prior)


def _learning(trials, said, prior):
    """What a model says with a read-out that learns its subject."""
    order, rows = lay_out(trials, *said[:3])
    found = np.empty(rows.offered.shape)
    found[order] = predict_adaptively(rows, prior)
    return found


def _of_choices(trials, rows, log_probability):
    """Log-likelihood of the choices that are scored, NaN of others."""
    code = np.where(scored_trials(trials), trials["choice"].values, -1)[rows].astype(int)
    return np.where(code < 0, np.nan, log_probability[np.arange(len(rows)), code])


def choose_prior(trials, inside):
    """Choose what is believed of new subjects, by validation subjects.

    Parameters
    ----------
    trials : xarray.Dataset
    inside : list of Said
        See `adapt`.

    Returns
    -------
    prior : Prior
        Independent weights, or what was learned of them where that predicts better.
    chosen : array, shape (value,)
        See `CHOSEN`.
    inside : list of Prior
        The same for the subjects of every inner part, learned without them.
    """
    parts = [lay_out(trials, *each[:3])[1] for each in inside]
    choice = choose_spread(parts)
    prior = make_prior(choice.spread, parts[0].log_odds.shape[1], parts[0].features.shape[1])
    learned = learn_prior(parts, choice, inside[0].n_own)
    prior, score, priors = learned or (prior, choice.score, [prior] * len(parts))
    chosen = [*choice.spread, choice.plain, score, learned is not None]
    return prior, np.array(chosen, dtype=float), priors


def label_prior(prior, dims=()):
    """Lay out a prior, or a list of them, as variables of a saved fit.

    Parameters
    ----------
    prior : Prior
        Of arrays that begin with `dims`.
    dims : tuple of str

    Returns
    -------
    dict of str -> tuple
    """
    own = {"mean": ("weight",), "covariance": ("weight", "weight_in")}
    return {
        f"prior_{name}": ((*dims, *own.get(name, ())), np.asarray(values))
        for name, values in prior._asdict().items()
    }


def adaptation_of(study):
    """Ask fitted models beside the AL-RNN what they say with a read-out that learns its subject.

    Parameters
    ----------
    study : Study

    Returns
    -------
    callable
        See `neuroalrnn.study.answers.with_answers`. What depends on nothing but the frequency of
        options is not asked.
    """

    def ask(name, baseline, model, train, test, predicted):
        if name == FREQUENCY:
            return {}
        said = level(predicted, study.trials, train, test)
        held_out = Said(test, said, _features(study, model, train, test))
        return _answers(study, _inside(study, baseline, model, train), held_out)

    return ask


def adaptation_of_own(study):
    """Ask baselines of the caller: what they say of inner parts gives them gain and offset.

    Parameters
    ----------
    study : Study

    Returns
    -------
    callable
        ``ask(name, baseline, train, test, predicted)`` returns a dict of arrays over the test
        trials, and a list of what is wrong with the log-probabilities for inner parts.
    """

    def ask(name, baseline, train, test, predicted):
        trials, inside = study.trials, []
        if name == FREQUENCY:
            return {}, []
        for fit, rows in study.inner(train):
            said, wrong = predict_own(baseline, trials, fit, rows)
            if wrong:
                part = f"asked for {len(rows)} inner validation trials (adaptive=True)"
                return {}, [f"{part}: {text}" for text in wrong]
            inside.append(Said(rows, level(said, trials, fit, rows), None))
        held_out = Said(test, level(predicted, trials, train, test), None)
        return _answers(study, inside, held_out), []

    return ask


def _answers(study, inside, held_out):
    found = adapt(study.trials, inside, held_out)
    n_trials = len(found.log_probability)
    return {"adaptive": found.log_probability, "chosen": np.tile(found.chosen, (n_trials, 1))}


def _features(study, model, train, rows):
    """What a model knows; the terms of the regression, where it tells nothing."""
    features = getattr(model, "features", None)
    return features(study.trials, rows) if features else _history(study, train)[rows]


def _history(study, train):
    """Terms of the regression, scaled by training trials; many models ask for the same."""
    if study not in _TERMS:
        terms = partial(_terms_of_all, study.trials, terms_of(study))
        _TERMS[study] = lru_cache(maxsize=4)(terms)
    return _TERMS[study](np.asarray(train, dtype=int).tobytes())


def _terms_of_all(trials, terms, train):
    return history_features(trials, np.frombuffer(train, dtype=int), terms)


def terms_of(study):
    """Terms of the history regression of a dataset, which all read-outs weigh.

    Parameters
    ----------
    study : Study

    Returns
    -------
    list of str
    """
    named = json.loads(study.trials.attrs.get("baselines", "{}"))
    return named.get("history-logistic") or default_terms(study.trials, study.encoding["inputs"])


def _inside(study, baseline, model, train):
    """What fits to inner parts say of the validation trials; they are made if none are kept."""
    trials, kept = study.trials, getattr(model, "inside", None)
    if kept and isinstance(kept[0], Said):
        return kept
    if not kept:
        parts = study.inner(train)
        models = [baseline.fit(trials, fit) for fit, _ in parts]
        kept = [
            (fit, rows, each(trials, rows), _features(study, each, fit, rows))
            for (fit, rows), each in zip(parts, models, strict=True)
        ]
    found = []
    for fit, rows, said, known in kept:
        known = _history(study, fit)[rows] if known is None else known
        found.append(Said(rows, level(said, trials, fit, rows), known))
    return found


def inside_of(study, fold, searched, position, restart):
    """What the inner networks of a fold say of validation subjects.

    Parameters
    ----------
    study : Study
    fold : int
    searched : Searched
    position, restart : int
        Place of ``n_pwl`` in the grid, and the restart.

    Returns
    -------
    list of Said
    """
    inner = type(searched.inner)(*(part[position, restart] for part in searched.inner))
    return says_inside(study, study.plan, fold, inner, study.plan.grid[position])


def says_inside(study, plan, fold, inner, n_pwl):
    """What networks that were trained on the inner parts say of the validation trials.

    Parameters
    ----------
    study : Study
    plan : Plan
        By which the networks were trained.
    fold : int
        Fold of the plan.
    inner : Weights of arrays, shape (part, ...)
        A network for every inner part.
    n_pwl : int

    Returns
    -------
    list of Said
    """
    found = []
    for k, part in enumerate(plan.inner[fold]):
        weights = type(inner)(*(torch.as_tensor(each[k : k + 1]) for each in inner))
        train, validate = (scored_of(study, plan, each) for each in (part.train, part.validate))
        found.append(network_says(study, plan, weights, n_pwl, train, validate))
    return found


def scored_of(study, plan, pieces):
    """Find the scored trials of the groups that some training sequences belong to.

    Parameters
    ----------
    study : Study
    plan : Plan
    pieces : int array
        Training sequences of the plan.

    Returns
    -------
    int array
    """
    groups = study.cv.groups(study.trials)
    inside = np.isin(groups, groups[plan.pieces.trial[pieces, 0]])
    return np.flatnonzero(inside & scored_trials(study.trials))


def network_says(study, plan, weights, n_pwl, train, test, *, added=None):
    """What a network says of the trials of test groups, its states and the terms of the regression.

    Parameters
    ----------
    study : Study
    plan : Plan
        Of the architecture of the network.
    weights : Weights
        Of one model, with a model axis.
    n_pwl : int
    train, test : int arrays
        Scored training trials, and trials of the groups to predict.
    added : array, shape (trial, option), optional
        Log-odds of another model that are added to what is read out.

    Returns
    -------
    Said
    """
    trials, engine = study.trials, study.engine
    rows, states = states_at_choice(weights, n_pwl, _sequences(study, train), plan, engine)
    known = states[np.isin(rows, train)]
    held_out = _sequences(study, test)
    rows, said, states = predict_with_states(weights, n_pwl, held_out, plan, engine)
    said = said if added is None else add_log_odds(said, added[rows])
    features = np.c_[scale_states(known, states), _history(study, train)[rows]]
    return Said(rows, level(said, trials, train, rows), features, states.shape[1])


def _sequences(study, index):
    """The sequences of the groups that some trials belong to."""
    groups = study.cv.groups(study.trials)
    inside = np.isin(groups, groups[index])
    return study.sequences.take(inside[study.sequences.trial[:, 0]])
