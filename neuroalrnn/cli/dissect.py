"""Command ``dissect``: where a task needs nonlinearity, and what each nonlinear unit does."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from neuroalrnn.cli.folder import UNFINISHED, refuse_existing, results_folder
from neuroalrnn.cli.options import AnySeed, Backend, Out, Overwrite, Threads, numbers
from neuroalrnn.config import Setting
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.store import replacing

FOUND = "dissection.nc"
OUTPUTS = (FOUND, "tables", "figures", "report.html")


def dissect(
    task: Annotated[str, typer.Argument(help="Task of the suite, such as addition.")],
    out: Out,
    parameter: Annotated[
        list[str] | None, typer.Option(help="Of the task, such as n_steps=40; may be repeated.")
    ] = None,
    n_pwl: Annotated[
        str | None, typer.Option(help="Default: 0, powers of two, and all latents.")
    ] = None,
    n_train: Annotated[
        str | None, typer.Option(help="Sizes of fixed training sets, such as 50,100,200.")
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
    n_latent: Annotated[int | None, typer.Option(min=1, help="Default: 10.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Default: 0.003.")] = None,
    updates: Annotated[int | None, typer.Option(min=1, help="At most; default 5000.")] = None,
    seed: AnySeed = 0,
    threads: Threads = None,
    backend: Backend = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Train networks on a task, from linear to fully rectified, and take them apart."""
    given = {"n_latent": n_latent, "learning_rate": learning_rate}
    with results_folder(out):
        study_task(
            task, out, overwrite=overwrite, parameters=read_parameters(parameter or []),
            n_pwl=None if n_pwl is None else numbers("--n-pwl", n_pwl),
            n_train=[] if n_train is None else numbers("--n-train", n_train, least=2),
            setting={name: value for name, value in given.items() if value is not None},
            updates=updates,
            fresh=fresh, peers=peers, n_restarts=restarts, n_retrained=min(retrained, restarts),
            random_state=seed, threads=threads, backend=backend,
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
    from neuroalrnn.dissect.report import write_dissection

    refuse_existing(out, OUTPUTS, overwrite)
    if updates is not None:
        setting = setting | {"max_checks": max(1, updates // DEFAULT.check_every)}
    chosen = Setting(**DEFAULT.model_dump(exclude={"n_pwl"}) | setting)
    found = dissect(task, setting=chosen, resume=out / UNFINISHED, progress=True, **options)
    with replacing(out) as new:
        found.save(new / FOUND)
    page = write_dissection(found, out)
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    columns = ["n_train", "n_pwl", "run_median", "best_run", "share_solved", "floor", "ceiling"]
    told = found.tables["performance"][columns]
    typer.echo(f"\ntest scores\n{told.to_string(index=False, float_format='{:.4f}'.format)}\n")
    typer.echo(f"report: {page}")


def read_parameters(texts: list[str]) -> dict[str, Any]:
    """Parameters such as ``n_steps=40``; what is no JSON is text.

    Parameters
    ----------
    texts : list of str
        Names and values.

    Raises
    ------
    ConfigError
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ConfigError(f"--parameter {text!r}: expected NAME=VALUE, such as n_steps=40")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
