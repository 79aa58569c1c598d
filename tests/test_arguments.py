"""What is wrong with an argument is said in one line, whatever came."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.arguments import (
    _not_table,
    checked,
    not_flag,
    not_inputs,
    not_kind,
    not_names,
    not_number,
    not_one_of,
    not_path,
    not_seed,
    not_whole,
    optional,
    refuse,
    shown,
)
from neuroalrnn.exceptions import ConfigError

JUNK = [None, True, 1.5, float("nan"), "3", b"3", [], [3], {}, {3}, object(), int, np.ones(2),
        np.bool_(True), np.float64(3), 3j, pd.DataFrame({"a": [1]}), lambda: 3]  # fmt: skip


@pytest.mark.parametrize("value", [*JUNK, -1, 10**400], ids=lambda value: type(value).__name__)
def test_only_whole_numbers_pass(value):
    (text,) = not_seed("random_state", value)
    assert text.startswith(f"random_state = {shown(value)}: expected a whole number from 0 to")
    assert "\n" not in text
    assert len(text) < 200


@pytest.mark.parametrize("value", [0, 2**32 - 1, np.int64(3), np.uint8(3), np.array(3)])
def test_whole_numbers_pass(value):
    assert not_seed("random_state", value) == []
    assert not_whole("n", value) == []


def test_names():
    assert not_names("by", ["cue"], known=["cue"]) == []
    assert not_names("by", ()) == []
    assert not_names("by", "cue") == ["by = 'cue': expected a list of names, such as ['cue']"]
    assert not_names("by", ["cu"], known=["cue"])[0].startswith("by: 'cu' is unknown; did you mean")
    for value in [each for each in JUNK if not isinstance(each, list)]:
        assert len(not_names("by", value)) == 1
    assert not_names("by", [3, "cue"]) == ["by: 3 is no name"]


def test_one_of():
    assert not_one_of("unit", "subject", ["subject", "session"]) == []
    assert "did you mean 'subject'" in not_one_of("unit", "subjekt", ["subject", "session"])[0]
    for value in [each for each in JUNK if not isinstance(each, str)]:
        assert (
            "expected one of 'subject', 'session'"
            in not_one_of("unit", value, ("subject", "session"))[0]
        )


def test_paths(tmp_path):
    assert not_path("path", tmp_path) == not_path("path", "here") == []
    for value in ("", "a\0b", *(each for each in JUNK if not isinstance(each, str))):
        assert "expected a path" in not_path("path", value)[0]


def test_other_kinds():
    for value in (True, 0, np.bool_(False)):
        assert not_flag("overwrite", value) == []
    assert not_flag("overwrite", "yes") == ["overwrite = 'yes': expected True or False"]
    assert not_number("dt", 0.1, least=0.0, most=1.0) == []
    for value in (True, "1", None, float("nan"), float("inf"), 1.5):
        assert "dt = " in not_number("dt", value, least=0.0, most=1.0)[0]
    table = pd.DataFrame({"a": [1]})
    assert _not_table("costs", table, ["a"]) == []
    assert _not_table("costs", table, ["b"]) == ["costs: no column 'b' (there are: a)"]
    assert _not_table("costs", [1]) == ["costs = [1]: expected a table (DataFrame)"]
    assert not_inputs("inputs", {"cue": "stimulus", "rule": None}) == []
    assert not_inputs("inputs", {"cue": 3}) == ["inputs, events: 3 is no name"]


def test_all_arguments_of_a_call_are_told_at_once():
    @checked(n=not_whole, by=optional(not_names), seed=not_seed)
    def function(n, by=None, **options):
        return n

    assert function(3) == function(n=3, by=["a"], seed=1) == 3
    with pytest.raises(
        ConfigError, match=r"function: 3 problems\n  1. n = '3'.*\n.*by = .*\n.*seed"
    ):
        function("3", by="a", seed=-1)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'n'"):
        function()


def test_kinds_and_refusal():
    found = not_kind("fit", np.ones((2, 3)), str, "a text")
    assert found == ["fit = ndarray of shape (2, 3): expected a text"]
    refuse("plot", [])
    with pytest.raises(ConfigError, match=r"plot: 1 problem\n  1\. fit = ndarray"):
        refuse("plot", found)
