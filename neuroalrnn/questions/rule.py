"""Do regimes switch when the rule of the task changes?"""

from neuroalrnn import plots
from neuroalrnn.questions.asked import no_regimes, not_discrete
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import SWITCHES
from neuroalrnn.questions.words import capital, count, interval, number, p_value, strong
from neuroalrnn.regimes.locking import lock_to_rule_changes
from neuroalrnn.results.tables import EFFECT, Table


def count_subjects(n):
    """A number of subjects as text.

    Parameters
    ----------
    n : int

    Returns
    -------
    str
    """
    return count(int(n), "subject")


def describe_rule_test(row, rule, replicates=count_subjects):
    """Whether switches come with changes of the rule.

    Parameters
    ----------
    row : mapping
        A row of the table ``rule_switches``.
    rule : str
    replicates : callable
        The number of subjects that count, as text.

    Returns
    -------
    str
    """
    detail = f"{number(row['estimate'], 2)} null standard deviations, {interval(row, 2)}"
    detail = f"({detail}, {p_value(row['p'])}, {replicates(row['n_subjects'])})"
    change = f"on the trial of a change of {rule}"
    if row["ci_low"] > 0 and row.get("rule_is_input", False):
        return (
            f"Regimes switch more often {change} {detail}. The network is told {rule}, so this "
            "says how it follows the rule, not that subjects do so."
        )
    if row["ci_low"] > 0:
        return strong(f"Regimes switch more often {change}") + f" {detail}."
    if row["ci_high"] < 0:
        return strong(f"Regimes switch less often {change}") + f" {detail}."
    return f"No association of switches with changes of {rule} was found {detail}."


def _lock(asked):
    locked, test = lock_to_rule_changes(asked.fit, asked.regimes, asked.rule, asked.random_state)
    return test, locked.to_dataframe().reset_index(), locked


def _no_rule(asked):
    return not_discrete(asked) if asked.rule else "no variable was named as the rule"


def _has_rule(asked):
    return asked.rule is not None


def _judge(asked):
    if not _has_rule(asked):
        return ""
    row = asked.tables["rule_switches"].iloc[0]
    return describe_rule_test(row, asked.rule, asked.replicates)


def _remark(asked):
    if not _has_rule(asked):
        return "No variable was named as the rule, so nothing was locked to its changes."
    note = str(asked.tables["rule_switches"].iloc[0].get("note", "") or "")
    return f"{capital(note)}." if note else ""


def _caption(asked):
    return (
        f"Probability that the regime {'before' if asked.unit == 'step' else 'of'} the choice "
        "differs from that on the trial before, "
        f"around changes of {asked.rule}. Grey: where the mean over subjects would lie in 95 % of "
        "cases if switches ignored the changes. Lags other than 0 are not tested."
    ) + asked.shared_orders()


QUESTION = Question(
    name="rule",
    section=SWITCHES,
    title="Locked to changes of the rule",
    tables={("rule_switches", "locked_switches", "locked"): _lock},
    schema={
        "rule_switches": Table(
            "the one test of the rule",
            f"effect {EFFECT} n_sessions n_sessions_not_testable trend_degree note rule_is_input",
        ),
        "locked_switches": Table(
            "subject and lag, in trials",
            "subject lag switch_probability n_events null_mean null_low null_high "
            "group_switch_probability group_null_mean group_null_low group_null_high",
        ),
    },
    answer=(
        Text("changes of the rule", _judge, main=True),
        Text("changes of the rule", _remark),
        Figure(
            "locked_switches",
            _caption,
            lambda asked: plots.plot_locked_switches(
                asked.tables["locked"], event=f"change of {asked.rule}"
            ),
            when=_has_rule,
        ),
    ),
    footnote=lambda asked: (
        "Over trials the null shifts switches against events within the session after slow trends "
        "are removed.",
        "The band holds 95 % of shifts at each lag by itself; the test is about lag 0.",
        asked.dependence(),
    ),
    unasked=_no_rule,
    needs=no_regimes,
)
