"""The same gradient in JAX: ``jit(vmap(value_and_grad(lax.scan)))``, on the cores XLA takes."""

import time
from functools import partial
from importlib.util import find_spec

from neuroalrnn.ops import Weights

UNROLLED = (1, 4)


def is_installed():
    """Whether JAX is there; it is needed by nothing else."""
    return find_spec("jax") is not None


def compile_gradient(problem, unroll=1):
    """Compile the gradient of a problem.

    Parameters
    ----------
    problem : Problem
    unroll : int
        Steps per turn of the compiled loop.

    Returns
    -------
    run : callable
        Returns (value, gradient) with a model axis, once both are there.
    seconds : float
        Time of tracing and compilation.
    """
    import jax

    cpu = jax.devices("cpu")[0]

    def array(values):
        return jax.device_put(values.numpy(), cpu)

    weights = Weights(*map(array, problem.weights))
    inputs = array(problem.inputs.transpose(0, 1).contiguous())
    sign = array(1.0 - 2.0 * problem.choice.T)
    one = partial(_log_likelihood, n_pwl=problem.workload.n_pwl, unroll=unroll)
    gradient = jax.jit(jax.vmap(jax.value_and_grad(one), in_axes=(0, None, None)))
    start = time.perf_counter()
    compiled = gradient.lower(weights, inputs, sign).compile()
    seconds = time.perf_counter() - start
    return lambda: jax.block_until_ready(compiled(weights, inputs, sign)), seconds


def _log_likelihood(weights, inputs, sign, *, n_pwl, unroll):
    import jax
    from jax import numpy as jnp

    a, W, C, h, z_0, B, d = weights
    is_pwl = jnp.arange(len(a)) >= len(a) - n_pwl

    def step(z, s):
        phi = jnp.where(is_pwl, jnp.maximum(z, 0.0), z)
        z = a * z + phi @ W.T + s @ C.T + h
        return z, (z @ B.T + d)[:, 0]

    start = jnp.broadcast_to(z_0, (inputs.shape[1], len(a)))
    _, eta = jax.lax.scan(step, start, inputs, unroll=unroll)
    return -jax.nn.softplus(eta * sign).sum()
