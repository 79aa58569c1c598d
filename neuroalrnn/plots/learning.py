"""Learning curves: what training and validation subjects scored after how many updates."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neuroalrnn.plots.checks import require_known
from neuroalrnn.plots.style import (
    BLUE,
    DOUBLE,
    FAINT,
    INK,
    ORANGE,
    axes_or_new,
    new_figure,
    styled,
)
from neuroalrnn.results import Fit

MOST_PANELS = 12
COLUMNS = 3


@styled
def plot_learning_curves(
    fit: Fit, *, fold: int = 0, n_pwl: int | None = None, ax: Axes | None = None
) -> Axes:
    """Score against the number of updates, one line per restart; the chosen restart is bold.

    The range of the vertical axis leaves out the first steep rise.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.
    fold : int
        Position of the fold.
    n_pwl : int, optional
        Default the one chosen in the fold.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    require_known("fold", fold, range(fit.selection.sizes["fold"]))
    if n_pwl is not None:
        require_known("n_pwl", n_pwl, fit.selection["n_pwl"].values.tolist())
    ax = axes_or_new(ax)
    selection = fit.selection.isel(fold=fold)
    n_pwl = int(selection["n_pwl_chosen"]) if n_pwl is None else n_pwl
    selection, history = selection.sel(n_pwl=n_pwl), fit.history.isel(fold=fold).sel(n_pwl=n_pwl)
    chosen, updates = int(selection["restart"]), history["n_updates"].values
    for restart in range(history.sizes["restart"]):
        bold = restart == chosen
        for part, color in (("training", ORANGE), ("validation", BLUE)):
            values = history[part].isel(restart=restart).values
            kind = {"color": color, "lw": 1.4, "zorder": 3} if bold else {"color": color, "lw": 0.5}
            ax.plot(updates, values, alpha=1.0 if bold else 0.55, **kind)
    _mark_stop(ax, history, selection, chosen)
    _set_range(ax, history)
    _name_diverged(ax, selection)
    ax.set_title(f"{fit.parameters['fold'].values[fold]}, P = {n_pwl}")
    ax.set_xlabel("Updates")
    ax.set_ylabel("Log-likelihood (nats/trial)")
    return ax


@styled
def plot_learning_panels(fit: Fit, *, n_pwl: int | None = None) -> Figure:
    """Learning curves of the first folds (12 at most), with one legend.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.
    n_pwl : int, optional
        Default the one chosen in each fold.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    n_folds = min(fit.parameters.sizes["fold"], MOST_PANELS)
    n_columns = min(COLUMNS, n_folds)
    n_rows = -(-n_folds // n_columns)
    figure = new_figure(DOUBLE, 12 + 40 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    for index, ax in enumerate(panels.flat):
        if index >= n_folds:
            ax.set_axis_off()
            continue
        plot_learning_curves(fit, fold=index, n_pwl=n_pwl, ax=ax)
        if index % n_columns:
            ax.set_ylabel("")
        if index + n_columns < n_folds:
            ax.set_xlabel("")
    figure.legend(handles=_legend(), loc="outside lower center", ncols=4)
    return figure


def _legend():
    return [
        Line2D([], [], color=BLUE, lw=1.4, label="validation subjects"),
        Line2D([], [], color=ORANGE, lw=1.4, label="training subjects"),
        Line2D([], [], color=FAINT, lw=0.6, label="other restarts (thin)"),
        Line2D([], [], color=INK, marker="o", ms=4, lw=0, mfc="white", label="weights kept here"),
    ]


def _mark_stop(ax, history, selection, chosen):
    """Ring on the chosen restart's validation curve at the number of updates that was kept."""
    stop = int(selection["n_updates"].isel(restart_id=chosen))
    at = np.flatnonzero(history["n_updates"].values == stop)
    if len(at):
        value = history["validation"].isel(restart=chosen, check=at[0])
        ax.plot(stop, value, "o", ms=4, mfc="white", mec=INK, mew=0.8, zorder=4)


def _set_range(ax, history):
    values = np.concatenate([history[part].values.ravel() for part in ("validation", "training")])
    values = values[np.isfinite(values)]
    if values.size and np.ptp(values) > 0:
        top, middle = values.max(), np.median(values)
        low = max(values.min(), top - 3 * (top - middle))
        ax.set_ylim(low - 0.04 * (top - low), top + 0.08 * (top - low))


def _name_diverged(ax, selection):
    lost = np.flatnonzero(selection["diverged"].values)
    if len(lost):
        text = "diverged: restart " + ", ".join(map(str, lost))
        ax.text(0.98, 0.04, text, transform=ax.transAxes, ha="right", va="bottom", color=INK)
