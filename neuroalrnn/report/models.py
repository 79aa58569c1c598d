"""Which model predicts best, and whether its probabilities can be trusted: sections, sentences."""

from html import escape

import numpy as np
import pandas as pd

from neuroalrnn import plots
from neuroalrnn.report.markup import (
    collapsed,
    count,
    footnote,
    interval,
    listed,
    number,
    p_value,
    paragraph,
    small,
    table,
)
from neuroalrnn.report.texts import CAPTIONS, FOOTNOTES, TEXTS
from neuroalrnn.report.words import capital, name_of

FEWEST = 6


def comparison(fit, analysis, gallery):
    """Every model against the best baseline and the best model."""
    tables = analysis.tables
    parts = [
        "<h4>Which model predicts best</h4>",
        gallery.sentences({"best model": lambda: judge_models(tables["models"])}),
        gallery.show(
            "comparison",
            CAPTIONS["comparison"],
            lambda: plots.plot_comparison(fit, tables["models"]),
        ),
        gallery.part("comparison of models", lambda: _comparison_table(tables["models"])),
        gallery.part(
            "own temperature",
            lambda: paragraph(
                judge_own_temperature(tables["models"], tables["models_own_temperature"])
            ),
        ),
        gallery.part("scores of subjects", lambda: _every_subject(fit, tables["models"])),
    ]
    return "".join(parts)


def judge_models(models):
    """Which model is the best, which are as good, and where the AL-RNN stands.

    Parameters
    ----------
    models : pandas.DataFrame
        Table ``models``.

    Returns
    -------
    list of str
    """
    best, n_subjects = models.iloc[0], int(models["n_subjects"].iloc[0])
    name = name_of(best["model"])
    texts = [
        f"<strong>{capital(name)} has the best mean over subjects</strong> "
        f"({number(best['subject_mean'])} nats per trial); it is the best model in "
        f"{best['n_best']:.3g} of {count(n_subjects, 'subject')} (ties shared). {_as_good(models)}"
    ]
    own = models[(models["model"] == "AL-RNN") & (models["reference"] != "AL-RNN")]
    texts += [_against_reference(row, n_subjects) for row in own.to_dict("records")]
    if n_subjects < FEWEST:
        texts.append(
            f"<strong>With {count(n_subjects, 'subject')} no difference can be rejected</strong>: "
            "even if all agree, a sign-flip test cannot reach p = .05, and a t-test rests on "
            "normality alone. Every subject is shown instead."
        )
    return texts


def judge_own_temperature(models, tempered):
    """What is left between models once all learn how decided each subject is.

    Parameters
    ----------
    models, tempered : pandas.DataFrame
        Tables ``models`` and ``models_own_temperature``.

    Returns
    -------
    str
    """
    best, before = tempered.iloc[0], models.set_index("model")["subject_mean"]
    own = tempered[tempered["model"] == "AL-RNN"].iloc[0]
    text = (
        "With the inverse temperature of every held-out subject inferred from its choices so far, "
        "for all models alike, "
        f"{name_of(best['model'])} is best ({number(best['subject_mean'])} nats per trial, "
        f"before {number(before[best['model']])})"
    )
    if best["model"] == "AL-RNN":
        return f"{text}."
    return (
        f"{text}; the AL-RNN goes from {number(before['AL-RNN'])} to "
        f"{number(own['subject_mean'])}, {number(-own['difference_to_best'])} +- "
        f"{number(own['standard_error_to_best'])} (s.e. over subjects) behind it."
    )


def _as_good(models):
    others = [name_of(model) for model in models["model"][1:][models["within_one_error"][1:]]]
    # one subject has no standard error
    if len(models) == 1 or models["n_subjects"].max() == 1:
        return ""
    if not others:
        return "No other model lies within one standard error of the paired difference to it."
    return f"Within one standard error of the paired difference to it: {listed(others)}."


def _against_reference(row, n_subjects):
    other, size = name_of(row["reference"]), f"{number(abs(row['difference']))} nats per trial"
    detail = f"AL-RNN minus other {number(row['difference'])}, {interval(row)}, {p_value(row['p'])}"
    detail += f", {p_value(row['q'], 'q')}; better in {row['n_favouring']} of {n_subjects}"
    kind = "model" if row["reference"].startswith("AL-RNN") else "model that is no AL-RNN"
    start = f"Against the best {kind}, {other}, the AL-RNN"
    if row["q"] < 0.05:
        direction = "better" if row["difference"] > 0 else "worse"
        return f"{start} is <strong>{direction} by {size}</strong> ({detail})."
    return f"{start} cannot be told apart ({detail})."


def _comparison_table(models):
    ranges = [
        f"{number(low)} to {number(high)}" if np.isfinite(low) else number(low)
        for low, high in zip(models["ci_low"], models["ci_high"], strict=True)
    ]
    shown = pd.DataFrame(
        {
            "model": models["model"],
            "mean of subjects": models["subject_mean"],
            "difference to reference": models["difference"],
            "s.e.": models["difference_standard_error"],
            "95 % interval": ranges,
            "p": models["p"],
            "q": models["q"],
            "better in": models["n_favouring"],
            "best in": models["n_best"],
            "difference to best": models["difference_to_best"],
            "its s.e.": models["standard_error_to_best"],
            "within it": np.where(
                models["standard_error_to_best"].isna().all(),
                "",
                np.where(models["within_one_error"], "yes", "no"),
            ),
        }
    )
    formats = {"p": small, "q": small, "best in": lambda value: f"{value:.3g}"}
    return collapsed(table(shown, formats), len(shown), "model")


def _every_subject(fit, models):
    """Scores one by one, where subjects are too few for a test."""
    if models["n_subjects"].iloc[0] >= FEWEST:
        return ""
    scores = fit.scores.pivot(index="model", columns="subject", values="log_likelihood")
    shown = scores.loc[models["model"]].reset_index().rename_axis(columns=None)
    return paragraph("Held-out log-likelihood of every subject, nats per trial.") + table(shown)


def calibration(fit, analysis, gallery):
    """Whether choices are as frequent as predicted."""
    tables = analysis.tables
    return "".join(
        [
            paragraph(TEXTS["calibration"]),
            gallery.sentences({"calibration": lambda: judge_calibration(tables["calibration"])}),
            gallery.show(
                "calibration",
                CAPTIONS["calibration"],
                lambda: plots.plot_calibration_panels(
                    fit, tables["reliability"], tables["calibration"]
                ),
            ),
            gallery.part("table of calibration", lambda: _calibration_table(tables["calibration"])),
            footnote(FOOTNOTES["calibration"]),
        ]
    )


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
    what += f" for {escape(row['option'])}" if several else ""
    error = f"calibration error {number(row['calibration_error'], 3)}, "
    error += f"{number(row['error_by_chance'], 3)} by chance; Brier score {number(row['brier'], 3)}"
    if not np.isfinite(row["slope_low"]):
        return (
            f"{what}: no slope with an interval ({escape(row['note'] or 'one subject')}; {error})."
        )
    slope = f"slope {number(row['slope'], 2)}, 95 % interval {number(row['slope_low'], 2)} to "
    slope += f"{number(row['slope_high'], 2)}; intercept {number(row['intercept'], 2)}, "
    slope += f"{number(row['intercept_low'], 2)} to {number(row['intercept_high'], 2)}; {error}"
    faults = []
    if row["slope_high"] < 1:
        faults.append("are too sure")
    if row["slope_low"] > 1:
        faults.append("are too cautious")
    if row["intercept_low"] > 0 or row["intercept_high"] < 0:
        side = "low" if row["intercept_low"] > 0 else "high"
        faults.append(f"are too {side} for {escape(row['option'])} on the whole")
    if faults:
        return f"<strong>{what} {' and '.join(faults)}</strong> ({slope})."
    return f"{what} show no miscalibration in slope and intercept ({slope})."


def _calibration_table(found):
    def span(name):
        return [
            f"{number(low, 2)} to {number(high, 2)}" if np.isfinite(low) else number(low)
            for low, high in zip(found[f"{name}_low"], found[f"{name}_high"], strict=True)
        ]

    shown = pd.DataFrame({"model": found["model"], "option": found["option"]})
    for name in ("slope", "intercept"):
        shown[name] = [number(value, 2) for value in found[name]]
        shown[f"{name}, 95 %"] = span(name)
    shown["calibration error"] = found["calibration_error"]
    shown["by chance"] = found["error_by_chance"]
    shown["Brier score"] = found["brier"]
    return collapsed(table(shown.assign(note=found["note"])), len(shown), "row")
