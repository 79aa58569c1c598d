"""At which steps, and in which conditions, do regimes switch?"""

from neuroalrnn import plots
from neuroalrnn.questions.asked import one_regime
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import SWITCHES
from neuroalrnn.questions.words import UNIT_OF_INFERENCE
from neuroalrnn.regimes.switches import compute_switch_probability_by
from neuroalrnn.results.tables import Table

CAPTION = (
    "Probability that the regime differs from that of the step before. Faint dots are subjects."
)


def _compute(asked):
    known = asked.known
    trials = asked.trials.isel(trial=known)
    return compute_switch_probability_by(asked.switches[known], trials, by=asked.by)


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
            lambda asked: CAPTION + asked.meanings(),
            lambda asked: plots.plot_switch_probability(asked.tables["switch_probability"]),
        ),
    ),
    footnote=(UNIT_OF_INFERENCE,),
    needs=one_regime,
)
