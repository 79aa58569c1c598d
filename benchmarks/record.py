"""What the benchmarks ran on, and the file that keeps their numbers."""

import json
import os
import platform
import tempfile
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("neuroalrnn", "torch", "numpy", "numba", "jax", "jaxlib")


def describe_machine(n_cores):
    """Date, processor, cores and versions.

    Parameters
    ----------
    n_cores : int
        Cores that the benchmarks may use.

    Returns
    -------
    dict
    """
    return {
        "date": date.today().isoformat(),
        "processor": _processor(),
        "cores": n_cores,
        "versions": {"python": platform.python_version()} | _versions(),
    }


def update(path, values):
    """Replace keys of a JSON file, all or nothing; the other keys stay.

    Parameters
    ----------
    path : path-like
    values : dict
    """
    path = Path(path)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    text = json.dumps(kept | values, indent=1) + "\n"
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(part, 0o644)
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)


def rounded(values, digits=4):
    """Numbers of a dict to so many significant digits, as plain floats."""
    return {name: float(f"{value:.{digits}g}") for name, value in values.items()}


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _versions():
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
