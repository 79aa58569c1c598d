"""The page on dissected tasks."""

import json
import shlex

import pytest

from benchmarks.dissections import COMMANDS, FOUND, PAGE, RUNS, write_page
from neuroalrnn.cli import main
from neuroalrnn.config import Setting
from neuroalrnn.dissect.plan import DEFAULT, make_plan
from neuroalrnn.exceptions import ConfigError
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


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_start_the_same_run(name, tmp_path, monkeypatch):
    asked = {}

    def stop(task, **options):
        asked.update(options, task=task)
        raise ConfigError("far enough")

    monkeypatch.setattr("neuroalrnn.dissect.dissect", stop)
    words = shlex.split(COMMANDS[name].replace("\\\n", " "))
    assert words[0] == "neuroalrnn"
    with pytest.raises(SystemExit):
        main([str(tmp_path / "new") if each == "FOLDER" else each for each in words[1:]])
    task, options, changed = RUNS[name]
    assert asked["task"] == task
    assert {each: asked[each] for each in options} == options
    assert asked["setting"] == Setting(**DEFAULT.model_dump(exclude={"n_pwl"}) | changed)
