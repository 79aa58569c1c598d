"""Spikes of CRCNS pfc-1: sample indices and clusters of each group of electrodes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data_loaders.formats._found import listed
from neuroalrnn.data.columns import inferred, truths
from neuroalrnn.data.dialect import read_raw
from neuroalrnn.exceptions import DataError, problems

SAMPLES_PER_SECOND = 30_000
# rats recorded in auditory cortex alone; in the others these groups are
AUDITORY, AUDITORY_FROM = ("CR12B", "CR17B"), 5
# seconds before the stimulus in which a rat had to wait; others waited longer
SHORT, HOLD, LONG_HOLD = ("CR12B", "CR17B", "YT6A"), (-0.05, 0.0), (-0.25, 0.0)


def spikes_of(session: Path, rat: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read the spikes of a session from ``klusters0/``.

    Files whose names end with ``~`` are backups and left out; ``.kkp`` are pickles and never
    opened.

    Parameters
    ----------
    session : pathlib.Path
        Folder of the session.
    rat : str
        Name of the rat, which tells the region.

    Returns
    -------
    spikes : dict of str to ndarray
        Times in seconds, neural clock, of each unit: ``SESSION-NUMBER``, where the number is 100
        times the group and the cluster.
    region : dict of str to str
        "A1" or "PFC" for each unit. Artefacts and multi-units are among them.

    Raises
    ------
    DataError
        There are no spikes, or files contradict each other; the message names all of them.
    """
    folder, found = session / "klusters0", []
    files = sorted(folder.glob("*.res.*")) if folder.is_dir() else []
    files = [each for each in files if each.suffix[1:].isdigit()]
    spikes, region = dict[str, np.ndarray](), dict[str, str]()
    for each in files:
        group = int(each.suffix[1:])
        other = each.with_name(each.name.replace(".res.", ".clu."))
        try:
            samples, clusters = _integers(each), _integers(other)
        except (OSError, ValueError) as error:
            found.append(f"{each.name} or {other.name} cannot be read: {str(error)[:100]}")
            continue
        n_clusters, clusters = (clusters[0], clusters[1:]) if len(clusters) else (-1, clusters)
        if len(samples) != len(clusters):
            found.append(f"{each.name} has {len(samples)} spikes, {other.name} {len(clusters)}")
            continue
        own = np.unique(clusters)
        if n_clusters != len(own):
            found.append(f"{other.name} says {n_clusters} clusters and has {len(own)}")
        if ((own < 0) | (own > 99)).any():
            found.append(f"{other.name} has clusters outside 0 to 99, whose units share numbers")
        for cluster in own.tolist():
            name = f"{session.name}-{100 * group + cluster}"
            spikes[name] = samples[clusters == cluster] / SAMPLES_PER_SECOND
            region[name] = "A1" if rat in AUDITORY or group >= AUDITORY_FROM else "PFC"
    if not files:
        more = ", only pickles (.kkp)" if any(folder.glob("*.kkp")) else ""
        found.append(f"klusters0 holds no .res files{more}: spikes cannot be read")
    if found:
        raise problems(DataError, str(session), found)
    return spikes, region


def hold_of(rat: str) -> tuple[float, float]:
    """Tell the time before the onset of the stimulus in which a rat had to wait, in s."""
    return HOLD if rat in SHORT else LONG_HOLD


def with_table(path: Path, session: str, region: Mapping[str, str]) -> dict[str, Any]:
    """Read what a table says of the units of a session.

    Parameters
    ----------
    path : pathlib.Path
        CSV with the columns ``ulabel`` (SESSION-NUMBER), and optionally ``region`` and ``include``.
    session : str
        Name of the session; units of others are not looked at.
    region : dict of str to str
        Region of each unit that was recorded, which the table may change.

    Returns
    -------
    dict
        Coords ``region`` and ``include``; units that are not listed are not included.

    Raises
    ------
    DataError
        The table lacks the column ``ulabel``, names a unit twice or one that was not recorded, or
        ``include`` is neither true nor false.
    """
    cells, _ = read_raw(path, None, ",")
    if "ulabel" not in cells:
        raise problems(DataError, str(path), [f"it has no column ulabel: {listed([*cells])}"])
    own = cells[cells["ulabel"].str.startswith(f"{session}-")].set_index("ulabel")
    found = [f"units that were not recorded: {listed(lost)}"
             for lost in [[each for each in own.index if each not in region]] if lost]  # fmt: skip
    twice = own.index[own.index.duplicated()].tolist()
    found += [f"units that are listed twice: {listed(twice)}"] * bool(twice)
    included = pd.Series(True, own.index)
    if "include" in own:
        values, more = truths(inferred(own["include"]), "include")
        included, found = pd.Series(values, own.index), found + more
    if found:
        raise problems(DataError, str(path), found)
    names = own["region"] if "region" in own else pd.Series(dtype=str)
    told = {unit: names.get(unit) or place for unit, place in region.items()}
    return {
        "region": ("unit", list(told.values())),
        "include": ("unit", [bool(included.get(unit, False)) for unit in region]),
    }


def _integers(path) -> np.ndarray:
    return np.array(path.read_text(encoding="ascii").split(), dtype=np.int64)
