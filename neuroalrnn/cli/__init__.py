"""The command line."""

from neuroalrnn.cli.commands import OUTPUTS, UNFINISHED, app, main
from neuroalrnn.cli.tell import summarise

__all__ = ["OUTPUTS", "UNFINISHED", "app", "main", "summarise"]
