"""Almost-Linear RNNs for trial-structured behaviour: fit, cross-validate, take apart.

The names below are imported from their modules when they are first used, so that
``import neuroalrnn`` stays fast.
"""

from importlib import import_module

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
    "neuroalrnn.recover": ("retrain_without_units",),
    "neuroalrnn.report": ("write_report",),
    "neuroalrnn.results": ("Fit",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "__version__",
    *_HOME,
]


def __getattr__(name):
    """Import a public name from its module on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
