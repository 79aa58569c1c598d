"""The command line."""

from neuroalrnn.cli.commands import app, main
from neuroalrnn.cli.folder import OUTPUTS, UNFINISHED
from neuroalrnn.cli.tell import summarise

__all__ = ["OUTPUTS", "UNFINISHED", "app", "main", "summarise"]
