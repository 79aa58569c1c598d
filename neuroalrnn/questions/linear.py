"""What is asked of functional regimes, asked of linear ones: the sign patterns of the networks."""

from functools import partial

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
from neuroalrnn.questions.question import Question
from neuroalrnn.questions.sections import LINEAR as SECTION
from neuroalrnn.questions.view import through
from neuroalrnn.results.tables import Table

of_linear = partial(through, view="linear", section=SECTION, what="linear regimes")
CODES = Question(
    name="sign_patterns",
    section=SECTION,
    tables={"linear_regimes": lambda asked: asked.held_out.codes},
    schema={"linear_regimes": Table("fold and regime", "fold n_pwl regime code n_steps")},
)
ABOUT = (regimes, occupancy, dwell_times, transitions, switches, events, rule, trend, behaviour)
QUESTIONS = (stability.QUESTION, CODES, *(of_linear(each.QUESTION) for each in ABOUT))
