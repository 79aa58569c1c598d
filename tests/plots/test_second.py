"""The second process writes what the first would; whatever ends it or either of them is told."""

import gc
import os
import pickle
import subprocess
import sys
import time

import pytest
from matplotlib.transforms import TransformNode

from neuroalrnn import plots
from neuroalrnn.plots.second import SecondProcess, _own_numbers, write_job
from neuroalrnn.plots.second import __file__ as second_file
from neuroalrnn.questions import QUESTIONS
from neuroalrnn.report import write_report

SCRIPT = """
import sys
from pathlib import Path
from matplotlib.figure import Figure
from neuroalrnn.plots.second import SecondProcess, write_job
print("started", flush=True)
figure = Figure()
figure.add_subplot().plot([1, 2])
with SecondProcess() as second:
    second.write_files(figure, {"png": Path(sys.argv[1])})
    for name, job in second.left():
        assert name == "figure"
        write_job(job)
"""
ENDS = "import sys\nsys.exit(5)\n"
FAILS = (
    "import sys\nread = sys.stdin.buffer.read\n"
    "while length := read(8):\n    read(int.from_bytes(length, 'little'))\n"
    "    sys.stdout.write('f')\n    sys.stdout.flush()\n"
)
SCORES = [question for question in QUESTIONS if question.section.name == "scores"]


class Made:
    """Stands for a figure, and does something where it is unpickled."""

    def __init__(self, *doing):
        self.doing = doing

    def __reduce__(self):
        return self.doing[0], self.doing[1:]


@pytest.fixture
def second():
    with SecondProcess() as process:
        yield process


def test_files_are_the_same_as_those_of_one_process(fit, tmp_path, second):
    own, other = tmp_path / "own", tmp_path / "other"
    for folder, process in ((own, None), (other, second)):
        folder.mkdir()
        paths = plots.save_figure(plots.plot_scores(fit).figure, folder, "scores", process)
    (job,) = second.jobs
    assert job[2].result(60)
    assert [*second.left()] == []
    for path in paths.values():
        assert path.read_bytes() == (own / path.name).read_bytes()


def test_what_it_has_not_come_to_is_written_by_the_first(fit, tmp_path, second):
    second.write_files(Made(time.sleep, 60), {"pdf": tmp_path / "slow.pdf"})
    for name in ("one", "two"):
        paths = plots.save_figure(plots.plot_scores(fit).figure, tmp_path, name, second)
    assert not paths["png"].exists()
    left = second.left()
    name, job = next(left)
    write_job(job)
    assert (name, paths["png"].exists()) == ("two", True)
    assert next(left)[0] == "one"
    assert not second.jobs[0][2].done()


def test_a_figure_that_cannot_be_sent_is_written_by_the_first(fit, tmp_path, second):
    figure = plots.plot_scores(fit).figure
    figure.axes[0].xaxis.set_major_formatter(lambda value, place: f"{value:.3f}")
    paths = plots.save_figure(figure, tmp_path, "scores", second)
    assert paths["pdf"].exists()
    assert second.process is None


def test_what_it_cannot_write_is_told_by_the_first(fit, tmp_path, second):
    figure = plots.plot_scores(fit).figure
    second.write_files(figure, {"pdf": tmp_path / "nowhere" / "scores.pdf"})
    assert second.jobs[0][2].result(60)
    ((name, failed),) = second.left()
    assert name == "scores"
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_job(failed)
    second.write_files(figure, {"pdf": tmp_path / "again.pdf"})
    assert second.jobs[0][2].result(60)
    assert [*second.left()] == []
    assert (tmp_path / "again.pdf").exists()


def test_a_figure_that_was_sent_keeps_its_parts_together(fit):
    sent, there = pickle.dumps(plots.plot_scores(fit).figure), gc.get_objects()
    known = {id(each) for each in there}
    with _own_numbers():
        figure = pickle.loads(sent)
    nodes = [each for each in gc.get_objects() if issubclass(type(each), TransformNode)]
    nodes = [node for node in nodes if id(node) not in known]
    named = [number == id(parent()) for node in nodes for number, parent in node._parents.items()]
    assert figure.axes
    assert len(named) > 100
    assert all(named)


def test_an_end_of_it_names_the_figure(tmp_path, second):
    second.write_files(Made(os._exit, 7), {"pdf": tmp_path / "scores.pdf"})
    second.jobs[0][2].result(60)
    with pytest.raises(ChildProcessError, match=r"figure scores was not written: .* with code 7;"):
        [*second.left()]


def test_an_error_ends_it_at_once(tmp_path):
    began = time.monotonic()
    second = SecondProcess()
    second.write_files(Made(time.sleep, 60), {"pdf": tmp_path / "slow.pdf"})
    with pytest.raises(KeyboardInterrupt), second:
        raise KeyboardInterrupt
    assert second.process.returncode is not None
    assert time.monotonic() - began < 30


def test_it_ends_when_the_first_is_gone(fit, tmp_path, second):
    second.write_files(plots.plot_scores(fit).figure, {"png": tmp_path / "scores.png"})
    second.jobs[0][2].result(60)
    second.process.stdin.close()
    assert second.process.wait(60) == 0


def test_a_script_without_a_main_guard_runs_once(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path / "figure.png")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "started\n"), done.stderr
    assert (tmp_path / "figure.png").stat().st_size > 1000


@pytest.fixture
def other(tmp_path, monkeypatch):
    """Replaces the program of the second process."""

    def replace(source):
        (tmp_path / "other.py").write_text(source)
        monkeypatch.setattr("neuroalrnn.plots.second.__file__", str(tmp_path / "other.py"))
        monkeypatch.setattr("neuroalrnn.report.write.count_cores", lambda: 2)

    return replace


def test_a_report_is_whole_or_absent(fit, tmp_path, other):
    other(ENDS)
    with pytest.raises(ChildProcessError, match=r"figure \w+ was not written: .* code 5"):
        write_report(fit, tmp_path / "out", questions=SCORES)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_report_does_without_a_process_that_cannot_write(fit, tmp_path, other):
    other(FAILS)
    page = write_report(fit, tmp_path / "out", questions=SCORES).read_text(encoding="utf-8")
    assert "could not be made" not in page
    for kind in ("svg", "pdf", "png"):
        assert (tmp_path / "out" / "figures" / f"scores.{kind}").exists()


def test_nothing_is_unpickled_from_a_file(tmp_path):
    made = tmp_path / "made"
    (tmp_path / "job").write_bytes(pickle.dumps(Made(os.mkdir, str(made))))
    with (tmp_path / "job").open("rb") as job:
        done = subprocess.run(
            [sys.executable, second_file], stdin=job, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert "through a pipe" in done.stderr
    assert not made.exists()
