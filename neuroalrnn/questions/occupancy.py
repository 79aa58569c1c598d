"""How much time is spent in each regime, by step and condition?"""

from neuroalrnn import plots
from neuroalrnn.questions.asked import no_regimes, not_discrete
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import REGIMES
from neuroalrnn.questions.words import UNIT_OF_INFERENCE
from neuroalrnn.regimes import compute_occupancy
from neuroalrnn.results.tables import Table


def _compute(asked):
    known = asked.known
    return compute_occupancy(
        asked.regimes[known], trials=asked.trials.isel(trial=known), by=asked.by
    )


def _caption(asked):
    return (
        f"Share of {asked.unit}s in each regime, mean over subjects; whiskers are standard errors "
        "of each part."
    ) + asked.meanings()


QUESTION = Question(
    name="occupancy",
    section=REGIMES,
    tables={"occupancy": _compute},
    schema={
        "occupancy": Table(
            "subject, step, combination of conditions, and regime",
            "subject step regime occupancy n_steps",
            further="conditions",
        ),
    },
    answer=(
        Figure(
            "occupancy",
            _caption,
            lambda asked: plots.plot_occupancy(asked.tables["occupancy"], called=asked.called),
        ),
    ),
    footnote=lambda asked: (
        UNIT_OF_INFERENCE,
        "Occupancy by condition is a description: inputs drive regimes, so that a dependence on "
        "conditions is expected.",
        asked.dependence(),
    ),
    unasked=not_discrete,
    needs=no_regimes,
)
