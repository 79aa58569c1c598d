"""Numbers, tables and figures as HTML."""

import base64
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import numpy as np

from neuroalrnn.plots import save_figure
from neuroalrnn.plots.style import HUGE
from neuroalrnn.running import attempt

ON_SCREEN, LEGIBLE = 1.45, 0.7
LONG = 15


def number(value, digits=4):
    """A number with a real minus sign, a huge one with its power of ten; a dash for none."""
    if value is None or not np.isfinite(value):
        return "\N{EN DASH}"
    text = f"{value:.{digits}f}" if abs(value) < HUGE else f"{value:.2g}"
    return text.replace("-", "\N{MINUS SIGN}")


def p_value(value, name="p"):
    """A p or q as text, such as ``"p = 0.012"``."""
    if value is None or not np.isfinite(value):
        return f"{name} not available"
    return (
        f"{name} < 0.0001" if value < 0.0001 else f"{name} = {value:.{3 if value >= 0.01 else 4}f}"
    )


def small(value):
    """A p or q in a table."""
    return "&lt; 0.0001" if np.isfinite(value) and value < 0.0001 else number(value)


def interval(row, digits=4):
    """The 95 % interval of an effect, as text."""
    return f"95 % interval {number(row['ci_low'], digits)} to {number(row['ci_high'], digits)}"


def count(n, noun):
    """A number with its noun, such as ``"1 fold"`` and ``"2 folds"``."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def listed(names, most=None):
    """Names joined by commas; with `most`, the rest is counted."""
    names = [str(name) for name in names]
    if most is None or len(names) <= most:
        return ", ".join(names)
    return ", ".join(names[:most]) + f" and {len(names) - most} more"


def paragraph(text, kind=""):
    """A paragraph; `text` may hold HTML."""
    return f'<p class="{kind}">{text}</p>' if kind else f"<p>{text}</p>"


def bullets(texts):
    """A list of sentences, which may hold HTML."""
    return "<ul>" + "".join(f"<li>{text}</li>" for text in texts) + "</ul>" if texts else ""


def footnote(text):
    """Small print at the end of a section."""
    return paragraph(text, "footnote")


def facts(rows):
    """A two-column table of names and HTML."""
    body = "".join(f"<tr><th>{escape(name)}</th><td>{text}</td></tr>" for name, text in rows)
    return f'<div class="wide"><table>{body}</table></div>'


def table(frame, formats=None):
    """A data frame as an HTML table.

    Parameters
    ----------
    frame : pandas.DataFrame
    formats : dict of column -> function of a value, optional
        Default: text as it is, integers with thousands, other numbers with 4 digits.

    Returns
    -------
    str
    """
    formats = formats or {}
    numeric = {name for name in frame if frame[name].dtype.kind in "iuf" or name in formats}
    head = "".join(_cell("th", escape(str(name)), name in numeric) for name in frame)
    body = ""
    for row in frame.to_dict("records"):
        cells = (
            _cell("td", formats.get(name, _plain)(value), name in numeric)
            for name, value in row.items()
        )
        body += f"<tr>{''.join(cells)}</tr>"
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide">{whole}</div>'


def collapsed(html, n_rows, noun):
    """A table as it is, or behind a line that opens it where it is long."""
    if n_rows <= LONG:
        return html
    return f"<details><summary>All {count(n_rows, noun)}</summary>{html}</details>"


def _cell(tag, text, is_number):
    return f'<{tag} class="number">{text}</{tag}>' if is_number else f"<{tag}>{text}</{tag}>"


def _plain(value):
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    return number(value) if isinstance(value, (float, np.floating)) else escape(str(value))


@dataclass
class Gallery:
    """Makes the parts of the page one by one; a figure is saved into a folder and shown.

    Attributes
    ----------
    folder : pathlib.Path
    names : list of str
        Figures saved so far.
    missing : list of str
        Parts that could not be made, and why.
    """

    folder: Path
    names: list = field(default_factory=list)
    missing: list = field(default_factory=list)

    def part(self, what, make):
        """HTML that `make` returns, or one line on why it cannot."""
        return self._part(what, make, lambda reason: paragraph(reason, "missing"))

    def sentences(self, makers):
        """A list of the sentences of several functions, those that fail being told in place."""
        found = [self._part(what, make, lambda reason: [reason]) for what, make in makers.items()]
        return bullets([text for texts in found for text in texts])

    def show(self, name, caption, draw):
        """Draw a figure, save it as SVG, PDF and PNG; returns HTML that holds the SVG itself."""
        return self.part(
            f"figure {name.replace('_', ' ')}", lambda: self._show(name, caption, draw)
        )

    def _part(self, what, make, tell):
        made, reason = attempt(make, what)
        if not reason:
            return made
        text = f"{what}: {reason}"
        self.missing.append(text)
        return tell(escape(text[:1].upper() + text[1:]))

    def _show(self, name, caption, draw):
        drawn = draw()
        figure = getattr(drawn, "figure", None) or drawn
        paths = save_figure(figure, self.folder, name)
        self.names.append(name)
        data = base64.b64encode(paths["svg"].read_bytes()).decode("ascii")
        width = ON_SCREEN * figure.get_figwidth() * 96
        image = (
            f'<img alt="{escape(name)}" style="width: {width:.0f}px; '
            f'min-width: {LEGIBLE * width:.0f}px" src="data:image/svg+xml;base64,{data}">'
        )
        return f'<figure><div class="wide">{image}</div><figcaption>{caption}</figcaption></figure>'
