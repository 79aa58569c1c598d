"""What decides the functional regime of a trial, and which linear regimes realise it?"""

from neuroalrnn.effects import bridge, find_sources, judge_source
from neuroalrnn.questions.question import Question, Shown, Text
from neuroalrnn.questions.sections import COMPUTATION
from neuroalrnn.questions.words import number, span, strong, two_digits
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import Table

SHOWN = 6


def describe_source(sources):
    """Whether subjects are told the regime, or have to infer it.

    Parameters
    ----------
    sources : pandas.DataFrame
        Table ``functional_sources``.

    Returns
    -------
    str
    """
    if not len(sources):
        return "There is one regime: nothing decides between regimes."
    source, variable = judge_source(sources)
    best = sources.iloc[0]
    share = sources.loc[sources["variable"] == (variable or best["variable"]), "share_told"].max()
    known = f"{number(100 * share, 0)} % of what there is to know of the regime"
    if source == "told":
        return strong(f"The regime is told: {variable}, an input of the same trial, decides it") + (
            f" ({known})."
        )
    if source == "set by the trial before":
        verdict = strong(f"The regime is set by {variable} of the trial before")
        return verdict + f" ({known})."
    if source == "inferred":
        verdict = strong(f"The regime follows {variable}, which the model is not told")
        return verdict + f" ({known}): it has to be inferred from what happened before."
    return strong("No single variable decides the regime") + (
        f": the one that tells most, {best['variable']}, tells {known}."
    )


def describe_bridge(degeneracy):
    """How many paths of linear regimes realise each functional regime.

    Parameters
    ----------
    degeneracy : pandas.DataFrame
        Table ``functional_degeneracy``.

    Returns
    -------
    list of str
        One text per functional regime, and one on what the paths tell.
    """
    texts = [
        f"Functional regime {regime}: {span(rows['n_usual_paths'], 0)} paths of linear regimes, "
        f"depending on the fold, make up 90 % of its trials ({span(rows['path_entropy'], 1)} bits)."
        for regime, rows in degeneracy.groupby("regime")
    ]
    left = degeneracy.groupby("fold")["regime_entropy"].first()
    if left.max() < 0.1:
        rest = "the path of a trial decides its functional regime, in every fold"
    else:
        rest = "the path of a trial leaves open which functional regime it has"
    return [*texts, f"Conversely, {rest} ({span(left, 2)} bits left)."]


QUESTION = Question(
    name="functional_sources",
    section=COMPUTATION,
    title="What decides the regime, and what realises it",
    tables={
        "functional_sources": lambda asked: find_sources(asked.fit, asked.functional),
        ("functional_paths", "functional_degeneracy"): lambda asked: bridge(
            asked.fit, asked.functional
        ),
    },
    schema={
        "functional_sources": Table(
            "variable and lag in trials",
            "variable lag is_input is_rule n_values share_told",
        ),
        "functional_paths": Table(
            "fold, functional regime and path of linear regimes", "fold regime path n_trials share"
        ),
        "functional_degeneracy": Table(
            "fold and functional regime",
            "fold regime n_pwl n_paths n_usual_paths path_entropy regime_entropy",
        ),
    },
    columns={
        "is_input": Column("whether models get the variable", dtype="bool"),
        "is_rule": Column("whether it is the rule of the task", dtype="bool"),
        "n_paths": Column("paths of linear regimes that occur in the regime", dtype="int64"),
        "n_usual_paths": Column("the fewest of them that cover 90 % of its trials", dtype="int64"),
        "n_values": Column("values of the variable", dtype="int64"),
        "path": Column("codes before the steps of a trial up to its choice", dtype="str"),
        "path_entropy": Column("entropy of the path, given the functional regime", "bits"),
        "regime_entropy": Column("entropy of the functional regime, given the path", "bits"),
        "share": Column("share of trials", "share"),
        "share_told": Column("information on the regime over its entropy", "share"),
    },
    answer=(
        Text(
            "source of the regime",
            lambda asked: describe_source(asked.tables["functional_sources"]),
        ),
        Shown(
            "what tells the regime",
            lambda asked: (
                asked.tables["functional_sources"]
                .head(SHOWN)
                .rename(columns={"share_told": "share of the regime told"})
                if len(asked.tables["functional_sources"])
                else None
            ),
            noun="variable",
            formats={"share of the regime told": two_digits},
        ),
        Text(
            "paths of linear regimes",
            lambda asked: describe_bridge(asked.tables["functional_degeneracy"]),
            noun="sentence",
        ),
    ),
    footnote=(
        "The path of a trial is the row of sign patterns before its steps up to the choice.",
    ),
)
