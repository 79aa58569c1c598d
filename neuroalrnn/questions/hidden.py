"""Which hidden states does the GLM-HMM find, and what do they go with?"""

from dataclasses import replace

import pandas as pd

from neuroalrnn.behaviour.relation import compute_outcomes, relate_to_behaviour
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.plots.hidden_states import plot_hidden_states
from neuroalrnn.plots.raster import example_session
from neuroalrnn.questions import behaviour, dwell_times, occupancy, rule, switches, transitions
from neuroalrnn.questions.computation.input_effects import EFFECT_COLUMNS
from neuroalrnn.questions.question import Figure, Question, Shown, Text, nothing
from neuroalrnn.questions.sections import HIDDEN
from neuroalrnn.questions.view import through
from neuroalrnn.questions.words import (
    UNIT_OF_INFERENCE,
    count,
    joined,
    number,
    spans,
    strong,
)
from neuroalrnn.regimes.hidden_states import (
    compare_labels,
    cross_labels,
    describe_by_state,
    describe_states,
)
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import Table

# adjusted Rand index from which on two divisions are one
SAME, NONE = 0.8, "\N{EN DASH}"
WORDS = (("functional regime", "hidden state"), ("regime", "state"), ("Regime", "State"))
ONE_STATE = (
    "In every fold one state predicts validation subjects best: no hidden states were found."
)
SMOOTHED = (
    "A trial has the likeliest hidden state given all choices of its session (smoothed), under a "
    "GLM-HMM that never saw the subject. Such a state describes choices and cannot predict them."
)
BEFORE = (
    "Here a trial has the likeliest hidden state given the choices before it, under a GLM-HMM that "
    "never saw the subject. States are found in choices, so that only response times are tested."
)
MEANS = (
    "What inputs do and what choices are like on trials whose likeliest state, given the choices "
    "before them, is that of the column: mean over held-out subjects with its 95 % interval."
)
NO_TIMES = (
    "there are no response times, and choices, in which states are found, cannot be tested again"
)
MATCHED = (
    "States of the folds were matched by their weights, without looking at scores. Covariates are "
    "centred and scaled, so that weights may be compared."
)


def _there(asked):
    return "states" in asked.fit.tree.children


def _none(asked):
    if not _there(asked):
        return "no GLM-HMM of ours was fitted beside the AL-RNN (neuroalrnn compare)"
    return "" if asked.hidden.states["n_states"].max() > 1 else ONE_STATE


def _few(asked):
    """What the page says in place of answers; nothing where there is no GLM-HMM."""
    return _none(asked) if _there(asked) else ""


def _of_states(question, lacks=nothing, **changes):
    """A question about regimes, asked of hidden states; `lacks` says why it does not arise."""
    options = {"what": "hidden states", "retell": _states, "unasked": lacks, "needs": nothing}
    return _shy(through(question, "hidden", HIDDEN, **options, **changes))


def _shy(question):
    """A question that shows nothing where it does not arise."""

    def arises(asked):
        return _there(asked) and not question.unasked(asked)

    footnote = question.footnote if callable(question.footnote) else lambda _: question.footnote
    return replace(
        question,
        answer=tuple(_silent(part, arises) for part in question.answer),
        footnote=lambda asked: footnote(asked) if arises(asked) else (),
        unasked=lambda asked: _none(asked) or question.unasked(asked),
        needs=_few,
    )


def _silent(part, arises):
    """A part of an answer that shows nothing where its question does not arise."""
    if isinstance(part, Figure):
        return replace(part, when=lambda asked: arises(asked) and part.when(asked))
    if isinstance(part, Text):
        return replace(part, say=lambda asked: part.say(asked) if arises(asked) else "")
    return replace(part, make=lambda asked: part.make(asked) if arises(asked) else None)


def _states(text):
    for one, other in WORDS:
        text = text.replace(one, other)
    return text


def say_states(model, summary, called, n_states):
    """How many states there are, what each does, and how long it lasts.

    Parameters
    ----------
    model : str
        Name of the GLM-HMM.
    summary : pandas.DataFrame
        Table ``hidden_states``.
    called : list of str
        Names of the states.
    n_states : sequence of int
        Chosen in the folds.

    Returns
    -------
    str
    """
    low, high = min(n_states), max(n_states)
    found = count(low, "hidden state") if low == high else f"{low} to {high} hidden states"
    parts = [
        strong(f"{row.regime}, {called[row.regime]}")
        + f" ({number(100 * row.occupancy, 0)} % of trials, expected to last "
        f"{number(1 / max(1 - row.staying, 1e-9), 0)} trials"
        + (f", in {row.n_folds} of {len(n_states)} folds)" if row.n_folds < len(n_states) else ")")
        for row in summary.itertuples()
    ]
    said = joined([f"The {model} has {found}, chosen inside each fold:", parts[0]])
    for part in parts[1:]:
        said = said + "; " + part
    return said + "."


def say_overlap(row):
    """Whether hidden states and functional regimes are the same thing.

    Parameters
    ----------
    row : mapping
        A row of the table ``hidden_overlap``.

    Returns
    -------
    str
    """
    detail = (
        f" (adjusted Rand index {number(row['adjusted_rand'], 2)}; "
        f"{number(row['adjusted_rand_shifted'], 2)} on average, and at most "
        f"{number(row['shifted_high'], 2)} in 97.5 % of cases, when states are shifted within "
        "sessions)."
    )
    if row["adjusted_rand"] >= SAME:
        return strong("Hidden states are the functional regimes of the AL-RNN") + detail
    if row["adjusted_rand"] > row["shifted_high"]:
        return strong("Hidden states and functional regimes overlap, but are not the same") + detail
    return strong("Hidden states are not the functional regimes of the AL-RNN") + detail


def _compare(asked):
    hidden, functional = asked.hidden, asked.functional
    if functional.verdict != "discrete":
        raise NotTestableError("the AL-RNN has no functional regimes to speak of")
    labels, others = hidden.regimes, functional.labels
    subject = asked.trials["subject"].values.astype(str)
    overlap = compare_labels(asked.fit, labels, others, asked.rng())
    return overlap, cross_labels(labels, others, subject)


def _effects(asked):
    """Mean effect of every input in every state, over subjects."""
    effects = asked.fit.effects.sel(model=str(asked.hidden.states["model"].values))
    columns = effects.stack(column=("input", "lag", "option")).transpose("trial", "column")
    values = columns.to_pandas()
    subject = asked.trials["subject"].values.astype(str)
    found = describe_by_state(asked.hidden.before_choice, values, subject)
    return found[found["n_subjects"] > 0].rename(columns={"mean": "input_effect"})


def _outcomes(asked):
    values = pd.DataFrame(compute_outcomes(asked.trials)).rename_axis(columns="outcome")
    subject = asked.trials["subject"].values.astype(str)
    return describe_by_state(asked.hidden.before_choice, values, subject)


def _read_weights(asked):
    """Weights as they are read: a row per term, a column per state."""
    table = asked.tables["hidden_weights"].rename(columns={"state_weight": "mean"})
    several = table["option"].nunique() > 1
    return _read(asked, "term", table["term"] + (", " + table["option"] if several else ""), table)


def _read_means(asked):
    """What inputs do in the states, and what choices are like: a column per state."""
    label = str(asked.trials["choice"].attrs["labels"][-1])
    named = {"choice": f"choice of {label}, share", "correct": "correct, share"}
    outcomes, parts = asked.tables["hidden_outcomes"], []
    if "hidden_effects" in asked.tables:
        effects = asked.tables["hidden_effects"]
        first = effects.groupby("input")["lag"].transform("min")
        effects = effects[effects["lag"] == first].rename(columns={"input_effect": "mean"})
        several = effects["option"].nunique() > 1
        told = "effect of " + effects["input"] + (" on " + effects["option"] if several else "")
        parts.append(effects.assign(outcome=told + ", log-odds"))
    if len(outcomes):
        parts.append(outcomes.replace({"outcome": named}))
    if not parts:
        return None
    table = pd.concat(parts, ignore_index=True)
    return _read(asked, "quantity", table["outcome"], table)


def _read(asked, head, rows, table):
    spans_of = spans(table["ci_low"], table["ci_high"], 2)
    told = [
        number(mean, 2) + (f" ({span})" if has else "")
        for mean, span, has in zip(table["mean"], spans_of, table["ci_low"].notna(), strict=True)
    ]
    wide = table.assign(**{head: rows, "told": told})
    wide = wide.pivot(index=head, columns="regime", values="told").fillna(NONE)
    wide = wide.loc[list(dict.fromkeys(rows))]
    wide.columns = [f"{k}: {asked.hidden.called[k]}" for k in wide.columns]
    return wide.reset_index()


def _no_times(hidden):
    return "" if "rt" in hidden.trials else NO_TIMES


def _relate(hidden):
    found = relate_to_behaviour(hidden.fit, hidden.before_choice)
    return found[found["outcome"] == "log rt"].reset_index(drop=True)


def _no_rule(hidden):
    return "" if hidden.rule else "no variable was named as the rule"


def _judge_rule(hidden):
    row = hidden.tables["rule_switches"].iloc[0].to_dict()
    # states are told nothing: they are found in choices
    return rule.describe_rule_test(row | {"rule_is_input": False}, hidden.rule, hidden.replicates)


def _draw(asked):
    hidden, (subject, session) = asked.hidden, example_session(asked.fit)
    return plot_hidden_states(
        hidden.weights, hidden.states, asked.trials, subject=subject, session=session,
        called=hidden.called,
    )  # fmt: skip


OWN = Question(
    name="hidden_states",
    section=HIDDEN,
    tables={
        "hidden_weights": lambda asked: asked.hidden.weights,
        "hidden_states": lambda asked: describe_states(
            asked.fit, asked.hidden.states, asked.hidden.regimes
        ),
        "hidden_effects": _effects,
        "hidden_outcomes": _outcomes,
        ("hidden_overlap", "hidden_shares"): _compare,
    },
    schema={
        "hidden_weights": Table(
            "hidden state, term of the regression and option",
            "regime term option state_weight ci_low ci_high n_folds",
        ),
        "hidden_states": Table(
            "hidden state", "regime occupancy ci_low ci_high n_subjects staying n_folds"
        ),
        "hidden_effects": Table(
            "hidden state, likeliest before the choice, and input: what it does in the GLM-HMM",
            "regime input lag option input_effect ci_low ci_high n_subjects",
        ),
        "hidden_outcomes": Table(
            "hidden state, likeliest before the choice, and outcome",
            "regime outcome mean ci_low ci_high n_subjects",
        ),
        "hidden_overlap": Table(
            "the one comparison", "adjusted_rand adjusted_rand_shifted shifted_high n_trials"
        ),
        "hidden_shares": Table(
            "hidden state and functional regime", "state regime share ci_low ci_high n_subjects"
        ),
    },
    columns={
        "input_effect": EFFECT_COLUMNS["input_effect"],
        "n_folds": Column("folds whose GLM-HMM has the state", dtype="int64"),
        "share": Column("share of trials", "share"),
        "shifted_high": Column("97.5 % of circular shifts of one of the two", "1"),
        "state": Column("hidden state, 0 for that used most", dtype="int64"),
        "state_weight": Column("weight in the state, mean over folds", "log odds"),
        "staying": Column("probability of the same state in the next trial", "probability"),
        "term": Column("term of the regression, as in neuroalrnn.data.design", dtype="str"),
    },
    answer=(
        Text(
            "hidden states",
            lambda asked: say_states(
                str(asked.hidden.states["model"].values),
                asked.tables["hidden_states"],
                asked.hidden.called,
                asked.hidden.states["n_states"].values.tolist(),
            ),
        ),
        Figure(
            "hidden_states",
            lambda asked: (
                "Left: weights of the regression in each state, mean over folds with a 95 % "
                "interval (jackknife over folds); of many terms the 12 with the largest weights. "
                "Right: probability of each state in the first "
                f"session of subject {example_session(asked.fit)[0]}, whose score is the median: "
                "given all choices of the session (top), and given those before each trial."
            ),
            _draw,
        ),
        Shown("weights of hidden states", _read_weights, noun="term"),
        Text("means in hidden states", lambda asked: "" if _read_means(asked) is None else MEANS),
        Shown("means in hidden states", _read_means, noun="quantity"),
        Text(
            "overlap with functional regimes",
            lambda asked: (
                say_overlap(asked.tables["hidden_overlap"].iloc[0])
                if "hidden_overlap" in asked.tables
                else "There are no functional regimes of the AL-RNN to compare them with."
            ),
        ),
    ),
    footnote=(MATCHED, SMOOTHED),
)
DESCRIBED = {"footnote": (UNIT_OF_INFERENCE, SMOOTHED)}
QUESTIONS = (
    _shy(OWN),
    _of_states(occupancy.QUESTION, title="Use of hidden states", **DESCRIBED),
    _of_states(dwell_times.QUESTION, **DESCRIBED),
    _of_states(transitions.QUESTION, **DESCRIBED),
    _of_states(switches.QUESTION, title="Switches of hidden states", **DESCRIBED),
    _of_states(
        rule.QUESTION,
        lacks=_no_rule,
        answer=(Text("changes of the rule", _judge_rule), rule.QUESTION.answer[-1]),
    ),
    _of_states(
        behaviour.QUESTION,
        lacks=_no_times,
        title="Response times in hidden states",
        tables={"behaviour": _relate},
        footnote=(UNIT_OF_INFERENCE, BEFORE),
    ),
)
