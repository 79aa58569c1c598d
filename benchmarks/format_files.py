"""Small files of every format, and ways to damage them."""

import io
import json
import struct
import zipfile

import h5py
import numpy as np
from scipy.io import savemat

N = 12


def write_all(folder):
    """Write a small file of each format.

    Parameters
    ----------
    folder : pathlib.Path
        Empty folder that receives them.

    Returns
    -------
    dict of pathlib.Path -> tuple of str and dict
        Format and reading options of each file.
    """
    rng = np.random.default_rng(0)
    table = {"subject": "ann", "choice": rng.integers(1, 3, (N, 1)) * 1.0, "rt": rng.random((N, 1))}
    each = np.array([{"choice": 1.0, "key": "f", "licks": [1.0, 2.0]}] * N, dtype=object)
    savemat(folder / "v4.mat", {"choice": table["choice"], "key": "f"}, format="4")
    savemat(folder / "v5.mat", {"data": table})
    savemat(folder / "packed.mat", {"data": each}, do_compression=True)
    savemat(folder / "bpod.mat", {"SessionData": _bpod()})
    _matlab_hdf5(folder / "v73.mat", table)
    _nwb(folder / "day.nwb", rng)
    np.savez(folder / "plain.npz", choice=np.arange(N) % 2, who=np.array(["a", "b"] * (N // 2)))
    np.savez_compressed(folder / "episodes.npz", xs=rng.random((N, 3, 2)), ys=np.ones((N, 3, 1)))
    np.save(folder / "trials.choice.npy", np.ones(N))
    rows = "".join(f"{k}\t0\tgo\t{k % 2}\n" for k in range(N))
    (folder / "sub-01_events.tsv").write_text(f"onset\tduration\ttrial_type\tresponse\n{rows}")
    (folder / "_iblrig_taskData.raw.jsonable").write_text(_raw())
    (folder / "rat").write_text(_medpc())
    options = {
        "packed.mat": {"rows": "element"},
        "bpod.mat": {"choices": {"left": "Left", "right": "Right"}},
        "rat": {"arrays": {"choice": "C", "rt": "L"}},
    }
    formats = {".mat": "matlab", ".nwb": "nwb", ".npz": "arrays", ".npy": "alf", ".tsv": "bids",
               ".jsonable": "alf", "": "medpc"}  # fmt: skip
    named = {path: formats[path.suffix] for path in sorted(folder.iterdir())}
    named[folder / "bpod.mat"] = "bpod"
    return {path: (name, options.get(path.name, {})) for path, name in named.items()}


def _bpod():
    trials = np.empty((1, N), dtype=object)
    for k in range(N):
        left, no = [0.5, 0.6], [np.nan, np.nan]
        states = {"Wait": [0.0, 0.5], "Left": left if k % 2 else no, "Right": no if k % 2 else left}
        trials[0, k] = {"States": states, "Events": {"Port1In": [0.1, 0.5]}}
    return {"nTrials": N, "RawEvents": {"Trial": trials}, "TrialTypes": np.arange(N)}


def _matlab_hdf5(path, table):
    with h5py.File(path, "w", userblock_size=512) as file:
        group = file.create_group("data")
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        for name in ("choice", "rt"):
            group.create_dataset(name, data=table[name].T, chunks=(1, 4), compression="gzip")
            group[name].attrs["MATLAB_class"] = np.bytes_("double")
        text = np.array([[ord(each)] for each in table["subject"]], dtype="u2")
        cells = [file.create_dataset(f"#refs#/{k}", data=text) for k in range(N)]
        for each in cells:
            each.attrs["MATLAB_class"] = np.bytes_("char")
        group["who"] = np.array([[each.ref for each in cells]], dtype=h5py.ref_dtype)
        group["who"].attrs["MATLAB_class"] = np.bytes_("cell")


def _nwb(path, rng):
    with h5py.File(path, "w") as file:
        file["identifier"], file["general/subject/subject_id"] = "day", "rat"
        trials = file.create_group("intervals/trials")
        trials.attrs["colnames"] = ["start_time", "choice", "cue", "licks"]
        trials["id"] = np.arange(N)
        trials["start_time"] = np.arange(N) * 1.0
        trials.create_dataset("choice", data=rng.integers(0, 2, N), chunks=(4,), compression="gzip")
        trials.create_dataset("cue", data=["high", "low"] * (N // 2), dtype=h5py.string_dtype())
        trials["licks"], trials["licks_index"] = rng.random(2 * N), 2 * np.arange(1, N + 1)


def _raw():
    states = {name: [[None, None]] for name in ("correct", "error", "no_go")}
    states["correct"] = [[1.0, 2.0]]
    record = {"Trial start timestamp": 1.0, "States timestamps": states}
    record["Events timestamps"] = {"Port1In": [0.5]}
    line = json.dumps({"position": -35, "trial_num": 1, "behavior_data": record})
    return "\n".join([line] * N)


def _medpc():
    rows = "".join(f"     {k}:        1.000        2.000\n" for k in range(0, N, 2))
    return f"Start Date: 05/21/25\nSubject: 1\nMSN: task\nB:  1.0\nC:\n{rows}L:\n{rows}"


def harm(data, rng):
    """Damage a file.

    Parameters
    ----------
    data : bytes
        A whole file.
    rng : numpy.random.Generator
        Source of the damage.

    Returns
    -------
    bytes
        The same file cut off, with flipped bits, huge numbers, reversed bytes, parts twice or parts
        lost; of an archive also with a member that would lie outside.
    """
    if data[:2] == b"PK" and rng.random() < 0.3:
        return _other_members(data, rng)
    changed = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        HARMS[rng.integers(len(HARMS))](changed, rng)
    return bytes(changed)


def _cut(data, rng):
    del data[rng.integers(len(data) + 1) :]


def _flip(data, rng):
    for _ in range(rng.integers(1, 9) if data else 0):
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)


def _huge(data, rng):
    """A number that claims much, where sizes may be."""
    value = int(rng.choice([2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1, 2**28, 2**24, 0]))
    size = 4 if value < 2**32 else 8
    place = rng.integers(max(len(data) // 4, 1)) * 4
    if place + size <= len(data):
        data[place : place + size] = struct.pack("<I" if size == 4 else "<Q", value)


def _reverse(data, rng):
    size = int(rng.choice([2, 4, 8]))
    place = rng.integers(max(len(data) - size, 1))
    data[place : place + size] = data[place : place + size][::-1]


def _twice(data, rng):
    start = rng.integers(len(data) + 1)
    part = data[start : start + rng.integers(1, 200)]
    data[start:start] = part


def _lose(data, rng):
    start = rng.integers(len(data) + 1)
    del data[start : start + rng.integers(1, 50)]


HARMS = (_cut, _flip, _flip, _huge, _huge, _reverse, _twice, _lose)


def _other_members(data, rng):
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for each in old.namelist():
            content = harm(old.read(each), rng) if rng.random() < 0.5 else old.read(each)
            outside = rng.choice(["../x.npy", "/tmp/x.npy", "a/../../x", "..\\x", each])
            new.writestr(str(outside) if rng.random() < 0.3 else each, content)
    return made.getvalue()
