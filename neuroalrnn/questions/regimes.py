"""Which regimes do held-out trials visit?"""

from neuroalrnn import plots
from neuroalrnn.questions.asked import one_regime
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import REGIMES
from neuroalrnn.questions.words import UNIT_OF_INFERENCE, count
from neuroalrnn.results.tables import Table


def _visited(asked):
    n_regimes = count(asked.tables["occupancy"]["regime"].nunique(), "regime")
    return (
        f"Held-out steps visit {n_regimes}, numbered from 0 by how often they occur. The regime of "
        "a step decides the map to the next step."
    )


def _caption(asked):
    subject, session = plots.example_session(asked.fit)
    text = (
        f"Session {session} of subject {subject}, whose score is the median. Columns are trials, "
        "lines within a row are the steps of the task in order."
    )
    return text + (" The grey strip is the rule." if asked.rule else "")


def _draw(asked):
    subject, session = plots.example_session(asked.fit)
    named = {"subject": subject, "session": session, "rule": asked.rule}
    return plots.plot_regime_raster(asked.regimes, asked.trials, **named)


QUESTION = Question(
    name="regimes",
    section=REGIMES,
    title="Regimes of held-out trials",
    tables={
        "held_out_regimes": lambda asked: asked.regimes,
        "regimes": lambda asked: asked.held_out.codes,
    },
    schema={
        "regimes": Table("fold and regime", "fold n_pwl regime code n_steps"),
    },
    answer=(Text("number of regimes", _visited), Figure("regime_raster", _caption, _draw)),
    footnote=(
        UNIT_OF_INFERENCE,
        "Labels of the folds were matched by overlap on all trials, without looking at scores.",
    ),
    needs=one_regime,
)
