"""Images and spoken digits as sequences that are to be told apart at their last step."""

from math import prod
from pathlib import Path

import numpy as np

from neuroalrnn.arguments import unknown
from neuroalrnn.exceptions import ConfigError, DataError, problems
from neuroalrnn.tasks._suite.files import (
    find_file,
    pick,
    read_arrays,
    read_bytes,
    read_once,
)
from neuroalrnn.tasks._suite.task import Drawn, Scores, Task

DIGITS = tuple("0123456789")
# mean and standard deviation of the pixels of MNIST, from 0 to 1
MEAN, SPREAD = 0.1307, 0.3081
KINDS = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
MNIST = "the MNIST files of Y. LeCun, C. Cortes and C. Burges, four in one folder"
MNIST_1D = "github.com/greydanus/mnist1d, its arrays x, y, x_test and y_test in one .npz file"
SPEECH = (
    "the Free Spoken Digit Dataset, as 13 mel-frequency cepstral coefficients of 10 ms: arrays "
    "mfcc_q, scale, offset, n_frames, label and speaker in one .npz file"
)
# seconds from one frame of speech to the next
FRAME = 0.01


def read_idx(path: Path) -> np.ndarray:
    """Read an array in IDX format, packed or not.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    array
        With the shape that the file says.

    Raises
    ------
    DataError
        It is no such file, or is cut.
    """
    content = read_bytes(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in KINDS:
        raise problems(DataError, str(path), ["does not begin as an IDX file does"])
    n_dims = content[3]
    shape = tuple(int(n) for n in np.frombuffer(content[4 : 4 + 4 * n_dims], dtype=">u4"))
    kind, values = np.dtype(KINDS[content[2]]), content[4 + 4 * n_dims :]
    if len(shape) != n_dims or len(values) != prod(shape) * kind.itemsize:
        text = f"is {len(values)} bytes long after its header, which says {shape} of {kind}"
        raise problems(DataError, str(path), [text])
    return np.frombuffer(values, dtype=kind).reshape(shape)


def _mnist(path, part):
    """Normalised images (item, row, column) and labels."""
    start = {"train": "train", "test": "t10k"}[part]
    read = []
    for what in ("images-idx3", "labels-idx1"):
        names = [f"{start}-{what}-ubyte", f"{start}-{what.replace('-idx', '.idx')}-ubyte"]
        if path is not None and Path(path).is_file():
            raise problems(ConfigError, "path", [f"{path} is a file, expected the folder of four"])
        read.append(read_once(read_idx, find_file(path, names, MNIST)))
    images, labels = read
    if images.ndim != 3 or len(images) != len(labels):
        text = f"images {images.shape} and labels {labels.shape} do not belong together"
        raise problems(DataError, str(path), [text])
    return images, labels


def _draw_rows(n_trials, rng, *, path=None, part="train"):
    images, labels = _mnist(path, part)
    picked = pick(n_trials, len(images), rng.spawn(1)[0])
    names = tuple(f"column {k + 1}" for k in range(images.shape[2]))
    return _classified(_normal(images[picked]), labels[picked], names)


def _draw_pixels(n_trials, rng, *, path=None, part="train", permutation=None):
    """Draw images pixel by pixel, in an order that the seed `permutation` gives, or as they are."""
    images, labels = _mnist(path, part)
    picked = pick(n_trials, len(images), rng.spawn(1)[0])
    pixels = _normal(images[picked].reshape(n_trials, -1))
    if permutation is not None:
        pixels = pixels[:, np.random.default_rng(permutation).permutation(pixels.shape[1])]
    return _classified(pixels[..., None], labels[picked], ("pixel",))


def _normal(pixels):
    return (pixels / 255 - MEAN) / SPREAD


def _draw_one_dimension(n_trials, rng, *, path=None, part="train"):
    end = {"train": "", "test": "_test"}[part]
    file = find_file(path, ["mnist1d.npz"], MNIST_1D)
    signals, labels = read_once(read_arrays, file, f"x{end}", f"y{end}")
    picked = pick(n_trials, len(signals), rng.spawn(1)[0])
    return _classified(signals[picked][..., None].astype(float), labels[picked], ("value",))


def _draw_speech(n_trials, rng, *, path=None, part="train", held_out=None):
    """Draw digits: for a test those of the speakers held out, else those of all others.

    Both are scaled by the frames of the speakers that are not held out.
    """
    names = ("mfcc_q", "scale", "offset", "n_frames", "label", "speaker")
    file = find_file(path, ["fsdd_mfcc13.npz"], SPEECH)
    coded, scale, offset, n_frames, label, speaker = read_once(read_arrays, file, *names)
    is_out = _of_speakers(speaker.astype(str), held_out, part)
    frames, start = coded * scale.astype(float) + offset, np.cumsum(n_frames) - n_frames
    known = frames[np.repeat(~is_out, n_frames)]
    frames = (frames - known.mean(axis=0)) / known.std(axis=0)
    chosen = np.flatnonzero(is_out if part == "test" else ~is_out)
    picked = chosen[pick(n_trials, len(chosen), rng.spawn(1)[0])]
    steps, n_steps = np.arange(n_frames.max()), n_frames[picked].astype(int)
    place = np.minimum(start[picked][:, None] + steps, len(frames) - 1)
    features = tuple(f"coefficient {k + 1}" for k in range(frames.shape[1]))
    drawn = _classified(frames[place], label[picked], features, n_steps, FRAME)
    drawn.parameters["speaker"] = speaker[picked].astype(str)
    return drawn


def _of_speakers(speaker, held_out, part):
    """Which recordings are of speakers held out; refuse a test, or a training, of nobody."""
    known, names = sorted(set(speaker)), held_out or []
    found = [unknown(name, known) for name in names if name not in known]
    if part == "test" and not names:
        found.append(f"name the speakers of the test, of {', '.join(known)}")
    if set(names) == set(known):
        found.append("all speakers are held out: leave some for training")
    if found:
        raise problems(ConfigError, "held_out", found)
    return np.isin(speaker, names)


def _classified(inputs, labels, features, n_steps=None, dt=1.0):
    """Trials whose class is asked for at the last step."""
    if not np.isin(labels, np.arange(len(DIGITS))).all():
        raise problems(DataError, "labels", ["the file has labels other than 0 to 9"])
    n_trials, longest = inputs.shape[:2]
    length = np.full(n_trials, longest) if n_steps is None else n_steps
    is_last = np.arange(longest) == length[:, None] - 1
    one_hot = np.eye(len(DIGITS), dtype=np.int8)[labels]
    return Drawn(
        inputs=inputs,
        target=is_last[..., None] * one_hot[:, None],
        scored=is_last,
        epoch=is_last.astype(int),
        n_steps=length,
        features=features,
        outputs=DIGITS,
        epochs=("stimulus", "response"),
        choice=labels,
        labels=DIGITS,
        dt=dt,
    )


def _logistic_on_pixels() -> Scores:
    return {"accuracy": 0.926}


def _logistic_on_signals() -> Scores:
    return {"accuracy": 0.33}


def _ridge_on_frames() -> Scores:
    return {"accuracy": 0.756}


def _perfect() -> Scores:
    return {"accuracy": 1.0, "nats": 0.0}


def _task(name, draw, floor, source):
    return Task(
        name=name,
        draw=draw,
        loss="categorical",
        measures=("accuracy", "nats"),
        source=source,
        floor_of=floor,
        ceiling_of=_perfect,
        affine=name != "spoken digits",
        at_once=True,
    )


SEQUENCES = (
    _task("rowMNIST", _draw_rows, _logistic_on_pixels, MNIST),
    _task("sMNIST", _draw_pixels, _logistic_on_pixels, MNIST),
    _task("MNIST-1D", _draw_one_dimension, _logistic_on_signals, MNIST_1D),
    _task("spoken digits", _draw_speech, _ridge_on_frames, SPEECH),
)
