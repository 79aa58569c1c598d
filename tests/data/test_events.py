"""Events whose order is known without their times."""

import numpy as np
import pytest

from neuroalrnn.data import encode
from neuroalrnn.exceptions import DataError

INPUTS = {"stimulus": "cue", "flag": "go", "choice": "end", "reward": "end"}


def test_order_of_events_is_enough_without_their_times(trials):
    options = {"inputs": INPUTS, "step": "event", "choice_event": "go"}
    timed = encode(trials, **options)
    ordered = encode(trials.drop_vars("event_time"), **options)
    named = encode(
        trials.drop_vars(["event_time", "event"]), events=["cue", "go", "end"], **options
    )
    for other in (ordered, named):
        np.testing.assert_array_equal(other.inputs, timed.inputs)
        np.testing.assert_array_equal(other.target, timed.target)
        assert (other.steps, other.steps_to_choice) == (timed.steps, timed.steps_to_choice)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ("cue", "expected a list of names in the order of the trial"),
        ([], "expected a list of names"),
        (["cue", "cue", " "], "2 problems"),
        ([1], "1 is no name"),
    ],
)
def test_names_of_events_are_checked(trials, events, message):
    nameless = trials.drop_vars(["event_time", "event"])
    with pytest.raises(DataError, match=message):
        encode(nameless, inputs=["choice"], step="event", events=events, choice_event="cue")


def test_names_of_events_do_not_replace_those_of_the_data(trials):
    with pytest.raises(DataError, match=r"the data name their events \(cue, go, end\)"):
        encode(trials, inputs=["choice"], step="event", events=["a"], choice_event="a")
    with pytest.raises(DataError, match="only event steps"):
        encode(trials, inputs=["choice"], events=["a"])
