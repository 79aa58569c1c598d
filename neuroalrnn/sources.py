"""From what a run names to labelled trials and a splitter."""

import json
import warnings
from pathlib import Path

from neuroalrnn.config import K_FOLD, Run
from neuroalrnn.exceptions import ConfigError, DataError, problems

TABLES = (".csv", ".tsv")


def load_trials(source: str, run: Run):
    """Load what a run is fitted to, with the run's own encoding and analysis in its attributes.

    Parameters
    ----------
    source : str
        Name of a dataset, or path of a ``.nc`` trial dataset, a ``.csv`` or a ``.tsv``. A table
        needs ``run.data.columns``; without ``run.encoding.inputs`` its covariates, and choice and
        reward of the trial before, are the inputs.
    run : Run

    Returns
    -------
    trials : xarray.Dataset

    Raises
    ------
    DataError, ConfigError
        If there is no such dataset or file, or it breaks the contract of `neuroalrnn.validate`.
    """
    path = Path(source)
    if path.suffix.lower() in TABLES:
        trials = _load_table(path, run)
    elif path.suffix.lower() == ".nc":
        trials = _load_netcdf(path)
    elif path.exists():
        raise DataError(f"{path}: expected a file that ends with .nc, {' or '.join(TABLES)}")
    else:
        trials = import_data_loaders().load(source)
    return _with_overrides(trials, run)


def make_splitter(run: Run):
    """Splitter that ``[validation]`` names.

    Parameters
    ----------
    run : Run

    Returns
    -------
    splitter : see `neuroalrnn.SubjectKFold`
    """
    from neuroalrnn import data

    validation = run.validation
    kind = getattr(data, validation.splitter)
    if validation.splitter not in K_FOLD:
        return kind()
    return kind(validation.n_splits or 5, validation.random_state)


def make_subject_splitters(run: Run):
    """Splitters that hold out new sessions of known subjects, and new subjects.

    Parameters
    ----------
    run : Run

    Returns
    -------
    known : SessionKFold
        With ``n_splits`` and seed of ``[validation]``.
    new : splitter
        That of ``[validation]`` where it names one, or ``n_splits``, and it holds out subjects;
        else every subject in turn.
    """
    from neuroalrnn.data import LeaveOneSubjectOut, SessionKFold

    validation = run.validation
    known = SessionKFold(validation.n_splits or 5, validation.random_state)
    is_named = {"splitter", "n_splits"} & validation.model_fields_set
    if not is_named or validation.splitter == "SessionKFold":
        return known, LeaveOneSubjectOut()
    return known, make_splitter(run)


def import_data_loaders():
    """Import `data_loaders`, and tell where a folder of the same name hides ours.

    Returns
    -------
    module

    Raises
    ------
    ConfigError
        If what was found has no datasets.

    Warns
    -----
    UserWarning
        If it has, but does not lie beside this package.
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


def count_scored(trials) -> int:
    """Number of trials that count in a likelihood.

    Parameters
    ----------
    trials : xarray.Dataset

    Returns
    -------
    int
    """
    from neuroalrnn.data.schema import scored_trials

    return int(scored_trials(trials).sum())


def _load_netcdf(path: Path):
    import xarray as xr

    from neuroalrnn.data import validate

    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    try:
        trials = xr.load_dataset(path, engine="h5netcdf")
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is not a readable netCDF file: {error}") from error
    return validate(trials)


def _load_table(path: Path, run: Run):
    from neuroalrnn.data import load_table

    data = run.data
    if path.is_file() and not data.columns:
        raise ConfigError(
            f"{path}: say which column is which, with --columns subject=ID,choice=resp or with "
            "[data.columns] in a run file"
        )
    labels = data.labels
    if isinstance(labels, dict):
        labels = {_number_or_text(value): label for value, label in labels.items()}
    options = data.model_dump(include={"events", "after_choice", "signed"})
    trials = load_table(path, data.columns, labels=labels, **options)
    encoding = run.encoding.model_dump(exclude_none=True)
    if "inputs" not in encoding:
        encoding = {"step": "trial", "inputs": _default_inputs(trials)} | encoding
    return trials.assign_attrs(encoding=json.dumps(encoding))


def _default_inputs(trials) -> list[str]:
    """What a subject knows: covariates, and the choice and reward of the trial before."""
    from neuroalrnn.data.schema import trial_variables

    return [name for name in trial_variables(trials) if name not in ("rt", "correct")]


def _number_or_text(text: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _with_overrides(trials, run: Run):
    """Put the run's encoding and analysis where every later stage reads them."""
    attrs = {}
    for name in ("encoding", "analysis"):
        given = getattr(run, name).model_dump(exclude_none=True)
        attrs[name] = json.dumps(json.loads(trials.attrs.get(name, "{}")) | given)
    _check_analysis(trials, json.loads(attrs["analysis"]))
    return trials.assign_attrs({name: text for name, text in attrs.items() if text != "{}"})


def _check_analysis(trials, analysis: dict) -> None:
    """Refuse unknown names before the fit, not after it."""
    from neuroalrnn.data import unknown
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
