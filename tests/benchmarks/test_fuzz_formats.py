"""Damaged files of every format breach no limit, and what does is counted."""

import numpy as np
import pytest

from benchmarks import fuzz_formats
from benchmarks.format_harm import harm
from data_loaders.formats import FORMATS


def test_a_few_damaged_files_of_every_format_breach_nothing():
    found = fuzz_formats.measure(12, seed=3, tell=lambda line: None)
    assert len(found) == 12
    assert sum(sum(each.values()) for each in found.values()) == 12
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


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(200))])
def test_damage_is_the_same_for_the_same_seed(data):
    for k in range(50):
        one, other = (harm(data, np.random.default_rng(k)) for _ in range(2))
        assert one == other
