"""How many PWL units are needed together?"""

from neuroalrnn import plots
from neuroalrnn.mechanism.ablation.order import count_necessary, replace_greedily
from neuroalrnn.questions.mechanism.ablation import TITLE
from neuroalrnn.questions.mechanism.needs import REPLACEMENTS, not_apart
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import MECHANISM
from neuroalrnn.questions.words import span
from neuroalrnn.results.tables import COSTS, Table


def describe_necessary(necessary):
    """How many units cannot act affinely.

    Parameters
    ----------
    necessary : pandas.DataFrame
        Table ``mechanism_necessary``.

    Returns
    -------
    str
    """
    rows = necessary[necessary["replacement"] == "affine"]
    kept, all_units = span(rows["n_necessary"], 0), span(rows["n_pwl"], 0)
    return (
        f"{kept} of {all_units} PWL units per network cannot act affinely without a loss of more "
        "than 0.01 nats per trial on training subjects; the others can, which costs test subjects "
        f"{span(rows['cost'], 4)} nats per trial."
    )


def _compute(asked):
    costs = replace_greedily(asked.fit, replacements=REPLACEMENTS[:1])
    return costs, count_necessary(costs)


def _is_made(asked):
    return "mechanism_greedy" in asked.tables


QUESTION = Question(
    name="greedy",
    section=MECHANISM,
    title=TITLE,
    tables={("mechanism_greedy", "mechanism_necessary"): _compute},
    schema={
        "mechanism_greedy": Table(
            "fold, replacement, number of units and subject",
            f"fold replacement n_pwl n_replaced unit train_cost {COSTS}",
        ),
        "mechanism_necessary": Table(
            "fold and replacement", "fold replacement n_pwl n_necessary cost"
        ),
    },
    answer=(
        Text(
            "units needed",
            lambda asked: (
                describe_necessary(asked.tables["mechanism_necessary"]) if _is_made(asked) else ""
            ),
        ),
        Figure(
            "greedy",
            "Held-out cost of replacing 1, 2, ... units together, the least needed first (order "
            "found on training subjects); means over subjects with standard errors.",
            lambda asked: plots.plot_greedy(asked.tables["mechanism_greedy"]),
            when=_is_made,
        ),
    ),
    needs=not_apart,
    mechanism=True,
)
