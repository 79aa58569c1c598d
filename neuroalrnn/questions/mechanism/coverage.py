"""How many regimes does each network visit, and in which order?"""

import numpy as np

from neuroalrnn.questions.mechanism.needs import codes_of, not_apart
from neuroalrnn.questions.question import Question, Text
from neuroalrnn.questions.sample import describe_sample
from neuroalrnn.questions.sections import MECHANISM
from neuroalrnn.questions.words import code, span
from neuroalrnn.regimes import ABSENT, compute_coverage
from neuroalrnn.regimes.entropy import compute_entropies, summarise_entropies
from neuroalrnn.regimes.transitions import compute_regime_graph
from neuroalrnn.results.fold import label_steps
from neuroalrnn.results.tables import Table

INTRODUCTION = (
    "Inside a regime the network is linear, so what it does with each input can be read off "
    "exactly. What it uses is found by intervention: the network of each fold is changed, nothing "
    "is trained again, and the log-likelihood of its test subjects is scored once more. Whether "
    "the task needs what the network uses is another question: other units may learn to stand in ("
    + code("neuroalrnn.retrain_without_units")
    + "). Units are ranked on training subjects; units and regimes of different folds belong to "
    "different networks."
)


def describe_visited(coverage):
    """How many regimes the networks visit, of how many.

    Parameters
    ----------
    coverage : pandas.DataFrame
        Table ``mechanism_coverage``.

    Returns
    -------
    str
    """
    folds = coverage.groupby("fold")
    two = folds["occupancy"].apply(lambda share: share.nlargest(2).sum())
    visited = folds["n_visited"].first()
    possible = folds["n_possible"].first()
    spans = ", ".join(f"{a} of {b}" for a, b in dict.fromkeys(zip(visited, possible, strict=True)))
    return (
        f"The networks of the folds visit {spans} possible regimes on held-out trials; the two "
        f"most frequent ones cover {span(100 * two, 0)} % of the steps."
    )


def _coverage(fold):
    return compute_coverage(codes_of(fold), fold.network.n_pwl)


def _graph(fold):
    codes = codes_of(fold)
    values = np.where(codes == ABSENT, np.nan, codes)
    regimes = label_steps(fold.fit, fold.test, values, name="regime").fillna(ABSENT).astype(int)
    return compute_regime_graph(regimes, fold.fit.trials, carry=fold.fit.carry)


def _entropies(asked):
    found = compute_entropies(asked.linear.regimes, asked.trials, carry=asked.fit.carry)
    return summarise_entropies(found)


QUESTION = Question(
    name="coverage",
    section=MECHANISM,
    tables={
        "mechanism_coverage": lambda asked: asked.over_folds(_coverage),
        "mechanism_regime_graph": lambda asked: asked.over_folds(_graph),
        "mechanism_entropies": _entropies,
    },
    schema={
        "mechanism_coverage": Table(
            "fold and visited regime, by use",
            "fold rank code n_steps occupancy cumulative_occupancy n_visited n_possible",
        ),
        "mechanism_regime_graph": Table(
            "fold and pair of successive regimes",
            "fold code code_next n_pairs transition_probability leaving_probability flipped_units "
            "n_flipped",
        ),
        "mechanism_entropies": Table(
            "entropy", "measure entropy_plug_in entropy ci_low ci_high n_subjects excluded"
        ),
    },
    answer=(
        Text("mechanism", lambda asked: INTRODUCTION),
        Text("subjects taken apart", describe_sample),
        Text("regimes visited", lambda asked: describe_visited(asked.tables["mechanism_coverage"])),
    ),
    footnote=(
        "Intervals take the networks as given.",
        "Tables " + code("mechanism_*.csv") + " hold fixed points, attractors, exponents, growth, "
        "horizons and entropies of all folds.",
    ),
    needs=not_apart,
    mechanism=True,
)
