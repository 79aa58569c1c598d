"""A cross-validated sweep over PWL units, end to end; against the eager loop, extrapolated.

Both do the same updates on the same batches, so both reach the same validation loss: the eager loop
is timed on a single model of the same sizes and multiplied by the work that the sweep did. Only the
sweep pays for its optimiser, baselines and test scores.
"""

import time

import numpy as np

from benchmarks.peers import eager_loop, eager_validation
from benchmarks.timing import Contestant, alternate, fastest
from benchmarks.workloads import Workload, make_problem
from neuroalrnn import select_n_pwl
from neuroalrnn.config import Run, Setting, default_run
from neuroalrnn.data import default_encoding, encode, validate
from neuroalrnn.sources import load_trials, make_splitter
from neuroalrnn.study.checks import score_what_is_read
from neuroalrnn.study.plan import make_plan

DATASET = "miller_rats"
# fixed here, so that the work stays the same whatever the run file of the dataset says
CHANGES = {
    "setting": {
        "n_latent": 16,
        "memory": 100.0,
        "learning_rate": 0.01,
        "weight_decay": 0.1,
        "averaging": 0.98,
        "batch_size": 32,
        "max_checks": 60,
        "patience": 12,
        "window": 400,
        "warm_up": 60,
    },
    "validation": {"n_pwl": [0, 1, 2, 4, 8, 16], "n_restarts": 3},
}
QUICK = {
    "setting": {"n_latent": 16, "max_checks": 2, "check_every": 2},
    "validation": {
        "n_pwl": [0, 16],
        "n_restarts": 1,
        "n_inner": 2,
        "splitter": "SubjectKFold",
        "n_splits": 2,
    },
}
N_ROUNDS = 7


def measure(backend, *, threads, quick=False):
    """Run the sweep, count its work, and time the eager loop on the same sizes.

    Parameters
    ----------
    backend : str
        Name of a backend of `neuroalrnn.ops`.
    threads : int
    quick : bool
        A small sweep that only shows that everything runs.

    Returns
    -------
    dict
    """
    run = _make_run(QUICK if quick else CHANGES)
    trials = load_trials(DATASET, run)
    start = time.perf_counter()
    fit = _fit(trials, run, backend, threads)
    seconds = time.perf_counter() - start
    plan = lay_out(trials, run)
    work = count_work(fit, plan)
    eager = _time_eager(plan, work, threads)
    total = work["updates"] * eager["seconds_per_update"]
    total += work["validations"] * eager["seconds_per_validation"]
    ratios = {"ratio": total / seconds, "ratio_if_spread_over_cores": total / seconds / threads}
    return {
        "dataset": DATASET,
        "folds": len(plan.folds),
        "setting": run.setting.model_dump(),
        "validation": run.validation.model_dump(),
        "backend": fit.provenance["backend"],
        "seconds": round(seconds, 1),
        **work,
        "eager_loop": {**eager, "seconds": round(total, 1)}
        | {name: round(ratio, 2) for name, ratio in ratios.items()},
    }


def lay_out(trials, run):
    """The plan that `neuroalrnn.select_n_pwl` makes.

    Parameters
    ----------
    trials : xarray.Dataset
    run : Run

    Returns
    -------
    neuroalrnn.study.plan.Plan
    """
    trials = validate(trials)
    sequences = encode(trials, **default_encoding(trials))
    trials = score_what_is_read(trials, sequences)
    splitter, choice = make_splitter(run), run.validation
    return make_plan(
        trials, sequences, splitter.split(trials), splitter, [_setting(run)],
        grid=choice.n_pwl, n_inner=choice.n_inner,
        n_restarts=choice.n_restarts, random_state=choice.random_state,
    )  # fmt: skip


def count_work(fit, plan):
    """Count the updates of all models, and their passes over validation sequences.

    Every inner part of a (n_pwl, fold, restart) trains until its checks end; then one model trains
    on the whole fold, without validation.

    Parameters
    ----------
    fit : neuroalrnn.Fit
    plan : neuroalrnn.study.plan.Plan

    Returns
    -------
    dict
        ``updates``, ``validations`` (passes of one model) and ``sequences_per_validation`` (mean).
    """
    checked = fit.history["validation"].notnull().sum("check")
    n_checks = checked.sum([name for name in checked.dims if name != "fold"]).values
    n_parts = np.array([len(parts) for parts in plan.inner])
    n_held_out = np.array([sum(len(part.validate) for part in parts) for parts in plan.inner])
    n_validations = int(n_checks @ n_parts)
    n_final = int(fit.selection["n_updates"].sum())
    return {
        "updates": n_validations * plan.setting.check_every + n_final,
        "validations": n_validations,
        "sequences_per_validation": round(float(n_checks @ n_held_out) / n_validations, 2),
    }


def _make_run(changes):
    values = default_run(DATASET).model_dump(exclude_unset=True)
    return Run.model_validate(
        values | {name: values.get(name, {}) | table for name, table in changes.items()}
    )


def _setting(run):
    return Setting(**run.setting.model_dump())


def _fit(trials, run, backend, threads):
    choice = run.validation
    return select_n_pwl(
        trials, _setting(run), make_splitter(run), choice.n_restarts, choice.random_state,
        n_pwl=choice.n_pwl, n_inner=choice.n_inner,
        backend=backend, threads=threads, progress=False,
    )  # fmt: skip


def _time_eager(plan, work, threads):
    """Median seconds of an update and of a validation of one model, with threads at their best."""
    _, n_steps, n_features = plan.pieces.inputs.shape
    batch = Workload(1, plan.setting.batch_size, n_steps, plan.setting.n_latent, max(plan.grid))
    held_out = batch._replace(sequences=round(work["sequences_per_validation"]))
    update = eager_loop(make_problem(batch, n_features))
    validation = eager_validation(make_problem(held_out, n_features))
    best = fastest([Contestant("update", update, n) for n in sorted({1, threads})])
    seconds = alternate([best, Contestant("validation", validation, best.threads)], N_ROUNDS)
    return {
        "seconds_per_update": float(np.median(seconds["update"])),
        "seconds_per_validation": float(np.median(seconds["validation"])),
        "rounds": N_ROUNDS,
        "threads": best.threads,
        "steps": n_steps,
    }
