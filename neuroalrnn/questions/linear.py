"""What is asked of functional regimes, asked of linear ones: the sign patterns of the networks."""

from dataclasses import replace
from functools import wraps

from neuroalrnn.questions import (
    behaviour,
    dwell_times,
    events,
    occupancy,
    regimes,
    rule,
    stability,
    switches,
    transitions,
    trend,
)
from neuroalrnn.questions.asked import LINEAR
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import LINEAR as SECTION
from neuroalrnn.questions.sections import REGIMES
from neuroalrnn.results.tables import Table


def of_linear(question):
    """Ask a question about linear regimes.

    Parameters
    ----------
    question : Question
        About functional regimes.

    Returns
    -------
    Question
        Its name and those of its tables and figures begin with "linear_". What it says is no main
        finding.
    """
    return replace(
        question,
        name=LINEAR + question.name,
        section=SECTION,
        title=question.title or ("" if question.section is REGIMES else question.section.title),
        tables={_prefix(key): _ask_linear(make) for key, make in question.tables.items()},
        schema={LINEAR + name: table for name, table in question.schema.items()},
        answer=tuple(_part_of_linear(part) for part in question.answer),
        footnote=_ask_linear(question.footnote),
        unasked=_ask_linear(question.unasked),
        needs=_ask_linear(question.needs),
    )


def _prefix(names):
    return LINEAR + names if isinstance(names, str) else tuple(LINEAR + each for each in names)


def _ask_linear(ask):
    """The same function, of linear regimes; a text stays as it is."""
    if not callable(ask):
        return ask
    return wraps(ask)(lambda asked: ask(asked.linear))


def _part_of_linear(part):
    asks = {name: _ask_linear(each) for name, each in vars(part).items() if callable(each)}
    if isinstance(part, Figure):
        asks |= {"name": LINEAR + part.name}
    else:
        asks |= {"about": f"{part.about} (linear regimes)"}
    return replace(part, **asks | ({"main": False} if isinstance(part, Text) else {}))


CODES = Question(
    name="sign_patterns",
    section=SECTION,
    tables={"linear_regimes": lambda asked: asked.held_out.codes},
    schema={"linear_regimes": Table("fold and regime", "fold n_pwl regime code n_steps")},
)
ABOUT = (regimes, occupancy, dwell_times, transitions, switches, events, rule, trend, behaviour)
QUESTIONS = (stability.QUESTION, CODES, *(of_linear(each.QUESTION) for each in ABOUT))
