"""Selection vectors: what the modes of each regime take up from the inputs."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.checks import require_one_network
from neuroalrnn.plots.layout import say_empty
from neuroalrnn.plots.style import (
    INK,
    MOST_REGIMES,
    OTHER_COLOUR,
    SINGLE,
    axes_or_new,
    regime_colour,
    regime_name,
    signed,
    styled,
)

MODES = ("slow", "leading")
READABLE = 80


@styled
def plot_selection(
    selection: pd.DataFrame,
    *,
    pair: tuple[int, int] = (0, 1),
    features: Sequence[str] | None = None,
    labels: Mapping[int, int] | None = None,
    modes: str = "slow",
    ax: Axes | None = None,
) -> Axes:
    """Selection vectors over two inputs: one arrow per regime and mode.

    Parameters
    ----------
    selection : pandas.DataFrame
        From `neuroalrnn.mechanism.inputs.compute_selection`.
    pair : (int, int)
        Positions of the two inputs.
    features : sequence of str, optional
        Names of the inputs.
    labels : dict of int -> int, optional
        Label of each code; default their order in the table.
    modes : {"slow", "leading"}
        All slow modes, or the one with the largest modulus in each regime.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        An arrow is the wider the better its mode is aligned with the read-out. Of a complex mode
        the sizes are drawn, dashed and without a tip.
    """
    ax = axes_or_new(ax, SINGLE, 54)
    rows = _rows(selection, labels, modes)
    names = [_feature_name(features, position) for position in pair]
    ax.set(xlabel=f"Uptake of {names[0]}", ylabel=f"Uptake of {names[1]}")
    vectors = rows.pivot(index="row", columns="feature", values="uptake").reindex(columns=pair)
    vectors = vectors.dropna()
    if not len(vectors):
        say_empty(ax, f"no {modes} mode")
        return ax
    ax.axhline(0, color=INK, lw=0.5, ls=":", zorder=0)
    ax.axvline(0, color=INK, lw=0.5, ls=":", zorder=0)
    reach = 1.25 * max(np.abs(vectors.to_numpy()).max(), 1e-12)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.locator_params(nbins=5)
    heads = rows.drop_duplicates("row").set_index("row").loc[vectors.index]
    # the rare regimes below
    for row in heads.sort_values("label", ascending=False, kind="stable").itertuples():
        _draw_arrow(ax, vectors.loc[row.Index].to_numpy(), row)
    place = {"loc": "upper left", "bbox_to_anchor": (1, 1), "alignment": "left"}
    title = "regime: eigenvalue,\nread-out alignment"
    ax.legend(handles=_handles(heads), title=title, title_fontsize=6.5, **place)
    return ax


@styled
def plot_selection_map(
    selection: pd.DataFrame,
    *,
    features: Sequence[str] | None = None,
    labels: Mapping[int, int] | None = None,
    modes: str = "slow",
    ax: Axes | None = None,
) -> Axes:
    """Selection vectors over all inputs: one row per regime and mode, one column per input.

    Parameters
    ----------
    selection : pandas.DataFrame
        From `neuroalrnn.mechanism.inputs.compute_selection`.
    features : sequence of str, optional
        Names of the inputs.
    labels : dict of int -> int, optional
        Label of each code; default their order in the table.
    modes : {"slow", "leading"}
        All slow modes, or the one with the largest modulus in each regime.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.axes.Axes
        The column at the right is the alignment with the read-out. Of a complex mode the sizes are
        drawn.
    """
    rows = _rows(selection, labels, modes)
    matrix = rows.pivot(index="row", columns="feature", values="uptake")
    ax = axes_or_new(ax, SINGLE, max(46, 26 + 5.2 * len(matrix)))
    if not len(matrix):
        say_empty(ax, f"no {modes} mode")
        return ax
    most = max(np.nan_to_num(np.abs(matrix)).max(), 1e-12)
    look = {"vmin": -most, "vmax": most, "cmap": "RdBu_r", "aspect": "auto"}
    image = ax.imshow(matrix.to_numpy(), **look)
    if matrix.size <= READABLE:
        for (i, j), value in np.ndenumerate(matrix.to_numpy()):
            if np.isfinite(value):
                colour = "white" if abs(value) > 0.6 * most else INK
                ax.text(j, i, signed(value, 2), ha="center", va="center", size=5.5, color=colour)
    heads = rows.drop_duplicates("row").set_index("row").loc[matrix.index]
    for index, value in enumerate(heads["alignment"]):
        _beside(ax, f"{value:.2f}", index)
    _beside(ax, "align-\nment", -0.6, va="bottom")
    tilted = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    names = [_feature_name(features, position) for position in matrix.columns]
    ax.set_xticks(range(len(names)), names, **tilted)
    names = [
        f"{r.label}:  \N{GREEK SMALL LETTER LAMDA} = {_eigenvalue(r)}" for r in heads.itertuples()
    ]
    ax.set_yticks(range(len(heads)), names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("Input")
    ax.set_ylabel("Regime and eigenvalue")
    ax.figure.colorbar(image, ax=ax, label="Uptake per unit of input", pad=0.14)
    return ax


def choose_labels(codes, labels=None):
    """Labels of regimes as a dict: those given, else positions."""
    if labels is None:
        return {code: i for i, code in enumerate(codes)}
    if unknown := [int(code) for code in codes if code not in labels]:
        raise DataError(f"labels: found none for the regimes {unknown}")
    return labels


def _rows(selection, labels, modes):
    """Chosen modes, one of each conjugate pair, with label, uptake and the row they belong to."""
    if modes not in MODES:
        raise DataError(f"modes: found {modes!r}, expected one of {', '.join(MODES)}")
    require_one_network("selection", selection, ["code", "mode", "feature"])
    codes = selection["code"].unique()
    labels = choose_labels(codes, labels)
    chosen = selection["slow"] if modes == "slow" else selection["mode"] == 0
    table = selection[chosen.astype(bool) & (selection["imag"] >= 0)]
    size = np.hypot(table["weight"], table["weight_imag"])
    table = table.assign(
        label=table["code"].map(labels).astype(int),
        uptake=np.where(table["imag"] > 0, size, table["weight"]),
    )
    table = table.sort_values(["label", "mode", "feature"], kind="stable")
    return table.assign(row=table.groupby(["label", "code", "mode"], sort=False).ngroup())


def _draw_arrow(ax, vector, row):
    look = {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 8, "arrowstyle": "-|>"}
    if row.imag > 0:
        look |= {"arrowstyle": "-"}
    ax.annotate("", vector, (0, 0), arrowprops=look | _look(row), zorder=3)


def _look(row):
    look = {"color": regime_colour(row.label), "lw": 0.5 + 1.7 * row.alignment}
    return look | {"ls": (0, (2, 1.5)) if row.imag > 0 else "-"}


def _handles(heads):
    """One entry per arrow of a frequent regime, one for all the others."""
    named = heads[heads["label"] < MOST_REGIMES]
    handles = [
        Line2D([], [], label=f"{row.label}: {_eigenvalue(row)}, {row.alignment:.2f}", **_look(row))
        for row in named.itertuples()
    ]
    if len(named) < len(heads):
        handles.append(Line2D([], [], color=OTHER_COLOUR, label=regime_name(MOST_REGIMES)))
    return handles


def _eigenvalue(row):
    imaginary = f" \N{PLUS-MINUS SIGN} {row.imag:.2f}i" if row.imag > 0 else ""
    return signed(row.real, 2) + imaginary


def _feature_name(features, position):
    return f"input {position}" if features is None else str(features[position])


def _beside(ax, text, position, va="center"):
    where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    ax.annotate(text, (1, position), (14, 0), ha="center", va=va, size=6, color=INK, **where)
