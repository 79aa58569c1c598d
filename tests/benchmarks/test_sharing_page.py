"""The page on sharing has a place for the rates, and keeps its other text."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.sharing import BEGIN, CELLS, END, TWO, measure, usage_of, write_table

PAGE = Path(__file__).parents[2] / "docs" / "sharing.md"


def test_rates_are_written_between_their_marks(tmp_path):
    nulls = dict.fromkeys(["independent units", "exchanged units", "random networks"], 0.05)
    row = {"kind": "a network", "n_pwl": 3, "n": 200, "overlap": np.nan, **nulls}
    row |= {"single-task networks": np.nan, "all": 0.01, "low": 0.0, "high": 0.036}
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    for _ in range(2):
        write_table(pd.DataFrame([row]), page)
    before, after = PAGE.read_text(encoding="utf-8"), page.read_text(encoding="utf-8")
    assert after.split(BEGIN)[0] == before.split(BEGIN)[0]
    assert after.split(END)[1] == before.split(END)[1]
    line = "| a network | 3 | 200 |  | 5.0 % | 5.0 % | 5.0 % |  | **1.0 %** | 0.0 to 3.6 % |"
    assert after.split(BEGIN)[1].split(END)[0].splitlines()[-1] == line


def test_as_many_units_work_in_each_task_whatever_is_shared():
    rng = np.random.default_rng(0)
    for kind, n_pwl in CELLS:
        counts = usage_of(kind, n_pwl, rng).sum(axis=0)
        assert (counts == (n_pwl if kind == "independent units" else n_pwl // 3)).all(), kind


def test_pairs_that_share_and_others_are_told_apart():
    found = measure(n_networks=1, n_built_in=1, cells=[(TWO, 12)]).set_index("kind")
    assert found["all"].tolist() == [1, 0]
    assert found["overlap"].iloc[0] > found["overlap"].iloc[1]
