"""The page on dissected tasks."""

import json

import pytest

from benchmarks.dissections import FOUND, PAGE, RUNS, write_page
from neuroalrnn.config import Setting
from neuroalrnn.dissect.plan import DEFAULT, make_plan
from neuroalrnn.tasks import TASKS


def test_page_is_what_was_found():
    results = json.loads(FOUND.read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == write_page(results)
    assert set(results) <= set(RUNS)


def test_linear_networks_never_beat_their_floor():
    for name, each in json.loads(FOUND.read_text(encoding="utf-8")).items():
        if not TASKS[each["task"]].affine:  # the floor is of what has no memory, or no rule
            continue
        linear = each["linear"]
        sign = -1 if linear["measure"] == "mse" else 1
        assert sign * linear["best"] < sign * linear["floor"] + 0.01, name


@pytest.mark.parametrize("name", RUNS)
def test_every_run_can_be_started(name):
    task, options, changed = RUNS[name]
    setting = Setting(**DEFAULT.model_dump(exclude={"n_pwl"}) | changed)
    assert make_plan(task, setting=setting, **options).grid[0] == 0
