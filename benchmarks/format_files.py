"""Small files of the formats of other programs; see also `benchmarks.format_trees`."""

import json

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
