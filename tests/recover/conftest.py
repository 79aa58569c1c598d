"""The small task that tests of cross-validation share."""

from tests.study.conftest import encoding, experiment, setting, trials

__all__ = ["encoding", "experiment", "setting", "trials"]
