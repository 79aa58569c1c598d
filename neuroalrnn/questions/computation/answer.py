"""What is computed, how sure is that, and what does it take? The first screen of the page."""

import numpy as np
import pandas as pd

from neuroalrnn import plots
from neuroalrnn.effects import judge_source
from neuroalrnn.plots.computation import plot_answer_panels
from neuroalrnn.questions.comparisons import compare_with_others
from neuroalrnn.questions.computation.explained import (
    compute_explained,
    say_regression,
    say_what_it_takes,
)
from neuroalrnn.questions.computation.input_effects import of_chosen
from neuroalrnn.questions.computation.lights import (
    judge_linear,
    judge_regression,
    judge_reproducible,
    judge_subjects,
    tabulate_lights,
)
from neuroalrnn.questions.computation.sentences import (
    say_agreement,
    say_computations,
    when_used,
    who_chose,
)
from neuroalrnn.questions.n_pwl import EARLIER
from neuroalrnn.questions.question import Figure, Lights, Question, Text
from neuroalrnn.questions.sections import ANSWER
from neuroalrnn.questions.words import strong
from neuroalrnn.results.columns import Column
from neuroalrnn.results.summary import ADAPTIVE, NETWORK
from neuroalrnn.results.tables import Table


def _chosen_row(asked):
    rows = of_chosen(asked.tables["functional_agreement"])
    rows = rows[rows["is_chosen"]]
    return rows.iloc[0] if len(rows) else None


def _verdict(asked):
    return of_chosen(asked.tables["functional_verdicts"]).iloc[0]


def _computations(asked):
    if "functional_verdicts" not in asked.tables:
        return f"What inputs do was not computed: {asked.tables.reasons['functional_verdicts']}."
    labels, trials = asked.functional.labels.values, asked.trials
    return say_computations(
        _verdict(asked)["verdict"],
        of_chosen(asked.tables["functional_regimes"]),
        when_used(asked.tables["functional_sources"], labels, trials),
        who_chose(trials),
        _signed(trials, asked.fit.encoding["inputs"]),
        _parts(asked.fit),
    )


def _parts(fit):
    """What networks of different folds were trained on."""
    folds = pd.Series(fit.splits["fold"].values).groupby(fit.trials["subject"].values)
    return "subjects" if (folds.nunique() == 1).all() else "sessions"


def _signed(trials, inputs):
    """Inputs with values on both sides of zero, which point to an option."""
    known = [name for name in inputs if name in trials]
    return {n for n in known if np.nanmin(trials[n].values) < 0 < np.nanmax(trials[n].values)}


def _agreement(asked):
    if "functional_verdicts" not in asked.tables:
        return ""
    row, sources = _verdict(asked), asked.tables["functional_sources"]
    source = judge_source(sources)[0] if len(sources) else ""
    n_folds = len(asked.fit.folds)
    chosen, parts = _chosen_row(asked), _parts(asked.fit)
    return say_agreement(row["verdict"], chosen, row["correlation"], n_folds, source, parts)


def _what_it_takes(asked):
    if "explained" not in asked.tables:
        return f"What it takes cannot be said: {asked.tables.reasons['explained']}."
    if not len(asked.tables["explained"]):
        rest = "no network predicts better than the frequency of each choice."
        return strong("Nothing is explained") + f": {rest}"
    fit = asked.fit
    if "sufficient" not in fit.config:
        return f"{EARLIER} Fit again to hear how many nonlinear units it takes."
    if "score_by_n_pwl" not in asked.tables:
        return f"What it takes cannot be said: {asked.tables.reasons['score_by_n_pwl']}."
    return say_what_it_takes(asked.tables["score_by_n_pwl"], fit.selection, fit.loss)


def _regression(asked):
    if not len(asked.tables.get("explained", ())):
        return ""
    learned, network = None, NETWORK + ADAPTIVE
    if network in asked.fit.scores["model"].values:
        learned = compare_with_others(asked.fit, network)
    return say_regression(asked.tables["explained"], asked.tables["comparisons"], learned)


def _lights(asked):
    tables, fit = asked.tables, asked.fit
    judged = "functional_verdicts" in tables
    row = _verdict(asked) if judged else {"verdict": "", "correlation": np.nan}
    why = "" if judged else tables.reasons["functional_verdicts"]
    chosen = _chosen_row(asked) if judged else None
    n_pwl, grid = fit.selection["n_pwl_chosen"].values, fit.parameters["n_pwl"].values
    compared = tables["comparisons"]
    regression = (
        judge_regression(tables["explained"], compared)
        if "explained" in tables
        else ("amber", "not known", f"It could not be judged: {tables.reasons['explained']}.")
    )
    return tabulate_lights(
        {
            "Reproducible?": judge_reproducible(
                row["verdict"], chosen, row["correlation"], why, _parts(fit)
            ),
            "Better than a regression?": regression,
            "Enough subjects?": judge_subjects(*asked.n_independent),
            "Linear model excluded?": judge_linear(compared, n_pwl, grid, fit.loss),
        }
    )


def _draw(asked):
    subject, session = plots.example_session(asked.fit)
    return plot_answer_panels(
        of_chosen(asked.tables["functional_regimes"]),
        asked.tables["effects_by_subject"],
        asked.tables["explained"],
        asked.functional.labels,
        asked.fit.predictions["probability"].sel(model=asked.fit.model),
        asked.trials,
        subject=subject,
        session=session,
        rule=asked.rule,
        called=asked.called,
    )


def _caption(asked):
    text = (
        "(a) What inputs do to the choice, in log-odds: bars are means over subjects, corrected by "
        "what their choices add to the networks, with 95 % intervals (over subjects and networks); "
        "dots are subjects, as the networks have them. (b) "
        "Held-out prediction: 0 is the frequency of each choice, 100 the best P. (c) "
        "Predictions for an example session in the colour of the regime (white: none), ticks are "
        "choices; below, the regime of each trial, and the rule. All trials are those of subjects "
        "that the network never saw."
    )
    if _verdict(asked)["verdict"] != "not reproducible":
        return text
    return text + " Networks disagree about the effects in (a): do not interpret them."


QUESTION = Question(
    name="answer",
    section=ANSWER,
    answer=(
        Text("what is computed", _computations, main=True),
        Text("how sure that is", _agreement, main=True),
        Text("what it takes", _what_it_takes, main=True),
        Text("simpler models", _regression, main=True),
        Lights("lights", lambda asked: asked.tables["lights"]),
        Figure(
            "answer",
            _caption,
            _draw,
            when=lambda asked: "functional_regimes" in asked.tables and "explained" in asked.tables,
        ),
    ),
)
# they need what other questions find, and come last
LIGHTS = Question(
    name="lights",
    section=ANSWER,
    tables={"explained": lambda asked: compute_explained(asked.fit), "lights": _lights},
    schema={
        "explained": Table("model", "model explained_share ci_low ci_high"),
        "lights": Table("light", "light state answer reason"),
    },
    columns={
        "light": Column("what is asked", dtype="str"),
        "reason": Column("why the light is as it is", dtype="str"),
        "state": Column("green, amber or red", dtype="str"),
        "answer": Column("what was found, in a word or two", dtype="str"),
    },
)
