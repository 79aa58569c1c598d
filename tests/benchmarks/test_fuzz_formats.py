"""Damaged files of every format breach no limit, and what does is counted."""

import pickle

import numpy as np
import pytest

from benchmarks import fuzz_formats
from benchmarks.format_harm import EXECUTED, Canary, harm
from data_loaders.formats import FORMATS


def test_a_few_damaged_files_of_every_format_breach_nothing():
    found = fuzz_formats.measure(1, seed=3, tell=lambda line: None)
    names = {"v73.mat", "day.nwb", "trials.csv", "rat-epo.fif.gz", "CR12B_110727_001_behaving"}
    assert names <= set(found)
    assert {sum(each.values()) for each in found.values()} == {1}
    assert fuzz_formats.breaches(found) == 0


def test_foreign_errors_and_files_left_behind_are_breaches(tmp_path, monkeypatch):
    def broken(path, **options):
        (path.parent / "left").touch()
        if path.suffix == ".mat":
            raise KeyError("x")

    class Broken:
        read = staticmethod(broken)
        fits = staticmethod(lambda path: False)

    monkeypatch.setitem(FORMATS, "matlab", Broken)
    for name in ("a.mat", "b.txt"):
        (tmp_path / name).write_bytes(b"x" * 40)
        count = fuzz_formats._damaged(
            tmp_path / name, tmp_path / f"{name}-room", "matlab", {}, 3, 0
        )
        kind = "FOREIGN KeyError" if name == "a.mat" else "LEFT BEHIND ['left']"
        assert dict(count) == {kind: 3}
        assert fuzz_formats.breaches({name: dict(count)}) == 3


def test_what_is_unpickled_leaves_a_file(tmp_path, monkeypatch):
    class Opened:
        read = staticmethod(lambda path, **options: pickle.loads(pickle.dumps(Canary())))
        fits = staticmethod(lambda path: False)

    monkeypatch.setitem(FORMATS, "arrays", Opened)
    (tmp_path / "a.npz").write_bytes(b"x" * 40)
    count = fuzz_formats._damaged(tmp_path / "a.npz", tmp_path / "room", "arrays", {}, 2, 0)
    assert dict(count) == {f"LEFT BEHIND {[EXECUTED]}": 2}


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(200))])
def test_damage_is_the_same_for_the_same_seed(data):
    for k in range(50):
        one, other = (harm(data, np.random.default_rng(k)) for _ in range(2))
        assert one == other
