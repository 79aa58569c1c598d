"""Command that looks at files before they are loaded, and writes a run file to start from."""

import warnings
from pathlib import Path

import typer

from neuroalrnn.exceptions import ConfigError, DataError, NeuroALRNNError
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
    from neuroalrnn.inspection.files import inspect_files, path_of
    from neuroalrnn.inspection.runfile import splitters, suggest, write
    from neuroalrnn.inspection.tell import tell

    if out.exists() and not overwrite:
        raise ConfigError(f"{out} exists: name another file with --out, or pass --overwrite")
    found = inspect_files(paths, columns, read=_read_format if len(paths) == 1 else _read_text)
    typer.echo(tell(found))
    data, path = suggest(found), path_of(paths, out.parent)
    texts = [write(found, data, path, each) for each in splitters(found)]
    tries = []
    for text in texts:
        replace_file(out, text.encode())
        tries.append(_try(out))
        if tries[-1][0]:
            break
    else:
        replace_file(out, texts[0].encode())
    told = tries[-1][1] if tries[-1][0] else tries[0][1]
    typer.echo(f"\nrun file: {out}\n{told}")


def _read_format(path: Path):
    """Cells of a file or folder of any format as text, what it is, and keys that say so."""
    from neuroalrnn.sources import TABLES, import_data_loaders

    formats = import_data_loaders().formats
    name = formats.recognise(path)
    if name is None:
        return _read_text(path)
    try:
        table = formats.FORMATS[name].read(path).table
    except DataError:
        if path.suffix.lower() not in TABLES:
            raise
        return _read_text(path)
    cells = table.astype(object).where(table.notna(), "").astype(str)
    return cells, formats.FORMATS[name].title, {}


def _read_text(path: Path):
    from neuroalrnn.inspection.files import read_text
    from neuroalrnn.sources import import_data_loaders

    cells, written, _ = read_text(path)
    is_other = import_data_loaders().formats.recognise(path) is not None
    return cells, written, {"format": "table"} if is_other else {}


def _try(out: Path) -> tuple[bool, str]:
    """Load what the run file names: it either goes to a fit, or says what stands in the way."""
    from neuroalrnn.cli.request import Request
    from neuroalrnn.sources import count_scored, load_trials, make_splitter

    try:
        source, run, _ = Request(run=out).plan()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trials = load_trials(source, run)
            splitter = make_splitter(run)
            folds = splitter.split(trials)
            for fold in folds:
                splitter.inner(trials, fold.train, run.validation.n_inner)
    except NeuroALRNNError as error:
        return False, f"before it can be fitted, change the run file:\n{error}"
    kind = run.validation.splitter
    return True, (
        f"loads {trials.sizes['trial']} trials, {count_scored(trials)} scored, {len(folds)} folds "
        f"({kind})\nlook at it, then: neuroalrnn fit --run {out}"
    )
