"""Time and memory of training as sequences get more or longer, one process per point."""

import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmarks import fresh
from benchmarks.workloads import Workload
from neuroalrnn.config.defaults import MEMORY

SEQUENCES = (10, 32, 100, 320, 1000, 3200, 10_000)
STEPS = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)
N_MODELS = 20
AXES = {
    "sequences": [Workload(N_MODELS, n, 200, 16, 2) for n in SEQUENCES],
    "steps": [Workload(N_MODELS, 16, n, 16, 2) for n in STEPS],
}
MODEL_STEPS = 2e7  # that are timed at least, in at least 3 updates
TINY = Workload(2, 2, 3, 16, 2)


def measure(backend, *, threads, n_points=None):
    """Measure both axes.

    Parameters
    ----------
    backend : str
        Name of a backend of `neuroalrnn.ops`.
    threads : int
    n_points : int, optional
        Only so many of the smallest points.

    Returns
    -------
    dict
        Per axis: ``points`` (size, seconds, peak_bytes) and the slopes of both on log axes over
        the last two decades (1: proportional to the size); and the budget of memory.
    """
    return {"budget_bytes": MEMORY, "models": N_MODELS} | {
        axis: _measure_axis(axis, workloads[:n_points], backend, threads)
        for axis, workloads in AXES.items()
    }


def measure_here(workload, backend, threads, model_steps=MODEL_STEPS):
    """One point, in this process.

    Parameters
    ----------
    workload : list of int
        Fields of `Workload`.
    backend : str
    threads : int
    model_steps : float
        How many are timed at least.

    Returns
    -------
    dict
        ``seconds`` per update of all models, each with all sequences; ``peak_bytes``: resident
        memory at its highest, less that of a process that has trained a tiny problem and holds the
        data.
    """
    workload = Workload(*workload)
    n_updates = max(3, round(model_steps / (workload.models * workload.sequences * workload.steps)))
    _train(TINY, 1, backend, threads)()
    run = _train(workload, n_updates, backend, threads)
    before = _start_peak()
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    return {"seconds": seconds / n_updates, "peak_bytes": peak() - before}


def _train(workload, n_updates, backend, threads):
    """A call that trains as a fit does, some updates, within the budget of memory."""
    import torch

    from benchmarks.workloads import make_problem
    from neuroalrnn.config import Setting
    from neuroalrnn.fit import Jobs, make_observations
    from neuroalrnn.model import no_scaling
    from neuroalrnn.ops import BACKENDS
    from neuroalrnn.study.engine import Engine
    from neuroalrnn.study.search import Progress, train_in_chunks

    problem = make_problem(workload)
    n_models, n_sequences, n_steps, n_latent, n_pwl = workload
    target = problem.choice.double().numpy()
    sequences = SimpleNamespace(
        inputs=problem.inputs.numpy(), target=target, scored=np.isfinite(target),
        n_steps=np.full(n_sequences, n_steps), subject=np.zeros(n_sequences, int),
    )  # fmt: skip
    observations = make_observations(sequences)
    setting = Setting(n_latent=n_latent, batch_size=n_sequences, check_every=n_updates)
    jobs = Jobs(
        weights=problem.weights,
        scaling=no_scaling(n_models, problem.inputs.shape[2]),
        observed=no_scaling(1, problem.inputs.shape[2]),
        n_pwl=torch.full((n_models,), n_pwl),
        settings=[setting] * n_models,
        train=[np.arange(n_sequences)] * n_models,
        validate=[np.arange(0)] * n_models,
        n_checks=np.ones(n_models, int),
        group=np.arange(n_models),
        seeds=[[model] for model in range(n_models)],
    )
    engine = Engine(BACKENDS[backend], "", threads, MEMORY)
    return lambda: train_in_chunks(jobs, observations, setting, engine, Progress(0, show=False))


def slope(sizes, values):
    """Slope of a line on log axes over the last two decades of size.

    Parameters
    ----------
    sizes, values : array-like, shape (point,)
        Ascending sizes.

    Returns
    -------
    float
        NaN if fewer than two positive values are left.
    """
    sizes, values = np.asarray(sizes, float), np.asarray(values, float)
    used = (sizes >= sizes[-1] / 100) & (values > 0)
    if used.sum() < 2:
        return np.nan
    return float(np.polyfit(np.log10(sizes[used]), np.log10(values[used]), 1)[0])


def _measure_axis(axis, workloads, backend, threads):
    points = []
    for workload in workloads:
        found = fresh.measure("scaling", workload=workload, backend=backend, threads=threads)
        points.append({"size": getattr(workload, axis)} | found)
    sizes = [point["size"] for point in points]
    return {
        "points": points,
        "seconds_slope": slope(sizes, [point["seconds"] for point in points]),
        "memory_slope": slope(sizes, [point["peak_bytes"] for point in points]),
    }


def _start_peak():
    """Begin a new high-water mark where the system lets us; returns the memory in use, bytes."""
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5", encoding="ascii")
    return peak()


def peak():
    """Resident set at its highest, bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # unlike the one of getrusage, this mark is not inherited from the parent process
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
