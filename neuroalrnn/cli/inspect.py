"""Command that looks at files before they are loaded, and writes a run file to start from."""

import json
import tomllib
import warnings
from functools import partial
from inspect import signature
from pathlib import Path

import typer

from neuroalrnn.arguments import unknown
from neuroalrnn.exceptions import ConfigError, DataError, NeuroALRNNError, problems
from neuroalrnn.store import replace_file


def inspect_into(
    paths: list[Path], out: Path, columns: dict[str, str], read: list[str], *, overwrite: bool
) -> None:
    """Say what files hold and what looks wrong, write a run file, and try it.

    Parameters
    ----------
    paths : list of pathlib.Path
        The files.
    out : pathlib.Path
        The run file.
    columns : dict of role to column
        Roles that are known.
    read : list of str
        Lines of ``[data.read]``.
    overwrite : bool
        Whether an existing run file is replaced.

    Raises
    ------
    ConfigError
        The run file exists, or `read` is not TOML.
    """
    from neuroalrnn.inspection.files import inspect_files, path_of
    from neuroalrnn.inspection.runfile import splitters, suggest, write
    from neuroalrnn.inspection.tell import tell, tell_remedy

    if out.exists() and not overwrite:
        raise ConfigError(f"{out} exists: name another file with --out, or pass --overwrite")
    options = _toml(read)
    read_one = _read_format if len(paths) == 1 else _read_text
    found = inspect_files(paths, columns, read=partial(read_one, options=options))
    data, path = suggest(found), path_of(paths, out.parent)
    typer.echo(tell(found, data))
    texts = [write(found, data, path, each) for each in splitters(found)]
    tries = []
    for text in texts:
        replace_file(out, text.encode())
        tries.append(_try(out))
        if tries[-1][0]:
            break
    else:
        replace_file(out, texts[0].encode())
    fits, told = tries[-1] if tries[-1][0] else tries[0]
    more = tell_remedy(found, fits)
    told = f"{more}{told}" if fits else f"{told}\n{more}"
    typer.echo(f"\nrun file: {out}\n{told}")


def _toml(read) -> dict:
    try:
        return tomllib.loads("\n".join(read))
    except tomllib.TOMLDecodeError as error:
        expected = "expected a line of a run file, such as 'table = \"epochs\"'"
        raise ConfigError(f"--read {' '.join(read)!r}: {expected} ({error})") from error


def _read_format(path: Path, options: dict):
    """Cells of a file or folder of any format as text, what it is, and keys that say so."""
    from neuroalrnn.sources import import_data_loaders

    formats = import_data_loaders().formats
    name = formats.recognise(path)
    if name is None:
        return _read_text(path, options)
    kind = formats.FORMATS[name]
    known = [each for each in signature(kind.read).parameters if each != "path"]
    _refuse_others(path, options, known)
    try:
        table = kind.read(path, **options).table
    except DataError as error:
        said = str(error)
        asked = [each for each in known if f"{each} = " in said or f"with {each}" in said]
        if options or not asked:
            raise
        hint = f"here this is given with --read, as in --read '{asked[0]} = ...'"
        raise DataError(f"{said}\n{hint}") from error
    return table.apply(_texts), kind.title, {"read": options} if options else {}


def _texts(column):
    """Cells as text: "" where there is none, whole numbers without a point."""
    numbers = column.dropna()
    if numbers.dtype.kind == "f" and (numbers % 1 == 0).all() and (abs(numbers) < 2**53).all():
        column = column.astype("Int64")
    return column.astype(object).where(column.notna(), "").astype(str)


def _refuse_others(path, options, known) -> None:
    if wrong := [f"--read {unknown(each, known)}" for each in options if each not in known]:
        raise problems(ConfigError, str(path), wrong)


def _read_text(path: Path, options: dict):
    from neuroalrnn.inspection.files import read_text
    from neuroalrnn.sources import import_data_loaders

    _refuse_others(path, options, ["sheet"])
    cells, written, more = read_text(path, **options)
    is_other = import_data_loaders().formats.recognise(path) is not None
    return cells, written, more | ({"format": "table"} if is_other else {})


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
    told = [f"the loader says: {text}" for text in json.loads(trials.attrs.get("cautions", "[]"))]
    kind = run.validation.splitter
    told += [
        f"loads {trials.sizes['trial']} trials, {count_scored(trials)} scored, {len(folds)} folds "
        f"({kind})",
        f"look at it, then: neuroalrnn fit --run {out}",
    ]
    return True, "\n".join(told)
