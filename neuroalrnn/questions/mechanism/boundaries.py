"""How many steps lie so close to a boundary that a small change would turn their regime?"""

from neuroalrnn.questions.mechanism.needs import not_apart
from neuroalrnn.questions.question import Question, Text
from neuroalrnn.questions.sections import MECHANISM
from neuroalrnn.regimes.boundaries import compute_boundary_distance, compute_fragile_share
from neuroalrnn.results.tables import Table


def describe_fragile(fragile):
    """The share of fragile steps, by step.

    Parameters
    ----------
    fragile : pandas.DataFrame
        Table ``mechanism_fragile_share``.

    Returns
    -------
    str
    """
    by_step = fragile.groupby("step", observed=True)["fragile_share"].mean()
    told = ", ".join(f"{100 * value:.0f} % at {step}" for step, value in by_step.items())
    return (
        "Steps within a tenth of a standard deviation of a boundary, whose regime a small change "
        f"would turn: {told}."
    )


def _compute(asked):
    return compute_fragile_share(compute_boundary_distance(asked.fit), asked.trials, by=("step",))


QUESTION = Question(
    name="fragile_share",
    section=MECHANISM,
    tables={"mechanism_fragile_share": _compute},
    schema={
        "mechanism_fragile_share": Table(
            "subject and step", "subject step fragile_share median_distance n_steps limit"
        ),
    },
    answer=(
        Text(
            "closeness to boundaries",
            lambda asked: describe_fragile(asked.tables["mechanism_fragile_share"]),
        ),
    ),
    needs=not_apart,
    mechanism=True,
)
