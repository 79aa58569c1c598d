"""Fixed points of all regimes of one network, beside solving each regime alone; one thread."""

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.record import rounded
from benchmarks.timing import Contestant, alternate
from neuroalrnn.mechanism.dynamics.fixed_points import compute_fixed_points
from neuroalrnn.network.maps import compute_jacobian, compute_slopes
from neuroalrnn.network.run import Network

N_LATENT, N_PWL = 64, 12
# standard deviation of the eigenvalues of W: none of the regimes of the first is near-singular
SIZES = {"well-conditioned": 0.5, "near-singular": 0.8}
PART = 256


def measure(*, n_rounds, quick=False):
    """Time ours, which also tells real from virtual and singular points, beside solutions alone.

    Parameters
    ----------
    n_rounds : int
    quick : bool
        A small network.

    Returns
    -------
    dict
        Per network: median seconds ``ours``, ``loop`` (``numpy.linalg.solve`` of each regime) and
        ``batched`` (of 256 regimes at once), their ratios to ours (medians over rounds), and
        ``error`` (largest difference to the loop, relative to each point).
    """
    size = (8, 4) if quick else (N_LATENT, N_PWL)
    with threadpool_limits(1):
        found = {name: _measure(make_network(*size, sd), n_rounds) for name, sd in SIZES.items()}
    return {"latents": size[0], "regimes": 2 ** size[1]} | found


def make_network(n_latent, n_pwl, size):
    """A random network.

    Parameters
    ----------
    n_latent, n_pwl : int
    size : float
        Of the weights: radius of their eigenvalues, about.

    Returns
    -------
    Network
    """
    rng = np.random.default_rng(0)
    slope = size * rng.uniform(size=n_latent)
    weight = size / np.sqrt(n_latent) * rng.standard_normal((n_latent, n_latent))
    inputs, bias = rng.standard_normal((n_latent, 3)), rng.standard_normal(n_latent)
    return Network(n_pwl, slope, weight, inputs, bias, 0 * bias, 0 * bias[None], np.zeros(1))


def solve_alone(network):
    """Point of every regime, (regime, latent), by a solver for each."""
    eye = np.eye(len(network.bias))
    codes = range(2**network.n_pwl)
    return np.array(
        [np.linalg.solve(eye - compute_jacobian(network, code), network.bias) for code in codes]
    )


def solve_batched(network):
    """Point of every regime, (regime, latent), many of them in one call."""
    base = np.eye(len(network.bias)) - np.diag(network.self_slope)
    slopes = np.array([compute_slopes(network, code) for code in range(2**network.n_pwl)])
    parts = [
        np.linalg.solve(base - network.weight * slopes[i : i + PART, None], network.bias[:, None])
        for i in range(0, len(slopes), PART)
    ]
    return np.concatenate(parts)[..., 0]


def format_found(found):
    """Lines that tell what `measure` found."""
    lines = [f"fixed points of {found['regimes']} regimes, {found['latents']} latents, one thread"]
    for name in SIZES:
        each = found[name]
        lines.append(
            f"  {name}: ours {1e3 * each['ours']:.1f} ms; loop {each['loop_ratio']:.0f}, "
            f"batched {each['batched_ratio']:.0f} times ours; error {each['error']:.0e}"
        )
    return "\n".join(lines)


def _measure(network, n_rounds):
    contestants = [
        Contestant("ours", lambda: compute_fixed_points(network, stability="none"), 1),
        Contestant("loop", lambda: solve_alone(network), 1),
        Contestant("batched", lambda: solve_batched(network), 1),
    ]
    seconds = alternate(contestants, n_rounds)
    found = compute_fixed_points(network, stability="none")
    point, expected = found["point"].values[:, 0], solve_alone(network)
    isolated = found["kind"].values[:, 0] == "isolated"
    error = np.abs(point - expected).max(axis=1) / np.abs(expected).max(axis=1)
    values = {name: np.median(each) for name, each in seconds.items()}
    values |= {
        f"{name}_ratio": np.median(seconds[name] / seconds["ours"]) for name in ("loop", "batched")
    }
    return rounded(values | {"error": error[isolated].max()})
