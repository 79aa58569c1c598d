"""Command ``dissect``: where a task needs nonlinearity, and what each nonlinear unit does."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from neuroalrnn.cli.folder import UNFINISHED, refuse_existing, results_folder
from neuroalrnn.cli.options import AnySeed, Backend, Out, Overwrite, RunFile, Threads, numbers
from neuroalrnn.cli.request import Request
from neuroalrnn.cli.tell import tell_trials
from neuroalrnn.config import Setting
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.sources import import_data_loaders, load_trials, make_splitter
from neuroalrnn.store import replacing

FOUND = "dissection.nc"
OUTPUTS = (FOUND, "tables", "figures", "report.html")


def dissect(
    out: Out,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="TASK|DATA",
            help="Task of the suite, such as addition; or a dataset name, or a file. Default: "
            "[data] of the run file.",
        ),
    ] = None,
    run: RunFile = None,
    parameter: Annotated[
        list[str] | None, typer.Option(help="Of the task, such as n_steps=40; may be repeated.")
    ] = None,
    n_pwl: Annotated[
        str | None, typer.Option(help="Default: 0, powers of two, and all latents.")
    ] = None,
    n_train: Annotated[
        str | None,
        typer.Option(help="Training trials, as 50,100,200; of data, training subjects."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option(help="Train on trials drawn anew for every update, too.")
    ] = True,
    peers: Annotated[
        bool, typer.Option("--peers", help="Train a GRU and an LSTM of as many units, too.")
    ] = False,
    restarts: Annotated[int, typer.Option(min=2)] = 10,
    retrained: Annotated[
        int, typer.Option(min=0, help="Restarts of each P that are trained on without each unit.")
    ] = 1,
    n_latent: Annotated[
        str | None, typer.Option(help="Default: 10; of data, that of the run file, or several.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Default: 0.003.")] = None,
    updates: Annotated[int | None, typer.Option(min=1, help="At most; default 5000.")] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(help="Of the networks, such as attractor=0.1; may be repeated."),
    ] = None,
    seed: AnySeed = 0,
    threads: Threads = None,
    backend: Backend = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Train networks from linear to fully rectified on a task, and take them apart; or on data."""
    latents = None if n_latent is None else numbers("--n-latent", n_latent, least=1)
    grid = {
        "n_pwl": None if n_pwl is None else numbers("--n-pwl", n_pwl),
        "n_train": [] if n_train is None else numbers("--n-train", n_train, least=2),
    }
    of_tasks = {
        "parameters": read_parameters(parameter or []) or None, "fresh": fresh, "peers": peers,
        "n_retrained": min(retrained, restarts),
    }  # fmt: skip
    given = read_setting(setting or [])
    given |= {"learning_rate": learning_rate} if learning_rate is not None else {}
    if run or _is_data(source):
        with results_folder(out):
            study_subjects_of(
                Request(source=source, run=run, out=out), overwrite=overwrite, setting=given,
                updates=updates, **grid, n_latent=latents, n_restarts=restarts, random_state=seed,
                **of_tasks, threads=threads, backend=backend,
            )  # fmt: skip
        return
    if latents and len(latents) > 1:
        raise ConfigError("--n-latent: a task is dissected with one number of latents")
    given |= {"n_latent": latents[0]} if latents else {}
    with results_folder(out):
        study_task(
            source or "", out, overwrite=overwrite, **of_tasks, **grid, setting=given,
            updates=updates, n_restarts=restarts, random_state=seed, threads=threads,
            backend=backend,
        )  # fmt: skip


def study_task(task: str, out: Path, *, overwrite, setting, updates=None, **options):
    """Dissect a task into a folder.

    Parameters
    ----------
    task : str
        Name of the task.
    out : Path
        Receives ``dissection.nc``, tables, figures and ``report.html``.
    overwrite : bool
    setting : dict
        What differs from the default setting.
    updates : int, optional
        Of training at most, in whole checks; at least one.
    **options
        Those of `neuroalrnn.dissect.dissect`.
    """
    from neuroalrnn.dissect import dissect
    from neuroalrnn.dissect.plan import DEFAULT

    refuse_existing(out, OUTPUTS, overwrite)
    chosen = _of_length(Setting(**DEFAULT.model_dump(exclude={"n_pwl"}) | setting), updates)
    found = dissect(task, setting=chosen, resume=out / UNFINISHED, progress=True, **options)
    columns = ["n_train", "n_pwl", "run_median", "best_run", "share_solved", "floor", "ceiling"]
    _write(found, out, found.tables["performance"][columns])


def _is_data(source):
    """Whether a name is that of data; what is neither is looked for among the tasks."""
    if source is None:
        raise ConfigError("nothing to dissect: name a task of the suite, a dataset or a file")
    from neuroalrnn.tasks import TASKS

    is_there = "*" in source or Path(source).exists()
    return source not in TASKS and (is_there or source in import_data_loaders().DATASETS)


def study_subjects_of(request: Request, *, overwrite, setting, updates=None, **options):
    """Dissect data into a folder.

    Parameters
    ----------
    request : Request
        Names the data and the folder.
    overwrite : bool
    setting : dict
        What differs from the setting of the run.
    updates : int, optional
        Of training at most, in whole checks; at least one.
    **options
        Those of `neuroalrnn.dissect.dissect`.
    """
    from neuroalrnn.dissect import dissect

    source, config, out = request.plan()
    refuse_existing(out, OUTPUTS, overwrite)
    trials = load_trials(source, config)
    typer.echo(tell_trials(source, trials))
    chosen = _of_length(Setting(**config.setting.model_dump() | setting), updates)
    found = dissect(
        trials, cv=make_splitter(config), setting=chosen,
        n_inner=config.validation.n_inner, resume=out / UNFINISHED, progress=True, **options,
    )  # fmt: skip
    scores = ["subject_score", "subject_error", "subject_gain"]
    columns = ["n_latent", "n_train_subjects", "n_pwl", *scores]
    _write(found, out, found.tables["subject_performance"][columns])


def _of_length(setting, updates):
    """The setting with as many checks as so many updates have, where a number is given."""
    if updates is None:
        return setting
    return setting.model_copy(update={"max_checks": max(1, updates // setting.check_every)})


def _write(found, out, told):
    """Save everything, and say where it is."""
    from neuroalrnn.dissect.report import write_dissection

    with replacing(out) as new:
        found.save(new / FOUND)
    page = write_dissection(found, out)
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    typer.echo(f"\ntest scores\n{told.to_string(index=False, float_format='{:.4f}'.format)}\n")
    typer.echo(f"report: {page}")


# values of a setting that have options of their own
OWN_OPTION = {"n_latent": "--n-latent", "n_pwl": "--n-pwl", "learning_rate": "--learning-rate"}


def read_setting(texts: list[str]) -> dict[str, Any]:
    """Values of a setting such as ``attractor=0.1``.

    Parameters
    ----------
    texts : list of str
        Names and values.

    Raises
    ------
    ConfigError
    """
    found = read_parameters(texts, "--setting", "attractor=0.1")
    for name, option in OWN_OPTION.items():
        if name in found:
            raise ConfigError(f"--setting {name}: give it by {option}")
    return found


def read_parameters(
    texts: list[str], option: str = "--parameter", example: str = "n_steps=40"
) -> dict[str, Any]:
    """Parameters such as ``n_steps=40``; what is no JSON is text.

    Parameters
    ----------
    texts : list of str
        Names and values.
    option, example : str
        For the message.

    Raises
    ------
    ConfigError
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ConfigError(f"{option} {text!r}: expected NAME=VALUE, such as {example}")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
