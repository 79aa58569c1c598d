"""The part of docs/dissect.md on MNIST, from what ``benchmarks.mnist`` keeps."""

import json
from textwrap import fill

import numpy as np

from benchmarks.mnist import COURSES, FOUND, N_LATENT, N_TEST, N_TRAIN, N_VALIDATION

WIDTH = 100
# what settings were chosen by, and what is missing
SAID = {
    "rowMNIST": (
        "Of the test images, 10 PWL units tell right what 40 do, 5 a little less and 2 less; a "
        "network without any stays below the logistic regression. Over images a share has a "
        "standard error of .002; over restarts it is not known, as there is one each, trained for "
        "5 epochs (`--stages 1`). Tried before, held-out images told right after 6 passes over "
        "20,000 images, P = 40: learning rate .001 .922 to .923, .003 .956 to .958 with penalties "
        "of 0, .1, 1 and 5."
    ),
    "sMNIST": (
        "This is one restart at a fixed length of training, below the released mean, and no P "
        "below 40 was trained: what few PWL units keep here is not known. Held-out accuracy still "
        "rose by .003 over the last six epochs, in which the learning rate fell to an eighth. "
        "An epoch of 60,000 images takes 30 s of one core that is shared. Tried before, held-out "
        "nats and images told right after 4 passes over 10,000 images in batches of 100: penalty "
        "0, learning rate .003 -1.10 and .601; penalty 5, learning rates .01, .003 and .001 -1.40 "
        "and .457, -1.01 and .656, -.80 and .696. Smaller batches and rates learnt faster: "
        "after one pass over 20,000 images, batches of 50 at .001 had -.87, and with weaker input "
        "weights batches of 100 and 50 at .001 -.97 and -.98, of 25 at .0005 -.85."
    ),
}
STEPS = {"rowMNIST": "28 steps of 28 pixels", "sMNIST": "784 steps of one pixel"}
HEAD = """
## MNIST row by row and pixel by pixel

    python -m benchmarks.mnist sMNIST --path FOLDER --n-pwl 40 --restarts 3
    neuroalrnn dissect rowMNIST --parameter path=FOLDER --n-train 500,2000 --no-fresh --out OUT

"""
ABOUT = (
    f"The first command trains AL-RNNs of {N_LATENT} latents on all images of four files in a "
    "folder, and goes on from the last finished stage when it is called again. Half of the latents "
    "start as perfect integrators, and the attractor penalty (strength 5) keeps half of the linear "
    f"ones near that; where P = {N_LATENT}, half of all, which are to remember above and below "
    f"zero. {N_TRAIN:,} images train, {N_VALIDATION:,} say which check is kept, and the "
    f"{N_TEST:,} test images are scored once, at the end. Multinomial logistic regression on all "
    f"pixels has .922 to .926. Released results of Schmidt et al. (2021) for {N_LATENT} fully "
    "rectified units with this penalty, pixel by pixel, have a mean of .955 and a best value of "
    ".967 in 15 runs, each at its best test value."
)


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
    return f"{HEAD}{fill(ABOUT, WIDTH)}\n" + "".join(parts)


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
    """Learning curve of the longest run, and what is to be said."""
    longest = max(runs, key=lambda each: (len(each["nats"]), each["n_pwl"]))
    if len(longest["held_out"]) < 2:
        return f"\n{fill(SAID[task], WIDTH)}\n"
    values = ", ".join(f"{right:.3f}" for right in longest["held_out"])
    said = (
        f"Held-out images told right every {per_stage} epochs, P = {longest['n_pwl']}, restart "
        f"{longest['restart']}: {values}."
    )
    return f"\n{fill(said, WIDTH)}\n\n{fill(SAID[task], WIDTH)}\n"
