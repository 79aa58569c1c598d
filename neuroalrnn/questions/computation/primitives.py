"""Which primitives do effects show, and which units does each computation need?"""

from neuroalrnn.mechanism.ablation.computation import compute_computing_units
from neuroalrnn.mechanism.primitives.accounts import compare_accounts
from neuroalrnn.questions.mechanism.needs import not_apart
from neuroalrnn.questions.question import Question, Shown, Text
from neuroalrnn.questions.sections import MECHANISM
from neuroalrnn.questions.words import number, two_digits
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import Table

# share of the effects of a regime that must change without a unit which it needs
NEEDED = 0.25
COLUMNS = ["primitive", "target", "by", "primitive_effect", "ci_low", "ci_high", "seen"]


def _primitives(asked):
    found = compare_accounts(asked.fit, asked.functional)
    names = {"effect": "primitive_effect", "seen_in_effects": "seen"}
    return found.rename(columns=names)[COLUMNS]


def describe_primitives(table):
    """What effects show of each primitive.

    Parameters
    ----------
    table : pandas.DataFrame
        Table ``mechanism_primitives``.

    Returns
    -------
    list of str
        One text per kind of primitive.
    """
    verbs = {
        "gating": "{target} by {by}",
        "rule-based integration": "{target} against {by}",
        "memory-dependent transient": "{target}, a trial later",
    }
    texts = []
    for kind, rows in table.groupby("primitive", sort=False):
        seen = rows[rows["seen"] == "yes"]
        told = [
            f"{verbs[kind].format(target=target, by=by)} ({number(size, 2)})"
            for target, by, size in seen[["target", "by", "primitive_effect"]].to_numpy()
        ]
        texts.append(f"{kind.capitalize()}: {'; '.join(told) or 'not seen in effects'}.")
    return texts


def describe_units(units):
    """Which units the computations need, over folds.

    Parameters
    ----------
    units : pandas.DataFrame
        Table ``mechanism_computing_units``.

    Returns
    -------
    str
    """
    share = units["effect_change"] / units["effect_size"]
    is_needed = share.groupby([units["fold"], units["unit"]]).max() >= NEEDED
    n_needed, n_units = int(is_needed.sum()), len(is_needed)
    return (
        f"Made linear one at a time, {n_needed} of {n_units} PWL units of the chosen networks "
        f"change the effects of some functional regime by {100 * NEEDED:.0f} % or more: these "
        "realise the computation."
    )


QUESTION = Question(
    name="primitives",
    section=MECHANISM,
    title="Primitives, as effects show them",
    tables={
        "mechanism_primitives": _primitives,
        "mechanism_computing_units": lambda asked: compute_computing_units(
            asked.fit, asked.functional
        ),
    },
    schema={
        "mechanism_primitives": Table(
            "primitive, input and what acts on it",
            "primitive target by primitive_effect ci_low ci_high seen",
        ),
        "mechanism_computing_units": Table(
            "fold, PWL unit and functional regime", "fold unit regime effect_size effect_change"
        ),
    },
    columns={
        "by": Column("gate, other input, or lag", dtype="str"),
        "effect_change": Column("root mean square change of effects without the unit", "log odds"),
        "effect_size": Column("root mean square of effects of the intact network", "log odds"),
        "primitive_effect": Column(
            "interaction, exchange (log odds), or share that is left a trial later", "see primitive"
        ),
        "seen": Column("whether effects show it: yes or no", dtype="str"),
    },
    answer=(
        Text(
            "primitives in effects",
            lambda asked: describe_primitives(asked.tables["mechanism_primitives"]),
        ),
        Shown(
            "primitives in effects",
            lambda asked: asked.tables["mechanism_primitives"].rename(
                columns={"primitive_effect": "size", "ci_low": "from", "ci_high": "to"}
            ),
            noun="primitive",
            formats=dict.fromkeys(("size", "from", "to"), two_digits),
        ),
        Text(
            "units of the computation",
            lambda asked: describe_units(asked.tables["mechanism_computing_units"]),
        ),
    ),
    footnote=(
        "Gating is an input whose effect depends on another; rule-based integration is a pair of "
        "regimes in which two inputs exchange their weights; a transient is an effect that is left "
        "a trial later.",
    ),
    needs=not_apart,
    mechanism=True,
)
