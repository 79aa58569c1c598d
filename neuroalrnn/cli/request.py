"""What a command is asked to work on: a run file, and options that win over it."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated

import typer

from neuroalrnn.cli.options import AnySeed, OutOrName, RunFile, Source, names
from neuroalrnn.config import Run, default_run, load_run
from neuroalrnn.exceptions import ConfigError, problems

Columns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        help="Columns of a table as ROLE=COLUMN: subject=ID,choice=resp,rt=RT. Roles: subject, "
        "choice (both needed), session, block, trial, reward, correct, rt, scored, "
        "unscored_reason; any other name is a covariate.",
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        help="Values of the choice that code it 0, 1, ...: left,right or 1=left,2=right.",
    ),
]
AfterChoice = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        help="Covariates known only after the choice (after_choice in a run file): outcome,points; "
        "reward, correct, rt, common and transition are so anyway.",
    ),
]
Signed = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="Variables of 0 and 1 that models get as -1 and +1: reward."),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        help="Codes for missing values: -1,n/a,999, or by role choice=-1,rt=0,rt=999.",
    ),
]
Units = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="Units of times: rt=ms (us, min, h, day, clock, date)."),
]
Text = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="Covariates that are text, such as conditions: phase,group."),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        help="Rows that are kept, as COLUMN=VALUE: trial_type=choice; several values of a column "
        "are kept where one of them holds. A run file knows more rules.",
    ),
]
FileName = Annotated[
    str | None,
    typer.Option(help="What names of files say, as 'sub-{subject}_ses-{session}.csv'."),
]
Encoding = Annotated[
    str | None, typer.Option(help="Encoding of tables that are not UTF-8: cp1252.")
]
Separator = Annotated[str | None, typer.Option(help="What separates cells, where it is not found.")]
Sheet = Annotated[str | None, typer.Option(help="Sheet of a workbook of Excel.")]
Decimal = Annotated[str | None, typer.Option(help="What numbers have before decimals: . or ,")]


@dataclass(frozen=True)
class Request:
    """Options that name the data of a run."""

    source: Source = None
    run: RunFile = None
    columns: Columns = None
    labels: Labels = None
    after_choice: AfterChoice = None
    signed: Signed = None
    missing: Missing = None
    units: Units = None
    text: Text = None
    keep: Keep = None
    file_name: FileName = None
    encoding: Encoding = None
    separator: Separator = None
    decimal: Decimal = None
    sheet: Sheet = None
    out: OutOrName = None
    seed: AnySeed = None

    def plan(self) -> tuple[str, Run, Path]:
        """Name of the data, run and folder."""
        config = load_run(self.run) if self.run else default_run(self.source or "")
        config = _located(config, self.run)
        source = self.source or _source_of(config)
        name = Path(source.replace("*", "")).stem or "table"
        return source, self._over(config), self.out or Path("results") / name

    def _over(self, config: Run) -> Run:
        """Options of the command line win over the run file."""
        labels, missing, units = map(_joined, (self.labels, self.missing, self.units))
        keep = _joined(self.keep)
        given = {
            "columns": read_columns(self.columns) or None,
            "labels": labels and _labels(labels),
            "after_choice": names(_joined(self.after_choice)),
            "signed": names(_joined(self.signed)),
            "missing": missing and _missing(missing),
            "units": units and _pairs("--units", units, "ROLE=UNIT"),
            "text": names(_joined(self.text)),
            "keep": keep and _by_name("--keep", keep, "COLUMN=VALUE"),
            "file_name": self.file_name,
            "encoding": self.encoding,
            "separator": self.separator,
            "decimal": self.decimal,
            "sheet": self.sheet,
        }
        data = config.data.model_copy(update={k: v for k, v in given.items() if v is not None})
        validation = config.validation
        if self.seed is not None:
            validation = validation.model_copy(update={"random_state": self.seed})
        return config.model_copy(update={"data": data, "validation": validation})


def read_columns(given: list[str] | str | None) -> dict[str, str]:
    """Columns by role, from one or more texts such as ``"subject=ID,choice=resp"``.

    Parameters
    ----------
    given : list of str, str or None
        Texts of ``--columns``.

    Returns
    -------
    dict of role to column
        Empty where nothing was given.
    """
    text = _joined(given)
    return _pairs("--columns", text, "ROLE=COLUMN") if text else {}


def on_data(command: Callable) -> Callable:
    """Give a command the options of `Request`, which becomes its first argument."""
    own = list(signature(command).parameters.values())[1:]
    asked = [
        Parameter(each.name, Parameter.KEYWORD_ONLY, default=each.default, annotation=each.type)
        for each in fields(Request)
    ]

    @wraps(command)
    def with_request(**options):
        request = Request(**{each.name: options.pop(each.name) for each in asked})
        return command(request, **options)

    parameters = [*asked, *(each.replace(kind=Parameter.KEYWORD_ONLY) for each in own)]
    vars(with_request)["__signature__"] = Signature(parameters)
    with_request.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_request


def _joined(value: list[str] | str | None) -> str | None:
    """All values of an option that was given several times, as one text with commas."""
    return (",".join(value) or None) if isinstance(value, list) else value


def _located(config: Run, run: Path | None) -> Run:
    """Paths of a run file count from its folder."""
    path, folder = config.data.path, run.parent if run else Path()
    if path is None:
        return config
    paths = [str(folder / each) for each in ([path] if isinstance(path, str) else path)]
    data = config.data.model_copy(update={"path": paths[0] if isinstance(path, str) else paths})
    return config.model_copy(update={"data": data})


def _source_of(config: Run) -> str:
    path = config.data.path
    if path is not None:
        return path if isinstance(path, str) else path[0]
    if config.data.name is not None:
        return config.data.name
    raise ConfigError("nothing to fit: name a dataset or a file, or give [data] in a run file")


def _pairs(option: str, text: str, form: str) -> dict[str, str]:
    """Names from a text such as "subject=ID,choice=resp"."""
    pairs = [part.partition("=") for part in text.split(",")]
    found = [
        f"{''.join(pair)!r}: expected {form}, such as {'rt=ms' if 'UNIT' in form else 'subject=ID'}"
        for pair in pairs
        if not (pair[0].strip() and pair[2].strip())
    ]
    keys = [key.strip() for key, _, _ in pairs]
    twice = [key for key in dict.fromkeys(keys) if keys.count(key) > 1 and not found]
    found += [f"role {key!r} is given more than once: keep one" for key in twice]
    if found:
        raise problems(ConfigError, option, found)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _labels(text: str) -> list[str] | dict[str, str] | None:
    return _pairs("--labels", text, "VALUE=LABEL") if "=" in text else names(text)


def _missing(text: str) -> list[str] | dict[str, list[str]] | None:
    """Codes for all columns, or by role where every one has one."""
    pairs = [part.partition("=") for part in text.split(",")]
    if not any(sign for _, sign, _ in pairs):
        return names(text)
    return _by_name("--missing", text, "ROLE=CODE", ", or codes alone for all columns")


def _by_name(option: str, text: str, form: str, more: str = "") -> dict[str, list[str]]:
    """Values by name from a text such as "rt=0,rt=999"."""
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(name.strip() and sign for name, sign, _ in pairs):
        found = [f"{text!r}: expected {form} everywhere{more}"]
        raise problems(ConfigError, option, found)
    values: dict[str, list[str]] = {}
    for name, _, value in pairs:
        values.setdefault(name.strip(), []).append(value.strip())
    return values
