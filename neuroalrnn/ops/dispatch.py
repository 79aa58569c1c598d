"""Which backend runs a fit, and why."""

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec

from neuroalrnn.arguments import not_one_of, refuse
from neuroalrnn.exceptions import ConfigError


@dataclass(frozen=True)
class Backend:
    """One way to compute the scan.

    Parameters
    ----------
    name : str
        Also the module of `neuroalrnn.ops` that holds its ``scan``.
    needs : str or None
        Package that it needs beside torch.
    devices : tuple of str
        Device types that it runs on.
    kept : float
        Numbers per latent and step that wait for the backward pass; sets how many models fit into
        a memory budget.
    takes_threads : bool
        Whether its ``scan`` has an argument ``threads``.
    """

    name: str
    needs: str | None
    devices: tuple[str, ...]
    kept: float
    takes_threads: bool = False

    def reason_against(self, device):
        """Why this backend cannot run on a device, or None."""
        if self.needs and find_spec(self.needs) is None:
            return f"{self.needs} is not installed"
        if device not in self.devices:
            return f"it runs on {' and '.join(self.devices)}, not on {device}"
        return None

    def scan(self, threads=1):
        """The scan of this backend, in up to so many threads; see `neuroalrnn.ops`."""
        found = import_module(f"neuroalrnn.ops.{self.name}").scan
        return partial(found, threads=threads) if self.takes_threads else found


BACKENDS = {
    each.name: each
    for each in (
        Backend("triton_gpu", "triton", ("cuda",), kept=1),
        Backend("numba_cpu", "numba", ("cpu",), kept=1 / 16, takes_threads=True),
        Backend("torch_eager", None, ("cpu", "cuda"), kept=3),
        Backend("reference", None, ("cpu", "cuda"), kept=5),
    )
}


def choose_backend(name="auto", *, device="cpu"):
    """Choose a backend.

    Parameters
    ----------
    name : str
        One of `BACKENDS`, or "auto" for the first of them that can run here.
    device : {"cpu", "cuda"}
        Where the tensors are.

    Returns
    -------
    backend : Backend
    reason : str
        Why this one: it was named, or why those before it were passed over.

    Raises
    ------
    ConfigError
        If there is no such backend, or the one that was named cannot run here: it is never
        replaced by another.
    """
    refuse("engine", not_one_of("backend", name, ("auto", *BACKENDS)))
    passed = []
    for backend in BACKENDS.values() if name == "auto" else [BACKENDS[name]]:
        reason = backend.reason_against(device)
        if reason is None:
            return backend, "; ".join(passed) or ("first choice" if name == "auto" else "named")
        passed.append(f"{backend.name}: {reason}")
    raise ConfigError(f"no backend can run: {'; '.join(passed)}")
