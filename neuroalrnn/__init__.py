"""Almost-Linear RNNs for trial-structured behaviour: fit, cross-validate, take apart.

Names and packages are imported when they are first used, so that ``import neuroalrnn`` stays fast.
Type checkers read them from ``__init__.pyi``.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "neuroalrnn.questions": ("analyse",),
    "neuroalrnn.config": ("Run", "Setting", "load_run"),
    "neuroalrnn.data": (
        "LeaveOneSubjectOut",
        "Rows",
        "SessionKFold",
        "StimulusSequenceOut",
        "SubjectKFold",
        "audit",
        "encode",
        "from_frame",
        "load_table",
        "to_frame",
        "validate",
    ),
    "neuroalrnn.study": (
        "ALRNN",
        "compare_pooling",
        "cross_validate",
        "few_shot",
        "select_n_pwl",
    ),
    "neuroalrnn.exceptions": ("NeuroALRNNError",),
    "neuroalrnn.export": ("export_fit",),
    "neuroalrnn.recover": ("retrain_without_units",),
    "neuroalrnn.report": ("write_report",),
    "neuroalrnn.results": ("Fit",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_PACKAGES = (
    "adaptive",
    "baselines",
    "behaviour",
    "config",
    "data",
    "dissect",
    "effects",
    "exceptions",
    "export",
    "fit",
    "inspection",
    "mechanism",
    "model",
    "network",
    "neural",
    "ops",
    "peers",
    "plots",
    "questions",
    "reconstruct",
    "recover",
    "regimes",
    "report",
    "results",
    "stats",
    "study",
    "tasks",
)

__all__ = [
    "__version__",
    *_HOME,
]


def __getattr__(name: str) -> Any:
    """Import a public name or a package on first use (PEP 562)."""
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PACKAGES})
