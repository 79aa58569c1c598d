"""Dissection of a task: score against P and training size, attenuation, need of single units."""

import numpy as np

from neuroalrnn.plots.style import (
    BLUE,
    CONTROL,
    DOUBLE,
    FAINT,
    GREY,
    INK,
    ORANGE,
    PALETTE,
    axes_or_new,
    new_figure,
    styled,
)

MOST_LINES = 6
SHIFT = 0.12


@styled
def plot_task_scores(runs, performance, measure, n_latent, *, ax=None):
    """Draw the test score of every run against P, with floor, ceiling and the fully rectified one.

    Parameters
    ----------
    runs, performance : DataFrame
        Tables of a dissection, of one training size.
    measure : str
        Name of the score.
    n_latent : int
        Number of latents: P of the fully rectified network, which gets a line where it is there.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    grid = performance["n_pwl"].to_numpy()
    rng = np.random.default_rng(0)
    x = np.searchsorted(grid, runs["n_pwl"]) + rng.uniform(-SHIFT, SHIFT, len(runs))
    ax.plot(x, runs["test_score"], ".", color=GREY, ms=4, label="one restart")
    ax.plot(
        np.arange(len(grid)), performance["run_median"], "o-", color=BLUE, ms=4, lw=1,
        label="median of restarts",
    )  # fmt: skip
    if grid[-1] == n_latent:
        full = performance["run_median"].iloc[-1]
        ax.axhline(full, color=ORANGE, lw=0.8, ls="--", label=f"fully rectified, P = {n_latent}")
    _known_lines(ax, performance)
    ax.set_xticks(range(len(grid)), grid)
    ax.set_xlabel("PWL units P")
    ax.set_ylabel(f"Test score ({measure})")
    ax.legend(loc="best")
    return ax


def _known_lines(ax, performance):
    """Floor and ceiling, where they are known."""
    for name, colour in (("floor", CONTROL), ("ceiling", INK)):
        value = performance[name].iloc[0]
        if np.isfinite(value):
            ax.axhline(value, color=colour, lw=0.8, ls=":", label=name)


@styled
def plot_share_solved(performance, *, ax=None):
    """Draw the share of restarts that solve the task against P.

    Parameters
    ----------
    performance : DataFrame
        Table of a dissection, of one training size.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    grid = performance["n_pwl"].to_numpy()
    ax.bar(range(len(grid)), performance["share_solved"], color=BLUE, width=0.6)
    ax.set_xticks(range(len(grid)), grid)
    ax.set_ylim(0, 1.03)
    ax.set_xlabel("PWL units P")
    ax.set_ylabel("Share of restarts that solve it")
    return ax


@styled
def plot_dissection_panels(runs, performance, measure, n_latent):
    """Scores and share of solved runs against P, side by side.

    Parameters
    ----------
    runs, performance : DataFrame
        Tables of a dissection, of one training size.
    measure : str
        Name of the score.
    n_latent : int
        Number of latents: P of the fully rectified network, which gets a line where it is there.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(DOUBLE, 65)
    left, right = figure.subplots(1, 2)
    plot_task_scores(runs, performance, measure, n_latent, ax=left).set_title("Score")
    plot_share_solved(performance, ax=right).set_title("Solved")
    return figure


@styled
def plot_sample_efficiency(performance, chosen, measure, peers=None, *, ax=None):
    """Draw the score against the number of training trials, for linear, few and all PWL units.

    Parameters
    ----------
    performance : DataFrame
        Table of a dissection.
    chosen : list of int
        Values of P that are drawn.
    measure : str
        Name of the score.
    peers : DataFrame, optional
        Table of gated networks.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax, DOUBLE / 2, 65)
    for colour, n_pwl in zip(PALETTE, chosen, strict=False):
        rows = performance[performance["n_pwl"] == n_pwl]
        ax.errorbar(
            rows["n_train"], rows["run_mean"], rows["run_error"], color=colour, marker="o", ms=4,
            lw=1, label=f"P = {n_pwl}",
        )  # fmt: skip
    for (model, rows), style in zip(_by_model(peers), ("--", ":"), strict=False):
        mean = rows.groupby("n_train")["test_score"].mean()
        ax.plot(mean.index, mean, style, color=GREY, marker="s", ms=3, lw=1, label=model)
    _known_lines(ax, performance)
    ax.set_xscale("log")
    ax.set_xlabel("Training trials" + (" (last: fresh ones)" if performance["fresh"].any() else ""))
    ax.set_ylabel(f"Test score ({measure})")
    ax.legend(loc="best")
    return ax


def _by_model(peers):
    """Rows of each family whose training did not diverge."""
    return [] if peers is None else peers[~peers["diverged"]].groupby("model")


@styled
def plot_task_learning(learning):
    """Draw the validation curve of every restart, one panel for each P.

    Parameters
    ----------
    learning : DataFrame
        Table of a dissection, of one training size.

    Returns
    -------
    matplotlib.figure.Figure
    """
    grid = _spread(learning["n_pwl"].unique())
    figure = new_figure(DOUBLE, 52 * -(-len(grid) // 3))
    axes = figure.subplots(-(-len(grid) // 3), 3, squeeze=False, sharex=True, sharey=True).ravel()
    for ax, n_pwl in zip(axes, grid, strict=False):
        for _, rows in learning[learning["n_pwl"] == n_pwl].groupby("restart"):
            ax.plot(rows["n_updates"], rows["validation_curve"], color=BLUE, lw=0.7)
        ax.set_title(f"P = {n_pwl}")
        ax.set_xlabel("Updates")
        ax.tick_params(labelbottom=True)
    low, high = learning["validation_curve"].quantile([0.02, 1.0])
    axes[0].set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    for ax in axes[::3]:
        ax.set_ylabel("Validation score (see caption)")
    for ax in axes[len(grid) :]:
        ax.set_axis_off()
    return figure


def _spread(values):
    """Both ends and some between, where there are many."""
    values = np.sort(values)
    n = min(MOST_LINES, len(values))
    return values[np.unique(np.linspace(0, len(values) - 1, n).round().astype(int))]


@styled
def plot_attenuation(attenuation, measure, *, ax=None):
    """Draw the score while all PWL units go from ReLU to linear, without training anew.

    Parameters
    ----------
    attenuation : DataFrame
        Table of a dissection.
    measure : str
        Name of the score.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax, DOUBLE / 2, 65)
    for colour, n_pwl in zip(PALETTE, _spread(attenuation["n_pwl"].unique()), strict=False):
        rows = attenuation[attenuation["n_pwl"] == n_pwl]
        wide = rows.pivot(index="slope_below", columns="restart", values="test_score")
        ax.plot(wide.index, wide, color=colour, lw=0.4, alpha=0.5)
        ax.plot(wide.index, wide.median(axis=1), color=colour, lw=1.6, label=f"P = {n_pwl}")
    ax.set_xscale("symlog", linthresh=0.01)
    ax.set_xticks([0, 0.01, 0.1, 1], ["0", "0.01", "0.1", "1"])
    ax.set_xlabel("Slope below zero (0 ReLU, 1 linear)")
    ax.set_ylabel(f"Test score ({measure})")
    ax.legend(loc="best")
    return ax


@styled
def plot_needed_units(necessity, *, ax=None):
    """Draw what every PWL unit costs when it is made linear, the units of a network by rank.

    Parameters
    ----------
    necessity : DataFrame
        Table of a dissection, of one replacement.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax, DOUBLE / 2, 65)
    # as where P = 0 is drawn, too, and has the first colour
    for colour, n_pwl in zip(PALETTE[1:], _spread(necessity["n_pwl"].unique()), strict=False):
        rows = necessity[necessity["n_pwl"] == n_pwl]
        rank = rows.groupby("restart")["score_cost"].rank(method="first", ascending=False)
        cost = rows.assign(rank=rank).pivot(index="rank", columns="restart", values="score_cost")
        ax.plot(cost.index, cost, ".", color=colour, ms=3, alpha=0.5)
        median = cost.median(axis=1)
        ax.plot(median.index, median, "o-", color=colour, ms=4, lw=1, label=f"P = {n_pwl}")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.axhline(0, color=FAINT, lw=0.6)
    ax.set_xlabel("PWL unit of a network, by cost")
    ax.set_ylabel("Score that is lost without it")
    ax.legend(loc="best")
    return ax
