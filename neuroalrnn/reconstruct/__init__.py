"""Reconstruction of dynamical systems: AL-RNNs trained on continuous series by teacher forcing.

`reconstruct` trains; the models that it returns run on freely, and the measures say how much they
differ from the system. The names below are imported from their modules when they are first used,
as the measures do not need torch.
"""

from importlib import import_module

_HOMES = {
    "neuroalrnn.reconstruct._forcing": ("choose_interval",),
    "neuroalrnn.reconstruct.lorenz": ("simulate_lorenz",),
    "neuroalrnn.reconstruct.measures": (
        "BinnedReference",
        "compute_prediction_error",
        "compute_spectral_distance",
        "compute_state_space_divergence",
    ),
    "neuroalrnn.reconstruct.result": ("Reconstruction",),
    "neuroalrnn.reconstruct.setting": ("ReconstructionSetting",),
    "neuroalrnn.reconstruct.train": ("reconstruct",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*_HOME]


def __getattr__(name):
    """Import a public name from its module on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
