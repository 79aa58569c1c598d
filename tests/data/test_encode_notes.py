"""An encoding says what it left out, and how far inputs are from the choice."""

import logging
from threading import Event, Thread

import numpy as np

from neuroalrnn.data import encode
from neuroalrnn.data.notes import unlogged_notes

INPUTS = {"stimulus": "cue", "flag": "go", "choice": "end", "reward": "end"}


def test_cut_trials_are_counted(trials, caplog):
    with caplog.at_level(logging.WARNING):
        sequences = encode(
            trials, inputs=INPUTS, step="time", choice_event="go", dt=0.05, max_steps=7
        )
    lost = int((trials["event_time"][:, 1] >= 0.35).sum())
    assert f"{lost} choices lay beyond" in sequences.notes[0]
    assert "were cut to 7 steps" in caplog.text
    assert np.isfinite(sequences.target).sum() == 36 - lost


def test_notes_are_logged_again_after_threads_that_did_not_log_them(trials, caplog):
    inside, outside = Event(), Event()

    def first():
        with unlogged_notes():
            inside.set()
            outside.wait(5)

    thread = Thread(target=first)
    thread.start()
    inside.wait(5)
    with unlogged_notes():
        outside.set()
        thread.join()
    with caplog.at_level(logging.WARNING):
        encode(trials, inputs=INPUTS, step="time", choice_event="go", dt=0.05, max_steps=7)
        with unlogged_notes():
            encode(trials, inputs=INPUTS, step="time", choice_event="go", dt=0.05, max_steps=7)
    assert caplog.text.count("were cut to 7 steps") == 1


def test_inputs_without_a_step_to_the_choice_are_named(trials, caplog):
    with caplog.at_level(logging.WARNING):
        sequences = encode(trials, inputs=["stimulus", "choice"])
    assert sequences.steps_to_choice == {"stimulus": 0, "choice[-1]": 0}
    assert "stimulus, choice[-1]: no step between this input and the choice" in caplog.text


def test_steps_to_choice_with_events(trials, caplog):
    with caplog.at_level(logging.WARNING):
        sequences = encode(
            trials,
            inputs={"stimulus": "cue", "choice": "end", "reward": "end"},
            step="event",
            choice_event="go",
        )
    assert sequences.steps_to_choice == {"stimulus": 1, "choice": 2, "reward": 2}
    assert caplog.text == ""


def test_steps_to_the_next_choice(trials):
    options = {"step": "event", "choice_event": "go"}
    sequences = encode(trials, inputs={"stimulus": "cue", "choice": "end"}, **options)
    assert sequences.steps_to_next_choice == {"stimulus": 4, "choice": 2}
    alone = encode(trials, inputs={"stimulus": "cue", "choice": "end"}, carry="trial", **options)
    assert (alone.steps_to_choice, alone.steps_to_next_choice) == ({"stimulus": 1}, {})
    by_trial = encode(trials, inputs=["stimulus", "choice"])
    assert by_trial.steps_to_next_choice == {"stimulus": 1, "choice[-1]": 0}


def test_inputs_lost_with_their_event_are_counted(trials):
    trials["event_time"][[3, 6, 8], 0] = np.nan
    assert not trials["scored"][6]
    options = {"step": "event", "choice_event": "go"}
    notes = encode(trials, inputs={"stimulus": "cue", "flag": "go"}, **options).notes
    assert "inputs whose event has no time are 0 on scored trials: stimulus on 2 of 30" in notes
