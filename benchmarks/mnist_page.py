"""The part of docs/dissect.md on MNIST, from what ``benchmarks.mnist`` keeps."""

import json
from textwrap import fill

import numpy as np

from benchmarks.mnist import COURSES, FOUND, N_LATENT, N_TEST, N_TRAIN, N_VALIDATION

WIDTH = 100
STEPS = {"rowMNIST": "28 steps of 28 pixels", "sMNIST": "784 steps of one pixel"}
HEAD = f"""
## MNIST row by row and pixel by pixel

    python -m benchmarks.mnist sMNIST --path FOLDER --n-pwl 40 --restarts 3
    neuroalrnn dissect rowMNIST --parameter path=FOLDER --n-train 500,2000 --no-fresh --out OUT

The first command trains AL-RNNs of {N_LATENT} latents on all images of four files in a folder, and
goes on from the last finished stage when it is called again. Half of the latents start as perfect
integrators, which the attractor penalty (strength 5) keeps; where P = {N_LATENT}, these are
rectified units that remember above and below zero. {N_TRAIN:,} images train, {N_VALIDATION:,} say
which stage is kept, and the {N_TEST:,} test images are scored once. Multinomial logistic regression
on all pixels has .922 to .926; the released results of Schmidt et al. (2021) for {N_LATENT} fully
rectified units with this penalty, pixel by pixel, have a mean of .955 and a best value of .967 in
15 runs, each at its best test value.
"""


def write_section():
    """Write the part of the page.

    Returns
    -------
    str
        Empty where nothing was run.
    """
    if not FOUND.exists():
        return ""
    found = json.loads(FOUND.read_text(encoding="utf-8"))
    parts = [_task(task, found) for task in COURSES]
    return HEAD + "".join(parts)


def _task(task, found):
    runs = [each for name, each in found.items() if name.startswith(f"{task},")]
    if not runs:
        return ""
    course, setting = COURSES[task], COURSES[task].setting
    per_epoch = N_TRAIN // setting.batch_size
    per_stage = course.n_updates // per_epoch
    said = (
        f"{task}, {STEPS[task]}: batches of {setting.batch_size}, learning rate "
        f"{setting.learning_rate:g}, halved every {setting.halve_every // per_epoch} of at most "
        f"{course.n_stages * per_stage} epochs, gradients cut to norm {setting.clip_norm:g}. Share "
        f"of images told right, mean and range over restarts:"
    )
    lines = [
        "| P | restarts | epochs | held-out | test | least and most |",
        "|---|---|---|---|---|---|",
    ]
    for n_pwl in sorted({each["n_pwl"] for each in runs}):
        mine = [each for each in runs if each["n_pwl"] == n_pwl]
        lines.append(_row(n_pwl, mine, per_stage))
    text = f"\n{fill(said, WIDTH)}\n\n" + "\n".join(lines) + "\n"
    return text + _curve(task, runs, per_stage)


def _row(n_pwl, runs, per_stage):
    test = [each["test"] for each in runs]
    lengths = sorted({per_stage * len(each["nats"]) for each in runs})
    cells = (
        n_pwl, len(runs), " to ".join(str(n) for n in dict.fromkeys((lengths[0], lengths[-1]))),
        f"{np.mean([each['chosen'] for each in runs]):.4f}", f"{np.mean(test):.4f}",
        f"{min(test):.4f}, {max(test):.4f}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _curve(task, runs, per_stage):
    """Learning curve of the longest run."""
    longest = max(runs, key=lambda each: (len(each["nats"]), each["n_pwl"]))
    values = ", ".join(f"{right:.3f}" for right in longest["held_out"])
    said = (
        f"Held-out images told right every {per_stage} epochs, P = {longest['n_pwl']}, restart "
        f"{longest['restart']}: {values}."
    )
    return f"\n{fill(said, WIDTH)}\n"
