"""Where does the latent state go: fixed points, attractors, trials in the state space?"""

import numpy as np

from neuroalrnn import plots
from neuroalrnn.mechanism.dynamics.attractors import compute_attractors
from neuroalrnn.mechanism.dynamics.fixed_points import MOST_EXHAUSTIVE, compute_fixed_points
from neuroalrnn.mechanism.dynamics.portrait import compute_portrait
from neuroalrnn.questions.mechanism.needs import (
    codes_of,
    mean_inputs,
    name_steps,
    not_apart,
    used_codes,
)
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import MECHANISM
from neuroalrnn.results.tables import Table

N_PATHS = 12


def _fixed_points(fold):
    used = codes_of(fold) if fold.network.n_pwl > MOST_EXHAUSTIVE else None
    found = compute_fixed_points(fold.network, inputs=mean_inputs(fold.test), regimes=used)
    names = ["kind", "is_real", "margin", "spectral_radius", "n_unstable"]
    table = found[names].to_dataframe().reset_index()
    table = table[np.isin(table["code"], used_codes(fold)) | table["is_real"]]
    return name_steps(table, fold).reset_index(drop=True)


def _attractors(fold):
    found = compute_attractors(
        fold.network, used_codes(fold), inputs=mean_inputs(fold.test), latents=fold.test_latents
    )
    return name_steps(found.table, fold)


def _portrait(asked):
    fold = asked.example
    sequences, latents = fold.test, fold.test_latents
    first = np.unique(sequences.trial[sequences.trial >= 0])[:N_PATHS]
    return compute_portrait(
        fold.network,
        latents,
        paths=sequences.to_trials(latents)[first],
        inputs=mean_inputs(sequences)[0],
        features=sequences.features,
        labels=asked.labels,
    )


QUESTION = Question(
    name="state_space",
    section=MECHANISM,
    title="What each regime does with the inputs",
    tables={
        "mechanism_fixed_points": lambda asked: asked.over_folds(_fixed_points),
        "mechanism_attractors": lambda asked: asked.over_folds(_attractors),
        "mechanism_state_space": _portrait,
    },
    schema={
        "mechanism_fixed_points": Table(
            "fold, regime and step whose mean input is held",
            "fold code kind is_real margin spectral_radius n_unstable? step",
        ),
        "mechanism_attractors": Table(
            "fold, regime and step whose mean input is held",
            "fold code kind n_directions singular_ratio real imag distance_to_one is_real margin "
            "length length_sd drift is_defective step",
        ),
    },
    answer=(
        Figure(
            "state_space",
            lambda asked: (
                f"Fold {asked.example.name}: example trials in the plane of the first two "
                "principal components, coloured by regime, white dots where they start. Arrows: "
                "the next step under the mean input of the first step of a trial, held constant; "
                "discs are fixed points (filled: real, open: virtual; diamonds: unstable); "
                "numbered lines are boundaries z = 0 of PWL units."
            ),
            lambda asked: plots.plot_state_space(asked.tables["mechanism_state_space"]),
        ),
    ),
    needs=not_apart,
    mechanism=True,
)
