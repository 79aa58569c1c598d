"""Options that commands share, and how their texts are read."""

from pathlib import Path
from typing import Annotated

import typer

from neuroalrnn.arguments import MOST_SEED, not_path, shown
from neuroalrnn.config.defaults import ONE_ERROR
from neuroalrnn.exceptions import ConfigError

# more of anything fits no memory
MOST = 10**7


def folder(text: str) -> Path:
    """Folder of an option; an empty one, as of a variable that is not set, is no folder."""
    if not_path("--out", str(text)):
        raise typer.BadParameter("expected the name of a folder")
    return Path(text)


def numbers(option: str, text: str, *, least: int = 0) -> list[int]:
    """Whole numbers from a text such as "0,50,100".

    Parameters
    ----------
    option : str
        For the message.
    text : str
    least : int
        The smallest that is allowed.

    Raises
    ------
    ConfigError
    """
    try:
        found = [int(each) for each in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < least or max(found) > MOST:
        expected = f"whole numbers from {least} to {MOST}, such as 8,16"
        raise ConfigError(f"{option} {shown(text)}: expected {expected}")
    return found


def share_or_rule(option: str, text: str) -> float | str:
    """A share such as 0.05, or the name of the rule that takes its place.

    Parameters
    ----------
    option : str
        For the message.
    text : str

    Raises
    ------
    ConfigError
    """
    if text == ONE_ERROR:
        return text
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ConfigError(f"{option} {shown(text)}: expected a share from 0 to 1, or {ONE_ERROR!r}")
    return share


def names(text: str | None) -> list[str] | None:
    """Names from a text such as "context,congruent"; None where no text is given."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


Out = Annotated[
    Path, typer.Option("--out", parser=folder, help="Folder that receives the results.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Default: all cores.")]
Backend = Annotated[
    str, typer.Option(help="numba_cpu, torch_eager or reference; auto takes the fastest.")
]
Final = Annotated[
    bool,
    typer.Option("--final", help="Train a network on everybody, too, that predicts new subjects."),
]
Conditions = Annotated[
    str | None, typer.Option(help="Trial variables that split the tables: context,congruent")
]
Rule = Annotated[str | None, typer.Option(help="Trial variable whose changes are rule changes.")]
Seed = Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of the null bands.")]
Source = Annotated[
    str | None,
    typer.Argument(
        help="Dataset name, or a file; 'sub-*.csv' in quotes is many files. Default: [data] of the "
        "run file."
    ),
]
RunFile = Annotated[Path | None, typer.Option("--run", help="Run file (TOML).")]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Tables of one kind.")]
ReadOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--read",
        metavar="TEXT",
        help="Arguments of the reader of a format, as in [data.read]: 'table = \"epochs\"'.",
    ),
]
RunFileOut = Annotated[
    Path | None, typer.Option("--out", help="Run file to write. Default: NAME.toml, here.")
]
OutOrName = Annotated[
    Path | None, typer.Option("--out", parser=folder, help="Default: results/NAME.")
]
TaskFile = Annotated[
    Path | None, typer.Option("--run", help="Run file with [task]: what choices lead to.")
]
AnySeed = Annotated[
    int | None, typer.Option(min=0, max=MOST_SEED, help="Seed of every random stream.")
]
Saved = Annotated[Path, typer.Argument(metavar="FIT.nc", help="A fit that this program saved.")]
Numbers = Annotated[str, typer.Option(help="Whole numbers, such as 0,50,100.")]
