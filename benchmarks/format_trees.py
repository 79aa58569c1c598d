"""Small tables of text, epochs of MNE, and a tree of CRCNS pfc-1."""

import gzip
import pickle
from importlib.util import find_spec

import mne
import numpy as np
import pandas as pd

from benchmarks.format_harm import Canary
from data_loaders.formats import FORMATS, load_crcns, load_epochs
from data_loaders.formats._pfc_rules import STIMULI
from neuroalrnn.data import load_table

N = 12
COLUMNS = {"subject": "subject", "choice": "choice", "cue": "cue", "rt": "rt"}
BINARY = {"trials.xlsx": ("openpyxl", "to_excel"), "trials.parquet": ("pyarrow", "to_parquet")}
# trial, name of its stimulus and outcome: one of each block, and one that never happened
PLANNED = {1: ("le_lc_go", "hit"), 2: ("ri_lc_no", "error"), 21: ("le_hi_lc", "hit"),
           22: ("ri_hi_lc", "error"), 81: ("lo_pc_go", "wrong_port"), 101: ("le_hi_pc", "hit"),
           102: ("ri_lo_pc", "choice_time_up"), 103: ("le_lo_pc", "future_trial")}  # fmt: skip


def write_others(folder):
    """Write them.

    Parameters
    ----------
    folder : pathlib.Path
        Empty folder that receives them.

    Returns
    -------
    dict of pathlib.Path -> tuple of str and dict
        Format and reading options of each file or tree.
    """
    table = _table()
    text = table.to_csv(index=False)
    written = {
        "trials.csv": text.encode(),
        "quoted.csv": table.assign(note='a "b", c').to_csv(index=False).encode(),
        "trials.txt": table.to_csv(index=False, sep=";").encode("utf-16"),
        "trials.csv.gz": gzip.compress(text.encode(), mtime=0),
        "jspsych.json": table.to_json(orient="records").encode(),
        "eprime.txt": _eprime(table).encode("utf-16"),
    }
    for name, data in written.items():
        (folder / name).write_bytes(data)
    for name, (package, write) in BINARY.items():
        if find_spec(package):
            getattr(table, write)(folder / name, index=False)
    made = {path: ("table", {}) for path in sorted(folder.iterdir())}
    for name in ("rat-epo.fif", "rat-epo.fif.gz"):
        _epochs(table).save(folder / name, verbose="error")
        made[folder / name] = ("epochs", {})
    tree = folder / "CR12B_110727_001_behaving"
    _pfc(tree)
    return made | {tree: ("crcns", {"at": "stim_onset"})}


def read_as(form, path, options):
    """Read a file or tree, with its signal where it has one.

    Parameters
    ----------
    form : str
        A key of `data_loaders.formats.FORMATS`, or "table".
    path : pathlib.Path
    options : dict
        Further arguments of the reader.

    Returns
    -------
    xarray.Dataset or data_loaders.formats.Found
    """
    if form == "table":
        return load_table(path, COLUMNS, **options)
    if form in ("epochs", "crcns"):
        return {"epochs": load_epochs, "crcns": load_crcns}[form](path, {}, **options)
    return FORMATS[form].read(path, **options)


def _table():
    rng = np.random.default_rng(0)
    subject, choice = ["ann"] * 6 + ["bob"] * 6, rng.integers(0, 2, N)
    return pd.DataFrame(
        {"subject": subject, "choice": choice, "cue": rng.normal(size=N).round(3),
         "rt": rng.random(N).round(3)}
    )  # fmt: skip


def _eprime(table):
    rows = [
        "\n".join(f"\t{name}: {cell}" for name, cell in row.items())
        for row in table.to_dict("records")
    ]
    frames = [f"Level: 2\n*** LogFrame Start ***\n{row}\n*** LogFrame End ***" for row in rows]
    head = "*** Header Start ***\nLevelName: Session\nLevelName: Trial\n*** Header End ***"
    return "\n".join([head, *frames, ""])


def _epochs(table):
    info = mne.create_info(["Fz", "Cz"], 100.0, ["eeg", "eeg"])
    data = 1e-6 * np.random.default_rng(0).normal(size=(N, 2, 5))
    events = np.c_[np.arange(N) * 50, np.zeros(N, int), np.ones(N, int)]
    return mne.EpochsArray(data, info, events, metadata=table, verbose="error")


def _pfc(tree):
    """A session with its times, spikes, and a pickle that nobody may open."""
    (tree / "klusters0").mkdir(parents=True)
    stimuli = [STIMULI[name] for name, _ in PLANNED.values()]
    info = pd.DataFrame(
        {
            "trial_number": list(PLANNED),
            "correct_side": ["left" if each[1] < 3 else "right" for each in stimuli],
            "stim_number": [each[0] for each in stimuli],
            "nonrandom": 0,
            "outcome": [outcome for _, outcome in PLANNED.values()],
            "go_or_nogo": ["go" if each[4] else "nogo" for each in stimuli],
            "block": [each[1] for each in stimuli],
            "stim_name": [name for name, _ in PLANNED.values()],
        }
    )
    info.to_csv(tree / "trials_info", index=False)
    times = info[["trial_number"]][:-1].assign(is_munged=False, cpoke_start=info.index[:-1] * 4.0)
    for name, shift in (("stim_onset", 0.3), ("cpoke_stop", 0.5), ("choice_made", 0.9)):
        times[name] = times["cpoke_start"] + shift
    times.to_csv(tree / "trial_timings", index=False)
    samples = (30_000 * times["stim_onset"]).round().astype(int)
    columns = {
        "TRIAL_NUMBERS": times["trial_number"],
        "TIMESTAMPS": samples,
        "klusters0/a.res.1": samples,
        "klusters0/a.clu.1": [2, *(1 + np.arange(len(times)) % 2)],
    }
    for name, values in columns.items():
        (tree / name).write_text("\n".join(map(str, values)))
    (tree / "klusters0" / "a.kkp").write_bytes(pickle.dumps(Canary()))
