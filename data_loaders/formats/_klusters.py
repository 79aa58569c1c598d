"""Spikes of CRCNS pfc-1: sample indices and clusters of each group of electrodes."""

from pathlib import Path

import numpy as np

from neuroalrnn.exceptions import DataError, problems

SAMPLES_PER_SECOND = 30_000
# rats recorded in auditory cortex alone; in the others these groups are
AUDITORY, AUDITORY_FROM = ("CR12B", "CR17B"), 5


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


def _integers(path) -> np.ndarray:
    return np.array(path.read_text(encoding="ascii").split(), dtype=np.int64)
