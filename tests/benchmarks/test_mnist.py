"""The command that trains on MNIST, on stand-ins for its files."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks import mnist, mnist_page
from neuroalrnn.dissect._sets import TEST, TRAIN, Source
from neuroalrnn.study.engine import Engine


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images whose brightest row is their class."""
    folder, rng = tmp_path_factory.mktemp("mnist"), np.random.default_rng(0)
    for part, n in (("train", 60), ("t10k", 20)):
        label = rng.integers(10, size=n)
        images = rng.integers(60, size=(n, 10, 4))
        images[np.arange(n), label] = 250
        for name, values in (("images-idx3", images), ("labels-idx1", label)):
            head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, dtype=">u4").tobytes()
            (folder / f"{part}-{name}-ubyte").write_bytes(head + values.astype(np.uint8).tobytes())
    return folder


@pytest.fixture(scope="module")
def engine():
    return Engine.choose("torch_eager", 1, 2**30)


@pytest.mark.parametrize("task", mnist.COURSES)
def test_images_are_observed_as_dissect_observes_them(folder, task):
    own = mnist.observe(task, folder, TRAIN, 30)
    other = Source(task, {"path": str(folder)}, 0).draw(TRAIN, 30).observations("float32")
    for name in ("inputs", "scored", "n_scored", "read_steps", "n_steps", "subject"):
        assert torch.equal(getattr(own, name), getattr(other, name)), name
    for name, values in other.values.items():
        torch.testing.assert_close(own.values[name], values, equal_nan=True)
    drawn = Source(task, {"path": str(folder)}, 0).draw(TRAIN, 30).trials["choice"].values
    assert own.choice[0, :-1].tolist() == drawn.tolist()


def test_training_goes_on_from_the_last_stage_and_refuses_other_settings(
    folder, engine, tmp_path, monkeypatch
):
    monkeypatch.setattr(mnist, "N_VALIDATION", 20)
    setting = mnist.COURSES["rowMNIST"].setting.model_copy(
        update={"batch_size": 8, "check_every": 3, "max_checks": 2, "n_latent": 6}
    )
    course, known = mnist.Course(setting, 3), mnist.observe("rowMNIST", folder, TRAIN, 60)
    whole = mnist.run(course, known, 2, 0, tmp_path / "whole", engine)
    mnist.run(replace(course, n_stages=1), known, 2, 0, tmp_path / "parts", engine)
    parts = mnist.run(course, known, 2, 0, tmp_path / "parts", engine)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_equal(one, other)
    assert len({found["weight"].tobytes() for found in whole}) > 1
    faster = setting.model_copy(update={"learning_rate": 1.0})
    with pytest.raises(SystemExit, match="other settings"):
        mnist.run(mnist.Course(faster, 3), known, 2, 0, tmp_path / "parts", engine)


def test_a_network_learns_and_is_scored_at_its_best_stage(folder, engine, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "N_VALIDATION", 20)
    setting = mnist.COURSES["rowMNIST"].setting.model_copy(
        update={"batch_size": 20, "check_every": 100, "max_checks": 2, "halve_every": 1000}
    )
    course, known = mnist.Course(setting, 2), mnist.observe("rowMNIST", folder, TRAIN, 60)
    stages = mnist.run(course, known, 40, 0, tmp_path, engine)
    test = mnist.observe("rowMNIST", folder, TEST, 20)
    found = mnist.summarise(40, 0, stages, test, engine)
    assert found["chosen"] == found["held_out"][int(np.argmax(found["nats"]))]
    assert found["test"] >= 0.7  # chance is 0.1
    spoilt = [stages[0] | {"validation": stages[0]["validation"] - 9, "offset": np.eye(10)[0] * 99}]
    assert mnist.summarise(40, 0, spoilt + stages[1:], test, engine)["test"] >= 0.7
    assert mnist.summarise(40, 0, spoilt, test, engine)["test"] < 0.4


def test_learning_rate_goes_on_where_the_last_stage_stopped():
    course = mnist.COURSES["sMNIST"]
    rates = [course.stage_setting(stage).learning_rate for stage in range(3)]
    assert rates[0] == course.setting.learning_rate
    ratio = 0.5 ** (course.n_updates / course.setting.halve_every)
    assert rates[2] / rates[1] == pytest.approx(ratio)


def test_the_page_has_means_and_the_curve(tmp_path, monkeypatch):
    runs = {
        f"sMNIST, P = 5, restart {k}": {
            "n_pwl": 5, "restart": k, "nats": [-1.0, -0.5], "held_out": [0.5, 0.75],
            "chosen": 0.75, "test": test,
        }
        for k, test in enumerate((0.7, 0.8))
    }  # fmt: skip
    file = tmp_path / "mnist.json"
    monkeypatch.setattr(mnist_page, "FOUND", file)
    assert mnist_page.write_section() == ""
    file.write_text(json.dumps(runs))
    text = mnist_page.write_section()
    assert "| 5 | 2 | 4 | 0.7500 | 0.7500 | 0.7000, 0.8000 |" in text
    assert "0.500, 0.750." in text
    assert "rowMNIST, 28 steps" not in text
