"""Which model predicts best, and what is left once all know how decided each subject is?"""

import numpy as np
import pandas as pd

from neuroalrnn import plots, stats
from neuroalrnn.behaviour.temperature import score_own_temperature
from neuroalrnn.questions.question import Figure, Question, Shown, Text
from neuroalrnn.questions.sections import SCORES
from neuroalrnn.questions.words import (
    UNIT_OF_INFERENCE,
    capital,
    count,
    interval,
    listed,
    name_of,
    number,
    p_value,
    small,
    spans,
    strong,
)
from neuroalrnn.results.summary import (
    ADAPTIVE,
    CHOSEN,
    ENSEMBLE,
    NETWORK,
    ON_REGRESSION,
    SUFFICIENT,
)
from neuroalrnn.results.tables import MODELS, Table

FEWEST = 6


def distinct(scores):
    """Scores without those that are the same model in every fold, such as the best P.

    Parameters
    ----------
    scores : pandas.DataFrame
        As from `Fit.scores`.

    Returns
    -------
    pandas.DataFrame
    """
    wide = scores.pivot(index="model", columns="subject", values="log_likelihood")
    own = [wide.loc[name] for name in (NETWORK, SUFFICIENT) if name in wide.index]
    same = [
        name
        for name in wide.index
        if name.startswith(f"{NETWORK} P=")
        and any(np.allclose(wide.loc[name], each, rtol=0) for each in own)
    ]
    same += [
        CHOSEN + end
        for end in ("", ADAPTIVE)
        if CHOSEN + end in wide.index
        and any(
            each + end in wide.index
            and np.allclose(wide.loc[CHOSEN + end], wide.loc[each + end], rtol=0)
            for each in (NETWORK, ON_REGRESSION, NETWORK + ENSEMBLE, ON_REGRESSION + ENSEMBLE)
        )
    ]
    return scores[~scores["model"].isin(same)]


def _compare_models(asked, scores):
    return stats.compare_models(distinct(scores), rng=asked.rng())


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
    detail = (
        f" ({number(best['subject_mean'])} nats per trial); it is the best model in "
        f"{best['n_best']:.3g} of {count(n_subjects, 'subject')} (ties shared). {_as_good(models)}"
    )
    verdict = f"{capital(name_of(best['model']))} has the best mean over subjects"
    ours = models["model"].isin([NETWORK, NETWORK + ADAPTIVE, CHOSEN + ADAPTIVE])
    own = models[ours & (models["model"] != models["reference"])]
    texts = [
        strong(verdict) + detail,
        *(_against_reference(row, n_subjects) for row in own.to_dict("records")),
    ]
    if n_subjects < FEWEST:
        verdict = strong(f"With {count(n_subjects, 'subject')} no difference can be rejected")
        texts.append(
            verdict + ": even if all agree, a sign-flip test cannot reach p = .05, and a t-test "
            "rests on normality alone. Every subject is shown instead."
        )
    return texts


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
    own = row["model"]
    detail = f"{own} minus other {number(row['difference'])}, {interval(row)}, {p_value(row['p'])}"
    detail += f", {p_value(row['q'], 'q')}; better in {row['n_favouring']} of {n_subjects}"
    kind = "model" if row["reference"].startswith("AL-RNN") else "model that is no AL-RNN"
    start = f"Against the best {kind}, {other}, {name_of(own)}"
    if row["q"] < 0.05:
        direction = "better" if row["difference"] > 0 else "worse"
        return f"{start} is " + strong(f"{direction} by {size}") + f" ({detail})."
    return f"{start} cannot be told apart ({detail})."


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


def _as_read(asked):
    models = asked.tables["models"]
    one_subject = models["standard_error_to_best"].isna().all()
    return pd.DataFrame(
        {
            "model": models["model"],
            "mean of subjects": models["subject_mean"],
            "difference to reference": models["difference"],
            "s.e.": models["difference_standard_error"],
            "95 % interval": spans(models["ci_low"], models["ci_high"]),
            "p": models["p"],
            "q": models["q"],
            "better in": models["n_favouring"],
            "best in": models["n_best"],
            "difference to best": models["difference_to_best"],
            "its s.e.": models["standard_error_to_best"],
            "within it": np.where(
                one_subject, "", np.where(models["within_one_error"], "yes", "no")
            ),
        }
    )


def _are_few(asked):
    return asked.tables["models"]["n_subjects"].iloc[0] < FEWEST


def _introduce_subjects(asked):
    return "Held-out log-likelihood of every subject, nats per trial." if _are_few(asked) else ""


def _every_subject(asked):
    """Scores one by one, where subjects are too few for a test."""
    if not _are_few(asked):
        return None
    scores = asked.fit.scores.pivot(index="model", columns="subject", values="log_likelihood")
    return scores.loc[asked.tables["models"]["model"]].reset_index().rename_axis(columns=None)


QUESTION = Question(
    name="models",
    section=SCORES,
    title="Which model predicts best",
    tables={
        "models": lambda asked: _compare_models(asked, asked.fit.scores),
        "own_temperature": lambda asked: score_own_temperature(asked.fit),
        "models_own_temperature": lambda asked: _compare_models(
            asked, asked.tables["own_temperature"]
        ),
    },
    schema={
        "models": Table("model, the best first", MODELS),
        "own_temperature": Table(
            "model and subject, whose inverse temperature is inferred",
            "model subject n_trials log_likelihood inverse_temperature inverse_temperature_sd",
        ),
        "models_own_temperature": Table("model, scored as own_temperature", MODELS),
    },
    answer=(
        Text("best model", lambda asked: judge_models(asked.tables["models"]), main=True),
        Figure(
            "comparison",
            "Each model minus the reference, the best model that is no AL-RNN if there is one; "
            "dots are subjects, symbols their mean with the 95 % interval (t). Bold: the best "
            "model, and those within one standard error of the paired difference to it. Better "
            "in: subjects in which the model beats the reference. Best in: subjects in which it is "
            "the best of all, ties shared. q is Benjamini-Hochberg over all comparisons of the "
            "table. Arrows give differences that lie outside the axis.",
            lambda asked: plots.plot_comparison(asked.fit, asked.tables["models"]),
        ),
        Shown(
            "comparison of models",
            _as_read,
            noun="model",
            formats={"p": small, "q": small, "best in": lambda value: f"{value:.3g}"},
        ),
        Text(
            "own temperature",
            lambda asked: judge_own_temperature(
                asked.tables["models"], asked.tables["models_own_temperature"]
            ),
        ),
        Text("scores of subjects", _introduce_subjects),
        Shown("scores of subjects", _every_subject, noun="model"),
    ),
    footnote=(
        UNIT_OF_INFERENCE,
        "The best model and the reference were chosen by the same scores, which favours them.",
        "Intervals come from t: those from resampled subjects, in the saved table, hold the truth "
        "in 91 % instead of 95 % of cases with 12 subjects and in 87 % with 6.",
    ),
)
