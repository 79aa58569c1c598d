"""One training gradient, ours beside the peers, on fixed workloads."""

import numpy as np
import torch

from benchmarks import jax_peer, peers
from benchmarks.record import rounded
from benchmarks.timing import Contestant, alternate, fastest
from benchmarks.workloads import WORKLOADS, count_flops, make_problem
from neuroalrnn.ops import Weights, reference, torch_eager

# those that take one model after the other are timed on so many and multiplied
MODELS_TIMED = 4
SGEMM_SIZE = 1024
TOLERANCE = 1e-3
SCAN_ONLY = "ours, scan only"


def measure(scan, *, threads, n_rounds, workloads=WORKLOADS, on_row=None):
    """Time all workloads.

    Parameters
    ----------
    scan : callable
        Our backend, see `neuroalrnn.ops`, for its number of threads.
    threads : int
        Torch takes the better of 1 and this, for everybody.
    n_rounds : int
    workloads : sequence of Workload
    on_row : callable, optional
        Called with every finished row.

    Returns
    -------
    dict
        ``sgemm_gflops`` and ``workloads``, a list of rows.

    Raises
    ------
    ArithmeticError
        If two contestants do not compute the same value and gradient.
    """
    rows = []
    for workload in workloads:
        rows.append(_measure_one(workload, scan, threads, n_rounds))
        if on_row is not None:
            on_row(rows[-1])
    rate = float(np.median([row["sgemm_gflops"] for row in rows]))
    return {"sgemm_gflops": rate, "workloads": rows}


def check_agreement(results):
    """Refuse contestants that compute something else than the first.

    Parameters
    ----------
    results : dict of str -> (value, gradient)
        Value (model,) and gradient, a sequence of arrays (model, ...) in the order of `Weights`;
        only the models that both have are compared.

    Raises
    ------
    ArithmeticError
        Naming each contestant and part that is further away than `TOLERANCE` times the largest
        entry of that part.
    """
    (_, expected), *others = [(name, _parts(*result)) for name, result in results.items()]
    found = [
        f"{name}: {part} differs"
        for name, parts in others
        for part, one, other in zip(("value", *Weights._fields), expected, parts, strict=True)
        if not _is_close(one, other)
    ]
    if found:
        raise ArithmeticError("; ".join(found))


def stacked(results):
    """List of single models to (value, gradient) with a model axis."""
    values, gradients = zip(*results, strict=True)
    return torch.stack(values), [torch.stack(parts) for parts in zip(*gradients, strict=True)]


def _measure_one(workload, scan, threads, n_rounds):
    problem = make_problem(workload)
    contestants = _contestants(problem, scan, threads)
    _check(contestants)
    seconds = alternate(list(contestants.values()), n_rounds)
    sgemm = 2 * SGEMM_SIZE**3 / seconds.pop("sgemm") / 1e9
    notes = {name: each.notes for name, each in contestants.items() if each.notes}
    return workload._asdict() | _summarise(seconds, sgemm, count_flops(workload)) | {"notes": notes}


def _summarise(seconds, sgemm, flops):
    """Medians over rounds; ratios and fractions are taken within each round first."""
    gflops = {name: flops / seconds[name] / 1e9 for name in ("ours", SCAN_ONLY)}
    ratio = {name: np.median(s / seconds["ours"]) for name, s in seconds.items() if name != "ours"}
    return {
        "seconds": rounded({name: np.median(s) for name, s in seconds.items()}),
        "ratio": rounded(ratio),
        "gflops": rounded({name: np.median(rate) for name, rate in gflops.items()}),
        "sgemm_gflops": float(f"{np.median(sgemm):.4g}"),
        "sgemm_fraction": rounded({name: np.median(r / sgemm) for name, r in gflops.items()}),
    }


def _contestants(problem, scan, threads):
    few = problem.first(min(MODELS_TIMED, problem.workload.models))
    factor = problem.workload.models / few.workload.models
    found = [
        _torch("ours", peers.batched(problem, scan), threads),
        _torch(SCAN_ONLY, peers.scan_only(problem, scan), threads),
        _torch("eager_loop", peers.eager_loop(few), threads, factor, few),
        _torch("nn.RNN", peers.recurrent_layer(few, "RNN"), threads, factor, few),
        _torch("nn.GRU", peers.recurrent_layer(few, "GRU"), threads, factor, few),
        _torch("batched_eager", peers.batched(problem, reference.scan), threads),
        _torch("torch_eager", peers.batched(problem, torch_eager.scan), threads),
        _sgemm(threads),
    ]
    found += [_jax(problem)] if jax_peer.is_installed() else []
    return {each.name: each for each in found}


def _torch(name, run, threads, factor=1.0, few=None):
    """With as many threads of torch as suit it best, 1 or all."""
    best = fastest([Contestant(name, run, n, factor) for n in sorted({1, threads})])
    notes = {"threads": best.threads}
    if factor != 1:
        notes["extrapolated_from_models"] = few.workload.models
    return Contestant(name, run, best.threads, factor, notes)


def _jax(problem):
    """With the loop unrolled as suits it best; compilation is not timed but told."""
    compiled = {unroll: jax_peer.compile_gradient(problem, unroll) for unroll in jax_peer.UNROLLED}
    best = fastest(
        [
            Contestant("jax", run, 1, notes={"unroll": unroll, "compile_seconds": round(spent, 2)})
            for unroll, (run, spent) in compiled.items()
        ]
    )
    best.notes["threads"] = "as XLA takes them"
    return best


def _sgemm(threads):
    one, other = torch.rand(2, SGEMM_SIZE, SGEMM_SIZE)
    product = torch.empty_like(one)
    return Contestant("sgemm", lambda: torch.mm(one, other, out=product), threads)


def _check(contestants):
    results = {
        name: contestants[name].run()
        for name in ("ours", "batched_eager", "torch_eager", "jax")
        if name in contestants
    }
    results["eager_loop"] = stacked(contestants["eager_loop"].run())
    check_agreement(results)


def _parts(value, gradient):
    return [np.asarray(part) for part in (value, *gradient)]


def _is_close(one, other):
    n_models = min(len(one), len(other))
    one, other = one[:n_models], other[:n_models]
    return np.abs(one - other).max() <= TOLERANCE * np.abs(one).max()
