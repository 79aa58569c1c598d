"""Context-dependent integration and stimulus selection against loops, tables and simulation."""

import numpy as np
import pytest

from neuroalrnn.tasks import TASKS

DEFAULT, MANTE = "context-dependent integration", "context-dependent integration, Mante"


def test_default_trials_have_the_published_times():
    trials = TASKS[DEFAULT].simulate(3000, rng=0)
    epoch, inputs = trials["epoch"].values[0], trials["inputs"].values
    assert np.bincount(epoch).tolist() == [5, 17, 40, 5, 1]
    assert np.allclose(np.diff(trials["time"]), 0.02)
    shown = inputs[..., 2:].sum(axis=-1)
    assert np.allclose(shown, 0.1 * ((np.arange(68) >= 5) & (np.arange(68) <= 66)))
    coherence = trials["colour_coherence"].values
    assert set(np.round(coherence, 12)) == {-0.4, -0.2, -0.1, 0.1, 0.2, 0.4}
    seen = inputs[:, 22:62, 0].mean(axis=1) - coherence
    assert seen.std() == pytest.approx(0.1 / np.sqrt(40), rel=0.1)
    quiet = np.r_[0:22, 62:68]
    assert inputs[:, quiet, :2].std() == pytest.approx(0.1, rel=0.02)
    assert trials["scored"].values.sum(axis=0).nonzero()[0].tolist() == [67]


@pytest.mark.parametrize(
    ("name", "streams"), [(DEFAULT, ("colour", "motion")), (MANTE, ("motion", "colour"))]
)
def test_the_context_says_which_stream_counts(name, streams):
    trials = TASKS[name].simulate(60, rng=1)
    for trial in range(60):
        row = trials.isel(trial=trial)
        attended = streams[0] if row["context"] == 1 else streams[1]
        assert row["choice"] == (row[f"{attended}_coherence"] > 0)
        same = (row["colour_coherence"] > 0) == (row["motion_coherence"] > 0)
        assert row["congruent"] == same
        assert row["target"].values[-1, 0] == row["choice"]


@pytest.mark.parametrize("name", [DEFAULT, MANTE])
def test_one_pwl_unit_integrates_the_stream_of_the_context(name, outputs_of):
    task = TASKS[name]
    trials, network = task.simulate(100, rng=2), task.exact()
    expected = np.zeros(100)
    for row, inputs in enumerate(trials["inputs"].values):
        for first, second, context, _ in inputs[:-1]:
            expected[row] += first if context > 0 else second
    assert np.abs(outputs_of(network, trials)[:, -1, 0] / 10 - expected).max() < 1e-12
    assert network.n_pwl == 1


def test_ceilings_are_those_of_the_ideal_integrator():
    for name, start in ((DEFAULT, 22), (MANTE, 0)):
        trials = TASKS[name].simulate(4000, rng=3)
        streams = trials["inputs"].values[:, start : start + (40 if start else 75), :2].sum(axis=1)
        attended = np.where(trials["context"] == 1, streams[:, 0], streams[:, 1])
        found = ((attended > 0) == (trials["choice"] == 1)).values.mean()
        expected = TASKS[name].ceiling()["accuracy"]
        assert found == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 4000))
    wide = TASKS[MANTE].simulate(1000, rng=3, coherences=None)
    assert np.abs(wide["motion_coherence"]).max() <= 0.1875
    coarse, fine = (TASKS[MANTE].simulate(9, rng=0, dt=dt).sizes["time"] for dt in (0.01, 0.001))
    assert (coarse, fine) == (76, 751)
    same = [TASKS[MANTE].ceiling(dt=dt)["accuracy"] for dt in (0.01, 0.001)]
    assert same[0] == pytest.approx(same[1])


@pytest.mark.parametrize(
    ("name", "parameters", "accuracy", "nats"),
    [
        (DEFAULT, {"coherences": (1.0,), "noise": 0.005}, 0.875, -0.3466),
        (DEFAULT, {"noise": 0.005}, 0.806, -0.4536),
        (DEFAULT, {"coherences": (1.0, 2.0, 4.0, 8.0), "noise": 0.005}, 0.789, -0.4939),
        (MANTE, {"noise": 0.01}, 0.792, -0.5391),
    ],
)
def test_floors_without_noise_have_their_known_values(name, parameters, accuracy, nats):
    floor = TASKS[name].floor(**parameters)
    assert floor["accuracy"] == pytest.approx(accuracy, abs=6e-4)
    assert floor["nats"] == pytest.approx(nats, abs=6e-5)


def test_no_weighting_of_both_streams_beats_the_floor():
    """Criteria are fitted to half of the trials, for three directions."""
    trials = TASKS[DEFAULT].simulate(12_000, rng=5)
    streams = trials["inputs"].values[:, 22:62, :2].sum(axis=1)
    context, right = trials["context"].values, trials["choice"].values == 1
    floor, found = TASKS[DEFAULT].floor()["accuracy"], []
    for angle in np.radians([0, 12, 45]):
        score, given = streams @ [np.cos(angle), np.sin(angle)], np.zeros(len(right), dtype=bool)
        for rule in (1, 2):
            rows = np.flatnonzero(context == rule)
            fit = rows[: len(rows) // 2]
            limits = np.linspace(-25, 25, 101)
            best = limits[((score[fit] > limits[:, None]) == right[fit]).mean(axis=1).argmax()]
            given[rows] = score[rows] > best
        found.append((given == right).mean())
    assert max(found) <= floor + 0.015
    assert max(found) >= floor - 0.02


ANSWERS = {
    ("LEFT", "LOW"): ("left", "right"),
    ("LEFT", "HIGH"): ("left", "nogo"),
    ("RIGHT", "LOW"): ("nogo", "right"),
    ("RIGHT", "HIGH"): ("nogo", "nogo"),
}
LABELS = ("left", "right", "nogo")


@pytest.mark.parametrize("mode", ["a", "b", "c"])
def test_responses_are_those_of_the_table(mode):
    trials = TASKS[f"rodent selection {mode}"].simulate(200, rng=0, noise=0.0)
    assert trials["choice"].attrs["labels"] == list(LABELS)
    for trial in range(0, 200, 2):
        row = trials.isel(trial=trial)
        sounds = row["inputs"].sel(feature=["LEFT", "RIGHT", "LOW", "HIGH"])
        heard = sounds["feature"].values[sounds.values.any(axis=0)].tolist()
        pitch = int(row["pitch_rule"])
        if len(heard) == 1:
            assert mode == "c"
            assert np.isnan(row["choice"])
            assert heard[0] in (("LOW", "HIGH") if pitch else ("LEFT", "RIGHT"))
            assert not row["scored"].any()
            continue
        code = LABELS.index(ANSWERS[tuple(heard)][pitch])
        assert row["choice"] == code
        at = row["epoch"].values == 2
        assert np.array_equal(row["target"].values[at].argmax(axis=-1), np.full(10, code))
        if mode != "c":
            rule = row["inputs"].sel(feature="rule pitch" if pitch else "rule localisation")
            when = row["epoch"].values == 0 if mode == "b" else row["epoch"].values >= 0
            assert np.array_equal(rule.values, when)


def test_epochs_of_a_rodent_have_their_lengths():
    trials = TASKS["rodent selection a"].simulate(300, rng=0, noise=0.0)
    lengths = [(trials["epoch"].values == k).sum(axis=1) for k in range(3)]
    assert set(lengths[0]) == {10, 11, 12, 13, 14}
    assert set(lengths[1]) == set(lengths[2]) == {10}
    hold = trials["inputs"].sel(feature="hold").values
    assert np.array_equal(hold, np.isin(trials["epoch"].values, (0, 1)))


def test_hidden_rules_come_in_blocks_that_cues_begin(outputs_of):
    task = TASKS["rodent selection c"]
    trials, network = task.simulate(480, rng=3), task.exact()
    rule, mixture = trials["pitch_rule"].values, trials["mixture"].values
    assert np.array_equal(rule, np.arange(480) % 160 >= 80)
    assert np.array_equal(mixture, np.arange(480) % 80 >= 20)
    assert task.score(trials, outputs_of(network, trials))["accuracy"] > 0.995
    assert network.n_pwl == 0
    reward = trials["inputs"].sel(feature="reward").values
    assert reward[1:, 0].mean() == pytest.approx(0.85, abs=0.06)
    assert np.array_equal(reward[:, 0], reward[:, 9])
    assert not reward[:, 14:].any()


def test_choices_of_a_lapsing_subject_are_as_likely_as_they_should_be():
    task, given = TASKS["rodent selection d"], {"errors": 0.1, "interference": 0.15}
    trials = task.simulate(8_000, rng=1, **given)
    left, low, pitch = (trials[name].values for name in ("left", "low", "pitch_rule"))
    rows = left & low & ~pitch
    share = np.bincount(trials["choice"].values[rows].astype(int), minlength=3) / rows.sum()
    assert np.allclose(share, [0.75 + 0.1 / 3, 0.15 + 0.1 / 3, 0.1 / 3], atol=0.03)
    both = ~left & ~low
    share = np.bincount(trials["choice"].values[both].astype(int), minlength=3) / both.sum()
    assert np.allclose(share, [0.1 / 3, 0.1 / 3, 1 - 0.2 / 3], atol=0.03)


@pytest.mark.parametrize(
    ("errors", "interference", "ceiling", "floor"),
    [
        (0.03, 0.05, -0.2397, -0.2794),
        (0.06, 0.08, -0.3647, -0.4128),
        (0.10, 0.15, -0.5345, -0.5745),
    ],
)
def test_lapses_set_floor_and_ceiling(errors, interference, ceiling, floor):
    given = {"errors": errors, "interference": interference}
    task = TASKS["rodent selection d"]
    assert task.ceiling(**given)["nats"] == pytest.approx(ceiling, abs=6e-5)
    assert task.floor(**given)["nats"] == pytest.approx(floor, abs=6e-5)


def test_going_is_no_half_space_and_one_pwl_unit_finds_it(outputs_of):
    task = TASKS["rodent selection a2"]
    cases = (np.arange(8)[:, None] >> np.arange(3)) % 2 * 2 - 1
    go = np.where(cases[:, 2] > 0, cases[:, 1], cases[:, 0]) > 0
    grid = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 4), axis=-1).reshape(-1, 4)
    right = ((np.c_[cases, np.ones(8)] @ grid.T > 0) == go[:, None]).mean(axis=0).max()
    assert task.floor()["accuracy"] == right == 0.875
    trials = task.simulate(200, rng=0)
    assert task.score(trials, outputs_of(task.exact(), trials))["accuracy"] == 1
    assert trials.attrs["exact_n_pwl"] == 1
    labels = np.array(["nogo", "go"])[trials["choice"].values.astype(int)]
    expected = np.where(trials["pitch_rule"], trials["low"], trials["left"])
    assert np.array_equal(labels == "go", expected)
