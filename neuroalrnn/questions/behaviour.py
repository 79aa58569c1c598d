"""Do regimes and switches go with choice, correctness and reaction time?"""

import numpy as np

from neuroalrnn import plots
from neuroalrnn.behaviour.relation import relate_to_behaviour
from neuroalrnn.questions.asked import no_regimes, not_discrete
from neuroalrnn.questions.question import Figure, Question, Shown, Text
from neuroalrnn.questions.rule import count_subjects
from neuroalrnn.questions.sections import BEHAVIOUR
from neuroalrnn.questions.words import (
    UNIT_OF_INFERENCE,
    capital,
    count,
    interval,
    is_reproducible,
    listed,
    number,
    p_value,
    small,
    strong,
)
from neuroalrnn.results.tables import EFFECT, Table

OUTCOMES = {"choice": "choice", "correct": "correctness", "log rt": "reaction time"}
READ = ["effect", "outcome", "estimate", "ci_low", "ci_high", "scale", "n_subjects", "p", "q"]
READ += ["note"]
OF_STEP = (
    "The regime is that of the step before the choice is read out, computed by a network that "
    "never saw the subject, from inputs up to that step."
)
OF_TRIAL = (
    "The regime of a choice is what inputs do to it under a network that never saw the subject; "
    "neither this choice nor anything after it enters."
)
INPUTS = (
    "Inputs are held constant. A functional regime that they decide has nothing left to be tested."
)
NOTHING = ["There is neither a choice of two options, nor correctness, nor reaction time."]


def split_tested(table):
    """Rows of a table of effects that could be tested.

    Parameters
    ----------
    table : pandas.DataFrame
        Table ``behaviour``.

    Returns
    -------
    pandas.DataFrame
    """
    return table[table["estimate"].notna()] if "estimate" in table else table[:0]


def judge_behaviour(table, reproducible):
    """How many effects on behaviour survive correction.

    Parameters
    ----------
    table : pandas.DataFrame
        Table ``behaviour``.
    reproducible : bool
        Whether networks agree about regimes; where not, effects of single regimes are not named.

    Returns
    -------
    str
    """
    tested = split_tested(table)
    if not len(tested):
        return "No effect of regimes or switches on behaviour could be tested."
    clear = tested[tested["q"] < 0.05]
    tests = count(len(table), "test")
    if not len(clear):
        verdict = "No effect of regimes or switches on behaviour survives correction"
        smallest = p_value(tested["q"].min(), "q")
        return strong(verdict) + f" for {tests} (smallest {smallest})."
    verb = "survives" if len(clear) == 1 else "survive"
    start = f"Of {tests} of regimes and switches against behaviour, {len(clear)} {verb} correction"
    if reproducible:
        return f"{start}: {listed(_named(clear), 6)}."
    switch = clear[~clear["effect"].str.startswith("regime ")]
    return (
        f"{start}, but regimes are not reproducible: those of single regimes are not to be "
        "interpreted. What does not depend on labels: "
        f"{listed(_named(switch)) or 'nothing survives'}."
    )


def _named(rows):
    return [f"{row.effect} with {OUTCOMES[row.outcome]}" for row in rows.itertuples()]


def describe_effect(row, labels):
    """One effect on behaviour that survives correction.

    Parameters
    ----------
    row : mapping
        A row of the table ``behaviour``.
    labels : list of str
        Names of the choices.

    Returns
    -------
    str
    """
    size, up = abs(row["estimate"]), row["estimate"] > 0
    amount, share = "more" if up else "fewer", f"({number(100 * size, 1)} % of trials)"
    percent = number(100 * abs(np.expm1(row["estimate"])), 1)
    speed = "slower" if up else "faster"
    what = {
        "choice": f"{amount} choices of {labels[-1]} {share}",
        "correct": f"{amount} correct choices {share}",
        "log rt": f"{speed} responses ({number(size, 3)} log s, about {percent} %)",
    }
    what = what.get(row["outcome"], f"{row['outcome']} {number(row['estimate'])}")
    detail = f"{interval(row)}, {p_value(row['p'])}, {p_value(row['q'], 'q')}"
    subjects = count_subjects(row["n_subjects"])
    return strong(f"{capital(row['effect'])} goes with {what}") + f"; {detail}, {subjects}."


def _is_tested(asked):
    return len(split_tested(asked.tables["behaviour"])) > 0


def _judge(asked):
    # where nothing can be tested, labels need not be reproducible
    reproducible = not _is_tested(asked) or _is_reproducible(asked)
    return judge_behaviour(_named_effects(asked), reproducible)


def _is_reproducible(asked):
    """Functional regimes are those that all networks agree on; linear ones may not be."""
    return asked.unit == "trial" or is_reproducible(asked.tables["stability"])


def _named_effects(asked):
    """The table with what regimes are called beside their numbers."""
    called = {f"regime {k}": f"regime {k} ({name})" for k, name in enumerate(asked.called)}
    found = asked.tables["behaviour"]
    return found.assign(effect=found["effect"].replace(called)) if len(found) else found


def _why_untested(asked):
    if _is_tested(asked):
        return []
    reasons = [
        f"{row['effect']}, {row['outcome']}: {row.get('note', '')}"
        for row in asked.tables["behaviour"].to_dict("records")
    ]
    return [*([INPUTS] if asked.unit == "trial" else []), *reasons] if reasons else NOTHING


def _describe_families(asked):
    found = asked.tables["behaviour"]
    tested = split_tested(found)
    if not len(tested):
        return ""
    n_outcomes = found["outcome"].nunique()
    families = "one family" if n_outcomes == 1 else f"{n_outcomes} families, one per outcome"
    text = (
        f"{count(len(found), 'test')} form {families}: {int((tested['p'] < 0.05).sum())} with p "
        f"< .05 before correction, {int((tested['q'] < 0.05).sum())} with q < .05 after it."
    )
    degrees = tested.dropna(subset="trend_degree").groupby("outcome", sort=False)["trend_degree"]
    trends = [f"{int(each)} for {name}" for name, each in degrees.first().items()]
    if trends:
        text += (
            f" The trend over the session that was held constant is a polynomial of degree "
            f"{listed(trends)}: 3, or more where subjects share a steeper course."
        )
    lost = len(found) - len(tested)
    return text + (f" {lost} could not be done and stayed in as p = 1." if lost else "")


def _describe_effects(asked):
    if not _is_tested(asked):
        return []
    tested = split_tested(_named_effects(asked))
    clear = tested[tested["q"] < 0.05]
    if not _is_reproducible(asked):
        clear = clear[~clear["effect"].str.startswith("regime ")]
    labels = [str(label) for label in asked.trials["choice"].attrs["labels"]]
    return [describe_effect(row, labels) for row in clear.to_dict("records")]


def _as_read(asked):
    if not _is_tested(asked):
        return None
    return _named_effects(asked)[READ].fillna({"scale": "", "note": ""})


def _footnote(asked):
    if not _is_tested(asked):
        return ()
    return (
        UNIT_OF_INFERENCE,
        OF_STEP if asked.unit == "step" else OF_TRIAL,
        "An association is not a cause: what drives the regime may drive behaviour by another way.",
        "An effect over fewer than six subjects is not tested.",
        asked.dependence(),
    )


QUESTION = Question(
    name="behaviour",
    section=BEHAVIOUR,
    tables={"behaviour": lambda asked: relate_to_behaviour(asked.fit, asked.regimes)},
    schema={
        "behaviour": Table(
            "predictor and outcome",
            f"effect outcome {EFFECT} note trend_degree q",
        ),
    },
    answer=(
        Text("behaviour", _judge, main=True),
        Text("behaviour", _why_untested),
        Text("families of tests", _describe_families),
        Text("effects", _describe_effects),
        Figure(
            "behaviour",
            "Difference with against without, holding constant the stimuli of two trials, all "
            "inputs of the trial before, the first trials after a reset of the state, and slow "
            "trends; mean over subjects with 95 % intervals; n subjects, q after "
            "Benjamini-Hochberg within the outcome; filled where q < .05. Intervals far longer "
            "than the others are cut at the edge.",
            lambda asked: plots.plot_behaviour_panels(_named_effects(asked)),
            when=_is_tested,
        ),
        Shown("effects", _as_read, noun="effect", formats={"p": small, "q": small}),
    ),
    footnote=_footnote,
    unasked=not_discrete,
    needs=no_regimes,
)
