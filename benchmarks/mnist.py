"""MNIST row by row and pixel by pixel: how few PWL units keep what a fully rectified network does.

Networks of 40 latents start as half perfect integrators, and the attractor penalty keeps half of
them near that. They are trained in stages, each from the best check of the one before; finished
stages are kept, and the same call goes on from there. All is chosen on held-out training images;
test images are scored once, at the end.
"""

import argparse
import io
import json
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.record import update
from neuroalrnn.config import Setting
from neuroalrnn.dissect._sets import TEST, TRAIN, Source
from neuroalrnn.fit import Jobs, Observations, compute_eta, train
from neuroalrnn.model import ALRNN_ARCHITECTURE, no_scaling, stack
from neuroalrnn.ops import Weights
from neuroalrnn.study.engine import Engine, one_torch_thread

logger = logging.getLogger(__name__)
FOUND = Path(__file__).with_name("mnist.json")
N_VALIDATION, N_TRAIN, N_TEST, N_CLASSES = 5000, 55000, 10000, 10
N_LATENT = 40
# images that are scored at once
AT_ONCE = 512
DTYPE = torch.float32


@dataclass(frozen=True)
class Course:
    """How networks of a task are trained.

    Attributes
    ----------
    setting : Setting
        Of one stage.
    n_stages : int
        Number of stages.
    """

    setting: Setting
    n_stages: int

    @property
    def n_updates(self):
        """Updates of one stage."""
        return self.setting.check_every * self.setting.max_checks

    def stage_setting(self, stage):
        """Setting of a stage, whose learning rate goes on from where the last one stopped."""
        halvings = stage * self.n_updates / self.setting.halve_every
        rate = self.setting.learning_rate * 0.5**halvings
        return self.setting.model_copy(update={"learning_rate": rate})


def _course(n_stages, n_epochs, halve_after, **values):
    """Stages of some epochs with two checks per epoch, all of which are made."""
    per_epoch = N_TRAIN // values["batch_size"]
    setting = Setting(
        n_latent=N_LATENT, n_pwl=N_LATENT, convention="free", initialisation="identity",
        attractor=5.0, check_every=per_epoch // 2, max_checks=2 * n_epochs,
        patience=2 * n_epochs, halve_every=halve_after * per_epoch, **values,
    )  # fmt: skip
    return Course(setting, n_stages)


COURSES = {
    "rowMNIST": _course(4, 5, 5, learning_rate=0.003, batch_size=96),
    "sMNIST": _course(12, 2, 8, learning_rate=0.0005, batch_size=32),
}


def observe(task, path, part, n_images):
    """Load images as tensors.

    `neuroalrnn.dissect` encodes trials of any kind, of which 60,000 with 784 steps need 15 GB.

    Parameters
    ----------
    task : str
        In `COURSES`.
    path : path-like
        Folder of the files.
    part : int
        `TRAIN` or `TEST`.
    n_images : int

    Returns
    -------
    Observations
        As `make_observations` makes them, for the loss at the last step.
    """
    drawn = Source(task, {"path": str(path)}, 0).draw(part, n_images)
    n_steps, label = drawn.trials.sizes["time"], drawn.trials["choice"].values.astype(int)
    ones = torch.ones(n_images, dtype=torch.int64)
    return Observations(
        inputs=_with_empty(torch.as_tensor(drawn.trials["inputs"].values, dtype=DTYPE)),
        choice=_with_empty(torch.as_tensor(label, dtype=DTYPE))[None],
        scored=_with_empty(ones.to(DTYPE))[None],
        n_scored=_with_empty(ones),
        read_steps=torch.tensor([n_steps - 1]),
        n_steps=_with_empty(n_steps * ones),
        subject=torch.zeros(n_images + 1, dtype=torch.int64),
        observation_model=drawn.explained,
        values={
            str(k): _with_empty(torch.as_tensor(label == k, dtype=DTYPE), torch.nan)[None]
            for k in range(N_CLASSES)
        },
    )


def _with_empty(values, empty=0):
    return torch.cat([values, torch.full_like(values[:1], empty)])


def draw(course, n_pwl, n_features, restart):
    """Draw a network to start from.

    Parameters
    ----------
    course : Course
    n_pwl, n_features, restart : int

    Returns
    -------
    Weights
        With a model axis.
    """
    one = ALRNN_ARCHITECTURE.draw(
        course.setting, n_pwl, n_features, offset=np.zeros(N_CLASSES), is_known=None,
        rng=np.random.default_rng([0, restart]),
    )  # fmt: skip
    return stack([one])


def train_stage(course, observations, weights, n_pwl, restart, stage, engine):
    """Train one network for one stage.

    Parameters
    ----------
    course : Course
    observations : Observations
        Held-out images first.
    weights : Weights
    n_pwl, restart, stage : int
    engine : Engine

    Returns
    -------
    dict of str to array
        Weights of the best check, and curves: nats per image.
    """
    no_scale = no_scaling(1, observations.inputs.shape[2])
    setting, n_images = course.stage_setting(stage), len(observations.n_steps) - 1
    n_validation = min(N_VALIDATION, n_images // 2)
    jobs = Jobs(
        weights=Weights(*(part.to(DTYPE) for part in weights)),
        scaling=no_scale,
        observed=no_scale,
        n_pwl=torch.tensor([n_pwl]),
        settings=[setting],
        train=[np.arange(n_validation, n_images)],
        validate=[np.arange(n_validation)],
        n_checks=np.array([setting.max_checks]),
        group=np.array([0]),
        seeds=[[0, restart, stage]],
    )
    with one_torch_thread():
        found = train(
            jobs, observations, setting, scan=engine.backend.scan(1),
            on_check=lambda n_models, score: logger.info("check: %.4f nats", score),
        )  # fmt: skip
        right = accuracy(found.best, n_pwl, observations, n_validation, engine)
    return {
        "train": found.train_score[0],
        "validation": np.nansum(found.validation[0, :, :n_validation], axis=1) / n_validation,
        "accuracy": np.array(right),
        "diverged": found.diverged,
        **{name: part[0].numpy() for name, part in found.best._asdict().items()},
    }


def accuracy(weights, n_pwl, observations, n_images, engine):
    """Share of the first images that are told right.

    Parameters
    ----------
    weights : Weights
    n_pwl : int
    observations : Observations
    n_images : int
    engine : Engine

    Returns
    -------
    float
    """
    weights = Weights(*(part.to(DTYPE) for part in weights))
    scan, label, n_right = engine.backend.scan(1), observations.choice[0], 0
    with torch.no_grad():
        for index in torch.arange(n_images).split(AT_ONCE):
            eta = compute_eta(weights, torch.tensor([n_pwl]), observations, index[None], scan=scan)
            n_right += int((eta[0, -1].argmax(-1) == label[index]).sum())
    return n_right / n_images


def run(course, observations, n_pwl, restart, folder, engine):
    """Train one network through all stages, from where it stopped before.

    Parameters
    ----------
    course : Course
    observations : Observations
    n_pwl, restart : int
    folder : pathlib.Path
        Receives one file per stage.
    engine : Engine

    Returns
    -------
    list of dict
        What `train_stage` found.
    """
    stages = []
    weights = draw(course, n_pwl, observations.inputs.shape[2], restart)
    for stage in range(course.n_stages):
        file = folder / f"P{n_pwl}-{restart}-{stage:02}.npz"
        setting = course.stage_setting(stage).model_copy(update={"n_pwl": n_pwl})
        if not file.exists():
            found = train_stage(course, observations, weights, n_pwl, restart, stage, engine)
            _save(file, found | {"asked": setting.model_dump_json()})
        with np.load(file) as arrays:
            found = dict(arrays)
        # settings that are newer than the file were at their defaults
        if Setting(**json.loads(str(found["asked"]))) != setting:
            raise SystemExit(f"{file} is of other settings: name another folder")
        stages.append(found)
        weights = weights_of(found)
        best = found["validation"].max()
        logger.info("%s: %.4f nats, %.4f right", file.stem, best, found["accuracy"])
    return stages


def weights_of(found):
    """Weights of a stage, with a model axis."""
    return Weights(*(torch.as_tensor(found[name])[None] for name in Weights._fields))


def _save(file, arrays):
    """Write a file whole or not at all."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    partial.write_bytes(content.getvalue())
    os.replace(partial, file)


def summarise(n_pwl, restart, stages, test, engine):
    """What the page needs of a network; test images are scored with the best stage.

    Parameters
    ----------
    n_pwl, restart : int
    stages : list of dict
        Of `run`.
    test : Observations
        Test images.
    engine : Engine

    Returns
    -------
    dict
    """
    best = max(stages, key=lambda found: found["validation"].max())
    n_test = len(test.n_steps) - 1
    return {
        "n_pwl": n_pwl,
        "restart": restart,
        "nats": [round(float(found["validation"].max()), 4) for found in stages],
        "held_out": [float(found["accuracy"]) for found in stages],
        "chosen": float(best["accuracy"]),
        "test": accuracy(weights_of(best), n_pwl, test, n_test, engine),
    }


def main():
    """Train what is named, score it, and keep what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=COURSES)
    parser.add_argument("--path", type=Path, required=True, help="folder of the four files")
    parser.add_argument("--n-pwl", type=int, nargs="+", default=[N_LATENT])
    parser.add_argument("--restarts", type=int, default=1)
    parser.add_argument("--stages", type=int, help="train for fewer stages")
    parser.add_argument("--out", type=Path, default=Path("results/mnist"))
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    engine, course = Engine.choose("auto", 1, 2**30), COURSES[given.task]
    if given.stages:
        course = replace(course, n_stages=given.stages)
    known = observe(given.task, given.path, TRAIN, N_VALIDATION + N_TRAIN)
    test = observe(given.task, given.path, TEST, N_TEST)
    for restart in range(given.restarts):
        for n_pwl in given.n_pwl:
            stages = run(course, known, n_pwl, restart, given.out / given.task, engine)
            name = f"{given.task}, P = {n_pwl}, restart {restart}"
            update(FOUND, {name: summarise(n_pwl, restart, stages, test, engine)})


if __name__ == "__main__":
    main()
