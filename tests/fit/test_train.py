"""Training: many models at once are the same models one by one."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from neuroalrnn.config import Setting
from neuroalrnn.fit import Jobs, compute_log_likelihood, make_observations, train
from neuroalrnn.model import INITIALISATIONS, draw, no_scaling, stack
from neuroalrnn.ops import reference, torch_eager

SETTING = Setting(
    n_latent=4, check_every=5, batch_size=4, learning_rate=0.02, averaging=0.5, dtype="float64"
)


def behaviour(n_sequences=12, n_steps=9, n_options=2, seed=0):
    """Choices that follow the product of two inputs, as encoded sequences of unequal length."""
    rng = np.random.default_rng(seed)
    inputs = rng.choice([-1.0, 1.0], size=(n_sequences, n_steps, 2))
    lengths = rng.integers(3, n_steps + 1, n_sequences)
    exists = np.arange(n_steps) < lengths[:, None]
    product = np.roll(inputs.prod(axis=2), 1, axis=1)
    code = (product > 0) * 1.0 if n_options == 2 else rng.integers(n_options, size=product.shape)
    scored = exists & (rng.random(product.shape) < 0.8)
    return SimpleNamespace(
        inputs=np.where(exists[..., None], inputs, 0.0),
        target=np.where(exists, code, np.nan),
        scored=scored,
        n_steps=lengths,
        subject=np.arange(n_sequences) % 4,
    )


def jobs(n_pwl, *, train_on, validate_on=(), n_checks=4, setting=SETTING, n_outputs=1, groups=None):
    drawn = [
        draw(
            setting.n_latent, p, 2,
            initialisation=setting.initialisation, convention=setting.convention,
            memory=setting.memory, offset=np.zeros(n_outputs), rng=np.random.default_rng([7, m]),
        )
        for m, p in enumerate(n_pwl)
    ]  # fmt: skip
    return Jobs(
        weights=stack(drawn),
        scaling=no_scaling(len(n_pwl), 2),
        observed=no_scaling(1, 2),
        n_pwl=torch.tensor(n_pwl),
        settings=[setting] * len(n_pwl),
        train=[np.array(train_on[m]) for m in range(len(n_pwl))],
        validate=[np.array(validate_on, dtype=int)] * len(n_pwl),
        n_checks=np.full(len(n_pwl), n_checks),
        group=np.arange(len(n_pwl)) if groups is None else np.array(groups),
        seeds=[[3, m] for m in range(len(n_pwl))],
    )


TRAIN_ON = [[0, 1, 2, 3, 4], [2, 3, 5, 6, 7, 8], [0, 8], [1, 4, 5, 6, 7, 8, 9]]


@pytest.mark.parametrize("n_options", [2, 3])
def test_a_batch_of_models_equals_each_model_trained_alone(n_options):
    """Same seeds, float64, 20 updates: scores, validation and weights agree to 1e-10."""
    observations = make_observations(behaviour(n_options=n_options), dtype=torch.float64)
    n_outputs = 1 if n_options == 2 else n_options
    together = jobs([0, 1, 2, 4], train_on=TRAIN_ON, validate_on=[10, 11], n_outputs=n_outputs)
    batch = train(together, observations, SETTING)
    for model in range(4):
        alone = train(together.take([model]), observations, SETTING)
        np.testing.assert_allclose(alone.train_score[0], batch.train_score[model], atol=1e-10)
        np.testing.assert_allclose(alone.validation[0], batch.validation[model], atol=1e-10)
        for one, other in zip(alone.weights, batch.weights, strict=True):
            torch.testing.assert_close(one[0], other[model], rtol=0, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_options", [2, 3])
def test_what_is_trained_beside_a_model_changes_no_bit_of_it(n_options, dtype):
    """However many models are trained at once, and in however many threads."""
    numba_cpu = pytest.importorskip("neuroalrnn.ops.numba_cpu", exc_type=ImportError)
    dtype = getattr(torch, dtype)
    setting = SETTING.model_copy(update={"n_latent": 5, "batch_size": 3})
    observations = make_observations(behaviour(n_options=n_options), dtype=dtype)
    n_outputs = 1 if n_options == 2 else n_options
    options = {"validate_on": [9, 10, 11], "n_outputs": n_outputs, "setting": setting}
    together = jobs([0, 1, 5, 2, 4], train_on=[*TRAIN_ON, [3, 4, 5]], **options)
    together = replace(
        together,
        weights=type(together.weights)(*(part.to(dtype) for part in together.weights)),
    )
    batch = train(together, observations, setting, scan=partial(numba_cpu.scan, threads=2))
    for models in ([0], [1, 2], [3], [4]):
        alone = train(together.take(models), observations, setting, scan=numba_cpu.scan)
        assert np.array_equal(alone.train_score, batch.train_score[models])
        assert np.array_equal(alone.validation, batch.validation[models], equal_nan=True)
        for one, other in zip(alone.weights, batch.weights, strict=True):
            assert torch.equal(one, other[models])


def test_gradients_of_a_batch_equal_those_of_each_model_after_training():
    observations = make_observations(behaviour(), dtype=torch.float64)
    together = jobs([0, 1, 2, 4], train_on=TRAIN_ON)
    trained = train(together, observations, SETTING).weights
    index = torch.tensor([[0, 3, -1]] * 4)

    def gradient(models):
        leaves = [part[models].requires_grad_() for part in trained]
        weights = type(trained)(*leaves)
        total, _ = compute_log_likelihood(
            weights, together.n_pwl[models], observations, index[models]
        )
        return torch.autograd.grad(total.sum(), leaves)

    batch = gradient([0, 1, 2, 3])
    for model in range(4):
        for one, other in zip(gradient([model]), batch, strict=True):
            torch.testing.assert_close(one[0], other[model], rtol=0, atol=1e-10)


def test_training_with_the_reference_gives_the_same_weights():
    observations = make_observations(behaviour(), dtype=torch.float64)
    together = jobs([0, 2], train_on=TRAIN_ON)
    runs = [train(together, observations, SETTING, scan=s.scan) for s in (torch_eager, reference)]
    for one, other in zip(runs[0].weights, runs[1].weights, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


@pytest.mark.parametrize("convention", ["reduced", "free"])
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
@pytest.mark.parametrize("n_pwl", [0, 1, 4])
def test_every_initialisation_and_convention_runs_and_starts_as_the_same_function(
    initialisation, convention, n_pwl
):
    setting = SETTING.model_copy(
        update={"initialisation": initialisation, "convention": convention}
    )
    start = jobs([n_pwl], train_on=TRAIN_ON, setting=setting)
    other = "free" if convention == "reduced" else "reduced"
    twin = jobs(
        [n_pwl], train_on=TRAIN_ON, setting=setting.model_copy(update={"convention": other})
    )
    observations = make_observations(behaviour(), dtype=torch.float64)
    scores = [
        compute_log_likelihood(j.weights, j.n_pwl, observations, torch.tensor([[0, 1, 2]]))[0]
        for j in (start, twin)
    ]
    torch.testing.assert_close(scores[0], scores[1], rtol=0, atol=1e-12)
    trained = train(start, observations, setting)
    assert np.isfinite(trained.train_score).all()
    linear = slice(0, setting.n_latent - n_pwl)
    if convention == "reduced":
        assert not trained.weights.self_slope[:, linear].any()


def test_every_parameter_is_trained():
    observations = make_observations(behaviour(), dtype=torch.float64)
    start = jobs([2], train_on=TRAIN_ON, setting=SETTING.model_copy(update={"convention": "free"}))
    trained = train(start, observations, SETTING.model_copy(update={"convention": "free"}))
    for before, after in zip(start.weights, trained.weights, strict=True):
        assert (before != after).all()


def test_starting_weights_are_not_changed():
    observations = make_observations(behaviour(), dtype=torch.float64)
    start = jobs([2], train_on=TRAIN_ON)
    before = [part.clone() for part in start.weights]
    train(start, observations, SETTING)
    assert all(torch.equal(a, b) for a, b in zip(before, start.weights, strict=True))


def test_the_model_learns_a_product_that_a_linear_one_cannot():
    setting = SETTING.model_copy(update={"learning_rate": 0.05, "averaging": 0.9})
    sequences = behaviour(n_sequences=60, n_steps=12)
    everything = [list(range(60))] * 2
    start = jobs([0, 4], train_on=everything, n_checks=80, setting=setting)
    trained = train(start, make_observations(sequences, dtype=torch.float64), setting)
    linear, rectified = trained.train_score[:, -1]
    assert linear < -0.6
    assert rectified > -0.2


def test_a_diverged_model_stops_its_group_and_leaves_the_others():
    sequences = behaviour()
    together = jobs(
        [1, 1, 1], train_on=TRAIN_ON, validate_on=[10, 11], n_checks=6, groups=[0, 0, 1]
    )
    together.weights.weight[0] += 1e200
    trained = train(together, make_observations(sequences, dtype=torch.float64), SETTING)
    assert trained.diverged.tolist() == [True, False, False]
    assert np.isfinite(trained.train_score[2]).all()
    assert np.isnan(trained.train_score[1, 1:]).all()


def test_training_stops_when_validation_stalls():
    setting = SETTING.model_copy(update={"learning_rate": 1e-12, "patience": 2})
    start = jobs([1], train_on=TRAIN_ON, validate_on=[10, 11], n_checks=50, setting=setting)
    trained = train(start, make_observations(behaviour(), dtype=torch.float64), setting)
    assert trained.train_score.shape[1] < 50


def test_a_validation_score_that_overflows_is_the_worst_not_the_best():
    sequences = behaviour()
    sequences.inputs[10, 0] = 1e308
    together = jobs([1, 1], train_on=TRAIN_ON, validate_on=[10, 11], n_checks=2)
    together.weights.input_weight[0] *= 1e10
    trained = train(together, make_observations(sequences, dtype=torch.float64), SETTING)
    assert (trained.validation[0, :, 10] == -np.inf).all()
    assert np.isnan(trained.validation[:, :, :10]).all()


def test_who_is_behind_a_rival_gives_up_sooner_and_nobody_else_is_touched():
    setting = SETTING.model_copy(update={"learning_rate": 1e-12, "patience": 6})
    start = jobs([1], train_on=TRAIN_ON, validate_on=[10, 11], n_checks=50, setting=setting)
    observations = make_observations(behaviour(), dtype=torch.float64)
    alone = train(start, observations, setting)
    ahead, behind = (train(start, observations, setting, rival=each) for each in (-1e3, 0.0))
    n_checks = [each.train_score.shape[1] for each in (alone, ahead, behind)]
    assert n_checks[0] == n_checks[1]
    assert n_checks[0] - n_checks[2] == 4
    np.testing.assert_array_equal(behind.validation, alone.validation[:, : n_checks[2]])
    for one, other in zip(behind.best, alone.best, strict=True):
        assert torch.equal(one, other)


def test_sequences_that_are_drawn_anew_teach_what_the_same_stored_ones_teach():
    """Every update sees all of 10 sequences, so that their order does not matter."""
    setting = SETTING.model_copy(update={"batch_size": 10, "check_every": 1, "averaging": 0.0})
    observations = make_observations(behaviour(), dtype=torch.float64)
    fresh = make_observations(behaviour(n_sequences=10), dtype=torch.float64)
    stored, asked = make_observations(behaviour(n_sequences=10), dtype=torch.float64), []

    def draw_fresh(check, n_sequences):
        asked.append((check, n_sequences))
        return fresh

    start = jobs([0, 2], train_on=[range(10)] * 2, validate_on=[10, 11], setting=setting)
    drawn = train(start, observations, setting, fresh=draw_fresh)
    assert asked == [(0, 10), (1, 10), (2, 10), (3, 10)]
    alone = train(start.take([1]), observations, setting, fresh=draw_fresh)
    known = train(replace(start, validate=[np.arange(0)] * 2), stored, setting)
    for one, other, single in zip(drawn.weights, known.weights, alone.weights, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)
        torch.testing.assert_close(one[1:], single, rtol=0, atol=1e-10)
    assert np.isfinite(drawn.validation[:, :, [10, 11]]).all()
