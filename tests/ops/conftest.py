"""Backends of the scan; Triton's runs on a GPU, else under Triton's interpreter."""

import os
from importlib import import_module
from types import SimpleNamespace

import pytest
import torch

from neuroalrnn.ops import BACKENDS, Weights, present

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # triton reads this when it is imported
N_FEATURES = 3


def load_scan(name):
    """The scan of a backend, or a skipped test where it cannot be had."""
    if BACKENDS[name].needs:
        pytest.importorskip(BACKENDS[name].needs)
    scan = import_module(f"neuroalrnn.ops.{name}").scan
    return _on_gpu(scan) if BACKENDS[name].devices == ("cuda",) else scan


def _on_gpu(scan):
    """The same on a GPU, for arguments that are elsewhere; as it is where there is none."""
    if not torch.cuda.is_available():
        return scan

    def moved(weights, *call):
        weights = Weights(*(each.cuda() for each in weights))
        return scan(weights, *(each.cuda() for each in call)).cpu()

    return moved


@pytest.fixture(params=BACKENDS)
def scan(request):
    """The scan of every backend in turn."""
    return load_scan(request.param)


@pytest.fixture(params=[name for name in BACKENDS if name != "reference"])
def fast_scan(request):
    """The scan of every backend but the oracle."""
    return load_scan(request.param)


@pytest.fixture
def poisoned():
    """Memory that nobody has written holds NaN."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    assert torch.empty(8).isnan().all()
    yield
    torch.use_deterministic_algorithms(before)


def make_weights(n_models, n_latent, n_outputs, *, n_features=N_FEATURES, dtype=torch.float64):
    rng = torch.Generator().manual_seed(n_latent)

    def normal(*shape):
        values = torch.randn(n_models, *shape, generator=rng, dtype=torch.float64)
        return (0.8 * values / n_latent**0.5).to(dtype).requires_grad_()

    return Weights(
        self_slope=normal(n_latent),
        weight=normal(n_latent, n_latent),
        input_weight=normal(n_latent, n_features),
        bias=normal(n_latent),
        initial=normal(n_latent),
        readout=normal(n_outputs, n_latent),
        offset=normal(n_outputs),
    )


def make_call(
    n_pwl, lengths, n_lanes, read_steps, *,
    n_features=N_FEATURES, garbage=torch.nan, dtype=torch.float64,
):  # fmt: skip
    """Arguments beside the weights: garbage beyond the ends, sequences counted from both sides."""
    rng = torch.Generator().manual_seed(0)
    n_steps = torch.tensor(lengths)
    shape = (len(lengths), max(lengths), n_features)
    inputs = torch.randn(shape, generator=rng, dtype=torch.float64)
    inputs[torch.arange(max(lengths)) >= n_steps[:, None]] = garbage
    shape = (len(n_pwl), n_lanes)
    index = torch.randint(-len(lengths), len(lengths), shape, generator=rng)
    read_steps = torch.tensor(read_steps).long()
    return torch.tensor(n_pwl), inputs.to(dtype), index, n_steps, read_steps


def make_gradient(call, n_outputs, garbage=torch.nan):
    """A gradient of eta with garbage beyond the ends."""
    _, inputs, index, n_steps, read_steps = call
    exists = present(index, n_steps, inputs.shape[1])[:, read_steps, :, None]
    values = torch.arange(exists.numel() * n_outputs, dtype=inputs.dtype)
    return torch.where(exists, values.sin().view(*exists.shape[:3], n_outputs), garbage)


def run(scan, weights, call, gradient):
    """Value and all gradients."""
    eta = scan(weights, *call)
    return eta.detach(), *torch.autograd.grad(eta, weights, gradient)


def same_bits(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture
def kit():
    """Makers of scans to test."""
    return SimpleNamespace(
        load_scan=load_scan, make_weights=make_weights, make_call=make_call,
        make_gradient=make_gradient, run=run, same_bits=same_bits,
    )  # fmt: skip


@pytest.fixture
def example():
    """Weights, arguments and gradient with two blocks of ragged lanes and two chunks of steps."""
    weights, call = make_weights(2, 5, 3), make_call([0, 2], [18, 1, 3], 18, [0, 1, 3, 17])
    return weights, call, make_gradient(call, 3)
