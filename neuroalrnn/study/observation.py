"""Observation models in a fit: their data, their read-out, and what they say of held-out trials."""

import json
from dataclasses import replace

import numpy as np
import torch

from neuroalrnn.arguments import not_kind, refuse
from neuroalrnn.data import caution
from neuroalrnn.data.offered import check_offered, forced_trials, offered_names, offered_options
from neuroalrnn.data.schema import (
    is_after_choice,
    no_number,
    scored_trials,
    trial_variables,
    where,
)
from neuroalrnn.exceptions import ConfigError, DataError, problems
from neuroalrnn.model.observation import (
    OBSERVATION_MODELS,
    ObservationModel,
    check_values,
    joint,
    make_observation,
    option_log_probability,
    recall_observation,
)
from neuroalrnn.results.fold import available_options
from neuroalrnn.study.engine import one_torch_thread

CHOICE = "choice"
ONE_OPTION = "a single option offered"


def offer(trials, sequences, observation):
    """Tell the option sets to every model, and score no trial that offers a single option.

    Parameters
    ----------
    trials : xarray.Dataset
    sequences : Sequences
    observation : ObservationModel, str or None
        Its options that are not always available become ``choice.attrs["offered"]``; see
        `neuroalrnn.data.offered.offered_options`.

    Returns
    -------
    trials : xarray.Dataset
    sequences : Sequences

    Raises
    ------
    DataError
        If an option set cannot be, or an option was chosen that was not offered.
    """
    names = getattr(observation, "offered", {}).get(CHOICE)
    if names:
        choice = trials[CHOICE].assign_attrs(offered=list(names))
        trials = trials.assign({CHOICE: choice})
    check_offered(trials)
    forced = forced_trials(trials)
    if not forced.any():
        return trials, sequences
    if (forced == scored_trials(trials)).all():
        found = ["every scored trial offers a single option: there is nothing to predict"]
        raise problems(DataError, "options offered", found)
    n_forced = int(forced.sum())
    text = (
        f"{n_forced} scored trial{'s' if n_forced > 1 else ''} offered a single option "
        f"({where(forced)}): there is nothing to predict, so they count in no score; what was "
        "chosen there still drives the networks"
    )
    reasons = json.loads(trials.attrs.get("unscored", "[]"))
    reasons.append({"reason": ONE_OPTION, "n_trials": n_forced})
    if "unscored_reason" in trials:
        reason = np.where(forced, ONE_OPTION, trials["unscored_reason"].values.astype(object))
        trials = trials.assign(unscored_reason=("trial", reason))
    trials = caution(trials.assign_attrs(unscored=json.dumps(reasons)), [text], stacklevel=4)
    return trials, sequences.leave_out(forced)


def attach_observation(trials, sequences, observation):
    """Get everything ready to explain more than choices.

    Parameters
    ----------
    trials : xarray.Dataset
    sequences : Sequences
    observation : ObservationModel, str or None
        See `neuroalrnn.select_n_pwl`; without one, the choice among the options offered where
        more than two are not always.

    Returns
    -------
    observation : ObservationModel or None
    sequences : Sequences
        With the variables that it needs.

    Raises
    ------
    ConfigError
        If there is no model of this name.
    DataError
        Naming every variable that is missing, impossible, or told by the inputs.
    """
    n_options = len(sequences.labels)
    if observation is None and n_options > 2 and offered_options(trials) is not None:
        observation = OBSERVATION_MODELS["categorical"](n_options, available=offered_names(trials))
    if observation is None:
        return None, sequences
    observation = _with_choice(_by_name(observation, n_options), n_options)
    found = _find_unusable(trials, sequences, observation)
    if found:
        raise problems(DataError, f"observation {observation.name!r}", found)
    values = values_of(trials, observation)
    sequences = sequences.observe(values)
    scored = sequences.trial[sequences.scored]
    check_values(observation, {name: each[scored] for name, each in values.items()})
    _require_options(observation, n_options)
    return observation, sequences


def attach_fitted_observation(fit):
    """The trials of a fit of choices as it was trained on them.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    observation : ObservationModel or None
    sequences : Sequences

    Raises
    ------
    NotTestableError
        If the fit explains more than choices.
    """
    saved, sequences = fit.config.get("observation"), fit.sequences
    if saved is None:
        return None, sequences
    available_options(fit)
    observation = recall_observation(saved, len(sequences.labels))
    trials = fit.trials.assign_attrs(encoding=json.dumps(fit.encoding))
    return attach_observation(trials, sequences, observation)


def _by_name(observation, n_options):
    if isinstance(observation, ObservationModel):
        return observation
    expected = f"a name, or one of OBSERVATION_MODELS called, such as choice_rt({n_options})"
    refuse("observation", not_kind("observation", observation, str, expected))
    return make_observation(observation, n_options)


def _with_choice(observation, n_options):
    """The same model, and one of the choice where it has none."""
    if CHOICE in observation.variables:
        return observation
    plain = n_options == 2
    choices = (
        OBSERVATION_MODELS["bernoulli"]() if plain else OBSERVATION_MODELS["categorical"](n_options)
    )
    return joint(choices, observation)


def _find_unusable(trials, sequences, observation):
    known = trial_variables(trials)
    wanted = (*observation.variables, *observation.given)
    found = [no_number(trials, name, known) for name in wanted if name not in known]
    inputs = json.loads(trials.attrs["encoding"])["inputs"]
    found += [
        f"{name!r} is an input known before the choice: what is given cannot be explained"
        for name in observation.variables
        if name in inputs and name in known and not is_after_choice(trials, name)
    ]
    read_at = sequences.step_in_trial[sequences.scored]
    if "rt" in observation.variables and len(np.unique(read_at)) > 1:
        found.append("'rt' is told by the step at which the choice is read out: use step='event'")
    return found


def _require_options(observation, n_options):
    """Refuse a model of fewer or more options than the data have."""
    code = torch.arange(n_options, dtype=torch.float64)
    values = dict.fromkeys(observation.variables, torch.full_like(code, torch.nan))
    values |= dict.fromkeys(observation.given, torch.ones_like(code)) | {CHOICE: code}
    fits = not observation.faults(values)
    if fits:
        eta = torch.zeros(1, len(observation.outputs), dtype=torch.float64)
        given = {name: values[name][:1] for name in observation.given}
        each = option_log_probability(observation, eta, CHOICE, n_options, given)
        fits = bool(each.logsumexp(-1).abs() < 1e-6)
    if not fits:
        raise ConfigError(
            f"observation {observation.name!r}: its options are not the {n_options} of the data"
        )


def values_of(trials, observation):
    """Values of its variables in all trials, dict of str -> array, shape (trial,), float64."""
    names = (*observation.variables, *observation.given)
    return {name: trials[name].values.astype(float) for name in names}


def fingerprint(observation, pieces):
    """Arrays that differ where the data or the model of further variables do.

    Parameters
    ----------
    observation : ObservationModel or None
    pieces : Sequences

    Returns
    -------
    list of array
        What the model says of the data at its starting values, which also tells its constants;
        empty without a model.
    """
    if observation is None:
        return []
    values = {name: each[pieces.scored] for name, each in pieces.observed.items()}
    tensors = {name: torch.as_tensor(each) for name, each in values.items()}
    eta = observation.start(values).expand(int(pieces.scored.sum()), -1)
    log_likelihood = observation.log_likelihood(eta, tensors).numpy()
    return [*values.values(), log_likelihood, np.array(observation.outputs)]


def with_readout(architecture, observation):
    """A family of networks whose read-out an observation model asks for.

    Parameters
    ----------
    architecture : Architecture
    observation : ObservationModel

    Returns
    -------
    Architecture
        Rows of outputs that do not vary over steps are zero, and stay so; so do the offsets of
        fixed ones stay where they start, for all subjects.
    """
    constant = ~torch.tensor(observation.varying)[:, None]
    fixed = torch.tensor(observation.fixed)
    still = {"readout": constant, "by_readout": constant, "offset": fixed, "by_offset": fixed}

    def draw(*args, **kwargs):
        weights = architecture.draw(*args, **kwargs)
        zero = [name for name in still if name in weights._fields and name != "offset"]
        return weights._replace(
            **{name: getattr(weights, name).masked_fill(still[name], 0.0) for name in zero}
        )

    def frozen(weights, n_pwl, setting):
        found = architecture.frozen(weights, n_pwl, setting)
        names = [name for name in still if name in weights._fields]
        return found._replace(**{name: getattr(found, name) | still[name] for name in names})

    return replace(architecture, draw=draw, frozen=frozen)


def explain(observation, eta, values, n_options):
    """Log-probabilities of the choice, and log-likelihoods of what was observed.

    Parameters
    ----------
    observation : ObservationModel
    eta : Tensor, shape (..., output)
    values : dict of str -> Tensor, shape (...)
    n_options : int

    Returns
    -------
    options : array, shape (..., option)
        The choice alone, all other variables marginalised.
    others : dict of str -> array, shape (...)
        "joint": everything observed; under the name of each further variable its log-likelihood
        given the choice, NaN where it is missing.
    """
    given = {name: values[name] for name in observation.given}
    options = option_log_probability(observation, eta, CHOICE, n_options, given)
    missing = dict.fromkeys(observation.variables, torch.full_like(eta[..., 0], torch.nan))

    def of(*names):
        seen = {name: values[name] for name in names}
        return observation.log_likelihood(eta, missing | given | seen)

    others = {"joint": of(*observation.variables)}
    choice = of(CHOICE)
    for name in further(observation):
        each = of(CHOICE, name) - choice
        others[name] = torch.where(torch.isnan(values[name]), torch.nan, each)
    return options.numpy(), {name: each.numpy() for name, each in others.items()}


def further(observation):
    """Names of what an observation model explains beside the choice."""
    return [name for name in observation.variables if name != CHOICE]


def predict_constant(observation, trials, train, test):
    """Predict with the distribution of the training trials: offsets alone, by maximum likelihood.

    Parameters
    ----------
    observation : ObservationModel
    trials : xarray.Dataset
    train, test : int arrays
        Scored training trials, and trials to predict.

    Returns
    -------
    options, others
        As `explain`, of the test trials.
    """
    values = values_of(trials, observation)
    known = {name: torch.as_tensor(each[train]) for name, each in values.items()}
    values = {name: torch.as_tensor(each[test]) for name, each in values.items()}
    with one_torch_thread():
        eta = fit_constant(observation, known).expand(len(test), -1)
        return explain(observation, eta, values, len(trials[CHOICE].attrs["labels"]))


def fit_constant(observation, values):
    """Offsets of the best model without latents; the starting ones where none is better.

    Parameters
    ----------
    observation : ObservationModel
    values : dict of str -> Tensor, shape (trial,)
        Of everything that it explains, and that is given.

    Returns
    -------
    Tensor, shape (output,)
    """
    n_trials = len(values[CHOICE])
    start = observation.start(values)
    free = ~torch.tensor(observation.fixed)
    offset = start.clone().requires_grad_()

    def score():
        eta = torch.where(free, offset, start).expand(n_trials, -1)
        return observation.log_likelihood(eta, values).mean()

    def lose():
        offset.grad = None
        loss = -score()
        loss.backward()
        return loss

    with torch.no_grad():
        at_start = score()
    torch.optim.LBFGS([offset], max_iter=200, line_search_fn="strong_wolfe").step(lose)
    with torch.no_grad():
        return torch.where(free, offset, start) if score() >= at_start else start
