"""A second process that writes files of figures while the first goes on.

The second process runs this very file, which imports no other of ours, so that it starts in half a
second and takes little memory. It is no fork, and does not import the script of its owner: both
fail where threads run, or where a script has no ``if __name__ == "__main__"``.

Figures go from one to the other as matplotlib pickles them, through the pipe that the first process
opened. Nothing is unpickled from a file: a process whose input is no pipe ends at once.
"""

import gc
import os
import pickle
import signal
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

if __name__ == "__main__":  # the first process decides what Ctrl-C ends
    signal.signal(signal.SIGINT, signal.SIG_IGN)

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.font_manager import fontManager
from matplotlib.transforms import TransformNode

DATES: dict[str, dict] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
# which glyphs to exchange, to shift and to combine, which was done when they were placed
UNREAD = ("GDEF", "GPOS", "GSUB")
DONE, FAILED = b"d", b"f"
# of a figure that is sent, in bytes, before these
LENGTH = struct.Struct("<Q")


def write_files(figure: Any, paths: dict[str, Path]) -> None:
    """Lay a figure out, and write it into files that bear no date, by their kinds."""
    # the layout takes half of the time of a drawing: two rounds of it, in which texts beside
    # the axes find their room, are enough for all files
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.execute(figure)
        layout.execute(figure)
    # with none at all, not a place holder, savefig draws once and not twice
    figure.set_layout_engine(None)
    with _small_fonts():
        for kind, path in paths.items():
            figure.savefig(path, format=kind, metadata=DATES[kind])
    if layout is not None:
        figure.set_layout_engine(layout)


@contextmanager
def _small_fonts() -> Iterator[None]:
    """Leave tables out of the fonts in PDF files that PDF does not read.

    With them, half of the time of a PDF goes into its fonts. Where a fontTools to come does not
    know the setting, they are in the files.
    """
    from fontTools.subset import Options  # it takes 10 MB, and the first process seldom writes

    options: Any = Options
    before = getattr(options, "_drop_tables_default", [])
    options._drop_tables_default = [*before, *UNREAD]
    try:
        yield
    finally:
        options._drop_tables_default = before


class SecondProcess:
    """Writes figures one after the other, while the first process goes on.

    It starts with its first figure, and ends with the ``with`` block, at once if by an error.
    """

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.thread = ThreadPoolExecutor(max_workers=1)
        self.jobs: list[tuple[str, bytes, Future[bytes]]] = []

    def __enter__(self) -> "SecondProcess":
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.process.kill()
            self.thread.shutdown(cancel_futures=True)
            with suppress(OSError), self.process:  # closes pipes, one of them with what is unread
                pass

    def write_files(self, figure: Any, paths: dict[str, Path]) -> None:
        """Write a figure into files of these kinds, by and by.

        Parameters
        ----------
        figure : matplotlib.figure.Figure
            A figure.
        paths : dict of str to pathlib.Path
            Path of each file, by its kind.

        Raises
        ------
        ChildProcessError
            The second process has ended.
        """
        self._check()
        try:
            job = pickle.dumps((*_settings(), figure, paths), pickle.HIGHEST_PROTOCOL)
        except (AttributeError, TypeError, pickle.PicklingError):  # it holds a lambda, say
            write_files(figure, paths)
            return
        self.process = self.process or _start()
        name = next(iter(paths.values())).stem
        self.jobs.append((name, job, self.thread.submit(_ask, self.process, job)))

    def left(self) -> Iterator[tuple[str, bytes]]:
        """Give back what the first process has to write, until everything is written.

        These are the figures that the second has not come to, from the last one on, then those that
        it could not write.

        Yields
        ------
        name : str
            Of the figure.
        job : bytes
            For `write_job`.

        Raises
        ------
        ChildProcessError
            The second process has ended.
        """
        for name, job, answer in reversed(self.jobs):
            if answer.cancel():
                yield name, job
        for name, job, answer in self.jobs:
            if not answer.cancelled() and answer.result() == FAILED:
                yield name, job
        self._check()
        self.jobs = []

    def _check(self) -> None:
        """Forget what is written, and refuse to go on once the second process has ended."""
        ended = [job for job in self.jobs if job[2].done() and not job[2].cancelled()]
        self.jobs = [job for job in self.jobs if job not in ended or job[2].result() == FAILED]
        for name, _, answer in ended:
            if answer.result() not in (DONE, FAILED):
                code = self.process.wait() if self.process else None
                raise ChildProcessError(
                    f"figure {name} was not written: the process that writes it has ended with "
                    f"code {code}; if it lacked memory, give more to this run or close other "
                    "programs"
                )


def write_job(job: bytes) -> None:
    """Write the files of a figure that was sent.

    Parameters
    ----------
    job : bytes
        Settings and fonts of matplotlib, figure and paths, as `SecondProcess.write_files` pickles
        them: the first process is given back its own bytes, the second one those of its pipe.
    """
    with _own_numbers():
        settings, fontManager.ttflist, figure, paths = pickle.loads(job)
    FigureCanvasAgg(figure)  # a figure that was sent has none
    with matplotlib.rc_context(settings):
        write_files(figure, paths)


@contextmanager
def _own_numbers() -> Iterator[None]:
    """Let transforms that are unpickled know what depends on them by the numbers of this process.

    Matplotlib keeps the numbers that objects had where they were pickled. A new transform that
    happens to have one of these pushes another out, which misses all changes from then on, and
    draws a part of the figure at a place that it once had.
    """
    restore = TransformNode.__setstate__

    def renumber(node: TransformNode, state: dict[str, Any]) -> None:
        if "_parents" in state:
            known = [each for each in state["_parents"].values() if each is not None]
            state["_parents"] = {id(each): each for each in known}
        restore(node, state)

    TransformNode.__setstate__ = renumber
    try:
        yield
    finally:
        TransformNode.__setstate__ = restore


def _settings() -> tuple[dict[str, Any], list]:
    """What matplotlib is set to, but for how it shows figures, and the fonts that it knows."""
    now = matplotlib.rcParams.copy()
    settings = {key: value for key, value in now.items() if not key.startswith("backend")}
    return settings, fontManager.ttflist


def _start() -> subprocess.Popen:
    # it finds the same packages, but nothing beside this file, whose names may be those of others
    return subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _ask(process: subprocess.Popen, job: bytes) -> bytes:
    """Have a figure written; the answer is empty where the process has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(LENGTH.pack(len(job)))
        process.stdin.write(job)
        process.stdin.flush()
    except OSError:
        return b""
    return process.stdout.read(1)


def _work() -> None:
    """Write figures until nobody sends any."""
    if not stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        sys.exit("figures come through a pipe from the process that draws them, not from a file")
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    gc.freeze()  # what is imported stays, so that looking for old figures takes no time
    while length := sys.stdin.buffer.read(LENGTH.size):
        job = sys.stdin.buffer.read(*LENGTH.unpack(length))
        try:
            write_job(job)
            answer = DONE
        except Exception:  # whatever it is, the first process tries again and tells it
            answer = FAILED
        answers.write(answer)
        answers.flush()
        del job
        gc.collect()  # parts of a figure know each other, and would stay for many figures


if __name__ == "__main__":
    _work()
