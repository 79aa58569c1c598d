"""Progress in lines, one thread for linear algebra, and parts that may fail."""

import io
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from neuroalrnn import running
from neuroalrnn.exceptions import DataError, IncompleteWarning, NotTestableError, ResultError
from neuroalrnn.running import _Lines, attempt, kernel, one_blas_thread, progress_bar


def fail(error):
    raise error


def test_what_can_be_made_is_returned():
    assert attempt(lambda: 3, "table 'x'") == (3, "")


@pytest.mark.parametrize("kind", [DataError, NotTestableError])
def test_an_error_of_ours_is_the_reason(kind):
    made = attempt(lambda: fail(kind("too few:\n  1. subjects")), "table 'x'")
    assert made == (None, "too few: 1. subjects")


@pytest.mark.parametrize("error", [TypeError("not a\nfloat"), KeyError("cue"), ZeroDivisionError()])
def test_a_fault_of_ours_is_told_and_warned_of(error):
    with pytest.warns(IncompleteWarning, match="table 'x' could not be made") as told:
        made, reason = attempt(lambda: fail(error), "table 'x'")
    assert made is None
    assert reason.startswith(f"could not be made: {type(error).__name__}: ")
    assert "(test_running.py, line" in reason
    assert "\n" not in reason
    assert str(told[0].message) == f"table 'x' {reason}"


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left"), MemoryError(), ResultError("full")]
)
def test_a_full_disk_or_memory_is_no_matter_of_a_part(error):
    with pytest.raises(type(error)):
        attempt(lambda: fail(error), "table 'x'")


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_linear_algebra_takes_one_thread_inside_and_as_many_as_before_outside():
    before = blas_threads()
    assert one_blas_thread(blas_threads)() == {1}
    assert blas_threads() == before
    with pytest.raises(np.linalg.LinAlgError):
        one_blas_thread(np.linalg.inv)(np.zeros((2, 2)))
    assert blas_threads() == before


def double(x):
    return 2 * x


def test_two_processes_that_compile_at_once_keep_their_code_apart(tmp_path, monkeypatch):
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    one, other = kernel(double), kernel(double)
    monkeypatch.setattr(other._cache._cache_file, "_load_index", dict)  # none was there yet
    assert (one(3), other(1.5)) == (6, 3.0)
    assert len(list(tmp_path.rglob("*.nbc"))) == 2
    again = kernel(double)
    assert (again(3), again(1.5)) == (6, 3.0)
    assert again.stats.cache_hits == dict.fromkeys(other.signatures, 1)


def test_code_is_compiled_anew_where_another_file_of_kernels_has_changed(tmp_path, monkeypatch):
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    for stamp, n_hits in [("one", 0), ("one", 1), ("other", 0), ("other", 1)]:
        monkeypatch.setattr("neuroalrnn.running._stamp", lambda stamp=stamp: stamp)
        compiled = kernel(double)
        assert compiled(3) == 6
        assert sum(compiled.stats.cache_hits.values()) == n_hits


def test_an_index_of_an_earlier_version_is_not_read(tmp_path, monkeypatch):
    """What it names may be gone, which stops whoever unpickles it."""
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    earlier = numba.njit(double, cache=True)
    earlier(3)
    (index,) = tmp_path.rglob("*.nbi")
    index.write_bytes(pickle.dumps(numba.__version__) + b"cneuroalrnn.gone\nGoneLayout\n.")
    with pytest.raises(ModuleNotFoundError, match=r"neuroalrnn\.gone"):
        numba.njit(double, cache=True)(3)
    compiled, again = kernel(double), kernel(double)
    assert (compiled(3), again(3)) == (6, 6)
    assert sum(again.stats.cache_hits.values()) == 1


def test_any_change_of_what_kernels_are_made_of_changes_the_stamp(tmp_path, monkeypatch):
    package = Path(running.__file__).parent
    for path in [package / "running.py", *(package / "ops").glob("*.py")]:
        copy = tmp_path / path.relative_to(package)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(running, "__file__", str(tmp_path / "running.py"))
    stamps = {running._stamp.__wrapped__()}
    for name in ("running.py", "ops/tiles.py", "ops/contract.py"):
        with (tmp_path / name).open("a") as file:
            file.write("\n")
        stamps.add(running._stamp.__wrapped__())
    assert len(stamps) == 4


class Clock:
    time = 0.0

    def __call__(self):
        return self.time


def test_a_stream_takes_the_first_line_some_and_the_last():
    clock, stream = Clock(), io.StringIO()
    lines = _Lines(stream, clock)
    for second in range(3601):
        clock.time = float(second)
        lines.write(f"\r{second}")
    lines.write("\n")
    told = [int(line) for line in stream.getvalue().split("\n")[:-1]]
    assert told[:11] == list(range(0, 601, 60))
    assert told[-1] == 3600
    assert len(told) < 35
    assert (np.diff(told) <= 361).all()


def test_progress_in_a_file_is_a_few_lines(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    other = progress_bar(total=2, unit="other", file=io.StringIO())
    bar = progress_bar(total=2000, unit="check")
    for _ in range(2000):
        bar.update()
        bar.set_postfix_str("validation -0.1")
    bar.close()
    other.close()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert "2000/2000" in lines[-1]
    assert "\r" not in stream.getvalue()


def test_no_progress_writes_nothing(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress_bar(range(3), show=False)) == [0, 1, 2]
    assert stream.getvalue() == ""
