"""A network of everybody is part of a fit, and predicts subjects who were not in it."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.adaptive.prior import Prior
from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold
from neuroalrnn.data.level import count_choices
from neuroalrnn.exceptions import (
    DataError,
    DataWarning,
    FitError,
    LeakageWarning,
    NotTestableError,
    ResultError,
)
from neuroalrnn.network.run import Network
from neuroalrnn.recover.refit import refit
from neuroalrnn.results import Fit
from neuroalrnn.results.final import learn, make_predictor
from neuroalrnn.study import ALRNN, select_n_pwl

OPTIONS = {"n_restarts": 2, "n_inner": 2, "threads": 1}
QUIET = {"baselines": {}, "progress": False}

ELSEWHERE = """
import sys
sys.modules["torch"] = sys.modules["numba"] = None
import numpy as np
import xarray as xr
from neuroalrnn.results import Fit
trials = xr.load_dataset(sys.argv[2])
np.save(sys.argv[3], Fit.load(sys.argv[1]).predict(trials)["probability"].values)
"""


@pytest.fixture(scope="module")
def whole(trials, setting, encoding):
    return select_n_pwl(
        trials, setting, SubjectKFold(2), n_pwl=(0, 2), encoding=encoding, final=True,
        **OPTIONS, **QUIET,
    )  # fmt: skip


@pytest.fixture(scope="module")
def strangers(experiment):
    """Two subjects of the same task, who were not fitted."""
    trials = experiment(2, 40, seed=7)
    names = np.char.add("new ", trials["subject"].values.astype(str))
    return trials.assign_coords(subject=("trial", names))


def test_it_is_chosen_and_trained_as_a_refit_and_an_estimator_of_everybody(
    whole, trials, setting, encoding, strangers
):
    final = whole.final
    n_pwl = int(final["n_pwl_chosen"])
    same = refit(whole.trials, setting, SubjectKFold(2), n_pwl=(0, 2), **OPTIONS)
    assert n_pwl == same.sufficient
    assert int(final["n_pwl_best"]) == same.best
    for name in Network._fields[1:]:
        np.testing.assert_array_equal(final[name].sel(n_pwl=2), getattr(same.networks[2], name))
    np.testing.assert_array_equal(final["validation_score"], same.table["score"])
    hyper = setting.model_dump(exclude={"n_latent", "n_pwl"})
    model = ALRNN(3, (0, 2), setting=hyper, encoding=encoding, cv=SubjectKFold(2), **OPTIONS)
    model.fit(trials)
    np.testing.assert_array_equal(
        model.predict_proba(strangers), whole.predict(strangers)["probability"]
    )


def test_the_folds_are_those_of_a_fit_without_it(whole, trials, setting, encoding):
    plain = select_n_pwl(
        trials, setting, SubjectKFold(2), n_pwl=(0, 2), encoding=encoding, **OPTIONS, **QUIET
    )
    assert plain.parameters.identical(whole.parameters)
    assert plain.predictions.identical(whole.predictions)
    with pytest.raises(ResultError, match=r"fit again with select_n_pwl.*final=True"):
        plain.predict(trials)


def test_it_is_saved_and_predicts_where_there_is_no_torch(whole, strangers, tmp_path):
    whole.save(tmp_path / "fit.nc")
    strangers.to_netcdf(tmp_path / "trials.nc")
    kept = Fit.load(tmp_path / "fit.nc")
    assert kept.final.identical(Fit.load(tmp_path / "fit.nc").final)
    expected = whole.predict(strangers)["probability"].values
    np.testing.assert_array_equal(kept.predict(strangers)["probability"], expected)
    names = [str(tmp_path / name) for name in ("fit.nc", "trials.nc", "found.npy")]
    subprocess.run([sys.executable, "-c", ELSEWHERE, *names], check=True)
    np.testing.assert_array_equal(np.load(names[-1]), expected)


def test_new_subjects_are_predicted_better_than_by_guessing(whole, strangers):
    found = whole.predict(strangers)
    assert found["probability"].dims == ("trial", "option")
    assert found["option"].values.tolist() == ["left", "right"]
    assert found["subject"].equals(strangers["subject"])
    code = strangers["choice"].values.astype(int)
    expected = np.log(found["probability"].values[np.arange(80), code])
    np.testing.assert_allclose(found["log_likelihood"], expected)
    assert found["log_likelihood"].mean() > np.log(0.5)
    other = whole.predict(strangers, n_pwl=0 if int(whole.final["n_pwl_best"]) else 2)
    assert not other["probability"].equals(found["probability"])


def test_whoever_was_fitted_is_refused_and_namesakes_are_said(whole, trials, strangers):
    with pytest.raises(DataError, match=r"subject s0, s1, s2.*: these trials were fitted"):
        whole.predict(trials)
    renamed = strangers.assign_coords(subject=strangers["subject"].str.replace("new ", ""))
    with pytest.warns(LeakageWarning, match="subject s0, s1: somebody of this name was fitted"):
        found = whole.predict(renamed)
    np.testing.assert_array_equal(found["probability"], whole.predict(strangers)["probability"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_vars(["rule", "stimulus"]), r"2 problems\n.*'rule'|'stimulus'"),
        (
            lambda t: t.assign(choice=t["choice"].assign_attrs(labels=["left", "up"])),
            "choice: labels are left, up, those trained on left, right",
        ),
        (lambda t: t.drop_vars(["event_time", "event"]), "needs 'event_time"),
        (lambda t: None, "trials: expected an xarray.Dataset"),
    ],
)
def test_what_is_missing_or_unknown_is_named(whole, strangers, change, message):
    with pytest.raises(DataError, match=message):
        whole.predict(change(strangers))


def test_other_values_of_the_grid_are_named(whole, strangers):
    with pytest.raises(DataError, match="n_pwl: found 1, expected one of 0, 2"):
        whole.predict(strangers, n_pwl=1)


@pytest.mark.parametrize("name", ["stimulus", "reward"])
def test_a_missing_value_counts_as_an_average_one(whole, strangers, name):
    """Training told where the reward of the trial before was missing; the stimulus never was."""
    final = whole.final
    feature = next(each for each in final["feature"].values if each.startswith(name))
    assert (f"present={feature}" in final["feature"]) == (name == "reward")
    holes, filled = strangers.copy(deep=True), strangers.copy(deep=True)
    holes[name].values[[3, 50]] = np.nan
    filled[name].values[[3, 50]] = float(final["centre"].sel(feature=feature))
    np.testing.assert_allclose(
        whole.predict(holes)["probability"], whole.predict(filled)["probability"], atol=1e-9
    )


def test_options_that_are_not_offered_have_probability_zero(strangers):
    rng = np.random.default_rng(0)

    def among_three(subjects):
        n = 40 * len(subjects)
        closed = rng.integers(0, 3, n)
        base = strangers.isel(trial=np.resize(np.arange(40), n))
        base = base.assign_coords(subject=("trial", np.repeat(subjects, 40)))
        offers = {f"open_{k}": ("trial", (closed != k) * 1.0) for k in range(3)}
        attrs = {"labels": ["a", "b", "c"], "offered": list(offers)}
        code = (closed + rng.integers(1, 3, n)) % 3.0
        return base.assign(choice=("trial", code, attrs), **offers), closed

    trials, _ = among_three(["a", "b", "c", "d"])
    new, closed = among_three(["e", "f"])
    short = Setting(n_latent=2, max_checks=2, check_every=5)
    encoding = {"inputs": ["choice"]}
    fit = select_n_pwl(
        trials, short, SubjectKFold(2), n_pwl=(0,), encoding=encoding, final=True,
        **OPTIONS, **QUIET,
    )  # fmt: skip
    probability = fit.predict(new)["probability"].values
    assert (probability[np.arange(80), closed] == 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    with pytest.raises(DataError, match="input 'open_1' is unknown"):
        fit.predict(new.drop_vars("open_1"))


@pytest.mark.parametrize("observation", ["choice_rt", "lognormal"])
def test_choices_are_predicted_of_a_fit_that_explains_times_too(
    observation, trials, strangers, setting, encoding
):
    rt = np.exp(np.random.default_rng(0).normal(size=240))
    short = setting.model_copy(update={"max_checks": 2})
    fit = select_n_pwl(
        trials.assign(rt=("trial", rt)), short, SubjectKFold(2), n_pwl=(1,), final=True,
        observation=observation, encoding=encoding, **OPTIONS, **QUIET,
    )  # fmt: skip
    probability = fit.predict(strangers)["probability"].values
    assert np.ptp(probability[:, 0]) > 0.01
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    fit.config["observation"]["name"] = "drift"
    with pytest.raises(NotTestableError, match="the choice is explained by 'drift'"):
        fit.predict(strangers)


def test_a_final_training_that_fails_costs_no_fold(trials, setting, encoding, monkeypatch):
    def fails(study, **options):
        raise FitError("training on all subjects diverged")

    monkeypatch.setattr("neuroalrnn.study.crossval.train_final", fails)
    with pytest.warns(DataWarning, match="no final network of everybody: training on all"):
        fit = select_n_pwl(
            trials, setting, SubjectKFold(2), n_pwl=(0,), encoding=encoding, final=True,
            **OPTIONS, **QUIET,
        )  # fmt: skip
    assert any("no final network" in text for text in fit.cautions)
    assert "AL-RNN" in fit.summarise().index


@pytest.fixture(scope="module")
def learning(trials, setting, encoding):
    return select_n_pwl(
        trials, setting, SubjectKFold(2), n_pwl=(2,), encoding=encoding, final=True, adaptive=True,
        **OPTIONS, **QUIET,
    )  # fmt: skip


def test_read_outs_of_new_subjects_learn_from_their_earlier_choices_alone(learning, strangers):
    plain, before = learning.predict(strangers), learning.predict(strangers, adaptive=True)
    assert not np.allclose(before["probability"], plain["probability"], atol=1e-3)
    np.testing.assert_allclose(before["probability"].sum("option"), 1, rtol=1e-9)
    changed, at = strangers.copy(deep=True), 20
    changed["choice"][at:] = 1 - changed["choice"][at:]
    after = learning.predict(changed, adaptive=True)["probability"].values
    np.testing.assert_array_equal(after[: at + 1], before["probability"].values[: at + 1])
    assert (after[at + 1 : 40] != before["probability"].values[at + 1 : 40]).any()
    # who else is predicted, and in which order, does not matter
    second = strangers.isel(trial=slice(40, None))
    alone = learning.predict(second, adaptive=True)["probability"].values
    np.testing.assert_allclose(alone, before["probability"].values[40:], rtol=1e-9)


def test_the_network_of_a_fold_predicts_its_test_part_as_in_the_fit(learning):
    """A final network, its scale and its prior that are those of a fold."""
    trials, fold = learning.trials, learning.best.folds[0]
    held_out = learning.splits["fold"].values == 0
    fitted, new = (trials.isel(trial=np.flatnonzero(at)) for at in (~held_out, held_out))
    made = make_predictor(learning.final, learning.encoding)
    predictor = replace(made, network=fold.network, n_chosen=count_choices(trials, ~held_out))
    chosen = learning.adaptive.sel(model="AL-RNN").isel(fold=0)
    prior = Prior(*(chosen[f"prior_{name}"].values for name in Prior._fields))
    terms = json.loads(learning.adaptive.attrs["terms"])
    found = learn(predictor, fitted, new, terms, prior)
    stored = learning.predictions["probability"].sel(model="AL-RNN adaptive")
    np.testing.assert_allclose(found["probability"], stored.values[held_out], atol=1e-5)


def test_adaptive_predictions_are_refused_where_nothing_is_known_of_subjects(whole, strangers):
    with pytest.raises(ResultError, match=r"final=True, adaptive=True"):
        whole.predict(strangers, adaptive=True)


def test_how_subjects_differ_is_known_for_the_best_network_alone(learning, strangers):
    final = learning.final.isel(n_pwl=[0, 0]).assign_coords(n_pwl=[2, 3])
    tree = learning.tree.copy()
    tree["final"] = xr.DataTree(final)
    with pytest.raises(DataError, match="known for the best one, 2: leave it out"):
        Fit(tree).predict(strangers, 3, adaptive=True)


def test_new_trials_lack_what_is_weighed(learning, strangers):
    terms = {"terms": json.dumps(["stimulus", "hunger"])}
    tree = learning.tree.copy()
    tree["final"] = xr.DataTree(learning.final.assign_attrs(learning.final.attrs | terms))
    with pytest.raises(DataError, match="'hunger'"):
        Fit(tree).predict(strangers, adaptive=True)
