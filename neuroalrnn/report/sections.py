"""The sections of the report in order, and those about the fit as a whole."""

from html import escape

import numpy as np

from neuroalrnn import plots
from neuroalrnn.report.findings import (
    behaviour,
    describe_stability,
    has_regimes,
    regimes,
    replicates,
    shared_orders,
    spectra,
    switches,
)
from neuroalrnn.report.markup import (
    bullets,
    collapsed,
    count,
    footnote,
    number,
    paragraph,
    table,
)
from neuroalrnn.report.mechanism import mechanism
from neuroalrnn.report.models import calibration, comparison, judge_models
from neuroalrnn.report.setup import dataset_notes, describe_provenance, describe_setup
from neuroalrnn.report.texts import CAPTIONS, CITATIONS, FOOTNOTES, LIMITS, TEXTS
from neuroalrnn.report.words import (
    compare,
    describe_choice_of_n_pwl,
    describe_rule_test,
    is_reproducible,
    judge_behaviour,
    judge_control,
)

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


PLURALS = {"choice": "choices", "rt": "response times"}


def setup(fit, analysis, gallery):
    """The main findings in short, and what was fitted and how."""
    explained = " and ".join(escape(PLURALS.get(name, name)) for name in fit.explained)
    parts = [
        paragraph(TEXTS["model"].format(explained=explained)),
        "<h4>In short</h4>",
        gallery.sentences(in_short(fit, analysis)),
        gallery.show(
            "overview",
            CAPTIONS["overview"]
            + (shared_orders(fit, "In (d)") if analysis.locked is not None else ""),
            lambda: plots.plot_overview(fit, analysis),
        ),
    ]
    return "".join(parts) + describe_setup(fit, analysis.tables, gallery)


def in_short(fit, analysis):
    """What says the main finding of each question, by the question, in the order of the report."""
    tables = analysis.tables
    makers = {
        "best model": lambda: judge_models(tables["models"]),
        "linear control": lambda: [judge_control(fit, tables["comparisons"])],
        "stability of regimes": lambda: [describe_stability(fit, analysis)],
    }
    if analysis.regimes is None or not has_regimes(analysis):
        return makers
    if analysis.locked is not None:
        makers["changes of the rule"] = lambda: [
            describe_rule_test(
                tables["rule_switches"].iloc[0], escape(analysis.rule), replicates(fit)
            )
        ]
    makers["behaviour"] = lambda: [
        judge_behaviour(tables["behaviour"], is_reproducible(tables["stability"]))
    ]
    return makers


def scores(fit, analysis, gallery):
    """Held-out scores and comparisons over subjects."""
    tables, summary = analysis.tables, fit.summarise().reset_index()
    best = escape(summary.loc[summary["log_likelihood"].idxmax(), "model"])
    parts = [
        paragraph(TEXTS["scores"].format(best=best)),
        table(summary.rename(columns=HEADINGS)),
        gallery.show(
            "scores",
            CAPTIONS["scores"],
            lambda: plots.plot_score_panels(fit, tables["comparisons"]),
        ),
        gallery.part("comparisons", lambda: _comparisons(tables["comparisons"])),
        gallery.part(
            "linear control", lambda: paragraph(judge_control(fit, tables["comparisons"]))
        ),
    ]
    if len(fit.explained) > 1:
        parts.append(gallery.part("beyond choices", lambda: _beyond_choices(tables["observed"])))
    parts += [
        comparison(fit, analysis, gallery),
        footnote(FOOTNOTES["scores"].format(n_tests=len(tables.get("comparisons", ())))),
    ]
    return "".join(parts)


def _comparisons(compared):
    """The AL-RNN against each other model."""
    if not len(compared):
        return paragraph("No other model was fitted, so the AL-RNN is compared with none.")
    sentences = [compare(row) for row in compared.to_dict("records")]
    return collapsed(bullets(sentences), len(sentences), "comparison")


def _beyond_choices(observed):
    """What else was explained: the AL-RNN against the models that explain it too."""
    parts = [paragraph("All of the above is about choices, and so is what follows.")]
    for name, rows in observed.groupby("variable", sort=False):
        title = "all together" if name == "joint" else escape(PLURALS.get(name, name))
        sentences = [compare(row) for row in rows.to_dict("records")]
        parts.append(f"<h4>Beyond choices: {title}</h4>{bullets(sentences)}")
    return "".join(parts)


def score_by_n_pwl(fit, analysis, gallery):
    """Score against the number of PWL units."""
    text = paragraph(describe_choice_of_n_pwl(fit))
    if fit.parameters.sizes["n_pwl"] < 2:
        return text + paragraph("Only one value of P was fitted: there is no curve to show.")
    caption = CAPTIONS["score_by_n_pwl"]
    shown = gallery.show("score_by_n_pwl", caption, lambda: plots.plot_n_pwl_panels(fit))
    return text + shown + footnote(FOOTNOTES["score_by_n_pwl"])


def learning(fit, analysis, gallery):
    """Learning curves."""
    caption = CAPTIONS["learning_curves"]
    return "".join(
        [
            gallery.part("spread of restarts", lambda: _spread(fit)),
            gallery.show("learning_curves", caption, lambda: plots.plot_learning_panels(fit)),
            footnote(FOOTNOTES["learning_curves"]),
        ]
    )


def _spread(fit):
    """How far restarts are apart, and whether any was still getting better."""
    score = fit.selection["validation_score"]
    score = score.where(np.isfinite(score))
    text = "There is one restart per P and fold: nothing to compare it with."
    if score.sizes["restart_id"] > 1:
        spread = score.max("restart_id") - score.min("restart_id")
        text = (
            f"Restarts differ on validation subjects by {number(float(spread.median()))} nats per "
            f"trial in the median over P and folds, and by {number(float(spread.max()))} at most."
        )
    if late := _stopped_late(fit):
        text += (
            f" In {count(late, 'fold')} the best check was the last one: longer training (more "
            "<code>max_checks</code>) might do better."
        )
    return paragraph(text)


def _stopped_late(fit):
    """Folds whose chosen restart was still getting better when training ended."""
    last, late = fit.history["n_updates"].values.max(), 0
    for index, n_pwl in enumerate(fit.selection["n_pwl_chosen"].values):
        one = fit.selection.isel(fold=index).sel(n_pwl=n_pwl)
        late += int(one["n_updates"].values[int(one["restart"])]) == last
    return late


def notes(fit, analysis, gallery):
    """Remarks, limits, citation, provenance."""
    data = str(fit.trials.attrs.get("citation", ""))
    cite = [f"Data: {escape(data)}"] if data else []
    cite += [*CITATIONS, f"Software: neuroalrnn {escape(str(fit.provenance['neuroalrnn']))}."]
    own = [escape(note) for note in all_missing(analysis, gallery)]
    parts = {
        "What could not be computed": bullets(own or ["Everything asked for could be computed."]),
        "Remarks of the dataset": dataset_notes(fit) or paragraph("None."),
        "What the numbers do not say": bullets(LIMITS),
        "How to cite": bullets(cite),
        "Provenance": describe_provenance(fit),
    }
    return "".join(f"<h4>{title}</h4>{body}" for title, body in parts.items())


def all_missing(analysis, gallery):
    """What could not be made, and why: tables, then parts of the page."""
    apart, found = analysis.mechanism, [*analysis.notes]
    reasons = {*analysis.tables.reasons.values()}
    if apart is not None:
        found += apart.notes
        reasons |= {*apart.tables.reasons.values()}
    # a part that lacks a table is told of with the table
    found += [text for text in gallery.missing if not text.endswith(tuple(reasons))]
    return list(dict.fromkeys(found))


SECTIONS = {
    "What was fitted, and how": setup,
    "Scores on held-out trials": scores,
    "Calibration of probabilities": calibration,
    "Score against P": score_by_n_pwl,
    "Learning curves": learning,
    "Regimes": regimes,
    "Switches": switches,
    "Dynamics in each regime": spectra,
    "Mechanism": mechanism,
    "Relation to behaviour": behaviour,
    "Notes": notes,
}
