"""How much of a subject do the models not see, and does learning it help?"""

import pandas as pd

from neuroalrnn.behaviour.readouts import trace_readouts
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.plots.readouts import plot_readout_panels
from neuroalrnn.questions.comparisons import not_testable
from neuroalrnn.questions.question import Figure, Question, Shown, Text
from neuroalrnn.questions.sections import SCORES
from neuroalrnn.questions.words import (
    capital,
    interval,
    listed,
    name_of,
    number,
    p_value,
    small,
    spans,
    strong,
)
from neuroalrnn.results.columns import Column
from neuroalrnn.results.summary import ADAPTIVE, CHOSEN
from neuroalrnn.results.tables import EFFECT, Table
from neuroalrnn.stats import paired_difference
from neuroalrnn.stats.calibration import subject_calibration_errors, subject_chance_errors

LIKELIHOOD, CALIBRATION = "log-likelihood", "calibration error"
EXCESS = "calibration error beyond chance"
SPREAD = {
    "gain": "sd_gain",
    "offset": "sd_offset",
    "readout": "sd_readout",
    "drift": "drift_per_trial",
    "session_drift": "drift_per_session",
}
TRIAL = Column("trials of the subject before it", dtype="int64")


def compare_adaptive(fit):
    """Every model with a read-out that learns its subject, minus the same without.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    pandas.DataFrame
        Three rows per model, paired over subjects: of the log-likelihood; of the expected
        calibration error of each subject alone, which is better where it falls; and of what is left
        of that without the error that right predictions would have. The spread that was chosen is
        the median over folds.
    """
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    errors, by_chance = _calibration_errors(fit)
    chosen = fit.adaptive.median("fold")
    rows = []
    for model in fit.adaptive["model"].values.astype(str):
        spread = {new: float(chosen[old].sel(model=model)) for old, new in SPREAD.items()}
        for quantity, values, unit in (
            (LIKELIHOOD, scores, "nats per trial"),
            (CALIBRATION, errors, "share"),
            (EXCESS, errors - by_chance, "share"),
        ):
            row = _difference(values[model + ADAPTIVE], values[model], model, quantity)
            rows.append(row.assign(model=model, quantity=quantity, scale=unit, **spread))
    table = pd.concat(rows, ignore_index=True)
    return table[["model", "quantity", *(n for n in table if n not in ("model", "quantity"))]]


def _difference(adaptive, plain, model, quantity):
    effect = f"{model}{ADAPTIVE} - {model}"
    try:
        row = paired_difference(adaptive, plain, effect=effect).assign(note="")
    except NotTestableError as error:
        row = not_testable(effect, adaptive - plain).assign(note=str(error))
    better = adaptive > plain if quantity == LIKELIHOOD else adaptive < plain
    means = {"mean_plain": plain.mean(), "mean_adaptive": adaptive.mean()}
    return row.assign(n_favouring=int(better.sum()), **means)


def _calibration_errors(fit):
    """Calibration errors of every subject and model, and what they would be by chance."""
    scored = scored_trials(fit.trials)
    choice = fit.trials["choice"].values[scored].astype(int)
    subject = fit.trials["subject"].values[scored].astype(str)
    found, by_chance = {}, {}
    for model in fit.adaptive["model"].values.astype(str):
        for name in (model, model + ADAPTIVE):
            probability = fit.predictions["probability"].sel(model=name).values[scored]
            found[name] = subject_calibration_errors(probability, choice, subject)
            by_chance[name] = subject_chance_errors(probability, subject)
    return pd.DataFrame(found), pd.DataFrame(by_chance)


def say_adaptive(compared):
    """What a read-out that learns its subject gains, one text per model.

    Parameters
    ----------
    compared : pandas.DataFrame
        Table ``adaptive``.

    Returns
    -------
    list of str
    """
    texts = []
    for model, rows in compared.groupby("model", sort=False):
        row, error, excess = (
            rows[rows["quantity"] == what].iloc[0] for what in (LIKELIHOOD, CALIBRATION, EXCESS)
        )
        if row["estimate"] == error["estimate"] == 0:
            texts.append(f"No read-out predicts validation subjects better than {name_of(model)}.")
        else:
            texts.append(_gain_sentence(name_of(model), row) + _error_sentence(error, excess))
    return texts


def _gain_sentence(name, row):
    size = f"{number(abs(row['estimate']))} nats per trial"
    detail = f" ({interval(row)}, {p_value(row['p'])}): "
    if row["ci_low"] > 0:
        return (
            strong(f"{capital(name)} gains {size} by learning its subject")
            + detail
            + ("subjects differ in ways that it does not see by itself; ")
        )
    if row["ci_high"] < 0:
        return (
            strong(f"{capital(name)} loses {size} by learning its subject")
            + detail
            + ("test subjects differ less than validation subjects did; ")
        )
    return f"Learning its subject changes {name} by {number(row['estimate'])} nats per trial" + (
        detail + "it cannot be told whether that helps; "
    )


def _error_sentence(row, excess):
    change = "falls" if row["estimate"] < 0 else "rises"
    sure = "" if row["ci_low"] > 0 or row["ci_high"] < 0 else "; it may be chance"
    ends = ("mean_plain", "mean_adaptive")
    values, by_chance = (
        [number(each[name], 3) for name in ends] for each in (row, row[[*ends]] - excess[[*ends]])
    )
    return (
        f"its calibration error {change} from {' to '.join(values)} (mean over subjects; "
        f"{interval(row, 3)} of the change, {p_value(row['p'])}{sure}), where right predictions "
        f"would have {' and '.join(by_chance)}."
    )


def _as_read(asked):
    """Both quantities of every model before and after, as they are read."""
    table = asked.tables["adaptive"]
    return pd.DataFrame(
        {
            "model": table["model"],
            "mean of subjects": table["quantity"],
            "as it is": table["mean_plain"],
            "adaptive": table["mean_adaptive"],
            "change": table["estimate"],
            "95 % interval": spans(table["ci_low"], table["ci_high"]),
            "p": table["p"],
            "better in": [
                f"{n} of {total}"
                for n, total in zip(table["n_favouring"], table["n_subjects"], strict=True)
            ],
        }
    )


def say_averaged(fit):
    """Which networks validation subjects prefer, alone or on average.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    str
        Empty where nothing was chosen.
    """
    if "adaptive" not in fit.tree.children or "averaged" not in fit.adaptive:
        return ""
    n_folds, taken = fit.adaptive.sizes["fold"], fit.adaptive["averaged"].sum("fold")
    parts = [
        f"{name + ADAPTIVE} in {int(n)} of {n_folds} folds"
        for name, n in zip(taken["model"].values, taken.values, strict=True)
        if n
    ]
    return (
        f"{CHOSEN + ADAPTIVE} is the mean of the probabilities of those networks that "
        f"validation subjects prefer together: {listed(parts)}."
    )


def _none(asked):
    lacking = "adaptive" not in asked.fit.tree.children
    return "no read-outs that learn their subject were fitted (adaptive=True)" if lacking else ""


QUESTION = Question(
    name="adaptive",
    section=SCORES,
    title="Read-outs that learn their subject",
    tables={
        "adaptive": lambda asked: compare_adaptive(asked.fit),
        "readouts": lambda asked: trace_readouts(asked.fit),
    },
    schema={
        "adaptive": Table(
            "model and quantity: with a read-out that learns its subject minus without",
            f"model quantity effect {EFFECT} n_favouring note mean_plain mean_adaptive "
            f"{' '.join(SPREAD.values())}",
        ),
        "readouts": Table(
            "subject, trial and weight: smoothed read-out of the AL-RNN",
            "subject trial readout_weight readout ci_low ci_high",
        ),
    },
    columns={
        "mean_plain": Column("mean over subjects of the model as it is, see scale"),
        "mean_adaptive": Column("the same with a read-out that learns its subject, see scale"),
        "sd_gain": Column("spread of subjects in the factor on the log odds", "1"),
        "sd_offset": Column("spread of subjects in the constant", "log odds"),
        "sd_readout": Column("spread of subjects in what states of variance 1 add", "log odds"),
        "drift_per_trial": Column("variance added per trial, of that of subjects", "share"),
        "drift_per_session": Column("variance added between sessions, of that", "share"),
        "trial": TRIAL,
        "readout": Column("weight of the read-out given all choices of the subject", "1"),
        "readout_weight": Column(
            "gain, offset, or the latent or term that is weighed", dtype="str"
        ),
    },
    answer=(
        Text("adaptive", lambda asked: say_adaptive(asked.tables["adaptive"])),
        Text("networks averaged", lambda asked: say_averaged(asked.fit)),
        Shown("what learning a subject changes", _as_read, noun="change", formats={"p": small}),
        Figure(
            "readouts",
            "Gain and offset of the read-out of the AL-RNN given all choices of a held-out "
            "subject. Top: single subjects, the shared network dashed. Below: the first twelve "
            "subjects with 95 % intervals; colour is the gain, grey the offset.",
            lambda asked: plot_readout_panels(asked.tables["readouts"]),
        ),
    ),
    footnote=(
        "A read-out learns from the earlier choices of its own subject alone; how far it may go "
        "was chosen on validation subjects inside each fold. So were the means and covariances "
        "over subjects, where learning them predicts validation subjects better. All models weigh "
        "the terms of the history regression, networks their states, too.",
        "The calibration error is the mean distance of the share of choices from the prediction in "
        "ten bins of a subject's own trials. Right predictions have one, too, by chance, which is "
        "smaller the surer they are. p is of the paired difference over subjects (t), not "
        "corrected for the number of models.",
    ),
    unasked=_none,
)
