"""Turn what a run names into labelled trials and a splitter."""

import json
import textwrap
import warnings
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from neuroalrnn.arguments import unknown
from neuroalrnn.config import Run
from neuroalrnn.config.run import K_FOLD
from neuroalrnn.exceptions import ConfigError, DataError, problems

if TYPE_CHECKING:
    import xarray as xr

    from neuroalrnn.data.split import SessionKFold, Splitter

TABLES = (".csv", ".tsv", ".txt", ".dat", ".json", ".jsonl", ".xlsx", ".parquet", ".pqt")
OPTIONS = {
    *("constants", "keep", "derive", "events", "trial_start", "tolerance"),
    *("after_choice", "signed", "text", "missing", "units"),
}
# of files of text alone
WRITTEN = {"encoding", "separator", "decimal", "file_name", "sheet"}
MANY_STEPS = 10


def load_trials(source: str, run: Run) -> "xr.Dataset":
    """Load the trials of a run, with the encoding and analysis of the run in their attributes.

    Parameters
    ----------
    source : str
        Name of a dataset, or path of a ``.nc`` trial dataset, of tables, in which ``*`` stands for
        any part of a name, or of a file or folder of one of `data_loaders.formats.FORMATS`. The
        first of the files of ``run.data.path`` stands for all of them. A table needs
        ``run.data.columns``. `neuroalrnn.data.default_encoding` completes what ``run.encoding``
        leaves open.
    run : Run
        Settings of the run.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials that `neuroalrnn.validate` accepts.

    Raises
    ------
    DataError, ConfigError
        There is no such dataset or file, or it breaks the contract of `neuroalrnn.validate`.
    """
    from neuroalrnn.data import caution
    from neuroalrnn.data.look import look

    path = Path(source)
    name = run.data.format or _recognised(path)
    if name not in (None, "table"):
        trials = _load_format(path, name, run)
    elif path.suffix.lower() == ".nc" and name != "table":
        trials = _load_netcdf(path)
    elif {each.lower() for each in path.suffixes} & {*TABLES} or name == "table":
        trials = _load_table(source, run)
    elif path.exists():
        raise DataError(
            f"{path}: expected a file that ends with .nc, {' or '.join(TABLES)}, or one of "
            f"{', '.join(import_data_loaders().formats.FORMATS)}"
        )
    else:
        trials = import_data_loaders().load(source)
    trials = _with_overrides(trials.assign_attrs(name=path.name), run)
    return caution(trials, look(trials))


def make_splitter(run: Run) -> "Splitter":
    """Make the splitter that ``[validation]`` names.

    Parameters
    ----------
    run : Run
        Settings of the run.

    Returns
    -------
    splitter : splitter
        Instance such as `neuroalrnn.SubjectKFold`.
    """
    from neuroalrnn import data

    validation = run.validation
    kind = getattr(data, validation.splitter)
    if validation.splitter not in K_FOLD:
        return kind()
    return kind(validation.n_splits or 5, validation.random_state)


def make_subject_splitters(run: Run) -> "tuple[SessionKFold, Splitter]":
    """Make splitters that hold out new sessions of known subjects, and new subjects.

    Parameters
    ----------
    run : Run
        Settings of the run.

    Returns
    -------
    known : SessionKFold
        Splitter of sessions, with ``n_splits`` and seed of ``[validation]``.
    new : splitter
        Splitter of subjects: that of ``[validation]`` where the run gives one, or ``n_splits``, and
        it holds out subjects; otherwise one that holds out every subject in turn.
    """
    from neuroalrnn.data import LeaveOneSubjectOut, SessionKFold

    validation = run.validation
    known = SessionKFold(validation.n_splits or 5, validation.random_state)
    is_named = {"splitter", "n_splits"} & validation.model_fields_set
    if not is_named or validation.splitter == "SessionKFold":
        return known, LeaveOneSubjectOut()
    return known, make_splitter(run)


def import_data_loaders() -> ModuleType:
    """Import `data_loaders`, and notice another folder of that name which hides it.

    Returns
    -------
    module
        The package `data_loaders`.

    Raises
    ------
    ConfigError
        Another folder hides it, and has no datasets.

    Warns
    -----
    UserWarning
        Another folder hides it, but has datasets.
    """
    import data_loaders
    import neuroalrnn

    home = Path(neuroalrnn.__file__).parents[1]
    found = getattr(data_loaders, "__file__", None)
    if found is None or Path(found).parents[1] != home:
        place = found or ", ".join(getattr(data_loaders, "__path__", []))
        text = f"data_loaders is {place}, not the one installed in {home}"
        if not hasattr(data_loaders, "DATASETS"):
            raise ConfigError(f"{text}: rename that folder, or run this from another one")
        warnings.warn(text, stacklevel=2)
    return data_loaders


def count_scored(trials: "xr.Dataset") -> int:
    """Count the trials that enter a likelihood.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.

    Returns
    -------
    int
        Number of trials.
    """
    from neuroalrnn.data.schema import scored_trials

    return int(scored_trials(trials).sum())


def tell_steps(trials: "xr.Dataset") -> list[str]:
    """Say when inputs can act on choices, and where gaps and missing values are.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.

    Returns
    -------
    list of str
        Lines for the console.

    Raises
    ------
    DataError
        The trials cannot be encoded as their attributes say.
    """
    from neuroalrnn.data import default_encoding
    from neuroalrnn.data.encode import lay_out
    from neuroalrnn.data.lags import count_gaps
    from neuroalrnn.data.timing import steps_to_choices

    encoding = default_encoding(trials)
    named, timing = lay_out(trials, **encoding)
    choice = encoding.get("choice_event", timing.steps[-1])
    steps = [f"{name} (choice)" if name == choice else name for name in timing.steps]
    lines = [f"steps of a trial: {' > '.join(steps)}"] if len(steps) < MANY_STEPS else []
    distance = steps_to_choices(named, timing, encoding.get("carry", "session"))
    lines.append("when inputs act on choices (to gate or multiply inputs takes 1 step at least):")
    lines += _tell_distances(distance)
    missing = {name: int(trials[name].isnull().sum()) for name in timing.entry}
    where = [f"{name} on {count} trials" for name, count in missing.items() if count]
    lines += [f"missing values are read as 0: {', '.join(where)}"] if where else []
    if gaps := count_gaps(trials):
        over = encoding.get("lag_over_gaps", False)
        do = "lags reach over them, as asked" if over else "lags are 0 after them, states go on"
        lines.append(f"gaps in trial_in_session: {gaps} ({do})")
    return lines + textwrap.wrap(trials.attrs.get("default_encoding", ""), 90)


def tell_load(trials: "xr.Dataset") -> list[str]:
    """Say which files the trials were read from, and which rows were dropped.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.

    Returns
    -------
    list of str
        Lines for the console.
    """
    from neuroalrnn.data.load_report import tell_load

    return tell_load(trials)


def unscored_reasons(trials: "xr.Dataset") -> dict[str, int]:
    """Count the trials that are not scored, by the reason why.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.

    Returns
    -------
    dict of str to int
        Number of trials for each reason.
    """
    from neuroalrnn.data.cautions import unscored_reasons

    return unscored_reasons(trials)


def _tell_distances(distance) -> list[str]:
    """One line for all inputs that are equally far from the choices."""
    lines: dict[str, list[str]] = {}
    for name, (own, then) in distance.items():
        known = "after the choice of its trial" if own is None else _before(own, "its choice")
        reached = "the state starts anew" if then is None else _before(then, "the next choice")
        lines.setdefault(f"{known}, {reached}", []).append(name)
    return [f"  {', '.join(names)}: {when}" for when, names in lines.items()]


def _before(n_steps: int, choice: str) -> str:
    if n_steps == 0:
        return f"in the step of {choice}"
    return f"{n_steps} step{'s' if n_steps > 1 else ''} before {choice}"


def _load_netcdf(path: Path):
    import xarray as xr

    from neuroalrnn.data import validate
    from neuroalrnn.netcdf import read_netcdf

    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    trials = read_netcdf(path, xr.load_dataset, DataError, "netCDF file")
    return validate(trials)


def _load_table(source: str, run: Run):
    from neuroalrnn.data import load_table

    data = run.data
    if Path(source).is_file() and not data.columns:
        raise ConfigError(
            f"{source}: say which column is which, with --columns subject=ID,choice=resp or with "
            "[data.columns] in a run file"
        )
    paths = data.path if isinstance(data.path, list) and source == data.path[0] else source
    options = _column_options(run) | data.model_dump(include=WRITTEN)
    return load_table(paths, **options)


def _recognised(path: Path) -> str | None:
    """Format of a file, and of a folder that is not called as a dataset is."""
    loaders = import_data_loaders()
    if path.is_file() or (path.is_dir() and str(path) not in loaders.DATASETS):
        return loaders.formats.recognise(path)
    return None


def _load_format(path: Path, name: str, run: Run):
    known = import_data_loaders().formats.FORMATS
    if name not in known:
        raise ConfigError(f"[data] format: {unknown(name, [*known, 'table'])}")
    options = [each for each in signature(known[name].load).parameters.values()
               if each.kind is each.KEYWORD_ONLY]  # fmt: skip
    names = [each.name for each in options]
    found = [f"[data] read: {unknown(key, names)}" for key in run.data.read if key not in names]
    found += [
        f"[data] read: a {name} file needs {each.name!r}"
        for each in options
        if each.default is each.empty and each.name not in run.data.read
    ]
    if isinstance(run.data.path, list) and len(run.data.path) > 1:
        found.append(
            "[data] path: of this format name one file, or a folder that holds all of them"
        )
    if found:
        raise problems(ConfigError, str(path), found)
    return known[name].load(path, **_column_options(run), **run.data.read)


def _column_options(run: Run) -> dict[str, Any]:
    """Arguments of `neuroalrnn.from_frame` that a run file gives."""
    data = run.data
    labels: Any = data.labels
    if isinstance(labels, dict):
        labels = {_number_or_text(value): label for value, label in labels.items()}
    return data.model_dump(include=OPTIONS) | {"columns": data.columns, "labels": labels}


def _number_or_text(text: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _with_overrides(trials, run: Run):
    """Put the run's encoding and analysis where every later stage reads them."""
    from neuroalrnn.data.default import complete_encoding

    trials = complete_encoding(trials, run.encoding.model_dump(exclude_none=True))
    given = run.analysis.model_dump(exclude_none=True)
    analysis = json.loads(trials.attrs.get("analysis", "{}")) | given
    _check_analysis(trials, analysis)
    attrs = {"analysis": json.dumps(analysis)} if analysis else {}
    if run.task is not None:
        attrs["environment"] = run.task.model_dump_json(exclude_none=True)
    return trials.assign_attrs(attrs)


def _check_analysis(trials, analysis: dict) -> None:
    """Refuse unknown names before the fit, not after it."""
    from neuroalrnn.data.schema import COORDS

    known = [str(name) for name in trials.variables if trials[name].dims == ("trial",)]
    named = [("conditions", name) for name in analysis.get("conditions", [])]
    named += [("rule", analysis["rule"])] if analysis.get("rule") is not None else []
    found = [
        f"[analysis] {key}: {unknown(name, known)}" for key, name in named if name not in known
    ]
    found += [
        f"[analysis] conditions: {name!r} labels what is counted over; name a variable of the task"
        for name in analysis.get("conditions", [])
        if name in COORDS
    ]
    rule = analysis.get("rule")
    missing = int(trials[rule].isnull().sum()) if rule in known else 0
    if missing:
        found.append(
            f"[analysis] rule: {rule!r} is missing on {missing} trials: complete it, or leave "
            "these trials out"
        )
    if found:
        raise problems(DataError, "run", found)
