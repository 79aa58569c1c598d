"""Which regime follows which?"""

from neuroalrnn import plots
from neuroalrnn.questions.asked import no_regimes, not_discrete
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
            lambda asked: (
                f"Probability of the regime at the next {asked.unit}, given the one at this "
                f"{asked.unit}; rows sum to 1, mean over subjects, staying included. Empty: below "
                "0.005."
            ),
            lambda asked: plots.plot_transitions(asked.tables["transitions"], called=asked.called),
        ),
    ),
    unasked=not_discrete,
    needs=no_regimes,
)
