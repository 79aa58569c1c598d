"""What training needs to know about a family of recurrent networks, and the AL-RNN as one."""

from collections.abc import Callable
from dataclasses import dataclass

from neuroalrnn.model.alrnn import decayed_entries, frozen_entries, scale_inputs
from neuroalrnn.model.init import draw


@dataclass(frozen=True)
class Architecture:
    """A family of networks whose weights are a NamedTuple of tensors with a leading model axis.

    Parameters
    ----------
    name : str
        Name of the family.
    draw : callable
        ``draw(setting, n_pwl, n_features, *, offset, is_known, rng)`` draws the weights of one
        model, float64, without a model axis. `is_known` (subject,) says on whom it is trained.
    scan : callable
        ``scan(weights, n_pwl, observations, index, read_steps, backend)`` computes eta as the
        contract in `neuroalrnn.ops` says. `observations` has ``inputs`` and ``n_steps``; `backend`
        is the scan of a backend, for families that run on one.
    frozen : callable
        ``frozen(weights, n_pwl, setting)`` marks the entries that are not trained.
    decayed : callable
        ``decayed(weights)`` marks the entries that weight decay shrinks.
    scale_inputs : callable
        ``scale_inputs(weights, scaling)`` converts weights of scaled inputs to weights of the
        inputs as they are; see `Scaling`.
    log_prior : callable, optional
        ``log_prior(weights)``, shape (model,), in nats, is added to the log-likelihood of all
        training choices.
    learner : callable, optional
        ``learner(observations, weights)`` gives an object that computes the log-likelihood of all
        scored choices and its gradient faster than by `scan`, see
        `neuroalrnn.peers._numba_learn.Learner`; None where it cannot. Not with a `log_prior`.
    """

    name: str
    draw: Callable
    scan: Callable
    frozen: Callable
    decayed: Callable
    scale_inputs: Callable
    log_prior: Callable | None = None
    learner: Callable | None = None


def _draw(setting, n_pwl, n_features, *, offset, is_known, rng):
    return draw(
        setting.n_latent,
        n_pwl,
        n_features,
        initialisation=setting.initialisation,
        convention=setting.convention,
        memory=setting.memory,
        offset=offset,
        rng=rng,
    )


def _scan(weights, n_pwl, observations, index, read_steps, backend):
    return backend(weights, n_pwl, observations.inputs, index, observations.n_steps, read_steps)


ALRNN_ARCHITECTURE = Architecture(
    name="AL-RNN",
    draw=_draw,
    scan=_scan,
    frozen=lambda weights, n_pwl, setting: frozen_entries(weights, n_pwl, setting.convention),
    decayed=decayed_entries,
    scale_inputs=scale_inputs,
)
