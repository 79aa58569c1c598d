"""The list of observation models, and how one is made from its name."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from neuroalrnn.arguments import unknown
from neuroalrnn.exceptions import ConfigError, NotTestableError
from neuroalrnn.model.observation.base import ObservationModel, joint
from neuroalrnn.model.observation.continuous import gaussian
from neuroalrnn.model.observation.counts import negative_binomial, poisson
from neuroalrnn.model.observation.discrete import bernoulli, categorical, ordinal
from neuroalrnn.model.observation.times import choice_rt, lognormal, shifted_lognormal

# those with a parameter n_options are given the number of options of the data
OBSERVATION_MODELS: dict[str, Callable[..., ObservationModel]] = {
    "bernoulli": bernoulli,
    "categorical": categorical,
    "ordinal": ordinal,
    "gaussian": gaussian,
    "poisson": poisson,
    "negative_binomial": negative_binomial,
    "lognormal": lognormal,
    "shifted_lognormal": shifted_lognormal,
    "choice_rt": choice_rt,
}
JOINED = " + "


def make_observation(name: str, n_options: int, **given: Any) -> ObservationModel:
    """Make an observation model from its name, with its defaults.

    Parameters
    ----------
    name : str
        One of `OBSERVATION_MODELS`.
    n_options : int
        Options of the choice.
    **given : anything
        Further arguments of the function in the list.

    Returns
    -------
    model : ObservationModel
        With the defaults of the function.

    Raises
    ------
    ConfigError
        There is no such model, or it cannot be made from its name alone.
    """
    if name not in OBSERVATION_MODELS:
        raise ConfigError(f"observation: {unknown(name, OBSERVATION_MODELS)}")
    make = OBSERVATION_MODELS[name]
    if "n_options" in signature(make).parameters:
        given = {"n_options": n_options} | given
    try:
        signature(make).bind(**given)
        return make(**given)
    except (TypeError, ConfigError) as error:
        text = f"{name!r} needs arguments: pass OBSERVATION_MODELS[{name!r}](...); {error}"
        raise ConfigError(f"observation: {text}") from error


def recall_observation(saved: Mapping[str, Any], n_options: int) -> ObservationModel:
    """Make the observation model of a saved fit again.

    Parameters
    ----------
    saved : mapping
        What the fit keeps of it: ``name``, ``variables``, ``given`` and ``outputs``.
    n_options : int
        Options of the choice.

    Returns
    -------
    model : ObservationModel
        The same as was fitted.

    Raises
    ------
    NotTestableError
        The model was made with arguments that the fit does not keep.
    """
    names = saved["name"].split(JOINED)
    given = {"available": list(saved["given"])} if saved["given"] else {}
    parts = []
    for name in names if set(names) <= set(OBSERVATION_MODELS) else ():
        takes = given if "available" in signature(OBSERVATION_MODELS[name]).parameters else {}
        parts.append(make_observation(name, n_options, **takes))
    found = parts[0] if len(parts) == 1 else joint(*parts) if parts else None
    same = ("name", "variables", "given", "outputs")
    if found is None or any(tuple(getattr(found, n)) != tuple(saved[n]) for n in same):
        raise NotTestableError(
            f"the observation model {saved['name']!r} of the fit was made with arguments of its "
            "own, which a fit does not keep: pass it as observation"
        )
    return found
