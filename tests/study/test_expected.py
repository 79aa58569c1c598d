"""What a fit will take is said before it begins."""

from dataclasses import replace

import numpy as np
import pytest

from neuroalrnn.baselines import class_frequency
from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold
from neuroalrnn.study import crossval
from neuroalrnn.study.expected import expected_bytes, expected_seconds, tell_expected
from neuroalrnn.study.study import prepare_study


@pytest.fixture
def study(trials, encoding):
    def make(threads=2, **changes):
        setting = Setting(n_latent=4) if not changes else Setting(**{"n_latent": 4} | changes)
        return prepare_study(trials, setting, SubjectKFold(3), encoding=encoding, threads=threads)

    return make


def test_more_work_takes_longer(study):
    named = crossval._baselines("all", study())
    few, many = (expected_seconds(study(max_checks=n), named) for n in (10, 20))
    assert many["AL-RNN"] == pytest.approx(2 * few["AL-RNN"])
    assert many["Q-learning"] == few["Q-learning"]
    assert few["LSTM"] > few["GRU"] > 0
    assert expected_seconds(study(), named)["GRU"] < expected_seconds(
        study(), {"GRU": replace(named["GRU"], sizes=(8, 16, 64))}
    )["GRU"]  # fmt: skip
    plain, adaptive = (expected_seconds(study(), named, adaptive=each) for each in (False, True))
    assert [name for name in plain if plain[name] == adaptive[name]] == ["class frequency"]


def test_every_model_is_told_and_who_is_not_known_counts_for_nothing(study, monkeypatch):
    seconds = {"AL-RNN": 600.0, "GRU": 1200.0, "class frequency": 1.0, "mine": np.nan}
    monkeypatch.setattr("neuroalrnn.study.expected.expected_seconds", lambda *a, **options: seconds)
    first, *lines = tell_expected(study(), {}).splitlines()
    assert first.startswith(
        "plan: 4 models in 3 folds on 2 threads; estimate: about 17 min to the "
    )
    assert lines == [
        "  about 11 min: GRU", "  about 6 min: AL-RNN", "  under a minute: class frequency",
        "  not known: mine",
    ]  # fmt: skip


def test_models_of_the_caller_have_no_estimate(study):
    def mine(trials, train, test):
        pytest.fail("called")

    named = {"mine": mine, "class frequency": class_frequency, "AL-RNN on regression": mine}
    found = expected_seconds(study(), named)
    assert np.isnan(found["mine"])
    assert found["AL-RNN on regression"] == found["AL-RNN"]
    assert found["class frequency"] < 1


def test_memory_counts_data_and_budget(study):
    assert expected_bytes(study()) > study().engine.memory
    assert expected_bytes(study(threads=8)) > expected_bytes(study())


def test_plan_is_told_before_anything_is_fitted_also_in_a_file(fit, trials, capsys, monkeypatch):
    def stop(*arguments, **options):
        raise InterruptedError

    monkeypatch.setattr(crossval, "predict_baselines", stop)
    for progress in (True, False):
        with pytest.raises(InterruptedError):
            fit(trials, SubjectKFold(3), progress=progress)
        told = capsys.readouterr().err
        assert (
            "plan: 3 models in 3 folds on 1 threads; estimate: under a minute" in told
        ) == progress
