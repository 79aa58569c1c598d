"""How often regimes occur, for how long, and what follows what."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from neuroalrnn.plots.layout import (
    condition_names,
    fold_rare,
    grouped_positions,
    label_rows,
    over_subjects,
    say_empty,
)
from neuroalrnn.plots.stream import plot_occupancy_stream, regime_patches
from neuroalrnn.plots.style import (
    INK,
    MOST_REGIMES,
    MOST_STEPS,
    SINGLE,
    axes_or_new,
    regime_colour,
    regime_name,
    styled,
    unit_of,
)

READABLE = 12
MIN_AT_RISK = 10


@styled
def plot_occupancy(
    occupancy: pd.DataFrame, *, called: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Share of steps in each regime, by step and condition.

    Bars are means over subjects, and the whisker at the end of each part is the standard error of
    that part. With more than 8 steps (time steps), conditions are pooled and drawn against time.

    Parameters
    ----------
    occupancy : pandas.DataFrame
        From `neuroalrnn.questions.analyse`, table ``occupancy``.
    called : sequence of str
        What the regimes are called, in order; default their numbers alone.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    if not len(occupancy):
        ax = axes_or_new(ax)
        say_empty(ax, "no steps")
        return ax
    by = condition_names(occupancy)
    folded = fold_rare(occupancy, ["subject", *by], "occupancy")
    means = over_subjects(folded, [*by, "regime"], "occupancy")
    share = means.set_index([*by, "regime"])["mean"].unstack("regime", fill_value=0.0)
    error = means.set_index([*by, "regime"])["standard_error"].unstack("regime")
    cells = share.index.to_frame(index=False)
    if cells["step"].nunique() > MOST_STEPS:
        return plot_occupancy_stream(occupancy, called=called, ax=ax)
    rows = grouped_positions(cells["step"], gap=0.9 if len(by) > 1 else 0.0)
    names = "\n".join(each.get_label() for each in regime_patches(share.columns, called))
    n_lines = names.count("\n") + 1
    ax = axes_or_new(ax, SINGLE, 20 + max(4.6 * (rows[-1] + 1), 3.6 * n_lines))
    left = np.zeros(len(share))
    for regime in share.columns:
        width = share[regime].to_numpy()
        colour = regime_colour(regime)
        ax.barh(rows, width, left=left, height=0.78, color=colour, edgecolor="white", lw=0.4)
        left = left + width
        # Side by side within the bar, so that long whiskers do not run into each other.
        height = rows - 0.28 + 0.56 * (regime + 0.5) / (share.columns.max() + 1)
        ax.errorbar(left, height, xerr=error[regime], fmt="none", ecolor=INK, elinewidth=0.6)
    label_rows(ax, rows, cells)
    ax.set_xlim(0, 1)
    ax.set_xlabel(f"Share of {unit_of(called)}s\n(mean over subjects \N{PLUS-MINUS SIGN} s.e.)")
    _regime_legend(ax, share.columns, called)
    return ax


@styled
def plot_occupancy_trend(
    trend: pd.DataFrame, *, called: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Share of steps in each regime against trial number, mean over subjects.

    Parameters
    ----------
    trend : pandas.DataFrame
        Table ``occupancy_trend``.
    called : sequence of str
        What the regimes are called, in order; default their numbers alone.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Bands are standard errors over the subjects with trials in the bin; points lie in the middle
        of the bin.
    """
    ax = axes_or_new(ax)
    middle = trend.assign(trial=(trend["first_trial"] + trend["last_trial"]) / 2)
    folded = fold_rare(middle, ["subject", "trial"], "occupancy")
    for regime, part in over_subjects(folded, ["regime", "trial"], "occupancy").groupby("regime"):
        mean, error = part["mean"], part["standard_error"].fillna(0.0)
        colour = regime_colour(regime)
        edges = np.clip(mean - error, 0, 1), np.clip(mean + error, 0, 1)
        ax.fill_between(part["trial"], *edges, color=colour, alpha=0.2, lw=0)
        ax.plot(part["trial"], mean, "o-", ms=2.5, color=colour, label=regime_name(regime, called))
    ax.set_ylim(bottom=0)
    ax.set_xlabel("Trial in the session")
    ax.set_ylabel(f"Share of {unit_of(called)}s\n(mean over subjects \N{PLUS-MINUS SIGN} s.e.)")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax


@styled
def plot_dwell_times(
    dwell_survival: pd.DataFrame, *, called: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Share of visits to a regime that last at least so many steps (Kaplan-Meier).

    Parameters
    ----------
    dwell_survival : pandas.DataFrame
        Table ``dwell_survival``.
    called : sequence of str
        What the regimes are called, in order; default their numbers alone.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The most frequent regimes only. A curve ends where fewer than 10 visits are left, or at the
        longest one.
    """
    ax = axes_or_new(ax)
    main = dwell_survival[dwell_survival["regime"] < MOST_REGIMES]
    known = main[main["n_at_risk"] >= MIN_AT_RISK]
    if not len(known):
        say_empty(ax, f"no regime with {MIN_AT_RISK} visits")
        return ax
    for regime, part in known.groupby("regime"):
        look = {"color": regime_colour(regime), "label": regime_name(regime, called)}
        # Between two observed lengths the share is already that of the longer one.
        ax.plot(part["n_steps"], part["survival"], "o-", ms=2.5, drawstyle="steps-pre", **look)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:g}")
    within_a_decade = known["survival"].min() > 0.1
    ax.yaxis.set_minor_formatter("{x:g}" if within_a_decade else NullFormatter())
    ax.set_xlabel(f"Length of a visit ({unit_of(called)}s)")
    ax.set_ylabel("Share of visits at least as long")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(ncols=2 if known["regime"].nunique() > 4 else 1)
    return ax


@styled
def plot_transitions(
    transitions: pd.DataFrame, *, called: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Probability of the next step's regime, row by row, mean over subjects.

    Parameters
    ----------
    transitions : pandas.DataFrame
        Table ``transitions``: ``subject, regime, regime_next, transition_probability``.
    called : sequence of str
        What the regimes are called, in order; default their numbers alone.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    ax = axes_or_new(ax, SINGLE, 68)
    value = "transition_probability"
    kept = transitions[transitions["regime"] < READABLE - 2].dropna(subset=[value])
    if not len(kept):
        say_empty(ax, "none follows another: the state starts anew at every step")
        return ax
    kept = kept.assign(regime_next=np.minimum(kept["regime_next"], READABLE - 2))
    keys = ["regime", "regime_next"]
    by_subject = kept.groupby(["subject", *keys])[value].sum()
    matrix = by_subject.groupby(keys).mean().unstack()
    image = ax.imshow(matrix.to_numpy(), vmin=0, vmax=1, cmap="cividis")
    for (i, j), share in np.ndenumerate(matrix.to_numpy()):
        if share >= 0.005:
            colour = "white" if share < 0.55 else "black"
            ax.text(j, i, f"{share:.2f}", ha="center", va="center", color=colour, size=6)
    columns = [f"{k}" if k < READABLE - 2 else "other" for k in np.asarray(matrix.columns)]
    ax.set_xticks(range(len(columns)), columns)
    names = [regime_name(k, called) if k < len(called) else f"{k}" for k in matrix.index]
    ax.set_yticks(range(len(matrix)), names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(f"Regime at the next {unit_of(called)}")
    ax.set_ylabel(f"Regime at this {unit_of(called)}")
    ax.figure.colorbar(image, ax=ax, label="Probability", shrink=0.8, pad=0.02)
    return ax


@styled
def plot_agreement(agreement: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Adjusted Rand index of the regimes of every pair of folds, over the same trials.

    Parameters
    ----------
    agreement : pandas.DataFrame
        Table ``agreement``: ``fold, other, adjusted_rand``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    ax = axes_or_new(ax, SINGLE, 68)
    if not len(agreement):
        say_empty(ax, "one fold: nothing to compare")
        return ax
    names = list(dict.fromkeys([*agreement["fold"], *agreement["other_fold"]]))
    matrix = np.full((len(names), len(names)), np.nan)
    for row in agreement.itertuples():
        matrix[names.index(row.other_fold), names.index(row.fold)] = row.adjusted_rand
    matrix = matrix[1:, :-1]
    image = ax.imshow(matrix, vmin=0, vmax=1, cmap="cividis")
    if len(names) <= READABLE:
        for (i, j), value in np.ndenumerate(matrix):
            if np.isfinite(value):
                text = f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
                colour = "white" if value < 0.55 else "black"
                ax.text(j, i, text, ha="center", va="center", size=6, color=colour)
        tilted = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        ax.set_xticks(range(len(names) - 1), names[:-1], **tilted)
        ax.set_yticks(range(len(names) - 1), names[1:])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("Fold")
    ax.set_ylabel("Fold")
    ax.figure.colorbar(image, ax=ax, label="Adjusted Rand index", shrink=0.8, pad=0.02)
    return ax


def _regime_legend(ax, regimes, called):
    ax.legend(
        handles=regime_patches(regimes, called),
        loc="upper left",
        bbox_to_anchor=(1, 1),
        handlelength=0.9,
        alignment="left",
    )
