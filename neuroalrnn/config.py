"""What a run is: settings of the model and of training, checked before anything is computed."""

import operator
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from neuroalrnn.exceptions import ConfigError, problems


def _whole(value):
    """Let integers of numpy through, and nothing else that is not an int."""
    is_other = hasattr(value, "__index__") and not isinstance(value, bool | int)
    return operator.index(value) if is_other else value


Count = Annotated[int, Field(ge=1), BeforeValidator(_whole)]
Size = Annotated[int, Field(ge=0), BeforeValidator(_whole)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Texts = Annotated[list[str], Field(min_length=1)]

DEFAULT_N_PWL = 2
EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "too_short": "at least one entry",
}
K_FOLD = ("SubjectKFold", "SessionKFold")


class _Table(BaseModel):
    # strict: a run file that says n_latent = "6" is mistaken, not lax
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Hyperparameters(_Table):
    """Everything of a `Setting` but ``n_pwl``, which a run file gives as a grid."""

    n_latent: Count = 6
    convention: Literal["reduced", "free"] = "reduced"
    initialisation: Literal["alrnn2024", "orthogonal", "timescales", "identity"] = "alrnn2024"
    memory: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 10.0
    learning_rate: Positive = 0.03
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    clip_norm: Positive = 1.0
    batch_size: Count = 64
    check_every: Count = 20
    max_checks: Count = 50
    patience: Count = 10
    averaging: Fraction = 0.98
    window: Size = 0
    warm_up: Size = 0
    dtype: Literal["float32", "float64"] = "float32"


class Setting(Hyperparameters):
    """One choice of hyperparameters.

    Attributes
    ----------
    n_latent : int
        Latents M.
    n_pwl : int
        PWL units P among them, 0 (truly linear) to `n_latent` (fully rectified).
    convention : {"reduced", "free"}
        Whether ``a`` of linear units is fixed at 0 (their self-weight is in ``W``) or trained too.
    initialisation : {"alrnn2024", "orthogonal", "timescales", "identity"}
        How the recurrence starts; see `neuroalrnn.model.init.draw`.
    memory : float
        Longest time constant at the start, in steps ("timescales" only).
    learning_rate, weight_decay, clip_norm : float
        Adam; decay is decoupled, acts on off-diagonal ``W``, ``C`` and ``B``, and is off (0) by
        default.
    batch_size : int
        Sequences per update.
    check_every, max_checks, patience : int
        Validation subjects are scored every `check_every` updates, at most `max_checks` times;
        training stops when `patience` checks in a row bring nothing better.
    averaging : float
        Decay of the running average of the weights that is validated and kept; 0 for none.
    window, warm_up : int
        Long sequences are trained on in pieces of `window` steps after `warm_up` unscored ones;
        0 trains on whole sequences. Held-out subjects are always scored on whole sequences.
    dtype : {"float32", "float64"}
        Precision of training. Held-out scores are always computed in float64.

    Raises
    ------
    ConfigError
        Naming every unknown key (with the nearest known one) and every impossible value.
    """

    n_pwl: Size = Field(
        default_factory=lambda given: min(DEFAULT_N_PWL, given.get("n_latent", DEFAULT_N_PWL))
    )

    def __init__(self, **values):
        found = []
        try:
            super().__init__(**values)
        except ValidationError as error:
            found = _explain(error, Setting, values)
        found += _too_many_pwl([values.get("n_pwl")], values.get("n_latent"), "n_pwl")
        if found:
            raise problems(ConfigError, "Setting", found)


class DataTable(_Table):
    """Table ``[data]``: a named dataset, or a file and what its columns mean.

    Attributes
    ----------
    name : str, optional
        One of `data_loaders.DATASETS`.
    path : str, optional
        A ``.nc`` trial dataset, ``.csv`` or ``.tsv``, relative to the run file.
    columns, labels, events, after_choice, signed
        See `neuroalrnn.from_frame`. TOML knows text keys only, so in a `labels` table a key that
        reads as a number stands for that number.
    """

    name: str | None = None
    path: str | None = None
    columns: dict[str, str] = {}
    labels: list[str | int | float] | dict[str, str] | None = None
    events: dict[str, str | int | float] = {}
    after_choice: list[str] = []
    signed: list[str] = []


class EncodingTable(_Table):
    """Table ``[encoding]``: overrides of the dataset's own arguments of `neuroalrnn.encode`."""

    step: Literal["trial", "event", "time"] | None = None
    inputs: dict[str, str] | list[str] | None = None
    choice_event: str | None = None
    carry: Literal["session", "block", "trial"] | None = None
    mark_events: bool | None = None
    dt: Positive | None = None
    max_steps: Count | None = None


class ValidationTable(_Table):
    """Table ``[validation]``: who is held out, how often each model is started, which P are tried.

    Attributes
    ----------
    splitter : {"SubjectKFold", "LeaveOneSubjectOut", "SessionKFold", "StimulusSequenceOut"}
    n_splits : int, optional
        Folds of the two k-fold splitters (default 5); the others hold out every group in turn.
    n_inner, n_restarts, random_state : int
        See `neuroalrnn.select_n_pwl`.
    n_pwl : list of int
        Grid, each from 0 to ``n_latent``.
    """

    splitter: Literal[
        "SubjectKFold", "LeaveOneSubjectOut", "SessionKFold", "StimulusSequenceOut"
    ] = "SubjectKFold"
    n_splits: Annotated[int, Field(ge=2)] | None = None
    n_inner: Annotated[int, Field(ge=2)] = 3
    n_restarts: Count = 3
    random_state: Size = 0
    n_pwl: Annotated[list[Size], Field(min_length=1)] = [0, 1, 2, 4]


class AnalysisTable(_Table):
    """Table ``[analysis]``: trial variables that conditions and rule changes are read from."""

    conditions: Texts | None = None
    rule: str | None = None


class Run(_Table):
    """A whole run: data, encoding, setting, validation and analysis; see `load_run`."""

    data: DataTable = DataTable()
    encoding: EncodingTable = EncodingTable()
    setting: Hyperparameters = Hyperparameters()
    validation: ValidationTable = ValidationTable()
    analysis: AnalysisTable = AnalysisTable()

    @model_validator(mode="after")
    def _agree(self):
        found = _disagreements(self.model_dump(exclude_unset=True))
        if found:
            raise ValueError("; ".join(found))
        return self


def load_run(path: str | Path) -> Run:
    """Read a run file.

    Parameters
    ----------
    path : path-like
        TOML with the tables ``[data]``, ``[encoding]``, ``[setting]``, ``[validation]`` and
        ``[analysis]``, all optional.

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
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 at byte {error.start}: save it as UTF-8") from error
    return _build_run(values, str(path))


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
    file = files("neuroalrnn") / "runs" / f"{name}.toml"
    if not file.is_file():
        return Run()
    return _build_run(tomllib.loads(file.read_text(encoding="utf-8")), f"runs/{name}.toml")


def _build_run(values: Mapping[str, Any], title: str) -> Run:
    found = []
    try:
        return Run.model_validate(values)
    except ValidationError as error:
        found = _explain(error, Run, values)
    # pydantic compares tables only once each of them is in order
    raise problems(ConfigError, title, found + _disagreements(values))


def _disagreements(values: Mapping[str, Any]) -> list[str]:
    """Problems between keys that are each possible; wrong types are left to others."""
    tables = {
        name: values[name] if isinstance(values.get(name), Mapping) else {}
        for name in ("data", "setting", "validation")
    }
    data, setting, validation = tables.values()
    grid = validation.get("n_pwl", ValidationTable().n_pwl)
    grid = grid if isinstance(grid, list) else []
    found = _too_many_pwl(grid, setting.get("n_latent"), "[validation] n_pwl")
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


def _too_many_pwl(grid, n_latent, where: str) -> list[str]:
    n_latent = Hyperparameters().n_latent if n_latent is None else n_latent
    if not isinstance(n_latent, int):
        return []
    return [
        f"{where} = {n_pwl}: more PWL units than latents; expected 0 (linear) to "
        f"n_latent = {n_latent} (fully rectified)"
        for n_pwl in grid
        if isinstance(n_pwl, int) and n_pwl > n_latent
    ]


def _explain(error: ValidationError, kind: type[BaseModel], values: Mapping) -> list[str]:
    """One text per bad value; what the variants of a union expect is joined."""
    expected: dict[tuple, list[str]] = {}
    for each in error.errors(include_url=False):
        path = _path(values, each["loc"])
        if path:
            expected.setdefault(path, []).append(_expected(each, kind, path))
    # a list with a bad entry is also "not a table", where a table would do: the entry says it all
    return [
        _place(path, kind) + _joined(list(dict.fromkeys(texts)), _value(values, path))
        for path, texts in expected.items()
        if not any(other[: len(path)] == path for other in expected if other != path)
    ]


def _path(values: Any, loc: Sequence) -> tuple:
    """Keys and indices of a location, without the names of variants that pydantic mixes in."""
    path = ()
    for part in loc:
        known = range(len(values)) if isinstance(values, list) else values
        if isinstance(values, Mapping | list) and part in known:
            path, values = (*path, part), values[part]
    return path


def _value(values: Any, path: Sequence) -> Any:
    for part in path:
        values = values[part]
    return values


def _place(path: Sequence, kind: type[BaseModel]) -> str:
    """The location as it stands in the file: ``[table] key.key[index]``."""
    head, *rest = path if kind is Run else ("", *path)
    inside = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)
    return " ".join(part for part in (f"[{head}]" if head else "", inside[1:]) if part)


def _expected(each: Mapping[str, Any], kind: type[BaseModel], path: Sequence) -> str:
    if each["type"] == "extra_forbidden":
        table = kind if len(path) == 1 else kind.model_fields[path[0]].annotation
        near = get_close_matches(str(path[-1]), table.model_fields, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        what = "table" if table is Run else "key"
        return f"unknown {what}; {hint}(there are: {', '.join(table.model_fields)})"
    text = each["msg"].removeprefix("Input should be ")
    return EXPECTED.get(each["type"], f"a number {text}" if "than" in each["type"] else text)


def _joined(texts: Sequence[str], value: Any) -> str:
    if texts[0].startswith("unknown"):
        return f": {texts[0]}"
    return f" = {value!r}: expected {' or '.join(texts)}"
