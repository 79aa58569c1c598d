"""Statements about a saved fit: regimes, switches, dynamics, behaviour. No torch needed."""

from neuroalrnn.analysis.analyse import Analysis, analyse, compare_with_others

__all__ = ["Analysis", "analyse", "compare_with_others"]
