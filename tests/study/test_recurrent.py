"""GRU and LSTM: what is searched, from the smallest size on, and what is trained in the end."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from neuroalrnn.data import SubjectKFold
from neuroalrnn.exceptions import FitError
from neuroalrnn.study import recurrent
from neuroalrnn.study.recurrent import recurrent_baselines
from neuroalrnn.study.search import search, train_whole
from neuroalrnn.study.study import prepare_study

OPTIONS = {"cv": SubjectKFold(3), "n_restarts": 2, "n_inner": 2}


@pytest.fixture
def study(trials, setting, encoding):
    return prepare_study(trials, setting, encoding=encoding, **OPTIONS)


@pytest.fixture
def grow(study, monkeypatch):
    """Search with given scores by size and decay; tells what was tried, and what was taken."""

    def call(scores, floor=-0.7):
        tried = []

        def scripted(plan, observations, fold, *, engine, progress, rival):
            size = plan.setting.n_latent
            decays = [each.weight_decay for each in plan.settings]
            tried.append((size, decays, rival))
            values = np.array([scores[size, decay] for decay in decays])
            return SimpleNamespace(best_score=values.max(), setting=[int(values.argmax())])

        monkeypatch.setattr(recurrent, "search", scripted)
        monkeypatch.setattr(recurrent, "score_floor", lambda plan, fold: np.array([floor]))
        plan, _, _ = recurrent_baselines(study)["GRU"]._grow(changes(study))
        return tried, plan.setting.n_latent

    return call


def changes(study):
    return {"sequences": study.sequences, "folds": [study.folds[0]], "observation": None}


@pytest.mark.parametrize(("asked", "taken"), [(256, 64), (16, 16)])
def test_batches_of_gated_networks_are_small(trials, setting, encoding, asked, taken):
    setting = setting.model_copy(update={"batch_size": asked})
    study = prepare_study(trials, setting, encoding=encoding, **OPTIONS)
    for each in recurrent_baselines(study).values():
        assert {one.batch_size for one in each.settings} == {taken}


def test_larger_networks_need_no_less_decay(grow):
    """After the stronger decay won, only that is tried."""
    scores = {(8, 0.0): -0.5, (8, 0.1): -0.4, (16, 0.1): -0.401, (32, 0.1): -0.399}
    tried, size = grow(scores)
    assert tried == [(8, [0.0, 0.1], -np.inf), (16, [0.1], -0.4), (32, [0.1], -0.4)]
    assert size == 32


def test_all_decays_are_tried_where_the_smallest_network_needs_none(grow):
    scores = {
        (size, decay): -0.4 - decay - size / 1e5 for size in (8, 16, 32) for decay in (0, 0.1)
    }
    tried, size = grow(scores)
    assert [decays for _, decays, _ in tried] == [[0.0, 0.1]] * 3
    assert size == 8


@pytest.mark.parametrize(("second", "n_tried"), [(-0.4029, 3), (-0.4031, 2)])
def test_sizes_end_where_one_percent_of_what_is_explained_is_lost(grow, second, n_tried):
    scores = {(8, 0.0): -0.5, (8, 0.1): -0.4, (16, 0.1): second, (32, 0.1): -0.41}
    tried, size = grow(scores)
    assert (len(tried), size) == (n_tried, 8)


def test_sizes_go_on_where_all_of_the_smallest_diverge(grow):
    scores = {(size, decay): -np.inf for size in (8, 16) for decay in (0.0, 0.1)}
    tried, size = grow(scores | {(32, 0.0): -0.5, (32, 0.1): -0.6})
    assert (len(tried), size) == (3, 32)


def test_best_restart_is_what_training_all_of_them_gives(study):
    baseline = replace(recurrent_baselines(study)["GRU"], sizes=(2,))
    test = study.folds[0].test
    model = baseline._train(study.trials, test)
    observations = model.plan.observations(0)
    means = baseline._means
    found = search(model.plan, observations, 0, **means)
    whole = train_whole(model.plan, observations, 0, found, **means)
    restart = int(found.best_score[0].argmax())
    for one, all_of_them in zip(model.weights, whole.weights, strict=True):
        assert torch.equal(one[0], all_of_them[restart])


@pytest.mark.parametrize("name", ["GRU", "LSTM"])
def test_training_by_one_kernel_is_that_by_autograd(trials, setting, encoding, name):
    setting = setting.model_copy(update={"dtype": "float64", "max_checks": 2})
    study = prepare_study(trials, setting, encoding=encoding, **OPTIONS)
    one = replace(recurrent_baselines(study)[name], sizes=(2,))
    other = replace(one, architecture=replace(one.architecture, learner=None))
    found, expected = (each._train(trials, study.folds[0].test).weights for each in (one, other))
    for each, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(each, wanted, rtol=1e-9, atol=1e-9)


def test_next_restart_follows_one_that_diverges(study, monkeypatch):
    diverges = iter([True, False])
    baseline = replace(recurrent_baselines(study)["GRU"], sizes=(2,))
    plan, observations, found = baseline._grow(changes(study))
    tried = []

    def scripted(jobs, *arguments):
        tried.append(jobs.seeds[0][2])
        return SimpleNamespace(diverged=[next(diverges, True)], weights=None)

    monkeypatch.setattr(recurrent, "train_in_chunks", scripted)
    order = np.argsort(-found.best_score[0]).tolist()
    assert baseline._finish(plan, observations, found)[0] == order[1]
    assert tried == order
    with pytest.raises(FitError, match="GRU: every restart diverged"):
        baseline._finish(plan, observations, found)
