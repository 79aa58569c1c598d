"""Hidden states of a GLM-HMM: their weights, and their course in one session."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from neuroalrnn.plots.style import DOUBLE, GREY, new_figure, regime_colour, styled

PER_TERM, LEAST = 5.0, 75.0
MOST_TERMS, LONG = 12, 30
PANELS = {"smoothed": "Given all choices", "before_choice": "Before each choice"}


@styled
def plot_hidden_states(
    weights: pd.DataFrame,
    states: xr.Dataset,
    trials: xr.Dataset,
    *,
    subject: str,
    session: str,
    called: Sequence[str] = (),
) -> Figure:
    """Draw the weights of every state, and the probability of states in one session.

    Parameters
    ----------
    weights : pandas.DataFrame
        Table ``hidden_weights`` of `neuroalrnn.questions.analyse`.
    states : xarray.Dataset
        Of one model, from ``fit.states``.
    trials : xarray.Dataset
        The trials of the fit.
    subject, session : str
        Whose trials are shown.
    called : sequence of str
        What the states are called, in order.

    Returns
    -------
    matplotlib.figure.Figure
        Weights with 95 % intervals on the left, of the 12 terms with the largest ones; the course
        of the session on the right, given all of its choices, and given those before each trial.
    """
    several = weights["option"].nunique() > 1
    names = weights["term"] + (", " + weights["option"] if several else "")
    rows = _largest(weights["state_weight"].abs().groupby(names, sort=False).max())
    figure = new_figure(DOUBLE, max(20 + PER_TERM * len(rows), LEAST))
    left, *right = figure.subplot_mosaic(
        [["weights", "smoothed"], ["weights", "before_choice"]], width_ratios=(1, 1.2)
    ).values()
    shown = names.isin(rows)
    _draw_weights(left, weights[shown].assign(row=names[shown].map(rows.index)), rows, called)
    here = [trials[name].values.astype(str) for name in ("subject", "session")]
    chosen = np.flatnonzero((here[0] == subject) & (here[1] == session))
    chosen = chosen[np.argsort(trials["trial_in_session"].values[chosen], kind="stable")]
    for ax, (kind, title) in zip(right, PANELS.items(), strict=True):
        _draw_course(ax, np.nan_to_num(states[kind].values[chosen]))
        ax.set_title(title)
        ax.set_ylabel("Probability")
    right[0].tick_params(labelbottom=False)
    right[1].set_xlabel(f"Trial of the session (subject {subject}, session {session})")
    handles, labels = left.get_legend_handles_labels()
    n_columns = min(len(labels), 3 if max(map(len, labels)) <= LONG else 1)
    figure.legend(handles, labels, loc="outside upper center", ncols=n_columns)
    return figure


def _largest(sizes):
    """Names of the largest values, in the order that they had."""
    largest = sizes.nlargest(MOST_TERMS).index
    return [name for name in sizes.index if name in largest]


def _draw_weights(ax, weights, rows, called):
    ax.axvline(0, color=GREY, lw=0.6, zorder=1)
    used = sorted(weights["regime"].unique())
    for place, (state, own) in enumerate(weights.groupby("regime", sort=True)):
        apart = 0.6 * ((place + 0.5) / len(used) - 0.5)
        half = np.nan_to_num((own["ci_high"] - own["ci_low"]).to_numpy() / 2)
        name = f"{state}: {called[state]}" if state < len(called) else f"state {state}"
        ax.errorbar(
            own["state_weight"], own["row"] + apart, xerr=half, fmt="o", ms=2.5, lw=0.9,
            color=regime_colour(state), label=name,
        )  # fmt: skip
    ax.set_yticks(range(len(rows)), rows)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel("Weight (log-odds)")


def _draw_course(ax, chance):
    colours = [regime_colour(state) for state in range(chance.shape[1])]
    edges = np.arange(len(chance) + 1) + 0.5
    bottom = np.zeros(len(chance))
    for colour, share in zip(colours, chance.T, strict=True):
        ax.stairs(bottom + share, edges, baseline=bottom, fill=True, color=colour, lw=0)
        bottom = bottom + share
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(0, 1)
