"""Scores of a running network are those of the fit."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax

from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.network.scores import score_trials
from neuroalrnn.results import Fit
from neuroalrnn.results.fold import available_options
from neuroalrnn.tasks import parity


@pytest.mark.parametrize("interventions", [None, [Intervention("none")]])
def test_without_an_intervention_scores_are_the_held_out_ones(fit, interventions):
    stored = fit.predictions["log_likelihood"].sel(model="AL-RNN").values
    seen = np.zeros(len(stored), dtype=int)
    for fold in fit.folds:
        found = score_trials(fold.network, fold.test, interventions)
        log_likelihood = np.atleast_2d(found.log_likelihood)[0]
        np.testing.assert_allclose(log_likelihood, stored[found.trial], rtol=0, atol=1e-10)
        seen[found.trial] += 1
    np.testing.assert_array_equal(seen, np.isfinite(stored))


def test_folds_are_divided_as_in_the_fit(fit):
    owner = fit.splits["fold"].values
    for i, fold in enumerate(fit.folds):
        assert set(fold.test.trial.ravel()) == {*np.flatnonzero(owner == i)}
        assert set(fold.train.trial.ravel()) == {*np.flatnonzero(owner != i)}


def several_options(sequences, seed=0):
    """The same sequences with three options, and a random network that reads them out."""
    rng = np.random.default_rng(seed)
    target = np.where(sequences.scored, rng.integers(0, 3, sequences.target.shape), np.nan)
    shapes = [(4,), (4, 4), (4, 2), (4,), (4,), (3, 4), (3,)]
    network = Network(2, *(0.5 * rng.standard_normal(shape) for shape in shapes))
    return network, replace(sequences, target=target, labels=("a", "b", "c"))


def test_options_that_are_not_available_have_no_probability(known_fit):
    network, sequences = several_options(known_fit(parity(), 2, 20).folds[0].test)
    available = np.random.default_rng(1).random((sequences.n_trials, 3)) < 0.5
    chosen = sequences.target[sequences.scored].astype(int)
    available[sequences.trial[sequences.scored], chosen] = True
    found = score_trials(network, sequences, available=available)

    z = compute_latents(network, sequences)[sequences.scored]
    eta = z @ network.readout.T + network.offset
    trial = sequences.trial[sequences.scored]
    eta[~available[trial]] = -np.inf
    expected = dict(zip(trial, log_softmax(eta, axis=1)[np.arange(len(eta)), chosen], strict=True))
    np.testing.assert_allclose(found.log_likelihood, [expected[i] for i in found.trial], atol=1e-12)
    hit = dict(zip(trial, eta.argmax(axis=1) == chosen, strict=True))
    np.testing.assert_array_equal(found.accuracy, [hit[i] for i in found.trial])


def test_ties_share_a_hit(known_fit):
    network, sequences = several_options(known_fit(parity(), 2, 20).folds[0].test)
    flat = network._replace(readout=np.zeros((3, 4)), offset=np.array([0.0, 0.0, -1.0]))
    found = score_trials(flat, sequences)
    chosen = sequences.target[sequences.scored]
    assert found.accuracy.sum() == 0.5 * (chosen < 2).sum()


def observing(fit, **observation):
    tree = fit.tree.copy()
    tree.attrs["config"] = json.dumps(fit.config | {"observation": observation})
    return Fit(tree)


def test_only_fits_of_choices_alone_are_scored(fit):
    assert available_options(fit) is None
    plain = observing(fit, name="bernoulli", variables=["choice"], given=[], outputs=["logit"])
    assert available_options(plain) is None
    joint = observing(fit, name="choice_rt", variables=["choice", "rt"], given=[], outputs=["m"])
    with pytest.raises(NotTestableError, match="choice, rt by 'choice_rt'"):
        available_options(joint)


def test_availability_comes_from_the_trials(fit):
    names = {"name": "categorical", "variables": ["choice"], "given": ["correct", "rt"]}
    found = available_options(observing(fit, **names, outputs=["a", "b"]))
    np.testing.assert_array_equal(found[:, 0], fit.trials["correct"].values == 1)
    assert found[:, 1].all()


def test_sequences_without_a_scored_choice_are_refused(known_fit):
    fold = known_fit(parity(), 2, 20).folds[0]
    blind = replace(fold.test, scored=np.zeros_like(fold.test.scored))
    with pytest.raises(NotTestableError, match="no scored choice"):
        score_trials(fold.network, blind)
