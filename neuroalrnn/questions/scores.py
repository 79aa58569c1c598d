"""How well does every model predict held-out trials?"""

from neuroalrnn import plots
from neuroalrnn.questions.question import Figure, Question, Shown, Text
from neuroalrnn.questions.sections import SCORES
from neuroalrnn.questions.words import UNIT_OF_INFERENCE, strong
from neuroalrnn.results.summary import SUFFICIENT
from neuroalrnn.results.tables import EXPLAINED, Table

HEADINGS = {
    "n_subjects": "subjects",
    "n_trials": "trials",
    "log_likelihood": "log-likelihood (nats/trial)",
    "standard_error": "s.e. over subjects",
    "subject_mean": "mean of subjects",
    "subject_standard_error": "s.e. of that mean",
    "bits": "bits/trial",
    "normalised_likelihood": "normalised likelihood",
    "log_likelihood_joint": "all together (nats/trial)",
}


def _introduce(asked):
    scores = asked.tables["scores"]
    best = scores.loc[scores["log_likelihood"].idxmax(), "model"]
    start = "Every scored trial was predicted once, by a network that never saw its group. The best"
    end = ". AL-RNN is the network with the P that is best on the validation subjects of each fold"
    if (scores["model"] == SUFFICIENT).any():
        end += f"; {SUFFICIENT} is the one that is taken apart"
    end += "."
    return f"{start} score is that of " + strong(best) + end


QUESTION = Question(
    name="scores",
    section=SCORES,
    tables={"scores": lambda asked: asked.fit.summarise().reset_index()},
    schema={
        "scores": Table(
            "model",
            "model n_subjects n_trials log_likelihood standard_error subject_mean "
            "subject_standard_error bits normalised_likelihood accuracy",
            further=EXPLAINED,
        ),
    },
    answer=(
        Text("scores", _introduce),
        Shown(
            "scores", lambda asked: asked.tables["scores"].rename(columns=HEADINGS), noun="model"
        ),
        Figure(
            "scores",
            "Left: held-out log-likelihood; large symbols are means over trials with the standard "
            "error over subjects, faint dots are subjects. Right: each model minus the AL-RNN, "
            "paired over subjects, with 95 % intervals; arrows give differences that lie outside "
            "the axis. Squares are baselines, the diamond is the linear control.",
            lambda asked: plots.plot_score_panels(asked.fit, asked.tables["comparisons"]),
        ),
    ),
    footnote=(
        UNIT_OF_INFERENCE,
        "Bits are gained over the frequency of each choice in the training subjects.",
        "Accuracy alone hides how sure a model was.",
    ),
)
