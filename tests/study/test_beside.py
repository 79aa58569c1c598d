"""Models beside the AL-RNN: side by side they say what they say one after the other."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from neuroalrnn.data import SubjectKFold
from neuroalrnn.exceptions import FitError
from neuroalrnn.study.beside import predict_baselines, sharing
from neuroalrnn.study.resume import keeping
from neuroalrnn.study.study import prepare_study


@pytest.fixture
def study(trials):
    """Four folds, as many threads as asked for."""
    folds = list(SubjectKFold(3).split(trials))
    return lambda threads: SimpleNamespace(
        trials=trials, folds=folds, engine=SimpleNamespace(threads=threads)
    )


def said(value, test):
    return {"predicted": np.full((len(test), 2), value), "effect": np.arange(1.0 * len(test))}


def test_several_are_fitted_at_once_and_say_the_same(study):
    """Each of a pair waits for the other, so that one after the other they would never end."""
    meeting = threading.Barrier(2, timeout=20)

    def waits(trials, train, test):
        meeting.wait()
        return said(float(test[0]), test)

    named = {"one": waits, "other": waits}
    predicted, answers, left_out = predict_baselines(study(2), named)
    assert list(predicted) == list(answers["effect"]) == ["one", "other"]
    assert left_out == []
    for part in study(1).folds:
        for name in named:
            assert (predicted[name][part.test] == part.test[0]).all()
            assert (answers["effect"][name][part.test] == np.arange(len(part.test))).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_a_model_that_fails_is_told_of_its_first_fold(study, threads):
    """Also if a later fold was the first to be done."""
    folds, later = study(1).folds, threading.Event()

    def fails(trials, train, test):
        fold = next(k for k, part in enumerate(folds) if part.test[0] == test[0])
        if fold == 0 and threads > 1:
            assert later.wait(20)
        later.set()
        raise FitError(f"no luck in {fold}")

    named = {"good": lambda trials, train, test: said(0.0, test)["predicted"], "bad": fails}
    predicted, answers, left_out = predict_baselines(study(threads), named)
    assert left_out == [f"left out: 'bad', {folds[0].name}: no luck in 0"]
    assert list(predicted) == ["good"]
    assert answers == {}


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_starts_nothing_new(study, threads):
    calls = []

    def interrupted(trials, train, test):
        calls.append(1)
        raise KeyboardInterrupt

    named = {str(k): interrupted for k in range(20)}
    with pytest.raises(KeyboardInterrupt):
        predict_baselines(study(threads), named)
    assert len(calls) < 20


@pytest.mark.parametrize("threads", [1, 2])
def test_a_killed_run_goes_on_from_the_last_model_of_the_last_fold(study, threads, tmp_path):
    finished, kills = [], iter([False, False, True])

    def counted(name):
        def answer(trials, train, test):
            if next(kills, False):
                raise KeyboardInterrupt
            finished.append((name, test[0]))
            return said(float(test[0]), test)

        return answer

    named = {name: counted(name) for name in ("one", "other")}
    kept = keeping(named, tmp_path, {}, "backend")
    with pytest.raises(KeyboardInterrupt):
        predict_baselines(study(threads), kept)
    assert len(finished) >= 2
    predicted, answers, _ = predict_baselines(study(threads), kept)
    assert len(finished) == len(set(finished)) == 6
    assert list(predicted) == list(answers["effect"]) == ["one", "other"]
    assert not any(np.isnan(each).any() for each in predicted.values())


def test_bar_names_models_and_folds(study, capsys):
    named = {"one": lambda trials, train, test: said(0.0, test)}
    predict_baselines(study(2), named, progress=True)
    told = capsys.readouterr().err
    assert "other models: 100%" in told
    assert "3/3" in told
    assert f"one, {study(1).folds[2].name} (3/3)" in told


def test_the_engine_is_shared(trials):
    study = prepare_study(trials, cv=SubjectKFold(3), threads=4, memory=1000)
    engine = sharing(study).engine
    assert (engine.threads, engine.memory) == (1, 250)
    assert engine.backend == study.engine.backend
