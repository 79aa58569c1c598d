"""Regimes are decoded where they are in the signal, and only there."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.neural import (
    decode_regimes,
    effects_over_subjects,
    from_epochs,
    subject_means,
    to_epochs,
)
from neuroalrnn.stats.shifts import admissible_shifts

N_NULL = 40
MOST_REJECTED = binom.ppf(0.999, N_NULL, 0.05)
CORRECTED = "balanced_accuracy_corrected"


def p_over_subjects(trials, regimes, name=CORRECTED, **options):
    scores = subject_means(decode_regimes(trials, regimes, pooled=True, **options)[name])
    return effects_over_subjects(scores)["p"][0]


def test_scores_and_chance_follow_their_definitions_shift_by_shift(simulate):
    weights = np.random.default_rng(0).standard_normal((3, 1, 2))
    trials, regimes = simulate(0, n_units=2, n_regimes=3, weights=weights)
    found = decode_regimes(trials, regimes, pooled=True)
    position = np.linspace(-1, 1, 100)[:, None] ** np.arange(4)
    hat = position @ np.linalg.pinv(position)
    neural = trials["neural"].values[:, 0]
    x = [neural[:100] - hat @ neural[:100], neural[100:] - hat @ neural[100:]]
    y = [regimes.values[:100, 0], regimes.values[100:, 0]]
    for test in (0, 1):
        scaler = StandardScaler().fit(x[1 - test])
        model = LogisticRegression(class_weight="balanced", max_iter=1000)
        model.fit(scaler.transform(x[1 - test]), y[1 - test])
        probability = model.predict_proba(scaler.transform(x[test]))
        right, loss = [], []
        for shift in range(100):
            true = np.roll(y[test], -shift)
            right.append(balanced_accuracy_score(true, probability.argmax(axis=1)))
            weight = 1 / np.bincount(true)[true]
            loss.append(log_loss(true, probability, sample_weight=weight, labels=[0, 1, 2]))
        for name, scores, sign in (("balanced_accuracy", right, 1), ("log_loss", loss, -1)):
            null = np.array(scores)[admissible_shifts(100)]
            mine = found.isel(session=test)
            np.testing.assert_allclose(mine[name], scores[0])
            np.testing.assert_allclose(mine[f"{name}_chance"], null.mean())
            corrected = sign * (scores[0] - null.mean()) / null.std()
            np.testing.assert_allclose(mine[f"{name}_corrected"], corrected)


def test_independent_series_are_decoded_as_often_as_claimed(simulate):
    """Half of them are slow, half drift together."""
    kinds = {"dwell": 8, "memory": 0.9}, {"drift": 2.0, "memory": 0.5}
    options = {"n_subjects": 5, "n_units": 2, "n_trials": 60}
    p = [p_over_subjects(*simulate(seed, **options, **kinds[seed % 2])) for seed in range(N_NULL)]
    assert (np.array(p) < 0.05).sum() <= MOST_REJECTED


def test_drift_does_fool_the_decoder_that_leaves_it_in(simulate):
    trials, regimes = simulate(0, n_subjects=8, drift=2.0, memory=0.5)
    assert p_over_subjects(trials, regimes, degree=0) < 1e-3


def test_a_steep_change_that_subjects_share_fools_a_cubic_but_not_the_default(simulate):
    trials, regimes = simulate(0, n_subjects=8, memory=0.5)
    late = trials["trial_in_session"].values > 40
    rare = np.random.default_rng(0).random(late.size) < 0.1
    regimes.values[:, 0] = late ^ rare
    trials["neural"] = trials["neural"] + 3.0 * late[:, None, None]
    assert p_over_subjects(trials, regimes, degree=3) < 1e-3
    assert p_over_subjects(trials, regimes) > 0.05


@pytest.mark.parametrize("held_out", ["session", ["s6", "s7", "s8", "s9", "s10", "s11"]])
def test_planted_regimes_are_decoded(simulate, held_out):
    weights = np.array([0.0, 0.7])[:, None, None]
    trials, regimes = simulate(1, n_subjects=12, weights=weights)
    for name in (CORRECTED, "log_loss_corrected"):
        assert p_over_subjects(trials, regimes, name, held_out=held_out) < 0.01


def test_decoding_is_resolved_in_time(simulate):
    weights = np.zeros((2, 6, 2))
    weights[1, 3:] = 1.0
    trials, regimes = simulate(2, n_subjects=8, n_times=6, n_units=2, weights=weights)
    scores = decode_regimes(trials, regimes)
    assert scores["balanced_accuracy"].dims == ("session", "time")
    clusters = effects_over_subjects(subject_means(scores[CORRECTED]))
    assert clusters["start"][0] == pytest.approx(0.3)
    assert clusters["stop"][0] == 0.5
    assert clusters["p"][0] < 0.05
    alone = decode_regimes(trials, regimes, window=(0.4, 0.4))
    np.testing.assert_allclose(alone[CORRECTED][:, 0], scores[CORRECTED][:, 4])


def test_offsets_of_sessions_leak_into_shuffled_folds_but_not_here(simulate):
    """Regimes differ in use between sessions, and so does the signal: the session is decoded."""
    trials, regimes = simulate(3, n_subjects=1, n_sessions=8, memory=0.0)
    rng = np.random.default_rng(0)
    session = np.repeat(np.arange(8), 100)
    rare = rng.random(800) < 0.15
    regimes.values[:, 0] = np.where(rare, 1 - session % 2, session % 2)
    trials["neural"] = trials["neural"] + 20.0 * rng.standard_normal((8, 1, 3))[session]
    x, y = trials["neural"].values[:, 0], regimes.values[:, 0]
    folds = KFold(5, shuffle=True, random_state=0)
    shuffled = cross_val_predict(KNeighborsClassifier(), x, y, cv=folds)
    assert balanced_accuracy_score(y, shuffled) > 0.75
    scores = decode_regimes(trials, regimes, pooled=True)
    error = scores["balanced_accuracy"].std(ddof=1) / np.sqrt(8)
    assert abs(scores["balanced_accuracy"].mean() - 0.5) < 3 * error
    assert (
        effects_over_subjects(scores[CORRECTED].drop_vars("subject").rename(session="subject"))[
            "p"
        ][0]
        > 0.05
    )


def test_test_sessions_do_not_reach_scaler_or_regression(simulate):
    trials, regimes = simulate(4, n_subjects=2, weights=np.array([0.0, 1.0])[:, None, None])
    changed = trials.copy(deep=True)
    test = np.flatnonzero(trials["subject"].values == "s1")
    changed["neural"].values[test] *= 1000.0
    before, after = (
        decode_regimes(each, regimes, held_out=["s1"], pooled=True) for each in (trials, changed)
    )
    # the sign of what the fixed decoder sees is kept, so its choices are nearly the same
    difference = before["balanced_accuracy"] - after["balanced_accuracy"]
    assert np.abs(difference).max() < 0.1
    # but in units of the training part they are enormous: each is a sure hit or a sure miss
    sure_miss = -np.log(1e-15)
    np.testing.assert_allclose(
        after["log_loss"], sure_miss * (1 - after["balanced_accuracy"]), rtol=0.05
    )


def test_held_out_subjects_are_scored_but_not_tested(simulate):
    trials, regimes = simulate(5, n_subjects=4, weights=np.array([0.0, 1.5])[:, None, None])
    scores = decode_regimes(trials, regimes, held_out="subject", pooled=True)
    assert (scores["balanced_accuracy"] > 0.6).all()
    with pytest.raises(NotTestableError, match="share their training"):
        effects_over_subjects(subject_means(scores[CORRECTED]))


def test_unseen_regimes_and_missing_units_are_named(simulate):
    trials, regimes = simulate(6, n_subjects=2)
    odd = regimes.copy(deep=True)
    odd.values[150:155] = 4
    with pytest.raises(DataError, match=r"(?s)regime 4 of subject s0, session 1.*set them to -1"):
        decode_regimes(trials, odd)
    second = trials["subject"].values == "s1"
    trials["neural"].values[second, :, 0] = np.nan
    scores = decode_regimes(trials, regimes, pooled=True)
    assert scores["n_units"].values.tolist() == [3, 3, 2, 2]
    trials["neural"].values[~second, :, 1:] = np.nan
    with pytest.raises(DataError, match="no unit in common"):
        decode_regimes(trials, regimes, held_out="subject")
    with pytest.raises(DataError, match="expected session, subject or subjects"):
        decode_regimes(trials, regimes, held_out="trial")


# of MNE with a recent pandas
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_decoding_from_a_file_is_decoding_from_memory(simulate, tmp_path):
    import mne

    trials, regimes = simulate(8, n_times=3, weights=np.array([0.0, 1.0])[:, None, None])
    epochs = to_epochs(trials)
    epochs.save(tmp_path / "trials-epo.fif", fmt="double", verbose="error")
    read = mne.read_epochs(tmp_path / "trials-epo.fif", verbose="error")
    again = from_epochs(read, **epochs.metadata.attrs["from_frame"])
    scores = [decode_regimes(each, regimes, pooled=True) for each in (trials, again)]
    np.testing.assert_allclose(scores[0]["log_loss"], scores[1]["log_loss"])


def test_functional_labels_of_whole_trials_are_decoded_like_those_of_one_step(simulate):
    trials, regimes = simulate(0, weights=np.array([[[0.0]], [[2.0]]]))
    labels = regimes.isel(step=0, drop=True)
    expected = decode_regimes(trials, regimes, pooled=True)
    xr.testing.assert_identical(decode_regimes(trials, labels, pooled=True), expected)
    fewer = decode_regimes(trials, labels.where(np.arange(labels.size) != 5, -1), pooled=True)
    assert fewer["n_trials"].values.tolist() == [99, 100]
