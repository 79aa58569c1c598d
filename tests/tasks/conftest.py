"""Running networks in closed form on the tasks of the suite; stand-ins for its files."""

import gzip
import json
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from neuroalrnn.data import encode
from neuroalrnn.network.run import compute_latents


@pytest.fixture(scope="session")
def outputs_of():
    """What a network gives out on trials, shape (trial, time, output), NaN in padding."""

    def run(network, trials):
        sequences = encode(trials, **json.loads(trials.attrs["encoding"]))
        given = compute_latents(network, sequences) @ network.readout.T + network.offset
        real = sequences.trial >= 0
        back = np.full((*trials["epoch"].shape, given.shape[-1]), np.nan)
        back[sequences.trial[real], sequences.step_in_trial[real]] = given[real]
        return back

    return run


@pytest.fixture(scope="session")
def affine_error():
    """Mean squared error of the best affine function of all inputs so far, at one step."""

    def fit(trials, step):
        inputs = trials["inputs"].values[:, : step + 1].reshape(trials.sizes["trial"], -1)
        design = np.c_[np.ones(len(inputs)), inputs]
        target = trials["target"].values[:, step]
        half = len(design) // 2
        weights = np.linalg.lstsq(design[:half], target[:half], rcond=None)[0]
        return ((design[half:] @ weights - target[half:]) ** 2).mean()

    return fit


def write_idx(path, values):
    """Write small numbers as an IDX file."""
    head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, dtype=">u4").tobytes()
    content = head + values.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def carry_out(command):
    """What some commands mean: ``verb [left|right] [twice|thrice]``, joined by and or after."""
    for word, order in ((" and ", 1), (" after ", -1)):
        if word in command:
            return [act for each in command.split(word)[::order] for act in carry_out(each)]
    verb, *rest = command.split()
    once = [f"I_TURN_{each.upper()}" for each in rest if each in ("left", "right")]
    return [*once, f"I_{verb.upper()}"] * (1 + ("twice" in rest) + 2 * ("thrice" in rest))


def commands():
    """Some commands, short ones first."""
    words = ["walk", "look", "run", "jump"], ["", " left", " right"], ["", " twice", " thrice"]
    short = ["".join(each) for each in product(*words)]
    return short + [
        f"{a}{join}{b}" for a in short[:6] for b in short[7:12] for join in (" and ", " after ")
    ]


@pytest.fixture(scope="session")
def given(tmp_path_factory):
    """Parameters that a task needs, by name: the path of a stand-in for its files."""
    folder, rng = tmp_path_factory.mktemp("suite"), np.random.default_rng(0)
    for part, n in (("train", 120), ("t10k", 30)):
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", rng.integers(256, size=(n, 6, 5)))
        write_idx(folder / f"{part}-labels-idx1-ubyte", rng.integers(10, size=n))
    signals = {"x": rng.standard_normal((120, 40)), "x_test": rng.standard_normal((30, 40))}
    labels = {"y": rng.integers(10, size=120), "y_test": rng.integers(10, size=30)}
    np.savez(folder / "mnist1d.npz", **signals, **labels)
    n_frames = rng.integers(3, 9, size=120)
    np.savez(
        folder / "fsdd_mfcc13.npz",
        mfcc_q=rng.integers(-127, 127, size=(n_frames.sum(), 13)).astype(np.int8),
        scale=np.linspace(0.1, 1, 13),
        offset=np.linspace(-5, 5, 13),
        n_frames=n_frames,
        label=rng.integers(10, size=120),
        speaker=np.repeat(["ann", "bob", "eve"], 40),
    )
    for sign, word in (("neg", "bad"), ("pos", "good")):
        lines = [f"a {word} film no {sign}{k} , {'very ' * (k % 4)}caf\u00e9" for k in range(80)]
        text = "\n".join(lines) + "\n"
        (folder / f"rt-polarity.{sign}.gz").write_bytes(gzip.compress(text.encode("latin-1")))
    for part, kept in (("train", slice(None, None, 1)), ("test", slice(0, 30))):
        lines = [f"IN: {each} OUT: {' '.join(carry_out(each))}" for each in commands()[kept]]
        (folder / f"tasks_{part}_simple.txt").write_text("\n".join(lines), encoding="utf-8")

    def given(task):
        if task.name == "environment":
            return {"environment": Gym()}
        return {"path": str(folder)} if "path" in task.parameters else {}

    return given


class Gym:
    """An environment as neurogym has them: a sign is shown for a while, then asked for."""

    dt = 100
    action_space = SimpleNamespace(n=3)

    def seed(self, seed):
        self.rng = np.random.default_rng(seed)

    def new_trial(self):
        self.sign = self.rng.integers(2)
        length = self.rng.integers(2, 5)
        self.start_ind = {"fixation": 0, "stimulus": 1, "decision": 1 + length}
        self.end_ind = {"fixation": 1, "stimulus": 1 + length, "decision": 2 + length}
        self.ob, self.gt = np.zeros((2 + length, 2)), np.zeros(2 + length, dtype=int)
        self.ob[:-1, 0], self.ob[1 : 1 + length, 1] = 1, 2 * self.sign - 1
        self.gt[-1] = 1 + self.sign
