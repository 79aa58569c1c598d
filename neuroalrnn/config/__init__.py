"""Run files and settings of the model and its training, checked before anything is computed."""

from neuroalrnn.config.run import (
    K_FOLD,
    Run,
    default_run,
    load_run,
)
from neuroalrnn.config.setting import Setting, as_setting, expand

__all__ = [
    "K_FOLD",
    "Run",
    "Setting",
    "as_setting",
    "default_run",
    "expand",
    "load_run",
]
