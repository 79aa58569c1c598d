"""Reconstruction: restarts are independent, and a known system is found."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.ops import reference
from neuroalrnn.reconstruct import BinnedReference, ReconstructionSetting, reconstruct
from neuroalrnn.reconstruct._looks import N_RUNS
from neuroalrnn.reconstruct.train import _halving, _Training

SETTING = ReconstructionSetting(
    n_latent=5, n_pwl=2, interval=5, n_updates=20, batch_size=4, window=20
)


def rotation(n_steps=600, seed=0):
    """A noise-free rotation with a period of 40 steps, in units far from standard ones."""
    phase = 2 * np.pi * np.arange(n_steps) / 40 + seed
    return np.stack([100 + 30 * np.cos(phase), -5 + 0.1 * np.sin(phase)], axis=1)


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.weights, other.weights, strict=True))


@pytest.fixture(scope="module")
def trained():
    return reconstruct(rotation(), replace(SETTING, n_updates=400), n_restarts=2)


def test_a_rotation_is_found_and_runs_freely(trained):
    run = trained.free_run(rotation()[[0, 7]], 40)
    assert run.shape == (2, 2, 40, 2)
    expected = np.stack([rotation()[1:41], rotation()[8:48]])
    error = ((run - expected) / rotation().std(0)) ** 2
    assert error.mean((1, 2, 3)).max() < 0.02
    assert not trained.diverged.any()
    assert (trained.loss[:, -1] < 0.1 * trained.loss[:, 0]).all()


def test_observed_latents_stay_the_observations(trained):
    weights = trained.weights
    assert torch.equal(weights.readout[0], torch.eye(2, 5).double())
    assert torch.equal(weights.input_weight[0, :2], torch.eye(2).double())
    assert not weights.offset.any()
    assert not weights.initial[:, :2].any()
    one = trained.free_run(rotation()[:1], 1)
    standard = torch.tensor((rotation()[:1] - trained.mean) / trained.sd)
    first = standard @ weights.input_weight[0].mT + weights.initial[0]
    assert torch.equal(first[:, :2], standard)
    assert np.isfinite(one).all()


def test_every_other_parameter_is_trained():
    short = reconstruct(rotation(), replace(SETTING, n_updates=1), n_restarts=1)
    longer = reconstruct(rotation(), SETTING, n_restarts=1)
    moved = [a != b for a, b in zip(short.weights, longer.weights, strict=True)]
    slope, weight, lift, bias, initial, readout, offset = moved
    assert slope.all()
    assert weight.all()
    assert bias.all()
    assert lift[:, 2:].all()
    assert initial[:, 2:].all()
    assert not readout.any()
    assert not offset.any()
    linear = [
        reconstruct(rotation(), replace(SETTING, readout="linear", n_updates=n), n_restarts=1)
        for n in (1, 20)
    ]
    assert all((a != b).all() for a, b in zip(*(each.weights for each in linear), strict=True))


def test_reduced_models_have_no_self_slope_of_linear_units():
    found = reconstruct(rotation(), replace(SETTING, convention="reduced"), n_restarts=1)
    assert not found.weights.self_slope[:, :3].any()
    assert found.weights.self_slope[:, 3:].all()


def test_a_restart_learns_what_it_learns_alone():
    many = reconstruct(rotation(), SETTING, n_restarts=3, random_state=1, threads=2)
    alone = reconstruct(rotation(), SETTING, n_restarts=1, random_state=1)
    again = reconstruct(rotation(), SETTING, n_restarts=3, random_state=1)
    for part, single in zip(many.weights, alone.weights, strict=True):
        assert torch.equal(part[0], single[0])
    assert same(many, again)
    assert not torch.equal(many.weights.weight[0], many.weights.weight[1])


@pytest.mark.parametrize(
    "changes",
    [
        {"forcing": "generalised"},
        {"forcing": "generalised", "strength": 0.2},
        {"forcing": "none"},
        {"interval": None},
        {"readout": "linear"},
        {"n_pwl": 0},
        {"n_pwl": 5},
        {"n_latent": 2},
    ],
)
def test_every_kind_of_training_lowers_the_loss(changes):
    setting = replace(SETTING, n_updates=300, **changes)
    found = reconstruct(rotation(), setting, n_restarts=1, random_state=2)
    assert found.loss[0, -1] < 0.7 * found.loss[0, 0]


def test_units_of_the_data_do_not_matter():
    series = rotation().astype(np.float32).astype(float)
    one = reconstruct(series, SETTING, n_restarts=1)
    other = reconstruct(4 * series, SETTING, n_restarts=1)
    assert same(one, other)
    runs = one.free_run(series[:1], 5), other.free_run(4 * series[:1], 5)
    np.testing.assert_allclose(4 * runs[0], runs[1], rtol=1e-9)


def test_recordings_are_never_joined():
    """Stretches that would cross from one recording to the next are not trained on."""
    pieces = [rotation(21), rotation(21, seed=2)]
    found = reconstruct(pieces, SETTING, n_restarts=1)
    repeated = reconstruct([*pieces, rotation(21)], SETTING, n_restarts=1)
    assert np.isfinite(found.loss).all()
    assert not same(found, repeated)
    with pytest.raises(DataError, match=r"\[1\]: 20 steps, expected more than window = 20"):
        reconstruct([rotation(21), rotation(20)], SETTING)


def test_the_free_run_is_the_scan_of_the_oracle(trained):
    """A model without inputs that starts at the same latents."""
    weights = trained.weights
    start = (rotation()[3:4] - trained.mean) / trained.sd
    first = torch.tensor(start) @ weights.input_weight.mT + weights.initial[:, None]
    weights = weights._replace(initial=first[:, 0], input_weight=torch.zeros(2, 5, 0).double())
    eta = reference.scan(
        weights, trained.n_pwl, torch.zeros(1, 30, 0).double(), torch.zeros(2, 1, dtype=int),
        torch.tensor([30]), torch.arange(30),
    )  # fmt: skip
    found = (trained.free_run(rotation()[3:4], 30) - trained.mean) / trained.sd
    np.testing.assert_allclose(found[:, 0], eta[:, :, 0], atol=1e-12)


def test_a_restart_that_diverges_is_named():
    setting = replace(SETTING, learning_rate=1e30, final_learning_rate=1e30)
    found = reconstruct(rotation(), setting, n_restarts=2)
    assert found.diverged.all()


def test_choices_are_refused():
    choices = np.random.default_rng(0).integers(0, 2, (100, 1))
    with pytest.raises(DataError, match="int64, expected continuous observations"):
        reconstruct(choices, SETTING)
    with pytest.raises(ConfigError, match="needs continuous observations"):
        reconstruct(rotation(), SETTING, likelihood="bernoulli")


@pytest.mark.parametrize(
    ("series", "match"),
    [
        (np.ones((50, 2)), "constant in a dimension"),
        (np.where(np.arange(100) == 7, np.nan, rotation(50).ravel()).reshape(50, 2), r"\[3, 1\]"),
        (rotation()[:, 0], r"shape \(600,\), expected \(step, dimension\)"),
        ([rotation(), rotation()[:, :1]], "same dimensions"),
        ([], "at least one"),
    ],
)
def test_series_that_cannot_be_trained_on(series, match):
    with pytest.raises(DataError, match=match):
        reconstruct(series, SETTING)


def test_every_impossible_setting_is_named():
    setting = replace(
        SETTING, n_pwl=6, forcing="sparse", readout="log", strength=2.0, interval=0, n_updates=0
    )
    with pytest.raises(
        ConfigError, match=r"(?s)5 problems.*readout.*n_updates.*interval.*n_pwl.*strength"
    ):
        reconstruct(rotation(), setting)
    with pytest.raises(ConfigError, match="found 'D_stsp', expected a function"):
        reconstruct(rotation(), SETTING, criterion="D_stsp")
    with pytest.raises(ConfigError, match=r"(?s)2 problems.*look_every = 0.*look_steps = 0"):
        reconstruct(rotation(), replace(SETTING, look_every=0, look_steps=0))


@pytest.mark.parametrize(("first", "final"), [(3e-3, 1e-5), (1e-3, 1e-3)])
def test_the_learning_rate_falls_to_its_final_value(first, final):
    series = np.cumsum(np.random.default_rng(0).standard_normal((400, 2)), axis=0)
    setting = ReconstructionSetting(
        n_latent=4, n_pwl=1, interval=5, n_updates=50, window=20, learning_rate=first,
        final_learning_rate=final,
    )  # fmt: skip
    run = _Training([series], setting, 5, [np.random.SeedSequence(0)], 1)
    before = run.optimiser.theta.clone()
    run.update()
    # the first step of Adam is as long as the learning rate
    assert float((run.optimiser.theta - before).abs().max()) == pytest.approx(
        first * 0.5 ** (1 / _halving(setting)), rel=1e-3
    )
    assert first * 0.5 ** (setting.n_updates / _halving(setting)) == pytest.approx(final)


def test_weights_are_kept_from_the_update_at_which_free_runs_were_best():
    """The criterion sees runs in the units of the series, and says which update was the best."""
    series, seen = rotation(), []
    setting = replace(SETTING, n_updates=25, look_every=10, look_steps=12)

    def criterion(run):
        seen.append(run)
        return [5.0, 1.0, 3.0][(len(seen) - 1) // (2 * N_RUNS)]

    found = reconstruct(series, setting, n_restarts=2, criterion=criterion)
    assert len(seen) == 3 * 2 * N_RUNS
    assert all(run.shape == (10, 2) for run in seen)
    assert found.kept_at.tolist() == [20, 20]
    assert found.criterion.tolist() == [1.0, 1.0]
    last = reconstruct(series, setting, n_restarts=2)
    assert last.kept_at.tolist() == [25, 25]
    assert np.isnan(last.criterion).all()
    assert not same(found, last)
    starts = series[np.linspace(0, len(series) - 1, N_RUNS + 2).astype(int)[1:-1]]
    runs = found.free_run(starts, 12)[:, :, 2:]
    np.testing.assert_array_equal(runs.reshape(-1, 10, 2), seen[2 * N_RUNS : 4 * N_RUNS])
    np.testing.assert_array_equal(found.loss, last.loss)


def test_restarts_keep_their_own_best_update_and_never_one_that_ran_away():
    series = rotation()
    setting = replace(SETTING, n_updates=30, look_every=10, look_steps=12)
    looks = [[np.nan, 2.0], [np.inf, 1.0], [3.0, np.nan]]
    calls = iter([value for look in looks for each in look for value in [each] * N_RUNS])
    found = reconstruct(series, setting, n_restarts=2, criterion=lambda run: next(calls))
    assert found.kept_at.tolist() == [30, 20]
    assert found.criterion.tolist() == [3.0, 1.0]


def test_runs_that_leave_or_stand_still_are_infinitely_bad_without_being_asked_about():
    """Whatever the criterion would make of them; with nothing better the last weights are kept."""

    def criterion(run):
        assert np.isfinite(run).all()
        assert np.ptp(run, axis=0).all()
        return 1.0

    wild = {"learning_rate": 1e30, "final_learning_rate": 1e30}
    for changes in (wild, {"learning_rate": 1e-9, "final_learning_rate": 1e-9, "n_latent": 2}):
        setting = replace(SETTING, look_every=5, look_steps=3000, **changes)
        found = reconstruct(rotation(), setting, n_restarts=1, criterion=criterion)
        assert found.kept_at.tolist() == [20]
        assert np.isinf(found.criterion).all()


@pytest.mark.parametrize("value", [None, "good", np.zeros(2)])
def test_a_criterion_that_gives_no_number_is_refused(value):
    with pytest.raises(ConfigError, match=r"criterion: it returned .*, expected a number"):
        reconstruct(rotation(), SETTING, n_restarts=1, criterion=lambda run: value)


def test_a_restart_keeps_what_it_would_keep_alone():
    options = {"criterion": BinnedReference(rotation(), 5), "random_state": 3}
    setting = replace(SETTING, n_updates=60, look_every=7, look_steps=60)
    many = reconstruct(rotation(), setting, n_restarts=3, **options)
    alone = reconstruct(rotation(), setting, n_restarts=1, **options)
    assert many.kept_at[0] == alone.kept_at[0]
    for part, single in zip(many.weights, alone.weights, strict=True):
        np.testing.assert_array_equal(part[0], single[0])
    assert len(set(many.kept_at.tolist())) > 1
