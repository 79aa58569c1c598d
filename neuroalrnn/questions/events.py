"""Do switches follow events inside the trial?"""

from neuroalrnn.questions.asked import no_regimes
from neuroalrnn.questions.question import Question, Text
from neuroalrnn.questions.sections import SWITCHES
from neuroalrnn.questions.words import capital, interval, number, p_value, strong
from neuroalrnn.regimes.locking import lock_within_trials
from neuroalrnn.results.tables import EFFECT, Table


def describe_event_tests(table, step):
    """Whether switches follow events inside the trial, or why that cannot be asked.

    Parameters
    ----------
    table : pandas.DataFrame
        Table ``event_switches``.
    step : str
        What a step of the encoding is.

    Returns
    -------
    list of str
    """
    if step == "trial" or not len(table):
        return ["There is one step per trial, so switches cannot be related to events within it."]
    tested = table[table["method"] != "not testable"]
    if not len(tested) and step == "event":
        return [
            strong("Not testable:") + " with event steps every trial has the same event at the "
            "same step, so swapping trials changes nothing, and switches that follow an event "
            "cannot be told from switches that follow the clock of the trial. The switch "
            "probability of each step is a description."
        ]
    return [_event_sentence(row) for row in table.to_dict("records")]


def _event_sentence(row):
    effect = capital(row["effect"])
    if row["method"] == "not testable":
        return f"{effect}: not testable ({row['note']})."
    direction = "no difference to swapped trials"
    if row["ci_low"] > 0:
        direction = strong("more often than in swapped trials")
    elif row["ci_high"] < 0:
        direction = strong("less often than in swapped trials")
    detail = f"{number(row['estimate'], 2)} null standard deviations, {interval(row, 2)}"
    return f"{effect}: " + direction + f" ({detail}, {p_value(row['p'])})."


QUESTION = Question(
    name="events",
    section=SWITCHES,
    title="Locked to events within the trial",
    tables={
        "event_switches": lambda asked: lock_within_trials(asked.fit, asked.regimes, asked.switches)
    },
    schema={
        "event_switches": Table(
            "event of the trial", f"effect {EFFECT} n_sessions n_sessions_not_testable note"
        ),
    },
    answer=(
        Text(
            "switches after events",
            lambda asked: describe_event_tests(
                asked.tables["event_switches"], asked.fit.encoding.get("step")
            ),
        ),
    ),
    footnote=(
        "Within trials the null gives each trial the switches of another trial of the same "
        "subject, session, stimuli and length, from the same bin of at most 20 consecutive trials.",
    ),
    needs=no_regimes,
)
