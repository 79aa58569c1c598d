"""Sections about regimes: what they are, when they switch, how they move, what they go with."""

from html import escape

import numpy as np
import pandas as pd

from neuroalrnn import plots
from neuroalrnn.analysis.units import is_independent
from neuroalrnn.report.markup import (
    bullets,
    collapsed,
    count,
    footnote,
    number,
    paragraph,
    small,
    table,
)
from neuroalrnn.report.texts import CAPTIONS, FOOTNOTES, TEXTS
from neuroalrnn.report.words import (
    ALIKE,
    REPRODUCIBLE,
    describe_effect,
    describe_event_tests,
    describe_rule_test,
    describe_spectra,
    is_reproducible,
    judge_behaviour,
    judge_stability,
    split_tested,
)

SHOWN = ["effect", "outcome", "estimate", "ci_low", "ci_high", "scale", "n_subjects", "p", "q"]
SHOWN += ["note"]
DWELL = {
    "n_visits": "visits",
    "n_censored": "cut by the end",
    "naive_mean": "naive mean",
    "kaplan_meier_mean": "Kaplan-Meier mean",
    "geometric_mean": "1 / (1 - staying)",
}
MATCHED = {"lowest_correlation": "lowest", "n_others": "other restarts"}


def has_regimes(analysis):
    """Whether any held-out step lies in a regime other than the first."""
    return bool((analysis.regimes.values > 0).any())


def regimes(fit, analysis, gallery):
    """Raster, occupancy, dwell times, transitions, stability."""
    if not has_regimes(analysis):
        return paragraph(TEXTS["one_regime"]) + paragraph(describe_stability(fit, analysis))
    tables = analysis.tables
    subject, session = plots.example_session(fit)
    named = {"subject": subject, "session": session, "rule": analysis.rule}
    edge = number(100 * tables["dwell_times"]["censored"].mean(), 1)
    raster = CAPTIONS["regime_raster"].format(subject=escape(subject), session=escape(session))
    raster += " The grey strip is the rule." if analysis.rule else ""
    captions = {
        "regime_raster": raster,
        "occupancy": CAPTIONS["occupancy"] + meanings(fit, analysis),
        "dwell_times": CAPTIONS["dwell_times"].format(edge=edge),
        "transitions": CAPTIONS["transitions"],
    }
    drawn = {
        "regime_raster": plots.plot_regime_raster(analysis.regimes, fit.trials, **named),
        "occupancy": plots.plot_occupancy(tables["occupancy"]),
        "dwell_times": plots.plot_dwell_times(tables["dwell_survival"]),
        "transitions": plots.plot_transitions(tables["transitions"]),
    }
    n_regimes = count(tables["occupancy"]["regime"].nunique(), "regime")
    return "".join(
        [
            paragraph(TEXTS["regimes"].format(regimes=n_regimes)),
            paragraph(describe_stability(fit, analysis)),
            *(gallery.show(ax.figure, name, captions[name]) for name, ax in drawn.items()),
            _mean_dwell_times(tables["mean_dwell_times"]),
            _stability(tables, gallery),
            footnote(FOOTNOTES["regimes"].format(dependence=dependence(fit))),
        ]
    )


def describe_stability(fit, analysis):
    """Whether regimes are the same in other restarts and folds, as a sentence."""
    n_pwl, n_restarts = fit.selection["n_pwl_chosen"].values, fit.parameters.sizes["restart"]
    return judge_stability(analysis.tables["stability"], n_pwl, n_restarts)


def _stability(tables, gallery):
    """Agreement of restarts and folds, and the PWL units that restarts share."""
    spread, units = tables["score_spread"], tables["stability_units"]
    spread = spread[spread["n_restarts"] > 1]
    text = TEXTS["one_restart"]
    if len(spread):
        middle, most = spread["validation"].median(), spread["validation"].max()
        values = {"middle": middle, "most": most, "training": spread["training"].median()}
        text = TEXTS["stability"].format(**{k: number(value) for k, value in values.items()})
    pairs = plots.plot_stability(tables["stability_pairs"], limits=(REPRODUCIBLE, ALIKE)).figure
    folds = plots.plot_agreement(tables["agreement"]).figure
    parts = ["<h4>Stability across restarts and folds</h4>", paragraph(text)]
    parts.append(gallery.show(pairs, "stability", CAPTIONS["stability"]))
    parts.append(gallery.show(folds, "agreement", CAPTIONS["agreement"]))
    if (units["n_others"] > 0).any():
        shown = table(units.rename(columns=MATCHED), {"on": lambda value: number(value, 2)})
        parts += [paragraph(TEXTS["stability_units"]), collapsed(shown, len(units), "unit")]
    return "".join(parts)


def _mean_dwell_times(means):
    shown = means.rename(columns=DWELL)
    dwell = table(shown, dict.fromkeys(list(DWELL.values())[2:], lambda value: number(value, 2)))
    return paragraph(TEXTS["mean_dwell_times"]) + collapsed(dwell, len(shown), "regime")


def switches(fit, analysis, gallery):
    """Switches by step and condition, within trials and around rule changes; slow trends."""
    if not has_regimes(analysis):
        return paragraph(TEXTS["one_regime"])
    tables = analysis.tables
    by_step = plots.plot_switch_probability(tables["switch_probability"]).figure
    trend = plots.plot_occupancy_trend(tables["occupancy_trend"]).figure
    caption = CAPTIONS["switch_probability"] + meanings(fit, analysis)
    events = tables.get("event_switches", pd.DataFrame(columns=["effect", "method", "note"]))
    parts = [
        "<h4>By step and condition</h4>",
        gallery.show(by_step, "switch_probability", caption),
        "<h4>Locked to events within the trial</h4>",
        bullets(describe_event_tests(events, fit.config["encoding"].get("step"))),
        "<h4>Locked to changes of the rule</h4>",
        _around_rule_changes(analysis, gallery),
        "<h4>Occupancy over the session</h4>",
        gallery.show(trend, "occupancy_trend", CAPTIONS["occupancy_trend"]),
        footnote(FOOTNOTES["switches"].format(dependence=dependence(fit))),
    ]
    return "".join(parts)


def _around_rule_changes(analysis, gallery):
    if analysis.rule is None:
        return paragraph("No variable was named as the rule, so nothing was locked to its changes.")
    if analysis.locked is None:
        return bullets([escape(note) for note in analysis.notes])
    rule, row = escape(analysis.rule), analysis.tables["rule_switches"].iloc[0]
    figure = plots.plot_locked_switches(analysis.locked, event=f"change of {analysis.rule}").figure
    remark = str(row.get("note", "") or "")
    remark = f" {escape(remark[:1].upper() + remark[1:])}." if remark else ""
    caption = CAPTIONS["locked_switches"].format(rule=rule)
    shown = gallery.show(figure, "locked_switches", caption)
    return paragraph(describe_rule_test(row, rule) + remark) + shown


def spectra(fit, analysis, gallery):
    """Eigenvalues of every regime."""
    found = analysis.tables["spectra"]
    figure = plots.plot_spectra_panels(found, fit.parameters["fold"].values)
    shown = gallery.show(figure, "spectra", CAPTIONS["spectra"])
    return bullets(describe_spectra(found)) + shown + footnote(FOOTNOTES["spectra"])


def behaviour(fit, analysis, gallery):
    """Effects of regimes and switches on choice, correctness and reaction time."""
    found = analysis.tables["behaviour"]
    tested = split_tested(found)
    if not len(tested):
        reasons = [
            f"{escape(row['effect'])}, {escape(row['outcome'])}: {escape(str(row.get('note', '')))}"
            for row in found.to_dict("records")
        ]
        return paragraph("No effect on behaviour could be tested.") + bullets(reasons)
    clear = tested[tested["q"] < 0.05]
    reproducible = is_reproducible(analysis.tables["stability"])
    told = clear if reproducible else clear[~clear["effect"].str.startswith("regime ")]
    labels = [escape(str(label)) for label in fit.trials["choice"].attrs["labels"]]
    figure = plots.plot_behaviour_panels(found)
    whole = found[SHOWN].fillna({"scale": "", "note": ""})
    parts = [
        paragraph(judge_behaviour(found, reproducible)),
        paragraph(_family(found, tested, clear)),
        bullets([describe_effect(row, labels) for row in told.to_dict("records")]),
        gallery.show(figure, "behaviour", CAPTIONS["behaviour"]),
        collapsed(table(whole, {"p": small, "q": small}), len(whole), "effect"),
        footnote(FOOTNOTES["behaviour"].format(dependence=dependence(fit))),
    ]
    return "".join(parts)


def _family(found, tested, clear):
    n_outcomes = found["outcome"].nunique()
    families = "one family" if n_outcomes == 1 else f"{n_outcomes} families, one per outcome"
    text = (
        f"{count(len(found), 'test')} form {families}: {int((tested['p'] < 0.05).sum())} with p "
        f"&lt; .05 before correction, {len(clear)} with q &lt; .05 after it."
    )
    lost = len(found) - len(tested)
    return text + (f" {lost} could not be done and stayed in as p = 1." if lost else "")


def meanings(fit, analysis):
    """What the values of conditions stand for, where the dataset says so."""
    told = [
        f" {escape(name)}: {escape('; '.join(map(str, fit.trials[name].attrs['labels'])))}."
        for name in analysis.conditions
        if len(fit.trials[name].attrs.get("labels", ()))
    ]
    return "".join(told)


def dependence(fit):
    """A remark for data in which several subjects count as one."""
    subject = fit.trials["subject"].values.astype(str)
    n_subjects, n_units = len(np.unique(subject)), len(np.unique(subject[is_independent(fit)]))
    if n_units == n_subjects:
        return ""
    orders = count(n_units, "stimulus order")
    return TEXTS["dependence"].format(n_subjects=n_subjects, orders=orders)
