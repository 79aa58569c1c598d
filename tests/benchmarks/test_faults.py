"""Faults are made and counted: a few of each kind, and those that must be seen as breaches."""

import numpy as np
import pytest

from benchmarks import damage, faults, kills
from benchmarks.runs import OTHER, REFUSED, SAME
from neuroalrnn.exceptions import ResultError


def test_a_few_faults_of_files_breach_nothing():
    lines = []
    found = faults.measure(
        kills=0, flips=10, edits=2 * len(damage.EDITS), kept=12, tell=lines.append
    )
    assert found["breaches"] == 0, lines
    assert set(found["flips"]) <= {REFUSED, SAME}
    assert sum(found["flips"].values()) == 10
    assert found["edits"][REFUSED] > len(damage.EDITS)
    assert found["kept"] == {SAME: 12}
    assert len(lines) == 4


def test_what_must_not_happen_is_counted_as_a_breach():
    def fault(k):
        if k == 1:
            raise ResultError("ours")
        if k == 2:
            raise KeyError("foreign")
        return OTHER

    count = faults.watch(fault, 4)
    assert count == {OTHER: 2, REFUSED: 1, "FOREIGN KeyError": 1}
    assert OTHER.startswith(faults.BREACHES)
    assert not REFUSED.startswith(faults.BREACHES)


def test_a_process_that_dies_is_counted_and_the_rest_is_still_done():
    import os

    def fault(k):
        if k == 1:
            os._exit(3)
        return SAME

    assert faults.watch(fault, 4) == {SAME: 3, "DIED": 1}


def test_a_file_that_takes_too_much_memory_is_counted(monkeypatch):
    monkeypatch.setattr(faults, "MOST_BYTES", 2**25)
    count = faults.watch(lambda k: SAME if np.ones(2**25).all() else "", 1)
    assert count == {f"MEMORY {SAME}": 1}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"a.csv": "old", "b.csv": "old"}, {"old"}),
        ({"a.csv": "new"}, {"new"}),
        ({"a.csv": "new", "b.csv": "old"}, {"new", "old"}),
    ],
)
def test_old_results_are_told_from_new_ones(texts, expected, tmp_path):
    old, whole, out = (tmp_path / name for name in ("old", "whole", "out"))
    for folder, words in ((old, "old"), (whole, "new")):
        folder.mkdir()
        for name in ("a.csv", "b.csv"):
            (folder / name).write_text(words)
    out.mkdir()
    for name, text in texts.items():
        (out / name).write_text(text)
    assert set(kills._states(out, old, whole).values()) == expected
