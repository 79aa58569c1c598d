"""What do held-out subjects lose when one PWL unit is replaced?"""

from neuroalrnn import plots
from neuroalrnn.mechanism.ablation.ablate import ablate_units, train_costs, unit_sets
from neuroalrnn.mechanism.ablation.order import sizes_at_once
from neuroalrnn.mechanism.ablation.summarise import compare_costs, summarise_map
from neuroalrnn.questions.mechanism.needs import REPLACEMENTS, not_apart
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import MECHANISM
from neuroalrnn.questions.words import interval, number, p_value
from neuroalrnn.regimes.replication import independent_groups
from neuroalrnn.results.tables import COSTS, EFFECT, Table

TITLE = "What breaks without a unit"


def describe_needed(tests, replicates):
    """What the unit that is needed most costs.

    Parameters
    ----------
    tests : pandas.DataFrame
        Table ``mechanism_ablation_tests``.
    replicates : callable
        The number of subjects that count, as text.

    Returns
    -------
    str
    """
    rows = tests[(tests["epoch"] == "all") & (tests["replacement"] == "affine")]
    row = rows.sort_values("rank").iloc[0]
    told = [interval(row), p_value(row["q"], "q"), replicates(row["n_subjects"])]
    return (
        "The unit that training subjects need most costs held-out subjects "
        f"{number(row['estimate'])} nats per trial when its best affine approximation takes its "
        f"place ({', '.join(told)})."
    )


def _compute(asked):
    """Costs of replacing each unit, their tests over subjects, and their map.

    One run over the training subjects serves both the rank of units and their order.
    """
    fit = asked.fit
    for fold in fit.folds:
        n_pwl = fold.network.n_pwl
        in_order = unit_sets(n_pwl, REPLACEMENTS[:1], sizes_at_once(n_pwl))
        train_costs(fold, [*unit_sets(n_pwl, REPLACEMENTS), *in_order])
    costs = ablate_units(fit, replacements=REPLACEMENTS, by=list(asked.map_by))
    # subjects with one stimulus order share inputs and network: their mean counts once
    groups = costs["subject"].astype(str).map(independent_groups(fit))
    tests = compare_costs(costs.assign(subject=groups), ["replacement", "rank", "epoch"])
    return costs, tests, summarise_map(costs)


def _is_tested(asked):
    return "mechanism_ablation_tests" in asked.tables


def _describe(asked):
    if not _is_tested(asked):
        return f"Nothing was replaced: {asked.tables.reasons['mechanism_ablation']}."
    return describe_needed(asked.tables["mechanism_ablation_tests"], asked.replicates)


QUESTION = Question(
    name="ablation",
    section=MECHANISM,
    title=TITLE,
    tables={("mechanism_ablation", "mechanism_ablation_tests", "mechanism_ablation_map"): _compute},
    schema={
        "mechanism_ablation": Table(
            "fold, unit, replacement, epoch and subject",
            f"fold unit replacement epoch rank {COSTS}",
            further="conditions",
        ),
        "mechanism_ablation_tests": Table(
            "replacement, rank of the unit and epoch", f"replacement rank epoch {EFFECT} q"
        ),
        "mechanism_ablation_map": Table(
            "fold and replacement: the unit and epoch that cost most",
            "fold replacement n_units n_epochs gini unit? epoch cost",
        ),
    },
    answer=(
        Text("units needed", _describe),
        Figure(
            "ablation",
            "Held-out cost of replacing a PWL unit at one epoch or at all (nats per trial, mean "
            "over subjects; red: used; hatched: q not below .05). Affine: by its best straight "
            "line, so that only the bend is missing; zero: by nothing.",
            lambda asked: plots.plot_ablation_panels(asked.tables["mechanism_ablation_tests"]),
            when=_is_tested,
        ),
    ),
    footnote=(
        "Costs are tested over subjects (t), all cells of the map one family (Benjamini-Hochberg); "
        "subjects who share a stimulus order share inputs and network, and count once, by their "
        "mean.",
        "Log-likelihoods below log 1e-12 count as that.",
    ),
    needs=not_apart,
    mechanism=True,
)
