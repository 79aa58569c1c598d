"""How often regimes occur, for how long, and what follows what."""

import numpy as np
from matplotlib.patches import Patch

from neuroalrnn.plots.layout import (
    condition_names,
    fold_rare,
    grouped_positions,
    label_rows,
    over_subjects,
    say_empty,
    step_positions,
)
from neuroalrnn.plots.style import (
    INK,
    MOST_REGIMES,
    MOST_STEPS,
    SINGLE,
    axes_or_new,
    regime_colour,
    regime_name,
    styled,
)

READABLE = 12


@styled
def plot_occupancy(occupancy, *, ax=None):
    """Share of steps in each regime, by step and condition.

    Bars are means over subjects, and the whisker at the end of each part is the standard error of
    that part. With more than 8 steps (time steps), conditions are pooled and drawn against time.

    Parameters
    ----------
    occupancy : pandas.DataFrame
        From `neuroalrnn.analysis.analyse`, table ``occupancy``.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    by = condition_names(occupancy)
    folded = fold_rare(occupancy, ["subject", *by], "occupancy")
    means = over_subjects(folded, [*by, "regime"], "occupancy")
    share = means.set_index([*by, "regime"])["mean"].unstack("regime", fill_value=0.0)
    error = means.set_index([*by, "regime"])["standard_error"].unstack("regime")
    cells = share.index.to_frame(index=False)
    if cells["step"].nunique() > MOST_STEPS:
        return _draw_over_steps(ax, occupancy)
    rows = grouped_positions(cells["step"], gap=0.9 if len(by) > 1 else 0.0)
    ax = axes_or_new(ax, SINGLE, 20 + 4.6 * (rows[-1] + 1))
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
    ax.set_xlabel("Share of steps (mean over subjects \N{PLUS-MINUS SIGN} s.e.)")
    _regime_legend(ax, share.columns)
    return ax


@styled
def plot_dwell_times(dwell_times, *, ax=None):
    """Share of visits to a regime that last at least so many steps, mean over subjects.

    Visits that touch the edge of a sequence are left out, because their true length is unknown.

    Parameters
    ----------
    dwell_times : pandas.DataFrame
        Table ``dwell_times``.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    runs = dwell_times[~dwell_times["censored"]]
    if not len(runs):
        say_empty(ax, "no visit that begins and ends inside a sequence")
        return ax
    runs = runs.assign(regime=np.minimum(runs["regime"], MOST_REGIMES))
    longest = max(int(runs["n_steps"].quantile(0.995)), 2)
    lengths = np.arange(1, longest + 1)
    for regime, part in runs.groupby("regime"):
        visits = part.groupby("subject")["n_steps"]
        mean = np.mean([_survival(one.to_numpy(), lengths) for _, one in visits], axis=0)
        name = regime_name(regime)
        shown = np.where(mean > 0, mean, np.nan)
        ax.plot(lengths, shown, "o-", ms=2.5, color=regime_colour(regime), label=name)
    ax.set_yscale("log")
    ax.set_xlabel("Length of a visit (steps)")
    ax.set_ylabel("Share of visits at least as long")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(ncols=2 if runs["regime"].nunique() > 4 else 1)
    return ax


@styled
def plot_transitions(transitions, *, ax=None):
    """Probability of the next step's regime, row by row, mean over subjects.

    Parameters
    ----------
    transitions : pandas.DataFrame
        Table ``transitions``: ``subject, regime, regime_next, transition_probability``.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax, SINGLE, 68)
    value = "transition_probability"
    kept = transitions[transitions["regime"] < READABLE - 2].dropna(subset=[value])
    kept = kept.assign(regime_next=np.minimum(kept["regime_next"], READABLE - 2))
    keys = ["subject", "regime", "regime_next"]
    kept = kept.groupby(keys, as_index=False)[value].sum()
    matrix = kept.groupby(["regime", "regime_next"])[value].mean().unstack()
    image = ax.imshow(matrix.to_numpy(), vmin=0, vmax=1, cmap="cividis")
    for (i, j), share in np.ndenumerate(matrix.to_numpy()):
        if share >= 0.005:
            colour = "white" if share < 0.55 else "black"
            ax.text(j, i, f"{share:.2f}", ha="center", va="center", color=colour, size=6)
    columns = [f"{k}" if k < READABLE - 2 else "other" for k in matrix.columns]
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(matrix)), [f"{k}" for k in matrix.index])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("Regime at the next step")
    ax.set_ylabel("Regime at this step")
    ax.figure.colorbar(image, ax=ax, label="Probability", shrink=0.8, pad=0.02)
    return ax


@styled
def plot_agreement(agreement, *, ax=None):
    """Adjusted Rand index of the regimes of every pair of folds, over the same trials.

    Parameters
    ----------
    agreement : pandas.DataFrame
        Table ``agreement``: ``fold, other, adjusted_rand``.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax, SINGLE, 68)
    if not len(agreement):
        say_empty(ax, "one fold: nothing to compare")
        return ax
    names = list(dict.fromkeys([*agreement["fold"], *agreement["other"]]))
    matrix = np.full((len(names), len(names)), np.nan)
    for row in agreement.itertuples():
        matrix[names.index(row.other), names.index(row.fold)] = row.adjusted_rand
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


def _draw_over_steps(ax, occupancy):
    """Stacked shares against the step, conditions pooled within subjects."""
    ax = axes_or_new(ax)
    keys = ["subject", "step", "regime"]
    sums = occupancy.assign(count=occupancy["occupancy"] * occupancy["n_steps"])
    sums = sums.groupby(keys, observed=True, as_index=False)[["count", "n_steps"]].sum()
    pooled = sums.assign(occupancy=sums["count"] / sums["n_steps"])
    folded = fold_rare(pooled, ["subject", "step"], "occupancy")
    share = over_subjects(folded, ["step", "regime"], "occupancy")
    share = share.set_index(["step", "regime"])["mean"].unstack("regime", fill_value=0.0)
    x, label = step_positions(share.index)
    width, bottom = np.diff(x).min(), np.zeros(len(x))
    for regime in share.columns:
        height = share[regime].to_numpy()
        ax.bar(x, height, width, bottom, align="edge", color=regime_colour(regime))
        bottom = bottom + height
    ax.set_xlim(x[0], x[-1] + width)
    ax.set_ylim(0, 1)
    ax.set_xlabel(label)
    ax.set_ylabel("Share of steps (mean over subjects)")
    _regime_legend(ax, share.columns)
    return ax


def _survival(n_steps, lengths):
    return (n_steps[:, None] >= lengths).mean(axis=0)


def _regime_legend(ax, regimes):
    handles = [Patch(color=regime_colour(k), label=regime_name(k)) for k in regimes]
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1, 1), handlelength=0.9, alignment="left"
    )
