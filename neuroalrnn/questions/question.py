"""What a question is: its tables, figures and sentences side by side; see `CONTRIBUTING.md`.

Every function of a question takes one argument, the `neuroalrnn.questions.asked.Asked`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroalrnn.questions.asked import Asked


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Parameters
    ----------
    name : str
        Its anchor.
    title : str
        Its heading.
    """

    name: str
    title: str


def always(asked: Asked) -> bool:
    """Say that something is always shown.

    Parameters
    ----------
    asked : Asked
        A fit and what it is asked with.

    Returns
    -------
    bool
        True.
    """
    return True


def nothing(asked: Asked) -> str:
    """Say that a question lacks nothing.

    Parameters
    ----------
    asked : Asked
        A fit and what it is asked with.

    Returns
    -------
    str
        An empty text.
    """
    return ""


@dataclass(frozen=True)
class Text:
    """Sentences of the page.

    Parameters
    ----------
    about : str
        What they are about, for the notes if they cannot be made.
    say : callable
        Returns a text, shown as a paragraph, or a list of texts, shown as a list; empty for none.
        What is to stand out is marked by `neuroalrnn.questions.words.strong`.
    main : bool
        Whether they are the main finding of the question, told at the top of the page too.
    noun : str
        What one text of a list is, such as ``"comparison"``: long lists are collapsed then.
    """

    about: str
    say: Callable
    main: bool = False
    noun: str = ""


@dataclass(frozen=True)
class Shown:
    """A table on the page.

    Parameters
    ----------
    about : str
        What it is about, for the notes if it cannot be made.
    make : callable
        Returns the data frame as it is to be read; None for none.
    noun : str
        What a row is: long tables are collapsed.
    formats : dict of column -> callable
        How a value of a column is written; see `neuroalrnn.report.markup.table`.
    """

    about: str
    make: Callable
    noun: str = "row"
    formats: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Lights:
    """Lights of the page: green, amber or red, in words too, each with its reason.

    Parameters
    ----------
    about : str
        What they are about, for the notes if they cannot be made.
    make : callable
        Returns a data frame ``light, state, answer, reason``, one row per light.
    """

    about: str
    make: Callable


@dataclass(frozen=True)
class Figure:
    """A figure of the page, which is saved as SVG, PDF and PNG too.

    Parameters
    ----------
    name : str
        Of the files.
    caption : str or callable
        Text under it.
    draw : callable
        Returns a figure or axes of matplotlib, drawn by `neuroalrnn.plots`.
    when : callable
        Whether there is anything to draw; where not, nothing is said of it.
    """

    name: str
    caption: str | Callable
    draw: Callable
    when: Callable = always

    def told(self, asked: Asked) -> str:
        """Tell the caption.

        Parameters
        ----------
        asked : Asked
            A fit and what it is asked with.

        Returns
        -------
        str
            The text under the figure.
        """
        return self.caption(asked) if callable(self.caption) else self.caption


@dataclass(frozen=True)
class Question:
    """One question that a fit is asked, and how its answer is shown.

    Parameters
    ----------
    name : str
        Of the question, as in "could not be made" notes.
    section : Section
        Where on the page it stands; questions of one section follow each other.
    title : str
        Heading inside the section; empty for none.
    tables : dict of (str or tuple of str) -> callable
        What is computed, by its name: a tidy table (pandas.DataFrame), which is saved as CSV under
        this name, or a labelled array that figures need. Under several names: a tuple of them.
    schema : dict of str -> neuroalrnn.results.tables.Table
        What a row is, and the columns, of every tidy table.
    columns : dict of str -> neuroalrnn.results.columns.Column
        What columns mean that no other question has; see `neuroalrnn.results.columns`.
    answer : tuple of Text, Shown, Lights and Figure
        What the page shows, in order.
    footnote : tuple of str, or callable
        Sentences about methods and limits. The page collects them at the end of the section, and
        tells once what several questions say.
    unasked : callable
        Why the question does not arise in this fit, as a text; empty where it does. Its tables are
        not made then.
    needs : callable
        Why there is nothing to show, as a text; empty where there is.
    mechanism : bool
        Whether networks are taken apart for it, which `analyse` does on request.
    """

    name: str
    section: Section
    title: str = ""
    tables: dict = field(default_factory=dict)
    schema: dict = field(default_factory=dict)
    columns: dict = field(default_factory=dict)
    answer: tuple = ()
    footnote: tuple | Callable = ()
    unasked: Callable = nothing
    needs: Callable = nothing
    mechanism: bool = False

    @property
    def figures(self) -> list[Figure]:
        """Its figures."""
        return [part for part in self.answer if isinstance(part, Figure)]

    @property
    def table_names(self) -> list[str]:
        """Names of its tables."""
        keys = [(key,) if isinstance(key, str) else key for key in self.tables]
        return [name for names in keys for name in names]
