"""Fits that several models share."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.baselines import _glm_hmm, glm_hmm
from neuroalrnn.baselines._kept import digest, once
from neuroalrnn.data import from_frame


def test_what_two_threads_ask_for_is_made_once():
    made, meeting = [], threading.Barrier(2)

    def make():
        made.append(threading.get_ident())
        return len(made)

    def ask(_):
        meeting.wait(timeout=10)
        return once(("threads", id(made)), make)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, range(2))) == [1, 1]
    assert len(made) == 1


def test_what_fails_is_tried_again():
    key = ("fails", object())
    with pytest.raises(ZeroDivisionError):
        once(key, lambda: 1 // 0)
    assert once(key, lambda: 3) == 3


def test_arrays_that_differ_in_shape_type_or_value_have_other_keys():
    values = np.arange(6.0)
    others = [values, values.reshape(2, 3), values.astype(np.float32), values + 1, None]
    assert len({digest(each) for each in others}) == len(others)
    assert digest(values) == digest(values.copy())


def test_driven_states_start_from_the_plain_fit_of_others(monkeypatch):
    rng, climbed = np.random.default_rng(8), []
    climb = _glm_hmm._climb
    frame = {"choice": rng.integers(0, 2, 60), "cue": rng.normal(size=60)}
    frame |= {"subject": ["a"] * 60, "session": np.repeat([1, 2], 30)}
    trials = from_frame(pd.DataFrame(frame), {name: name for name in frame}, labels=[0, 1])
    monkeypatch.setattr(_glm_hmm, "_climb", lambda *given: climbed.append(1) or climb(*given))
    settings = {"terms": ["cue"], "n_states": (2,), "n_restarts": 1}
    glm_hmm.fit(trials, np.arange(60), **settings)
    assert climbed
    climbed.clear()
    glm_hmm.fit(trials, np.arange(60), driven=True, **settings)
    assert not climbed
