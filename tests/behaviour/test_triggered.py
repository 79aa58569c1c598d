import numpy as np
import pytest
import xarray as xr

from neuroalrnn.behaviour.triggered import compute_triggered_average, compute_triggered_averages
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.regimes.events import decisive_regimes
from neuroalrnn.regimes.held_out import compute_held_out_regimes
from neuroalrnn.regimes.switches import compute_switches
from neuroalrnn.stats import benjamini_hochberg

N_SUBJECTS, N_TRIALS = 8, 150


@pytest.fixture(scope="module")
def switches():
    """Switches of eight subjects, on one trial in ten."""
    rng = np.random.default_rng(0)
    regime = np.cumsum(rng.random((N_SUBJECTS, N_TRIALS)) < 0.1, axis=1) % 2
    coords = {
        "subject": ("trial", np.repeat([f"s{i}" for i in range(N_SUBJECTS)], N_TRIALS)),
        "session": ("trial", np.full(N_SUBJECTS * N_TRIALS, "1")),
        "trial_in_session": ("trial", np.tile(np.arange(N_TRIALS), N_SUBJECTS)),
    }
    regimes = xr.DataArray(regime.reshape(-1, 1), dims=("trial", "step"), coords=coords)
    return compute_switches(regimes.assign_coords(step=["choice"]))


def slower_after(switches, lag, size, seed=1):
    """Noise that is larger by `size` some trials after a switch of the same subject."""
    switched = np.nan_to_num(switches.values).reshape(N_SUBJECTS, N_TRIALS)
    late = np.zeros_like(switched)
    late[:, lag:] = switched[:, : N_TRIALS - lag]
    return size * late.ravel() + np.random.default_rng(seed).standard_normal(late.size)


def test_an_effect_shows_at_its_lag_alone(switches):
    outcome = slower_after(switches, 2, 1.0)
    found = compute_triggered_average(switches, outcome, lags=range(-3, 4), n_draws=199)
    assert found["average"].dims == ("subject", "lag")
    assert found["group_average"].idxmax() == 2
    assert (found["group_average"] > found["group_null_high"]).sel(lag=2)
    assert found["group_p"].sel(lag=2) < 1e-4
    assert (found["corrected"].sel(lag=2) > 0).all()
    assert (found["group_p"].drop_sel(lag=2) > 0.01).all()
    np.testing.assert_allclose(found["corrected"].mean("subject"), found["group_corrected"])


def test_averages_equal_brute_force_and_trials_that_do_not_count_are_left_out(switches):
    outcome = slower_after(switches, 0, 1.0)
    outcome[::7] = np.nan
    found = compute_triggered_average(switches, outcome, lags=(-1, 0, 3), n_draws=9)
    for subject in (0, 5):
        rows = slice(subject * N_TRIALS, (subject + 1) * N_TRIALS)
        at, own = np.flatnonzero(switches.values[rows, 0] == 1), outcome[rows]
        for lag in (-1, 0, 3):
            inside = at[(at + lag >= 0) & (at + lag < N_TRIALS)] + lag
            one = found.sel(subject=f"s{subject}", lag=lag)
            assert one["average"] == pytest.approx(np.nanmean(own[inside]))
            assert one["n_events"] == np.isfinite(own[inside]).sum()


def test_an_outcome_that_drifts_like_the_switches_is_not_an_effect(switches):
    """Switches become more frequent and outcomes smaller: 5 % + 3 standard errors of 30 sets."""
    rng = np.random.default_rng(0)
    time = np.tile(np.linspace(0, 1, N_TRIALS), N_SUBJECTS)
    p, inside = [], []
    for _ in range(30):
        often = switches.copy(data=(rng.random(time.size) < 0.3 * time)[:, None] * 1.0)
        outcome = -3 * time + rng.standard_normal(time.size)
        found = compute_triggered_average(often, outcome, lags=(0,), n_draws=99, rng=rng)
        value, low, high = (
            found[f"group_{name}"].item() for name in ("average", "null_low", "null_high")
        )
        assert value < outcome.mean() - 0.3
        p.append(found["group_p"].item())
        inside.append(low < value < high)
    assert np.mean(np.array(p) < 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 30)
    assert np.mean(inside) >= 0.8


def test_order_of_trials_does_not_matter_and_coordinates_may_come_from_the_trials(switches):
    outcome = slower_after(switches, 1, 1.0)
    expected = compute_triggered_average(switches, outcome, lags=(0, 1), n_draws=9)
    order = np.random.default_rng(0).permutation(outcome.size)
    names = ["subject", "session", "trial_in_session"]
    trials, bare = switches[order].coords.to_dataset(), switches[order].drop_vars(names)
    found = compute_triggered_average(bare, outcome[order], trials, lags=(0, 1), n_draws=9)
    xr.testing.assert_allclose(found, expected)


def test_sessions_with_few_switches_are_not_testable(switches):
    few = switches.copy(deep=True)
    few[:N_TRIALS] = 0.0
    few[[20, 60, 100]] = 1.0
    outcome = slower_after(switches, 1, 1.0)
    found = compute_triggered_average(few, outcome, lags=(0, 1), n_draws=9)
    assert found.attrs["excluded"] == "s0"
    assert "s0" not in found["subject"]
    with pytest.raises(NotTestableError, match="no session has enough trials and an event"):
        compute_triggered_average(few[:N_TRIALS], outcome[:N_TRIALS], n_draws=9)
    one = slice(N_TRIALS, 2 * N_TRIALS)
    alone = compute_triggered_average(few[one], outcome[one], lags=(0,), n_draws=9)
    assert np.isnan(alone["group_p"].item())
    assert "at least 2 of them, found 1" in alone["group_note"].item()


def test_refusals(switches):
    with pytest.raises(DataError, match=r"found shape \(3,\) and 0 infinite"):
        compute_triggered_average(switches, [1.0, 2, 3])
    outcome = np.where(np.arange(switches.size) == 7, -np.inf, 0.0)
    with pytest.raises(DataError, match="1 infinite values"):
        compute_triggered_average(switches, outcome)
    with pytest.raises(DataError, match="found 'reward', expected one of choice"):
        compute_triggered_average(switches, np.zeros(outcome.size), step="reward")


def test_the_lags_of_each_outcome_are_a_family(fit):
    regimes = compute_held_out_regimes(fit).regimes
    rule = fit.trials["rule"].values > 0
    planted = regimes.copy(data=np.repeat(rule[:, None] * 1, regimes.shape[1], axis=1))
    found = compute_triggered_averages(fit, planted, lags=(-1, 0, 1), n_draws=99)
    assert found["outcome"].values.tolist() == ["choice", "correct", "log rt"]
    assert found["group_q"].sel(outcome="log rt").values.argmin() == 1
    assert found["group_q"].sel(outcome="log rt", lag=0) < 0.05
    for part in found["group_p"].fillna(1.0), found["group_q"]:
        assert part.dims == ("outcome", "lag")
    expected = [benjamini_hochberg(p) for p in found["group_p"].fillna(1.0).values]
    np.testing.assert_allclose(found["group_q"], expected)
    switches = compute_switches(decisive_regimes(fit, planted), fit.trials)
    log_rt = np.log(fit.trials["rt"].values)
    here = (switches.values[:, 0] == 1) & (fit.trials["subject"].values == "s2")
    one = found["average"].sel(outcome="log rt", subject="s2", lag=0)
    assert one == pytest.approx(log_rt[here].mean())


def test_what_comes_in(switches):
    outcome = np.random.default_rng(0).normal(size=switches.sizes["trial"])
    for lags in ([0, 0], [-0.5, 0.5], []):
        with pytest.raises(DataError, match="lags"):
            compute_triggered_average(switches, outcome, lags=lags)
    with pytest.raises(DataError, match="'outcome' should be numbers"):
        compute_triggered_average(switches, np.full(outcome.size, "x"))
    with pytest.raises(DataError, match="other values than 0, 1"):
        compute_triggered_average(switches * 2, outcome)


def test_a_lag_beyond_all_sessions_is_not_testable_and_says_why(switches):
    outcome = np.random.default_rng(0).normal(size=switches.sizes["trial"])
    found = compute_triggered_average(switches, outcome, lags=[0, N_TRIALS + 1], n_draws=9)
    assert found["group_note"].values.tolist() == [
        "",
        "circular shift within session: found no trial",
    ]


def test_regimes_of_other_trials_are_refused(fit):
    regimes = compute_held_out_regimes(fit).regimes
    for other in (regimes[::-1], regimes[:50]):
        with pytest.raises(DataError, match="regimes and trials are not the same"):
            compute_triggered_averages(fit, other)
