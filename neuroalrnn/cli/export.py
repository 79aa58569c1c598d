"""Command that puts predictions and regimes back into the table that trials came from."""

from pathlib import Path
from typing import Annotated, Any

import typer

from neuroalrnn.cli.options import Overwrite, RunFile, Saved, Seed
from neuroalrnn.cli.request import Request
from neuroalrnn.exceptions import ConfigError

Sources = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FILE...", help="What was fitted: tables, NWB. Default: of --run."),
]
NewFile = Annotated[Path, typer.Option("--out", help="New file, or folder for several files.")]
Prefix = Annotated[str, typer.Option(help="What names of new columns begin with.")]


def export(
    saved: Saved,
    out: NewFile,
    files: Sources = None,
    run: RunFile = None,
    prefix: Prefix = "model_",
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Add held-out predictions, regimes and switches to the table or NWB file that was fitted."""
    from neuroalrnn.export import export_fit
    from neuroalrnn.results import Fit

    fit = Fit.load(saved)
    source, trials = (files or []), None
    if run is not None:
        source, trials = _read_again(source, run)
    if not source:
        raise ConfigError("export: name the file that was fitted, or its run file with --run")
    options: dict[str, Any] = {"prefix": prefix, "overwrite": overwrite, "random_state": seed}
    one = source[0] if len(source) == 1 else source
    for path in export_fit(fit, one, out, trials=trials, **options):
        typer.echo(f"written: {path}")


def _read_again(files, run):
    """Files and their trials, as a run file reads them."""
    from neuroalrnn.sources import load_trials

    first, config, _ = Request(source=str(files[0]) if files else None, run=run).plan()
    if files:
        data = config.data.model_copy(update={"path": [str(each) for each in files]})
        config = config.model_copy(update={"data": data})
    path = config.data.path or first
    return ([path] if isinstance(path, str) else path), load_trials(first, config)
