"""Does the use of regimes drift over the session?"""

from neuroalrnn import plots
from neuroalrnn.questions.asked import no_regimes, not_discrete
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import SWITCHES
from neuroalrnn.regimes import compute_occupancy_trend
from neuroalrnn.results.tables import Table

QUESTION = Question(
    name="trend",
    section=SWITCHES,
    title="Occupancy over the session",
    tables={"occupancy_trend": lambda asked: compute_occupancy_trend(asked.regimes, asked.trials)},
    schema={
        "occupancy_trend": Table(
            "subject, bin of trial number, and regime",
            "subject bin first_trial last_trial regime occupancy n_steps",
        ),
    },
    answer=(
        Figure(
            "occupancy_trend",
            lambda asked: (
                f"Share of {asked.unit}s in each regime against trial number, mean over subjects "
                "with a band of one standard error. A drift over the whole session makes regimes "
                "and anything else that drifts look related; ups and downs with the blocks of the "
                "task do not count as a drift."
            ),
            lambda asked: plots.plot_occupancy_trend(
                asked.tables["occupancy_trend"], called=asked.called
            ),
        ),
    ),
    unasked=not_discrete,
    needs=no_regimes,
)
