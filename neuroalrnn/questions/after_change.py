"""What happens in the trials after a change of the rule, which nobody may have announced?"""

import numpy as np

from neuroalrnn import plots
from neuroalrnn.behaviour.changes import follow_changes
from neuroalrnn.questions.asked import no_regimes, not_discrete
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import SWITCHES
from neuroalrnn.questions.words import count, interval, number, p_value, span, strong
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import EFFECT, Table

NAMES = {"switch": "switches", "correct": "correctness", "log rt": "reaction time"}
WORDS = {
    "switch": ("Regimes switch more often", "Regimes switch less often"),
    "correct": ("Choices are correct more often", "Choices are correct less often"),
    "log rt": ("Responses are slower", "Responses are faster"),
}


def describe_window(row, told=False):
    """What is different in the trials after a change of the rule.

    Parameters
    ----------
    row : mapping
        A row of the table ``after_changes``.
    told : bool
        Whether the rule is an input.

    Returns
    -------
    str
    """
    name, _, window = row["effect"].partition(" within ")
    if not np.isfinite(row["estimate"]):
        return f"{name} within {window}: not testable ({row['note']})."
    detail = f" ({number(row['estimate'], 2)} null standard deviations, {interval(row, 2)}, "
    detail += f"{p_value(row['p'])}, {p_value(row['q'], 'q')})."
    if row["q"] >= 0.05:
        return f"No difference in {NAMES[name]} was found within {window}{detail}"
    text = f"{WORDS[name][int(row['estimate'] < 0)]} within {window}"
    if told and name == "switch":
        return f"{text}{detail[:-1]}; the network is told the rule."
    return strong(text) + detail


def describe_latencies(table):
    """After how many trials regimes switch.

    Parameters
    ----------
    table : pandas.DataFrame
        Table ``switch_latencies``.

    Returns
    -------
    str
    """
    known = table["latency"].dropna()
    n_changes, n_cut = int(table["n_changes"].sum()), int(table["n_cut"].sum())
    text = f"Of {count(n_changes, 'change')}, {n_cut} are followed by no switch within 30 trials "
    text += "or before the next change."
    if not len(known):
        return f"{text} No subject switches after half of the changes."
    return (
        f"The first switch comes {known.median():g} trials after a change (median over "
        f"{count(len(known), 'subject')} of their medians, {span(known, 0)}; 0 is the trial of the "
        f"change itself). {text}"
    )


def _compute(asked):
    found = follow_changes(asked.fit, asked.regimes, asked.rule, random_state=asked.random_state)
    return found.tests, found.latencies, found.survival, found.curves


def _no_rule(asked):
    return not_discrete(asked) if asked.rule else "no variable was named as the rule"


def _tests(asked):
    told = asked.rule in asked.fit.encoding["inputs"]
    return [describe_window(row, told) for row in asked.tables["after_changes"].to_dict("records")]


def _caption(asked):
    window = asked.tables["after_changes"]["window"].iloc[0]
    return (
        f"Around changes of {asked.rule}. First panel: share of changes that no switch has "
        "followed (Kaplan-Meier; changes are cut by the next one and the end of a session), with "
        "95 % of circular shifts of the changes. Others: means over subjects; grey and shaded are "
        "95 % of circular shifts of what is left without slow trends. Tests compare the first "
        f"{count(int(window), 'trial')} after a change with all others."
    ) + asked.shared_orders()


QUESTION = Question(
    name="after_changes",
    section=SWITCHES,
    title="In the trials after a change of the rule",
    tables={("after_changes", "switch_latencies", "switch_survival", "around_changes"): _compute},
    schema={
        "after_changes": Table(
            "switches, correctness and reaction time",
            f"effect {EFFECT} n_sessions? n_sessions_not_testable? trend_degree? note window q",
        ),
        "switch_latencies": Table(
            "subject", "subject n_changes n_cut latency_low latency latency_high"
        ),
        "switch_survival": Table(
            "trial after the change (lag)",
            "lag unswitched standard_error n_subjects null_mean null_low null_high",
        ),
        "around_changes": Table(
            "outcome, new value of the rule, and lag, in trials",
            "outcome rule_value lag average null_mean null_low null_high n_subjects",
        ),
    },
    columns={
        "average": Column("mean over subjects", "of the outcome"),
        "latency": Column("median trials to the first switch after a change", "trials"),
        "latency_high": Column("upper quartile of these", "trials"),
        "latency_low": Column("lower quartile of these", "trials"),
        "n_changes": Column("changes of the rule", "", "int64"),
        "n_cut": Column("changes without a switch in time", "", "int64"),
        "rule_value": Column("rule after the change; empty: any", "", "str"),
        "unswitched": Column("changes that no switch has followed so far", "share"),
        "window": Column("trials after a change that are compared with others", "trials", "int64"),
    },
    answer=(
        Text("trials after a change", _tests),
        Text(
            "latencies of switches",
            lambda asked: describe_latencies(asked.tables["switch_latencies"]),
        ),
        Figure(
            "after_changes",
            _caption,
            lambda asked: plots.plot_after_changes(
                asked.tables["switch_survival"],
                asked.tables["around_changes"],
                called=asked.called,
            ),
        ),
    ),
    footnote=(
        "The window after a change is half of the usual distance between changes, 30 trials at "
        "most. Tests shift it over the session, and slow trends are removed from both.",
    ),
    unasked=_no_rule,
    needs=lambda asked: no_regimes(asked) or ("" if asked.rule else _no_rule(asked)),
)
