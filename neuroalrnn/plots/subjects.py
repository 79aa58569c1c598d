"""Individual differences: what a few trials of a new subject add, and subject vectors."""

import numpy as np

from neuroalrnn.plots.style import (
    BASELINE,
    FAINT,
    GREY,
    MODEL,
    SINGLE,
    axes_or_new,
    styled,
)


@styled
def plot_few_shot(scores, *, ax=None):
    """Held-out score of new subjects against the number of trials that their vector was fitted to.

    Parameters
    ----------
    scores : pandas.DataFrame
        Table ``scores`` of `neuroalrnn.study.few_shot`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        One thin line per subject, their mean with its standard error, and the pooled model.
    """
    ax = axes_or_new(ax, SINGLE, 62)
    curves = scores[scores["model"] == "subject vectors"]
    curves = curves.pivot(index="n_shots", columns="subject", values="log_likelihood")
    pooled = scores[scores["model"] == "pooled"].set_index("subject")["log_likelihood"]
    # differences between subjects are large: what matters is the change within each
    gain = curves - pooled.reindex(curves.columns)
    place = np.arange(len(gain))
    ax.axhline(0, color=BASELINE, lw=0.7, ls=(0, (4, 2)))
    ax.plot(place, gain.to_numpy(), color=FAINT, lw=0.7)
    error = gain.std(axis=1, ddof=1) / np.sqrt(gain.shape[1])
    ax.errorbar(place, gain.mean(axis=1), error, color=MODEL, marker="o", ms=3.5, lw=1.2)
    ax.set_xticks(place, [f"{int(n)}" for n in gain.index])
    ax.set_xlabel("Trials of the new subject that its vector was fitted to")
    ax.set_ylabel("Score against the pooled model\n(nats per trial)")
    ax.text(0.99, 0.0, "pooled model", transform=ax.get_yaxis_transform(), ha="right", va="bottom",
            color=GREY)  # fmt: skip
    return ax


@styled
def plot_subject_vectors(vectors, *, fold=None, ax=None):
    """Place of every subject along the first two axes of individual differences.

    Parameters
    ----------
    vectors : pandas.DataFrame
        Table ``vectors`` of `neuroalrnn.study.compare_pooling`.
    fold : str, optional
        Default: the first. Axes of different folds are not the same.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax, SINGLE, 62)
    fold = vectors["fold"].iloc[0] if fold is None else fold
    here = vectors[vectors["fold"] == fold]
    x = here["dimension 1"]
    has_second = "dimension 2" in here and here["dimension 2"].notna().all()
    y = here["dimension 2"] if has_second else 0 * x
    ax.axhline(0, color=FAINT, lw=0.7, zorder=1)
    ax.axvline(0, color=FAINT, lw=0.7, zorder=1)
    ax.scatter(x, y, s=16, color=MODEL, zorder=3)
    for name, one, other in zip(here["subject"], x, y, strict=True):
        ax.annotate(name, (one, other), xytext=(3, 3), textcoords="offset points")
    ax.set_xlabel("Dimension 1 (change of the parameters, Euclidean norm)")
    ax.set_ylabel("Dimension 2" if has_second else "")
    if not has_second:
        ax.set_yticks([])
    ax.margins(0.15)
    return ax
