"""Run files: data, encoding, setting, validation and analysis of a fit, in TOML."""

import tomllib
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, model_validator

from neuroalrnn.arguments import MOST_SEED, checked, not_path, not_text
from neuroalrnn.config.defaults import FIT
from neuroalrnn.config.explain import explain
from neuroalrnn.config.setting import (
    Count,
    Hyperparameters,
    Positive,
    Setting,
    Size,
    Table,
    Texts,
    expand,
    too_many_pwl,
)
from neuroalrnn.exceptions import ConfigError, problems

K_FOLD = ("SubjectKFold", "SessionKFold")
Code = str | int | float
Codes = list[Code]


Probability = Annotated[float, Field(ge=0, le=1)]


class DataTable(Table):
    """Table ``[data]``: a named dataset, or a file and what its columns mean.

    Attributes
    ----------
    name : str, optional
        One of `data_loaders.DATASETS`.
    path : str, optional
        A ``.nc`` trial dataset, ``.csv`` or ``.tsv``, relative to the run file.
    columns, labels, events, trial_start, after_choice, signed, missing, units
        See `neuroalrnn.from_frame`. TOML knows text keys only, so in a `labels` table a key that
        reads as a number stands for that number.
    """

    name: str | None = None
    path: str | None = None
    columns: dict[str, str] = {}
    labels: list[str | int | float] | dict[str, str] | None = None
    events: dict[str, str | int | float] | list[str] = {}
    trial_start: str | dict[str, str] | None = None
    after_choice: list[str] = []
    signed: list[str] = []
    missing: Codes | dict[str, Code | Codes] = []
    units: dict[str, str] = {}


class EncodingTable(Table):
    """Table ``[encoding]``: overrides of the dataset's own arguments of `neuroalrnn.encode`."""

    step: Literal["trial", "event", "time"] | None = None
    inputs: dict[str, str] | list[str] | None = None
    events: Texts | None = None
    choice_event: str | None = None
    carry: Literal["session", "block", "trial"] | None = None
    lag_over_gaps: bool | None = None
    mark_events: bool | None = None
    dt: Positive | None = None
    max_steps: Count | None = None


class ValidationTable(Table):
    """Table ``[validation]``: who is held out, how often each model is started, which P are tried.

    Attributes
    ----------
    splitter : {"SubjectKFold", "LeaveOneSubjectOut", "SessionKFold", "StimulusSequenceOut"}
    n_splits : int, optional
        Folds of the two k-fold splitters (default 5); the others hold out every group in turn.
    n_inner, n_restarts, random_state : int
        See `neuroalrnn.select_n_pwl`.
    n_pwl : list of int, optional
        Grid, each from 0 to ``n_latent``; default see `neuroalrnn.select_n_pwl`.
    """

    splitter: Literal[
        "SubjectKFold", "LeaveOneSubjectOut", "SessionKFold", "StimulusSequenceOut"
    ] = "SubjectKFold"
    n_splits: Annotated[int, Field(ge=2)] | None = None
    n_inner: Annotated[int, Field(ge=2)] = FIT.n_inner
    n_restarts: Count = FIT.n_restarts
    random_state: Annotated[int, Field(ge=0, le=MOST_SEED)] = 0
    n_pwl: Annotated[list[Size], Field(min_length=1)] | None = None


class AnalysisTable(Table):
    """Table ``[analysis]``: trial variables that conditions and rule changes are read from."""

    conditions: Texts | None = None
    rule: str | None = None


class TaskTable(Table):
    """Table ``[task]``: what choices lead to, for `predictive` and ``recover --fit``.

    Attributes
    ----------
    name : str
        The task, see `neuroalrnn.tasks.TASKS`.
    probability, better, target, p_reward_left, mapping : str or list of str, optional
        Variables of trials that the task needs.
    p_better, p_other, p_common : float, optional
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
    """A whole run; see `load_run`.

    ``alternatives`` holds lists of values for hyperparameters of the setting; every combination is
    tried inside each fold. ``observation`` names what is explained beside the choice, such as
    "choice_rt"; see `neuroalrnn.select_n_pwl`.
    """

    holds_tables: ClassVar[bool] = True
    data: DataTable = DataTable()
    encoding: EncodingTable = EncodingTable()
    setting: Hyperparameters = Hyperparameters()
    validation: ValidationTable = ValidationTable()
    alternatives: dict[str, list[int | float | str]] = {}
    observation: str | None = None
    analysis: AnalysisTable = AnalysisTable()
    task: TaskTable | None = None

    def __init__(self, **values):
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
    path : path-like
        TOML with the tables ``[data]``, ``[encoding]``, ``[setting]``, ``[alternatives]``,
        ``[validation]``, ``[analysis]`` and ``[task]``, all optional.

    Returns
    -------
    run : Run

    Raises
    ------
    ConfigError
        If there is no such file, it is not TOML, or any key or value in it is wrong; the message
        names all of them, and for an unknown key the nearest known one.

    Examples
    --------
    A file that changes two things and takes the rest from the dataset and from the defaults::

        [setting]
        n_latent = 8

        [validation]
        n_pwl = [0, 1, 2, 8]
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
    """Run file that comes with the package for a named dataset; all defaults where there is none.

    Parameters
    ----------
    name : str
        Name of a dataset.

    Returns
    -------
    run : Run
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
    """Problems between keys that are each possible; wrong types are left to others."""
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
