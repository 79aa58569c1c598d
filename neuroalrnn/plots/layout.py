"""Arranging tidy tables for drawing: means over subjects, row labels, folding of rare regimes."""

import numpy as np
import pandas as pd

from neuroalrnn.plots.style import GREY, INK, MOST_REGIMES, level

# subjects that are drawn one by one: more fill a panel, and its file, and show nothing else
MOST_DRAWN = 500


def some_of(subjects):
    """Those of many subjects that are drawn one by one.

    Parameters
    ----------
    subjects : array, shape (subject, ...)

    Returns
    -------
    array, shape (at most 500, ...)
        Evenly spaced where there are more.
    """
    subjects = np.asarray(subjects)
    n = len(subjects)
    return subjects[np.linspace(0, n - 1, min(n, MOST_DRAWN)).round().astype(int)]


def say_some(ax, n):
    """Write into a panel how many of its subjects are drawn, where not all are.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    n : int
        Number of subjects.
    """
    text = f"{MOST_DRAWN} of {n:,} subjects drawn"
    if n > MOST_DRAWN and text not in {each.get_text() for each in ax.texts}:
        box = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.5}
        look = {"ha": "right", "va": "bottom", "color": GREY, "size": 6, "zorder": 4, "bbox": box}
        ax.text(0.99, 0.01, text, transform=ax.transAxes, **look)


def over_subjects(table, by, value):
    """Mean over subjects and its standard error.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per subject and combination of `by`.
    by : list of str
    value : str

    Returns
    -------
    pandas.DataFrame
        Columns `by`, ``mean, standard_error, n_subjects``; the error is NaN for one subject.
    """
    parts = table.groupby(by, sort=True, observed=True)[value]
    found = parts.agg(mean="mean", spread="std", n_subjects="count").reset_index()
    found["standard_error"] = found.pop("spread") / np.sqrt(found["n_subjects"])
    return found


def fold_rare(table, by, value, *, column="regime"):
    """Sum a value over the regimes that have no colour of their own.

    Parameters
    ----------
    table : pandas.DataFrame
    by : list of str
        Other columns that identify a row.
    value, column : str

    Returns
    -------
    pandas.DataFrame
        Regimes 0, 1, ... up to `MOST_REGIMES`, which stands for all others.
    """
    folded = table.assign(**{column: np.minimum(table[column], MOST_REGIMES)})
    return folded.groupby([*by, column], observed=True, as_index=False)[value].sum()


def condition_names(table, *, without=()):
    """Columns of a table that are steps or conditions, in order."""
    known = {"subject", "regime", "occupancy", "n_steps", "switch_probability", *without}
    return [name for name in table.columns if name not in known]


def row_labels(cells):
    """One line of text per combination of conditions.

    Parameters
    ----------
    cells : pandas.DataFrame
        Columns are conditions.

    Returns
    -------
    list of str
        Such as ``"context 0, congruent 1"``; empty texts without conditions.
    """
    rows = [cells[name].map(lambda value, name=name: f"{name} {level(value)}") for name in cells]
    return [", ".join(parts) for parts in zip(*rows, strict=True)] if rows else [""] * len(cells)


def grouped_positions(groups, gap=0.6):
    """Positions of rows that leave a gap where the group changes.

    Parameters
    ----------
    groups : sequence
        Group of each row, in order.

    Returns
    -------
    array, shape (row,)
    """
    codes = pd.factorize(np.asarray(groups, dtype=object))[0]
    return np.arange(len(codes)) + gap * codes


def label_rows(ax, positions, cells):
    """Name the rows of a horizontal plot: conditions as tick labels, steps as headings.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    positions : array, shape (row,)
    cells : pandas.DataFrame
        With a ``step`` column, one row per position.
    """
    steps, rest = cells["step"].astype(str), cells.drop(columns="step")
    if not len(rest.columns):
        ax.set_yticks(positions, steps)
    else:
        ax.set_yticks(positions, row_labels(rest))
        for name in steps.unique():
            top = positions[(steps == name).to_numpy()].min()
            ax.annotate(
                name,
                (0, top - 0.62),
                xycoords=("axes fraction", "data"),
                xytext=(-4, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                weight="bold",
                color=INK,
            )
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(positions[-1] + 0.6, positions[0] - 1.0 if len(rest.columns) else -0.6)


def step_positions(steps):
    """Places of many steps along an axis, and the name of that axis.

    Parameters
    ----------
    steps : sequence of str
        Names in order; time steps are named by their start, such as ``"0.050 s"``.

    Returns
    -------
    positions : array, shape (step,)
    label : str
    """
    names = [str(name) for name in steps]
    if names and all(name.endswith(" s") for name in names):
        return np.array([float(name.removesuffix(" s")) for name in names]), "Time in the trial (s)"
    return np.arange(1.0, len(names) + 1), "Step"


def say_empty(ax, text):
    """Write why there is nothing to draw."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=GREY, wrap=True)
    ax.set_xticks([])
    ax.set_yticks([])


def room_of_legend(ax):
    """Points between axes and title that a legend above the axes takes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes

    Returns
    -------
    float
    """
    legend = ax.get_legend()
    texts = [] if legend is None else legend.get_texts()
    if not texts:
        return 5
    n_rows = -(-len(texts) // legend._ncols)
    n_lines = max(each.get_text().count("\n") + 1 for each in texts)
    return 6 + n_rows * (3 + 8 * n_lines)
