"""The band of a predictive check holds what it says, and shows a model that fails."""

import json

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.behaviour.predictive import (
    Signature,
    compare_signatures,
    compute_signatures,
    signatures_for,
    summarise_misfit,
)
from neuroalrnn.behaviour.signatures import psychometric_curve
from neuroalrnn.behaviour.simulate import simulate
from neuroalrnn.exceptions import DataError, NotTestableError


def sticky(p_stay, seed, n_subjects=8, n_trials=61):
    """Choices that repeat the one before with a probability; rewards by chance."""
    rng = np.random.default_rng(seed)
    stays = rng.random((n_subjects, n_trials)) < p_stay
    choice = np.cumsum(~stays, axis=1).ravel() % 2 * 1.0
    place = np.tile(np.arange(n_trials), n_subjects)
    return xr.Dataset(
        {
            "choice": ("trial", choice, {"labels": ["left", "right"]}),
            "reward": ("trial", rng.integers(0, 2, len(choice)) * 1.0),
        },
        coords={
            "subject": ("trial", np.repeat([f"s{i}" for i in range(n_subjects)], n_trials)),
            "session": ("trial", np.full(len(choice), "1")),
            "trial_in_session": ("trial", place),
        },
    )


@pytest.fixture(scope="module")
def repeats():
    return [sticky(0.7, seed) for seed in range(39)]


@pytest.fixture(scope="module")
def comparison(repeats):
    return compare_signatures(sticky(0.7, 99), repeats)


def test_the_band_of_39_repeats_runs_from_the_least_to_the_largest_mean(comparison, repeats):
    found = comparison
    row = found[(found["signature"] == "repetition by lag") & (found["x"] == 1)].iloc[0]
    means = []
    for each in repeats:
        choice = each["choice"].values.reshape(8, 61)
        means.append((choice[:, 1:] == choice[:, :-1]).mean())
    assert row["simulated_low"] == pytest.approx(min(means))
    assert row["simulated_high"] == pytest.approx(max(means))
    assert row["simulated_mean"] == pytest.approx(np.mean(means))


def test_real_numbers_are_means_over_subjects(comparison):
    real = sticky(0.7, 99)
    row = comparison.query("signature == 'win-stay, lose-shift'").iloc[0]
    choice, reward = (real[name].values.reshape(8, 61) for name in ("choice", "reward"))
    after = reward[:, :-1] == 1
    each = [(c[1:] == c[:-1])[w].mean() for c, w in zip(choice, after, strict=True)]
    assert row["x"] == "win"
    assert row["mean"] == pytest.approx(np.mean(each))
    assert row["spread"] == pytest.approx(np.std(each, ddof=1))
    assert row["standard_error"] == pytest.approx(np.std(each, ddof=1) / np.sqrt(8))
    assert (row["n_subjects"], row["n_trials"]) == (8, after.sum())
    assert row["difference"] == pytest.approx(row["mean"] - row["simulated_mean"])


def test_of_40_exchangeable_experiments_only_the_two_extremes_lie_outside(repeats):
    means = Signature("share", "all", "P(right)", lambda trials: psychometric_curve(trials, "one"))
    many = [each.assign(one=each["reward"] * 0) for each in [*repeats, sticky(0.7, 99)]]
    each_mean = [each["choice"].values.mean() for each in many]
    order = np.argsort(each_mean)
    lowest, second, *_, last_but_one, highest = np.sort(each_mean)
    assert lowest < second < last_but_one < highest
    for rank, expected in ((0, False), (1, True), (20, True), (38, True), (39, False)):
        real = order[rank]
        others = [each for place, each in enumerate(many) if place != real]
        found = compare_signatures(many[real], others, [means])
        assert found["inside"].tolist() == [expected]


def test_a_wrong_model_is_seen_where_it_is_wrong(repeats):
    table = compare_signatures(sticky(0.55, 99), repeats)
    summary = summarise_misfit(table).set_index("signature")
    assert summary.loc["win-stay, lose-shift", "n_inside"] == 0
    worst = table[table["signature"] == "repetition by lag"].set_index("x")["difference"]
    assert worst[1] == pytest.approx(-0.15, abs=0.05)
    assert summary.loc["repetition by lag", "x"] == 1
    assert (summary["n_points"] >= summary["n_inside"]).all()


def test_subjects_who_differ_more_than_the_simulated_ones_are_seen(repeats):
    parts = [sticky(p, 5, n_subjects=4) for p in (0.55, 0.85)]
    real = xr.concat(parts, "trial")
    real["subject"] = repeats[0]["subject"]
    ratio = summarise_misfit(compare_signatures(real, repeats)).set_index("signature")
    assert ratio.loc["win-stay, lose-shift", "spread_ratio"] < 0.7


def test_too_few_repeats_and_other_subjects_are_refused(repeats):
    with pytest.raises(NotTestableError, match="38 simulated repeats"):
        compare_signatures(repeats[0], repeats[:38])
    with pytest.raises(DataError, match="simulation 0 has other subjects"):
        compare_signatures(sticky(0.7, 0, n_subjects=7), repeats)


def test_signatures_suit_the_dataset():
    trials = sticky(0.7, 0)
    names = [each.name for each in signatures_for(trials)]
    assert names == ["win-stay, lose-shift", "choice runs", "repetition by lag"]
    trials["common"] = trials["reward"]
    trials["correct"] = trials["reward"]
    trials["p_left"] = trials["trial_in_session"] // 20 % 2 * 0.6 + 0.2
    trials.attrs["analysis"] = json.dumps({"rule": "p_left"})
    names = [each.name for each in signatures_for(trials)]
    assert names[:2] == ["choice around reversals", "stay by transition and reward"]


def test_a_told_rule_and_graded_stimuli_have_their_own_panels():
    trials = sticky(0.7, 0)
    rng = np.random.default_rng(0)
    trials = trials.drop_vars("reward")
    for name in ("strength", "correct"):
        trials[name] = ("trial", rng.integers(0, 2, trials.sizes["trial"]) * 1.0)
    trials["strength"] = ("trial", rng.standard_normal(trials.sizes["trial"]))
    trials["congruent"] = 2 * trials["correct"] - 1
    trials["rule"] = 1.0 - 2 * (trials["trial_in_session"] // 20 % 2)
    trials.attrs["analysis"] = json.dumps({"rule": "rule"})
    trials.attrs["encoding"] = json.dumps({"inputs": ["strength", "rule", "choice"]})
    assert [each.name for each in signatures_for(trials)] == [
        "choice by strength",
        "accuracy by congruency",
        "accuracy by congruency before",
        "accuracy around changes of rule",
    ]
    table = compute_signatures(trials)
    assert table["value"].between(0, 1).all()
    assert set(table.query("signature == 'choice by strength'")["curve"]) == {"rule", "not rule"}


class Coin:
    """Chooses by chance."""

    start = np.zeros(1)

    def advance(self, state, inputs):
        return np.zeros((*inputs.shape[:-1], 1))

    def probability(self, state):
        return np.full((*state.shape[:-1], 2), 0.5)


def test_rewards_are_no_signature_of_a_simulation_without_them(repeats):
    unrewarded = [each.assign(reward=each["reward"] * np.nan) for each in repeats]
    found = compare_signatures(sticky(0.7, 99), unrewarded)
    assert list(found["signature"].unique()) == ["choice runs", "repetition by lag"]
    assert found["simulated_mean"].notna().all()
    by_stimulus = [each.assign(congruent=each["reward"]) for each in unrewarded]
    with pytest.raises(NotTestableError, match=r"no graded input, .*\[task\] in the run file"):
        compare_signatures(sticky(0.7, 99), by_stimulus)


def test_response_times_are_no_signature_of_a_simulation_without_them():
    trials = sticky(0.7, 0)
    trials["rt"] = ("trial", np.random.default_rng(0).random(trials.sizes["trial"]))
    found = simulate(Coin(), trials, {"inputs": ["choice"]}, rng=np.random.default_rng(0))
    assert "response times" in [each.name for each in signatures_for(trials)]
    assert "response times" not in [each.name for each in signatures_for(found)]
