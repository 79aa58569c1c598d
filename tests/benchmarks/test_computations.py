"""What runs with a known computation are scored by, on labels made by hand."""

import numpy as np
import pytest

from benchmarks.computation_runs import (
    AFTER,
    SOURCES,
    latencies,
    matched,
    share_near,
    shuffled,
    simulate,
)
from benchmarks.computations import latency_distance, tabulate_nulls, tabulate_sources, write
from neuroalrnn.data.schema import session_number

ONE = np.zeros(60, dtype=int)


def steps(*ends, n=60):
    """0 up to the first end, 1 up to the next one, and so on."""
    return (np.arange(n)[:, None] >= np.array(ends)).sum(axis=1) % 2


def test_switches_are_found_within_two_trials():
    true = steps(20, 40)
    assert share_near(true, steps(22, 38), ONE) == 1
    assert share_near(true, steps(23, 40), ONE) == 0.5
    # the other way round is another switch
    assert share_near(true, 1 - true, ONE) == 0
    # and a new session none
    assert share_near(true, steps(20), np.repeat([0, 1], [40, 20])) == 1


def test_latencies_count_trials_to_the_new_regime():
    rule = steps(20, 40)
    counts = latencies(steps(23, 40), rule, ONE)
    assert counts[3] == counts[0] == 1
    assert counts.sum() == 2
    assert latencies(steps(23), rule, ONE)[AFTER] == 1
    # a change at the end is not followed for long enough
    assert latencies(steps(20, 50), steps(20, 50), ONE).sum() == 1


def test_labels_are_matched_to_the_truth_by_overlap():
    true = steps(20)
    assert np.array_equal(matched(true, 1 - true), true)
    assert matched(true, np.where(np.arange(60) < 5, -1, 1 - true))[:5].tolist() == [-1] * 5


def test_choices_are_shuffled_inside_sessions():
    trials = simulate("cued rule", 0).trials
    other = shuffled(trials, np.random.default_rng(0))
    assert not np.array_equal(other["choice"], trials["choice"])
    session = session_number(trials)
    for each in np.unique(session):
        assert other["choice"].values[session == each].sum() == pytest.approx(
            trials["choice"].values[session == each].sum()
        )


def run(n_regimes, effect, **more):
    each = {"truth": 1.0, "effect": effect, "low": effect - 0.1, "high": effect + 0.1}
    each |= {"n_subjects": 24}
    row = {"n_regimes": n_regimes, "true_n_regimes": 2, "score": -0.5, "own_score": -0.4}
    return row | {"verdict": "discrete", "agreement": 1.0, "effects": [each]} | more


def test_tables_count_what_is_right(tmp_path):
    counts = np.zeros(AFTER + 1, dtype=int)
    counts[2], counts[3] = 3, 1
    timed = {"near": 0.95, "latency": counts[::-1].tolist(), "own_latency": counts.tolist()}
    found = {name: [run(2, 1.05), run(2, 1.2), run(3, 5.0)] for name in SOURCES}
    found |= {"engaged or not": [run(2, 1.0)], "integrator": [run(2, 1.0)]}
    found["hidden rule"] = [run(2, 1.0, **timed)]
    for null in ("linear network", "shuffled choices", "random network"):
        found[null] = [{"verdict": "one", "n_regimes": 1}, {"verdict": "discrete", "n_regimes": 2}]
    row = tabulate_sources(found).set_index("source").loc["addition"]
    assert row["right"] == pytest.approx(2 / 3)
    assert row["inside"] == 0.5
    assert row["runs_inside"] == pytest.approx(1 / 3)
    assert row["bias"] == pytest.approx(0.125)
    assert row["standard_error"] == pytest.approx(0.1 / 2.0687, rel=1e-4)
    assert row["rms_z"] == pytest.approx(np.sqrt(0.02125) / row["standard_error"])
    assert latency_distance(found["hidden rule"][0]) == 1
    nulls = tabulate_nulls(found)
    assert nulls["kept"].tolist() == [0.5] * 3
    assert (nulls["low"] < 0.5).all()
    write(tmp_path / "table.md", found)
    text = (tmp_path / "table.md").read_text()
    assert "| addition | 2 | 67 % |" in text
    assert "in 0 of 1 runs" in text


def test_intervals_of_a_run_are_widened_for_their_number():
    def share(*effects):
        rows = [run(2, each)["effects"][0] for each in effects]
        found = {name: [run(2, 1.0) | {"effects": rows}] for name in SOURCES}
        return tabulate_sources(found).set_index("source").loc["addition", "runs_inside"]

    assert share(1.11) == 0
    assert share(1.11, 1.0) == 1
    assert share(1.15, 1.0) == 0
