"""How inputs look in all figures: by shade, dashes and marker, as colours are those of regimes."""

from neuroalrnn.plots.style import GREY, INK

LOOKS = (
    {"color": INK, "ls": "-", "marker": "o"},
    {"color": GREY, "ls": (0, (4, 1.5)), "marker": "s"},
    {"color": INK, "ls": (0, (1, 1.2)), "marker": "^"},
    {"color": GREY, "ls": (0, (5, 1.5, 1, 1.5)), "marker": "D"},
    {"color": INK, "ls": (0, (6, 2)), "marker": "v"},
    {"color": GREY, "ls": (0, (1, 2)), "marker": "P"},
)


def input_look(place):
    """How the line of an input looks.

    Parameters
    ----------
    place : int
        Place of the input in the order of the model.

    Returns
    -------
    dict
        Colour, dashes and marker, as matplotlib reads them.
    """
    return LOOKS[place % len(LOOKS)]


def name_effect(name, lag, option="", several=False):
    """An input as it stands in a figure.

    Parameters
    ----------
    name : str
    lag : int
        Trials back.
    option : str
        Option that the effect is on.
    several : bool
        Whether there are more than two options, so that the option has to be named.

    Returns
    -------
    str
    """
    text = name if lag == 0 else f"{name}, {'last trial' if lag == 1 else f'{lag} back'}"
    return f"{text}\non {option}" if several else text


def name_axis(options):
    """Label of an axis of effects.

    Parameters
    ----------
    options : sequence of str
        Options that effects are on; one if there are two to choose from.

    Returns
    -------
    str
    """
    one = dict.fromkeys(map(str, options))
    return "Effect (log-odds" + (f" of {next(iter(one))})" if len(one) == 1 else ")")
