"""Run files and settings of the model and its training, checked before anything is computed."""

from neuroalrnn.config.run import (
    Run,
    default_run,
    load_run,
)
from neuroalrnn.config.setting import Setting, as_setting, expand

__all__ = [
    "Run",
    "Setting",
    "as_setting",
    "default_run",
    "expand",
    "load_run",
]
