"""How long does a visit to a regime last?"""

from neuroalrnn import plots
from neuroalrnn.questions.asked import no_regimes, not_discrete
from neuroalrnn.questions.question import Figure, Question, Shown, Text
from neuroalrnn.questions.sections import REGIMES
from neuroalrnn.questions.words import number, two_digits
from neuroalrnn.regimes.transitions import compute_dwell_survival, compute_mean_dwell_times
from neuroalrnn.results.tables import Table

HEADINGS = {
    "n_visits": "visits",
    "n_censored": "cut by the end",
    "naive_mean": "naive mean",
    "kaplan_meier_mean": "Kaplan-Meier mean",
    "geometric_mean": "1 / (1 - staying)",
}


def _caption(asked):
    edge = number(100 * asked.tables["dwell_times"]["censored"].mean(), 1)
    return (
        f"Visits to a regime that last at least so many {asked.unit}s: Kaplan-Meier curves over "
        f"the visits of all subjects, of which {edge} % are cut by the end of a sequence and "
        "count as long as they were observed. A curve ends where fewer than 10 visits are left. A "
        "description without errors: visits are not replicates."
    )


QUESTION = Question(
    name="dwell_times",
    section=REGIMES,
    tables={
        "dwell_times": lambda asked: asked.dwell_times,
        "dwell_survival": lambda asked: compute_dwell_survival(asked.dwell_times),
        "mean_dwell_times": lambda asked: compute_mean_dwell_times(asked.dwell_times),
    },
    schema={
        "dwell_times": Table(
            "visit to a regime", "subject session sequence regime n_steps censored row column"
        ),
        "dwell_survival": Table("regime and length", "regime n_steps survival n_at_risk"),
        "mean_dwell_times": Table(
            "regime", "regime n_visits n_censored naive_mean kaplan_meier_mean geometric_mean"
        ),
    },
    answer=(
        Figure(
            "dwell_times",
            _caption,
            lambda asked: plots.plot_dwell_times(
                asked.tables["dwell_survival"], called=asked.called
            ),
        ),
        Text(
            "mean dwell times",
            lambda asked: (
                f"Mean length of a visit in {asked.unit}s, pooled over subjects: of the visits "
                "that were not cut (naive), by Kaplan-Meier, and 1 / (1 - probability of "
                "staying), which agrees where leaving does not depend on how long the visit "
                "has lasted."
            ),
        ),
        Shown(
            "mean dwell times",
            lambda asked: asked.tables["mean_dwell_times"].rename(columns=HEADINGS),
            noun="regime",
            formats=dict.fromkeys(list(HEADINGS.values())[2:], two_digits),
        ),
    ),
    unasked=not_discrete,
    needs=no_regimes,
)
