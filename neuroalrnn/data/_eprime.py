"""Logs of E-Prime: frames of ``name: value`` lines, those of a block after those of its trials."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from neuroalrnn.data.names import one_form
from neuroalrnn.exceptions import DataError, problems

BEGIN = "*** Header Start ***"
HEADER_END, FRAME, FRAME_END = (
    "*** Header End ***",
    "*** LogFrame Start ***",
    "*** LogFrame End ***",
)
# of the file and not of the experiment
FORMAL = ("VersionPersist",)


@dataclass
class _Frame:
    """Lines between two marks; those of the header have level 0."""

    level: int
    line: int
    cells: dict[str, str] = field(default_factory=dict)
    levels: list[str] = field(default_factory=list)


def is_eprime(text: str) -> bool:
    """Whether a text begins as a log of E-Prime does."""
    return text.lstrip().startswith(BEGIN)


def read_eprime(path: Path, text: str) -> pd.DataFrame:
    """Read a log as one row per innermost frame, such as a trial.

    Column ``Level`` says which frame it is ("Trial", "Block"). What surrounding frames and the
    header say stands in every row of theirs; a name that frames of several levels have is that of
    the row itself, and ``"NAME[Block]"`` for what surrounds it.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    text : str
        Its text.

    Returns
    -------
    cells : pandas.DataFrame
        Texts, "" where a frame has no such line.
    """
    header, *frames = _frames(path, text)
    if not frames:
        raise problems(DataError, str(path), ["the log holds no frame: nothing was recorded"])
    levels, of_level = header.levels, defaultdict[str, set[int]](set)
    for frame in frames:
        for name in frame.cells:
            of_level[name].add(frame.level)
    rows, around = [], dict[int, _Frame]()
    # what surrounds a frame comes after it
    for before, frame in zip([header, *frames][-2::-1], frames[::-1], strict=True):
        around = {level: each for level, each in around.items() if level < frame.level}
        if before.level <= frame.level:
            row = {name: cell for name, cell in header.cells.items() if name not in of_level}
            row["Level"] = _called(levels, frame.level)
            for level, each in sorted(around.items()):
                several = {n for n in each.cells if of_level[n] != {level}}
                label = f"[{_called(levels, level)}]"
                row |= {n + label * (n in several): cell for n, cell in each.cells.items()}
            rows.append(row | frame.cells)
        around[frame.level] = frame
    names = dict.fromkeys(name for row in reversed(rows) for name in row)
    return pd.DataFrame(
        {name: [row.get(name, "") for row in reversed(rows)] for name in names}, dtype=object
    )


def _called(levels: list[str], level: int) -> str:
    return levels[level - 1] if 0 < level <= len(levels) else f"Level {level}"


def _frames(path: Path, text: str) -> list[_Frame]:
    """The header and all frames, in the order of the file."""
    frames, found = [], list[str]()
    now, level = None, 0
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        name, colon, cell = line.partition(":")
        if line in (BEGIN, FRAME):
            if now is not None:
                found.append(f"line {number}: a frame begins inside that of line {now.line}")
            now = _Frame(0 if line == BEGIN else level, number)
        elif line in (HEADER_END, FRAME_END):
            frames += [now] if now is not None else []
            now = None
        elif now is None and name == "Level" and cell.strip().isdecimal():
            level = int(cell)
        elif now is not None and colon and name == "LevelName":
            now.levels.append(cell.strip())
        elif now is not None and colon:
            now.cells |= {} if name in FORMAL else {one_form(name): one_form(cell)}
        elif line:
            found.append(
                f"line {number} is {line[:40]!r}: expected a line 'name: value' of a frame"
            )
    if now is not None:
        found.append(f"the frame of line {now.line} has no end: the file is cut off")
    if found:
        raise problems(DataError, str(path), found[:20])
    return frames
