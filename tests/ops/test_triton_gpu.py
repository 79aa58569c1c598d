"""What only the Triton backend does: limits, and compiling for a GPU that is not here."""

import os
import subprocess
import sys

import pytest
import torch

pytest.importorskip("triton", reason="triton is not installed")
from neuroalrnn.ops import triton_gpu


def test_a_second_derivative_is_refused(example):
    weights, call, _ = example
    loss = triton_gpu.scan(weights, *call).square().sum()
    (gradient,) = torch.autograd.grad(loss, weights.bias, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_too_wide_a_model_is_refused(kit):
    with pytest.raises(ValueError, match=r"129 latents.*at most 128.*torch_eager"):
        triton_gpu.scan(kit.make_weights(1, 129, 1), *kit.make_call([2], [3], 1, [0]))


COMPILE = """
import sys
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from neuroalrnn.ops.triton_gpu import SIZES, _backward, _forward
constants = {"n_latent": 20, "n_features": 3, "n_outputs": 1}
constants |= {"LATENTS": 32, "FEATURES": 16, "OUTPUTS": 16, "BLOCK": 16, "keep": True}
types = dict.fromkeys(constants, "constexpr") | dict.fromkeys(SIZES, "i32")
types |= dict.fromkeys(("n_pwl", "lengths", "reads"), "*i32") | {"sequences": "*i64"}
for dtype in ("*fp32", "*fp64"):
    for kernel in (_forward, _backward):
        signature = {name: types.get(name, dtype) for name in kernel.arg_names}
        known = {name: constants[name] for name in signature if name in constants}
        source, target = ASTSource(kernel, signature, known), GPUTarget("cuda", 80, 32)
        print(compile(source, target, {"enable_fp_fusion": True}).asm["ptx"])
"""


def test_kernels_compile_for_a_gpu_in_full_precision(tmp_path):
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    # what is deprecated in newer versions of Python is triton's affair
    warnings = ["-W", "error", "-W", "ignore::DeprecationWarning"]
    command = [sys.executable, *warnings, "-c", COMPILE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(".visible .entry") == 4
    assert ".f32" in done.stdout
    assert ".tf32" not in done.stdout
