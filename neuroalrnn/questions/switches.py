"""At which steps, and in which conditions, do regimes switch?"""

from neuroalrnn import plots
from neuroalrnn.questions.asked import no_regimes, not_discrete
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import SWITCHES
from neuroalrnn.questions.words import UNIT_OF_INFERENCE
from neuroalrnn.regimes.switches import compute_switch_probability_by
from neuroalrnn.results.tables import Table

WITHIN = (
    "A trial has one functional regime: what happens within trials, and how fast, is asked of "
    "linear regimes only."
)


def _compute(asked):
    known = asked.known
    trials = asked.trials.isel(trial=known)
    return compute_switch_probability_by(asked.switches[known], trials, by=asked.by)


def _caption(asked):
    return (
        f"Probability that the regime differs from that of the {asked.unit} before. Faint dots are "
        "subjects."
    ) + asked.meanings()


QUESTION = Question(
    name="switches",
    section=SWITCHES,
    title="By step and condition",
    tables={"switches": lambda asked: asked.switches, "switch_probability": _compute},
    schema={
        "switch_probability": Table(
            "subject, step, and combination of conditions",
            "subject step switch_probability n_steps",
            further="conditions",
        ),
    },
    answer=(
        Figure(
            "switch_probability",
            _caption,
            lambda asked: plots.plot_switch_probability(asked.tables["switch_probability"]),
        ),
    ),
    footnote=lambda asked: (UNIT_OF_INFERENCE, *([] if asked.unit == "step" else [WITHIN])),
    unasked=not_discrete,
    needs=no_regimes,
)
