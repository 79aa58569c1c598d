"""First look at files of unknown meaning: roles, what looks wrong, and a run file to start from."""

from neuroalrnn.inspection.files import inspect_files

__all__ = ["inspect_files"]
