"""Which regimes of a network act alike on what it visits?"""

from neuroalrnn.mechanism.classes import compute_held_out_classes
from neuroalrnn.questions.mechanism.needs import not_apart
from neuroalrnn.questions.question import Question, Text
from neuroalrnn.questions.sections import MECHANISM
from neuroalrnn.questions.words import count
from neuroalrnn.results.tables import Table


def describe_merged(classes):
    """How many regimes act like another one.

    Parameters
    ----------
    classes : pandas.DataFrame
        Table ``mechanism_dynamical_classes``.

    Returns
    -------
    str
    """
    folds = classes.groupby("fold")
    lost = (folds["code"].nunique() - folds["dynamical_class"].nunique()).sum()
    if not lost:
        return "No two regimes of a network act alike on what it visits: none can be merged."
    return f"{count(int(lost), 'regime')} act like another one of the same network."


QUESTION = Question(
    name="dynamical_classes",
    section=MECHANISM,
    tables={"mechanism_dynamical_classes": lambda asked: compute_held_out_classes(asked.fit)},
    schema={
        "mechanism_dynamical_classes": Table(
            "fold and visited regime",
            "fold n_pwl code dynamical_class n_steps class_share n_regimes largest_error",
        ),
    },
    answer=(
        Text(
            "regimes alike",
            lambda asked: describe_merged(asked.tables["mechanism_dynamical_classes"]),
        ),
    ),
    needs=not_apart,
    mechanism=True,
)
