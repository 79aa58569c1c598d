"""The CPU kernels over a grid of sizes, threads, and memory."""

import os
import subprocess
import sys

import pytest
import torch

from neuroalrnn.ops import reference

tiles = pytest.importorskip("neuroalrnn.ops.tiles", exc_type=ImportError)
numba_cpu = pytest.importorskip("neuroalrnn.ops.numba_cpu", exc_type=ImportError)


def agree(kit, n_models, n_latent, n_lanes, lengths, *, n_features=3, dtype=torch.float64):
    """Compare value and gradients with the oracle, relative to the largest entry of each."""
    n_pwl = [model * n_latent // max(n_models - 1, 1) for model in range(n_models)]
    read_steps = range(0, max(lengths), 2)
    options = {"n_features": n_features, "dtype": dtype}
    weights = kit.make_weights(n_models, n_latent, 1, **options)
    call = kit.make_call(n_pwl, lengths, n_lanes, read_steps, **options)
    gradient = kit.make_gradient(call, 1)
    expected = kit.run(reference.scan, weights, call, gradient)
    found = kit.run(numba_cpu.scan, weights, call, gradient)
    tolerance = 1e-10 if dtype is torch.float64 else 1e-4
    for one, other in zip(found, expected, strict=True):
        if other.numel():
            assert (one - other).abs().max() <= tolerance * other.abs().max()


@pytest.mark.parametrize("n_latent", [1, 2, 3, 4, 7, 8, 9, 12, 16, 17, 24, 31, 64, 100, 128])
def test_every_number_of_latents(kit, n_latent):
    agree(kit, 3, n_latent, 9, [5, 19, 33])


@pytest.mark.parametrize("n_lanes", [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 257])
def test_every_number_of_lanes(kit, n_lanes):
    agree(kit, 2, 6, n_lanes, [16, 3, 1, 0, 40, 17])


@pytest.mark.parametrize("n_models", [1, 2, 5, 100])
def test_every_number_of_models(kit, n_models):
    agree(kit, n_models, 5, 3, [4, 20])


@pytest.mark.parametrize("longest", [1, 2, 15, 16, 17, 31, 32, 33, 100])
def test_every_length(kit, longest):
    agree(kit, 2, 5, 20, [longest, max(longest - 1, 1), longest // 2])


@pytest.mark.parametrize("n_features", [0, 1, 2, 3, 4, 5, 8, 13])
def test_every_number_of_features(kit, n_features):
    agree(kit, 2, 6, 18, [20, 33], n_features=n_features)


@pytest.mark.parametrize(("n_latent", "n_lanes"), [(1, 1), (5, 40), (16, 16), (33, 257)])
def test_single_precision(kit, n_latent, n_lanes):
    agree(kit, 3, n_latent, n_lanes, [16, 50, 33], dtype=torch.float32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_threads_change_no_bit(kit, dtype):
    weights = kit.make_weights(3, 6, 2, dtype=dtype)
    call = kit.make_call([0, 2, 6], [40, 7, 19], 50, range(40), dtype=dtype)
    gradient = kit.make_gradient(call, 2)
    expected = kit.run(numba_cpu.scan, weights, call, gradient)
    for threads in (2, 3, 64):
        scan = lambda *call, threads=threads: numba_cpu.scan(*call, threads=threads)  # noqa: E731
        assert kit.same_bits(kit.run(scan, weights, call, gradient), expected)


def test_lanes_in_any_order_give_the_same_eta(kit):
    weights = kit.make_weights(1, 5, 1)
    n_pwl, inputs, _, *rest = kit.make_call([2], [30, 16, 4, 30], 4, range(30))
    index = torch.arange(4).repeat(1, 5)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(3))
    eta = numba_cpu.scan(weights, n_pwl, inputs, index, *rest)
    turned = numba_cpu.scan(weights, n_pwl, inputs, index[:, order], *rest)
    assert torch.equal(turned, eta[:, :, order])


def test_one_latent_in_sixteen_waits_for_the_backward_pass(kit):
    weights, call = kit.make_weights(2, 8, 1), kit.make_call([2, 2], [320], 32, [319])
    eta = numba_cpu.scan(weights, *call)
    assert eta.grad_fn.kept.numel() == 2 * 8 * 32 * 320 / 16


# those of this processor are in all other tests
OTHERS = [width for width in (2, 4, 8) if 8 * width != tiles.vector_bytes()]


@pytest.mark.parametrize("width", OTHERS)
def test_vectors_of_other_processors(width, tmp_path):
    """The same kernels as other processors compile them: vectors of 16 to 64 bytes of doubles."""
    code = f"""
import torch
from neuroalrnn.ops import tiles
tiles.vector_bytes = lambda: {8 * width}
from neuroalrnn.ops import Weights, numba_cpu, reference
rng = torch.Generator().manual_seed(0)
draw = lambda *s: (torch.randn(2, *s, generator=rng) / 3).double().requires_grad_()
weights = Weights(draw(6), draw(6, 6), draw(6, 3), draw(6), draw(6), draw(2, 6), draw(2))
inputs, index = torch.randn(5, 40, 3, generator=rng).double(), torch.arange(5).repeat(2, 4)
call = torch.tensor([1, 6]), inputs, index, torch.tensor([40, 16, 3, 0, 35]), torch.arange(40)
found = []
for scan in (numba_cpu.scan, reference.scan):
    eta = scan(weights, *call)
    found.append([eta.detach(), *torch.autograd.grad(eta.sin().sum(), weights)])
assert numba_cpu._lay_out(6, 3, 2, {width}).width == {width}
print(max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(*found)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={"NUMBA_CACHE_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1e-12


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_starts_its_own_threads():
    code = """
import os, torch
from neuroalrnn.ops import Weights, numba_cpu
draw = lambda *s: torch.ones(4, *s)
weights = Weights(draw(2), draw(2, 2), draw(2, 1), draw(2), draw(2), draw(1, 2), draw(1))
call = torch.ones(4, dtype=int), torch.ones(1, 3, 1), torch.zeros(4, 1, dtype=int)
call += torch.tensor([3]), torch.arange(3)
eta = numba_cpu.scan(weights, *call, threads=2)
child = os.fork()
if not child:
    os._exit(not torch.equal(numba_cpu.scan(weights, *call, threads=2), eta))
print(os.waitpid(child, 0)[1])
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True, text=True, check=False, timeout=60,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.stdout == "0\n", done.stderr
