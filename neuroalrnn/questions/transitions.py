"""Which regime follows which?"""

from neuroalrnn import plots
from neuroalrnn.questions.asked import one_regime
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import REGIMES
from neuroalrnn.regimes.transitions import compute_transitions
from neuroalrnn.results.tables import Table


def _compute(asked):
    found = compute_transitions(asked.regimes, asked.trials, carry=asked.carry)
    return found.to_dataframe().reset_index()


QUESTION = Question(
    name="transitions",
    section=REGIMES,
    tables={"transitions": _compute},
    schema={
        "transitions": Table(
            "subject and pair of regimes", "subject regime regime_next transition_probability"
        ),
    },
    answer=(
        Figure(
            "transitions",
            "Probability of the regime at the next step, given the one at this step; rows sum to "
            "1, mean over subjects, staying included. Empty: below 0.005.",
            lambda asked: plots.plot_transitions(asked.tables["transitions"]),
        ),
    ),
    needs=one_regime,
)
