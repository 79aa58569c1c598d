"""A table as a first look takes it: cells as text, guessed roles, rows in their groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from neuroalrnn.data.choices import NOTHING
from neuroalrnn.data.columns import TRUTH
from neuroalrnn.data.names import where

# a column is one of numbers if so many of its cells are
MOSTLY = 0.9


@dataclass(frozen=True, eq=False)
class View:
    """Cells of one or more files of the same columns, and what the columns seem to mean.

    Parameters
    ----------
    frame : pandas.DataFrame
        Cells as text without blanks around, "" where empty, one row per line.
    roles : dict of role to column
        What the columns seem to mean.
    files : tuple of str
        Names of the files.
    file : ndarray of int, shape (row,)
        File that each row comes from.
    """

    frame: pd.DataFrame
    roles: Mapping[str, str]
    files: tuple[str, ...]
    file: np.ndarray
    _numbers: dict[str, np.ndarray] = field(default_factory=dict)

    def text(self, name: str) -> np.ndarray:
        """Cells of a column, shape (row,)."""
        return self.frame[name].to_numpy(dtype=object)

    def is_empty(self, name: str) -> np.ndarray:
        """Whether cells are empty or hold what programs write for a missing value."""
        column = self.frame[name]
        return (column.str.casefold().isin(NOTHING)).to_numpy(dtype=bool)

    def number(self, name: str) -> np.ndarray:
        """Numbers of a column, NaN where a cell holds none; true and false are 1 and 0."""
        if name not in self._numbers:
            cells = self.frame[name]
            values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float, copy=True)
            truth = cells.str.lower()
            values[truth.isin(TRUTH).to_numpy()] = (truth == "true")[truth.isin(TRUTH)]
            self._numbers[name] = np.where(np.isfinite(values), values, np.nan)
        return self._numbers[name]

    def is_number(self, name: str) -> bool:
        """Whether nearly all cells that are not empty hold numbers."""
        present = ~self.is_empty(name)
        return bool(present.any() and np.isfinite(self.number(name)[present]).mean() >= MOSTLY)

    def values(self, name: str) -> list[str]:
        """Texts of a column, each once, without those that stand for nothing."""
        return list(dict.fromkeys(self.text(name)[~self.is_empty(name)]))

    def role(self, role: str) -> str | None:
        """Column of a role."""
        return self.roles.get(role)

    @cached_property
    def subject(self) -> np.ndarray:
        """Running number of the subject of each row; files are subjects where none is named."""
        return self._numbered("subject")

    @cached_property
    def session(self) -> np.ndarray:
        """Running number of the session of each row."""
        return self._numbered("subject", "session")

    @cached_property
    def block(self) -> np.ndarray:
        """Running number of the block of each row, within its session."""
        return self._numbered("subject", "session", "block")

    def _numbered(self, *roles) -> np.ndarray:
        keys = [self.text(self.roles[role]) for role in roles if role in self.roles]
        keys += [] if "subject" in self.roles else [self.file]
        return (
            pd.DataFrame(dict(enumerate(keys)))
            .groupby([*range(len(keys))], sort=False)
            .ngroup()
            .to_numpy()
        )

    def where(self, rows: np.ndarray) -> str:
        """Name the first rows where a mask holds, by file if there are several."""
        named = [
            where(rows[self.file == k], "row") + (f" of {name}" if len(self.files) > 1 else "")
            for k, name in enumerate(self.files)
            if rows[self.file == k].any()
        ]
        return "; ".join(named[:3]) + (f"; and in {len(named) - 3} more files" if named[3:] else "")

    def who(self, group: np.ndarray, rows: np.ndarray, role: str) -> str:
        """Name the groups of rows by a role: ``"subjects S1, S4"``."""
        name = self.roles.get(role)
        labels = self.text(name) if name else np.array(self.files, dtype=object)[self.file]
        first = pd.Series(labels[rows]).groupby(group[rows], sort=False).first()
        names = list(dict.fromkeys(first))
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return f"{role}{'s' if len(names) > 1 else ''} {', '.join(names[:5])}{more}"
