"""Which regimes do held-out trials visit?"""

import numpy as np
from markupsafe import Markup

from neuroalrnn import plots
from neuroalrnn.questions.asked import no_regimes, not_discrete
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import REGIMES
from neuroalrnn.questions.words import UNIT_OF_INFERENCE, count, joined, number, strong


def _visited(asked):
    used = asked.regimes.values[asked.regimes.values >= 0]
    labels, n_each = np.unique(used, return_counts=True)
    if asked.unit == "step":
        return (
            f"Held-out steps visit {count(len(labels), 'linear regime')} (sign patterns of the PWL "
            "units), numbered from 0 by how often they occur. The regime of a step decides the map "
            "to the next step."
        )
    shares = [
        f"{k}, " + strong(asked.called[k]) + f" ({number(100 * n / len(used), 0)} % of trials)"
        for k, n in zip(labels, n_each, strict=True)
    ]
    return joined(
        [
            f"Held-out trials are of {count(len(labels), 'functional regime')}, numbered from 0 by "
            "how often they occur; in each, inputs do the same to the choice:",
            Markup("; ").join(shares) + ".",
        ]
    )


def _caption(asked):
    subject, session = plots.example_session(asked.fit)
    of_steps = asked.unit == "step"
    text = (
        f"Session {session} of subject {subject}, whose score is the median. Columns are trials"
        + (", lines within a row are the steps of the task in order." if of_steps else ".")
    )
    return text + (" The grey strip is the rule." if asked.rule else "")


def _draw(asked):
    subject, session = plots.example_session(asked.fit)
    named = {"subject": subject, "session": session, "rule": asked.rule, "called": asked.called}
    return plots.plot_regime_raster(asked.regimes, asked.trials, **named)


QUESTION = Question(
    name="regimes",
    section=REGIMES,
    title="Regimes of held-out trials",
    tables={
        "held_out_regimes": lambda asked: asked.regimes,
    },
    answer=(Text("number of regimes", _visited), Figure("regime_raster", _caption, _draw)),
    footnote=(
        UNIT_OF_INFERENCE,
        "Labels of the folds were matched by overlap on all trials, without looking at scores.",
    ),
    unasked=not_discrete,
    needs=no_regimes,
)
