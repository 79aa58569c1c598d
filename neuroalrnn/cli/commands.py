"""The command line: each command reads its arguments, calls one public function and saves."""

import json
import shutil
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from neuroalrnn.cli.dissect import dissect
from neuroalrnn.cli.export import export
from neuroalrnn.cli.folder import (
    FIT,
    OUTPUTS,
    PAGE,
    UNFINISHED,
    digest_run,
    finished_fit,
    interruptible,
    refuse_existing,
    replaced_results,
    results_folder,
)
from neuroalrnn.cli.inspect import inspect_into
from neuroalrnn.cli.options import (
    AnySeed,
    Backend,
    Conditions,
    Files,
    Final,
    Numbers,
    Out,
    Overwrite,
    ReadOptions,
    Rule,
    RunFileOut,
    Saved,
    Seed,
    TaskFile,
    Threads,
    names,
    numbers,
    share_or_rule,
)
from neuroalrnn.cli.recover import study_fitted, study_recovery, with_task
from neuroalrnn.cli.remedies import as_typed
from neuroalrnn.cli.request import Columns, Request, on_data, read_columns
from neuroalrnn.cli.subjects import study_subjects
from neuroalrnn.cli.tell import add_lights, summarise, tell_datasets, tell_scores, tell_trials
from neuroalrnn.config import Run, Setting, default_run
from neuroalrnn.config.defaults import LOSS, ONE_ERROR, RECOVERY
from neuroalrnn.exceptions import NeuroALRNNError
from neuroalrnn.sources import import_data_loaders, load_trials, make_splitter
from neuroalrnn.store import explain, replacing

RECOVERY_GRID = ",".join(map(str, RECOVERY.n_pwl))

app = typer.Typer(
    help="Fit Almost-Linear RNNs to behaviour, with whole subjects held out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake ends with one message and exit code 2.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    None
        The process ends with its exit code.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            with interruptible(sys.argv[1:] if arguments is None else arguments):
                app(arguments, prog_name="neuroalrnn")
        except (NeuroALRNNError, FileNotFoundError, PermissionError, ChildProcessError) as error:
            typer.echo(f"error: {as_typed(str(error))}", err=True)
            sys.exit(2)
        except OSError as error:
            if explain(error) is None:
                raise
            typer.echo(f"error: {explain(error)}", err=True)
            sys.exit(2)


@app.command()
def datasets() -> None:
    """List the named datasets: how large, on what terms, embedded or downloaded.

    What is downloaded is kept in the folder that NEUROALRNN_DATA names, or in the user's cache.
    """
    typer.echo(tell_datasets(import_data_loaders().DATASETS))


@app.command()
def inspect(
    files: Files,
    out: RunFileOut = None,
    columns: Columns = None,
    read: ReadOptions = None,
    overwrite: Overwrite = False,
) -> None:
    """Look at files of unknown meaning: roles of columns, what looks wrong, a run file for fit."""
    given, out = read_columns(columns), out or Path(f"{files[0].stem}.toml")
    inspect_into(files, out, given, read or [], overwrite=overwrite)


@app.command()
def demo(
    out: Out = Path("results/demo"), overwrite: Overwrite = False, threads: Threads = None
) -> None:
    """Fit the stimulus-selection experiment pratte2010 and write its report."""
    config = default_run("pratte2010")
    extras = {"mechanism": False, "regression": False, "ensemble": False}
    _fit("pratte2010", config, out, overwrite=overwrite, threads=threads, **extras)
    typer.echo(f"mechanism: neuroalrnn report {out / 'fit.nc'} --out {out} --overwrite")


@app.command()
@on_data
def fit(
    request: Request,
    overwrite: Overwrite = False,
    threads: Threads = None,
    backend: Backend = "auto",
    final: Final = False,
) -> None:
    """Cross-validate AL-RNNs on a dataset or a file, and write scores, tables and report."""
    source, config, out = request.plan()
    options = {"threads": threads, "backend": backend} | ({"final": True} if final else {})
    _fit(source, config, out, overwrite=overwrite, **options)


@app.command()
@on_data
def compare(
    request: Request,
    overwrite: Overwrite = False,
    threads: Threads = None,
    backend: Backend = "auto",
) -> None:
    """Like fit, beside all other models: lags, Q-learning, GLM-HMM, GRU, LSTM on the same folds."""
    source, config, out = request.plan()
    options = {"threads": threads, "backend": backend, "baselines": "all"}
    _fit(source, config, out, overwrite=overwrite, **options)


@app.command()
@on_data
def subjects(
    request: Request,
    n_shots: Numbers = "0,50,100,200,400",
    n_dimensions: Numbers = "1,2",
    overwrite: Overwrite = False,
    threads: Threads = None,
    backend: Backend = "auto",
) -> None:
    """Individual differences: subject vectors, new sessions of known subjects, and new subjects."""
    source, config, out = request.plan()
    shots, dimensions = (
        numbers(option, text, least=least)
        for option, text, least in (
            ("--n-shots", n_shots, 0),
            ("--n-dimensions", n_dimensions, 1),
        )
    )
    with results_folder(out):
        study_subjects(
            source, config, out, n_shots=shots, n_dimensions=dimensions, overwrite=overwrite,
            threads=threads, backend=backend,
        )  # fmt: skip


@app.command()
def analyse(
    saved: Saved,
    out: Out,
    conditions: Conditions = None,
    rule: Rule = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Write the tables of a saved fit as CSV, those of its mechanism among them."""
    from neuroalrnn.results import Fit

    with results_folder(out):
        refuse_existing(out, ("tables",), overwrite)
        options = {"conditions": names(conditions), "rule": rule, "random_state": seed}
        folder = _save_tables(Fit.load(saved), out, **options)
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

    with results_folder(out):
        refuse_existing(out, ("figures", PAGE), overwrite)
        loaded = Fit.load(saved)
        page = write_report(
            loaded,
            out,
            conditions=names(conditions),
            rule=rule,
            random_state=seed,
            progress=True,
            overwrite=overwrite,
        )
    typer.echo(f"report: {page}")


@app.command()
def recover(
    out: Out,
    saved: Annotated[
        Path | None, typer.Option("--fit", help="Let the network of this fit make the choices.")
    ] = None,
    run: TaskFile = None,
    tasks: Annotated[str, typer.Option(help="Known networks.")] = "integration,two gated paths",
    agents: Annotated[str, typer.Option(help="Families: logistic,Q-learning,GLM-HMM")] = "",
    subjects: Numbers = "8,16",
    trials: Numbers = "100,250",
    n_pwl: Numbers = RECOVERY_GRID,
    runs: Annotated[int, typer.Option(min=1, help="Simulations per size.")] = 5,
    restarts: Annotated[int, typer.Option(min=1)] = RECOVERY.n_restarts,
    sufficient: Annotated[
        str | None,
        typer.Option(
            help=f"Share of what is explained that P may lose ({LOSS}; that of --fit), or "
            f"'{ONE_ERROR}'."
        ),
    ] = None,
    seed: AnySeed = 0,
    threads: Threads = None,
    overwrite: Overwrite = False,
) -> None:
    """Simulate a known truth, fit it again, and see whether P would come back with these sizes."""
    options: dict[str, Any] = {
        "n_runs": runs,
        "random_state": seed,
        "n_restarts": restarts,
        "threads": threads,
    }
    sizes = {
        "subjects": numbers("--subjects", subjects, least=2),
        "trials": numbers("--trials", trials, least=1),
        "n_pwl": numbers("--n-pwl", n_pwl),
    }
    if sufficient is not None:
        options["sufficient"] = share_or_rule("--sufficient", sufficient)
    with results_folder(out):
        if saved is not None:
            study_fitted(saved, out, run=run, overwrite=overwrite, **options)
            return
        study_recovery(
            out, tasks=names(tasks), agents=names(agents), overwrite=overwrite, **sizes, **options
        )


for each in (dissect, export):
    app.command()(each)


@app.command()
def predictive(
    saved: Saved,
    out: Out,
    run: TaskFile = None,
    repeats: Annotated[int, typer.Option(min=39, help="Simulations of the experiment.")] = 100,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Simulate a saved fit in its task, and compare the simulated subjects with the real ones."""
    import numpy as np

    from neuroalrnn.behaviour import compare_signatures, simulate_fit, summarise_misfit
    from neuroalrnn.plots import plot_predictive_panels, save_figure
    from neuroalrnn.results import Fit
    from neuroalrnn.results.tables import save_table
    from neuroalrnn.tasks import environment_for

    with results_folder(out):
        refuse_existing(out, ("predictive.csv", "predictive.svg"), overwrite)
        loaded = Fit.load(saved)
        environment = environment_for(with_task(loaded.trials, run))
        rng, agent = np.random.default_rng(seed), _agent_of(loaded)
        simulated = simulate_fit(loaded, environment, repeats, agent=agent, rng=rng)
        table = compare_signatures(loaded.trials, simulated)
        with replacing(out) as new:
            save_table(table, new, "predictive.csv")
            save_figure(plot_predictive_panels(table), new, "predictive")
    typer.echo(summarise_misfit(table).to_string(index=False, float_format="{:.3f}".format))
    typer.echo(f"figure: {out / 'predictive.svg'}")


def _agent_of(fit):
    """What simulates a fit of more than choices; fits of choices need no torch for it."""
    if "observation" not in fit.config:
        return None
    from neuroalrnn.recover import make_agent

    return make_agent(fit)


def _fit(source: str, config: Run, out: Path, *, overwrite, mechanism=True, **engine) -> None:
    """Fit and save; the fit itself is on disk before anything is made from it."""
    with results_folder(out):
        # before the fit, so that no night of computing is lost to a name that is taken
        lacks_report = (out / FIT).exists() and not (out / PAGE).exists()
        refuse_existing(out, OUTPUTS, overwrite or lacks_report)
        trials = load_trials(source, config)
        typer.echo(tell_trials(source, trials))
        if "environment" in trials.attrs:
            from neuroalrnn.tasks import environment_for

            environment_for(trials)
        run = digest_run(trials, config, engine)
        result = finished_fit(out, run) if lacks_report else None
        if result is None:
            refuse_existing(out, OUTPUTS, overwrite)
            result = _fit_into(out, source, trials, config, run, overwrite=overwrite, **engine)
        typer.echo(f"fit: {out / FIT}")
        from neuroalrnn.report import write_report

        options = {"random_state": config.validation.random_state, "overwrite": overwrite}
        page = write_report(result, out, mechanism=mechanism, progress=True, **options)
        add_lights(out)
    typer.echo(f"report: {page}")


def _fit_into(out, source, trials, config: Run, run: str, *, overwrite, **engine):
    from neuroalrnn.results.tables import save_table
    from neuroalrnn.study import select_n_pwl

    validation = config.validation
    extras = {"regression": validation.regression, "ensemble": validation.ensemble}
    engine = {"adaptive": True} | extras | engine
    result = select_n_pwl(
        trials,
        Setting(**config.setting.model_dump()),
        make_splitter(config),
        validation.n_restarts,
        validation.random_state,
        n_pwl=validation.n_pwl,
        n_inner=validation.n_inner,
        sufficient=validation.sufficient,
        alternatives=config.alternatives,
        observation=config.observation,
        **engine,
        resume=out / UNFINISHED,
    )
    result.tree.attrs["run"] = run
    with replacing(out, replaced_results() if overwrite else ()) as new:
        result.save(new / FIT)
        save_table(result.scores, new, "scores.csv")
        summary = json.dumps(summarise(result, Path(source).stem), indent=2)
        (new / "summary.json").write_text(summary + "\n", encoding="utf-8")
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    typer.echo(tell_scores(result))
    return result


def _save_tables(result, out: Path, **options) -> Path:
    from neuroalrnn.questions import analyse as analyse_fit

    analysis = analyse_fit(result, **options, mechanism=True, progress=True)
    with replacing(out, ("tables/*.csv",)) as new:
        (new / "tables").mkdir()
        analysis.save_tables(new / "tables")
    for text in analysis.sentences():
        typer.echo(f"- {text}")
    apart = analysis.mechanism.notes if analysis.mechanism else []
    for note in [*analysis.notes, *apart]:
        typer.echo(f"not made: {note}")
    return out / "tables"


def _show_warning(message, category, *_args, **_options) -> None:
    typer.echo(f"warning: {as_typed(str(message))}", err=True)
