"""A table as a first look takes it: cells as text, guessed roles, rows in their groups."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from neuroalrnn.data.choices import NOTHING
from neuroalrnn.data.columns import TRUTH
from neuroalrnn.data.names import first_few, where
from neuroalrnn.inspection.groups import numbered

# a column is one of numbers if so many of its cells are
MOSTLY = 0.9


class Column:
    """Cells of a column: each different text once, and which row holds which.

    Parameters
    ----------
    cells : ndarray of str, shape (row,)
        Texts.
    """

    def __init__(self, cells: np.ndarray):
        self.codes, levels = pd.factorize(cells)
        self.levels = np.asarray(levels, dtype=object)

    @cached_property
    def empty(self) -> np.ndarray:
        """Whether each level is empty, or what programs write for a missing value."""
        return np.array([each.casefold() in NOTHING for each in self.levels], dtype=bool)

    @cached_property
    def numbers(self) -> np.ndarray:
        """Number of each level, NaN where it is none; true and false are 1 and 0."""
        values = pd.to_numeric(pd.Series(self.levels, dtype=object), errors="coerce")
        found = values.to_numpy(dtype=float, copy=True)
        for k in np.flatnonzero(np.isnan(found)):
            lower = self.levels[k].lower()
            found[k] = float(lower == "true") if lower in TRUTH else np.nan
        return np.where(np.isfinite(found), found, np.nan)

    @cached_property
    def size(self) -> np.ndarray:
        """Number of rows that hold each level."""
        return np.bincount(self.codes, minlength=len(self.levels))

    def mostly(self, pattern: str) -> bool:
        """Whether most cells that are not empty match a pattern."""
        fits = np.array([bool(re.fullmatch(pattern, each, re.DOTALL)) for each in self.levels])
        present = self.size[self.levels != ""].sum()
        return bool(present and self.size[fits].sum() > present / 2)

    def changed(self, of: Callable[[str], object]) -> "Column":
        """Cells with a function applied to each different one."""
        new = pd.Series([of(each) for each in self.levels], dtype=object)
        return Column(new.fillna("").astype(str).to_numpy(object)[self.codes])

    @cached_property
    def is_number(self) -> bool:
        """Whether nearly all cells that are not empty hold numbers."""
        present = self.size[~self.empty].sum()
        return bool(present and self.size[np.isfinite(self.numbers)].sum() >= MOSTLY * present)


@dataclass(frozen=True, eq=False)
class View:
    """Cells of one or more files of the same columns, and what the columns seem to mean.

    Parameters
    ----------
    columns : dict of str to Column
        Cells of each column, without blanks around.
    roles : dict of role to str
        What the columns seem to mean.
    files : tuple of str
        Names of the files.
    file : ndarray of int, shape (row,)
        File that each row comes from.
    decimal : tuple of str
        Columns that were written with decimal commas.
    twice : tuple of str
        Names that several columns had; all but the first have a number added.
    lists : tuple of str
        Columns whose cells were lists, of which the first entry is left.
    """

    columns: Mapping[str, Column]
    roles: Mapping[str, str]
    files: tuple[str, ...]
    file: np.ndarray
    decimal: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.file)

    def codes(self, name: str) -> np.ndarray:
        """Running number of the text of each cell of a column, shape (row,)."""
        return self.columns[name].codes

    def text(self, name: str) -> np.ndarray:
        """Cells of a column, shape (row,)."""
        column = self.columns[name]
        return column.levels[column.codes]

    def is_empty(self, name: str) -> np.ndarray:
        """Whether cells are empty or hold what programs write for a missing value."""
        column = self.columns[name]
        return column.empty[column.codes]

    def number(self, name: str) -> np.ndarray:
        """Numbers of a column, NaN where a cell holds none; true and false are 1 and 0."""
        column = self.columns[name]
        return column.numbers[column.codes]

    def is_number(self, name: str) -> bool:
        """Whether nearly all cells that are not empty hold numbers."""
        return self.columns[name].is_number

    def values(self, name: str) -> list[str]:
        """Texts of a column, each once, without those that stand for nothing."""
        column = self.columns[name]
        return list(column.levels[~column.empty])

    def holding(self, name: str, texts) -> np.ndarray:
        """Rows whose cell is one of some texts."""
        column = self.columns[name]
        wanted = set(texts)
        return np.array([each in wanted for each in column.levels], dtype=bool)[column.codes]

    def n_levels(self, name: str) -> int:
        """Number of different texts of a column, the empty one among them."""
        return len(self.columns[name].levels)

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

    @property
    def n_subjects(self) -> int:
        """Number of subjects."""
        return int(self.subject.max()) + 1

    def _numbered(self, *roles) -> np.ndarray:
        keys = [self.codes(self.roles[role]) for role in roles if role in self.roles]
        return numbered(*keys, *([] if "subject" in self.roles else [self.file]))

    def where(self, rows: np.ndarray) -> str:
        """Name the first rows where a mask holds, by file if there are several."""
        named = [
            where(rows[self.file == k], "row") + (f" of {name}" if len(self.files) > 1 else "")
            for k, name in enumerate(self.files)
            if rows[self.file == k].any()
        ]
        return "; ".join(named[:3]) + (f"; and in {len(named) - 3} more files" if named[3:] else "")

    def who(self, rows: np.ndarray, role: str) -> str:
        """Name the labels of a role in some rows: ``"subjects S1, S4"``."""
        name = self.roles.get(role)
        labels = self.text(name) if name else np.array(self.files, dtype=object)[self.file]
        names = list(dict.fromkeys(labels[rows]))
        return f"{role}{'s' if len(names) > 1 else ''} {first_few(names)}"
