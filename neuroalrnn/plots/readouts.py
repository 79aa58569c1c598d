"""How the read-outs of subjects drift: gain and offset over trials."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neuroalrnn.plots.layout import say_some, some_of
from neuroalrnn.plots.style import DOUBLE, GREY, MODEL, PALETTE, new_figure, styled

MOST_SUBJECTS = 12
COLUMNS = 4


@styled
def plot_readout_panels(readouts: pd.DataFrame) -> Figure:
    """Draw gain and offset over trials: of all subjects, and with intervals of the first twelve.

    Parameters
    ----------
    readouts : pandas.DataFrame
        Table ``readouts`` of `neuroalrnn.questions.analyse`.

    Returns
    -------
    matplotlib.figure.Figure
        The group on top, a panel per subject below.
    """
    weights = list(dict.fromkeys(readouts["readout_weight"]))[:2]
    subjects = list(dict.fromkeys(readouts["subject"]))
    shown = subjects[:MOST_SUBJECTS]
    n_rows = 1 + -(-len(shown) // COLUMNS)
    figure = new_figure(DOUBLE, 40 * n_rows)
    top, *below = figure.subfigures(n_rows, 1, squeeze=False)[:, 0]
    for ax, weight in zip(top.subplots(1, 2), weights, strict=True):
        _draw_group(ax, readouts[readouts["readout_weight"] == weight], weight)
    seen = readouts[readouts["subject"].isin(shown) & readouts["readout_weight"].isin(weights)]
    limits = seen["ci_low"].min(), seen["ci_high"].max()
    for row, part in enumerate(below):
        panels = part.subplots(1, COLUMNS, sharey=True)
        panels[0].set_ylabel(f"{_capital(weights[0])}, {weights[1]}")
        names = shown[row * COLUMNS : (row + 1) * COLUMNS]
        for ax, name in zip(panels, names, strict=False):
            _draw_subject(ax, readouts[readouts["subject"] == name], weights, name)
            ax.set_ylim(*limits)
            ax.set_xlabel("Trial of the subject")
        for ax in panels[len(names) :]:
            ax.set_axis_off()
    handles, labels = below[0].axes[0].get_legend_handles_labels()
    below[0].legend(handles, labels, loc="outside upper right", ncols=2)
    return figure


@styled
def plot_effect_trajectories(traced: pd.DataFrame, group: pd.DataFrame) -> Figure:
    """Draw what inputs do over trials: the mean over subjects, and single subjects.

    Parameters
    ----------
    traced, group : pandas.DataFrame
        Tables ``readout_effects`` and ``mean_readout_effects`` of
        `neuroalrnn.questions.analyse`.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per input with the mean and all subjects on top; a panel per subject below.
    """
    inputs = list(dict.fromkeys(traced["input"]))[: len(PALETTE)]
    colours = dict(zip(inputs, PALETTE, strict=False))
    shown = list(dict.fromkeys(traced["subject"]))[:MOST_SUBJECTS]
    n_group, n_below = -(-len(inputs) // COLUMNS), -(-len(shown) // COLUMNS)
    figure = new_figure(DOUBLE, 40 * (n_group + n_below))
    parts = figure.subfigures(n_group + n_below, 1, squeeze=False)[:, 0]
    for row, panels in _panels(parts[:n_group], inputs):
        panels[0].set_ylabel("Effect (log-odds)")
        for ax, name in row:
            own, mean = (each[each["input"] == name] for each in (traced, group))
            _draw_mean(ax, own, mean, colours[name])
            ax.set_title(name)
    seen = traced[traced["subject"].isin(shown) & traced["input"].isin(inputs)]
    limits = seen["ci_low"].min(), seen["ci_high"].max()
    for row, panels in _panels(parts[n_group:], shown):
        panels[0].set_ylabel("Effect (log-odds)")
        for ax, name in row:
            own = seen[seen["subject"] == name]
            for each in inputs:
                _draw_course(ax, own[own["input"] == each], "input_effect", colours[each], each)
            ax.axhline(0, color=GREY, lw=0.6)
            ax.set_title(name)
            ax.set_ylim(*limits)
    handles, labels = parts[n_group].axes[0].get_legend_handles_labels()
    parts[n_group].legend(handles, labels, loc="outside upper right", ncols=len(inputs))
    return figure


def _panels(parts, names):
    """Axes for names, a row of them per part; the others are switched off."""
    for k, part in enumerate(parts):
        panels = part.subplots(1, COLUMNS, sharey=True)
        here = names[k * COLUMNS : (k + 1) * COLUMNS]
        for ax in panels[len(here) :]:
            ax.set_axis_off()
        for ax in panels[: len(here)]:
            ax.set_xlabel("Trial of the subject")
        yield list(zip(panels, here, strict=False)), panels


def _draw_lines(ax, rows, value, look):
    """A thin line per subject."""
    names = pd.unique(rows["subject"])
    rows = rows[rows["subject"].isin(some_of(names))]
    for _, own in rows.groupby("subject", sort=False):
        ax.plot(own["trial"], own[value], **look)
    say_some(ax, len(names))


def _draw_mean(ax, traced, group, colour):
    _draw_lines(ax, traced, "input_effect", {"color": GREY, "lw": 0.5, "alpha": 0.5})
    ax.axhline(0, color=GREY, lw=0.6)
    _draw_course(ax, group, "input_effect", colour, "mean")


def _draw_course(ax, rows, value, colour, label):
    x, low, high = (rows[key].to_numpy() for key in ("trial", "ci_low", "ci_high"))
    ax.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)
    ax.plot(x, rows[value], color=colour, lw=1.0, label=label)


def _draw_group(ax, rows, weight):
    _draw_lines(ax, rows, "readout", {"color": GREY, "lw": 0.6, "alpha": 0.7})
    ax.axhline(_shared(weight), color=MODEL, lw=0.8, ls=(0, (4, 2)), label="shared network")
    ax.set_xlabel("Trial of the subject")
    ax.set_ylabel(f"{_capital(weight)} ({'factor' if weight == 'gain' else 'log-odds'})")


def _draw_subject(ax, rows, weights, name):
    for weight, color in zip(weights, (MODEL, GREY), strict=True):
        own = rows[rows["readout_weight"] == weight]
        _draw_course(ax, own, "readout", color, weight)
    ax.set_title(name)
    ax.set_xlim(0, max(np.max(rows["trial"]), 1))


def _capital(weight):
    """The name of a weight with a capital, and options as they are written."""
    return weight[:1].upper() + weight[1:]


def _shared(weight):
    """Value of a weight in the shared network."""
    return 1.0 if weight == "gain" else 0.0
