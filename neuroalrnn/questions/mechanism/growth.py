"""How fast do small differences of the latent state grow or decay?"""

from neuroalrnn.mechanism.dynamics.growth import compute_functional_growth, compute_path_growth
from neuroalrnn.mechanism.dynamics.lyapunov import compute_lyapunov, stretch_together
from neuroalrnn.questions.mechanism.needs import (
    N_LAGS,
    codes_of,
    name_features,
    not_apart,
    used_codes,
)
from neuroalrnn.questions.question import Question
from neuroalrnn.questions.sections import MECHANISM
from neuroalrnn.results.tables import Table


def _lyapunov(asked):
    folds = [fold for fold in asked.fit.folds if len(fold.test.n_steps)]
    found = stretch_together([(fold.network, codes_of(fold)) for fold in folds])
    known = {fold.name: each for fold, each in zip(folds, found, strict=True)}

    def describe(fold):
        return compute_lyapunov(fold.network, codes_of(fold), stretching=known[fold.name])

    return asked.over_folds(describe)


def _path_growth(fold):
    return compute_path_growth(fold.network, codes_of(fold), N_LAGS)


def _functional_growth(fold):
    return name_features(compute_functional_growth(fold.network, used_codes(fold), N_LAGS), fold)


QUESTION = Question(
    name="growth",
    section=MECHANISM,
    tables={
        "mechanism_lyapunov": _lyapunov,
        "mechanism_path_growth": lambda asked: asked.over_folds(_path_growth),
        "mechanism_functional_growth": lambda asked: asked.over_folds(_functional_growth),
    },
    needs=not_apart,
    mechanism=True,
    schema={
        "mechanism_lyapunov": Table(
            "fold, sequence and direction",
            "fold sequence direction exponent n_steps transient n_minus_infinite",
        ),
        "mechanism_path_growth": Table(
            "fold and lag", "fold lag growth growth_low growth_high growth_largest n_steps"
        ),
        "mechanism_functional_growth": Table(
            "fold, regime, input and lag", "fold code input feature lag growth"
        ),
    },
)
