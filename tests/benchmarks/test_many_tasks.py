"""Fifteen tasks in one network: trials with joined steps, networks that go over to single ones."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.many_networks import KINDS, TANH, give_out, refine, start
from benchmarks.many_tasks import BEGIN, END, FOUND, SETTING, TEST, tabulate
from benchmarks.many_trials import SUITE, Pool, draw_trials, join_steps, read_answers, score_rules
from neuroalrnn.dissect._sets import Part
from neuroalrnn.fit import compute_eta
from neuroalrnn.ops import torch_eager

PAGE = Path(__file__).parents[2] / "docs" / "sharing.md"


@pytest.fixture(scope="module")
def clear():
    return draw_trials(60, 1, [0, 0], noise=0.0)


def test_joined_steps_have_mean_inputs_and_ask_for_what_the_last_one_asks(clear):
    joined = join_steps(clear, 5)
    assert join_steps(clear, 1) is clear
    assert joined.attrs["dt"] == pytest.approx(0.1)
    for trial in range(0, 60, 7):
        one, other = clear.isel(trial=trial), joined.isel(trial=trial)
        n_steps, blocks = one["n_steps"].item(), range(other["n_steps"].item())
        assert len(blocks) == -(-n_steps // 5)
        for k in blocks:
            steps = range(5 * k, min(5 * k + 5, n_steps))
            mean = one["inputs"].values[steps].mean(axis=0)
            assert np.allclose(other["inputs"].values[k], mean)
            for name in ("target", "weight", "scored", "epoch"):
                assert np.array_equal(other[name].values[k], one[name].values[steps[-1]]), name
        behind = slice(len(blocks), None)
        assert not other["inputs"].values[behind].any()
        assert not other["scored"].values[behind].any()


def test_a_reader_is_right_without_noise_and_one_answer_is_not(clear):
    assert set(score_rules(clear, read_answers(clear)).values()) == {1.0}
    keeps = np.broadcast_to([0.8, 0.0, 0.0], clear["target"].shape)
    found = score_rules(clear, keeps)
    assert found["fdgo"] == found["delaydm1"] == 0
    kept = np.isnan(clear["response"].values)
    assert SUITE.score(clear, keeps)["performance"] == kept.mean() > 0


def test_trials_of_a_pool_get_new_noise_in_real_steps_only(clear):
    pool, rng = Pool(clear, 0.3), np.random.default_rng(0)
    source = torch.Generator().manual_seed(0)
    part, again = (pool.draw(32, rng, source) for _ in range(2))
    still = Pool(clear, 0.0).draw(32, np.random.default_rng(0), source)
    assert torch.equal(part.n_steps, still.n_steps)
    assert (part.n_steps.diff() <= 0).all()
    exists = torch.arange(part.inputs.shape[1]) < part.n_steps[:, None]
    apart = (part.inputs - still.inputs)[exists]
    assert apart.std() == pytest.approx(0.3, rel=0.02)
    assert not part.inputs[~exists].any()
    assert not torch.equal(part.inputs[0, :10], again.inputs[0, :10])


def _plain_tanh(weights, inputs, n_steps):
    one = type(weights)(*(part[0] for part in weights))
    found = []
    for sequence, n in zip(inputs, n_steps, strict=True):
        z, path = torch.zeros_like(one.bias), []
        for s in sequence[:n]:
            bent = torch.tanh(one.weight @ z + one.input_weight @ s + one.bias)
            z = z + one.leak * (bent - z)
            path.append(one.readout @ z + one.offset)
        found.append(torch.stack(path))
    return found


def test_tanh_networks_follow_their_equation_and_have_its_gradient(clear):
    part = Pool(clear, 0.3).draw(4, np.random.default_rng(1), torch.Generator().manual_seed(1))
    drawn = start(KINDS["tanh"], SETTING.model_copy(update={"n_latent": 6}), 0, [0.5, 0, 0])
    leaky = drawn._replace(leak=torch.full_like(drawn.leak, 0.3))
    weights = type(drawn)(*(each.clone().requires_grad_() for each in leaky))
    index, steps = torch.arange(4)[None], torch.arange(part.inputs.shape[1])
    eta = compute_eta(
        weights, torch.zeros(1, dtype=torch.int64), part, index, read_steps=steps,
        architecture=TANH,
    )[0]  # fmt: skip
    expected = _plain_tanh(weights, part.inputs[:4], part.n_steps[:4])
    names = ("weight", "input_weight", "bias", "readout", "offset")
    asked = [getattr(weights, name) for name in names]
    mine = torch.stack([eta[: len(each), k].square().sum() for k, each in enumerate(expected)])
    plain = torch.stack([each.square().sum() for each in expected])
    for k, each in enumerate(expected):
        assert torch.allclose(eta[: len(each), k], each, atol=1e-5)
    pairs = zip(
        names, torch.autograd.grad(mine.sum(), asked), torch.autograd.grad(plain.sum(), asked),
        strict=True,
    )  # fmt: skip
    for name, one, other in pairs:
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-4), name


@pytest.mark.parametrize("name", ["AL-RNN", "full ReLU", "tanh"])
def test_a_network_for_single_steps_moves_a_fraction_of_the_way(name):
    kind, source = KINDS[name], torch.Generator().manual_seed(0)
    trials = draw_trials(20, 1, [0, 1])
    observations = Part(trials).observations("float64")
    drawn = start(kind, SETTING.model_copy(update={"n_latent": 8}), 0, [0.5, 0, 0])
    drawn = type(drawn)(*(part.double() for part in drawn))
    free = drawn._replace(
        bias=torch.randn(drawn.bias.shape, generator=source, dtype=torch.float64),
        readout=torch.eye(8, dtype=torch.float64)[None],
        offset=torch.zeros(1, 8, dtype=torch.float64),
    )
    short = refine(free, 4)
    states = give_out(kind, short, observations, torch_eager.scan)
    # what the coarse network makes of the state before, where the fine one moves a quarter of it
    for trial in range(3):
        before, after = states[trial, 9].astype(float), states[trial, 10].astype(float)
        assert np.allclose(
            after, before + (_next(name, free, before, trials, trial) - before) / 4, atol=1e-5
        )


def _next(name, weights, z, trials, trial):
    one = type(weights)(*(part[0].numpy() for part in weights))
    driven = one.input_weight @ trials["inputs"].values[trial, 10] + one.bias
    if name == "tanh":
        return np.tanh(one.weight @ z + driven)
    n_pwl = int(KINDS[name].n_pwl(8))
    bent = np.r_[z[: 8 - n_pwl], np.maximum(z[8 - n_pwl :], 0)]
    return one.self_slope * z + one.weight @ bent + driven


def test_the_page_holds_what_was_found():
    found = json.loads(FOUND.read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0].strip() == tabulate(found).strip()
    for each in found["networks"].values():
        assert len(each["scores"]) == 15
    assert TEST not in (0, 1)
