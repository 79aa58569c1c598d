"""The questions that a fit is asked, and their answers as tidy tables."""

from neuroalrnn.questions.analyse import Analysis, analyse, compare_with_others

__all__ = ["Analysis", "analyse", "compare_with_others"]
