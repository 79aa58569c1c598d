"""Choice of a backend."""

import sys

import pytest

from neuroalrnn.exceptions import ConfigError
from neuroalrnn.ops import BACKENDS, choose_backend


def without(monkeypatch, package):
    """A machine on which a package is not installed."""
    monkeypatch.setitem(sys.modules, package, None)


def test_auto_takes_the_fastest_for_the_device_and_says_what_it_passed_over():
    pytest.importorskip("triton")
    backend, reason = choose_backend()
    assert backend.name == "numba_cpu"
    assert reason == "triton_gpu: it runs on cuda, not on cpu"
    assert choose_backend(device="cuda")[0].name == "triton_gpu"


def test_without_numba_and_triton_plain_torch_serves(monkeypatch):
    without(monkeypatch, "numba")
    without(monkeypatch, "triton")
    backend, reason = choose_backend()
    assert backend.name == "torch_eager"
    assert reason == "triton_gpu: triton is not installed; numba_cpu: numba is not installed"


def test_a_named_backend_is_never_replaced(monkeypatch):
    backend, reason = choose_backend("reference")
    assert (backend.name, reason) == ("reference", "named")
    without(monkeypatch, "numba")
    with pytest.raises(ConfigError, match="numba_cpu: numba is not installed"):
        choose_backend("numba_cpu")
    with pytest.raises(
        ConfigError, match=r"numba_cpu: (it runs on cpu, not on cuda|numba is not installed)"
    ):
        choose_backend("numba_cpu", device="cuda")


def test_an_unknown_backend_is_named_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'cuda' is unknown \(there are: auto, triton_gpu"):
        choose_backend("cuda")


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_has_a_scan(kit, example, name):
    kit.load_scan(name)
    eta = BACKENDS[name].scan(threads=2)(example[0], *example[1])
    assert eta.shape == (2, 4, 18, 3)
