"""Hyperparameters of a model and of its training, checked before anything is computed."""

import operator
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from neuroalrnn.arguments import not_kind, refuse
from neuroalrnn.config.explain import explain
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
Fraction = Annotated[float, Field(ge=0, lt=1)]
Texts = Annotated[list[str], Field(min_length=1)]

DEFAULT_N_PWL = 2
# what models may differ in that are trained together
ALTERNATIVE = (
    "initialisation",
    "memory",
    "learning_rate",
    "halve_every",
    "weight_decay",
    "clip_norm",
    "attractor",
    "stability",
    "l1",
    "l2",
    "latent_l1",
    "latent_l2",
)


class Table(BaseModel):
    """What all tables of a run file share."""

    holds_tables: ClassVar[bool] = False
    # strict: a run file that says n_latent = "6" is mistaken, not lax
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Hyperparameters(Table):
    """Everything of a `Setting` but ``n_pwl``, which a run file gives as a grid."""

    n_latent: Count = 6
    convention: Literal["reduced", "free"] = "reduced"
    initialisation: Literal["alrnn2024", "orthogonal", "timescales", "identity"] = "alrnn2024"
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

    Attributes
    ----------
    n_latent : int
        Latents M.
    n_pwl : int
        PWL units P among them, 0 (truly linear) to `n_latent` (fully rectified).
    convention : {"reduced", "free"}
        Whether ``a`` of linear units is fixed at 0 (their self-weight is in ``W``) or trained too.
    initialisation : {"alrnn2024", "orthogonal", "timescales", "identity"}
        How the recurrence starts; see `neuroalrnn.model.init.draw`.
    memory : float
        Longest time constant at the start, in steps ("timescales" only).
    learning_rate, weight_decay, clip_norm : float
        Adam; decay is decoupled, acts on off-diagonal ``W``, ``C`` and ``B``, and is off (0) by
        default.
    halve_every : int
        The learning rate falls exponentially and has halved after so many updates; 0 keeps it
        constant.
    attractor, stability, l1, l2, latent_l1, latent_l2 : float
        Strengths of the penalties in `neuroalrnn.fit.regularise`, in nats per trial; off (0) by
        default.
    batch_size : int
        Sequences per update.
    check_every, max_checks, patience : int
        Validation subjects are scored every `check_every` updates, at most `max_checks` times;
        training stops when `patience` checks in a row bring nothing better.
    averaging : float
        Decay of the running average of the weights that is validated and kept; 0 for none.
    window, warm_up : int
        Long sequences are trained on in pieces of `window` steps after `warm_up` unscored ones;
        0 trains on whole sequences. Held-out subjects are always scored on whole sequences.
    dtype : {"float32", "float64"}
        Precision of training. Held-out scores are always computed in float64.

    Raises
    ------
    ConfigError
        Naming every unknown key (with the nearest known one) and every impossible value.
    """

    n_pwl: Size = Field(
        default_factory=lambda given: min(DEFAULT_N_PWL, given.get("n_latent", DEFAULT_N_PWL))
    )

    def __init__(self, **values):
        found = []
        try:
            super().__init__(**values)
        except ValidationError as error:
            found = explain(error, Setting, values)
        found += too_many_pwl([values.get("n_pwl")], values.get("n_latent"), "n_pwl")
        if found:
            raise problems(ConfigError, "Setting", found)


def as_setting(setting: Setting | Mapping | None) -> Setting:
    """The setting of an argument ``setting``.

    Parameters
    ----------
    setting : Setting, dict or None
        A dict holds what `Setting` would be given; None is all defaults.

    Returns
    -------
    Setting

    Raises
    ------
    ConfigError
    """
    if isinstance(setting, Mapping):
        return Setting(**{str(name): value for name, value in setting.items()})
    expected = "a Setting, such as Setting(n_latent=4), or a dict of its values"
    refuse("setting", not_kind("setting", setting, Setting | None, expected))
    return setting or Setting()


def expand(setting: Setting, alternatives: Mapping[str, Sequence]) -> tuple[Setting, ...]:
    """All combinations of alternative values of a setting.

    Parameters
    ----------
    setting : Setting
    alternatives : dict of str -> sequence
        Values to try by name of the hyperparameter, one of `ALTERNATIVE`.

    Returns
    -------
    tuple of Setting
        In the order of the values, the last name varying fastest.

    Raises
    ------
    ConfigError
        Naming every hyperparameter that all settings must share, and every impossible value.
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


def too_many_pwl(grid, n_latent, where: str) -> list[str]:
    """Texts for values of ``n_pwl`` above the number of latents; wrong types are left to others."""
    n_latent = Hyperparameters().n_latent if n_latent is None else n_latent
    if not isinstance(n_latent, int):
        return []
    return [
        f"{where} = {n_pwl}: more PWL units than latents; expected 0 (linear) to "
        f"n_latent = {n_latent} (fully rectified)"
        for n_pwl in grid
        if isinstance(n_pwl, int) and n_pwl > n_latent
    ]
