"""Recovery: what is found of a known truth, and how many subjects and trials that takes."""

import numpy as np

from neuroalrnn.plots.style import (
    DOUBLE,
    INK,
    PALETTE,
    axes_or_new,
    new_figure,
    styled,
)
from neuroalrnn.stats.recovery import confusion_matrix, summarise_recovery

WANTED = 0.8


@styled
def plot_confusion(counts, *, ax=None):
    """Draw a confusion matrix: numbers of runs, shaded by their share of the row.

    Parameters
    ----------
    counts : DataFrame
        From `neuroalrnn.stats.recovery.confusion_matrix`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    values = counts.to_numpy()
    share = values / np.maximum(values.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(values.shape):
        if values[row, column]:
            ink = "white" if share[row, column] > 0.6 else INK
            ax.text(column, row, values[row, column], ha="center", va="center", color=ink)
    ax.set_xticks(range(len(counts.columns)), counts.columns)
    ax.set_yticks(range(len(counts.index)), counts.index)
    ax.set_xlabel("found")
    ax.set_ylabel("true")
    return ax


@styled
def plot_power(summary, value="share_n_pwl", *, ax=None):
    """Draw a recovery measure against the number of subjects, one line per number of trials.

    Parameters
    ----------
    summary : DataFrame
        From `neuroalrnn.stats.recovery.summarise_recovery`, of one task.
    value : str
        One of its columns. The share of runs that found P is drawn with its 95 % interval.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    for colour, (n_trials, rows) in zip(PALETTE, summary.groupby("n_trials"), strict=False):
        rows = rows.sort_values("n_subjects")
        x, y = rows["n_subjects"].to_numpy(), rows[value].to_numpy()
        error = None
        if value == "share_n_pwl":
            error = np.abs(rows[["low", "high"]].to_numpy().T - y)
        ax.errorbar(x, y, error, color=colour, marker="o", ms=4, lw=1, label=f"{n_trials} trials")
    if value == "share_n_pwl":
        ax.axhline(WANTED, color=INK, lw=0.6, ls=":")
    ax.set_ylim(-0.03, 1.03)
    ax.set_xticks(sorted(set(summary["n_subjects"])))
    ax.set_xlabel("Subjects")
    ax.set_ylabel(LABELS[value])
    ax.legend(loc="best")
    return ax


LABELS = {
    "share_n_pwl": "Runs that found P",
    "adjusted_rand": "Adjusted Rand index of regimes",
    "adjusted_rand_clear": "Adjusted Rand index of regimes, clear states",
    "share_switches": "Switches found within a step",
    "share_switches_exact": "Switches found in their step",
}


@styled
def plot_recovery_panels(table):
    """Confusion over the sufficient and the best P of all runs, and the power of every task.

    Parameters
    ----------
    table : DataFrame
        One row per run, from `neuroalrnn.recover.recovery`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    tasks = table["task"].unique()
    n_rows = -(-(2 + len(tasks)) // 3)
    figure = new_figure(DOUBLE, 55 * n_rows)
    axes = figure.subplots(n_rows, 3, squeeze=False).ravel()
    for ax, name in zip(axes, ("found_n_pwl", "best_n_pwl"), strict=False):
        plot_confusion(confusion_matrix(table["true_n_pwl"], table[name]), ax=ax)
        ax.set_title("Sufficient P" if name == "found_n_pwl" else "Best P")
    summary = summarise_recovery(table)
    for ax, task in zip(axes[2:], tasks, strict=False):
        plot_power(summary[summary["task"] == task], ax=ax).set_title(task)
    for ax in axes[2 + len(tasks) :]:
        ax.set_axis_off()
    return figure
