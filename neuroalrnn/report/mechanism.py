"""Section about mechanism: what the chosen networks compute, and what breaks without it."""

from html import escape

from neuroalrnn import plots
from neuroalrnn.report.markup import bullets, count, footnote, interval, number, p_value, paragraph
from neuroalrnn.report.texts import CAPTIONS, FOOTNOTES, TEXTS


def mechanism(fit, analysis, gallery):
    """Regimes visited, units needed, gains and selection vectors, behaviour around switches."""
    found = analysis.mechanism
    if found is None:
        return paragraph(TEXTS["no_mechanism"])
    tables, named = found.tables, {"labels": found.labels}
    example = {
        name: tables[name][tables[name]["fold"] == found.example]
        for name in ("gains", "selection", "regime_graph")
    }
    inputs = list(dict.fromkeys(example["gains"].sort_values("feature")["input"]))
    figures = {
        "state_space": plots.plot_state_space(found.portrait).figure,
        "gains": plots.plot_gains_panels(example["gains"], features=inputs, **named),
        "selection": plots.plot_selection_map(
            example["selection"], features=inputs, modes="leading", **named
        ).figure,
    }
    if "ablation_tests" in tables:
        figures["ablation"] = plots.plot_ablation_panels(tables["ablation_tests"])
        figures["greedy"] = plots.plot_greedy(tables["greedy"]).figure
    if found.triggered is not None:
        figures["triggered"] = plots.plot_triggered_panels(found.triggered)
    shown = {
        name: gallery.show(figure, name, CAPTIONS[name].format(fold=escape(str(found.example))))
        for name, figure in figures.items()
    }
    needed = [shown[name] for name in ("ablation", "greedy") if name in shown]
    return "".join(
        [
            paragraph(TEXTS["mechanism"]),
            bullets(describe_mechanism(found)),
            "<h4>What each regime does with the inputs</h4>",
            *(shown[name] for name in ("state_space", "gains", "selection")),
            "<h4>What breaks without a unit</h4>",
            *(needed or [paragraph("There is no PWL unit to replace.")]),
            "<h4>Behaviour around switches</h4>",
            shown.get("triggered", ""),
            bullets([escape(note) for note in found.notes]),
            footnote(FOOTNOTES["mechanism"]),
        ]
    )


def describe_mechanism(found):
    """The main numbers as sentences."""
    tables = found.tables
    texts = [_visited(tables["coverage"]), _merged(tables["dynamical_classes"])]
    if "ablation_tests" in tables:
        texts += [_needed(tables["ablation_tests"]), _necessary(tables["necessary"])]
    texts.append(_slow(tables["selection"]))
    if "fragile_share" in tables:
        texts.append(_fragile(tables["fragile_share"]))
    return texts


def _visited(coverage):
    folds = coverage.groupby("fold")
    two = folds["share"].apply(lambda share: share.nlargest(2).sum())
    visited = folds["n_visited"].first()
    possible = folds["n_possible"].first()
    spans = ", ".join(f"{a} of {b}" for a, b in dict.fromkeys(zip(visited, possible, strict=True)))
    return (
        f"The networks of the folds visit {spans} possible regimes on held-out trials; the two "
        f"most frequent ones cover {_span(100 * two, 0)} % of the steps."
    )


def _merged(classes):
    folds = classes.groupby("fold")
    lost = (folds["regime"].nunique() - folds["dynamical_class"].nunique()).sum()
    if not lost:
        return "No two regimes of a network act alike on what it visits: none can be merged."
    return f"{count(int(lost), 'regime')} act like another one of the same network."


def _needed(tests):
    rows = tests[(tests["epoch"] == "all") & (tests["replacement"] == "affine")]
    row = rows.sort_values("rank").iloc[0]
    told = [interval(row), p_value(row["q"], "q"), f"n = {int(row['n_subjects'])}"]
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
        f"{_span(rows['test_cost'], 4)} nats per trial."
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
