"""Random networks of equal size and spectral radius, and the p values that they give."""

import numpy as np
from scipy.stats import binomtest

from neuroalrnn.data.scaling import carriers, scale_of
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.inputs import slow_limit
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import compute_latents
from neuroalrnn.regimes import compute_regimes, used_regimes

MOST_EXHAUSTIVE = 4
N_REGIMES = 16
N_TRIES = 50
LARGEST = 1e6


def choose_radius(network, regimes, n_steps) -> float:
    """Spectral radius for random networks: that of the network, within bounds.

    Parameters
    ----------
    network : Network
    regimes : int array
        Those that it visits.
    n_steps : int
        Length of the epoch. A random network never forgets faster than a mode that is slow in it,
        since otherwise any memory would look special; and never grows.

    Returns
    -------
    float
    """
    radius = _largest_radius(network, used_regimes(regimes))
    return float(np.clip(radius, slow_limit(n_steps), 1.0))


def random_network(network, radius, rng, *, n_pwl=None):
    """Draw an AL-RNN of equal size; entries normal, of the same mean square as the original's.

    ``a`` and ``W`` are scaled together, so that the largest spectral radius over regimes (all of
    them for P up to 4, otherwise 16 drawn ones) is `radius`. The mean square of ``C`` is kept for
    each feature.

    Parameters
    ----------
    network : Network
    radius : float
    rng : Generator
    n_pwl : int, optional
        Another number of PWL units; 0 makes a linear network.

    Returns
    -------
    Network
    """
    n_pwl = network.n_pwl if n_pwl is None else n_pwl
    names = ("self_slope", "weight", "input_weight", "bias", "initial", "readout")
    drawn = {name: _draw_like(getattr(network, name), name, rng) for name in names}
    if not drawn["weight"].any():
        drawn["weight"] = rng.standard_normal(network.weight.shape)
    drawn["self_slope"][: len(network.bias) - n_pwl] = 0.0
    made = network._replace(n_pwl=n_pwl, **drawn)
    many = n_pwl > MOST_EXHAUSTIVE
    codes = rng.integers(0, 2**n_pwl, N_REGIMES) if many else np.arange(2**n_pwl)
    scale = radius / max(_largest_radius(made, codes), np.finfo(float).tiny)
    return made._replace(self_slope=made.self_slope * scale, weight=made.weight * scale)


def _draw_like(value, name, rng):
    axis = 0 if name == "input_weight" else None
    return rng.standard_normal(value.shape) * np.sqrt((value**2).mean(axis=axis, keepdims=True))


def run_random_network(network, sequences, radius, rng, *, n_pwl=None):
    """Draw random networks until one stays bounded on these inputs.

    The weights that are drawn act on inputs around their means, so that it does not matter how a
    covariate is stored: a weight and what offsets it are not drawn apart.

    Parameters
    ----------
    network, radius, rng, n_pwl
        As for `random_network`.
    sequences : Sequences

    Returns
    -------
    network : Network
    regimes : int array, shape (sequence, step)

    Raises
    ------
    NotTestableError
        Fifty networks in a row grew beyond 1e6.
    """
    moved = carriers(sequences) * scale_of(sequences)[0][:, None]
    centred = _with_origin(network, moved)
    for _ in range(N_TRIES):
        drawn = _with_origin(random_network(centred, radius, rng, n_pwl=n_pwl), -moved)
        with np.errstate(over="ignore", invalid="ignore"):
            latents = compute_latents(drawn, sequences)
        if np.nanmax(np.abs(latents)) < LARGEST:
            return drawn, compute_regimes(latents, drawn.n_pwl)
    raise NotTestableError(f"random networks: {N_TRIES} in a row grew beyond {LARGEST:g}")


def _with_origin(network, moved):
    """The network as if inputs were measured from another origin, (own feature, feature + 1)."""
    change = network.input_weight[:, : len(moved)] @ moved
    return network._replace(
        input_weight=network.input_weight + change[:, :-1], bias=network.bias + change[:, -1]
    )


def null_p(effect, null) -> float:
    """Share of a null distribution at or above the effect, ``(b + 1) / (n + 1)``."""
    null = np.asarray(null)
    # rounding must not make an effect exceed its equal
    return float((1 + (null >= effect - 1e-9).sum()) / (1 + len(null)))


def sign_p(differences) -> float:
    """One-sided sign test that differences are positive; exact zeros are left out."""
    differences = np.asarray(differences)
    moved = np.abs(differences) > 1e-9 * max(np.abs(differences).max(initial=0), 1e-300)
    n = int(moved.sum())
    positive = int((differences[moved] > 0).sum())
    return float(binomtest(positive, n, alternative="greater").pvalue) if n else 1.0


def _largest_radius(network, codes):
    maps = np.array([compute_jacobian(network, code) for code in codes])
    return float(np.abs(np.linalg.eigvals(maps)).max())
