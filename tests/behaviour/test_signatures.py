"""Signatures against counting by hand, trial by trial."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.behaviour.signatures import (
    accuracy_around,
    accuracy_by,
    learning_curve,
    psychometric_curve,
    repetition,
    rt_quantiles,
    run_lengths,
    stay_by_transition,
    win_stay,
)


def behaviour(seed=0, lengths=(40, 25, 60, 31)):
    """Random choices and outcomes; some trials are forced, some missed."""
    rng = np.random.default_rng(seed)
    n = sum(lengths)
    choice = rng.integers(0, 2, n).astype(float)
    choice[rng.random(n) < 0.05] = np.nan
    place = np.concatenate([np.arange(length) for length in lengths])
    correct = rng.integers(0, 2, n) * 1.0
    correct[rng.random(n) < 0.1] = np.nan
    return xr.Dataset(
        {
            "choice": ("trial", choice, {"labels": ["left", "right"]}),
            "reward": ("trial", rng.integers(0, 2, n) * 1.0),
            "common": ("trial", (rng.random(n) < 0.7) * 1.0),
            "correct": ("trial", correct),
            "rt": ("trial", rng.exponential(size=n)),
            "rule": ("trial", 2.0 * (place // 7 % 2) - 1),
            "strength": ("trial", rng.standard_normal(n)),
            "scored": ("trial", np.isfinite(choice) & (rng.random(n) > 0.15)),
        },
        coords={
            "subject": ("trial", np.repeat(["b", "b", "a", "c"], lengths)),
            "session": ("trial", np.repeat(["1", "2", "1", "2"], lengths)),
            "block": ("trial", place // 7),
            "trial_in_session": ("trial", place),
        },
    )


@pytest.fixture
def trials():
    return behaviour()


def sessions(trials):
    """Rows of each session, as a list of dicts per trial."""
    names = [*trials.data_vars, "subject", "session", "block"]
    frame = pd.DataFrame({name: trials[name].values for name in names})
    return [part.to_dict("records") for _, part in frame.groupby(["subject", "session"])]


def averaged(counts):
    return {key: (float(np.mean(values)), len(values)) for key, values in counts.items()}


def found_in(table):
    assert list(table.columns) == ["curve", "x", "subject", "value", "n_trials"]
    keys = zip(table["curve"], table["x"], table["subject"], strict=True)
    values = zip(table["value"], table["n_trials"], strict=True)
    return dict(zip(keys, values, strict=True))


def assert_same(table, counts):
    found, expected = found_in(table), averaged(counts)
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, abs=1e-12), key


def pairs(trials):
    """Each two scored trials that follow each other."""
    for rows in sessions(trials):
        for before, now in pairwise(rows):
            if before["scored"] and now["scored"]:
                yield before, now


def test_win_stay(trials):
    counts = defaultdict(list)
    for before, now in pairs(trials):
        x = "win" if before["reward"] else "loss"
        counts["all", x, now["subject"]].append(now["choice"] == before["choice"])
    assert_same(win_stay(trials), counts)


def test_stay_by_transition(trials):
    counts = defaultdict(list)
    for before, now in pairs(trials):
        curve = "common" if before["common"] else "rare"
        x = "rewarded" if before["reward"] else "unrewarded"
        counts[curve, x, now["subject"]].append(now["choice"] == before["choice"])
    table = stay_by_transition(trials)
    assert_same(table, counts)
    assert list(dict.fromkeys(table["x"])) == ["rewarded", "unrewarded"]


def test_run_lengths(trials):
    runs = defaultdict(list)
    for rows in sessions(trials):
        length, last = 0, None
        for row in [*rows, {"scored": False}]:
            if row["scored"] and row["choice"] == last:
                length += 1
                continue
            if length:
                runs[rows[0]["subject"]].append(min(length, 3))
            length, last = (1, row["choice"]) if row["scored"] else (0, None)
    counts = {
        ("all", x, subject): [length == x for length in lengths]
        for subject, lengths in runs.items()
        for x in (1, 2, 3)
    }
    assert_same(run_lengths(trials, longest=3), counts)


def test_repetition(trials):
    counts = defaultdict(list)
    for rows in sessions(trials):
        for lag in (1, 4):
            for before, now in zip(rows[:-lag], rows[lag:], strict=True):
                if before["scored"] and now["scored"]:
                    counts["all", lag, now["subject"]].append(now["choice"] == before["choice"])
    assert_same(repetition(trials, lags=[1, 4]), counts)


@pytest.mark.parametrize("reversal", [False, True])
def test_accuracy_around(trials, reversal):
    counts = defaultdict(list)
    for rows in sessions(trials):
        rule = [row["rule"] for row in rows]
        changes = [i for i in range(1, len(rows)) if rule[i] != rule[i - 1]]
        for i, row in enumerate(rows):
            if not row["scored"] or np.isnan(row["correct"]):
                continue
            before, coming = [c for c in changes if c <= i], [c for c in changes if c > i]
            if before and i - before[-1] <= 4:
                counts["all", i - before[-1], row["subject"]].append(row["correct"])
            if coming and coming[0] - i <= 3:
                value = 1 - row["correct"] if reversal else row["correct"]
                counts["all", i - coming[0], row["subject"]].append(value)
    found = accuracy_around(trials, "rule", lags=range(-3, 5), reversal=reversal)
    assert_same(found, counts)
    assert found["x"].is_monotonic_increasing


def test_accuracy_by_condition_now_and_before(trials):
    now, before = defaultdict(list), defaultdict(list)
    names = {-1.0: "not rule", 1.0: "rule"}
    for rows in sessions(trials):
        for i, row in enumerate(rows):
            if not row["scored"] or np.isnan(row["correct"]):
                continue
            curve = names[row["rule"]]
            x = f"common {row['common']:g}" if not row["common"] else "common"
            now[curve, x, row["subject"]].append(row["correct"])
            if i and rows[i - 1]["block"] == row["block"]:
                x = names[rows[i - 1]["rule"]]
                before[curve, x, row["subject"]].append(row["correct"])
    assert_same(accuracy_by(trials, "common", "rule"), now)
    assert_same(accuracy_by(trials, "rule", "rule", previous=True), before)


def test_labels_of_a_condition_name_its_curves(trials):
    trials["rule"].attrs["labels"] = ["-1: go left", "1: go right"]
    assert list(dict.fromkeys(accuracy_by(trials, "rule")["x"])) == ["go left", "go right"]


def test_learning_curve(trials):
    counts = defaultdict(list)
    for rows in sessions(trials):
        for i, row in enumerate(rows[:30]):
            if row["scored"] and not np.isnan(row["correct"]):
                counts["all", i // 5 * 5 + 2.0, row["subject"]].append(row["correct"])
    assert_same(learning_curve(trials, width=5, longest=30), counts)


def test_psychometric_curve_by_value_and_by_bins(trials):
    counts = defaultdict(list)
    for rows in sessions(trials):
        for row in rows:
            if row["scored"]:
                counts["all", row["rule"], row["subject"]].append(row["choice"] == 1)
    assert_same(psychometric_curve(trials, "rule"), counts)
    binned = psychometric_curve(trials, "strength", "rule")
    assert set(binned["curve"]) == {"rule", "not rule"}
    places = np.sort(binned["x"].unique())
    assert len(places) == 8
    edges = np.quantile(trials["strength"].values, np.arange(9) / 8)
    assert ((places > edges[:-1]) & (places < edges[1:])).all()
    assert binned["n_trials"].sum() == trials["scored"].values.sum()


def test_rt_quantiles(trials):
    table = rt_quantiles(trials)
    for (x, subject), row in table.groupby(["x", "subject"]):
        mine = (trials["subject"].values == subject) & trials["scored"].values
        assert row["value"].item() == pytest.approx(np.quantile(trials["rt"].values[mine], x))
        assert row["n_trials"].item() == mine.sum()


def test_a_session_does_not_run_on_into_the_next():
    trials = behaviour(lengths=(1, 1, 1, 1))
    trials["scored"] = trials["scored"] | True
    trials["choice"] = trials["choice"].fillna(0.0)
    assert win_stay(trials).empty
    assert repetition(trials).empty
    assert run_lengths(trials, 3).query("x == 1")["value"].eq(1.0).all()
