"""Nothing about a test subject is learned or chosen from, and sabotage is noticed."""

import sys

import numpy as np
import pytest

from neuroalrnn.data import (
    LeaveOneSubjectOut,
    Split,
    StimulusSequenceOut,
)
from neuroalrnn.exceptions import DataError, LeakageError, LeakageWarning
from neuroalrnn.study import select_n_pwl

# what was changed in a subject on purpose is predicted badly
FAR_OFF = pytest.mark.filterwarnings("ignore:.*nats per trial held out")


def _changed(trials, subject):
    """The same experiment with everything about one subject altered, rewards to fractions."""
    here = trials["subject"].values == subject
    changed = trials.copy(deep=True)
    for name in ("stimulus", "rule"):
        changed[name].values[here] = -3.5 * np.roll(changed[name].values[here], 7)
    changed["choice"].values[here] = 1 - changed["choice"].values[here]
    changed["reward"].values[here] = 0.5 - 0.25 * changed["reward"].values[here]
    return changed


def _of_fold(fitted, fold):
    """Everything that must not depend on the test subject of a fold, by kind and name."""
    kinds = {
        "parameters": fitted.parameters, "history": fitted.history, "selection": fitted.selection
    }  # fmt: skip
    return {
        (kind, str(name)): part[name].isel(fold=fold).values
        for kind, part in kinds.items()
        for name in part.data_vars
    }


def _differing(one, other, fold):
    """What of a fold differs between two fits, as (kind, name)."""
    before, after = _of_fold(one, fold), _of_fold(other, fold)
    assert before.keys() == after.keys()
    return {key for key in before if not np.array_equal(before[key], after[key], equal_nan=True)}


CHOSEN = {("selection", name) for name in ("restart", "n_updates", "n_pwl_best")}


@FAR_OFF
def test_changing_a_test_subject_changes_nothing_that_was_learned_or_chosen(trials, fitted, fit):
    other = fit(_changed(trials, "s2"))
    assert _differing(fitted, other, 2) == set()
    assert ("parameters", "weight") in _differing(fitted, other, 1)


@FAR_OFF
def test_the_leakage_test_notices_validation_on_the_test_subject(trials, fit):
    """Sabotage: early stopping and restarts look at the test subject."""

    class Leaky(LeaveOneSubjectOut):
        def inner(self, trials, train, n_splits):
            parts = super().inner(trials, train, n_splits)
            everyone = np.arange(trials.sizes["trial"])
            return [(kept, np.setdiff1d(everyone, kept)) for kept, _ in parts]

    one, other = (fit(each, Leaky(), baselines={}) for each in (trials, _changed(trials, "s2")))
    differing = _differing(one, other, 2)
    assert ("history", "validation") in differing
    assert differing & CHOSEN
    assert ("parameters", "weight") in differing


@FAR_OFF
def test_the_leakage_test_notices_a_coding_read_from_everybody(trials, monkeypatch, fit):
    """Sabotage: what is 0 and 1 is taken as a code only if no subject has another value."""
    encode_module = sys.modules["neuroalrnn.data.encode"]
    honest = encode_module.is_centred

    def leaky(trials, name):
        return honest(trials, name) and not np.isin(trials[name], (0, 1)).all()

    monkeypatch.setattr(encode_module, "is_centred", leaky)
    # effects of other models would encode the trials of a fold by themselves
    one, other = (fit(each, baselines={}) for each in (trials, _changed(trials, "s2")))
    assert ("parameters", "weight") in _differing(one, other, 2)


@FAR_OFF
def test_the_leakage_test_notices_a_scaler_fitted_on_everybody(trials, monkeypatch, fit):
    from neuroalrnn.study import plan

    honest = plan.standardise_inputs

    def leaky(pieces, train):
        return honest(pieces, np.arange(len(pieces.n_steps)))

    monkeypatch.setattr(plan, "standardise_inputs", leaky)
    one, other = (fit(each, baselines={}) for each in (trials, _changed(trials, "s2")))
    assert ("parameters", "input_weight") in _differing(one, other, 2)


def test_what_a_test_subject_misses_changes_no_network(trials, fitted, fit):
    """It asks for a feature that tells where a value is missing; what is learned stays."""
    gaps = trials.copy(deep=True)
    gaps["stimulus"].values[(trials["subject"].values == "s2") & (np.arange(240) % 3 == 0)] = np.nan
    other = fit(gaps, baselines={})
    one, two = (each.parameters.isel(fold=2) for each in (fitted, other))
    assert set(two.feature.values) == {*one.feature.values, "present=stimulus"}
    for part in set(one.data_vars) - {"input_weight"}:
        np.testing.assert_allclose(one[part], two[part], rtol=0, atol=1e-5)
    weights = [
        dict(zip(each.feature.values, each["input_weight"].values.T, strict=True))
        for each in (one, two)
    ]
    expected, found = weights
    found["event=stimulus"] = found["event=stimulus"] + found["present=stimulus"]
    for name, weight in expected.items():
        np.testing.assert_allclose(found[name], weight, rtol=0, atol=1e-5)
    scores = [each.selection.isel(fold=2)["validation_score"] for each in (fitted, other)]
    np.testing.assert_allclose(*scores, rtol=0, atol=1e-5)


def test_overlapping_folds_are_refused(trials, fit):
    class Overlapping(LeaveOneSubjectOut):
        def split(self, trials):
            folds = super().split(trials)
            return [Split(f.name, np.arange(trials.sizes["trial"]), f.test) for f in folds]

    with pytest.raises(LeakageError, match="in both parts"):
        fit(trials, Overlapping())


def test_a_planted_shared_stimulus_order_is_found_and_the_remedy_works(experiment, fit):
    planted = experiment(shared_order=True)
    with pytest.warns(LeakageWarning, match="StimulusSequenceOut"):
        found = fit(planted, n_pwl=(0,), n_restarts=1)
    assert '"subject":"s0"' in found.splits.attrs["shared"]
    clean = fit(planted, StimulusSequenceOut(), n_pwl=(0,), n_restarts=1)
    assert clean.splits.attrs["shared"] == "[]"


def _only(trials, subject, n_trials):
    """The trials of all subjects, but the first `n_trials` only of one."""
    late = (trials["subject"].values == subject) & (trials["trial_in_session"].values >= n_trials)
    return trials.isel(trial=np.flatnonzero(~late))


@pytest.mark.parametrize("window", [0, 16])
def test_length_of_a_test_session_changes_nothing_it_is_not_trained_on(
    window, experiment, setting, encoding
):
    setting = setting.model_copy(update={"window": window, "warm_up": window // 2, "max_checks": 3})
    trials = _only(experiment(6, 60), "s1", 40)
    options = {"n_pwl": (0, 2), "n_restarts": 1, "n_inner": 2, "progress": False, "threads": 1}
    options |= {"baselines": {}}
    fits = [
        select_n_pwl(_only(trials, "s0", n), setting, LeaveOneSubjectOut(), encoding=encoding,
                     **options)
        for n in (7, 60)
    ]  # fmt: skip
    assert _differing(*fits, 0) == set()


def test_too_few_scored_subjects_are_refused_before_training(trials, monkeypatch, fit):
    monkeypatch.setattr("neuroalrnn.study.crossval.search", lambda *a, **k: pytest.fail("ran"))
    scored = np.isin(trials["subject"].values, ["s0", "s1"])
    with pytest.raises(DataError, match="the training part holds 1 group"):
        fit(trials.assign(scored=("trial", scored)))
    with pytest.raises(DataError, match="'s0': its training part can validate on s2"):
        fit(_only(_only(trials, "s2", 9), "s0", 5).isel(trial=slice(54)))


def test_an_input_that_tells_the_choice_is_named(trials, fit):
    told = trials.assign(stimulus=("trial", trials["choice"].values * 2 - 1))
    with pytest.warns(LeakageWarning) as heard:
        fit(told, n_pwl=(0,), n_restarts=1)
    texts = [str(each.message) for each in heard]
    assert texts[0].startswith("stimulus: tells the choice of every scored trial")
    assert all("more than 99.9 % of held-out choices" in text for text in texts[1:])
