"""What does one unit of an input add to the read-out, and for how long?"""

from neuroalrnn import plots
from neuroalrnn.mechanism.inputs import compute_gains, compute_horizons
from neuroalrnn.questions.mechanism.needs import (
    LONGEST,
    N_LAGS,
    codes_of,
    inputs_of,
    name_features,
    not_apart,
)
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import MECHANISM
from neuroalrnn.results.tables import Table


def _gains(fold):
    return name_features(compute_gains(fold.network, codes_of(fold), N_LAGS), fold)


def _horizons(fold):
    return name_features(compute_horizons(fold.network, codes_of(fold), LONGEST), fold)


def _draw(asked):
    gains = asked.of_example("mechanism_gains")
    return plots.plot_gains_panels(gains, features=inputs_of(gains), labels=asked.labels)


QUESTION = Question(
    name="gains",
    section=MECHANISM,
    tables={
        "mechanism_gains": lambda asked: asked.over_folds(_gains),
        "mechanism_horizons": lambda asked: asked.over_folds(_horizons),
    },
    schema={
        "mechanism_gains": Table(
            "fold, regime, input, output and lag",
            "fold code input feature output lag gain_constant gain gain_sd gain_size n_steps",
        ),
        "mechanism_horizons": Table(
            "fold, regime and input",
            "fold code input feature horizon_constant horizon censored_share n_steps",
        ),
    },
    answer=(
        Figure(
            "gains",
            lambda asked: (
                f"Fold {asked.example.name}: what one unit of an input adds to the read-out (log "
                "odds) so many steps later, by the regime in which the input comes; bands are one "
                "standard deviation over paths, dashed lines what it would be if the regime "
                "stayed. Small changes: larger ones may switch a unit."
            ),
            _draw,
        ),
    ),
    needs=not_apart,
    mechanism=True,
)
