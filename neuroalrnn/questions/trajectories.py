"""What do inputs do as read-outs drift?"""

from neuroalrnn.behaviour.trajectories import average_trajectories, trace_effects
from neuroalrnn.plots.readouts import plot_effect_trajectories
from neuroalrnn.questions.adaptive import TRIAL
from neuroalrnn.questions.computation.input_effects import EFFECT_COLUMNS
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import SCORES
from neuroalrnn.results.tables import Table

TRACED, MEAN = "readout_effects", "mean_readout_effects"


def _none(asked):
    if "adaptive" not in asked.fit.tree.children:
        return "no read-outs that learn their subject were fitted (adaptive=True)"
    if asked.fit.explained != ["choice"] or asked.fit.predictions.sizes["option"] != 2:
        return "effects over trials are those of choices between two options, and of nothing else"
    return ""


QUESTION = Question(
    name="trajectories",
    section=SCORES,
    title="Effects of inputs as read-outs drift",
    tables={
        TRACED: lambda asked: trace_effects(asked.fit),
        MEAN: lambda asked: average_trajectories(asked.tables[TRACED]),
    },
    schema={
        TRACED: Table(
            "subject, trial and input: what it does under the smoothed read-out of the trial",
            "subject trial input lag input_effect ci_low ci_high",
        ),
        MEAN: Table(
            "input and trial: the mean of that over subjects",
            "input lag trial input_effect ci_low ci_high n_subjects",
        ),
    },
    columns={"trial": TRIAL, "input_effect": EFFECT_COLUMNS["input_effect"]},
    answer=(
        Figure(
            TRACED,
            "What inputs do to the choices of held-out subjects as their read-outs drift: mean "
            "over scored trials of a subject, were they made with the read-out of one trial. Top: "
            "mean over subjects with its 95 % interval over them, single subjects thin. Below: "
            "the first twelve subjects with 95 % intervals.",
            lambda asked: plot_effect_trajectories(asked.tables[TRACED], asked.tables[MEAN]),
        ),
    ),
    unasked=_none,
)
