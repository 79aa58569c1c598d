"""Which inputs does the slowest mode of each regime take up?"""

from neuroalrnn import plots
from neuroalrnn.mechanism.inputs import compute_selection
from neuroalrnn.questions.mechanism.needs import inputs_of, name_features, not_apart, used_codes
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import MECHANISM
from neuroalrnn.questions.words import span
from neuroalrnn.results.tables import Table


def describe_slow(selection):
    """How many regimes hold a mode that outlasts a trial.

    Parameters
    ----------
    selection : pandas.DataFrame
        Table ``mechanism_selection``.

    Returns
    -------
    str
    """
    modes = selection.drop_duplicates(["fold", "code", "mode"])
    leading = modes.groupby(["fold", "code"])["modulus"].max()
    steps = modes[modes["slow"]].groupby(["fold", "code"]).size()
    return (
        f"{100 * len(steps) / len(leading):.0f} % of the visited regimes hold a mode that outlasts "
        f"a trial; the slowest modes have moduli of {span(leading, 3)}."
    )


def _selection(fold):
    found = compute_selection(fold.network, used_codes(fold), len(fold.test.steps))
    return name_features(found, fold)


def _draw(asked):
    features = inputs_of(asked.of_example("mechanism_gains"))
    return plots.plot_selection_map(
        asked.of_example("mechanism_selection"),
        modes="leading",
        features=features,
        labels=asked.labels,
    )


QUESTION = Question(
    name="selection",
    section=MECHANISM,
    tables={"mechanism_selection": lambda asked: asked.over_folds(_selection)},
    schema={
        "mechanism_selection": Table(
            "fold, regime, eigenvalue and input",
            "fold code input mode real imag modulus slow memory condition well_defined feature "
            "weight weight_imag alignment mode_gain",
        ),
    },
    answer=(
        Text("slow modes", lambda asked: describe_slow(asked.tables["mechanism_selection"])),
        Figure(
            "selection",
            lambda asked: (
                f"Fold {asked.example.name}: how much of each input the slowest mode of each "
                "regime takes up, and at the right how well the read-out sees that mode (1: all of "
                "it)."
            ),
            _draw,
        ),
    ),
    needs=not_apart,
    mechanism=True,
)
