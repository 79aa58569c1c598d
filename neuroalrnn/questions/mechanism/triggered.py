"""What happens to behaviour around switches?"""

from neuroalrnn import plots
from neuroalrnn.behaviour.triggered import compute_triggered_averages
from neuroalrnn.questions.mechanism.needs import not_apart
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import MECHANISM

QUESTION = Question(
    name="triggered",
    section=MECHANISM,
    title="Behaviour around switches",
    tables={
        "mechanism_behaviour_around_switches": lambda asked: compute_triggered_averages(
            asked.fit, asked.linear.regimes
        )
    },
    answer=(
        Figure(
            "triggered",
            "Outcomes in the trials around a switch of the regime that decides the choice; dotted "
            "and shaded: mean and 95 % band of circular shifts within the session; filled: q < .05 "
            "over the lags of the outcome. What goes together need not cause each other: an input "
            "may do both.",
            lambda asked: plots.plot_triggered_panels(
                asked.tables["mechanism_behaviour_around_switches"]
            ),
        ),
    ),
    needs=not_apart,
    mechanism=True,
)
