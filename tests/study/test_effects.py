"""Effects of inputs in the models beside the AL-RNN: held out, kept with the fit and on disk."""

from dataclasses import replace

import numpy as np
import pytest

from neuroalrnn.baselines import class_frequency
from neuroalrnn.data import SubjectKFold, encode
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.effects import compute_input_effects, list_flips
from neuroalrnn.exceptions import ResultError
from neuroalrnn.results import Fit
from neuroalrnn.study.effects import _HeldOutTrials
from neuroalrnn.study.recurrent import recurrent_baselines
from neuroalrnn.study.study import prepare_study


@pytest.fixture
def few_models(monkeypatch):
    """All kinds of models, without the choice of their size."""

    monkeypatch.setattr("neuroalrnn.study.crossval.cognitive_baselines", lambda *a: {})
    monkeypatch.setattr(
        "neuroalrnn.study.crossval.recurrent_baselines",
        lambda study: {"GRU": replace(recurrent_baselines(study)["GRU"], sizes=(2,))},
    )


@pytest.mark.usefixtures("few_models")
def test_a_fit_keeps_effects_that_a_resumed_run_has_too(trials, fit, tmp_path):
    options = {"n_pwl": (0,), "n_restarts": 1, "baselines": "all", "resume": tmp_path / "kept"}
    found = fit(trials, SubjectKFold(3), **options)
    effects = found.effects
    assert effects.dims == ("model", "trial", "input", "lag", "option")
    assert list(effects["model"].values) == ["class frequency", "history-logistic", "GRU"]
    assert effects.dtype == np.float32
    own = compute_input_effects(found)
    np.testing.assert_array_equal(effects["input"], own["input"])
    np.testing.assert_array_equal(np.isfinite(effects).all("model"), np.isfinite(own))
    assert (effects.sel(model="class frequency").fillna(0) == 0).all()
    # what was chosen depends on stimulus x rule, which the regression has as a product
    regression = effects.sel(model="history-logistic", input="stimulus", lag=0, option="right")
    assert (np.sign(regression.values) == trials["rule"].values).mean() > 0.95
    found.save(tmp_path / "fit.nc")
    assert Fit.load(tmp_path / "fit.nc").effects.equals(effects)
    resumed = fit(trials, SubjectKFold(3), **options)
    assert resumed.effects.equals(effects)
    assert resumed.predictions.equals(found.predictions)


@pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")  # of single options
def test_limited_offers_have_effects_too_and_what_else_is_explained_has_none(trials, fit):
    free = np.arange(240) % 5 > 0
    limited = trials.copy()
    for option in (0, 1):
        limited[f"can {option}"] = ((trials["choice"] == option) | free) * 1.0
    limited["choice"] = trials["choice"].assign_attrs(offered=["can 0", "can 1"])
    options = {"n_pwl": (0,), "n_restarts": 1, "baselines": None}
    found = fit(limited, SubjectKFold(2), **options).effects.sel(model="history-logistic")
    assert np.isfinite(found.sel(input="stimulus", lag=0).values[free]).all()
    timed = trials.assign(rt=("trial", np.linspace(0.3, 0.9, 240)))
    told = fit(timed, SubjectKFold(2), observation="choice_rt", **options)
    with pytest.raises(ResultError, match="explains more than choices"):
        _ = told.effects


def test_effects_of_a_gated_network_are_those_of_one_flip_at_a_time(trials, setting, encoding):
    options = {"n_inner": 2, "n_restarts": 1, "encoding": encoding, "threads": 1}
    study = prepare_study(trials, setting, SubjectKFold(2), **options)
    for name, baseline in recurrent_baselines(study).items():
        part = study.folds[0]
        train = part.train[scored_trials(study.trials)[part.train]]
        trained = replace(baseline, sizes=(3,)).fit(study.trials, train)
        np.testing.assert_array_equal(
            trained(study.trials, part.test),
            replace(baseline, sizes=(3,))(study.trials, train, part.test),
        )
        found = _HeldOutTrials(study, part.test).effects(trained)
        for k, flip in enumerate(list_flips(study.trials, study.encoding)):
            for start in (3, 39, 41):
                etas = []
                for level in (0, 1):
                    changed = flip.set(study.trials, level, part.test[[start]])
                    sequences = encode(changed, **study.encoding)
                    own = replace(trained, sequences=sequences)(changed, part.test)
                    etas.append(own[:, 1] - own[:, 0])
                effect = (etas[1] - etas[0]) / 2
                for lag in range(flip.first_lag, 6):
                    expected = effect[start + lag] if start % 40 + lag < 40 else None
                    if expected is not None:
                        assert found[start + lag, k, lag, 0] == pytest.approx(expected, abs=1e-7)
        assert np.nanstd(found) > 1e-3, name


def test_a_callers_own_models_have_no_effects(trials, fit):
    options = {"n_pwl": (0,), "n_restarts": 1, "baselines": {"mine": class_frequency}}
    found = fit(trials, SubjectKFold(2), **options)
    with pytest.raises(ResultError, match="no input effects of the models beside the AL-RNN"):
        _ = found.effects
