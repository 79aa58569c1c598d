"""Files that are whole or absent, and folders that one run has to itself."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from neuroalrnn.exceptions import ResultError
from neuroalrnn.store import (
    explain,
    finish_moves,
    lock_folder,
    remove_parts,
    replace_file,
    replacing,
)

HOLDER = """
import sys, time
from neuroalrnn.store import lock_folder
with lock_folder(sys.argv[1], "neuroalrnn fit cues.csv"):
    print("locked", flush=True)
    time.sleep(60)
"""
PARTS = ("a.csv", "sub/b.csv", "page.html")


def fill(folder, text):
    for name in PARTS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def found_in(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not str(path.relative_to(folder)).startswith(".")
    }


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o002])
def test_a_file_obeys_the_umask(umask, tmp_path):
    before = os.umask(umask)
    try:
        replace_file(tmp_path / "fit.nc", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "fit.nc").stat().st_mode & 0o777 == 0o666 & ~umask


def test_parts_of_a_killed_run_go_and_those_being_written_stay(tmp_path):
    dead, other = tmp_path / ".fit.nc.0a.part", tmp_path / ".fold.0a.part"
    dead.write_bytes(b"half")
    other.write_bytes(b"half")
    replace_file(tmp_path / "fit.nc", b"whole")
    assert not dead.exists()
    assert other.exists(), "of another file"
    fcntl = pytest.importorskip("fcntl")
    with open(other, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        remove_parts(tmp_path)
        assert other.exists()
    remove_parts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["fit.nc"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_is_one_sentence(code, tmp_path, monkeypatch):
    def full(file):
        raise OSError(code, os.strerror(code))

    (tmp_path / "fit.nc").write_bytes(b"old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ResultError, match=r"fit.nc cannot be written, .*, then give the same comm"):
        replace_file(tmp_path / "fit.nc", b"new")
    assert (tmp_path / "fit.nc").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1
    assert explain(OSError(errno.ENOENT, "no such file")) is None


def test_a_run_holds_its_folder_until_it_is_killed(tmp_path):
    pytest.importorskip("fcntl")
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "locked\n"
        said = rf"is in use by process {holder.pid} on .* since 20.*: neuroalrnn fit cues.csv; wait"
        with pytest.raises(ResultError, match=said), lock_folder(tmp_path, "second"):
            pass
        holder.send_signal(signal.SIGKILL)
    with lock_folder(tmp_path, "third"):
        assert "third" in (tmp_path / ".lock").read_text()
    assert list(tmp_path.iterdir()) == []


class Killed(BaseException):
    """In place of a signal that nothing can catch."""


def test_a_kill_at_any_point_leaves_old_or_new_results_and_never_both(tmp_path, monkeypatch):
    """Every call that changes the disk is the last one once."""
    calls = (
        "os.replace",
        "os.rename",
        "pathlib.Path.unlink",
        "pathlib.Path.rmdir",
        "shutil.rmtree",
    )
    for last in range(40):
        out = tmp_path / str(last)
        fill(out, "old")
        (out / "sub" / "mine.txt").write_text("the user's")
        count = iter(range(last, -1, -1))
        with monkeypatch.context() as patch:
            for name in calls:
                real = getattr(*_place(name))

                def dying(*arguments, real=real, count=count, **options):
                    if next(count, 0) == 0:
                        raise Killed
                    return real(*arguments, **options)

                patch.setattr(name, dying)
            try:
                with replacing(out, ("a.csv", "sub/*.csv", "page.html", "gone.csv")) as new:
                    fill(new, "new")
                finished = True
            except Killed:
                finished = False
        own = {name: text for name, text in found_in(out).items() if name in PARTS}
        assert len(set(own.values())) <= 1, own
        finish_moves(out)
        own = {name: text for name, text in found_in(out).items() if name in PARTS}
        assert set(own) == set(PARTS), "nothing is half there once the moves are completed"
        assert len(set(own.values())) == 1
        assert (out / "sub" / "mine.txt").read_text() == "the user's"
        if finished:
            assert own["a.csv"] == "new"
            break
    assert finished
    assert last > 8


def _place(name):
    import pathlib
    import shutil

    module, _, rest = name.partition(".")
    where = {"os": os, "shutil": shutil, "pathlib": pathlib}[module]
    return (where, rest) if "." not in rest else (pathlib.Path, rest.split(".")[1])


def test_results_that_the_new_ones_lack_go_too(tmp_path):
    for names in (PARTS, PARTS[:1]):
        with replacing(tmp_path, ("a.csv", "sub/*.csv", "page.html")) as new:
            for name in names:
                (new / name).parent.mkdir(exist_ok=True)
                (new / name).write_text(str(len(names)))
    assert found_in(tmp_path) == {"a.csv": "1"}


def test_results_that_could_not_be_made_leave_the_old_ones(tmp_path):
    fill(tmp_path, "old")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path, PARTS) as new:
        (new / PARTS[0]).write_text(str(1 / 0))
    assert found_in(tmp_path) == dict.fromkeys(PARTS, "old")
    assert not list(tmp_path.glob(".*"))


def test_a_lock_is_quick(tmp_path):
    started = time.perf_counter()
    for _ in range(50):
        with lock_folder(tmp_path, "again"):
            pass
    assert time.perf_counter() - started < 1
