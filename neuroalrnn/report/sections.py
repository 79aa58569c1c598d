"""The sections of the report in order, and those about the fit as a whole."""

from html import escape

import numpy as np

from neuroalrnn import plots
from neuroalrnn.report.findings import (
    behaviour,
    describe_stability,
    has_regimes,
    regimes,
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
    figure = gallery.show(plots.plot_overview(fit, analysis), "overview", CAPTIONS["overview"])
    described = describe_setup(fit, analysis.tables["effective_n_pwl"])
    short = "<h4>In short</h4>" + bullets(in_short(fit, analysis))
    explained = " and ".join(escape(PLURALS.get(name, name)) for name in fit.explained)
    model = paragraph(TEXTS["model"].format(explained=explained))
    return cautions(fit) + model + short + figure + described


def cautions(fit):
    """What a reader must hear before any number; nothing where there is nothing to tell."""
    if not fit.cautions:
        return ""
    return "<h4>Read this first</h4>" + bullets([escape(text) for text in fit.cautions])


def in_short(fit, analysis):
    """One sentence per main question, in the order of the report."""
    tables = analysis.tables
    texts = [*judge_models(tables["models"]), judge_control(fit, tables["comparisons"])]
    texts.append(describe_stability(fit, analysis))
    if not has_regimes(analysis):
        return texts
    if analysis.locked is not None:
        texts.append(describe_rule_test(tables["rule_switches"].iloc[0], escape(analysis.rule)))
    return [*texts, judge_behaviour(tables["behaviour"], is_reproducible(tables["stability"]))]


def scores(fit, analysis, gallery):
    """Held-out scores and comparisons over subjects."""
    summary, compared = fit.summarise().reset_index(), analysis.tables["comparisons"]
    best = escape(summary.loc[summary["log_likelihood"].idxmax(), "model"])
    figure = plots.plot_score_panels(fit, compared)
    sentences = [compare(row) for row in compared.to_dict("records")]
    parts = [
        paragraph(TEXTS["scores"].format(best=best)),
        table(summary.rename(columns=HEADINGS)),
        gallery.show(figure, "scores", CAPTIONS["scores"]),
        collapsed(bullets(sentences), len(sentences), "comparison"),
        paragraph(judge_control(fit, compared)),
        _beyond_choices(analysis.tables.get("observed")),
        comparison(fit, analysis, gallery),
        footnote(FOOTNOTES["scores"].format(n_tests=len(compared))),
    ]
    return "".join(parts)


def _beyond_choices(observed):
    """What else was explained: the AL-RNN against the models that explain it too."""
    if observed is None:
        return ""
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
    figure = plots.plot_n_pwl_panels(fit)
    shown = gallery.show(figure, "score_by_n_pwl", CAPTIONS["score_by_n_pwl"])
    return text + shown + footnote(FOOTNOTES["score_by_n_pwl"])


def learning(fit, analysis, gallery):
    """Learning curves."""
    figure = plots.plot_learning_panels(fit)
    shown = gallery.show(figure, "learning_curves", CAPTIONS["learning_curves"])
    score = fit.selection["validation_score"]
    score = score.where(np.isfinite(score))
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
    return paragraph(text) + shown + footnote(FOOTNOTES["learning_curves"])


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
    own = [escape(note) for note in analysis.notes] or ["Everything asked for could be computed."]
    parts = {
        "What could not be computed": bullets(own),
        "Remarks of the dataset": dataset_notes(fit) or paragraph("None."),
        "What the numbers do not say": bullets(LIMITS),
        "How to cite": bullets(cite),
        "Provenance": describe_provenance(fit),
    }
    return "".join(f"<h4>{title}</h4>{body}" for title, body in parts.items())


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
