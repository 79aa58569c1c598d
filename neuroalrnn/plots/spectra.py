"""Eigenvalues of the linear map of each regime."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.checks import require_known
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import (
    DOUBLE,
    FAINT,
    INK,
    MOST_REGIMES,
    SINGLE,
    axes_or_new,
    new_figure,
    regime_colour,
    regime_name,
    styled,
)

MOST_PANELS = 6
LARGEST = 70.0


@styled
def plot_spectra(spectra: pd.DataFrame, *, fold: str | None = None, ax: Axes | None = None) -> Axes:
    """Eigenvalues in the complex plane: decaying inside the circle, rotating off the real axis.

    Parameters
    ----------
    spectra : pandas.DataFrame
        Table ``spectra``.
    fold : str, optional
        Network to draw; default the one with most held-out steps.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The area of a marker is the regime's share of held-out steps.
    """
    ax = axes_or_new(ax, SINGLE, 80)
    known = folds_by_use(spectra)
    if not known:
        say_empty(ax, "no mode")
        return ax
    fold = known[0] if fold is None else fold
    require_known("fold", fold, known)
    rows = spectra[spectra["fold"] == fold]
    share = rows["n_steps"] / rows.loc[rows["mode"] == 0, "n_steps"].sum()
    angle = np.linspace(0, 2 * np.pi, 361)
    ax.plot(np.cos(angle), np.sin(angle), color=INK, lw=0.6, zorder=1)
    ax.axhline(0, color=FAINT, lw=0.5, zorder=0)
    ax.axvline(0, color=FAINT, lw=0.5, zorder=0)
    # Rare regimes below, so that they cannot hide the frequent ones.
    for label in sorted(rows["regime"].unique(), reverse=True):
        one = rows["regime"] == label
        ax.scatter(
            rows.loc[one, "real"],
            rows.loc[one, "imag"],
            s=4 + LARGEST * share[one],
            facecolors="none",
            edgecolors=regime_colour(label),
            linewidths=1.0,
            zorder=2 if label >= MOST_REGIMES else 3,
            alpha=0.4 if label >= MOST_REGIMES else 1.0,
        )
    reach = 1.08 * max(1.0, rows["modulus"].max())
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ticks = [-1, 0, 1]
    ax.set_xticks(ticks)
    ax.set_yticks(ticks)
    ax.set_xlabel("Real part")
    ax.set_ylabel("Imaginary part")
    return ax


@styled
def plot_spectra_panels(spectra: pd.DataFrame) -> Figure:
    """One small panel per fold, those with most held-out steps first (6 at most).

    Parameters
    ----------
    spectra : pandas.DataFrame
        Table ``spectra``.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    folds = folds_by_use(spectra)[:MOST_PANELS]
    if not folds:
        raise DataError("spectra: the table has no row")
    n_columns = min(3, len(folds))
    n_rows = -(-len(folds) // n_columns)
    figure = new_figure(SINGLE if n_columns == 1 else DOUBLE, 16 + 62 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    for index, ax in enumerate(panels.flat):
        if index >= len(folds):
            ax.set_axis_off()
            continue
        plot_spectra(spectra, fold=folds[index], ax=ax)
        n_pwl = spectra.loc[spectra["fold"] == folds[index], "n_pwl"].iloc[0]
        ax.set_title(f"{folds[index]}, P = {n_pwl}")
        if index % n_columns:
            ax.set_ylabel("")
        if index + n_columns < len(folds):
            ax.set_xlabel("")
    shown = spectra[spectra["fold"].isin(folds)]
    handles = spectra_handles(shown)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def folds_by_use(spectra):
    """Positions of the folds, most held-out steps first."""
    first = spectra[spectra["mode"] == 0]
    total = first.groupby("fold")["n_steps"].sum()
    return total.sort_values(ascending=False, kind="stable").index.to_list()


def spectra_handles(spectra):
    """Legend entries for the regimes in a table."""
    labels = np.unique(np.minimum(spectra["regime"], MOST_REGIMES))
    kind = {"marker": "o", "lw": 0, "mfc": "none", "mew": 1.0, "ms": 4}
    return [Line2D([], [], color=regime_colour(k), label=regime_name(k), **kind) for k in labels]
