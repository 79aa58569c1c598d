"""Section about mechanism: what the chosen networks compute, and what breaks without it."""

from functools import partial
from html import escape

from neuroalrnn import plots
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.report.findings import replicates
from neuroalrnn.report.markup import count, footnote, interval, number, p_value, paragraph
from neuroalrnn.report.texts import CAPTIONS, FOOTNOTES, TEXTS


def mechanism(fit, analysis, gallery):
    """Regimes visited, units needed, gains and selection vectors, behaviour around switches."""
    found, why = analysis.mechanism, analysis.tables.reasons.get("mechanism")
    if found is None:
        return paragraph(f"Not taken apart: {escape(why)}." if why else TEXTS["no_mechanism"])
    shown = {
        name: gallery.show(
            name, CAPTIONS[name].format(fold=escape(str(found.example))), partial(draw, found)
        )
        for name, draw in FIGURES.items()
        if name not in NEEDED or NEEDED[name] in found.tables
    }
    units = [shown[name] for name in ("ablation", "greedy") if name in shown]
    reason = found.tables.reasons.get("ablation", "")
    return "".join(
        [
            paragraph(TEXTS["mechanism"]),
            gallery.sentences(describe_mechanism(fit, found)),
            "<h4>What each regime does with the inputs</h4>",
            *(shown[name] for name in ("state_space", "gains", "selection")),
            "<h4>What breaks without a unit</h4>",
            *(units or [paragraph(f"Nothing was replaced: {escape(reason)}.")]),
            "<h4>Behaviour around switches</h4>",
            shown["triggered"],
            footnote(FOOTNOTES["mechanism"]),
        ]
    )


def _state_space(found):
    if found.portrait is None:
        raise NotTestableError(found.tables.reasons["state_space"])
    return plots.plot_state_space(found.portrait)


def _gains(found):
    table = _of_example(found, "gains")
    return plots.plot_gains_panels(table, features=_inputs(table), labels=found.labels)


def _selection_map(found):
    named = {"features": _inputs(_of_example(found, "gains")), "labels": found.labels}
    return plots.plot_selection_map(_of_example(found, "selection"), modes="leading", **named)


def _triggered(found):
    if found.triggered is None:
        raise NotTestableError(found.tables.reasons["behaviour_around_switches"])
    return plots.plot_triggered_panels(found.triggered)


def _of_example(found, name):
    return found.tables[name][found.tables[name]["fold"] == found.example]


def _inputs(gains):
    return list(dict.fromkeys(gains.sort_values("feature")["input"]))


FIGURES = {
    "state_space": _state_space,
    "gains": _gains,
    "selection": _selection_map,
    "ablation": lambda found: plots.plot_ablation_panels(found.tables["ablation_tests"]),
    "greedy": lambda found: plots.plot_greedy(found.tables["greedy"]),
    "triggered": _triggered,
}
# figures left out with their table: one sentence tells of both
NEEDED = {"ablation": "ablation_tests", "greedy": "greedy"}


def describe_mechanism(fit, found):
    """What says each of the main numbers, by what it is about."""
    tables = found.tables
    makers = {
        "regimes visited": lambda: [_visited(tables["coverage"])],
        "regimes alike": lambda: [_merged(tables["dynamical_classes"])],
        "slow modes": lambda: [_slow(tables["selection"])],
        "closeness to boundaries": lambda: [_fragile(tables["fragile_share"])],
    }
    if "ablation_tests" in tables:
        makers["units needed"] = lambda: [
            _needed(tables["ablation_tests"], replicates(fit)),
            _necessary(tables["necessary"]),
        ]
    return makers


def _visited(coverage):
    folds = coverage.groupby("fold")
    two = folds["occupancy"].apply(lambda share: share.nlargest(2).sum())
    visited = folds["n_visited"].first()
    possible = folds["n_possible"].first()
    spans = ", ".join(f"{a} of {b}" for a, b in dict.fromkeys(zip(visited, possible, strict=True)))
    return (
        f"The networks of the folds visit {spans} possible regimes on held-out trials; the two "
        f"most frequent ones cover {_span(100 * two, 0)} % of the steps."
    )


def _merged(classes):
    folds = classes.groupby("fold")
    lost = (folds["code"].nunique() - folds["dynamical_class"].nunique()).sum()
    if not lost:
        return "No two regimes of a network act alike on what it visits: none can be merged."
    return f"{count(int(lost), 'regime')} act like another one of the same network."


def _needed(tests, replicated):
    rows = tests[(tests["epoch"] == "all") & (tests["replacement"] == "affine")]
    row = rows.sort_values("rank").iloc[0]
    told = [interval(row), p_value(row["q"], "q"), replicated(row["n_subjects"])]
    return (
        "The unit that training subjects need most costs held-out subjects "
        f"{number(row['estimate'])} nats per trial when its best affine approximation takes its "
        f"place ({', '.join(told)})."
    )


def _necessary(necessary):
    rows = necessary[necessary["replacement"] == "affine"]
    kept, all_units = _span(rows["n_necessary"], 0), _span(rows["n_pwl"], 0)
    return (
        f"{kept} of {all_units} PWL units per network cannot act affinely without a loss of more "
        "than 0.01 nats per trial on training subjects; the others can, which costs test subjects "
        f"{_span(rows['cost'], 4)} nats per trial."
    )


def _slow(selection):
    modes = selection.drop_duplicates(["fold", "code", "mode"])
    leading = modes.groupby(["fold", "code"])["modulus"].max()
    steps = modes[modes["slow"]].groupby(["fold", "code"]).size()
    return (
        f"{100 * len(steps) / len(leading):.0f} % of the visited regimes hold a mode that outlasts "
        f"a trial; the slowest modes have moduli of {_span(leading, 3)}."
    )


def _fragile(fragile):
    by_step = fragile.groupby("step", observed=True)["fragile_share"].mean()
    told = ", ".join(
        f"{100 * value:.0f} % at {escape(str(step))}" for step, value in by_step.items()
    )
    return (
        "Steps within a tenth of a standard deviation of a boundary, whose regime a small change "
        f"would turn: {told}."
    )


def _span(values, digits):
    low, high = (f"{each:.{digits}f}" for each in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"
