"""Regimes of an example session, trial by trial and step by step."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from neuroalrnn.plots.checks import check_arguments, require_known
from neuroalrnn.plots.layout import step_positions
from neuroalrnn.plots.style import (
    DOUBLE,
    INK,
    MOST_REGIMES,
    MOST_STEPS,
    OTHER_COLOUR,
    REGIME_COLOURS,
    axes_or_new,
    level,
    regime_name,
    styled,
)
from neuroalrnn.results import Fit

PER_ROW, MOST_ROWS = 72, 10
TALLEST = 2.2
RULE_GREYS = ("#4D4D4D", "#B3B3B3", "#808080", "#E0E0E0")


@check_arguments
def example_session(fit: Fit) -> tuple[str, str]:
    """First session of the subject whose held-out score is the median one.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.

    Returns
    -------
    tuple of str
        Subject, session.
    """
    scores = fit.scores[fit.scores["model"] == "AL-RNN"].sort_values("log_likelihood")
    subject = str(scores["subject"].iloc[(len(scores) - 1) // 2])
    own = fit.trials["subject"].values.astype(str) == subject
    return subject, str(fit.trials["session"].values[own][0])


@styled
def plot_regime_raster(
    regimes: xr.DataArray,
    trials: xr.Dataset,
    *,
    subject: str | None = None,
    session: str | None = None,
    rule: str | None = None,
    n_rows: int = MOST_ROWS,
    called: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Regime of every step of one session: a column per trial, a line per step of the task.

    Long sessions are wrapped into rows of 72 trials (of one block each, if blocks are no longer
    than that). The grey line above a row is the rule, and ``x`` below it marks trials with
    ``correct == 0``. With more than 8 steps in a trial (time steps), every trial is a row instead:
    its steps run to the right, and dots mark the events.

    Parameters
    ----------
    regimes : xarray.DataArray of int, dims (trial, step), or (trial,)
        Regime of every step, or of every choice; -1 where a trial has no such step.
    trials : xarray.Dataset
        The same trials.
    subject, session : str, optional
        Default the first.
    rule : str, optional
        Trial variable shown as a strip.
    n_rows : int
        Rows drawn at most.
    called : sequence of str
        What the regimes are called, in order; default their numbers alone.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.
    """
    chosen, title = _select(trials, subject, session)
    if regimes.dims == ("trial",):
        regimes = regimes.expand_dims(step=["choice"], axis=1)
    if rule is not None:
        require_known("rule", rule, (n for n in trials.variables if trials[n].dims == ("trial",)))
    if regimes.sizes["step"] > MOST_STEPS:
        return _draw_trials(
            ax, regimes, trials, chosen[: PER_ROW * n_rows // 8], rule, title, called
        )
    rows = _wrap(trials, chosen)[:n_rows]
    known = None if rule is None else np.unique(trials[rule].values[chosen])
    names = [str(name) for name in regimes["step"].values]
    height = len(names) + (rule is not None) + 1.6
    ax = axes_or_new(ax, DOUBLE, 24 + min(TALLEST * height * len(rows), 180))
    for number, row in enumerate(rows):
        _draw_row(ax, number * height, regimes.values[row], trials.isel(trial=row), rule, known)
    _name_steps(ax, names, trials, rows, height, rule)
    ax.set_xlim(-0.7, max(map(len, rows)) - 0.3)
    ax.set_ylim(len(rows) * height - 0.4, -0.9)
    _count_from_one(ax, max(map(len, rows)))
    ax.set_xlabel(f"Trial within the row ({title})")
    _legend(ax, regimes.values[np.concatenate(rows)], trials, rule, known, called)
    return ax


def _select(trials, subject, session):
    subjects, sessions = (trials[name].values.astype(str) for name in ("subject", "session"))
    subject = subjects[0] if subject is None else str(subject)
    require_known("subject", subject, dict.fromkeys(subjects.tolist()))
    own = sessions[subjects == subject]
    session = own[0] if session is None else str(session)
    require_known(f"session of subject {subject}", session, dict.fromkeys(own.tolist()))
    chosen = np.flatnonzero((subjects == subject) & (sessions == session))
    order = np.argsort(trials["trial_in_session"].values[chosen], kind="stable")
    return chosen[order], f"subject {subject}, session {session}"


def _wrap(trials, chosen):
    """Trials of each row: one block where blocks fit, else equal pieces of the session."""
    block = trials["block"].values[chosen] if "block" in trials.variables else np.zeros(len(chosen))
    starts = np.flatnonzero(np.r_[True, block[1:] != block[:-1]])
    pieces = np.split(chosen, starts[1:])
    longest = max(map(len, pieces))
    if len(pieces) < 2 or longest > PER_ROW or longest < PER_ROW / 3:
        pieces = [chosen[i : i + PER_ROW] for i in range(0, len(chosen), PER_ROW)]
    return pieces


def _draw_row(ax, top, codes, trials, rule, known):
    shown = np.ma.masked_less(np.minimum(codes, MOST_REGIMES), 0).T
    colours = ListedColormap([*REGIME_COLOURS, OTHER_COLOUR])
    n_steps, n_trials = shown.shape
    top += rule is not None
    columns, lines = np.arange(n_trials + 1) - 0.5, top + np.arange(n_steps + 1) - 0.5
    # The thin edge hides the seams that viewers of vector files draw between cells.
    kind = {"vmin": -0.5, "vmax": MOST_REGIMES + 0.5, "edgecolors": "face", "linewidth": 0.3}
    ax.pcolormesh(columns, lines, shown, cmap=colours, **kind)
    if rule is not None:
        code = np.searchsorted(known, trials[rule].values)
        strip = ListedColormap(RULE_GREYS)
        edges = [top - 1.2, top - 0.7]
        kind |= {"vmin": -0.5, "vmax": len(RULE_GREYS) - 0.5}
        ax.pcolormesh(columns, edges, code[None] % len(RULE_GREYS), cmap=strip, **kind)
    if "correct" in trials:
        wrong = np.flatnonzero(trials["correct"].values == 0)
        where = np.full(len(wrong), top + n_steps - 0.5 + 0.42)
        ax.plot(wrong, where, "x", color=INK, ms=2.2, mew=0.6)


def _name_steps(ax, names, trials, rows, height, rule):
    """Name the steps of the first row, and number the trials of every row."""
    first = float(rule is not None)
    n_steps = len(names)
    ticks, labels = [], []
    for number, row in enumerate(rows):
        centre = number * height + first + (n_steps - 1) / 2
        start = trials["trial_in_session"].values[row]
        ticks.append(centre)
        labels.append(f"{start[0] + 1}\N{EN DASH}{start[-1] + 1}")
    ax.set_yticks(ticks, labels)
    ax.tick_params(axis="y", length=0)
    ax.set_ylabel("Trials of the session")
    ax.spines[["left", "bottom"]].set_visible(False)
    middle = first + (n_steps - 1) / 2
    ax.annotate(
        "\n".join(names),
        (1, middle),
        xycoords=("axes fraction", "data"),
        xytext=(2, 0),
        textcoords="offset points",
        va="center",
        size=6,
        color=INK,
        linespacing=1.0,
    )


def _count_from_one(ax, n_trials):
    ticks = [1, *range(10, n_trials + 1, 10)]
    ax.set_xticks([tick - 1 for tick in ticks], ticks)


def _draw_trials(ax, regimes, trials, chosen, rule, title, called):
    """Trials from top to bottom, steps from left to right."""
    ax = axes_or_new(ax, DOUBLE, 100)
    shown = np.ma.masked_less(np.minimum(regimes.values[chosen], MOST_REGIMES), 0)
    start, label = step_positions(regimes["step"].values)
    edges = np.append(start, 2 * start[-1] - start[-2])
    colours = ListedColormap([*REGIME_COLOURS, OTHER_COLOUR])
    number = np.arange(len(chosen)) + 1
    rows = np.append(number, len(chosen) + 1) - 0.5
    limits = {"vmin": -0.5, "vmax": MOST_REGIMES + 0.5}
    ax.pcolormesh(edges, rows, shown, cmap=colours, rasterized=True, **limits)
    if "event_time" in trials and "(s)" in label:
        times = trials["event_time"].values[chosen]
        for column in range(times.shape[1]):
            ax.plot(times[:, column], number, "o", color=INK, ms=1.8, mew=0)
    known = None if rule is None else np.unique(trials[rule].values[chosen])
    margin = 0.03 * (edges[-1] - edges[0])
    if rule is not None:
        code = np.searchsorted(known, trials[rule].values[chosen])[:, None] % len(RULE_GREYS)
        strip = [edges[0] - margin, edges[0] - margin / 3]
        ax.pcolormesh(strip, rows, code, cmap=ListedColormap(RULE_GREYS), vmin=-0.5, vmax=3.5)
    if "correct" in trials:
        wrong = number[trials["correct"].values[chosen] == 0]
        ax.plot(np.full(len(wrong), edges[-1] + margin / 2), wrong, "x", color=INK, ms=2.2, mew=0.6)
    ax.set_xlim(edges[0] - 1.3 * margin, edges[-1] + margin)
    ax.set_ylim(len(chosen) + 0.6, 0.4)
    ax.set_xlabel(f"{label}, {title}")
    ax.set_ylabel("Trial of the session")
    _legend(ax, regimes.values[chosen], trials, rule, known, called)
    return ax


def _legend(ax, codes, trials, rule, known, called):
    shown = np.unique(np.minimum(codes[codes >= 0], MOST_REGIMES))
    colours = [*REGIME_COLOURS, OTHER_COLOUR]
    handles = [Patch(color=colours[k], label=regime_name(k, called)) for k in shown]
    if rule is not None:
        handles += _rule_handles(rule, known)
    if "correct" in trials:
        handles.append(ax.plot([], [], "x", color=INK, ms=3, mew=0.7, label="error")[0])
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=min(len(handles), 7),
        handlelength=0.9,
        borderaxespad=0.3,
    )


def _rule_handles(rule, known):
    names = [f"{rule} {level(value)}" for value in known[: len(RULE_GREYS)]]
    return [Patch(color=RULE_GREYS[i], label=name) for i, name in enumerate(names)]
