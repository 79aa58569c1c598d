"""How do choices depend on the inputs in each functional regime, in subjects and in the model?"""

import numpy as np
import pandas as pd

from neuroalrnn.data.lags import reaches
from neuroalrnn.plots.computation import plot_psychometric
from neuroalrnn.plots.style import level
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import COMPUTATION
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import Table
from neuroalrnn.stats.means import describe_over_subjects

COLUMNS = ["regime", "place", "combination", "axis", "option", "observed", "ci_low", "ci_high"]
COLUMNS += ["predicted", "n_subjects", "n_trials"]
MOST_INPUTS, N_BINS, FEWEST = 3, 5, 20
# share of the largest effect, from which on an input counts
COUNTS = 0.25


def _tabulate(asked):
    fit, found = asked.fit, asked.functional
    option = found.columns[0][2]
    inputs = _strongest(found, option)
    cells = pd.DataFrame({key: _levels(asked.trials, *key) for key in inputs})
    choice = asked.trials["choice"].values
    probability = fit.predictions["probability"].sel(model=fit.model, option=option).values
    code = [str(each) for each in asked.trials["choice"].attrs["labels"]].index(option)
    known = (found.labels.values >= 0) & cells.notna().all(axis=1).to_numpy()
    known &= np.isfinite(choice) & np.isfinite(probability)
    rows = np.flatnonzero(known)
    chosen = np.where(choice[rows] == code, 1.0, 0.0)
    values = pd.DataFrame({"observed": chosen, "predicted": probability[rows]})
    place, combinations = _order(cells.iloc[rows], values["predicted"])
    labels = [str(each) for each in asked.trials["choice"].attrs["labels"]]
    texts = ["\n".join(_texts(each, inputs, labels)) for each in combinations]
    table = _over_subjects(values, found.labels.values[rows], place, asked, rows)
    names = [name if lag == 0 else f"{name} ({lag} back)" for name, lag in inputs]
    named = {"combination": [texts[k] for k in table["place"]], "axis": ", ".join(names)}
    return table.assign(**named, option=option)[COLUMNS]


def _strongest(found, option):
    """Inputs with the largest effects on an option in any regime, as (name, lag)."""
    table = found.regimes[found.regimes["option"] == option]
    size = table["effect"].abs().groupby([table["input"], table["lag"]]).max()
    kept = size[size >= COUNTS * size.max()].nlargest(MOST_INPUTS).index
    named = [(name, int(lag)) for name, lag, _ in found.columns if (name, lag) in kept]
    return list(dict.fromkeys((name.partition("=")[0], lag) for name, lag in named))


def _levels(trials, name, lag):
    """Value of an input some trials back; numbers with many values by fifths, as their means."""
    values = trials[name].values.astype(float)
    used = np.unique(values[np.isfinite(values)])
    if len(used) > N_BINS:
        edges = np.unique(np.nanquantile(values, np.linspace(0, 1, N_BINS + 1)[1:-1]))
        part = np.where(np.isfinite(values), np.searchsorted(edges, values), -1)
        means = [np.nanmean(values[part == k]) for k in range(len(edges) + 1)]
        values = np.where(part < 0, np.nan, np.array(means)[part])
    return np.where(reaches(trials, lag), np.roll(values, lag), np.nan) if lag else values


def _order(cells, predicted):
    """Place of each trial's combination by what the model predicts, and the combinations so."""
    codes, known = pd.MultiIndex.from_frame(cells).factorize()
    order = predicted.groupby(codes).mean().sort_values(kind="stable").index
    rank = np.empty(len(order), dtype=int)
    rank[order] = np.arange(len(order))
    return rank[codes], known[order]


def _texts(values, inputs, labels):
    """Values of a combination as text; a choice by its label."""
    for (name, _), value in zip(inputs, values, strict=True):
        yield labels[int(value)] if name == "choice" else level(float(f"{value:.2g}"))


def _over_subjects(values, regime, place, asked, rows):
    subject, parts = asked.trials["subject"].values[rows], []
    for (label, where), index in values.groupby([regime, place]).indices.items():
        if len(index) < FEWEST:
            continue
        found = describe_over_subjects(values.iloc[index], subject[index])
        parts.append(
            {
                "regime": label,
                "place": where,
                "observed": found.loc["observed", "mean"],
                "ci_low": found.loc["observed", "ci_low"],
                "ci_high": found.loc["observed", "ci_high"],
                "predicted": found.loc["predicted", "mean"],
                "n_subjects": found.loc["observed", "n_subjects"],
                "n_trials": len(index),
            }
        )
    columns = ["regime", "place", "observed", "ci_low", "ci_high", "predicted", "n_subjects"]
    return pd.DataFrame(parts, columns=[*columns, "n_trials"])


QUESTION = Question(
    name="psychometric",
    section=COMPUTATION,
    title="Choices against inputs",
    tables={"psychometric": _tabulate},
    schema={
        "psychometric": Table(
            "functional regime and combination of inputs",
            "regime place combination axis option observed ci_low ci_high predicted n_subjects "
            "n_trials",
        )
    },
    columns={
        "axis": Column("inputs that make up a combination, in order", dtype="str"),
        "combination": Column("their values, in the same order", dtype="str"),
        "place": Column("place of the combination by what the model predicts", dtype="int64"),
    },
    answer=(
        Figure(
            "psychometric",
            "How often an option was chosen for each combination of inputs, by functional regime: "
            "dots are means over subjects with 95 % intervals, lines are the model on the same "
            "held-out trials. Numbers with many values are cut into fifths.",
            lambda asked: plot_psychometric(asked.tables["psychometric"], called=asked.called),
        ),
    ),
)
