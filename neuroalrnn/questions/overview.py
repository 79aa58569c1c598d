"""What did the fit find, on one figure?"""

from neuroalrnn import plots
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import SETUP


def _caption(asked):
    shown = asked if "occupancy" in asked.tables else asked.linear
    kind = "Functional" if shown is asked else "Linear"
    text = (
        "Overview. (a) Held-out score of every model; faint dots are subjects. (b) Score against "
        f"P. (c) {kind} regimes of an example session; above each row the rule, x marks errors. "
        "(d) Their switches. (e) Eigenvalues of each linear regime in one fold. (f) The outcome "
        "with the clearest effects; n subjects, q after Benjamini-Hochberg within it, filled where "
        "q < .05."
    )
    return text + (asked.shared_orders("In (d)") if "locked" in shown.tables else "")


QUESTION = Question(
    name="overview",
    section=SETUP,
    answer=(Figure("overview", _caption, lambda asked: plots.plot_overview(asked.fit, asked)),),
)
