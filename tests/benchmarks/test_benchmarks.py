"""The contestants compute the same gradient; counts and slopes are those of a hand count."""

import json
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import analysis, compare, effects, jax_peer, lorenz, peers, record, scaling, sweep
from benchmarks.kernels import check_agreement, stacked
from benchmarks.timing import Contestant, alternate
from benchmarks.workloads import Workload, count_flops, make_problem
from neuroalrnn.ops import reference, torch_eager
from neuroalrnn.questions import QUESTIONS

TINY = Workload(models=3, sequences=4, steps=5, n_latent=6, n_pwl=2)


@pytest.fixture
def problem():
    return make_problem(TINY)


def compiled_by_jax(problem):
    pytest.importorskip("jax")
    return jax_peer.compile_gradient(problem)[0]()


@pytest.mark.parametrize(
    "contestant",
    [
        lambda problem: peers.batched(problem, torch_eager.scan)(),
        lambda problem: stacked(peers.eager_loop(problem)()),
        compiled_by_jax,
    ],
    ids=["torch_eager", "eager_loop", "jax"],
)
def test_contestants_compute_the_same_value_and_gradient(problem, contestant):
    expected = peers.batched(problem, reference.scan)()
    check_agreement({"reference": expected, "other": contestant(problem)})


@pytest.mark.parametrize("wrong", [1.01, float("nan")])
def test_a_contestant_that_computes_something_else_is_named(problem, wrong):
    value, gradient = peers.batched(problem, reference.scan)()
    other = value, [gradient[0] * wrong, *gradient[1:]]
    with pytest.raises(ArithmeticError, match=r"^other: self_slope differs$"):
        check_agreement({"reference": (value, gradient), "other": other})


def test_some_models_alone_are_those_of_the_whole_problem(problem):
    value, gradient = peers.batched(problem, reference.scan)()
    few = stacked(peers.eager_loop(problem.first(2))())
    assert len(few[0]) == 2
    check_agreement({"reference": (value, gradient), "few": few})


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_layers_are_differentiated_by_every_parameter(problem, kind):
    results = peers.recurrent_layer(problem, kind)()
    assert len(results) == TINY.models
    for value, gradient in results:
        assert value < 0
        assert [part.abs().sum() > 0 for part in gradient] == [True] * 7


def test_flops_are_those_of_a_hand_count():
    """Two latents, four features: 24 + 4 + 4 forward, 8 + 24 + 4 + 4 + 8 backward."""
    assert count_flops(Workload(1, 1, 1, 2, 1)) == 80
    assert count_flops(Workload(3, 5, 7, 2, 1)) == 80 * 3 * 5 * 7


def test_rounds_rotate_the_order_and_partial_work_is_multiplied():
    called = []

    def run(name):
        called.append(name)
        time.sleep(0.04)

    contestants = [
        Contestant("one", lambda: run("one"), 1),
        Contestant("half", lambda: run("half"), 1, factor=2.0),
    ]
    seconds = alternate(contestants, n_rounds=2)
    assert "".join(name[0] for name in called[-4:]) == "ohho"
    assert seconds["one"].shape == (2,)
    np.testing.assert_allclose(seconds["half"], 2 * seconds["one"], rtol=0.4)


def test_slope_is_the_exponent_over_the_last_two_decades():
    sizes = np.array([1, 10, 100, 1000, 10_000])
    values = np.where(sizes < 100, 5.0, 3.0 * sizes**1.5)
    assert scaling.slope(sizes, values) == pytest.approx(1.5)


def test_an_update_keeps_the_other_keys_of_the_file(tmp_path):
    path = tmp_path / "results.json"
    record.update(path, {"a": 1, "b": {"x": 1}})
    record.update(path, {"b": {"y": 2}})
    assert json.loads(path.read_text()) == {"a": 1, "b": {"y": 2}}
    assert [each.name for each in tmp_path.iterdir()] == ["results.json"]


def test_point_in_a_fresh_process_takes_at_least_the_memory_of_its_latents():
    n_threads = torch.get_num_threads()
    workload = Workload(1, 2000, 200, 16, 2)
    found = scaling.fresh.measure(
        "scaling", workload=workload, backend="torch_eager", threads=n_threads, model_steps=1
    )
    assert found["peak_bytes"] > 4 * 2000 * 200 * 16
    assert found["seconds"] > 0


@pytest.mark.filterwarnings("ignore:trial numbers have 59 gaps")
def test_the_work_of_a_sweep_is_that_of_a_hand_count():
    """2 folds x 2 inner parts x 2 PWL sizes x 2 checks of 2 updates, then 4 final trainings."""
    found = sweep.measure("torch_eager", threads=1, quick=True)
    assert found["validations"] == 16
    assert 32 + 4 * 2 <= found["updates"] <= 32 + 4 * 4
    eager = found["eager_loop"]
    total = found["updates"] * eager["seconds_per_update"]
    total += found["validations"] * eager["seconds_per_validation"]
    assert eager["seconds"] == pytest.approx(total, abs=0.06)


def test_lorenz_is_scored_on_trajectories_that_nothing_was_chosen_on():
    train, test, reference = lorenz.make_data()
    assert len(np.unique(np.concatenate([train, test, reference])[:, 0])) > 209_900
    found = lorenz.measure(threads=1, quick=True)
    assert found["restarts"] == len(found["D_stsp"]) == len(found["kept_at"]) == 2
    assert set(found["kept_at"]) <= {50, 100}
    assert np.isfinite(found["criterion"]).all()


def test_effects_are_timed_in_the_networks_of_all_folds():
    found = effects.measure(n_times=1, quick=True)
    assert (found["inputs"], found["lags"], found["folds"]) == (5, 5, 6)
    assert min(found["effects"] + found["regimes"]) > 0


def test_analysis_is_timed_on_networks_of_the_given_size(monkeypatch):
    few = [each for each in QUESTIONS if each.name == "linear_regimes"]
    monkeypatch.setattr(analysis, "analyse", partial(analysis.analyse, questions=few))
    found = analysis.measure(n_times=1, quick=True)
    assert 2_000 < found["steps"] <= 2_400
    assert (found["latents"], found["n_pwl"]) == (12, [4] * 6)
    assert found["seconds"][0] > 0


def test_models_of_compare_are_timed_in_two_source_trees(monkeypatch):
    seconds = {"here": [{"GRU": 2.0, "total": 5.0}, {"GRU": 1.0, "total": 6.0}]}
    seconds["other"] = [{"GRU": 4.0, "total": 9.0}, {"GRU": 5.0, "total": 10.0}]
    left = {compare.ROOT: iter(seconds["here"]), Path("/other"): iter(seconds["other"])}
    monkeypatch.setattr(compare, "_run", lambda tree, arguments: next(left[tree]))
    found = compare.measure(other="/other", n_times=2)
    assert {name: found[name] for name in seconds} == seconds
    table = compare.tabulate(found)
    assert table.loc["GRU"].tolist() == [1.0, 4.0, 4.0]
    assert table.loc["total", "times"] == 9 / 5
