"""Averages over networks, and which of them validation subjects prefer."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.exceptions import ConfigError
from neuroalrnn.questions.adaptive import say_averaged
from neuroalrnn.results.summary import NETWORK
from neuroalrnn.study.adaptive import CHOSEN as VALUES
from neuroalrnn.study.adaptive import Adapted
from neuroalrnn.study.ensemble import average_adapted, members_of, prefer, split_averages
from neuroalrnn.study.predict import average


def test_average_is_the_mean_probability():
    one, other = np.array([[0.2, 0.8, 0.0]]), np.array([[0.6, 0.4, 0.0]])
    with np.errstate(divide="ignore"):
        found = np.exp(average(np.log([one, other])))
    np.testing.assert_allclose(found, (one + other) / 2)
    assert np.isnan(average([one, np.full_like(one, np.nan)])).all()


def test_average_of_one_network_is_the_network():
    said = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_array_equal(average([said]), said)


def test_scores_of_an_average_are_those_of_its_probabilities():
    rng, members = np.random.default_rng(0), []
    for _ in range(3):
        inside = np.log(rng.uniform(0.1, 1, (2, 6)))
        inside[:, 0] = np.nan
        members.append(Adapted(inside.T, rng.uniform(size=len(VALUES)), inside, None))
    found = average_adapted(members)
    chosen = dict(zip(VALUES, found.chosen, strict=True))
    wanted = np.log(np.mean([np.exp(each.inside[:, 1:]) for each in members], axis=0))
    assert [chosen["plain"], chosen["score"]] == pytest.approx(wanted.mean(axis=1))
    assert chosen["gain"] == pytest.approx(np.mean([each.chosen[0] for each in members]))


def test_networks_are_taken_as_long_as_each_adds_a_nat():
    good, helps = np.log([0.9, 0.2] * 10), np.log([0.3, 0.7] * 10)
    inside = {"bad": np.full(20, -5.0), "good": good, "helps": helps, "same": good + 1e-3}
    assert set(prefer(inside)) == {"same", "helps"}
    assert prefer({"bad": inside["bad"], "good": good}) == ["good"]
    assert prefer({"same": good + 1e-3, "good": good}) == ["same"]


def test_restarts_that_diverged_are_not_averaged():
    searched = SimpleNamespace(best_score=np.array([[0.0, 0, 0, 0], [-1.0, -2.0, -np.inf, -0.5]]))
    whole = SimpleNamespace(diverged=np.array([[False] * 4, [True, False, False, False]]))
    chosen = SimpleNamespace(best=1, restart=np.array([0, 3]))
    assert members_of(searched, whole, chosen) == [3, 1]


def test_averages_become_models_of_their_own():
    answers = {
        "adaptive": {"a": 1},
        "adaptive on average": {"a": 2},
        "predicted on average": {"a": 3},
    }
    predicted, found = split_averages({"a": 0, "b": 4}, answers)
    assert predicted == {"a": 0, "b": 4, "a ensemble": 3}
    assert found == {"adaptive": {"a": 1, "a ensemble": 2}}


def test_a_single_restart_is_refused(trials, fit):
    with pytest.raises(ConfigError, match="give n_restarts = 2 or more"):
        fit(trials, n_restarts=1, ensemble=True)


@pytest.mark.parametrize("children", [set(), {"adaptive"}])
def test_nothing_is_said_of_a_choice_that_was_not_made(children):
    table = xr.Dataset({"score": (("model", "fold"), [[0.0]])}, coords={"model": [NETWORK]})
    fit = SimpleNamespace(tree=SimpleNamespace(children=children))
    if children:
        fit.adaptive = table
    assert say_averaged(fit) == ""
