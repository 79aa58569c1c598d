"""The filter of read-outs against its equations, a Kalman filter, and numerical integration."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit, log_expit, log_softmax
from scipy.stats import multivariate_normal

from neuroalrnn.adaptive._reference import (
    design_matrix,
    filter_by_equations,
    laplace,
    mode_of_unlikely,
    unlikely,
)
from neuroalrnn.adaptive.filter import (
    Course,
    _smooth,
    filter_readouts,
    last_readout,
    predict_adaptively,
    smooth_readouts,
)
from neuroalrnn.adaptive.prior import Prior, Spread, make_prior
from neuroalrnn.adaptive.rows import Rows, drift_of


def toy(n=120, n_options=2, n_latent=2, n_subjects=3, seed=0, sd=0.5, drift=1e-3):
    """Choices of subjects with read-outs of their own, trials without choices or log-odds."""
    rng = np.random.default_rng(seed)
    n_rows = 1 if n_options == 2 else n_options
    features = np.c_[np.ones(n), rng.standard_normal((n, n_latent))]
    log_odds = rng.standard_normal((n, n_rows)) * 2
    log_odds[rng.random(n) < 0.03] = np.nan
    offered = rng.random((n, n_options)) > (0.2 if n_options > 2 else 0.02)
    offered[~offered.any(axis=1)] = True
    choice = rng.integers(n_options, size=n)
    choice = np.where(offered[np.arange(n), choice], choice, offered.argmax(axis=1))
    choice[rng.random(n) < 0.05] = -1
    first = np.arange(n) % (n // n_subjects) == 0
    new_session = first | (rng.random(n) < 0.05)
    passed = np.where(rng.random(n) < 0.1, 3.0, 1.0)
    rows = Rows(log_odds, features, choice, offered, first, passed, new_session)
    spread = Spread(sd, sd, sd, drift, session_drift=0.05)
    return rows, make_prior(spread, n_rows, n_latent + 1)


def scalar(n, sd, drift, seed, gain_sd=0.0):
    """Two options, one subject; the offset drifts, and with `gain_sd` so does the gain."""
    rng = np.random.default_rng(seed)
    log_odds = rng.standard_normal((n, 1)) * 1.5
    walk = rng.standard_normal((n, 2)) * np.r_[1.0, np.full(n - 1, np.sqrt(drift))][:, None]
    gain, offset = (walk.cumsum(axis=0) * [gain_sd, sd] + [1, 0]).T
    choice = (rng.random(n) < expit(gain * log_odds[:, 0] + offset)).astype(int)
    first = np.arange(n) == 0
    every = np.ones((n, 2), bool)
    rows = Rows(log_odds, np.ones((n, 1)), choice, every, first, np.ones(n), first)
    return rows, make_prior(Spread(gain_sd, sd, 0.0, drift), 1, 1)


def scores(rows, said):
    """Log-likelihood of every choice that was made and predicted."""
    made = (rows.choice >= 0) & ~np.isnan(said).any(axis=1)
    return said[made, rows.choice[made]]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("n_options", [2, 3, 4])
def test_compiled_filter_equals_its_equations(n_options, alone):
    rows, prior = toy(n_options=n_options)
    if not alone:  # weights that go together
        prior = prior._replace(covariance=prior.covariance + 0.1)
    said, mean, covariance = filter_by_equations(rows, prior)
    found, course = filter_readouts(rows, prior)
    np.testing.assert_allclose(found, said, atol=1e-12)
    np.testing.assert_allclose(course.mean, mean, atol=1e-12)
    np.testing.assert_allclose(course.covariance, covariance, atol=1e-12)
    np.testing.assert_array_equal(predict_adaptively(rows, prior), found)


@pytest.mark.parametrize("n_options", [2, 3])
def test_the_last_readout_is_that_after_the_last_trial_or_the_prior_without_one(n_options):
    rows, prior = toy(n_options=n_options, n_subjects=1)
    _, course = filter_readouts(rows, prior)
    for found, expected in zip(last_readout(rows, prior), course, strict=True):
        np.testing.assert_array_equal(found, expected[-1])
    nothing = Rows(*(each[:0] for each in rows))
    for found, expected in zip(last_readout(nothing, prior), prior[:2], strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n_options", [2, 4])
def test_probabilities_of_options_offered_add_up_to_one(n_options):
    rows, prior = toy(n_options=n_options, sd=3.0)
    p = np.exp(predict_adaptively(rows, prior))
    known = ~np.isnan(rows.log_odds).any(axis=1)
    np.testing.assert_allclose(p[known].sum(axis=1), 1)
    assert (p[known][~rows.offered[known]] == 0).all()
    assert np.isnan(p[~known]).all()


@pytest.mark.parametrize("n_options", [2, 3])
def test_subjects_like_the_shared_model_are_predicted_by_it(n_options):
    rows, prior = toy(n_options=n_options)
    said = predict_adaptively(rows, prior._replace(covariance=0 * prior.covariance))
    known = ~np.isnan(rows.log_odds).any(axis=1)
    e = np.c_[0 * rows.log_odds, rows.log_odds] if n_options == 2 else rows.log_odds
    wanted = log_softmax(np.where(rows.offered, e, -np.inf)[known], axis=1)
    np.testing.assert_allclose(said[known], wanted, atol=1e-12)


def test_compiled_quadrature_equals_its_equations_at_extremes():
    from neuroalrnn.adaptive import _kernels

    for a, v in [(0.0, 0.0), (-300.0, 1e-8), (-60.0, 30.0), (-300.0, 1e4), (-1.0, 1e4)]:
        np.testing.assert_allclose(_kernels._unlikely(a, v), unlikely(a, v), rtol=1e-11, atol=1e-12)
    assert np.isfinite(_kernels._unlikely(-1500.0, 1e4)).all()


@pytest.mark.parametrize(("a", "v"), [(0, 0.01), (0, 1), (-3, 25), (-10, 100), (-30, 4)])
def test_quadrature_gives_moments_of_a_logistic_normal(a, v):
    log_z, slope, curvature = unlikely(a, v)
    sd = np.sqrt(v)
    mode = mode_of_unlikely(a, sd)
    peak = log_expit(a + sd * mode) - mode**2 / 2
    lines = mode + np.linspace(-4, 4, 9)

    def moment(f):
        def value(u):
            return f(u) * np.exp(log_expit(a + sd * u) - u * u / 2 - peak)

        return quad(value, mode - 9, mode + 9, points=lines, limit=200, epsabs=1e-13)[0]

    total = moment(lambda u: 1.0)
    mean = moment(lambda u: u) / total
    variance = moment(lambda u: (u - mean) ** 2) / total
    assert log_z == pytest.approx(np.log(total / np.sqrt(2 * np.pi)) + peak, abs=1e-8)
    assert slope == pytest.approx(mean / sd, abs=1e-8)
    assert curvature == pytest.approx((1 - variance) / v, abs=1e-7)


def gaussian_toy():
    """Numbers instead of choices: their joint distribution is normal, and so known."""
    rows, prior = toy(n=60, n_subjects=1)
    rows = rows._replace(log_odds=np.nan_to_num(rows.log_odds), offered=rows.offered | True)
    rng, noise = np.random.default_rng(1), 0.7
    y = rng.standard_normal(60) * 2

    def observe(a, G, choice, offered):
        value, v = y[choice], G[0, 0] + noise
        log_p = np.array([-((value - a[0]) ** 2) / v - np.log(2 * np.pi * v)]) / 2
        return log_p, (value - a) / v, np.array([[1 / v]])

    seen = rows._replace(choice=np.where(rows.choice >= 0, np.arange(60), -1))
    return seen, prior, y, noise, observe


def test_filter_and_smoother_equal_a_gaussian_process_where_observations_are_normal():
    rows, prior, y, noise, observe = gaussian_toy()
    said, mean, covariance = filter_by_equations(rows, prior, observe)
    n = len(prior.mean)
    added = np.cumsum(drift_of(rows, prior.drift, prior.session_drift))
    # covariance of the read-outs of trials s and t: that of the earlier one
    spread = 1 + np.minimum.outer(added, added)
    joint = np.kron(spread, prior.covariance)
    H = np.zeros((60, 60 * n))
    for t in range(60):
        H[t, t * n : (t + 1) * n] = design_matrix(rows, t)
    made = rows.choice >= 0
    H, y = H[made], y[made]
    S = H @ joint @ H.T + noise * np.eye(len(y))
    centre = np.tile(prior.mean, 60)
    wanted = multivariate_normal.logpdf(y, H @ centre, S)
    assert said[made, 0].sum() == pytest.approx(wanted, abs=1e-10)
    gain = np.linalg.solve(S, H @ joint).T
    smooth = Course(mean.copy(), covariance.copy())
    _smooth(rows, prior, *smooth)
    np.testing.assert_allclose(
        smooth.mean.ravel(), centre + gain @ (y - H @ centre), rtol=0, atol=1e-10
    )
    after = joint - gain @ H @ joint
    blocks = [after[t * n : (t + 1) * n, t * n : (t + 1) * n] for t in range(60)]
    np.testing.assert_allclose(smooth.covariance, blocks, rtol=0, atol=1e-10)
    np.testing.assert_allclose(mean[-1], smooth.mean[-1])


def integrate(rows, prior, n=161, reach=5.5):
    """Scores by a grid over gain and offset, whose drift is a convolution."""
    sd = np.sqrt(np.diag(prior.covariance))
    axes = [c + np.linspace(-reach, reach, n) * s for c, s in zip(prior.mean, sd, strict=True)]
    weight, moves = np.ones(()), []
    for axis, s, c in zip(axes, sd, prior.mean, strict=True):
        s = s or 1.0
        weight = np.multiply.outer(weight, np.exp(-((axis - c) ** 2) / 2 / s**2))
        move = np.exp(-(np.subtract.outer(axis, axis) ** 2) / 2 / s**2 / prior.drift)
        moves.append(move / move.sum(axis=0))
    weight /= weight.sum()
    found = []
    for t, choice in enumerate(rows.choice):
        if t:
            weight = moves[0] @ weight @ moves[1].T
        e = rows.log_odds[t, 0] * axes[0][:, None] + axes[1]
        joint = weight * expit(e if choice else -e)
        found.append(np.log(joint.sum()))
        weight = joint / joint.sum()
    return np.array(found)


@pytest.mark.parametrize("gain_sd", [0.0, 0.2])
def test_filter_is_near_numerical_integration(gain_sd):
    rows, prior = scalar(100, 0.3, 1e-2, seed=1, gain_sd=gain_sd)
    found, wanted = scores(rows, predict_adaptively(rows, prior)), integrate(rows, prior)
    assert np.abs(found - wanted).mean() < 1e-3
    assert np.abs(np.exp(found) - np.exp(wanted)).max() < (1e-3 if not gain_sd else 3e-3)


def test_matched_moments_are_nearer_to_integration_than_newton_steps():
    rows, prior = scalar(100, 1.0, 1e-2, seed=1)
    wanted = integrate(rows, prior)

    def newton(a, G, choice, offered):
        e = a[0]
        for _ in range(30):
            p = expit(e)
            e -= (e - a[0] - G[0, 0] * (choice - p)) / (1 + G[0, 0] * p * (1 - p))
        w = expit(e) * expit(-e)
        log_z = unlikely(-abs(a[0]), G[0, 0])[0]
        said = np.array([np.log1p(-np.exp(log_z)), log_z])[:: 1 if a[0] <= 0 else -1]
        return said, np.array([choice - expit(e)]), np.array([[w / (1 + w * G[0, 0])]])

    rough = scores(rows, filter_by_equations(rows, prior, newton)[0])
    matched = scores(rows, predict_adaptively(rows, prior))
    assert np.abs(matched - wanted).mean() < np.abs(rough - wanted).mean() / 2


def test_evidence_of_more_options_is_near_numerical_integration():
    rng = np.random.default_rng(0)
    root = rng.standard_normal((3, 3)) * 0.4
    a = np.array([0.5, -0.2, 0.0])
    drawn = a + rng.standard_normal((200_000, 3)) @ root.T
    wanted = np.exp(log_softmax(drawn, axis=1)).mean(axis=0)
    evidence = [laplace(a, root @ root.T, k)[0] for k in range(3)]
    np.testing.assert_allclose(np.exp(log_softmax(evidence)), wanted, atol=4e-3)


@pytest.mark.parametrize("n_options", [2, 3])
def test_scores_of_a_subject_telescope_to_its_marginal_likelihood(n_options):
    rows, prior = toy(n=4, n_options=n_options, n_subjects=1, n_latent=1, sd=0.2, drift=0.0)
    rows = rows._replace(
        log_odds=np.linspace(-1, 1, rows.log_odds.size).reshape(rows.log_odds.shape),
        choice=np.array([0, 1, 1, 0]),
        offered=np.ones_like(rows.offered),
        new_session=rows.first,
    )
    rng = np.random.default_rng(0)
    drawn = rng.multivariate_normal(prior.mean, prior.covariance, size=200_000)
    total = np.zeros(len(drawn))
    for t, choice in enumerate(rows.choice):
        e = drawn @ design_matrix(rows, t).T
        e = np.c_[0 * e, e] if n_options == 2 else e
        total += log_softmax(e, axis=1)[:, choice]
    wanted = np.log(np.exp(total).mean())
    assert scores(rows, predict_adaptively(rows, prior)).sum() == pytest.approx(wanted, abs=3e-3)


def leaks(predict, rows, prior, t=50):
    """What changes that may not when the choice of trial t, of the second subject, changes."""
    before = predict(rows, prior)
    choice = rows.choice.copy()
    choice[t] = 1 - choice[t]
    after = predict(rows._replace(choice=choice), prior)
    same = np.isclose(before, after, rtol=0, atol=1e-14, equal_nan=True)
    changed = np.flatnonzero(~same.all(axis=1))
    subject = np.cumsum(rows.first)
    assert len(changed)
    found = {"past"} if (changed[subject[changed] == subject[t]] <= t).any() else set()
    return found | ({"other subject"} if (subject[changed] != subject[t]).any() else set())


def peeking(rows, prior):
    """Sabotaged: predicts with the read-out as it is known after the choice."""
    mean = filter_readouts(rows, prior)[1].mean
    odds = [design_matrix(rows, t)[0] @ mean[t] for t in range(len(mean))]
    return np.c_[log_expit(-np.array(odds)), log_expit(odds)]


def mixing(rows, prior):
    """Sabotaged: goes on with the read-out of the subject before."""
    return predict_adaptively(rows._replace(first=np.arange(len(rows.first)) == 0), prior)


def test_choices_change_no_earlier_prediction_and_no_other_subject():
    rows, prior = toy(drift=1e-2)
    rows = rows._replace(
        choice=np.abs(rows.choice), offered=rows.offered | True,
        log_odds=np.nan_to_num(rows.log_odds),
    )  # fmt: skip
    assert leaks(predict_adaptively, rows, prior) == set()
    assert leaks(peeking, rows, prior) == {"past"}
    assert leaks(mixing, rows, prior) == {"other subject"}


def test_trials_without_a_choice_only_drift():
    rows, prior = toy(n=6, n_subjects=1)
    rows = rows._replace(choice=np.full(6, -1))
    _, course = filter_readouts(rows, prior)
    np.testing.assert_array_equal(course.mean, np.tile(prior.mean, (6, 1)))
    spread = 1 + np.cumsum(drift_of(rows, prior.drift, prior.session_drift))
    np.testing.assert_allclose(course.covariance, spread[:, None, None] * prior.covariance)


def test_smoother_knows_more_than_the_filter_and_the_same_in_the_end():
    rows, prior = toy(drift=1e-2)
    _, filtered = filter_readouts(rows, prior)
    smooth = smooth_readouts(rows, prior)
    variance = [np.einsum("tii->ti", each.covariance) for each in (filtered, smooth)]
    assert (variance[1] <= variance[0] + 1e-12).all()
    last = np.r_[rows.first[1:], True]
    np.testing.assert_array_equal(smooth.mean[last], filtered.mean[last])


def test_smoother_leaves_weights_that_are_known_as_they_are():
    rows, prior = scalar(30, 0.5, 1e-2, seed=0)
    smooth = smooth_readouts(rows, prior)
    np.testing.assert_array_equal(smooth.mean[:, 0], 1)
    assert np.isfinite(smooth.covariance).all()


def test_filtered_readout_finds_that_of_the_subject():
    rows, _ = scalar(3000, 1.0, 1e-9, seed=3, gain_sd=0.5)
    prior = make_prior(Spread(0.5, 1.0, 0.0, 0.0), 1, 1)
    _, course = filter_readouts(rows, prior)
    rng = np.random.default_rng(3)
    rng.standard_normal((3000, 1))
    gain, offset = rng.standard_normal((3000, 2))[0] * [0.5, 1.0] + [1, 0]
    error = (course.mean[-1] - [gain, offset]) / np.sqrt(np.diag(course.covariance[-1]))
    assert (np.abs(error) < 3).all()
    assert (np.diag(course.covariance[-1]) < np.diag(prior.covariance) / 10).all()


def test_prior_with_full_covariance_is_used_as_it_is():
    rows, prior = toy()
    mixed = np.full_like(prior.covariance, 0.05) + prior.covariance
    full = Prior(prior.mean + 0.1, mixed, 1e-3, 0.01)
    np.testing.assert_allclose(
        predict_adaptively(rows, full), filter_by_equations(rows, full)[0], atol=1e-12
    )
