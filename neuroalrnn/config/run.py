"""Run files: data, encoding, setting, validation and analysis of a fit, in TOML."""

import tomllib
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, model_validator

from neuroalrnn.arguments import MOST_SEED, checked, not_path, not_text
from neuroalrnn.config.defaults import FIT, LOSS
from neuroalrnn.config.explain import explain
from neuroalrnn.config.setting import (
    Count,
    Hyperparameters,
    Positive,
    Setting,
    Size,
    Texts,
    expand,
    too_many_pwl,
)
from neuroalrnn.config.table import Table
from neuroalrnn.exceptions import ConfigError, problems

K_FOLD = ("SubjectKFold", "SessionKFold")
Code = str | int | float
Codes = list[Code]


Probability = Annotated[float, Field(ge=0, le=1)]


class _DataTable(Table):
    """Table ``[data]``: a named dataset, or a file and what its columns mean.

    Parameters
    ----------
    name : str, optional
        Name of a dataset, one of `data_loaders.DATASETS`.
    path : str or list of str, optional
        Path of a ``.nc`` trial dataset, of tables, or of a file or folder of one of
        `data_loaders.formats.FORMATS`, relative to the run file; ``*`` stands for any part of a
        name of tables.
    columns : dict of role to column
        Which column plays which role. This argument and all below are those of
        `neuroalrnn.load_table` and `neuroalrnn.from_frame`.
    encoding, separator, decimal : str, optional
        How the files are written.
    file_name : str, optional
        How files are called, with ``{subject}`` and the like.
    sheet : str, optional
        Sheet of a workbook of Excel.
    constants : dict of str to str or number
        Further columns, whose cells are all the same.
    keep : dict of column to value, list or comparisons
        Rows that are kept.
    derive : dict of str to dict
        Columns made of others.
    labels : list or dict, optional
        Values of the choice in the order that codes them. TOML knows text keys only, so a key that
        reads as a number stands for that number; ``left = ["f", 1]`` merges values.
    events : dict of event to column or number, or list of str
        Times in seconds from trial start, or only names.
    trial_start : str or dict of event to column, optional
        Column with the start of each trial.
    tolerance : float
        Seconds by which events may be out of order.
    after_choice, signed, text : list of str
        Variables known only after the choice; variables of 0/1 that models get as -1/+1; covariates
        that are text.
    missing : list, or dict of role or column to list
        Codes that stand for a missing value.
    units : dict of role, event or column to unit
        Units of times that are not in seconds.
    format : str, optional
        Format of the file, a key of `data_loaders.formats.FORMATS`, or "table" for a table of text;
        by default what its content and name say.
    read : dict of str to anything
        Arguments of the reader of that format, such as ``variable`` of `read_matlab`.
    """

    name: str | None = None
    path: str | Texts | None = None
    columns: dict[str, str] = {}
    encoding: str | None = None
    separator: str | None = None
    decimal: Literal[".", ","] = "."
    file_name: str | None = None
    sheet: str | None = None
    constants: dict[str, Code] = {}
    keep: dict[str, Any] = {}
    derive: dict[str, dict[str, Any]] = {}
    labels: list[str | int | float] | dict[str, str | Codes] | None = None
    events: dict[str, str | int | float] | list[str] = {}
    trial_start: str | dict[str, str] | None = None
    tolerance: float = 0.0
    after_choice: list[str] = []
    signed: list[str] = []
    text: list[str] = []
    missing: Codes | dict[str, Code | Codes] = []
    units: dict[str, str] = {}
    format: str | None = None
    read: dict[str, Any] = {}


class _EncodingTable(Table):
    """Table ``[encoding]``: arguments of `neuroalrnn.encode` that replace those of the dataset.

    Parameters
    ----------
    step : {"trial", "event", "time"}, optional
        What a step is.
    inputs : dict of variable to event, or list of str, optional
        Inputs, and the events at which they become known.
    events : list of str, optional
        Names of the steps, for a dataset that names no events.
    choice_event : str, optional
        Event at which the choice is read out.
    carry : {"session", "block", "trial"}, optional
        Where the latent state starts anew.
    lag_over_gaps, mark_events : bool, optional
        Whether lags reach over removed trials; whether every event gets a 0/1 feature.
    dt : float, optional
        Bin width in seconds.
    max_steps : int, optional
        Number of time steps that trials are cut to.
    """

    step: Literal["trial", "event", "time"] | None = None
    inputs: dict[str, str] | list[str] | None = None
    events: Texts | None = None
    choice_event: str | None = None
    carry: Literal["session", "block", "trial"] | None = None
    lag_over_gaps: bool | None = None
    mark_events: bool | None = None
    dt: Positive | None = None
    max_steps: Count | None = None


class _ValidationTable(Table):
    """Table ``[validation]``: who is held out, how often each model is started, which P are tried.

    Parameters
    ----------
    splitter : {"SubjectKFold", "LeaveOneSubjectOut", "SessionKFold", "StimulusSequenceOut"}
        Splitter that holds out the test parts.
    n_splits : int, optional
        Folds of the two k-fold splitters (default 5); the others hold out every group in turn.
    n_inner, n_restarts, random_state : int
        Inner validation parts, random starts of every model, and seed; see
        `neuroalrnn.select_n_pwl`.
    n_pwl : list of int, optional
        Values of P to try, each from 0 to ``n_latent``; by default those of
        `neuroalrnn.select_n_pwl`.
    sufficient : float or "one standard error"
        Share of what is explained that the sufficient P may lose; see `neuroalrnn.select_n_pwl`.
    regression : bool
        Whether networks on top of the history regression are trained, too.
    ensemble : bool
        Whether averages over restarts predict, too.
    """

    splitter: Literal[
        "SubjectKFold", "LeaveOneSubjectOut", "SessionKFold", "StimulusSequenceOut"
    ] = "SubjectKFold"
    n_splits: Annotated[int, Field(ge=2)] | None = None
    n_inner: Annotated[int, Field(ge=2)] = FIT.n_inner
    n_restarts: Count = FIT.n_restarts
    random_state: Annotated[int, Field(ge=0, le=MOST_SEED)] = 0
    n_pwl: Annotated[list[Size], Field(min_length=1)] | None = None
    sufficient: Probability | Literal["one standard error"] = LOSS
    regression: bool = False
    ensemble: bool = False


class _AnalysisTable(Table):
    """Table ``[analysis]``: variables of trials that the analysis uses.

    Parameters
    ----------
    conditions : list of str, optional
        Variables whose values are the conditions.
    rule : str, optional
        Variable whose changes are the changes of the rule.
    """

    conditions: Texts | None = None
    rule: str | None = None


class _TaskTable(Table):
    """Table ``[task]``: what choices lead to, for ``predictive`` and ``recover --fit``.

    Parameters
    ----------
    name : str
        Name of the task, see `neuroalrnn.tasks.environment_for`.
    probability, better, target, p_reward_left, mapping : str or list of str, optional
        Variables of trials that the task needs.
    p_better, p_other, p_common : float, optional
        Probability of a reward for the better option and for the others; probability of the common
        transition.
    """

    name: str
    probability: Texts | None = None
    better: str | None = None
    target: str | None = None
    p_reward_left: str | None = None
    mapping: str | None = None
    p_better: Probability | None = None
    p_other: Probability | None = None
    p_common: Probability | None = None


class Run(Table):
    """All settings of a run, see `load_run`.

    Parameters
    ----------
    data : dict
        A named dataset, or a file and what its columns mean.
    encoding : dict
        How trials become steps.
    setting : dict
        Hyperparameters of the model and its training, without ``n_pwl``.
    validation : dict
        Who is held out, and what is tried.
    alternatives : dict of str to list
        Values of hyperparameters to try; every combination is tried inside each fold.
    observation : str, optional
        What is explained beside the choice, such as "choice_rt"; see `neuroalrnn.select_n_pwl`.
    analysis : dict
        Variables that the analysis uses.
    task : dict, optional
        What choices lead to.

    Raises
    ------
    ConfigError
        A key is unknown or a value impossible; the message names all of them.

    Examples
    --------
    >>> from neuroalrnn import Run
    >>> run = Run(setting={"n_latent": 8}, validation={"n_pwl": [0, 1, 8]})
    >>> run.setting.n_latent, run.validation.splitter
    (8, 'SubjectKFold')
    """

    holds_tables: ClassVar[bool] = True
    data: _DataTable = _DataTable()
    encoding: _EncodingTable = _EncodingTable()
    setting: Hyperparameters = Hyperparameters()
    validation: _ValidationTable = _ValidationTable()
    alternatives: dict[str, list[int | float | str]] = {}
    observation: str | None = None
    analysis: _AnalysisTable = _AnalysisTable()
    task: _TaskTable | None = None

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            # pydantic compares tables only once each of them is in order
            found = explain(error, Run, values) + _disagreements(values)
            raise problems(ConfigError, "Run", found or [str(error)]) from error

    @model_validator(mode="after")
    def _agree(self):
        found = _disagreements(self.model_dump(exclude_unset=True))
        if found:
            raise ValueError("; ".join(found))
        return self


@checked(path=not_path)
def load_run(path: str | Path) -> Run:
    """Read a run file.

    Parameters
    ----------
    path : str or pathlib.Path
        TOML file with the tables ``[data]``, ``[encoding]``, ``[setting]``, ``[alternatives]``,
        ``[validation]``, ``[analysis]`` and ``[task]``, all optional.

    Returns
    -------
    run : Run
        All settings of the run.

    Raises
    ------
    ConfigError
        There is no such file, it is not TOML, or a key or value in it is wrong. The message names
        all of them, and for an unknown key the nearest known one.

    Examples
    --------
    This file changes two things, and takes the rest from the dataset and from the defaults.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from neuroalrnn import load_run
    >>> text = "[setting]\\nn_latent = 8\\n[validation]\\nn_pwl = [0, 1, 8]"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.toml"
    ...     size = path.write_text(text)
    ...     run = load_run(path)
    >>> run.setting.n_latent, run.validation.n_pwl
    (8, [0, 1, 8])
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such run file")
    try:
        # some editors begin a file with a byte-order mark, which TOML does not know
        text = path.read_text(encoding="utf-8-sig")
        values = tomllib.loads(unicodedata.normalize("NFC", text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 at byte {error.start}: save it as UTF-8") from error
    data = values.get("data")
    if isinstance(data, dict) and "path" in data:
        # names are compared in one Unicode form, but a file has the name that it has
        data["path"] = tomllib.loads(text)["data"]["path"]
    return _build_run(values, str(path))


@checked(name=not_text)
def default_run(name: str) -> Run:
    """Load the run file of a named dataset; all defaults where the package has none.

    Parameters
    ----------
    name : str
        Name of a dataset, one of `data_loaders.DATASETS`.

    Returns
    -------
    run : Run
        All settings of the run.
    """
    known = {file.name: file for file in (files("neuroalrnn") / "runs").iterdir()}
    file = known.get(f"{name}.toml")
    if file is None:
        return Run()
    return _build_run(tomllib.loads(file.read_text(encoding="utf-8")), f"runs/{name}.toml")


def _build_run(values: Mapping[str, Any], title: str) -> Run:
    try:
        run = Run(**values)
    except ConfigError as error:
        raise ConfigError(str(error).replace("Run", title, 1)) from error
    try:
        expand(Setting(**run.setting.model_dump()), run.alternatives)
    except ConfigError as error:
        raise ConfigError(f"{title}, [alternatives]: {error}") from error
    return run


def _disagreements(values: Mapping[str, Any]) -> list[str]:
    """Texts on keys that contradict each other; other checks find wrong types."""
    tables = {
        name: values[name] if isinstance(values.get(name), Mapping) else {}
        for name in ("data", "setting", "validation")
    }
    data, setting, validation = tables.values()
    grid = validation.get("n_pwl")
    grid = grid if isinstance(grid, list) else []
    found = too_many_pwl(grid, setting.get("n_latent"), "[validation] n_pwl")
    if data.get("name") is not None and data.get("path") is not None:
        found.append("[data] name and path are both given: keep the one that is meant")
    splitter = validation.get("splitter", "SubjectKFold")
    if validation.get("n_splits") is not None and splitter in (
        "LeaveOneSubjectOut",
        "StimulusSequenceOut",
    ):
        found.append(
            f"[validation] n_splits: {splitter} holds out every group in turn; remove n_splits, or "
            f"use {' or '.join(K_FOLD)}"
        )
    window, warm_up = setting.get("window", 0), setting.get("warm_up", 0)
    if window == 0 and isinstance(warm_up, int) and warm_up > 0:
        found.append("[setting] warm_up has no effect without window: give both")
    return found
