"""Axes along which effects vary are those that were planted, and their scores go with behaviour."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.behaviour.relation import relate_scores
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.questions import analyse
from neuroalrnn.questions.axes import QUESTION, describe_axes, find_axes

COLUMNS = [("word", 0, "right"), ("place", 0, "right")]


def planted(fit, score, noise=0.05, verdict="graded"):
    """Effects of two inputs that vary along (3, 4) / 5, in networks that turn it round by noise."""
    rng = np.random.default_rng(0)
    n = fit.trials.sizes["trial"]
    own = np.array([1.0, 2.0]) + score[:, None] * [0.6, 0.8]
    values = own + noise * rng.normal(size=(len(fit.folds), n, 2))
    values[:, 0] = np.nan
    coords = {"input": ["word", "place"], "option": ["right"]}
    effects = xr.DataArray(
        values[:, :, :, None, None], dims=("fold", "trial", "input", "lag", "option"), coords=coords
    )
    labels = xr.DataArray(np.zeros(n, dtype=int), dims="trial")
    return SimpleNamespace(effects=effects, columns=COLUMNS, labels=labels, verdict=verdict)


@pytest.fixture
def score():
    return np.random.default_rng(1).normal(size=720)


def test_the_planted_axis_is_found_with_its_scores(fit, score):
    axes, scores = find_axes(fit, planted(fit, score))
    assert axes["component"].tolist() == [0, 0]
    direction = axes["loading"].to_numpy()
    np.testing.assert_allclose(np.abs(direction), [0.6, 0.8], atol=0.02)
    assert (axes["axis_share"] > 0.98).all()
    assert (axes[["cosine_low", "score_correlation_low"]] > 0.98).all(axis=None)
    assert scores[0][1:].std(ddof=0) == pytest.approx(1, abs=0.02)
    assert np.isnan(scores[0][0])
    assert abs(np.corrcoef(scores[0][1:], score[1:])[0, 1]) > 0.99
    assert "place" in describe_axes(axes)[0]


def test_effects_that_do_not_vary_have_no_axes(fit):
    with pytest.raises(NotTestableError, match="do not vary"):
        find_axes(fit, planted(fit, np.zeros(720), noise=0.0))


def test_scores_are_one_number_per_trial(fit, score):
    with pytest.raises(DataError, match=r"axis 0 has shape \(3,\), expected \(720,\)"):
        relate_scores(fit, {"axis 0": score[:3]})


def test_the_question_arises_where_effects_are_graded_only(fit, score, monkeypatch):
    for verdict in ("graded", "discrete"):
        found = planted(fit, score, verdict=verdict)
        monkeypatch.setattr(
            "neuroalrnn.questions.asked.find_functional_regimes", lambda *_, f=found, **__: f
        )
        analysis = analyse(fit, questions=[QUESTION])
        assert ("effect_axes" in analysis.tables) == (verdict == "graded")
        said = analysis.sentences()
        assert bool(said) == (verdict == "graded")
        if said:
            assert set(analysis.tables["axis_behaviour"]["effect"]) == {"axis 0"}
