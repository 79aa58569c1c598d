"""Steps know their trial, never see the choice early, and never reach over a session border."""

import sys

import numpy as np
import pytest

from neuroalrnn.data import default_encoding, design, encode
from neuroalrnn.exceptions import DataError

INPUTS = {"stimulus": "cue", "flag": "go", "choice": "end", "reward": "end"}
OPTIONS = {
    "trial": {"step": "trial"},
    "event": {"step": "event", "choice_event": "go"},
    "event, last": {"step": "event", "choice_event": "end"},
    "time": {"step": "time", "choice_event": "go", "dt": 0.1},
    "time, cut": {"step": "time", "choice_event": "go", "dt": 0.05, "max_steps": 9},
    "time, last": {"step": "time", "dt": 0.1},
}
all_options = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
all_carries = pytest.mark.parametrize("carry", ["session", "block", "trial"])


@all_options
@all_carries
def test_every_step_returns_to_its_trial(trials, options, carry):
    sequences = encode(trials, inputs=INPUTS, carry=carry, **options)
    real = sequences.trial >= 0
    assert (real.sum(axis=1) == sequences.n_steps).all()
    by_trial = sequences.to_trials(sequences.trial * 100 + sequences.step_in_trial)
    trial, step = np.nonzero(np.isfinite(by_trial))
    np.testing.assert_array_equal(by_trial[trial, step], trial * 100 + step)
    assert set(trial) == set(range(36))
    code = np.nanmax(np.nan_to_num(sequences.to_trials(sequences.target), nan=-1), axis=1)
    scored = np.nansum(sequences.to_trials(sequences.scored), axis=1) > 0
    np.testing.assert_array_equal(code[scored], trials["choice"].values[scored])
    if "max_steps" not in options:
        np.testing.assert_array_equal(scored, trials["scored"].values)


@all_options
@all_carries
def test_padding_is_empty(make_trials, options, carry):
    trials = make_trials().isel(trial=slice(2, None))
    sequences = encode(trials, inputs=INPUTS, carry=carry, **options)
    padding = np.arange(sequences.trial.shape[1]) >= sequences.n_steps[:, None]
    assert (sequences.inputs[padding] == 0).all()
    assert np.isnan(sequences.target[padding]).all()
    assert not sequences.scored[padding].any()
    assert (sequences.trial[padding] == -1).all()
    assert (sequences.step_in_trial[padding] == -1).all()


@all_options
@all_carries
def test_sequences_never_cross_a_session(trials, options, carry):
    sequences = encode(trials, inputs=INPUTS, carry=carry, **options)
    for row, trial in enumerate(sequences.trial):
        index = trial[trial >= 0]
        assert set(trials["subject"].values[index]) == {sequences.subject[row]}
        assert set(trials["session"].values[index]) == {sequences.session[row]}
        if carry == "block":
            assert len(set(trials["block"].values[index])) == 1


@all_options
@pytest.mark.parametrize("flipped", [0, 4, 5, 6, 20, 35])
def test_no_step_up_to_the_read_out_depends_on_the_choice(trials, options, flipped):
    inputs = {**INPUTS, "choice": "cue", "reward": "cue", "rt": "go", "other": "cue"}
    trials["other"] = trials["flag"].assign_attrs(known="after_choice")
    changed = trials.copy(deep=True)
    for name in ("choice", "reward", "other"):
        changed[name][flipped] = 1 - changed[name][flipped]
    changed["rt"][flipped] += 1.0
    before = encode(trials, inputs=inputs, **options)
    after = encode(changed, inputs=inputs, **options)
    read = np.argwhere((before.trial == flipped) & np.isfinite(before.target))
    if len(read) == 0:
        assert "max_steps" in options
        return
    row, step = read[0]
    np.testing.assert_array_equal(before.inputs[row, : step + 1], after.inputs[row, : step + 1])
    others = np.arange(len(before.inputs)) != row
    np.testing.assert_array_equal(before.inputs[others], after.inputs[others])
    last_in_session = before.trial[row, before.n_steps[row] - 1] == flipped
    if not last_in_session and "max_steps" not in options:
        assert not np.array_equal(before.inputs[row], after.inputs[row])


def test_one_back_inputs_stop_at_the_session_border(trials):
    sequences = encode(trials, inputs=["stimulus", "choice", "reward"])
    assert sequences.features == ("stimulus", "choice[-1]", "reward[-1]")
    assert (sequences.inputs[:, 0, 1:] == 0).all()
    expected = 2 * trials["choice"].values.reshape(6, 6)[:, :-1] - 1
    np.testing.assert_array_equal(sequences.inputs[:, 1:, 1], expected)


def test_one_back_inputs_cross_blocks(trials):
    sequences = encode(trials, inputs=["choice"], carry="block")
    assert (sequences.inputs[1::2, 0, 0] != 0).all()
    assert (sequences.inputs[0::2, 0, 0] == 0).all()


def test_event_steps_place_each_input_at_its_event(trials):
    sequences = encode(trials, inputs=INPUTS, step="event", choice_event="go")
    assert sequences.steps == ("cue", "go", "end")
    assert sequences.features == (*INPUTS, "event=cue", "event=go", "event=end")
    by_trial = sequences.to_trials(sequences.inputs)
    np.testing.assert_array_equal(by_trial[:, 0, 0], trials["stimulus"])
    np.testing.assert_array_equal(by_trial[:, 1, 1], trials["flag"])
    np.testing.assert_array_equal(by_trial[:, 2, 2], 2 * trials["choice"] - 1)
    assert (by_trial[:, 1:, 0] == 0).all()
    np.testing.assert_array_equal(by_trial[:, :, 4:], np.broadcast_to(np.eye(3), (36, 3, 3)))
    assert np.isfinite(sequences.to_trials(sequences.target)[:, 1]).all()


def test_outcome_named_early_moves_behind_the_choice(trials):
    sequences = encode(trials, inputs={"reward": "cue"}, step="event", choice_event="go")
    by_trial = sequences.to_trials(sequences.inputs)
    np.testing.assert_array_equal(by_trial[:, 2, 0], 2 * trials["reward"] - 1)


def test_event_that_did_not_happen_keeps_an_empty_step(trials):
    trials["event_time"][4, 0] = np.nan
    trials["event_time"][7, 1] = np.nan
    sequences = encode(trials, inputs=INPUTS, step="event", choice_event="go")
    by_trial = sequences.to_trials(sequences.inputs)
    assert (by_trial[4, 0] == 0).all()
    # the read-out step looks the same whether or not there was a response
    np.testing.assert_array_equal(by_trial[7, 1, 4:], [0, 1, 0])
    assert (sequences.n_steps == 18).all()


def test_time_bins_hold_their_events(trials):
    sequences = encode(trials, inputs=INPUTS, step="time", choice_event="go", dt=0.1, carry="trial")
    bins = np.floor(trials["event_time"].values / 0.1).astype(int)
    at = np.argmax(np.isfinite(sequences.target), axis=1)
    np.testing.assert_array_equal(at, bins[:, 1])
    np.testing.assert_array_equal(sequences.n_steps, np.maximum(bins[:, 2], bins[:, 1] + 1) + 1)
    row = np.arange(36)
    np.testing.assert_array_equal(sequences.inputs[row, bins[:, 1], 1], trials["flag"])


def test_time_resolved_inputs_are_the_steps(trials):
    values = np.random.default_rng(0).normal(size=(36, 5, 2))
    n_steps = np.tile([3, 4, 5], 12)
    values[np.arange(5) >= n_steps[:, None]] = 1e9
    timed = trials.drop_vars("event_time").assign(
        inputs=(("trial", "time", "feature"), values), n_steps=("trial", n_steps)
    )
    timed = timed.assign_coords(time=np.arange(5) * 0.1, feature=["a", "b"])
    sequences = encode(timed, inputs=["choice"], step="time", carry="trial")
    assert sequences.features == ("choice[-1]", "a", "b")
    np.testing.assert_array_equal(sequences.n_steps, n_steps)
    assert np.abs(sequences.inputs).max() < 10
    np.testing.assert_array_equal(sequences.inputs[2, :, 1:], values[2])
    assert np.isfinite(sequences.target[np.arange(36), n_steps - 1]).all()


def test_coding(trials):
    trials["choice"][:] = np.tile([0, 1, 2], 12)
    trials["choice"].attrs["labels"] = ["a", "b", "c"]
    trials["sign"] = trials["flag"].assign_attrs(coding="signed")
    trials["stimulus"][3] = np.nan
    sequences = encode(trials, inputs=["stimulus", "flag", "sign", "choice"])
    assert sequences.features[3:6] == ("choice=a[-1]", "choice=b[-1]", "choice=c[-1]")
    assert sequences.features[6:] == ("present=stimulus",)
    assert set(np.unique(sequences.inputs[..., 1])) == {0, 1}
    np.testing.assert_array_equal(sequences.inputs[..., 2], 2 * sequences.inputs[..., 1] - 1)
    assert sequences.inputs[0, 3, 0] == 0
    assert (sequences.inputs[:, 1:, 3:6].sum(axis=2) == 1).all()


CODED = ["stimulus", "flag", "correct", "reward", "choice"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("flag", 0.5), ("flag", 1.0), ("reward", np.nan), ("reward", 0.0), ("choice", np.nan)],
)
def test_no_value_of_a_subject_changes_how_others_are_coded(trials, name, value):
    trials["correct"] = 1 - trials["flag"]
    here = trials["subject"].values == "s1"
    changed = trials.copy(deep=True).drop_vars("scored")
    changed[name].values[here] = value
    one, other = (encode(each, inputs=CODED) for each in (trials, changed))
    others = one.subject != "s1"
    np.testing.assert_array_equal(one.inputs[others], other.inputs[others])
    assert not np.array_equal(one.inputs[~others], other.inputs[~others])
    terms = ["stimulus", "flag", *(f"{each}[-1]" for each in CODED[2:])]
    one, other = (design(each, terms).to_numpy() for each in (trials, changed))
    np.testing.assert_array_equal(one[~here], other[~here])


def test_inputs_and_designs_are_coded_alike(trials):
    trials["correct"] = 1 - trials["flag"]
    inputs = encode(trials, inputs=CODED).inputs.reshape(36, -1)
    terms = ["stimulus", "flag", *(f"{each}[-1]" for each in CODED[2:])]
    np.testing.assert_array_equal(inputs, design(trials, terms).to_numpy())


def test_text_is_no_input(trials):
    with pytest.raises(DataError, match="input 'unscored_reason' holds text: code it as numbers"):
        encode(trials, inputs=["unscored_reason"])


@all_options
@pytest.mark.parametrize(("n_steps", "warm_up"), [(1, 0), (4, 3), (7, 2), (100, 10)])
def test_windows_hold_every_scored_choice_once(trials, options, n_steps, warm_up):
    sequences = encode(trials, inputs=INPUTS, **options)
    pieces = sequences.windows(n_steps, warm_up)

    def scored(part):
        return sorted(zip(part.trial[part.scored], part.target[part.scored], strict=True))

    assert scored(pieces) == scored(sequences)
    real = pieces.trial >= 0
    whole = {
        (trial, step): row
        for trial, step, row in zip(
            sequences.trial[sequences.trial >= 0],
            sequences.step_in_trial[sequences.trial >= 0],
            sequences.inputs[sequences.trial >= 0],
            strict=True,
        )
    }
    for trial, step, row in zip(
        pieces.trial[real], pieces.step_in_trial[real], pieces.inputs[real], strict=True
    ):
        np.testing.assert_array_equal(row, whole[trial, step])
    assert (pieces.inputs[~real] == 0).all()
    if options["step"] == "event":
        assert (pieces.step_in_trial[:, 0] == 0).all()


def test_windows_prefer_values_that_are_not_warm_up(trials):
    sequences = encode(trials, inputs=["stimulus"])
    pieces = sequences.windows(2, 2)
    age = np.where(pieces.trial >= 0, np.arange(pieces.trial.shape[1]), -1)
    by_trial = pieces.to_trials(age)[:, 0].reshape(6, 6)
    np.testing.assert_array_equal(by_trial, np.tile([0, 1, 2, 3, 2, 3], (6, 1)))


def test_windows_refuse_empty_lengths(trials):
    with pytest.raises(ValueError, match="n_steps=0, warm_up=0"):
        encode(trials, inputs=["stimulus"]).windows(0, 0)


def test_take_keeps_trial_numbers(trials):
    sequences = encode(trials, inputs=["stimulus"])
    some = sequences.take(np.array([1, 3]))
    np.testing.assert_array_equal(some.trial[0], np.arange(6, 12))
    assert some.to_trials(some.inputs).shape == (36, 1, 1)


BROKEN = {
    "input": ({"inputs": ["stimulu"]}, "'stimulu' is unknown; did you mean 'stimulus'"),
    "text": ({"inputs": "stimulus"}, "inputs = 'stimulus': expected a list of names"),
    "twice": ({"inputs": ["flag", "flag"]}, "'flag' is named more than once"),
    "step": ({"inputs": [], "step": "events"}, "step='events': expected one of trial, event, time"),
    "carry": ({"inputs": [], "carry": "run"}, "carry='run': expected one of session, block"),
    "no choice event": ({"inputs": [], "step": "event"}, r"name the event .* \(cue, go, end\)"),
    "choice event": (
        {"inputs": [], "step": "event", "choice_event": "og"},
        "choice_event: 'og' is unknown; did you mean 'go'",
    ),
    "event": (
        {"inputs": {"flag": "start"}, "step": "event", "choice_event": "go"},
        "event of input 'flag': 'start' is unknown",
    ),
    "no event": (
        {"inputs": ["flag"], "step": "event", "choice_event": "go"},
        "input 'flag' needs the event at which it is known",
    ),
    "dt": ({"inputs": {}, "step": "time"}, "dt=None: expected the bin width in seconds"),
    "max_steps": ({"inputs": {}, "step": "time", "dt": 1, "max_steps": 0}, "max_steps=0"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_impossible_request_is_named(trials, name):
    options, message = BROKEN[name]
    with pytest.raises(DataError, match=message):
        encode(trials, **options)


def test_request_names_all_problems(trials):
    with pytest.raises(DataError, match="3 problems"):
        encode(trials, inputs={"a": "b"}, step="event", choice_event="c")


def test_blocks_and_events_must_exist(trials):
    with pytest.raises(DataError, match="no coordinate 'block'; use 'session'"):
        encode(trials.drop_vars("block"), inputs=["flag"], carry="block")
    nameless = trials.drop_vars(["event_time", "event"])
    with pytest.raises(DataError, match=r"needs 'event_time.* or the names of the steps"):
        encode(nameless, inputs=[], step="event", choice_event="go")
    with pytest.raises(DataError, match="step='time' needs 'event_time"):
        encode(nameless, inputs={"flag": "cue"}, step="time", choice_event="go", dt=0.1)


def test_inputs_must_not_be_empty(trials):
    for empty in ([], {}):
        with pytest.raises(DataError, match="inputs is empty: name one variable at least"):
            encode(trials, inputs=empty)
    marks = encode(trials, inputs=[], step="event", choice_event="go")
    assert marks.features == ("event=cue", "event=go", "event=end")
    with pytest.raises(DataError, match="inputs is empty"):
        encode(trials, inputs=[], step="event", choice_event="go", mark_events=False)
    with pytest.raises(DataError, match="inputs is empty"):
        encode(trials.drop_vars("event_time"), inputs=[], step="event", choice_event="go")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dt": 1e-7}, "steps of 1e-07 s, expected at most 5000: give event times in seconds"),
        ({"dt": 2e-4}, "sequences of up to .* expected at most"),
    ],
)
def test_encodings_that_would_fill_the_memory_are_refused(trials, monkeypatch, change, message):
    monkeypatch.setattr(sys.modules["neuroalrnn.data.encode"], "MOST_VALUES", 1e4)
    inputs = {"stimulus": "cue"}
    with pytest.raises(DataError, match=message):
        encode(trials, inputs=inputs, step="time", choice_event="go", **change)


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ('{"inputs": [], "stepp": "trial"}', "'stepp' is unknown; did you mean 'step'"),
        ('{"step": "trial"}', "expected a table with at least inputs"),
    ],
)
def test_default_encoding_is_checked(trials, encoding, message):
    with pytest.raises(DataError, match=message):
        default_encoding(trials.assign_attrs(encoding=encoding))
