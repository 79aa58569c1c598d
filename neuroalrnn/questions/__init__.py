"""The questions that a fit is asked, one per file, and their answers as tidy tables."""

from neuroalrnn.questions.analyse import Analysis, analyse
from neuroalrnn.questions.apart import Mechanism, take_apart
from neuroalrnn.questions.comparisons import compare_with_others
from neuroalrnn.questions.listed import QUESTIONS
from neuroalrnn.questions.question import Figure, Question, Section, Shown, Text

__all__ = [
    "QUESTIONS",
    "Analysis",
    "Figure",
    "Mechanism",
    "Question",
    "Section",
    "Shown",
    "Text",
    "analyse",
    "compare_with_others",
    "take_apart",
]
