"""Sessions of Bpod and B-control: choices by a stated map, and trials that fit no map."""

import numpy as np
import pytest
from scipy.io import savemat

from data_loaders.formats import load_bpod, read_bpod, recognise
from neuroalrnn.exceptions import DataError

NO = [np.nan, np.nan]
STATES = {"left": "LeftReward", "right": ["RightReward", "RightAgain"]}
PORTS = {"left": "Port1In", "right": "Port3In"}


def trial(side, *, poke=0.4, again=False):
    """One trial; a state that is entered twice has two rows of times."""
    wait = [[0.0, poke], [1.0, 1.5]] if again else [0.0, poke]
    end = 1.5 if again else poke
    states = {
        "Wait": wait,
        "LeftReward": [end, end + 0.1] if side == "left" else NO,
        "RightReward": [end, end + 0.1] if side == "right" else NO,
        "RightAgain": NO,
    }
    ports = {"left": {"Port1In": [0.1, end]}, "right": {"Port3In": end, "Port1In": 0.2}}
    return {"States": states, "Events": ports.get(side, {"Tup": end})}


def write(path, trials, **fields):
    cells = np.empty((1, len(trials)), dtype=object)
    cells[0] = trials
    session = {
        "nTrials": len(trials),
        "TrialStartTimestamp": 10.0 + np.arange(len(trials)),
        "TrialTypes": 1.0 + np.arange(len(trials)),
        "Info": {"SubjectName": "M1"},
        "RawEvents": {"Trial": cells},
    }
    savemat(path, {"SessionData": session | fields})
    return path


@pytest.fixture
def path(tmp_path):
    trials = [trial("left"), trial("right", again=True), trial("none"), trial("left")]
    return write(tmp_path / "s.mat", trials, Notes=np.zeros(5))


def test_states_become_choices_in_the_order_of_the_map(path):
    assert recognise(path) == "bpod"
    roles = {"subject": "Info.SubjectName", "trial": "trial", "type": "TrialTypes"}
    trials = load_bpod(path, roles, choices=STATES, events={"wait": 0, "out": "Wait_out"})
    np.testing.assert_array_equal(trials["choice"], [0, 1, np.nan, 0])
    assert list(trials["choice"].attrs["labels"]) == ["left", "right"]
    assert trials["event_time"].sel(event="out").values.tolist() == [0.4, 1.5, 0.4, 0.4]
    assert "choice is missing on trials 3" in trials.attrs["notes"]
    assert "not read, as no column of one value per trial: Notes" in trials.attrs["notes"]
    backwards = dict(reversed(STATES.items()))
    other = load_bpod(path, roles, choices=backwards)
    np.testing.assert_array_equal(other["choice"], [1, 0, np.nan, 1])


def test_the_event_that_ended_a_state_is_the_choice_and_no_earlier_one(path):
    table = read_bpod(path, choices=PORTS, ends="Wait", outcomes=STATES).table
    assert table["choice"].tolist() == ["left", "right", None, "left"]
    assert table["outcome"].tolist() == table["choice"].tolist()
    assert table["Port1In"].tolist() == [[0.1, 0.4], [0.2], [], [0.1, 0.4]]
    assert table["trial_start"].tolist() == [10, 11, 12, 13]
    first = read_bpod(path, reduce={"Port1In": "first"}).table["Port1In"]
    np.testing.assert_array_equal(first, [0.1, 0.2, np.nan, 0.1])


def test_one_trial_is_a_session(tmp_path):
    write(tmp_path / "s.mat", [trial("right")])
    table = read_bpod(tmp_path / "s.mat", choices=STATES).table
    assert table["choice"].tolist() == ["right"]


def test_a_trial_of_several_choices_is_an_error_unless_it_may_be_missing(tmp_path):
    both = trial("left")
    both["States"]["RightAgain"] = [1.0, 2.0]
    path = write(tmp_path / "s.mat", [trial("left"), both])
    with pytest.raises(DataError, match=r"choice: several of the mapped ones on trials 2"):
        read_bpod(path, choices=STATES)
    found = read_bpod(path, choices=STATES, strict=False)
    assert found.table["choice"].tolist() == ["left", None]
    assert "several of the mapped ones" in found.notes[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"choices": {"left": "LeftRewrd"}}, r"choice: state 'LeftRewrd'.*LeftReward"),
        ({"choices": {"left": "Port9In"}, "ends": "Wait"}, "choice: event 'Port9In'"),
        ({"choices": PORTS, "ends": "Wiat"}, r"ends: state 'Wiat'.*Wait"),
        ({"choices": {"l": "A"}, "outcomes": {"o": "B"}}, r"(?s)2 problems.*'A'.*'B'"),
        ({"variable": "Sessiondata"}, r"'Sessiondata'.*SessionData"),
        ({"reduce": {"Port1In": "mean"}}, "'mean'"),
    ],
)
def test_unknown_names_are_named_with_the_nearest(path, options, message):
    with pytest.raises(DataError, match=message):
        read_bpod(path, **options)


def test_a_session_that_has_not_as_many_trials_as_it_says_is_refused(tmp_path):
    path = write(tmp_path / "s.mat", [trial("left")] * 2, nTrials=3)
    with pytest.raises(DataError, match=r"nTrials is \[3\], but RawEvents.Trial holds 2"):
        read_bpod(path)


def test_parsed_events_of_b_control_are_states_and_pokes(tmp_path):
    def parsed(side, start):
        hit = [[start + 1.0, start + 1.2]]
        states = {
            "state_0": [[np.nan, start], [start + 2.0, np.nan]],
            "left_reward": hit if side == "l" else np.empty((0, 2)),
            "right_reward": hit if side == "r" else np.empty((0, 2)),
            "starting_state": "state_0",
        }
        return {"states": states, "pokes": {"L": [[start + 0.5, start + 0.6]]}}

    cells = np.empty((2, 1), dtype=object)
    cells[:, 0] = [parsed("r", 0.0), parsed("l", 3.0)]
    sides = np.array([["r"], ["l"]], dtype=object)
    history = {"ProtocolsSection_parsed_events": cells, "SidesSection_side": sides}
    savemat(tmp_path / "s.mat", {"saved": {"x": 1.0}, "saved_history": history})
    choices = {"l": "left_reward", "r": "right_reward"}
    table = read_bpod(tmp_path / "s.mat", choices=choices).table
    assert table["choice"].tolist() == table["SidesSection_side"].tolist() == ["r", "l"]
    assert table["trial_start"].tolist() == [0, 3]
    assert table["L_in"].tolist() == [[0.5], [3.5]]
