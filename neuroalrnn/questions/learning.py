"""Was training long enough, and do restarts agree in how well they predict?"""

import numpy as np

from neuroalrnn import plots
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import LEARNING
from neuroalrnn.questions.words import code, count, joined, number


def describe_restarts(fit):
    """How far restarts are apart, and whether any was still getting better.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    str
    """
    score = fit.selection["validation_score"]
    score = score.where(np.isfinite(score))
    texts = ["There is one restart per P and fold: nothing to compare it with."]
    if score.sizes["restart_id"] > 1:
        apart = score.max("restart_id") - score.min("restart_id")
        texts = [
            f"Restarts differ on validation subjects by {number(float(apart.median()))} nats per "
            f"trial in the median over P and folds, and by {number(float(apart.max()))} at most."
        ]
    if late := _stopped_late(fit):
        found = f"In {count(late, 'fold')} the best check was the last one: longer training (more "
        texts.append(found + code("max_checks") + ") might do better.")
    return joined(texts)


def _stopped_late(fit):
    """Folds whose chosen restart was still getting better when training ended."""
    last, late = fit.history["n_updates"].values.max(), 0
    for index, n_pwl in enumerate(fit.selection["n_pwl_chosen"].values):
        one = fit.selection.isel(fold=index).sel(n_pwl=n_pwl)
        late += int(one["n_updates"].values[int(one["restart"])]) == last
    return late


QUESTION = Question(
    name="learning",
    section=LEARNING,
    answer=(
        Text("spread of restarts", lambda asked: describe_restarts(asked.fit)),
        Figure(
            "learning_curves",
            "Score on validation (blue) and training (orange) subjects of the inner parts, at the "
            "sufficient P, for at most twelve folds. Bold is the restart that was kept, the ring "
            "the number of updates. The first steep rise is cut.",
            lambda asked: plots.plot_learning_panels(asked.fit),
        ),
    ),
    footnote=(
        "Training length and restart were chosen on validation subjects, never on test subjects.",
    ),
)
