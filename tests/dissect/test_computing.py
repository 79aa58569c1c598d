"""What networks of a task compute: regimes and primitives of networks that are known."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.dissect import _words
from neuroalrnn.dissect._computing import ASKED, compare_computations, look_for_primitives
from neuroalrnn.dissect._sets import TEST, Source
from neuroalrnn.tasks import TASKS


def looked_at(name, n_sequences=60, **parameters):
    """What is asked of a task, its trials, and the network that is known to solve it."""
    source = Source(name, parameters, 0)
    return ASKED[name], source.draw(TEST, n_sequences), source.task.exact(**parameters)


def disturbed(network, scale):
    rng = np.random.default_rng(1)
    return network._replace(readout=network.readout * (1 + scale * rng.normal()))


def test_every_task_has_the_inputs_that_are_asked_for():
    for name, asked in ASKED.items():
        trials = TASKS[name].simulate(2, rng=0)
        wanted = {each for weights in asked.contrasts.values() for each in weights}
        wanted |= {asked.cue} - {None}
        assert wanted <= {str(each) for each in trials["feature"].values}, name
        assert asked.epoch in trials["epoch"].attrs["names"]


def test_marked_values_count_and_others_do_not():
    asked, part, network = looked_at("addition", n_steps=8)
    judged, rows = compare_computations(asked, part, [network, disturbed(network, 0.1)])
    assert (judged["verdict"], judged["n_functional"]) == ("discrete", 2)
    often, seldom = rows
    assert seldom["regime_share"] == pytest.approx(2 / 8, abs=0.06)
    assert abs(often["task_effect"]) < 1e-9
    # the standard deviation of uniform values
    assert seldom["task_effect"] == pytest.approx(np.sqrt(1 / 12), rel=0.15)
    found = look_for_primitives(asked, part, network)
    assert [(each["primitive"], each["detected"]) for each in found] == [("gating", True)]


def test_a_context_exchanges_what_counts():
    asked, part, network = looked_at("context-dependent integration")
    judged, rows = compare_computations(asked, part, [network, disturbed(network, 0.1)])
    assert judged["n_functional"] == 2
    effect = {(row["regime"], row["input"]): row["task_effect"] for row in rows}
    which = [effect[k, "colour"] > effect[k, "motion"] for k in (0, 1)]
    assert sorted(which) == [False, True]
    for k, of_colour in enumerate(which):
        ignored = "motion" if of_colour else "colour"
        assert abs(effect[k, ignored]) < 1e-6 * max(effect.values())


def test_networks_that_compute_something_else_do_not_agree():
    asked, part, network = looked_at("flagged parity", n_bits=4)
    turned = network._replace(readout=-network.readout)
    judged, _ = compare_computations(asked, part, [network, network])
    assert (judged["verdict"], judged["n_functional"]) == ("discrete", 2)
    rng = np.random.default_rng(0)
    other = network._replace(weight=rng.normal(size=network.weight.shape))
    judged, _ = compare_computations(asked, part, [network, turned, other])
    assert judged["verdict"] == "not reproducible"


class Found:
    def __init__(self, **tables):
        self.tables = {name: pd.DataFrame(rows) for name, rows in tables.items()}


def test_sentences_say_what_was_found():
    assert _words.say_computed(Found()) == _words.say_primitives(Found()) == []
    row = {"n_pwl": 1, "n_networks": 3, "verdict": "discrete", "n_functional": 2}
    effect = {
        "n_pwl": 1,
        "output": 0,
        "regime": 0,
        "regime_share": 0.6,
        "input": "value",
        "task_effect": -0.5,
    }
    told = {"functional": [row | {"adjusted_rand": 1.0}], "functional_effects": [effect]}
    (text,) = _words.say_computed(Found(**told))
    assert "2 functional regimes" in text
    assert "in 60 %: value \N{MINUS SIGN}0.50" in text
    told["functional"][0]["verdict"] = "not reproducible"
    assert "do not agree" in _words.say_computed(Found(**told))[0]
    rows = [{"n_pwl": 1, "primitive": "gating", "target": "value", "detected": x} for x in (0, 1)]
    (text,) = _words.say_primitives(Found(primitives=rows))
    assert text == "P = 1: gating (value) not detected, gating (value) detected."
