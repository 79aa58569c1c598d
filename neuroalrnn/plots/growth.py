"""Growth along paths through regimes, from inputs to the read-out, and Lyapunov exponents."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.checks import require_one_network
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import (
    BLUE,
    FAINT,
    GREY,
    INK,
    PALETTE,
    axes_or_new,
    styled,
)
from neuroalrnn.stats.checks import require_columns

MOST_FEATURES = len(PALETTE)


@styled
def plot_path_growth(growth: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Amplification of a small change against the lag, along the paths that trials take.

    Parameters
    ----------
    growth : pandas.DataFrame
        From `neuroalrnn.mechanism.dynamics.growth.compute_path_growth`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Median, and band from 5 to 95 % of steps; the dashed line is the largest.
    """
    ax = axes_or_new(ax)
    ax.set_xlabel("Lag (steps)")
    ax.set_ylabel("Amplification")
    known = growth.dropna(subset=["growth"])
    if not len(known):
        say_empty(ax, "no path")
        return ax
    lag = known["lag"]
    band = {"color": BLUE, "alpha": 0.25, "lw": 0, "label": "5\N{EN DASH}95 % of steps"}
    ax.fill_between(lag, known["growth_low"], known["growth_high"], **band)
    ax.plot(lag, known["growth"], "o-", color=BLUE, ms=2.5, label="median")
    ax.plot(lag, known["growth_largest"], color=GREY, ls="--", lw=0.8, label="largest")
    ax.axhline(1, color=INK, lw=0.5, ls=":", zorder=0)
    _lag_axis(ax, known[["growth_low", "growth_largest"]].to_numpy())
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
    return ax


@styled
def plot_functional_growth(
    growth: pd.DataFrame,
    *,
    code: int | None = None,
    features: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """What the read-out sees of a unit of each input some steps later, within one regime.

    Parameters
    ----------
    growth : pandas.DataFrame
        From `neuroalrnn.mechanism.dynamics.growth.compute_functional_growth`.
    code : int, optional
        Sign pattern of the regime; default the first of the table.
    features : sequence of str, optional
        Names of the inputs.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The inputs with the highest peaks, 7 at most, are coloured and named; others are grey.

    Raises
    ------
    DataError
        The table has no such regime.
    """
    ax = axes_or_new(ax)
    ax.set_xlabel("Lag (steps)")
    ax.set_ylabel("Read-out per unit of input")
    if not len(growth):
        say_empty(ax, "no regime")
        return ax
    code = growth["code"].iloc[0] if code is None else code
    if code not in growth["code"].values:
        raise DataError(f"code: found {code}, expected one of {growth['code'].unique().tolist()}")
    require_one_network("functional growth", growth, ["code", "feature", "lag"])
    if features is not None and len(features) <= growth["feature"].max():
        most = growth["feature"].max()
        raise DataError(f"features: found {len(features)} names, expected one for each to {most}")
    table = growth[growth["code"] == code].pivot(index="lag", columns="feature", values="growth")
    ranked = table.max().sort_values(ascending=False, kind="stable").index
    for feature in ranked[MOST_FEATURES:]:
        ax.plot(table.index, table[feature], color=FAINT, lw=0.6, zorder=1)
    for colour, feature in zip(PALETTE, ranked, strict=False):
        name = f"input {feature}" if features is None else str(features[feature])
        ax.plot(table.index, table[feature], "o-", color=colour, ms=2.2, label=name)
    if len(ranked) > MOST_FEATURES:
        ax.plot([], [], color=FAINT, lw=0.6, label=f"{len(ranked) - MOST_FEATURES} more")
    _lag_axis(ax, table.to_numpy())
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax


@styled
def plot_lyapunov(lyapunov: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Finite-time Lyapunov exponents by direction: faint dots are sequences, the line their mean.

    Parameters
    ----------
    lyapunov : pandas.DataFrame
        From `neuroalrnn.mechanism.dynamics.lyapunov.compute_lyapunov`; with a column ``subject``,
        dots are means of its sequences, weighted by steps. One line per ``epoch``, if there are
        any.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        Per second where the table has that. Exponents of minus infinity have no place on the axis:
        a number below says how many there are in each direction, and means leave them out.
    """
    unit = "subject" if "subject" in lyapunov else "sequence"
    require_columns("Lyapunov exponents", lyapunov, (unit, "direction", "exponent", "n_steps"))
    ax = axes_or_new(ax)
    seconds = "exponent_per_second" in lyapunov
    ax.set_xlabel("Direction")
    ax.set_ylabel(f"Lyapunov exponent\n(nats per {'second' if seconds else 'step'})")
    if not len(lyapunov):
        say_empty(ax, "no sequence")
        return ax
    table = _per_unit(lyapunov, "exponent_per_second" if seconds else "exponent")
    if not len(table):
        say_empty(ax, "all exponents at \N{MINUS SIGN}\N{INFINITY}")
        return ax
    epochs = table["epoch"].unique()
    for index, epoch in enumerate(epochs):
        part = table[table["epoch"] == epoch]
        colour = PALETTE[index % len(PALETTE)]
        x = part["direction"] + 1 + (index - (len(epochs) - 1) / 2) * 0.5 / len(epochs)
        each = part.groupby("direction")["exponent"]
        dots = x + 0.3 / len(epochs) * ((each.cumcount() + 0.5) / each.transform("size") - 0.5)
        ax.scatter(dots, part["exponent"], s=4, color=colour, alpha=0.35, linewidths=0, zorder=2)
        mean = part.assign(x=x).groupby("x")["exponent"].mean()
        ax.plot(mean.index, mean, "o-", color=colour, ms=2.5, label=epoch or None, zorder=3)
    ax.axhline(0, color=INK, lw=0.5, ls=":", zorder=0)
    ax.set_xticks(np.unique(lyapunov["direction"]) + 1)
    _count_infinite(ax, lyapunov)
    if len(epochs) > 1:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(epochs), borderaxespad=0.2)
    return ax


def _per_unit(lyapunov, value):
    """Finite exponents per sequence or subject, epoch and direction, weighted by steps."""
    unit = "subject" if "subject" in lyapunov else "sequence"
    table = lyapunov[np.isfinite(lyapunov[value])]
    if "epoch" not in table:
        table = table.assign(epoch="")
    keys = [unit, "epoch", "direction"]
    parts = table.assign(sum=table[value] * table["n_steps"]).groupby(keys, sort=False)
    sums = parts[["sum", "n_steps"]].sum().reset_index()
    return sums.assign(exponent=sums["sum"] / sums["n_steps"])


def _count_infinite(ax, lyapunov):
    count = lyapunov.groupby("direction")["exponent"].agg(lambda x: int(np.isneginf(x).sum()))
    for direction, n in count[count > 0].items():
        text = f"{n} at \N{MINUS SIGN}\N{INFINITY}"
        where = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom", "size": 6}
        ax.annotate(text, (direction + 1, 0.01), color=GREY, **where)


def _lag_axis(ax, values):
    """Whole lags; a logarithmic axis where the values span more than a factor of 30."""
    positive = values[values > 0]
    if positive.size and positive.max() > 30 * positive.min():
        ax.set_yscale("log")
        ax.set_ylim(bottom=max(positive.min(), 1e-4 * positive.max()) / 1.3)
    else:
        ax.set_ylim(bottom=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
