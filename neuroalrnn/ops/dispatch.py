"""The backends that compute the scan, and the choice among them."""

from collections.abc import Callable
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
        Its name, which is also that of its module in `neuroalrnn.ops`.
    needs : str or None
        Package that it needs, apart from torch.
    devices : tuple of str
        Types of devices that it runs on.
    kept : float
        How many numbers per latent and step it keeps for the backward pass. This decides how many
        models fit into a memory budget.
    takes_threads : bool
        Whether its scan has an argument ``threads``.
    """

    name: str
    needs: str | None
    devices: tuple[str, ...]
    kept: float
    takes_threads: bool = False

    def reason_against(self, device: str) -> str | None:
        """Say why this backend cannot run on a device.

        Parameters
        ----------
        device : {"cpu", "cuda"}
            Where the tensors are.

        Returns
        -------
        str or None
            The reason; None if it can run.
        """
        if self.needs and find_spec(self.needs) is None:
            return f"{self.needs} is not installed"
        if device not in self.devices:
            return f"it runs on {' and '.join(self.devices)}, not on {device}"
        return None

    def scan(self, threads: int = 1) -> Callable:
        """Import the scan of this backend; see the contract in `neuroalrnn.ops`.

        Parameters
        ----------
        threads : int
            Number of threads that it may use, if it can use several.

        Returns
        -------
        callable
            ``scan(weights, n_pwl, inputs, index, n_steps, read_steps)``.
        """
        scan = import_module(f"neuroalrnn.ops.{self.name}").scan
        return partial(scan, threads=threads) if self.takes_threads else scan


BACKENDS = {
    each.name: each
    for each in (
        Backend("triton_gpu", "triton", ("cuda",), kept=1),
        Backend("numba_cpu", "numba", ("cpu",), kept=1 / 16, takes_threads=True),
        Backend("torch_eager", None, ("cpu", "cuda"), kept=3),
        Backend("reference", None, ("cpu", "cuda"), kept=5),
    )
}


def choose_backend(name: str = "auto", *, device: str = "cpu") -> tuple[Backend, str]:
    """Choose the backend of a fit.

    Parameters
    ----------
    name : str
        One of `BACKENDS`, or "auto" for the first that can run here.
    device : {"cpu", "cuda"}
        Where the tensors are.

    Returns
    -------
    backend : Backend
        The choice.
    reason : str
        Why this one: "named", or why those before it cannot run.

    Raises
    ------
    ConfigError
        If there is no such backend, or if the one that was named cannot run here. Another never
        takes its place.
    """
    refuse("engine", not_one_of("backend", name, ("auto", *BACKENDS)))
    passed: list[str] = []
    for backend in BACKENDS.values() if name == "auto" else [BACKENDS[name]]:
        reason = backend.reason_against(device)
        if reason is None:
            return backend, "; ".join(passed) or ("first choice" if name == "auto" else "named")
        passed.append(f"{backend.name}: {reason}")
    raise ConfigError(f"no backend can run: {'; '.join(passed)}")
