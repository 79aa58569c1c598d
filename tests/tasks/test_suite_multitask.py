"""The multi-task suites: every rule against what a reader of the inputs would answer."""

import numpy as np
import pytest

from neuroalrnn.exceptions import ConfigError
from neuroalrnn.tasks import TASKS

DRISCOLL, YANG = TASKS["Driscoll-15"], TASKS["Yang-20"]
PREFERRED = np.arange(32) * 2 * np.pi / 32
FIRST, SECOND, RESPONSE = 1, 3, 5
N_RULES = {"Driscoll-15": 15, "Yang-20": 20}


@pytest.fixture(scope="module", params=["Driscoll-15", "Yang-20"])
def suite(request):
    task = TASKS[request.param]
    return request.param, task, task.simulate(160, rng=0, batch=1, noise=0.0)


def bump(angle):
    """Activity of the ring for one angle, unit by unit."""
    found = []
    for preferred in PREFERRED:
        apart = abs(angle - preferred)
        apart = min(apart, 2 * np.pi - apart)
        found.append(0.8 * np.exp(-0.5 * (8 * apart / np.pi) ** 2))
    return np.array(found)


def strengths(row, epoch, angles):
    """Strengths (stimulus, ring) at these angles, as the first step of an epoch shows them."""
    step = np.flatnonzero(row["epoch"].values == epoch)[0]
    inputs = row["inputs"].values[step, 1:]
    width = 2 if row.sizes["output"] == 3 else 32
    rings = inputs[:width], inputs[width : 2 * width]
    codes = [[np.sin(a), np.cos(a)] if width == 2 else bump(a) for a in angles]
    return np.array([np.linalg.lstsq(np.array(codes).T, ring, rcond=None)[0] for ring in rings]).T


def answer(row):
    """The right response, None for fixation, from what is shown in a trial."""
    rule, angles = str(row["rule"].values), [row["angle_1"].item(), row["angle_2"].item()]
    if rule.startswith(("fd", "react", "delaygo", "delayanti")):
        shown = strengths(row, RESPONSE if rule.startswith("react") else FIRST, angles[:1])
        assert sorted(shown[0].round(9)) == [0, 1]
        return (angles[0] + (np.pi if rule.endswith("anti") else 0)) % (2 * np.pi)
    if "dm" in rule and "dms" not in rule and "dmc" not in rule:
        if "delay" in rule:
            one = strengths(row, FIRST, angles[:1])
            shown = np.concatenate([one, strengths(row, SECOND, angles[1:])])
        else:
            shown = strengths(row, FIRST, angles)
        apart = abs(angles[0] - angles[1])
        assert min(apart, 2 * np.pi - apart) >= 0.5 * np.pi - 1e-9
        if rule.startswith("multi"):
            assert (shown > 0).all()
            return angles[int(shown[1].sum() > shown[0].sum())]
        ring = int(rule[-1]) - 1
        if rule.startswith(("dm", "delaydm")):
            assert np.abs(shown[:, 1 - ring]).max() < 1e-9
        return angles[int(shown[1, ring] > shown[0, ring])]
    shown = np.concatenate(
        [strengths(row, at, [a]) for at, a in zip((FIRST, RESPONSE), angles, strict=True)]
    )
    assert np.allclose(np.sort(shown, axis=1), [[0, 1], [0, 1]])
    same = np.isclose(*angles) if "dms" in rule else (angles[0] < np.pi) == (angles[1] < np.pi)
    return angles[1] if bool(same) != rule.endswith("nogo") else None


def test_every_rule_asks_for_what_its_inputs_say(suite):
    name, _, trials = suite
    seen = set()
    for trial in range(trials.sizes["trial"]):
        row = trials.isel(trial=trial)
        seen.add(str(row["rule"].values))
        wanted, target = answer(row), row["target"].values
        at = row["epoch"].values == RESPONSE
        before = (row["epoch"].values >= 0) & ~at
        idle = np.r_[0.8, np.zeros(2)] if name == "Driscoll-15" else np.r_[0.8, np.full(32, 0.05)]
        assert np.allclose(target[before], idle)
        if wanted is None:
            assert np.isnan(row["response"])
            assert np.allclose(target[at], idle)
            continue
        assert row["response"].item() == pytest.approx(wanted)
        if name == "Driscoll-15":
            expected = [0, np.sin(wanted), np.cos(wanted)]
        else:
            expected = np.r_[0.05, 0.05 + bump(wanted)]
        assert np.allclose(target[at], expected)
    assert len(seen) == N_RULES[name]


def test_fixation_and_rule_inputs_are_on_as_they_should_be(suite):
    name, _, trials = suite
    n_rules = N_RULES[name]
    for trial in range(0, trials.sizes["trial"], 2):
        row = trials.isel(trial=trial)
        rule, epoch = str(row["rule"].values), row["epoch"].values
        real = epoch >= 0
        stays = rule.startswith(("react", "dms", "dmc"))
        fixation = row["inputs"].sel(feature="fixation").values
        assert np.array_equal(fixation, real & (stays | (epoch != RESPONSE)))
        shown = row["inputs"].values[:, -n_rules:]
        assert np.array_equal(shown.sum(axis=1), real)
        assert np.array_equal(row["inputs"].sel(feature=rule).values, real)


def test_weights_leave_out_the_first_steps_and_raise_the_response(suite):
    _, _, trials = suite
    for trial in range(30):
        row = trials.isel(trial=trial)
        epoch, n_steps = row["epoch"].values, row["n_steps"].item()
        start = np.flatnonzero(epoch == RESPONSE)[0]
        mask = np.ones(n_steps)
        mask[:5] = 0
        mask[start:] = 5
        mask[start : start + 5] = 0
        weight = row["weight"].values[:n_steps]
        assert np.array_equal(weight[:, 1], mask**2)
        assert np.array_equal(weight[:, 0], (2 * mask) ** 2)
        assert np.array_equal(row["scored"].values[:n_steps], mask > 0)


STEPS = {
    "Yang-20": {
        "fdgo": (65, 99, 133),
        "reactanti": (50, 100, 149),
        "delaygo": (60, 107, 170),
        "contextdm1": (50, 84, 124),
        "delaydm2": (70, 132, 209),
        "dmsgo": (55, 102, 165),
        "dmcnogo": (40, 97, 170),
    },
    "Driscoll-15": {
        "fdanti": (40, 91, 142),
        "reactgo": (40, 124, 208),
        "delayanti": (50, 138, 226),
        "multidelaydm": (60, 187, 314),
        "dmcgo": (45, 133, 221),
    },
}


@pytest.mark.parametrize(
    ("name", "rule"), [(name, rule) for name, rules in STEPS.items() for rule in rules]
)
def test_times_are_the_published_ones(name, rule):
    trials = TASKS[name].simulate(80, rng=1, batch=1, noise=0.0, rules=[rule])
    low, mean, high = STEPS[name][rule]
    n_steps = trials["n_steps"].values
    assert low <= n_steps.min()
    assert n_steps.max() <= high
    assert n_steps.mean() == pytest.approx(mean, abs=4 * n_steps.std() / np.sqrt(80))


def test_batches_share_rule_and_times_and_not_stimuli():
    trials = DRISCOLL.simulate(50, rng=0, batch=10)
    for start in range(0, 50, 10):
        part = trials.isel(trial=slice(start, start + 10))
        assert len(set(part["rule"].values)) == len(set(part["n_steps"].values)) == 1
        assert len(set(part["angle_1"].values)) == 10
    assert len(set(trials["rule"].values)) > 1


def test_rules_can_be_picked_and_two_of_yang_are_drawn_more_often():
    trials = YANG.simulate(200, rng=0, batch=1, noise=0.0, rules=["contextdm2", "dm1"])
    assert (trials["rule"].values == "contextdm2").mean() == pytest.approx(5 / 6, abs=0.11)
    with pytest.raises(ConfigError, match="'dm1'"):
        DRISCOLL.simulate(2, rng=0, rules=["dm1"])
    with pytest.raises(ConfigError, match="name one at least"):
        DRISCOLL.simulate(2, rng=0, rules=[])


def test_noise_and_coherence_are_as_published():
    clear, noisy = (DRISCOLL.simulate(60, rng=0, noise=noise) for noise in (0.0, 0.1 * 10**0.5))
    real = clear["epoch"].values >= 0
    apart = (noisy["inputs"] - clear["inputs"]).values[real]
    assert apart.std() == pytest.approx(0.316, rel=0.02)
    assert DRISCOLL.parameters["noise"] == pytest.approx(0.316, abs=5e-4)
    assert YANG.parameters["noise"] == pytest.approx(0.0316, abs=5e-5)
    for easy, values in ((False, [0.01, 0.02, 0.04, 0.08]), (True, [0.1, 0.2, 0.4, 0.8])):
        trials = YANG.simulate(40, rng=0, batch=1, noise=0.0, rules=["dm2"], easy=easy)
        for trial in range(40):
            row = trials.isel(trial=trial)
            shown = strengths(row, FIRST, [row["angle_1"].item(), row["angle_2"].item()])[:, 1]
            assert 0.8 <= shown.mean() <= 1.2
            assert np.abs(np.abs(shown[0] - shown[1]) / 2 - values).min() < 1e-9


def test_performance_is_judged_at_the_end(suite):
    name, task, trials = suite
    target = trials["target"].values
    assert task.score(trials, target) == {"performance": 1.0, "mse": 0.0}
    stays = np.zeros_like(target)
    stays[..., 0] = 1.0
    kept = np.isnan(trials["response"].values).mean()
    assert task.score(trials, stays)["performance"] == kept
    angle = trials["response"].values + 0.15 * np.pi
    if name == "Driscoll-15":
        turned = np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=-1)
    else:
        ring = np.array([bump(each % (2 * np.pi)) for each in np.nan_to_num(angle)])
        turned = np.c_[0 * angle, ring]
    turned = np.where(np.isnan(angle)[:, None], stays[:, 0], turned)
    everywhere = np.broadcast_to(turned[:, None], target.shape)
    expected = kept if name == "Driscoll-15" else 1.0
    assert task.score(trials, everywhere)["performance"] == pytest.approx(expected)


def test_fixed_trials_go_through_rules_and_angles_and_all_ask_for_a_response(suite):
    name, task, _ = suite
    n = N_RULES[name] * 20
    trials = task.simulate(n, rng=0, batch=20, fixed=True)
    rules = list(trials["feature"].values[-N_RULES[name] :])
    assert trials["rule"].values.tolist() == [rule for rule in rules for _ in range(20)]
    assert np.isfinite(trials["response"]).all()
    for rule in rules:
        own = trials.isel(trial=trials["rule"].values == rule)
        assert len(set(own["n_steps"].values)) == 1
        assert len(set(own["angle_1"].values)) == (
            10 if name == "Yang-20" and "dmc" in rule else 20
        )
    for trial in range(0, n, 7):
        row = trials.isel(trial=trial)
        assert row["response"].item() == pytest.approx(answer(row))
    assert (trials["inputs"].sel(feature="fixation").values <= 1).all()
