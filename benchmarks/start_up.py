"""What one waits for in a new process: imports, and the first gradient, which may compile."""

import statistics
import tempfile
import time
from importlib import import_module

from benchmarks import fresh

N_TIMES = 3


def measure(backend, *, threads, n_times=N_TIMES):
    """Measure in fresh processes.

    Parameters
    ----------
    backend : str
        Name of a backend of `neuroalrnn.ops`.
    threads : int
    n_times : int

    Returns
    -------
    dict
        Medians in seconds: ``import_torch``; ``import_backend``, after torch;
        ``first_gradient_empty_cache`` and ``first_gradient_filled_cache`` (of compiled code);
        ``next_gradient``.
    """
    pairs = [_empty_then_filled(backend, threads) for _ in range(n_times)]

    def median(name, place):
        return round(statistics.median(pair[place][name] for pair in pairs), 4)

    return {
        "import_torch": median("import_torch", 1),
        "import_backend": median("import_backend", 1),
        "first_gradient_empty_cache": median("first_gradient", 0),
        "first_gradient_filled_cache": median("first_gradient", 1),
        "next_gradient": median("next_gradient", 1),
    }


def measure_here(backend, threads):
    """Times of this process; it must not have imported torch before.

    Parameters
    ----------
    backend : str
    threads : int

    Returns
    -------
    dict
        ``import_torch``, ``import_backend``, ``first_gradient`` and ``next_gradient``, in seconds.
    """
    seconds = {
        "import_torch": _timed(lambda: import_module("torch")),
        "import_backend": _timed(lambda: import_module(f"neuroalrnn.ops.{backend}")),
    }
    from benchmarks.peers import batched
    from benchmarks.workloads import WORKLOADS, make_problem
    from neuroalrnn.ops import BACKENDS

    run = batched(make_problem(WORKLOADS[0]), BACKENDS[backend].scan(threads))
    return seconds | {"first_gradient": _timed(run), "next_gradient": _timed(run)}


def _empty_then_filled(backend, threads):
    with tempfile.TemporaryDirectory() as folder:
        environment = {"NUMBA_CACHE_DIR": folder}
        return [
            fresh.measure("start_up", backend=backend, threads=threads, environment=environment)
            for _ in range(2)
        ]


def _timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
