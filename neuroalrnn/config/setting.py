"""Hyperparameters of a model and of its training, checked before anything is computed."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from neuroalrnn.arguments import not_kind, refuse
from neuroalrnn.config.explain import explain
from neuroalrnn.config.table import Table
from neuroalrnn.exceptions import ConfigError, problems


def _whole(value):
    """Let integers of numpy through, and nothing else that is not an int."""
    try:
        return value if isinstance(value, bool | int) else operator.index(value)
    except TypeError:
        return value


Count = Annotated[int, Field(ge=1), BeforeValidator(_whole)]
Size = Annotated[int, Field(ge=0), BeforeValidator(_whole)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Strength = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Texts = Annotated[list[str], Field(min_length=1)]

DEFAULT_N_PWL = 2
# models that are trained together may differ in these
ALTERNATIVE = (
    "initialisation",
    "memory",
    "learning_rate",
    "halve_every",
    "weight_decay",
    "clip_norm",
    "attractor",
    "attractor_share",
    "stability",
    "l1",
    "l2",
    "latent_l1",
    "latent_l2",
)


class Hyperparameters(Table):
    """All of a `Setting` but ``n_pwl``, which a run file gives as a grid."""

    n_latent: Count = 6
    convention: Literal["reduced", "free"] = "reduced"
    initialisation: Literal["alrnn2024", "orthogonal", "timescales", "identity", "apart"] = (
        "alrnn2024"
    )
    memory: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 10.0
    learning_rate: Positive = 0.03
    halve_every: Size = 0
    weight_decay: Strength = 0.0
    attractor: Strength = 0.0
    stability: Strength = 0.0
    l1: Strength = 0.0
    l2: Strength = 0.0
    latent_l1: Strength = 0.0
    latent_l2: Strength = 0.0
    attractor_share: Share = 0.0
    clip_norm: Positive = 1.0
    batch_size: Count = 64
    check_every: Count = 20
    max_checks: Count = 50
    patience: Count = 10
    averaging: Fraction = 0.98
    window: Size = 0
    warm_up: Size = 0
    dtype: Literal["float32", "float64"] = "float32"


class Setting(Hyperparameters):
    """One choice of hyperparameters.

    Parameters
    ----------
    n_latent : int
        Number of latents, M.
    convention : {"reduced", "free"}
        Whether ``a`` of linear units is fixed at 0 (their self-weight is in ``W``) or trained too.
    initialisation : {"alrnn2024", "orthogonal", "timescales", "identity", "apart"}
        How the recurrence starts; see `neuroalrnn.model.init.draw`.
    memory : float
        Longest time constant at the start, in steps ("timescales"), or steps of input that move an
        integrator as far as one step moves the other units ("apart").
    learning_rate : float
        Learning rate of Adam.
    halve_every : int
        Number of updates after which the learning rate has halved; it falls exponentially. 0 keeps
        it constant.
    weight_decay : float
        Decoupled decay of off-diagonal ``W``, ``C`` and ``B``; off (0) by default.
    attractor, stability, l1, l2, latent_l1, latent_l2 : float
        Strengths of the penalties in `neuroalrnn.fit._penalties`, in nats per trial; off (0) by
        default.
    attractor_share : float
        Share of all latents that the penalty `attractor` pulls towards perfect integration, from
        the first on, PWL units too; 0 pulls the first half of the linear units, and where there is
        none of all.
    clip_norm : float
        Largest norm of a gradient; a larger gradient is scaled down to it.
    batch_size : int
        Sequences per update.
    check_every, max_checks, patience : int
        Validation subjects are scored every `check_every` updates, at most `max_checks` times.
        Training stops when `patience` checks in a row bring nothing better.
    averaging : float
        Decay of the running average of the weights, which is validated and kept; 0 for none.
    window, warm_up : int
        Long sequences are trained on in pieces of `window` steps after `warm_up` unscored ones;
        0 trains on whole sequences. Held-out subjects are always scored on whole sequences.
    dtype : {"float32", "float64"}
        Precision of training. Held-out scores are always computed in float64.
    n_pwl : int
        Number of PWL units among the latents, P: from 0 (truly linear) to `n_latent` (fully
        rectified).

    Raises
    ------
    ConfigError
        A key is unknown or a value impossible; the message names all of them.

    Examples
    --------
    >>> from neuroalrnn import Setting
    >>> setting = Setting(n_latent=4, n_pwl=2)
    >>> setting.n_pwl, setting.batch_size
    (2, 64)
    """

    n_pwl: Size = Field(
        default_factory=lambda given: min(DEFAULT_N_PWL, given.get("n_latent", DEFAULT_N_PWL))
    )

    def __init__(self, **values: Any) -> None:
        found = []
        try:
            super().__init__(**values)
        except ValidationError as error:
            found = explain(error, Setting, values)
        found += too_many_pwl([values.get("n_pwl")], values.get("n_latent"), "n_pwl")
        if found:
            raise problems(ConfigError, "Setting", found)


def as_setting(setting: Setting | Mapping | None) -> Setting:
    """Read an argument ``setting`` as a `Setting`.

    Parameters
    ----------
    setting : Setting, dict or None
        A dict holds the arguments of `Setting`; None is all defaults.

    Returns
    -------
    setting : Setting
        The same object, or a new one.

    Raises
    ------
    ConfigError
        It is something else, or a value is impossible.
    """
    if isinstance(setting, Mapping):
        return Setting(**{str(name): value for name, value in setting.items()})
    expected = "a Setting, such as Setting(n_latent=4), or a dict of its values"
    refuse("setting", not_kind("setting", setting, Setting | None, expected))
    return setting or Setting()


def expand(setting: Setting, alternatives: Mapping[str, Sequence]) -> tuple[Setting, ...]:
    """Build all combinations of alternative values of a setting.

    Parameters
    ----------
    setting : Setting
        Values of all other hyperparameters.
    alternatives : dict of str to sequence
        Values to try by name of the hyperparameter, one of `ALTERNATIVE`.

    Returns
    -------
    settings : tuple of Setting
        All combinations in the order of the values; the last name varies fastest.

    Raises
    ------
    ConfigError
        A hyperparameter cannot have alternatives, or a value is impossible; the message names all
        of them.

    Examples
    --------
    >>> from neuroalrnn.config import Setting, expand
    >>> [each.l2 for each in expand(Setting(), {"l2": [0.0, 0.1]})]
    [0.0, 0.1]
    """
    if not isinstance(alternatives, Mapping):
        found = [f"{alternatives!r}: expected a dict of lists, such as {{'l2': [0, 0.01]}}"]
        raise problems(ConfigError, "alternatives", found)
    found = [
        f"{name}: models that are trained together must share it; alternatives are possible for "
        f"{', '.join(ALTERNATIVE)}"
        for name in alternatives
        if name not in ALTERNATIVE
    ]
    found += [
        f"{name} = {values!r}: expected a list of one or more values"
        for name, values in alternatives.items()
        if isinstance(values, str) or not isinstance(values, Sequence) or not values
    ]
    found += [
        f"{name} = {values!r}: a value is there twice"
        for name, values in alternatives.items()
        if isinstance(values, Sequence) and len(set(map(str, values))) < len(values)
    ]
    if found:
        raise problems(ConfigError, "alternatives", found)
    given = as_setting(setting).model_dump()
    return tuple(
        Setting(**given | dict(zip(alternatives, values, strict=True)))
        for values in product(*alternatives.values())
    )


def too_many_pwl(grid: Iterable, n_latent: Any, where: str) -> list[str]:
    """Describe values of ``n_pwl`` above the number of latents; other checks find wrong types."""
    n_latent = Hyperparameters().n_latent if n_latent is None else n_latent
    if not isinstance(n_latent, int):
        return []
    return [
        f"{where} = {n_pwl}: more PWL units than latents; expected 0 (linear) to "
        f"n_latent = {n_latent} (fully rectified)"
        for n_pwl in grid
        if isinstance(n_pwl, int) and n_pwl > n_latent
    ]
