"""Sentences, tables and figures as HTML; the templates escape all text that is not marked up."""

import base64
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

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


def collapsed(html, n_rows, noun):
    """A table as it is, or behind a line that opens it where it is long.

    Parameters
    ----------
    html : markupsafe.Markup
    n_rows : int
    noun : str
        What a row is.

    Returns
    -------
    markupsafe.Markup
    """
    return html if n_rows <= LONG else _PARTS.collapsed(html, f"All {count(n_rows, noun)}")


def _plain(value):
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    return number(value) if isinstance(value, (float, np.floating)) else str(value)


def _named(figure):
    return f"figure {figure.replace('_', ' ')}"


@dataclass
class Gallery:
    """Makes the parts of the page one by one; a figure is saved into a folder and shown.

    Attributes
    ----------
    folder : pathlib.Path
    second : SecondProcess, optional
        Writes some files while the page is made.
    names : list of str
        Figures saved so far.
    missing : list of str
        Parts that could not be made, and why.
    """

    folder: Path
    second: SecondProcess | None = None
    names: list = field(default_factory=list)
    missing: list = field(default_factory=list)

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

    def show(self, figure, asked):
        """Draw a figure and save it as SVG, PDF and PNG.

        Parameters
        ----------
        figure : neuroalrnn.questions.Figure
        asked : Asked

        Returns
        -------
        markupsafe.Markup
            It holds the SVG itself; empty where there is nothing to draw.
        """
        return self.part(
            _named(figure.name), lambda: self._show(figure, asked) if figure.when(asked) else ""
        )

    def finish(self):
        """Wait for the files of all figures; what the second process could not write is tried here.

        An error is told as of any part.
        """
        for name, job in (self.second.finish() if self.second else {}).items():
            self.part(_named(name), partial(write_job, job))

    def _part(self, what, make, tell):
        made, reason = attempt(make, what)
        if not reason:
            return made
        text = f"{what}: {reason}"
        self.missing.append(text)
        return tell(capital(text))

    def _show(self, figure, asked):
        caption = figure.caption(asked) if callable(figure.caption) else figure.caption
        drawn = figure.draw(asked)
        drawn = getattr(drawn, "figure", None) or drawn
        paths = save_figure(drawn, self.folder, figure.name, self.second)
        self.names.append(figure.name)
        data = Markup(base64.b64encode(paths["svg"].read_bytes()).decode("ascii"))
        width = ON_SCREEN * drawn.get_figwidth() * 96
        return _PARTS.figure(figure.name, data, f"{width:.0f}", f"{LEGIBLE * width:.0f}", caption)
