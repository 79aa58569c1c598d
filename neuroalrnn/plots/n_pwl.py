"""Score against the number of PWL units, and the share of what is explained that each keeps."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroalrnn.plots.style import (
    BLUE,
    CONTROL,
    DOUBLE,
    INK,
    ORANGE,
    axes_or_new,
    new_figure,
    signed,
    styled,
)
from neuroalrnn.results import Fit
from neuroalrnn.stats import best_and_sufficient

PARTS = {"validation": (BLUE, "o", -0.06), "test": (ORANGE, "s", 0.06)}
FAR = 10.0
FLOORS = ("class frequency", "constant")


def score_curves(fit):
    """Scores against P on validation and on test subjects.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    pandas.DataFrame
        ``part`` (validation, test), ``n_pwl``, ``score`` (mean over subjects, nats/trial; of all
        that was explained together), ``difference_to_best`` P and ``standard_error_to_best``,
        paired over subjects; ``explained_share`` of what the best P explains beyond the frequency
        of choices, and its 95 % interval ``ci_low, ci_high``: NaN where nothing is explained, or
        that frequency was not scored.
    """
    # all restarts of a value may have diverged in some fold: it has no score
    models = set(fit.predictions["model"].values)
    grid = [p for p in fit.parameters["n_pwl"].values if f"AL-RNN P={p}" in models]
    selection = fit.selection.sel(n_pwl=grid)
    # A subject validates in every fold that does not test it: one value per subject.
    validation = selection["validation_by_subject"].mean("fold", skipna=True).dropna("subject")
    floor = selection.get("validation_floor", validation[0] * np.nan)  # not in earlier versions
    floor = floor.mean("fold", skipna=True) if "fold" in floor.dims else floor
    floors = {"validation": floor.sel(subject=validation["subject"]).values}
    value = "log_likelihood_joint" if len(fit.explained) > 1 else "log_likelihood"
    scores = fit.scores.pivot(index="model", columns="subject", values=value)
    values = {"validation": validation.values, "test": scores.loc[_names(grid)].to_numpy()}
    known = [name for name in FLOORS if name in scores.index and scores.loc[name].notna().all()]
    floors["test"] = scores.loc[known[-1]].to_numpy() if known else values["test"][0] * np.nan
    parts = []
    for part, by_subject in values.items():
        if by_subject.shape[1] < 2:
            continue
        named = pd.DataFrame(by_subject, index=grid)
        table = best_and_sufficient(named, grid, floors[part], fit.loss or 0.0).table
        table = table.rename(columns={"standard_error": "standard_error_to_best"})
        difference = -table["difference"]
        parts.append(table.assign(part=part, n_pwl=grid, difference_to_best=difference))
    columns = ["part", "n_pwl", "score", "difference_to_best", "standard_error_to_best"]
    columns += ["explained_share", "ci_low", "ci_high", "n_subjects"]
    found = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    return found[columns].reset_index(drop=True)


def _unit(fit, part):
    """Sessions validate where one subject is all there is."""
    names = fit.selection["subject"].values if part == "validation" else fit.scores["subject"]
    return "subjects" if set(names) <= set(fit.scores["subject"]) else "sessions"


@styled
def plot_score_by_n_pwl(fit: Fit, *, relative: bool = False, ax: Axes | None = None) -> Axes:
    """Validation and test score against P, and in how many folds each P is sufficient, and best.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.
    relative : bool
        Draw the share of what the best P explains, with its 95 % interval over subjects, in place
        of the mean score; a dotted line is what the sufficient P has to keep. Values that would
        hide the others are written at the lower edge.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    ax = axes_or_new(ax)
    grid, curves = fit.parameters["n_pwl"].values, score_curves(fit)
    if relative:
        curves = curves.dropna(subset="explained_share")
    floor = _floor(curves) if relative else -np.inf
    for part, rows in curves.groupby("part", sort=False):
        color, marker, shift = PARTS[part]
        x = np.searchsorted(grid, rows["n_pwl"]) + shift
        y = 100 * rows["explained_share"] if relative else rows["score"]
        label = f"{part}, {rows['n_subjects'].iloc[0]} {_unit(fit, part)}"
        inside = y >= floor
        half = 100 * (rows["ci_high"] - rows["explained_share"])
        error = half[inside] if relative else None
        kind = {"color": color, "marker": marker, "ms": 4, "lw": 1}
        ax.errorbar(x[inside], y[inside], error, label=label, **kind)
        for far in np.flatnonzero(~inside):
            text = signed(y.iloc[far], 1 if relative else 3)
            _below(ax, x[far] + 2 * shift, text, color)
    if relative and fit.loss is not None:
        ax.axhline(100 * (1 - fit.loss), color=INK, lw=0.6, ls=":")
    if np.isfinite(floor):
        ax.set_ylim(floor - 0.25 * (100 - floor), 100 + 0.15 * (100 - floor))
    if grid[0] == 0:
        ax.axvspan(-0.5, 0.5, color=CONTROL, alpha=0.1, lw=0, label="linear control, P = 0")
    ax.set_xticks(range(len(grid)), _tick_labels(fit, grid))
    ax.set_xlim(-0.5, len(grid) - 0.5)
    ax.set_xlabel("PWL units P (folds in which it is sufficient | best)")
    score = "Joint log-likelihood" if len(fit.explained) > 1 else "Log-likelihood"
    ax.set_ylabel("Share of what is explained (%)" if relative else f"{score} (nats/trial)")
    if not relative:
        ax.legend(loc="best")
    return ax


@styled
def plot_n_pwl_panels(fit: Fit) -> Figure:
    """Score against P, and the share of what is explained that each P keeps.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    figure = new_figure(DOUBLE, 62)
    left, right = figure.subplots(1, 2)
    plot_score_by_n_pwl(fit, ax=left).set_title("Scores")
    plot_score_by_n_pwl(fit, relative=True, ax=right).set_title("In units of what is explained")
    return figure


def _names(grid):
    return [f"AL-RNN P={value}" for value in grid]


def _floor(curves):
    """Lowest percentage that is drawn to scale: none lies far below all others."""
    extent = (1 - curves["ci_low"]).sort_values().to_numpy()
    extent = extent[extent > 0]
    far = np.flatnonzero(extent[1:] > FAR * extent[:-1])
    return 100 * (1 - extent[far[0]]) if len(far) else -np.inf


def _below(ax, x, text, color):
    """An arrow through the lower edge, with the number that lies beyond."""
    where = ax.get_xaxis_transform()
    arrow = {"arrowstyle": "-|>", "color": color, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (x, 0.0), (x, 0.13), xycoords=where, textcoords=where, arrowprops=arrow)
    ax.text(
        x,
        0.15,
        text,
        transform=where,
        ha="center",
        va="bottom",
        color=color,
        rotation=90,
        size=6,
    )


def _tick_labels(fit, grid):
    chosen, best = (fit.sufficient.selection[n].values for n in ("n_pwl_chosen", "n_pwl_best"))
    counts = [(int((chosen == value).sum()), int((best == value).sum())) for value in grid]
    return [f"{value}\n({n} | {m})" for value, (n, m) in zip(grid, counts, strict=True)]
