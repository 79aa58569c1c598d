"""One self-contained HTML file per fit, with its figures and tables beside it."""

from neuroalrnn.report.write import write_report

__all__ = ["write_report"]
