"""The folder that receives the results of a command: whose it is, and what is kept in it."""

import shlex
import signal
import sys
import tempfile
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import typer

from neuroalrnn.config import Run
from neuroalrnn.exceptions import ResultError
from neuroalrnn.store import finish_moves, lock_folder, remove_parts

FIT, PAGE = "fit.nc", "report.html"
OUTPUTS = (FIT, "scores.csv", "summary.json", "tables", "figures", PAGE)
# finished folds and predictions: the same command goes on from them after it was killed
UNFINISHED = "unfinished"
COMMAND = ContextVar("COMMAND", default="neuroalrnn")


class Terminated(KeyboardInterrupt):
    """The process was asked to end."""


@contextmanager
def interruptible(arguments):
    """Let a request to end (SIGTERM) be told like Ctrl-C, and remember the command for that.

    Parameters
    ----------
    arguments : sequence of str
    """

    def stop(number, frame):
        raise Terminated

    COMMAND.set(shlex.join(["neuroalrnn", *map(str, arguments)]))
    # only the main thread can be told of signals
    with suppress(ValueError):
        before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        with suppress(ValueError, UnboundLocalError):
            signal.signal(signal.SIGTERM, before)


@contextmanager
def results_folder(out: Path):
    """A folder that can be written to, for this command alone; what a killed one left is put right.

    It is gone again if nothing is left in it. A run that is interrupted says what is kept.

    Raises
    ------
    ResultError
        If it cannot be written to, or another run has it.
    """
    if out.exists() and not out.is_dir():
        raise ResultError(f"--out {out} is a file: give a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise ResultError(f"--out {out} cannot be written to ({error.strerror})") from error
    try:
        with lock_folder(out, COMMAND.get()):
            finish_moves(out)
            remove_parts(out)
            remove_parts(out / UNFINISHED)
            yield
    except KeyboardInterrupt as error:
        typer.echo(f"\n{_tell_kept(out)}", err=True)
        sys.exit(128 + (signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT))
    finally:
        with suppress(OSError):
            out.rmdir()


def refuse_existing(out: Path, names: tuple[str, ...], overwrite: bool) -> None:
    """Refuse a folder that holds results which would be replaced.

    Raises
    ------
    ResultError
    """
    there = [name for name in names if (out / name).exists()]
    if there and not overwrite:
        raise ResultError(
            f"{out} already holds {', '.join(there)}: pass --overwrite to replace, or another --out"
        )


def digest_run(trials, config: Run, engine) -> str:
    """What decides a fit: the same command on the same data goes on with it."""
    from neuroalrnn.study.resume import run_digest

    settings = config.model_dump(mode="json", exclude={"data"})
    key = [settings, engine.get("backend"), engine.get("baselines")]
    return run_digest(trials, key + ["final"] * engine.get("final", False))


def finished_fit(out: Path, run: str):
    """The fit of this very run, killed before its report was there; None if there is none."""
    from neuroalrnn.results import Fit

    try:
        found = Fit.load(out / FIT)
    except ResultError as error:
        typer.echo(f"warning: {error}", err=True)
        return None
    return found if found.tree.attrs.get("run") == run else None


def replaced_results() -> tuple[str, ...]:
    """Results of an earlier run, which must not lie beside those of another one."""
    from neuroalrnn.report.write import report_files

    return (FIT, "scores.csv", "summary.json", *report_files())


def _tell_kept(out):
    n_parts = len(list((out / UNFINISHED).glob("*.kept")))
    if n_parts:
        text = f"{n_parts} finished parts are kept in {out / UNFINISHED}, the same command goes on"
    elif (out / FIT).exists() and not (out / PAGE).exists():
        text = f"{out / FIT} is complete, the same command goes on with the report"
    else:
        text = "nothing new was finished, the same command starts again"
    return f"interrupted: {text}: {COMMAND.get()}"
