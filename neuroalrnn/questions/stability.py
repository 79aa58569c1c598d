"""Do other restarts and other folds find the same regimes?"""

import numpy as np

from neuroalrnn import plots
from neuroalrnn.questions.asked import no_regimes
from neuroalrnn.questions.question import Figure, Question, Shown, Text
from neuroalrnn.questions.sections import LINEAR
from neuroalrnn.questions.words import (
    ALIKE,
    REPRODUCIBLE,
    UNIT_OF_INFERENCE,
    count,
    joined,
    number,
    strong,
    two_digits,
)
from neuroalrnn.regimes.stability import compute_score_spread, summarise_stability
from neuroalrnn.results.tables import Table

MATCHED = {"on_share": "on", "unit_correlation": "correlation", "unit_correlation_low": "lowest"}
MATCHED |= {"n_others": "other restarts"}


def judge_stability(stability, n_pwl_chosen, n_restarts):
    """Whether other restarts and other folds found the same regimes.

    Parameters
    ----------
    stability : pandas.DataFrame
        Table ``stability``.
    n_pwl_chosen : array, shape (fold,)
        Number of PWL units of the chosen networks.
    n_restarts : int

    Returns
    -------
    str
    """
    n_linear = int((np.asarray(n_pwl_chosen) == 0).sum())
    if n_linear == len(n_pwl_chosen):
        return (
            "P = 0 is sufficient in every fold: there is one linear regime, and no division into "
            "regimes that could be stable or not."
        )
    remarks = []
    if n_linear:
        remarks.append(f"In {n_linear} of {count(len(n_pwl_chosen), 'fold')} P = 0 is sufficient.")
    if n_restarts < 2:
        remarks.append("There is one restart per fold: other restarts might find other regimes.")
    return joined([_agreement_sentence(stability), *remarks])


def _agreement_sentence(stability):
    if not len(stability):
        return (
            "Agreement about linear regimes cannot be judged: there is one network only, or no "
            "network leaves its one regime."
        )
    detail = "; ".join(
        f"across {row.across} median adjusted Rand index {number(row.adjusted_rand, 2)}, "
        f"{number(row.adjusted_rand_low, 2)} to {number(row.adjusted_rand_high, 2)} over "
        f"{count(row.n_pairs, 'pair')}, {number(row.adjusted_rand_shifted, 2)} after circular "
        "shifts"
        for row in stability.itertuples()
    )
    detail = f"({detail}; 1 is identity, 0 is chance)"
    kinds = stability["across"]
    is_weak = stability["adjusted_rand"] < REPRODUCIBLE
    weak = " and ".join(f"across {kind}" for kind in kinds[is_weak])
    every = " and ".join(f"across {kind}" for kind in kinds)
    if weak:
        verdict = f"Linear regimes are not reproducible {weak}: do not interpret single ones"
        rest = "They describe single networks, not the task or the subjects."
        return strong(verdict) + f" {detail}. {rest}"
    if stability["adjusted_rand"].min() < ALIKE:
        return (
            f"Linear regimes agree partly {every} {detail}. Check a statement about one particular "
            "regime in every fold and restart before trusting it."
        )
    return f"Linear regimes agree well {every} {detail}."


def _judge(asked):
    fit = asked.fit
    n_pwl, n_restarts = fit.selection["n_pwl_chosen"].values, fit.parameters.sizes["restart"]
    return judge_stability(asked.tables["stability"], n_pwl, n_restarts)


def describe_score_spread(spread):
    """How much restarts of a fold differ in score.

    Parameters
    ----------
    spread : pandas.DataFrame
        Table ``score_spread``.

    Returns
    -------
    str
    """
    spread = spread[spread["n_restarts"] > 1]
    if not len(spread):
        return "Networks trained on other folds might divide the same trials differently."
    middle, most = spread["validation_spread"].median(), spread["validation_spread"].max()
    training = spread["training_spread"].median()
    return (
        "Other restarts of the same training, and networks trained on other folds, might divide "
        "the same trials differently. At the sufficient P, restarts of a fold differ by "
        f"{number(middle)} nats per trial on validation subjects in the median over folds "
        f"({number(most)} at most), the final networks by {number(training)} on their training "
        "subjects."
    )


def _no_regimes(asked):
    """Without regimes there is nothing to show; with a single one, that is said."""
    no_regimes(asked.linear)
    return ""


def _has_regimes(asked):
    return not no_regimes(asked.linear)


def _spread(asked):
    return describe_score_spread(asked.tables["score_spread"]) if _has_regimes(asked) else ""


def _shared_units(asked):
    units = asked.tables["stability_units"]
    return units[:0] if not _has_regimes(asked) or not (units["n_others"] > 0).any() else units


def _introduce_units(asked):
    if not len(_shared_units(asked)):
        return ""
    return (
        "PWL units of the chosen networks, matched to those of the other restarts by the "
        "correlation of their latents on held-out trials (median and lowest over restarts). A "
        "statement about one unit needs correlations close to 1."
    )


def _as_read(asked):
    units = _shared_units(asked)
    return units.rename(columns=MATCHED) if len(units) else None


QUESTION = Question(
    name="stability",
    section=LINEAR,
    title="Stability across restarts and folds",
    tables={
        "agreement": lambda asked: asked.held_out.agreement,
        "stability": lambda asked: summarise_stability(asked.stability.pairs),
        "stability_pairs": lambda asked: asked.stability.pairs,
        "stability_units": lambda asked: asked.stability.units,
        "score_spread": lambda asked: compute_score_spread(asked.fit),
    },
    schema={
        "score_spread": Table("fold", "fold n_pwl n_restarts validation_spread training_spread"),
        "agreement": Table("pair of folds", "fold other_fold adjusted_rand"),
        "stability": Table(
            "kind of pairs of networks",
            "across n_pairs adjusted_rand adjusted_rand_low adjusted_rand_high "
            "adjusted_rand_shifted unit_correlation",
        ),
        "stability_pairs": Table(
            "pair of networks",
            "across fold restart other_fold other_restart adjusted_rand adjusted_rand_shifted "
            "unit_correlation",
        ),
        "stability_units": Table(
            "PWL unit of the chosen network of a fold",
            "fold restart unit on_share unit_correlation unit_correlation_low n_others",
        ),
    },
    answer=(
        Text("stability of regimes", _judge, main=True),
        Text("spread of scores", _spread),
        Figure(
            "stability",
            "Agreement of pairs of networks about regimes: restarts of one fold about its held-out "
            "trials (blue) and the chosen networks of two folds about all trials (orange). Bars "
            "are medians, grey ticks the same pairs after circular shifts of one by whole trials "
            "within sessions. Dotted: 0.5 and 0.8.",
            lambda asked: plots.plot_stability(
                asked.tables["stability_pairs"], limits=(REPRODUCIBLE, ALIKE)
            ),
            when=_has_regimes,
        ),
        Figure(
            "agreement",
            "Agreement of the networks of two folds about the same trials; 1 is identity, 0 is "
            "chance.",
            lambda asked: plots.plot_agreement(asked.tables["agreement"]),
            when=_has_regimes,
        ),
        Text("stability of units", _introduce_units),
        Shown("stability of units", _as_read, noun="unit", formats={"on": two_digits}),
    ),
    footnote=lambda asked: (
        (
            UNIT_OF_INFERENCE,
            "Linear regimes are called not reproducible below a median adjusted Rand index of 0.5, "
            "across restarts or across folds, and agree well from 0.8 on: conventions of this "
            "package.",
        )
        if _has_regimes(asked)
        else ()
    ),
    needs=_no_regimes,
)
