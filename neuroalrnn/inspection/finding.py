"""What a check found, and what a check is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuroalrnn.inspection.view import View


@dataclass(frozen=True, eq=False)
class Finding:
    """Something that looks wrong.

    Parameters
    ----------
    says : str
        What looks wrong, in a sentence without its rows.
    do : str
        What to do about it.
    rows : ndarray of bool, shape (row,), optional
        Rows concerned; None where it is the whole table.
    sets : dict of option to dict or list
        What the run file says because of it, by key of ``[data]``.
    """

    says: str
    do: str
    rows: np.ndarray | None = None
    sets: Mapping[str, Any] = field(default_factory=dict)

    def tell(self, view: View) -> str:
        """Write the finding with its rows."""
        place = f", on {view.where(self.rows)}" if self.rows is not None else ""
        return f"{self.says}{place}: {self.do}"


@dataclass(frozen=True)
class Check:
    """A kind of fault, and how it is found.

    Parameters
    ----------
    name : str
        Name of the kind.
    find : callable
        Gives the findings in a view.
    about : str
        What is looked for, in a sentence.
    """

    name: str
    find: Callable[[View], Iterable[Finding]]
    about: str
