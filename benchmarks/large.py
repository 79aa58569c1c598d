"""A million trials of ten thousand subjects, and twenty thousand columns: seconds and memory.

python -m benchmarks.large --subjects 10000 --columns 20000

Of the report alone, of networks that are hardly trained or of a saved fit:

python -m benchmarks.large --parts fit,report
python -m benchmarks.large --parts report --saved fit.nc
"""

import resource
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from benchmarks import fresh
from benchmarks.record import rounded, update
from benchmarks.scaling import peak

N_TRIALS, N_ROWS = 100, 500
COLUMNS = {name: name for name in ("subject", "session", "trial", "choice", "cue", "side", "rule",
                                   "correct", "reward", "rt")}  # fmt: skip
OPTIONS = {"labels": ["left", "right"], "events": {"stimulus": 0.0, "response": "rt"}}
ENCODING = {"step": "event", "choice_event": "response",
            "inputs": {"cue": "stimulus", "side": "stimulus", "rule": "stimulus",
                       "choice": "response", "reward": "response"}}  # fmt: skip
# answers that take less are added up
LEAST = 0.5


def write_trials(path, n_subjects, n_trials=N_TRIALS):
    """Write a table in which choices follow one of two inputs, as a rule says.

    Parameters
    ----------
    path : pathlib.Path
    n_subjects : int
    n_trials : int
        Of a subject, in two sessions.
    """
    rng, n = np.random.default_rng(0), n_subjects * n_trials
    trial = np.tile(np.arange(n_trials), n_subjects)
    cue, side = rng.choice([-1, 1], (2, n))
    rule = trial // (n_trials // 4) % 2
    follow = np.where(rule == 1, side, cue)
    choice = rng.random(n) < 1 / (1 + np.exp(-2.5 * follow))
    correct = choice == (follow > 0)
    table = {
        "subject": np.repeat([f"s{k:05d}" for k in range(n_subjects)], n_trials),
        "session": np.where(trial < n_trials // 2, "a", "b"),
        "trial": trial % (n_trials // 2),
        "rule": rule,
        "cue": cue,
        "side": side,
        "choice": np.where(choice, "right", "left"),
        "correct": correct.astype(int),
        "reward": (rng.random(n) < np.where(correct, 0.8, 0.2)).astype(int),
        "rt": (0.3 + rng.gamma(2, 0.15, n)).round(3),
    }
    pd.DataFrame(table).to_csv(path, index=False)


def write_columns(path, n_columns, n_rows=N_ROWS):
    """Write a table of many columns, half of them inputs of whole numbers.

    Parameters
    ----------
    path : pathlib.Path
    n_columns : int
        Beside subject and choice.
    n_rows : int
    """
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2, (n_rows, n_columns)).astype(float)
    values[:, 1::2] += rng.normal(size=values[:, 1::2].shape).round(3)
    table = pd.DataFrame(values, columns=[f"c{k}" for k in range(n_columns)])
    table.insert(0, "choice", rng.integers(0, 2, n_rows))
    table.insert(0, "subject", [f"s{k * 10 // n_rows}" for k in range(n_rows)])
    table.to_csv(path, index=False)


def measure_here(what, **arguments):
    """Seconds of the processor of this process, and its peak of memory.

    Parameters
    ----------
    what : {"load", "load_columns", "inspect", "fit", "report"}
    **arguments
        Of that part.

    Returns
    -------
    dict
        ``seconds`` by the clock, ``processor_seconds``, ``peak_gib``, imports included; of a report
        also ``slowest``, the processor seconds of answers and figures, and ``drawing_seconds``,
        those of the second process, which writes figures.
    """
    start = time.perf_counter()
    more = PARTS[what](**arguments) or {}
    found = {"seconds": time.perf_counter() - start, "processor_seconds": time.process_time()}
    return rounded(found | {"peak_gib": peak() / 2**30}, 3) | more


def _load(path):
    from neuroalrnn.data import encode, load_table, validate

    trials = load_table(path, COLUMNS, **OPTIONS)
    validate(trials)
    encode(trials, **ENCODING)


def _load_columns(path, n_columns):
    from neuroalrnn.data import encode, load_table, validate

    names = ["subject", "choice", *(f"c{k}" for k in range(n_columns))]
    trials = load_table(path, {name: name for name in names})
    validate(trials)
    encode(trials, step="trial", inputs=names[2:])


def _inspect(path):
    from neuroalrnn.inspection import inspect_files
    from neuroalrnn.inspection.tell import tell

    tell(inspect_files([Path(path)], {}))


def _fit(path, out):
    """Networks that were hardly trained: as large as others, and soon there."""
    from neuroalrnn import Setting, SubjectKFold, select_n_pwl
    from neuroalrnn.data import load_table

    trials = load_table(path, COLUMNS, **OPTIONS).assign_attrs(
        analysis='{"conditions": ["rule"], "rule": "rule"}'
    )
    setting = Setting(n_latent=4, max_checks=10, check_every=10)
    fit = select_n_pwl(
        trials, setting, SubjectKFold(2), n_restarts=1, n_pwl=(0, 2), n_inner=2, encoding=ENCODING,
        progress=False,
    )  # fmt: skip
    fit.save(out)


def _report(path, out):
    from neuroalrnn import Fit, write_report

    seconds = defaultdict(float)
    _time_parts(seconds)
    write_report(Fit.load(path), out)
    found = {name: each for name, each in seconds.items() if each >= LEAST}
    found["others"] = sum(each for each in seconds.values() if each < LEAST)
    order = sorted(found, key=found.get, reverse=True)
    size = sum(each.stat().st_size for each in Path(out).rglob("*") if each.is_file())
    page = (Path(out) / "report.html").stat().st_size
    drawing = resource.getrusage(resource.RUSAGE_CHILDREN)
    sizes = {"page_mb": page / 1e6, "all_files_mb": size / 1e6}
    sizes |= {"drawing_seconds": drawing.ru_utime + drawing.ru_stime}
    slowest = rounded({name: found[name] for name in order}, 3)
    return {"slowest": slowest} | rounded(sizes, 3)


def _time_parts(seconds):
    """Add up the processor seconds of everything that a report attempts."""
    from neuroalrnn.questions import tables
    from neuroalrnn.report import markup

    for module in (tables, markup):
        module.attempt = _timed(module.attempt, seconds)


def _timed(attempt, seconds):
    inside = []

    def timed(make, what, *arguments):
        inside.append(0.0)
        start = time.process_time()
        try:
            return attempt(make, what, *arguments)
        finally:
            spent = time.process_time() - start
            seconds[what] += spent - inside.pop()
            if inside:
                inside[-1] += spent

    return timed


PARTS = {
    "load": _load,
    "load_columns": _load_columns,
    "inspect": _inspect,
    "fit": _fit,
    "report": _report,
}


def measure(n_subjects, n_columns, parts, tell=print, saved=None):
    """Measure all of it, each part in a process of its own.

    Parameters
    ----------
    n_subjects : int
        With a hundred trials each.
    n_columns : list of int
        Of the tables of many columns, of 500 rows.
    parts : sequence of str
        Keys of `PARTS`; a report needs a fit.
    tell : callable
        Receives a line per measurement.
    saved : path-like, optional
        A fit whose report is measured; default that of the part "fit".

    Returns
    -------
    dict
    """
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, fit, out = (str(folder / each) for each in ("trials.csv", "fit.nc", "report"))
        arguments = {
            "load": {"path": table},
            "inspect": {"path": table},
            "fit": {"path": table, "out": fit},
            "report": {"path": str(Path(saved or fit).resolve()), "out": out},
        }
        if set(parts) & ({"load", "inspect", "fit"} if saved else set(arguments)):
            write_trials(Path(table), n_subjects)
        jobs = {
            (part, f"{n_subjects} subjects"): arguments[part] for part in arguments if part in parts
        }
        for n in n_columns if "load_columns" in parts else ():
            wide = folder / f"{n}.csv"
            write_columns(wide, n)
            jobs["load_columns", f"{n} columns"] = {"path": str(wide), "n_columns": n}
            jobs["inspect", f"{n} columns"] = {"path": str(wide)}
        for (part, size), each in jobs.items():
            key = f"{part}, {size}"
            found[key] = fresh.measure("large", what=part, **each)
            tell(f"{key}: {found[key]}")
    return found


def main(
    subjects: Annotated[int, typer.Option(help="Subjects with 100 trials each.")] = 10_000,
    columns: Annotated[list[int] | None, typer.Option(help="Columns of tables.")] = None,
    parts: Annotated[str, typer.Option(help="Of load, inspect, fit, report.")] = "",
    saved: Annotated[Path | None, typer.Option(help="Fit whose report is measured.")] = None,
    keep: Annotated[bool, typer.Option(help="Whether results.json keeps the numbers.")] = True,
) -> None:
    """Measure large tables; print the numbers and keep them in results.json."""
    named = [each for each in parts.split(",") if each] or [*PARTS]
    sizes = columns or [2500, 5000, 10_000, 20_000]
    found = measure(subjects, sizes, named, tell=typer.echo, saved=saved)
    if keep:
        update(Path(__file__).parent / "results.json", {"large": found})


if __name__ == "__main__":
    typer.run(main)
