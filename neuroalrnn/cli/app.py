"""The command line: each command reads its arguments, calls one public function and saves."""

import json
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from neuroalrnn.config import Run, Setting, default_run, load_run
from neuroalrnn.exceptions import ConfigError, NeuroALRNNError, ResultError, problems
from neuroalrnn.sources import count_scored, import_data_loaders, load_trials, make_splitter

OUTPUTS = ("fit.nc", "scores.csv", "summary.json", "tables", "figures", "report.html")
# finished folds: the same command goes on from them after it was killed
UNFINISHED = "unfinished"

app = typer.Typer(
    help="Fit Almost-Linear RNNs to behaviour, with whole subjects held out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Out = Annotated[Path, typer.Option("--out", help="Folder that receives the results.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Default: all cores.")]
Backend = Annotated[
    str, typer.Option(help="numba_cpu, torch_eager or reference; auto takes the fastest.")
]
Conditions = Annotated[
    str | None, typer.Option(help="Trial variables that split the tables: context,congruent")
]
Rule = Annotated[str | None, typer.Option(help="Trial variable whose changes are rule changes.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the null bands.")]
Saved = Annotated[Path, typer.Argument(metavar="FIT.nc", help="A fit that this program saved.")]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake ends with one message and exit code 2.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            app(arguments, prog_name="neuroalrnn")
        except (NeuroALRNNError, FileNotFoundError, PermissionError) as error:
            typer.echo(f"error: {error}", err=True)
            sys.exit(2)


@app.command()
def datasets() -> None:
    """List the datasets that come with the package."""
    import pandas as pd

    loaders = import_data_loaders()
    rows = [_describe(name, loaders.load(name)) for name in loaders.DATASETS]
    typer.echo(pd.DataFrame(rows).to_string(index=False))


@app.command()
def demo(
    out: Out = Path("results/demo"), overwrite: Overwrite = False, threads: Threads = None
) -> None:
    """Fit the stimulus-selection experiment pratte2010 and write its report."""
    _fit("pratte2010", default_run("pratte2010"), out, overwrite=overwrite, threads=threads)


@app.command()
def fit(
    source: Annotated[
        str | None,
        typer.Argument(help="Dataset name, .nc, .csv or .tsv. Default: [data] of the run file."),
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Run file (TOML).")] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns of a table: subject=ID,choice=resp")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Default: results/NAME.")] = None,
    overwrite: Overwrite = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of every random stream.")] = None,
    threads: Threads = None,
    backend: Backend = "auto",
) -> None:
    """Cross-validate AL-RNNs on a dataset or a file, and write scores, tables and report."""
    config = load_run(run) if run else default_run(source or "")
    source = source or _source_of(config, run)
    config = _with_options(config, columns, seed)
    out = out or Path("results") / Path(source).stem
    _fit(source, config, out, overwrite=overwrite, threads=threads, backend=backend)


@app.command()
def analyse(
    saved: Saved,
    out: Out,
    conditions: Conditions = None,
    rule: Rule = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Write the tables of a saved fit as CSV."""
    from neuroalrnn.results import Fit

    _refuse_existing(out, ("tables",), overwrite)
    loaded = Fit.load(saved)
    options = {"conditions": _names(conditions), "rule": rule, "random_state": seed}
    with _made(out):
        folder = _save_tables(loaded, out, **options)
    typer.echo(f"tables: {folder}")


@app.command()
def report(
    saved: Saved,
    out: Out,
    conditions: Conditions = None,
    rule: Rule = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Write figures and the HTML report of a saved fit."""
    from neuroalrnn.report import write_report
    from neuroalrnn.results import Fit

    _refuse_existing(out, ("figures", "report.html"), overwrite)
    loaded = Fit.load(saved)
    options = {"conditions": _names(conditions), "rule": rule, "random_state": seed}
    with _made(out):
        page = write_report(loaded, out, **options, overwrite=overwrite)
    typer.echo(f"report: {page}")


def _fit(source: str, config: Run, out: Path, *, overwrite: bool, **engine) -> None:
    """Fit and save; the fit itself is on disk before anything is made from it."""
    # before the fit, so that no night of computing is lost to a name that is taken
    _refuse_existing(out, OUTPUTS, overwrite)
    trials = load_trials(source, config)
    typer.echo(_tell_trials(source, trials))
    with _made(out):
        _fit_into(out, source, trials, config, overwrite=overwrite, **engine)


def _fit_into(out: Path, source: str, trials, config: Run, *, overwrite, **engine) -> None:
    from neuroalrnn.evaluate import select_n_pwl

    validation = config.validation
    result = select_n_pwl(
        trials,
        Setting(**config.setting.model_dump()),
        make_splitter(config),
        validation.n_restarts,
        validation.random_state,
        n_pwl=validation.n_pwl,
        n_inner=validation.n_inner,
        alternatives=config.alternatives,
        **engine,
        resume=out / UNFINISHED,
    )
    result.save(out / "fit.nc", overwrite=overwrite)
    result.scores.to_csv(out / "scores.csv", index=False)
    summary = json.dumps(summarise(result, Path(source).stem), indent=2)
    (out / "summary.json").write_text(summary + "\n", encoding="utf-8")
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    typer.echo(_tell_scores(result))
    typer.echo(f"fit: {out / 'fit.nc'}")
    from neuroalrnn.report import write_report

    page = write_report(result, out, random_state=validation.random_state, overwrite=overwrite)
    typer.echo(f"report: {page}")


def summarise(result, dataset: str) -> dict:
    """Summarise a fit for people who script.

    Parameters
    ----------
    result : Fit
    dataset : str
        Its name.

    Returns
    -------
    summary : dict
        ``dataset, n_subjects, n_trials`` (scored), ``selected_n_pwl`` (chosen by most folds, the
        smaller of a tie), ``selected_n_pwl_by_fold, seconds`` and ``models``: per model
        ``log_likelihood`` and its ``standard_error`` over subjects (nats per trial), ``accuracy``.
    """
    table = result.summarise()
    chosen = result.selection["n_pwl_chosen"]
    by_fold = dict(zip(chosen["fold"].values.astype(str), map(int, chosen.values), strict=True))
    count = Counter(by_fold.values())
    columns = ["log_likelihood", "standard_error", "accuracy"]
    return {
        "dataset": dataset,
        "n_subjects": int(table["n_subjects"].max()),
        "n_trials": int(table["n_trials"].max()),
        "selected_n_pwl": min(count, key=lambda n_pwl: (-count[n_pwl], n_pwl)),
        "selected_n_pwl_by_fold": by_fold,
        "seconds": result.provenance["seconds"],
        "models": {
            str(name): {column: float(row[column]) for column in columns}
            for name, row in table.iterrows()
        },
    }


def _source_of(config: Run, run: Path | None) -> str:
    if config.data.path is not None:
        return str((run.parent if run else Path()) / config.data.path)
    if config.data.name is not None:
        return config.data.name
    raise ConfigError("nothing to fit: name a dataset or a file, or give [data] in a run file")


def _with_options(config: Run, columns: str | None, seed: int | None) -> Run:
    """Options of the command line win over the run file."""
    data, validation = config.data, config.validation
    if columns is not None:
        data = data.model_copy(update={"columns": _column_map(columns)})
    if seed is not None:
        validation = validation.model_copy(update={"random_state": seed})
    return config.model_copy(update={"data": data, "validation": validation})


def _column_map(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",")]
    found = [
        f"{''.join(pair)!r}: expected ROLE=COLUMN, such as subject=ID"
        for pair in pairs
        if not (pair[0].strip() and pair[2].strip())
    ]
    if found:
        raise problems(ConfigError, "--columns", found)
    roles = [role.strip() for role, _, _ in pairs]
    twice = [role for role in dict.fromkeys(roles) if roles.count(role) > 1]
    if twice:
        found = [f"role {role!r} is given more than once: keep one" for role in twice]
        raise problems(ConfigError, "--columns", found)
    return {role.strip(): column.strip() for role, _, column in pairs}


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _refuse_existing(out: Path, names: tuple[str, ...], overwrite: bool) -> None:
    """Refuse a folder that holds results which would be replaced."""
    if out.exists() and not out.is_dir():
        raise ResultError(f"--out {out} is a file: give a folder")
    there = [name for name in names if (out / name).exists()]
    if there and not overwrite:
        raise ResultError(
            f"{out} already holds {', '.join(there)}: pass --overwrite to replace, or another --out"
        )


@contextmanager
def _made(out: Path):
    """Folder that can be written to; gone again if a mistake leaves nothing in it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise ResultError(f"--out {out} cannot be written to ({error.strerror})") from error
    try:
        yield
    except NeuroALRNNError:
        if not any(out.iterdir()):
            out.rmdir()
        raise


def _save_tables(result, out: Path, **options) -> Path:
    from neuroalrnn.analysis import analyse as analyse_fit

    tables = analyse_fit(result, **options).tables
    folder = out / "tables"
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def _describe(name: str, trials) -> dict:
    subject, session = (trials[coord].values.astype(str) for coord in ("subject", "session"))
    return {
        "name": name,
        "task": trials.attrs["task"],
        "species": trials.attrs["species"],
        "subjects": len(set(subject)),
        "sessions": len(set(zip(subject, session, strict=True))),
        "trials": trials.sizes["trial"],
        "scored": count_scored(trials),
        "licence": trials.attrs["licence"],
    }


def _tell_trials(source: str, trials) -> str:
    n_subjects, n_trials = len(set(trials["subject"].values)), trials.sizes["trial"]
    lines = [f"{source}: {n_subjects} subjects, {n_trials} trials, {count_scored(trials)} scored"]
    reasons = json.loads(trials.attrs.get("unscored", "[]"))
    lines += [f"  not scored: {each['n_trials']} ({each['reason']})" for each in reasons]
    if not reasons:
        n_missing = int(trials["choice"].isnull().sum())
        n_marked = n_trials - n_missing - count_scored(trials)
        counts = {"no choice": n_missing, "marked as not scored": n_marked}
        lines += [f"  not scored: {n} ({reason})" for reason, n in counts.items() if n]
    encoding = json.loads(trials.attrs.get("encoding", "{}"))
    lines.append(f"  inputs: {', '.join(encoding.get('inputs', []))} (see [encoding])")
    return "\n".join(lines)


def _tell_scores(result) -> str:
    table = result.summarise()
    table = table.drop(columns=["subject_mean", "subject_standard_error"], errors="ignore")
    head = "held-out scores (log_likelihood in nats per trial, bits against class frequency)"
    return f"\n{head}\n{table.to_string(float_format='{:.4f}'.format)}\n"


def _show_warning(message, category, *_args, **_options) -> None:
    typer.echo(f"warning: {message}", err=True)
