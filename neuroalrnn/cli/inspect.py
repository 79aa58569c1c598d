"""Command that looks at files before they are loaded, and writes a run file to start from."""

import os
from pathlib import Path

import typer

from neuroalrnn.exceptions import ConfigError, NeuroALRNNError
from neuroalrnn.store import replace_file


def inspect_into(paths: list[Path], out: Path, columns: dict[str, str], *, overwrite: bool) -> None:
    """Say what files hold and what looks wrong, write a run file, and try it.

    Parameters
    ----------
    paths : list of pathlib.Path
        The files.
    out : pathlib.Path
        The run file.
    columns : dict of role to column
        Roles that are known.
    overwrite : bool
        Whether an existing run file is replaced.

    Raises
    ------
    ConfigError
        The run file exists.
    """
    from neuroalrnn.inspection import inspect_files
    from neuroalrnn.inspection.runfile import choose_splitter, suggest, write
    from neuroalrnn.inspection.tell import tell

    if out.exists() and not overwrite:
        raise ConfigError(f"{out} exists: name another file with --out, or pass --overwrite")
    found = inspect_files(paths, columns)
    typer.echo(tell(found))
    findings = [finding for _, finding in found.findings]
    data = suggest(found.view, findings)
    notes = [f"{name}: {finding.tell(found.view)}" for name, finding in found.findings]
    path = os.path.relpath(paths[0].absolute(), out.absolute().parent)
    text = write(found.view, data, path, notes, choose_splitter(found.view, findings))
    replace_file(out, text.encode())
    typer.echo(f"\nrun file: {out}")
    typer.echo(_try(out))


def _try(out: Path) -> str:
    """Load what the run file names: it either goes to a fit, or says what stands in the way."""
    import warnings

    from neuroalrnn.config import load_run
    from neuroalrnn.sources import count_scored, load_trials, make_splitter

    try:
        run = load_run(out)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trials = load_trials(str(out.parent / str(run.data.path)), run)
            splitter = make_splitter(run)
            folds = splitter.split(trials)
            for fold in folds:
                splitter.inner(trials, fold.train, run.validation.n_inner)
    except NeuroALRNNError as error:
        return f"before it can be fitted, change the run file:\n{error}"
    kind = run.validation.splitter
    return (
        f"loads {trials.sizes['trial']} trials, {count_scored(trials)} scored, {len(folds)} folds "
        f"({kind})\nlook at it, then: neuroalrnn fit --run {out}"
    )
