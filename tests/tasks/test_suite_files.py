"""Tasks that are made from files: what is read is what the files say, and broken ones are named."""

import gzip
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.tasks import TASKS

FROM_FILE = [name for name, task in TASKS.items() if "path" in task.parameters]


def read_images(folder, part):
    """Images and labels of a stand-in, byte by byte."""
    packed = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    n = int.from_bytes(packed[4:8], "big")
    images = np.array(list(packed[16:])).reshape(n, 6, 5)
    return images, list((folder / f"{part}-labels-idx1-ubyte").read_bytes()[8:])


@pytest.fixture
def folder(given, tmp_path):
    """A copy of the stand-ins that can be spoilt."""
    return copytree(Path(given(TASKS["sMNIST"])["path"]), tmp_path / "files")


@pytest.mark.parametrize(("part", "file"), [("train", "train"), ("test", "t10k")])
def test_images_are_those_of_the_file_each_once(folder, part, file):
    images, labels = read_images(folder, file)
    rows = TASKS["rowMNIST"].simulate(len(images), rng=1, path=folder, part=part)
    pixels = TASKS["sMNIST"].simulate(len(images), rng=1, path=folder, part=part)
    seen = np.round((rows["inputs"].values * 0.3081 + 0.1307) * 255).astype(int)
    assert np.array_equal(pixels["inputs"].values[..., 0], rows["inputs"].values.reshape(-1, 30))
    expected = {(image.tobytes(), label) for image, label in zip(images, labels, strict=True)}
    found = zip(seen, rows["choice"].values.astype(int), strict=True)
    assert {(image.tobytes(), label) for image, label in found} == expected
    at_the_end = pixels["target"].values[:, -1].argmax(axis=-1)
    assert np.array_equal(at_the_end, pixels["choice"].values)


def test_a_permutation_is_the_same_for_all_images(folder):
    plain, shuffled, again = (
        TASKS["sMNIST"].simulate(20, rng=1, path=folder, permutation=seed)["inputs"].values[..., 0]
        for seed in (None, 7, 7)
    )
    order = [np.flatnonzero((plain == column[:, None]).all(axis=0))[0] for column in shuffled.T]
    assert sorted(order) == list(range(30))
    assert order != list(range(30))
    assert np.array_equal(shuffled, again)


def test_signals_are_those_of_the_file(folder):
    trials = TASKS["MNIST-1D"].simulate(30, rng=1, path=folder, part="test")
    with np.load(folder / "mnist1d.npz") as file:
        place = [np.flatnonzero((file["x_test"] == each).all(axis=1))[0]
                 for each in trials["inputs"].values[..., 0]]  # fmt: skip
        assert sorted(place) == list(range(30))
        assert np.array_equal(file["y_test"][place], trials["choice"].values)


def test_speech_is_scaled_by_the_speakers_of_training(folder):
    task = TASKS["spoken digits"]
    train = task.simulate(80, rng=0, path=folder, held_out=["eve"])
    assert set(train["speaker"].values) == {"ann", "bob"}
    real = train["epoch"].values >= 0
    assert np.allclose(train["inputs"].values[real].mean(axis=0), 0)
    assert np.allclose(train["inputs"].values[real].std(axis=0), 1)
    test = task.simulate(40, rng=0, path=folder, held_out=["eve"], part="test")
    assert set(test["speaker"].values) == {"eve"}
    with np.load(folder / "fsdd_mfcc13.npz") as file:
        frames = file["mfcc_q"] * file["scale"] + file["offset"]
        start = np.cumsum(file["n_frames"]) - file["n_frames"]
        known = frames[: start[80]]
        expected = {
            ((frames[s : s + n] - known.mean(axis=0)) / known.std(axis=0)).round(6).tobytes()
            for s, n in zip(start[80:], file["n_frames"][80:], strict=True)
        }
    found = {
        row[:n].round(6).tobytes()
        for row, n in zip(test["inputs"].values, test["n_steps"].values, strict=True)
    }
    assert found == expected
    everybody = task.simulate(120, rng=0, path=folder)
    assert set(everybody["speaker"].values) == {"ann", "bob", "eve"}


@pytest.mark.parametrize(
    ("held_out", "part", "said"),
    [
        (["zoe"], "train", "'zoe'"),
        (None, "test", "name the speakers of the test, of ann, bob, eve"),
        (["ann", "bob", "eve"], "train", "all speakers are held out"),
    ],
)
def test_a_test_of_speech_names_who_speaks(folder, held_out, part, said):
    with pytest.raises(ConfigError, match=said):
        TASKS["spoken digits"].simulate(2, rng=0, path=folder, held_out=held_out, part=part)


def test_words_of_reviews_come_from_the_training_folds(folder):
    task = TASKS["sentiment"]
    train = task.simulate(144, rng=0, path=folder, fold=3)
    test = task.simulate(16, rng=0, path=folder, fold=3, part="test")
    words = list(train["feature"].values)
    assert words == list(test["feature"].values)
    assert words[0] == "(unknown)"
    assert {"a", "bad", "good", "film", "no", ",", "very", "caf\u00e9"} == set(words[1:])
    for row in range(16):
        shown = test["inputs"].values[row, : test["n_steps"].values[row]]
        assert (shown.sum(axis=1) == 1).all()
        text = [words[k] for k in shown.argmax(axis=1)]
        assert text[:5] == [
            "a",
            "good" if test["choice"][row] else "bad",
            "film",
            "no",
            "(unknown)",
        ]
    few = task.simulate(5, rng=0, path=folder, n_words=2)
    assert list(few["feature"].values) == ["(unknown)", "very", ","]


def test_commands_are_read_then_carried_out(folder):
    task = TASKS["SCAN"]
    lines = (folder / "tasks_train_simple.txt").read_text(encoding="utf-8").split("\n")
    trials = task.simulate(len(lines), rng=0, path=folder)
    names, actions = trials["feature"].values, trials["output"].values
    found = set()
    for trial in range(len(lines)):
        row = trials.isel(trial=trial)
        n, inputs = row["n_words"].item(), row["inputs"].values
        words = [names[k] for k in inputs[:n].argmax(axis=1)]
        steps = range(n, row["n_steps"].item())
        asked = [actions[row["target"].values[step].argmax()] for step in steps]
        assert asked[-1] == "end"
        assert np.array_equal(np.flatnonzero(row["scored"].values), list(steps))
        last = [names[14:][inputs[step, 14:].argmax()] for step in steps[1:]]
        assert last == [f"last {name}" for name in asked[:-1]]
        assert inputs[list(steps), 13].all()
        assert not inputs[n, 14:].any()
        found.add(f"IN: {' '.join(words)} OUT: {' '.join(asked[:-1])}")
    assert found == set(lines)
    right = 9.0 * trials["target"].values
    assert task.score(trials, right)["whole"] == 1
    right[0, trials["n_steps"].values[0] - 1] = 0
    assert task.score(trials, right)["whole"] == 1 - 1 / len(lines)


@pytest.mark.parametrize("name", FROM_FILE)
def test_missing_files_are_named(name, tmp_path):
    with pytest.raises(ConfigError, match="path is missing: give the file"):
        TASKS[name].simulate(2, rng=0)
    with pytest.raises(DataError, match="holds none of"):
        TASKS[name].simulate(2, rng=0, path=tmp_path)


@pytest.mark.parametrize("name", FROM_FILE)
def test_more_trials_than_items_and_unknown_parts_are_refused(name, folder):
    with pytest.raises(DataError, match="9999 trials asked for, the file has"):
        TASKS[name].simulate(9999, rng=0, path=folder)
    if "part" in TASKS[name].parameters:
        with pytest.raises(ConfigError, match="'dev'"):
            TASKS[name].simulate(2, rng=0, path=folder, part="dev")


BROKEN = {
    "head": ("sMNIST", "train-labels-idx1-ubyte", b"PNG" * 50, "does not begin as an IDX file"),
    "cut": (
        "sMNIST",
        "train-labels-idx1-ubyte",
        b"\0\0\x08\x01\0\0\0\x78" + b"1" * 7,
        r"7 bytes long after its header, which says \(120,\)",
    ),
    "labels": (
        "sMNIST",
        "train-labels-idx1-ubyte",
        b"\0\0\x08\x01\0\0\0\x78" + b"\x0b" * 120,
        "labels other than 0 to 9",
    ),
    "unequal": (
        "rowMNIST",
        "train-labels-idx1-ubyte",
        b"\0\0\x08\x01\0\0\0\x02" + b"\x01" * 2,
        "do not belong together",
    ),
    "packed": ("sMNIST", "train-images-idx3-ubyte.gz", b"\x1f\x8b12", "cannot be unpacked"),
    "arrays": ("MNIST-1D", "mnist1d.npz", b"PK12", "cannot be read as arrays"),
    "pickle": ("MNIST-1D", "mnist1d.npz", b"\x80\x04N.", "cannot be read as arrays"),
    "line": ("SCAN", "tasks_train_simple.txt", b"IN: fly OUT: I_FLY", "line 1 is 'IN: fly"),
    "no line": ("SCAN", "tasks_train_simple.txt", b"\n\n", "holds no command"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_named(name, folder):
    task, file, content, message = BROKEN[name]
    (folder / file).write_bytes(content)
    with pytest.raises(DataError, match=message):
        TASKS[task].simulate(2, rng=0, path=folder)


def test_arrays_that_are_not_there_are_named(folder):
    np.savez(folder / "mnist1d.npz", x=np.zeros((3, 40)))
    with pytest.raises(DataError, match="holds no 'y'"):
        TASKS["MNIST-1D"].simulate(2, rng=0, path=folder)


def test_a_changed_file_is_read_anew(folder):
    first = TASKS["MNIST-1D"].simulate(3, rng=0, path=folder)
    np.savez(folder / "mnist1d.npz", x=np.zeros((3, 40)), y=np.zeros(3, dtype=int))
    assert not TASKS["MNIST-1D"].simulate(3, rng=0, path=folder).equals(first)


def test_splits_and_folds_are_checked(folder):
    with pytest.raises(ConfigError, match=r"'long'.*simple, length"):
        TASKS["SCAN"].simulate(2, rng=0, path=folder, split="long")
    with pytest.raises(ConfigError, match="fold = 10: expected a whole number from 0 to 9"):
        TASKS["sentiment"].simulate(2, rng=0, path=folder, fold=10)
    with pytest.raises(ConfigError, match="expected the folder of both"):
        TASKS["sentiment"].simulate(2, rng=0, path=folder / "rt-polarity.neg.gz")
