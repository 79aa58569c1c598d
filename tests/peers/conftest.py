"""Makers of scans, as for the AL-RNN."""

from tests.ops.conftest import kit, poisoned

__all__ = ["kit", "poisoned"]
