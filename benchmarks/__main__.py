"""Command line: ``python -m benchmarks [PART ...]``, such as ``kernels`` or ``lorenz``."""

import json
import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

# the CPU is what is compared, also where JAX would find something else
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from benchmarks import (
    adaptive,
    analysis,
    compare,
    computations,
    effects,
    false_positives,
    faults,
    fixed_points,
    jax_peer,
    kernels,
    lorenz,
    primitives,
    psytrack_peer,
    scaling,
    scaling_figure,
    sharing,
    start_up,
    sweep,
    table,
)
from benchmarks.record import describe_machine, update
from neuroalrnn.ops import choose_backend
from neuroalrnn.running import count_cores

FOLDER = Path(__file__).parent
DOCS = FOLDER.parent / "docs"
# runs that a killed benchmark goes on from
RUNS = FOLDER.parent / "build"


def main(
    parts: Annotated[
        list[str] | None,
        typer.Argument(
            help="kernels, scaling, sweep, start_up, lorenz, false_positives, fixed_points, "
            "analysis, effects, compare, primitives, faults (all of these by default); half an "
            "hour takes sharing; hours, or more than is installed, take computations, adaptive, "
            "psytrack."
        ),
    ] = None,
    backend: Annotated[str, typer.Option(help="Backend of ours.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Default: all cores.")] = None,
    rounds: Annotated[int, typer.Option(min=5, help="Rounds of alternation.")] = 7,
    quick: Annotated[bool, typer.Option(help="Small sizes, and nothing is written.")] = False,
    runs: Annotated[
        int, typer.Option(min=1, help="computations: runs of each source.")
    ] = computations.N_RUNS,
    nulls: Annotated[
        int, typer.Option(min=1, help="computations: nulls of each kind.")
    ] = computations.N_NULLS,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="computations, adaptive: folder of finished runs, which are not made again."
        ),
    ] = None,
    dataset: Annotated[str, typer.Option(help="compare: what is fitted.")] = "miller_rats",
    other: Annotated[
        Path | None, typer.Option(help="compare: another source tree, timed in turn.")
    ] = None,
    models: Annotated[
        str, typer.Option(help="compare: names, with semicolons between them; empty for all.")
    ] = "",
    plain: Annotated[
        bool, typer.Option("--plain", help="compare: without read-outs that learn a subject.")
    ] = False,
    trials: Annotated[
        Path | None, typer.Option(help="psytrack: table of a subject, see psytrack_peer.py.")
    ] = None,
) -> None:
    """Measure ours beside its peers; print the numbers and keep them in results.json."""
    unknown = sorted(set(parts or ()) - set(PARTS))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: expected {', '.join(PARTS)}")
    if "psytrack" in (parts or ()) and (trials is None or not psytrack_peer.is_installed()):
        raise typer.BadParameter("expected --trials TABLE, and psytrack: pip install psytrack")
    threads = threads or count_cores()
    ours, reason = choose_backend(backend)
    typer.echo(f"ours: {ours.name} ({reason}), {threads} threads")
    save = _forget if quick else partial(update, FOLDER / "results.json")
    options = {"ours": ours, "threads": threads, "rounds": rounds, "quick": quick}
    for name in parts or [each for each in PARTS if each not in NAMED]:
        save(describe_machine(threads) | {"ours": ours.name})
        own = {
            "computations": {"sizes": (runs, nulls), "cache": cache or RUNS / "computations"},
            "adaptive": {"cache": cache or RUNS / "adaptive"},
            "psytrack": {"trials": trials},
            "compare": {"dataset": dataset, "other": other, "models": models, "plain": plain},
        }
        save(PARTS[name](**options, **own.get(name, {})))


def _forget(values):
    """In place of a file."""


def _kernels(ours, threads, rounds, quick):
    if not jax_peer.is_installed():
        typer.echo("JAX is not installed, its column is left out: pip install -e '.[bench]'")
    typer.echo(table.HEADER)
    found = kernels.measure(
        ours.scan(threads),
        threads=threads,
        n_rounds=rounds,
        workloads=kernels.WORKLOADS[: 2 if quick else None],
        on_row=lambda row: typer.echo(table.format_row(row)),
    )
    typer.echo(table.LEGEND)
    typer.echo(f"sgemm: {found['sgemm_gflops']:.1f} GFLOP/s")
    return found


def _scaling(ours, threads, rounds, quick):
    found = scaling.measure(ours.name, threads=threads, n_points=2 if quick else None)
    for axis in scaling.AXES:
        each = found[axis]
        typer.echo(
            f"{axis}: slope of time {each['seconds_slope']:.2f}, "
            f"of memory {each['memory_slope']:.2f}"
        )
    if not quick:
        scaling_figure.draw(found, FOLDER / "scaling.svg")
    return {"scaling": found}


def _sweep(ours, threads, rounds, quick):
    found = sweep.measure(ours.name, threads=threads, quick=quick)
    eager = found["eager_loop"]
    typer.echo(
        f"sweep: {found['seconds']} s for {found['updates']} updates ({found['backend']}); "
        f"eager loop {eager['seconds']} s, extrapolated from {eager['rounds']} rounds: "
        f"{eager['ratio']} times ours"
    )
    return {"sweep": found}


def _start_up(ours, threads, rounds, quick):
    found = start_up.measure(ours.name, threads=threads, n_times=1 if quick else 3)
    typer.echo("\n".join(f"{name}: {seconds:.3f} s" for name, seconds in found.items()))
    return {"start_up": found}


def _lorenz(ours, threads, rounds, quick):
    found = lorenz.measure(threads=threads, quick=quick)
    typer.echo("restart  D_stsp    D_H   PE_20")
    scores = [found[name] for name in found["median"]]
    lines = [*enumerate(zip(*scores, strict=True)), ("median", found["median"].values())]
    for name, (divergence, distance, error) in lines:
        typer.echo(f"{name!s:>7} {divergence:7.2f} {distance:6.3f} {error:.1e}")
    typer.echo(
        f"lorenz: {found['restarts']} restarts, {found['diverged']} diverged, trained in "
        f"{found['seconds']} s ({found['processor_seconds']} s of the processor)"
    )
    return {"lorenz": found}


def _false_positives(ours, threads, rounds, quick):
    found = false_positives.run(
        DOCS / "false_positives.md",
        quick=quick,
        on_row=lambda row, each: typer.echo(
            f"{each.rate:6.1%}  {each.limit:18} {'' if each.as_expected else 'outside'}"
            f"  {false_positives.name(row)}"
        ),
    )
    typer.echo(f"false positives: {len(found['outside'])} of {found['rows']} rows outside")
    return {"false_positives": found}


def _fixed_points(ours, threads, rounds, quick):
    found = fixed_points.measure(n_rounds=rounds, quick=quick)
    typer.echo(fixed_points.format_found(found))
    return {"fixed_points": found}


def _analysis(ours, threads, rounds, quick):
    found = analysis.measure(n_times=1 if quick else rounds, quick=quick)
    typer.echo(
        f"analysis of {found['steps']} steps, {found['latents']} latents, P = {found['n_pwl']}, "
        f"one thread: {', '.join(map(str, found['seconds']))} s"
    )
    return {"analysis": found}


def _effects(ours, threads, rounds, quick):
    found = effects.measure(n_times=1 if quick else 3, quick=quick)
    typer.echo(
        f"effects of {found['inputs']} inputs on {found['trials']} trials, {found['lags']} lags, "
        f"{found['folds']} folds: {', '.join(map(str, found['effects']))} s; "
        f"functional regimes: {', '.join(map(str, found['regimes']))} s"
    )
    return {"effects": found}


def _compare(ours, threads, rounds, quick, dataset, other, models, plain):
    found = compare.measure(
        dataset=dataset, n_folds=1 if quick else 2, threads=threads, other=other, plain=plain,
        models=[each for each in models.split(";") if each],
    )  # fmt: skip
    typer.echo(f"{dataset}: seconds per fold, {threads} threads; expected are those of one core")
    table = compare.tabulate(found)
    table = table.assign(expected=compare.expect(dataset).reindex(table.index))
    typer.echo(table.to_string(float_format="%.1f"))
    return {"compare": found}


def _primitives(ours, threads, rounds, quick):
    found = primitives.measure(n_networks=5 if quick else primitives.N_NETWORKS)
    typer.echo(found.to_string(index=False, float_format="%.3f"))
    if not quick:
        primitives.write_table(found, DOCS / "primitives.md")
    return {"primitives": found.to_dict("records")}


def _sharing(ours, threads, rounds, quick):
    counts = {"n_networks": 2, "n_built_in": 2} if quick else {}
    found = sharing.measure(tell=lambda row: typer.echo(row["kind"]), **counts)
    typer.echo(found.to_string(index=False, float_format="%.3f"))
    if not quick:
        sharing.write_table(found, DOCS / "sharing.md")
    return {"sharing": found.astype(object).where(found.notna(), None).to_dict("records")}


def _computations(ours, threads, rounds, quick, sizes, cache):
    n_runs, n_nulls = (1, 2) if quick else sizes
    found = computations.measure(cache, n_runs=n_runs, n_nulls=n_nulls, n_processes=threads)
    tables = {
        "sources": computations.tabulate_sources(found),
        "nulls": computations.tabulate_nulls(found),
    }
    for each in tables.values():
        typer.echo(each.to_string(index=False, float_format="%.3f"))
    if not quick:
        computations.write(DOCS / "computations.md", found)
    return {"computations": {name: each.to_dict("records") for name, each in tables.items()}}


def _adaptive(ours, threads, rounds, quick, cache):
    data = {"data": ["fontanesi2019"], "models": ["history-logistic"]} if quick else {}
    found = adaptive.measure(cache, n_processes=threads, **data)
    tables = {
        "steps": adaptive.tabulate_steps(found),
        "subjects": adaptive.tabulate_subjects(found),
    }
    for each in tables.values():
        typer.echo(each.to_string(index=False, float_format="%.4f"))
    if not quick:
        kept = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
        adaptive.write(DOCS / "adaptive.md", found, kept.get("psytrack", []))
    return {"adaptive": tables["steps"].to_dict("records")}


def _psytrack(ours, threads, rounds, quick, trials):
    found = psytrack_peer.measure(trials, n_trials=500 if quick else None)
    typer.echo("\n".join(psytrack_peer.tabulate(found)))
    return {"psytrack": found}


def _faults(ours, threads, rounds, quick):
    counts = {"kills": 4, "flips": 20, "edits": 20, "kept": 12} if quick else {}
    found = faults.measure(**counts, tell=typer.echo)
    typer.echo(f"faults: {found['breaches']} breaches")
    if found["breaches"]:
        raise typer.Exit(1)
    return {"faults": found}


PARTS = {
    "kernels": _kernels,
    "scaling": _scaling,
    "sweep": _sweep,
    "start_up": _start_up,
    "lorenz": _lorenz,
    "false_positives": _false_positives,
    "fixed_points": _fixed_points,
    "analysis": _analysis,
    "effects": _effects,
    "compare": _compare,
    "primitives": _primitives,
    "sharing": _sharing,
    "computations": _computations,
    "adaptive": _adaptive,
    "psytrack": _psytrack,
    "faults": _faults,
}

# parts that take long, or need more than is installed with the package
NAMED = ("sharing", "computations", "adaptive", "psytrack")

if __name__ == "__main__":
    typer.run(main)
