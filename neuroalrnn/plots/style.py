"""How every figure looks: widths, type, colours, and the axes a plot draws on."""

from functools import wraps
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from neuroalrnn.plots.checks import check_arguments

MILLIMETRE = 1 / 25.4
SINGLE, DOUBLE = 88, 180
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, VERMILLION, YELLOW, GREY = "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C"
REGIME_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW)
OTHER_COLOUR = "#BDBDBD"
INK, FAINT = "#333333", "#C8C8C8"
MOST_REGIMES = len(REGIME_COLOURS)
MOST_STEPS = 8
HUGE = 1e5
MODEL, CONTROL, GRID, BASELINE = BLUE, VERMILLION, SKY, INK
_STYLE = Path(__file__).with_name("neuroalrnn.mplstyle")


def style():
    """Context in which a figure is drawn and saved in the style of the package.

    Returns
    -------
    context manager
    """
    settings = matplotlib.rc_params_from_file(_STYLE, use_default_template=False)
    # Named here, the fonts stay with the figure when somebody else saves it.
    present = {entry.name for entry in fontManager.ttflist}
    named = [name for name in settings["font.sans-serif"] if name in present]
    return matplotlib.rc_context({**settings, "font.family": [*named, "sans-serif"]})


def styled(plot):
    """Let a plot function check what it is given, and draw in the style of the package."""
    checking = check_arguments(plot)

    @wraps(plot)
    def drawn(*args, **kwargs):
        with style():
            return checking(*args, **kwargs)

    return drawn


def new_figure(width=SINGLE, height=55):
    """An empty figure outside pyplot's list of open figures.

    Parameters
    ----------
    width, height : float
        mm; columns of a journal are `SINGLE` and `DOUBLE` wide.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(width * MILLIMETRE, height * MILLIMETRE), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def axes_or_new(ax, width=SINGLE, height=55):
    """The axes given, or those of a new figure of this size in mm."""
    return new_figure(width, height).add_subplot() if ax is None else ax


@check_arguments
def save_figure(figure, folder, name):
    """Save a figure as SVG and PDF (text stays text), and as PNG of 200 dpi.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    folder : pathlib.Path
    name : str
        File name without suffix.

    Returns
    -------
    dict of str -> pathlib.Path
    """
    paths = {kind: folder / f"{name}.{kind}" for kind in ("svg", "pdf", "png")}
    nothing_dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    with style():
        # the layout takes half of the time of a drawing: two rounds of it, in which texts beside
        # the axes find their room, are enough for all three
        layout = figure.get_layout_engine()
        if layout is not None:
            layout.execute(figure)
            layout.execute(figure)
        # with none at all, not a place holder, savefig draws once and not twice
        figure.set_layout_engine(None)
        for kind, path in paths.items():
            figure.savefig(path, format=kind, metadata=nothing_dated[kind])
        if layout is not None:
            figure.set_layout_engine(layout)
    return paths


def regime_colour(label):
    """Colour of a regime; the rarer ones share grey.

    Parameters
    ----------
    label : int
        0 is the most frequent regime.

    Returns
    -------
    str
    """
    return REGIME_COLOURS[label] if 0 <= label < MOST_REGIMES else OTHER_COLOUR


def regime_name(label):
    """What a regime is called in legends; all beyond the most frequent are "other regimes"."""
    return f"regime {label}" if label < MOST_REGIMES else "other regimes"


def signed(value, digits=3):
    """A number with a real minus sign; a huge one with its power of ten."""
    text = f"{value:.{digits}f}" if abs(value) < HUGE else f"{value:.2g}"
    return text.replace("-", "\N{MINUS SIGN}")


def level(value):
    """A condition's value as short text, with a real minus sign."""
    text = f"{value:g}" if isinstance(value, (int, float)) else str(value)
    return text.replace("-", "\N{MINUS SIGN}") if text.startswith("-") else text
