"""Sections about regimes: what they are, when they switch, how they move, what they go with."""

from html import escape

import numpy as np

from neuroalrnn import plots
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.regimes.replication import is_independent
from neuroalrnn.report.markup import (
    bullets,
    collapsed,
    count,
    footnote,
    listed,
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
NOTHING = ["There is neither a choice of two options, nor correctness, nor reaction time."]
MATCHED = {"on_share": "on", "unit_correlation": "correlation", "unit_correlation_low": "lowest"}
MATCHED |= {"n_others": "other restarts"}


def has_regimes(analysis):
    """Whether any held-out step lies in a regime other than the first."""
    if analysis.regimes is None:
        raise NotTestableError(analysis.tables.reasons["held_out_regimes"])
    return bool((analysis.regimes.values > 0).any())


def regimes(fit, analysis, gallery):
    """Raster, occupancy, dwell times, transitions, stability."""
    stability = gallery.part(
        "stability of regimes", lambda: paragraph(describe_stability(fit, analysis))
    )
    if not has_regimes(analysis):
        return paragraph(TEXTS["one_regime"]) + stability
    tables, meant = analysis.tables, meanings(fit, analysis)
    parts = [
        gallery.part("number of regimes", lambda: _number_of_regimes(tables["occupancy"])),
        stability,
        gallery.part("regime raster", lambda: _raster(fit, analysis, gallery)),
        gallery.show(
            "occupancy",
            CAPTIONS["occupancy"] + meant,
            lambda: plots.plot_occupancy(tables["occupancy"]),
        ),
        gallery.part("dwell times", lambda: _dwell_times(tables, gallery)),
        gallery.show(
            "transitions",
            CAPTIONS["transitions"],
            lambda: plots.plot_transitions(tables["transitions"]),
        ),
        gallery.part("mean dwell times", lambda: _mean_dwell_times(tables["mean_dwell_times"])),
        "<h4>Stability across restarts and folds</h4>",
        gallery.part("spread of scores", lambda: _score_spread(tables["score_spread"])),
        gallery.show(
            "stability",
            CAPTIONS["stability"],
            lambda: plots.plot_stability(tables["stability_pairs"], limits=(REPRODUCIBLE, ALIKE)),
        ),
        gallery.show(
            "agreement", CAPTIONS["agreement"], lambda: plots.plot_agreement(tables["agreement"])
        ),
        gallery.part("stability of units", lambda: _stability_units(tables["stability_units"])),
        footnote(FOOTNOTES["regimes"].format(dependence=dependence(fit))),
    ]
    return "".join(parts)


def _number_of_regimes(occupancy):
    n_regimes = count(occupancy["regime"].nunique(), "regime")
    return paragraph(TEXTS["regimes"].format(regimes=n_regimes))


def _raster(fit, analysis, gallery):
    subject, session = plots.example_session(fit)
    caption = CAPTIONS["regime_raster"].format(subject=escape(subject), session=escape(session))
    caption += " The grey strip is the rule." if analysis.rule else ""
    named = {"subject": subject, "session": session, "rule": analysis.rule}
    return gallery.show(
        "regime_raster",
        caption,
        lambda: plots.plot_regime_raster(analysis.regimes, fit.trials, **named),
    )


def _dwell_times(tables, gallery):
    edge = number(100 * tables["dwell_times"]["censored"].mean(), 1)
    return gallery.show(
        "dwell_times",
        CAPTIONS["dwell_times"].format(edge=edge),
        lambda: plots.plot_dwell_times(tables["dwell_survival"]),
    )


def describe_stability(fit, analysis):
    """Whether regimes are the same in other restarts and folds, as a sentence."""
    n_pwl, n_restarts = fit.selection["n_pwl_chosen"].values, fit.parameters.sizes["restart"]
    return judge_stability(analysis.tables["stability"], n_pwl, n_restarts)


def _score_spread(spread):
    """How much restarts of a fold differ in score."""
    spread = spread[spread["n_restarts"] > 1]
    if not len(spread):
        return paragraph(TEXTS["one_restart"])
    validation, training = spread["validation_spread"], spread["training_spread"]
    values = {"middle": validation.median(), "most": validation.max()}
    values |= {"training": training.median()}
    told = {name: number(value) for name, value in values.items()}
    return paragraph(TEXTS["stability"].format(**told))


def _stability_units(units):
    """The PWL units that restarts share."""
    if not (units["n_others"] > 0).any():
        return ""
    shown = table(units.rename(columns=MATCHED), {"on": lambda value: number(value, 2)})
    return paragraph(TEXTS["stability_units"]) + collapsed(shown, len(units), "unit")


def _mean_dwell_times(means):
    shown = means.rename(columns=DWELL)
    dwell = table(shown, dict.fromkeys(list(DWELL.values())[2:], lambda value: number(value, 2)))
    return paragraph(TEXTS["mean_dwell_times"]) + collapsed(dwell, len(shown), "regime")


def switches(fit, analysis, gallery):
    """Switches by step and condition, within trials and around rule changes; slow trends."""
    if not has_regimes(analysis):
        return paragraph(TEXTS["one_regime"])
    tables, step = analysis.tables, fit.encoding.get("step")
    parts = [
        "<h4>By step and condition</h4>",
        gallery.show(
            "switch_probability",
            CAPTIONS["switch_probability"] + meanings(fit, analysis),
            lambda: plots.plot_switch_probability(tables["switch_probability"]),
        ),
        "<h4>Locked to events within the trial</h4>",
        gallery.sentences(
            {"switches after events": lambda: describe_event_tests(tables["event_switches"], step)}
        ),
        "<h4>Locked to changes of the rule</h4>",
        gallery.part("changes of the rule", lambda: _around_rule_changes(fit, analysis, gallery)),
        "<h4>Occupancy over the session</h4>",
        gallery.show(
            "occupancy_trend",
            CAPTIONS["occupancy_trend"],
            lambda: plots.plot_occupancy_trend(tables["occupancy_trend"]),
        ),
        footnote(FOOTNOTES["switches"].format(dependence=dependence(fit))),
    ]
    return "".join(parts)


def _around_rule_changes(fit, analysis, gallery):
    if analysis.rule is None:
        return paragraph("No variable was named as the rule, so nothing was locked to its changes.")
    rule, row = escape(analysis.rule), analysis.tables["rule_switches"].iloc[0]
    remark = str(row.get("note", "") or "")
    remark = f" {escape(remark[:1].upper() + remark[1:])}." if remark else ""
    shown = gallery.show(
        "locked_switches",
        CAPTIONS["locked_switches"].format(rule=rule) + shared_orders(fit),
        lambda: plots.plot_locked_switches(analysis.locked, event=f"change of {analysis.rule}"),
    )
    return paragraph(describe_rule_test(row, rule, replicates(fit)) + remark) + shown


def spectra(fit, analysis, gallery):
    """Eigenvalues of every regime."""
    tables = analysis.tables
    return "".join(
        [
            gallery.sentences({"spectra": lambda: describe_spectra(tables["spectra"])}),
            gallery.show(
                "spectra",
                CAPTIONS["spectra"],
                lambda: plots.plot_spectra_panels(tables["spectra"]),
            ),
            footnote(FOOTNOTES["spectra"]),
        ]
    )


def behaviour(fit, analysis, gallery):
    """Effects of regimes and switches on choice, correctness and reaction time."""
    found = analysis.tables["behaviour"]
    tested = split_tested(found)
    if not len(tested):
        reasons = [
            f"{escape(row['effect'])}, {escape(row['outcome'])}: {escape(str(row.get('note', '')))}"
            for row in found.to_dict("records")
        ]
        return paragraph("No effect on behaviour could be tested.") + bullets(reasons or NOTHING)
    clear = tested[tested["q"] < 0.05]
    reproducible = is_reproducible(analysis.tables["stability"])
    told = clear if reproducible else clear[~clear["effect"].str.startswith("regime ")]
    labels = [escape(str(label)) for label in fit.trials["choice"].attrs["labels"]]
    whole = found[SHOWN].fillna({"scale": "", "note": ""})
    parts = [
        paragraph(judge_behaviour(found, reproducible)),
        paragraph(_family(found, tested, clear)),
        bullets([describe_effect(row, labels) for row in told.to_dict("records")]),
        gallery.show(
            "behaviour",
            CAPTIONS["behaviour"],
            lambda: plots.plot_behaviour_panels(found),
        ),
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
    degrees = tested.dropna(subset="trend_degree").groupby("outcome", sort=False)["trend_degree"]
    trends = [f"{int(each)} for {escape(name)}" for name, each in degrees.first().items()]
    if trends:
        text += (
            f" The trend over the session that was held constant is a polynomial of degree "
            f"{listed(trends)}: 3, or more where subjects share a steeper course."
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


def replicates(fit):
    """How the subjects that a test counts are written: those of one stimulus order count once.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    callable
        A number of subjects to text.
    """
    n_subjects, n_units = _count_units(fit)

    def told(n):
        text = count(int(n), "subject")
        if n_units == n_subjects or n > n_units:
            return text
        return f"{text}, one for each stimulus order that the {n_subjects} share"

    return told


def shared_orders(fit, where="Here"):
    """A sentence for captions where subjects of one stimulus order count once."""
    n_subjects, n_units = _count_units(fit)
    if n_units == n_subjects:
        return ""
    orders = count(n_units, "stimulus order")
    return TEXTS["shared_orders"].format(where=where, n_subjects=n_subjects, orders=orders)


def dependence(fit):
    """A remark for data in which several subjects count as one."""
    n_subjects, n_units = _count_units(fit)
    if n_units == n_subjects:
        return ""
    orders = count(n_units, "stimulus order")
    return TEXTS["dependence"].format(n_subjects=n_subjects, orders=orders)


def _count_units(fit):
    subject = fit.trials["subject"].values.astype(str)
    return len(np.unique(subject)), len(np.unique(subject[is_independent(fit)]))
