"""Can the predicted probabilities be taken at their word?"""

from functools import partial

import numpy as np
import pandas as pd

from neuroalrnn import plots, stats
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.questions.models import distinct
from neuroalrnn.questions.question import Figure, Question, Shown, Text
from neuroalrnn.questions.sections import CALIBRATION
from neuroalrnn.questions.words import name_of, number, spans, strong
from neuroalrnn.results.tables import Table
from neuroalrnn.stats.calibration import resample_subjects


def calibrate_models(fit, random_state=0):
    """Calibration of the held-out probabilities of every model.

    Parameters
    ----------
    fit : Fit
    random_state : int
        Seed of the resampled subjects.

    Returns
    -------
    scores, curves : pandas.DataFrame
        As from `neuroalrnn.stats.calibration_scores` and `neuroalrnn.stats.reliability_curve`, with
        ``model`` in front, and ``option`` by its label.
    """
    scored, labels = scored_trials(fit.trials), fit.predictions["option"].values.astype(str)
    choice = fit.trials["choice"].values[scored].astype(int)
    subject = fit.trials["subject"].values[scored].astype(str)
    # the same subjects are drawn for every model
    drawn = resample_subjects(len(np.unique(subject)), np.random.default_rng(random_state))
    scores = partial(stats.calibration_scores, subject=subject)
    curves = partial(stats.reliability_curve, subject=subject, weights=drawn)
    found: dict = {scores: [], curves: []}
    for model in distinct(fit.scores)["model"].unique():
        probability = fit.predictions["probability"].sel(model=model).values[scored]
        for score, tables in found.items():
            table = score(probability, choice, rng=np.random.default_rng(random_state))
            table.insert(0, "model", model)
            tables.append(table.assign(option=labels[table["option"]]))
    return tuple(pd.concat(tables, ignore_index=True) for tables in found.values())


def judge_calibration(found, model="AL-RNN"):
    """Whether the probabilities of a model can be taken at their word, one sentence per option.

    Parameters
    ----------
    found : pandas.DataFrame
        Table ``calibration``.
    model : str

    Returns
    -------
    list of str
    """
    rows = found[found["model"] == model]
    return [_calibration_sentence(row, len(rows) > 1) for row in rows.to_dict("records")]


def _calibration_sentence(row, several):
    what = f"Probabilities of {name_of(row['model'])}"
    what += f" for {row['option']}" if several else ""
    error = f"calibration error {number(row['calibration_error'], 3)}, "
    error += f"{number(row['error_by_chance'], 3)} by chance; Brier score {number(row['brier'], 3)}"
    if not np.isfinite(row["slope_low"]):
        return f"{what}: no slope with an interval ({row['note'] or 'one subject'}; {error})."
    slope = f"slope {number(row['slope'], 2)}, 95 % interval {number(row['slope_low'], 2)} to "
    slope += f"{number(row['slope_high'], 2)}; intercept {number(row['intercept'], 2)}, "
    slope += f"{number(row['intercept_low'], 2)} to {number(row['intercept_high'], 2)}; {error}"
    if faults := _faults(row):
        return strong(f"{what} {' and '.join(faults)}") + f" ({slope})."
    return f"{what} show no miscalibration in slope and intercept ({slope})."


def _faults(row):
    faults = []
    if row["slope_high"] < 1:
        faults.append("are too sure")
    if row["slope_low"] > 1:
        faults.append("are too cautious")
    if row["intercept_low"] > 0 or row["intercept_high"] < 0:
        side = "low" if row["intercept_low"] > 0 else "high"
        faults.append(f"are too {side} for {row['option']} on the whole")
    return faults


def _as_read(asked):
    found = asked.tables["calibration"]
    shown = found[["model", "option"]].copy()
    for name in ("slope", "intercept"):
        shown[name] = [number(value, 2) for value in found[name]]
        shown[f"{name}, 95 %"] = spans(found[f"{name}_low"], found[f"{name}_high"], 2)
    shown["calibration error"] = found["calibration_error"]
    shown["by chance"] = found["error_by_chance"]
    shown["Brier score"] = found["brier"]
    return shown.assign(note=found["note"])


QUESTION = Question(
    name="calibration",
    section=CALIBRATION,
    tables={
        ("calibration", "reliability"): lambda asked: calibrate_models(
            asked.fit, asked.random_state
        )
    },
    schema={
        "calibration": Table(
            "model and option (one of two)",
            "model option n_subjects n_trials slope slope_low slope_high intercept intercept_low "
            "intercept_high note calibration_error error_by_chance brier",
        ),
        "reliability": Table(
            "model, option and bin of predicted probability",
            "model option bin predicted observed ci_low ci_high n_trials",
        ),
    },
    answer=(
        Text(
            "calibration",
            lambda asked: (
                "A probability can be taken at its word where options predicted with 70 % are "
                "chosen on 70 % of trials. Slope and intercept are those of a logistic regression "
                "of the choice on the log odds predicted: 1 and 0 are perfect, a slope below 1 "
                "says too sure, above 1 too cautious."
            ),
        ),
        Text("calibration", lambda asked: judge_calibration(asked.tables["calibration"])),
        Figure(
            "calibration",
            "Share of choices against predicted probability of held-out trials, in bins with "
            "equally many trials, on axes in log odds; bands are 95 % over resampled subjects, at "
            "least as wide as for independent trials. Dashed: perfect calibration. Below: slope "
            "with its 95 % interval.",
            lambda asked: plots.plot_calibration_panels(
                asked.fit, asked.tables["reliability"], asked.tables["calibration"]
            ),
        ),
        Shown("table of calibration", _as_read),
    ),
    footnote=(
        "The unit of inference is the subject: intervals treat subjects as clusters, corrected for "
        "their number (CR2, Satterthwaite degrees of freedom).",
        "Trials are pooled: subjects who are predicted too surely and too cautiously may cancel.",
        "The calibration error is the mean distance of a bin from the diagonal, and by chance what "
        "it would be if choices were drawn from the predictions: the mean of 200 draws, down to 40 "
        "beyond 200,000 trials.",
        "The Brier score is the mean squared distance of the probability from the choice.",
        "With more than two options each is set against the rest.",
    ),
)
