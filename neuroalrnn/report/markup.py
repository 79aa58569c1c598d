"""Sentences, tables and figures as HTML; the templates escape all text that is not marked up."""

import base64
import warnings
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from neuroalrnn.exceptions import IncompleteWarning
from neuroalrnn.plots import save_figure
from neuroalrnn.plots.second import SecondProcess, write_job
from neuroalrnn.questions.words import capital, count, number
from neuroalrnn.running import attempt

ON_SCREEN, LEGIBLE = 1.45, 0.7
LONG = 15
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
)
_PARTS: Any = TEMPLATES.get_template("parts.html").module
heading, paragraph, bullets, facts, lights = (
    _PARTS.heading,
    _PARTS.paragraph,
    _PARTS.bullets,
    _PARTS.facts,
    _PARTS.lights,
)


def together(parts):
    """Parts of a page as one.

    Parameters
    ----------
    parts : iterable of markupsafe.Markup

    Returns
    -------
    markupsafe.Markup
    """
    return Markup().join(parts)


def footnote(text):
    """Small print at the end of a section."""
    return paragraph(text, "footnote")


def table(frame, formats=None):
    """A data frame as an HTML table.

    Parameters
    ----------
    frame : pandas.DataFrame
    formats : dict of column -> function of a value, optional
        Default: text as it is, integers with thousands, other numbers with 4 digits.

    Returns
    -------
    markupsafe.Markup
    """
    formats = formats or {}
    columns = [(str(name), name in formats or frame[name].dtype.kind in "iuf") for name in frame]
    rows = [
        [formats.get(name, _plain)(value) for name, value in row.items()]
        for row in frame.to_dict("records")
    ]
    return _PARTS.grid(columns, rows)


def collapsed(html, n_rows, noun, most=np.inf):
    """A table as it is, or behind a line that opens it where it is long.

    Parameters
    ----------
    html : markupsafe.Markup
    n_rows : int
    noun : str
        What a row is.
    most : int, optional
        Rows that are shown; there may be more.

    Returns
    -------
    markupsafe.Markup
    """
    if n_rows > most:
        return _PARTS.collapsed(html, f"First {most:,} of {count(n_rows, noun)} (all as CSV)")
    return html if n_rows <= LONG else _PARTS.collapsed(html, f"All {count(n_rows, noun)}")


def _plain(value):
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    return number(value) if isinstance(value, (float, np.floating)) else str(value)


def _named(figure):
    return f"figure {figure.replace('_', ' ')}"


@dataclass(frozen=True)
class Drawn:
    """A figure that was drawn.

    Attributes
    ----------
    name : str
        Of its files.
    width : float
        In inches.
    svg : pathlib.Path
        The file that the page shows.
    """

    name: str
    width: float
    svg: Path

    def shown(self, caption):
        """The figure itself and its caption, as HTML."""
        data = Markup(base64.b64encode(self.svg.read_bytes()).decode("ascii"))
        width = ON_SCREEN * self.width * 96
        return _PARTS.figure(self.name, data, f"{width:.0f}", f"{LEGIBLE * width:.0f}", caption)


@dataclass
class Gallery:
    """Draws figures into a folder, and makes the parts of the page one by one.

    Attributes
    ----------
    folder : pathlib.Path
    second : SecondProcess, optional
        Writes files while tables and figures are made.
    drawn : dict of str -> Drawn or None
        Figures drawn so far by their names; None where there was nothing to draw.
    names : list of str
        Figures of the page so far.
    missing : list of str
        Parts that could not be made, and why.
    reasons : dict of str -> str
        The same of figures, by their names.
    """

    folder: Path
    second: SecondProcess | None = None
    drawn: dict = field(default_factory=dict)
    names: list = field(default_factory=list)
    missing: list = field(default_factory=list)
    reasons: dict = field(default_factory=dict)

    def part(self, what, make):
        """HTML that `make` returns, or one line on why it cannot."""
        return self._part(what, make, lambda reason: paragraph(reason, "missing"))

    def texts(self, what, make):
        """Texts that `make` returns, or one on why it cannot."""
        return self._part(what, make, lambda reason: [reason])

    def sentences(self, makers):
        """A list of the sentences of several functions, those that fail being told in place."""
        found = [self.texts(what, make) for what, make in makers.items()]
        return bullets([text for texts in found for text in texts])

    def draw_early(self, question, asked):
        """Draw the figures of a question that was just answered, if they need no other tables.

        Their files are written while other questions are answered. What fails is tried again when
        everything is answered, and told then.

        Parameters
        ----------
        question : neuroalrnn.questions.Question
        asked : Asked
        """
        for figure in question.figures if self.second else ():
            missed = asked.tables.missed
            missed.clear()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", IncompleteWarning)
                drawn, _ = attempt(partial(_draw_if_shown, question, figure, asked), figure.name)
            if drawn is not None and not missed:
                self.drawn[figure.name] = self._save(figure.name, drawn)

    def draw(self, questions, asked):
        """Draw all other figures, and wait for the files of all.

        Parameters
        ----------
        questions : iterable of Question
        asked : Asked
            With all tables that can be made.
        """
        for question in questions:
            why, failed = attempt(partial(question.needs, asked), question.name)
            for figure in () if why or failed else question.figures:
                if figure.name not in self.drawn:
                    make = partial(self._draw, figure, asked)
                    self.drawn[figure.name] = self._figure(figure.name, make)
        for name, job in self.second.left() if self.second else ():
            self._figure(name, partial(write_job, job))

    def show(self, figure, asked):
        """A figure that was drawn, with its caption.

        Parameters
        ----------
        figure : neuroalrnn.questions.Figure
        asked : Asked

        Returns
        -------
        markupsafe.Markup
            It holds the SVG itself; empty where there is nothing to draw.
        """
        if figure.name in self.reasons:
            return paragraph(capital(self.reasons[figure.name]), "missing")
        drawn = self.drawn.get(figure.name)
        if drawn is None:
            return ""
        self.names.append(figure.name)
        return self.part(_named(figure.name), lambda: drawn.shown(figure.told(asked)))

    def _draw(self, figure, asked):
        drawn = _draw(figure, asked)
        return None if drawn is None else self._save(figure.name, drawn)

    def _save(self, name, drawn):
        paths = save_figure(drawn, self.folder, name, self.second)
        drawn.clear()  # its parts hold each other, and would stay in memory for long
        return Drawn(name, drawn.get_figwidth(), paths["svg"])

    def _figure(self, name, make):
        """What is made of a figure; None where it cannot be made, and why is kept."""
        made, reason = attempt(make, _named(name))
        if reason:
            self.reasons[name] = f"{_named(name)}: {reason}"
            self.missing.append(self.reasons[name])
        return made

    def _part(self, what, make, tell):
        made, reason = attempt(make, what)
        if not reason:
            return made
        text = f"{what}: {reason}"
        self.missing.append(text)
        return tell(capital(text))


def _draw(figure, asked):
    """The figure as matplotlib has it, or None where there is nothing to draw."""
    if not figure.when(asked):
        return None
    drawn = figure.draw(asked)
    return getattr(drawn, "figure", None) or drawn


def _draw_if_shown(question, figure, asked):
    """What `_draw` returns, and None where the question has nothing to show."""
    return None if question.needs(asked) else _draw(figure, asked)
