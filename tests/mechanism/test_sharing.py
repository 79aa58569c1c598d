"""What tasks share: on networks that were built to share units, or not to."""

import numpy as np
import pytest

from benchmarks.shared_networks import ENCODING, N_INPUTS, build, simulate, single_task
from benchmarks.sharing import usage_of
from neuroalrnn.data import encode
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.sharing import (
    compute_overlap,
    compute_task_variance,
    freeze_branches,
    measure_sharing,
)
from neuroalrnn.mechanism.sharing._marks import co_switching_of, correlate, cosine_of, overlap_of
from neuroalrnn.mechanism.sharing._tasks import rule_features, run_tasks
from neuroalrnn.mechanism.sharing.freezing import _own_loss
from neuroalrnn.network import Network, compute_latents
from neuroalrnn.tasks import TASKS

N_UNITS = 12
BLOCKS, ONE = "one block per task", "one block for all tasks"
TWO = np.array([[1, 1, 0]] * 6 + [[0, 0, 1]] * 6, dtype=bool)
NULLS = {
    "independent units",
    "exchanged units",
    "random networks",
    "single-task networks",
    "units of full networks",
}


def made(usage, seed=0, n_trials=24, **options):
    """A network with this use of units, and its trials."""
    rng = np.random.default_rng(seed)
    network = build(usage, rng, **options)
    return network, simulate(network, usage.shape[1], rng, n_trials=n_trials)


def measured(usage, seed=0, n_single=5, **options):
    """All nulls of a network with this use of units."""
    network, trials = made(usage, seed)
    rng = np.random.default_rng(seed + 1)
    parts, n_tasks = network.input_weight[1:, :N_INPUTS], usage.shape[1]
    single = {
        name: [single_task(parts[works], len(usage), n_tasks, rng) for _ in range(n_single)]
        for name, works in zip("ABC", usage.T, strict=True)
    }
    full = build(rng.random((2 * len(usage), n_tasks)) < 0.4, rng)
    options = {"n_draws": 39, "n_random": 39, "rng": rng} | options
    return measure_sharing(network, trials, single=single, full=[full], **options)


@pytest.fixture(scope="module")
def found():
    """Networks that share nothing, all, and something between two of three tasks."""
    usages = {kind: usage_of(kind, N_UNITS, None) for kind in (BLOCKS, ONE)}
    return {kind: measured(usage) for kind, usage in (usages | {"two": TWO}).items()}


def decided(sharing):
    """Largest p of every null among the measures that decide it."""
    return sharing.summary.query("decides").groupby("null")["p"].max()


def test_networks_without_sharing_share_nothing_under_any_null(found):
    p = decided(found[BLOCKS])
    assert set(p.index) == NULLS
    assert (p > 0.5).all()
    assert not found[BLOCKS].is_shared
    assert not found[BLOCKS].pairs["is_shared"].any()


def test_networks_that_share_all_do_so_under_every_null(found):
    p = decided(found[ONE])
    assert set(p.index) == NULLS
    assert (p <= 0.05).all()
    assert found[ONE].is_shared
    assert found[ONE].pairs["is_shared"].all()


def test_pairs_of_tasks_are_told_apart(found):
    pairs = found["two"].pairs.set_index(["task", "other_task"])["p"]
    assert pairs["A", "B"] <= 0.05
    assert pairs.drop(("A", "B")).min() > 0.2
    assert not found["two"].is_shared


def test_freezing_finds_the_units_that_each_task_needs(found):
    for kind in (BLOCKS, ONE, "two"):
        usage = TWO if kind == "two" else usage_of(kind, N_UNITS, None)
        hurts = found[kind].freezing.pivot(index="unit", columns="task", values="hurts")
        np.testing.assert_array_equal(hurts.to_numpy(), usage)
        assert found[kind].sharing_index == usage.sum(axis=1)[usage.any(axis=1)].mean()


def test_tasks_differ_from_exchanged_labels_unless_they_are_the_same(found):
    p = {
        kind: each.summary.query("alternative == 'less'")["p"].item()
        for kind, each in found.items()
    }
    assert p[BLOCKS] == p["two"] == 1 / 40
    assert p[ONE] > 0.05


@pytest.mark.parametrize("n_units", [1, 2])
def test_few_units_share_by_necessity_and_nothing_is_claimed(n_units):
    network, trials = made(np.ones((n_units, 2), dtype=bool))
    sharing = measure_sharing(network, trials, n_draws=19, n_random=19)
    assert sharing.overlap["overlap"].min() > 0.9
    assert not sharing.is_shared
    exchanged = sharing.summary.query("null == 'exchanged units'")
    assert (exchanged["p"] > 0.05).all()


def test_overlap_is_one_minus_the_jensen_shannon_distance():
    shares = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.5, 0.0]])
    middle = 0.75 * np.log2(1 / 0.75) + 0.25 * np.log2(1 / 0.25)
    found = overlap_of(shares)
    np.testing.assert_allclose(found.diagonal(), 1)
    assert found[0, 1] == pytest.approx(0)
    assert found[0, 2] == pytest.approx(1 - np.sqrt(middle - 0.5))


def test_cosine_of_rows_without_anything_is_zero():
    np.testing.assert_allclose(cosine_of(np.array([[0.0, 0.0], [3.0, 4.0]])), [[0, 0], [0, 1]])


def test_co_switching_multiplies_correlations_of_units_that_work_in_both_tasks():
    together = np.array([[0, 0, 0], [1, 1, 0]] * 50, dtype=bool)
    apart = np.array([[0, 1, 0], [1, 0, 0]] * 50, dtype=bool)
    held = np.array([[0, 0, 0], [1, 0, 0]] * 50, dtype=bool)
    found = co_switching_of(np.stack([correlate(each) for each in (together, apart, held)]))
    assert found[0, 0] == pytest.approx(1)
    assert found[0, 1] == pytest.approx(-1)
    assert found[0, 2] == 0


def test_order_of_units_and_tasks_changes_nothing():
    usage = np.random.default_rng(0).random((5, 2)) < 0.6
    network, trials = made(usage)
    order = np.r_[0, 1 + np.array([3, 0, 4, 2, 1])]
    turned = Network(
        n_pwl=5,
        self_slope=network.self_slope[order],
        weight=network.weight[np.ix_(order, order)],
        input_weight=network.input_weight[order],
        bias=network.bias[order],
        initial=network.initial[order],
        readout=network.readout[:, order],
        offset=network.offset,
    )
    measures = ["overlap", "shared_engagement", "co_switching", "jaccard", "n_regimes_both"]
    one = compute_overlap(network, trials)[measures]
    place = trials["trial_in_session"]
    turned_trials = trials.isel(trial=slice(None, None, -1)).assign_coords(trial_in_session=place)
    other = compute_overlap(turned, turned_trials)[measures]
    np.testing.assert_allclose(one, other)


def test_units_held_by_the_rule_are_gated_and_not_shared():
    usage = np.zeros((2, 2), dtype=bool)
    network, trials = made(usage, idle=[1, 1])
    weight = network.input_weight.copy()
    weight[1, -2:], weight[1, :N_INPUTS] = [0, -8], 0
    sharing = measure_sharing(
        network._replace(input_weight=weight), trials, freeze=False, n_draws=5, n_random=5
    )
    gated = sharing.units.groupby("unit")["is_gated"].first()
    assert gated.tolist() == [True, False]
    overlap = sharing.overlap.iloc[0]
    assert overlap["overlap"] < 0.3
    assert overlap["jaccard"] == 0


def test_task_variance_is_that_of_what_latents_pass_on():
    usage = np.array([[1, 0], [1, 0], [0, 1]], dtype=bool)
    network, trials = made(usage, idle=[-1, -1, -1])
    table = compute_task_variance(network, trials)
    assert [*table] == [
        "latent", "unit", "task", "task_variance", "relative_variance", "is_active",
    ]  # fmt: skip
    variance = table[table["unit"] >= 0].pivot(
        index="unit", columns="task", values="relative_variance"
    )
    np.testing.assert_allclose(variance.to_numpy(), usage, atol=0.02)
    linear = table.query("unit == -1")
    given_out = trials["target"].values[..., 0]
    for task, row in linear.set_index("task").iterrows():
        own = given_out[trials["rule"].values == task]
        assert row["task_variance"] == pytest.approx(own.var(axis=0, ddof=1).mean())


def test_clusters_are_blocks_and_a_rotated_latent_has_none():
    usage = np.arange(12)[:, None] // 4 == np.arange(3)
    network, trials = made(usage, idle=-np.ones(12))
    sharing = measure_sharing(network, trials, freeze=False, n_draws=76, n_random=1)
    units = sharing.clusters.query("unit >= 0")
    blocks = units["cluster"].to_numpy().reshape(3, 4)
    assert (blocks == blocks[:, :1]).all()
    assert len(np.unique(blocks)) == 3
    assert sharing.rotation["p"].item() == 1 / 20


def test_latents_that_work_alike_have_no_clusters():
    network, trials = made(np.ones((6, 3), dtype=bool), n_trials=60)
    sharing = measure_sharing(network, trials, freeze=False, n_draws=76, n_random=1)
    assert sharing.rotation["p"].item() > 0.05


def test_freezing_a_unit_off_costs_what_a_network_without_it_loses():
    network, trials = made(np.ones((2, 2), dtype=bool))
    network = network._replace(bias=network.bias - [0, 0.4, 0.4])
    sequences = encode(trials, **ENCODING)

    def loss(outputs):
        return ((outputs - trials["target"].values)[:, -1, 0] ** 2).copy()

    def total(weight):
        latents = compute_latents(network._replace(weight=weight), sequences)
        return loss(latents @ network.readout.T)[trials["rule"].values == "B"].mean()

    table = freeze_branches(network, trials, loss=loss).set_index(["unit", "task"])
    assert (table["usual"] == 0).all()
    without = network.weight.copy()
    without[:, 1] = 0
    expected = total(without) - total(network.weight)
    assert table.loc[(0, "B"), "cost"] == pytest.approx(expected)


def test_costs_are_shares_of_what_constant_outputs_lose():
    network, trials = made(np.ones((2, 2), dtype=bool))
    small = network._replace(readout=network.readout / 10)
    fewer = trials.assign(target=trials["target"] / 10)
    costs = [freeze_branches(*each)["cost"] for each in ((network, trials), (small, fewer))]
    np.testing.assert_allclose(*costs)


@pytest.mark.parametrize("kind", ["bernoulli", "categorical"])
def test_losses_of_choices_are_in_nats(kind):
    _, trials = made(np.ones((1, 2), dtype=bool))
    target = (np.random.default_rng(0).random(trials["target"].shape) < 0.5).astype(float)
    if kind == "categorical":
        target = np.concatenate([target, 1 - target], axis=-1)
    dims = ("trial", "time", "output")
    trials = trials.drop_dims("output").assign(target=(dims, target)).assign_attrs(loss=kind)
    np.testing.assert_allclose(_own_loss(trials)(np.zeros(target.shape)), np.log(2))


def know_nothing():
    """A network that knows nothing, for the inputs and outputs of the suite."""
    rng = np.random.default_rng(0)
    return Network(
        n_pwl=3,
        self_slope=np.r_[np.zeros(3), np.full(3, 0.5)],
        weight=0.2 * rng.standard_normal((6, 6)),
        input_weight=rng.standard_normal((6, 20)),
        bias=rng.standard_normal(6),
        initial=np.zeros(6),
        readout=rng.standard_normal((3, 6)),
        offset=np.zeros(3),
    )


def test_suites_of_many_tasks_are_read():
    trials, network = TASKS["Driscoll-15"].simulate(60, rng=0, fixed=True, batch=2), know_nothing()
    sharing = measure_sharing(network, trials, n_draws=3, n_random=2)
    assert len(sharing.pairs) == 105
    assert len(sharing.freezing) == 45
    assert set(sharing.overlap["epoch"]) > {"all", "fixation", "delay"}
    assert sharing.overlap["overlap"].between(0, 1).all()


def test_trials_of_unequal_length_with_noise_on_the_rule_are_read():
    rules = ["fdgo", "delayanti"]
    trials = TASKS["Driscoll-15"].simulate(24, rng=0, rules=rules, batch=2)
    network = know_nothing()
    single = {rule: [network, network] for rule in rules}
    sharing = measure_sharing(network, trials, single=single, n_draws=3, n_random=2)
    assert trials["n_steps"].max() < trials.sizes["time"]
    assert len(sharing.freezing) == 6
    run = run_tasks(network, trials, "rule")
    assert np.flatnonzero(rule_features(run)).tolist() == [
        run.sequences.features.index(rule) for rule in rules
    ]
    other = run.as_during(run.names.index("delayanti")).sequences
    told = other.inputs[other.trial >= 0][:, rule_features(run)]
    np.testing.assert_allclose(told.mean(axis=0), [0, 1], atol=0.05)


@pytest.mark.parametrize(
    ("change", "options", "error", "match"),
    [
        (lambda t: t, {"task": "rules"}, DataError, "rule"),
        (lambda t: t.drop_attrs(deep=False), {}, DataError, "encoding"),
        (lambda t: t, {"epochs": ["delay"]}, DataError, "epochs"),
        (lambda t: t, {"n_random": 0}, DataError, "n_random"),
        (lambda t: t.isel(trial=t["rule"] == "A"), {}, NotTestableError, "one task, A"),
        (lambda t: t.isel(trial=slice(0, 25)), {}, NotTestableError, "one trial of B"),
    ],
)
def test_what_does_not_fit_is_refused(change, options, error, match):
    network, trials = made(np.ones((2, 2), dtype=bool))
    with pytest.raises(error, match=match):
        measure_sharing(network, change(trials), **options)


def test_other_networks_that_do_not_fit_are_refused():
    network, trials = made(np.ones((2, 2), dtype=bool))
    other, _ = made(np.ones((1, 2), dtype=bool))
    with pytest.raises(DataError, match=r"no network for B(.|\n)*another number of PWL units"):
        measure_sharing(network, trials, single={"A": [other]}, n_draws=2, n_random=2)
    with pytest.raises(DataError, match="less than 2 PWL units"):
        measure_sharing(network, trials, full=[other], n_draws=2, n_random=2)
    with pytest.raises(NotTestableError, match="0 PWL units"):
        measure_sharing(network._replace(n_pwl=0), trials)
    with pytest.raises(DataError, match="no target"):
        _own_loss(trials.drop_vars("target"))
