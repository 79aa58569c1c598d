"""How every figure looks: widths, type, colours, and the axes a plot draws on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from pathlib import Path
from textwrap import fill
from typing import ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from neuroalrnn.plots.checks import check_arguments
from neuroalrnn.plots.second import SecondProcess, write_files

P = ParamSpec("P")
R = TypeVar("R")
MILLIMETRE = 1 / 25.4
SINGLE, DOUBLE = 88, 180
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#7A1F5C"
SKY, VERMILLION, YELLOW, GREY = "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW)
# of regimes 0, 1, ... in all figures; anything else that has to be told apart takes the palette
REGIME_COLOURS = PALETTE
OTHER_COLOUR = "#BDBDBD"
INK, FAINT = "#333333", "#C8C8C8"
MOST_REGIMES = len(REGIME_COLOURS)
MOST_STEPS = 8
# in a line of a name beside a figure
LETTERS = 24
HUGE = 1e5
MODEL, CONTROL, GRID, BASELINE = BLUE, VERMILLION, SKY, INK
_STYLE = Path(__file__).with_name("neuroalrnn.mplstyle")


def style() -> AbstractContextManager[None]:
    """Make a context in which figures are drawn and saved in the style of the package.

    Returns
    -------
    context manager
        The context, for a ``with`` statement.
    """
    settings = matplotlib.rc_params_from_file(_STYLE, use_default_template=False)
    # Named here, the fonts stay with the figure when somebody else saves it.
    present = {entry.name for entry in fontManager.ttflist}
    named = [name for name in settings["font.sans-serif"] if name in present]
    return matplotlib.rc_context({**settings, "font.family": [*named, "sans-serif"]})


def styled(plot: Callable[P, R]) -> Callable[P, R]:
    """Let a plot function check its arguments, and draw in the style of the package."""
    checking = check_arguments(plot)

    @wraps(plot)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with style():
            return checking(*args, **kwargs)

    return drawn


def new_figure(width: float = SINGLE, height: float = 55) -> Figure:
    """Make an empty figure outside pyplot's list of open figures.

    Parameters
    ----------
    width, height : float
        Size in mm; columns of a journal are `SINGLE` and `DOUBLE` wide.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The empty figure.
    """
    figure = Figure(figsize=(width * MILLIMETRE, height * MILLIMETRE), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def axes_or_new(ax: Axes | None, width: float = SINGLE, height: float = 55) -> Axes:
    """Return the axes given, or those of a new figure of this size in mm."""
    return new_figure(width, height).add_subplot() if ax is None else ax


@check_arguments
def save_figure(
    figure: Figure, folder: Path, name: str, second: SecondProcess | None = None
) -> dict[str, Path]:
    """Save a figure as SVG and PDF (text stays text), and as PNG of 200 dpi.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    folder : pathlib.Path
        Folder that exists.
    name : str
        File name without suffix.
    second : SecondProcess, optional
        Writes the files by and by, while this one goes on.

    Returns
    -------
    paths : dict of str to pathlib.Path
        Path of each file, by its kind.
    """
    paths = {kind: folder / f"{name}.{kind}" for kind in ("svg", "pdf", "png")}
    with style():
        (second.write_files if second else write_files)(figure, paths)
    return paths


def regime_colour(label) -> str:
    """Look up the colour of a regime; the rarer ones share grey.

    Parameters
    ----------
    label : int
        Label of the regime; 0 is the most frequent one.

    Returns
    -------
    colour : str
        Colour as matplotlib reads it.
    """
    return REGIME_COLOURS[label] if 0 <= label < MOST_REGIMES else OTHER_COLOUR


def regime_name(label, called: Sequence[str] = ()) -> str:
    """Name a regime in legends, by what it is called too if it is known; rare ones are "other".

    Long names go over several lines.
    """
    if label < len(called):
        return fill(f"{label}: {called[label]}", LETTERS, break_long_words=False)
    return f"regime {label}" if label < MOST_REGIMES else "other regimes"


def unit_of(called: Sequence[str]) -> str:
    """Say what has a regime: regimes with names are functional, and those of whole trials."""
    return "trial" if len(called) else "step"


def signed(value, digits=3):
    """A number with a real minus sign; a huge one with its power of ten."""
    text = f"{value:.{digits}f}" if abs(value) < HUGE else f"{value:.2g}"
    return text.replace("-", "\N{MINUS SIGN}")


def level(value):
    """A condition's value as short text, with a real minus sign."""
    is_number = np.asarray(value).dtype.kind in "biuf"
    text = f"{float(value):g}" if is_number else str(value)
    return text.replace("-", "\N{MINUS SIGN}") if text.startswith("-") else text
