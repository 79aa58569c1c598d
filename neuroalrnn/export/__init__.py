"""Predictions and regimes of a fit, back in the table, NWB file or epochs that trials came from."""

from neuroalrnn.export.write import export_fit

__all__ = ["export_fit"]
