"""Calls of every public name and command with wrong and nearly right arguments.

Public is what a package lists in ``__all__``, with the methods of `Fit` and of the splitters; and
every command. A call may succeed or raise an error of ours; a ``TypeError`` of Python itself about
missing or unexpected arguments is fine too. Anything else is foreign.

    python -m benchmarks.fuzz --calls 5000 --seed 0
"""

import contextlib
import inspect
import io
import os
import re
import signal
import tempfile
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated
from zlib import crc32

import matplotlib
import typer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from benchmarks import fuzz_values
from neuroalrnn.exceptions import NeuroALRNNError

PACKAGES = ("data", "stats", "questions", "behaviour", "plots", "baselines", "study", "recover",
            "neural", "config", "report", "effects", "", "data_loaders")  # fmt: skip
# a valid call of these takes a second or more: one argument at least is wrong, and calls are few
SLOW = {"analyse", "compare_pooling", "cross_validate", "few_shot", "load",
        "retrain_without_units", "select_n_pwl", "simulate_fit", "write_report"}  # fmt: skip
# commands that work for minutes where all is valid: the folder is none
LONG = {"demo", "recover"}
# of computing; of waiting, as other programs may be busy, four times as much
LIMIT_S = 60
MECHANICS = re.compile(
    r"unexpected keyword|required (positional|keyword)|positional argument|multiple values|"
    r"keywords must be strings"
)


class TooLong(BaseException):
    """A call that was stopped."""


@dataclass
class Outcomes:
    """What calls of one name came to."""

    count: Counter = field(default_factory=Counter)
    foreign: dict = field(default_factory=dict)

    def add(self, kind, key=None, example=None):
        """Count an outcome; of every kind of foreign error one example is kept."""
        self.count[kind] += 1
        if key is not None:
            self.foreign.setdefault(key, example)


def public() -> dict:
    """Every public callable by the name it is called by.

    Returns
    -------
    dict of str -> callable
    """
    found = {}
    for package in PACKAGES:
        module = import_module(
            package if package == "data_loaders" else f"neuroalrnn.{package}".strip(".")
        )
        for name in module.__all__:
            value = getattr(module, name)
            is_error = isinstance(value, type) and issubclass(value, Exception)
            if callable(value) and not is_error and value not in found.values():
                found[f"{package}.{name}".strip(".")] = value
    return found


def methods(values) -> dict:
    """Methods of a fit and of the splitters, by name."""
    (fit,) = values["fit"]
    found = {f"Fit.{name}": getattr(fit, name) for name in ("save", "load", "summarise")}
    for splitter in values["cv"]:
        for name in ("split", "inner", "groups"):
            found[f"{type(splitter).__name__}.{name}"] = getattr(splitter, name)
    return found


def arguments(name, function, values):
    """Strategy of keyword arguments: dict of name -> (what it is, value)."""
    short = _short(name)
    parameters = {
        each.name: each
        for each in inspect.signature(function).parameters.values()
        if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    }
    if not parameters:
        return st.just({})
    # one wrong argument goes deepest; two tell whether one error names both
    few = st.sampled_from([1, 1, 1, 1, 2, 2] + [0] * (short not in SLOW)).flatmap(
        lambda n: st.lists(st.sampled_from(sorted(parameters)), min_size=n, max_size=n)
    )

    @st.composite
    def draw(draw_from):
        wrong = draw_from(few)
        found = {}
        for each in parameters.values():
            good = values.get(f"{short}.{each.name}", values.get(each.name))
            if each.name in wrong:
                found[each.name] = _wrong(draw_from, good, values)
            elif good is not None and (each.default is each.empty or draw_from(st.booleans())):
                found[each.name] = ("valid", draw_from(st.sampled_from(good)))
        return found

    return draw()


def _wrong(draw_from, good, values):
    """Junk, a near miss, or what is valid elsewhere."""
    junk = fuzz_values.junk()
    kind = draw_from(st.sampled_from(["junk", "junk", "near", "elsewhere", "random"]))
    if kind == "near" and good:
        close = fuzz_values.near(draw_from(st.sampled_from(good)))
        if close:
            what = draw_from(st.sampled_from(sorted(close)))
            return what, close[what]
    if kind == "elsewhere":
        what = draw_from(st.sampled_from(sorted(values)))
        return f"a valid {what}", draw_from(st.sampled_from(values[what]))
    if kind == "random":
        value = draw_from(st.integers(-3, 20) | st.floats() | st.text(max_size=5))
        return repr(value), value
    what = draw_from(st.sampled_from(sorted(junk)))
    return what, junk[what]


def call(function, given_arguments, outcomes):
    """Call once and count what came."""
    told = {name: what for name, (what, _) in given_arguments.items()}
    signal.signal(signal.SIGALRM, _stop)
    signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    signal.alarm(4 * LIMIT_S)
    try:
        with _quiet():
            function(**{name: value for name, (_, value) in given_arguments.items()})
        outcomes.add("fine")
    except NeuroALRNNError:
        outcomes.add("ours")
    except TooLong:
        outcomes.add("too long", ("too long", ""), told)
    except Exception as error:
        if isinstance(error, TypeError) and MECHANICS.search(str(error)):
            outcomes.add("mechanics")
        else:
            outcomes.add("foreign", _place(error), told | {"": str(error).split("\n")[0][:90]})
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)


def _stop(*_):
    raise TooLong


@contextlib.contextmanager
def _quiet():
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


def _place(error):
    """Type of an error, and the last line of ours that it came through."""
    ours = [
        each
        for each in traceback.extract_tb(error.__traceback__)
        if "/neuroalrnn/" in each.filename or "/data_loaders/" in each.filename
    ]
    last = ours[-1] if ours else None
    where = f"{'/'.join(Path(last.filename).parts[-2:])}:{last.lineno}" if last else "outside"
    return type(error).__name__, where


def _command(options):
    from neuroalrnn.cli import main

    with contextlib.suppress(SystemExit):
        main(options)


def commands():
    """Strategy of command lines, one argument wrong at least, by the command's name."""
    from typer.main import get_command

    from neuroalrnn.cli import app

    odd = ["", "0", "-1", "x", "1,x", "1e9", str(2**80), "0,1", "a\0b", "nan", "none.nc",
             "none.csv", "trials.csv", "fit.nc", "run.toml", "subject=a", "=", "x" * 300, "é",
             "subject=subject,choice=cue"]  # fmt: skip
    texts = st.sampled_from(odd) | st.text(max_size=4)
    for name, command in sorted(get_command(app).commands.items()):
        options = {
            (each.opts[0] if each.opts[0].startswith("-") else ""): each.is_flag
            for each in (p for p in command.params if hasattr(p, "is_flag"))
        } | {"": False, "--nonsense": False}
        base = ["fit.nc"] if name in ("analyse", "predictive", "report") else []
        base += [] if name == "datasets" else ["--out", "fit.nc" if name in LONG else "out"]
        if name in LONG:
            del options["--out"]
        pair = st.tuples(st.sampled_from(sorted(options)), texts)
        yield name, st.lists(pair, min_size=1, max_size=3).map(partial(_line, name, base, options))


def _line(name, base, options, pairs):
    line = [name, *base]
    for option, text in pairs:
        line += [option] if option and options[option] else [option, text] if option else [text]
    return line


def run(n_calls, seed, *, only=None, slow=True, on_name=lambda *_: None) -> dict:
    """Call everything.

    Parameters
    ----------
    n_calls : int
        Calls of all names together, about.
    seed : int
    only : sequence of str, optional
        What the names that are called start with; default all.
    slow : bool
        Also those of `SLOW`.
    on_name : callable
        Told name and outcomes as soon as a name is done.

    Returns
    -------
    dict of str -> Outcomes
    """
    matplotlib.use("agg")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        values = fuzz_values.valid()
        _write_files(values)
        named = public() | methods(values)
        calls = {
            name: (partial(call, function), arguments(name, function, values))
            for name, function in named.items()
        }
        calls |= {f"command {name}": (_call_command, line) for name, line in commands()}
        weight = {name: 0.25 if _is_slow(name) else 1.0 for name in calls}
        each, found = n_calls / sum(weight.values()), {}
        for name, (one, strategy) in calls.items():
            if (only is None or name.startswith(tuple(only))) and (slow or weight[name] == 1):
                found[name] = Outcomes()
                n = round(each * weight[name]) + 1
                # names alike would else be called alike
                own = seed + crc32(name.encode())
                _repeat(partial(one, outcomes=found[name]), strategy, n, own)
                on_name(name, found[name])
    return found


def _is_slow(name):
    return _short(name) in SLOW or name.startswith("command ")


def _short(name):
    return name.rpartition(".")[2]


def _call_command(line, outcomes):
    call(_command, {"options": (" ".join(map(repr, line)), line)}, outcomes)


def _write_files(values):
    fuzz_values.frame().to_csv("trials.csv", index=False)
    values["fit"][0].save("fit.nc")
    Path("run.toml").write_text(
        "[data]\npath = 'trials.csv'\n[data.columns]\nsubject = 'subject'\nchoice = 'choice'\n"
        "cue = 'cue'\n[setting]\nn_latent = 2\nmax_checks = 1\ncheck_every = 1\n"
        "[validation]\nn_splits = 2\nn_restarts = 1\nn_pwl = [0]\n",
        encoding="utf-8",
    )


def _repeat(one, strategy, n, seed):
    import matplotlib.pyplot as plt

    @seeded(seed)
    @settings(
        max_examples=n, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def each(drawn):
        one(drawn)
        plt.close("all")

    each()


def main(
    calls: Annotated[int, typer.Option(help="Calls of all names together.")] = 6000,
    seed: int = 0,
    only: Annotated[str, typer.Option(help="Starts of names, with commas between.")] = "",
) -> None:
    """Call everything public; print a table, and end with code 1 where an error was foreign."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    typer.echo(f"{'name':32} calls  fine  ours  mechanics  foreign  too long")

    def tell(name, found):
        kinds = ("fine", "ours", "mechanics", "foreign", "too long")
        total = sum(found.count.values())
        counts = "  ".join(f"{found.count[kind]:>{len(kind) + 2}}" for kind in kinds)
        typer.echo(f"{name:32} {total:5} {counts}")
        for (kind, place), example in found.foreign.items():
            typer.echo(f"    {kind} at {place}: {example}")

    found = run(calls, seed, only=only.split(",") if only else None, on_name=tell)
    total = sum((each.count for each in found.values()), Counter())
    typer.echo(f"{len(found)} names, {total.total()} calls: {dict(total)}")
    raise typer.Exit(int(total["foreign"] + total["too long"] > 0))


if __name__ == "__main__":
    typer.run(main)
