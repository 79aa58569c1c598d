"""Measurements that need a process of their own: one JSON line in, one JSON line out."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def measure(module, **arguments):
    """Call ``module.measure_here(**arguments)`` in a fresh interpreter.

    Parameters
    ----------
    module : str
        A module of this package.
    **arguments
        Anything JSON can hold; ``environment`` is a dict of environment variables instead.

    Returns
    -------
    dict
        What the function returned.

    Raises
    ------
    RuntimeError
        With the error output of the process, if it failed.
    """
    environment = os.environ | arguments.pop("environment", {})
    command = [sys.executable, "-m", "benchmarks.fresh", module, json.dumps(arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"{module} {arguments}: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def _measure_here(module, arguments):
    from importlib import import_module

    found = import_module(f"benchmarks.{module}").measure_here(**json.loads(arguments))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    _measure_here(*sys.argv[1:])
