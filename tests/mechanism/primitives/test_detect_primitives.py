"""Detectors on a saved fit and over networks; and how often they are wrong."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.primitives import CASES, NULLS, measure, write_table
from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.primitives import (
    Detection,
    combine,
    detect_gating,
    detect_primitives,
    tabulate,
)


def detection(effect, subjects, *, p=0.01, causal=0.5, causal_p=0.01, primitive="gating"):
    series = pd.Series(subjects, dtype=float).rename_axis("subject")
    nulls = {"labels permuted": np.zeros(99)}
    head = (primitive, effect, nulls, {"labels permuted": p, "random AL-RNN": 0.02})
    return Detection(*head, causal, causal_p, (1,), (0, 1), (0, 3), series, pd.DataFrame(), "why")


@pytest.mark.parametrize("primitive", CASES)
def test_detectors_find_what_is_built_in_and_little_else(primitive):
    table = measure(n_networks=4, n_nulls=19, cases={primitive: CASES[primitive]})
    table = table.set_index("network")
    assert table.index.tolist() == ["built in", *NULLS]
    assert table.loc["built in", "present"] == 1
    np.testing.assert_allclose(table.loc["built in", "effect"], 1)
    # at 5 % two of four occur in 1.4 % of runs
    assert (table.loc[list(NULLS), "present"] <= 1 / 4).all()


def test_present_takes_every_null_and_the_causal_test():
    assert detection(0.5, {}).present
    assert not detection(0.5, {}, p=0.06).present
    assert not detection(0.5, {}, causal_p=0.06).present
    assert not detection(0.5, {}, causal=-0.5).present
    assert not detection(0.0, {}).present


def test_networks_are_combined_by_means_and_t_intervals():
    found = [
        detection(0.5, {"a": 0.4, "b": 0.6}),
        detection(0.7, {"b": 0.8, "c": 0.7}),
        detection(0.9, {"d": 0.9}),
        detection(0.6, {"d": 0.5}),
        detection(0.1, {"d": 0.1}, p=0.5),
    ]
    row = combine(found).iloc[0]
    effects, subjects = [0.5, 0.7, 0.9, 0.6, 0.1], [0.4, 0.7, 0.7, 0.5]
    for values, names in (
        (effects, ["effect", "low", "high"]),
        (subjects, ["subject_effect", "subject_low", "subject_high"]),
    ):
        interval = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        np.testing.assert_allclose(row[names].astype(float), [np.mean(values), *interval])
    assert (row["share"], row["present"]) == (0.8, True)
    assert not combine([found[0], found[4]])["present"].iloc[0]
    assert np.isnan(combine(found[:1])["low"].iloc[0])
    with pytest.raises(DataError, match="one primitive"):
        combine([found[0], detection(0.1, {}, primitive="other")])


def test_table_of_detections():
    table = tabulate([detection(0.5, {}), detection(0.2, {}, p=0.3)], ["one", "two"])
    assert table["network"].tolist() == ["one", "two"]
    np.testing.assert_allclose(table["p"], [0.02, 0.3])
    assert table["present"].tolist() == [True, False]


def test_fits_are_looked_at_fold_by_fold_on_held_out_subjects(fit):
    names = fit.sequences.features
    feature = next(name for name in names if not name.startswith("event="))
    found = detect_primitives(fit, "choice", features=[feature], n_nulls=3, n_samples=10)
    gating = found.networks[found.networks["primitive"] == "gating"]
    skipped = found.not_testable[found.not_testable["primitive"] == "gating"]
    assert len(gating) + len(skipped) == fit.parameters.sizes["fold"]
    assert len(gating) > 0
    sequences = fit.sequences
    fold = fit.splits["fold"].values[sequences.trial[:, 0]]
    steps = [str(name) for name in fit.parameters["fold"].values]
    for row in gating.itertuples():
        index = steps.index(row.network)
        part = sequences.take(fold == index)
        inputs = part.inputs[..., part.features.index(feature)]
        comes = np.unique(part.step_in_trial[(inputs != 0) & (part.trial >= 0)])
        here = np.isin(part.step_in_trial, comes) & (part.trial >= 0)
        cue = np.where(here, fit.trials["choice"].values[part.trial], np.nan)
        alone = detect_gating(fit.folds[index].network, part, cue, feature=feature, n_nulls=1)
        np.testing.assert_allclose(row.effect, alone.effect)
    assert set(found.summary["target"]) == {feature}
    kept = [(one.primitive, target, name, one.effect) for target, name, one in found.detections]
    columns = found.networks[["primitive", "target", "network", "effect"]]
    assert kept == list(columns.itertuples(index=False, name=None))


def test_unknown_names_are_refused_together(fit):
    with pytest.raises(DataError, match="2 problems") as error:
        detect_primitives(fit, "weather", features=["sun"])
    assert "feature 'sun'" in str(error.value)
    assert "cue 'weather'" in str(error.value)


def test_rates_are_written_as_a_table(tmp_path):
    row = {"primitive": "gating", "network": "linear network", "n_networks": 200, "beyond": 0.05}
    row |= {"present": 0.035, "low": 0.014, "high": 0.071, "effect": 0.1, "largest": 0.4}
    write_table(pd.DataFrame([row]), tmp_path / "rates.md")
    text = (tmp_path / "rates.md").read_text(encoding="utf-8")
    assert "| gating | linear network | 200 | 5.0 % | 3.5 % | 1.4 to 7.1 % | 0.10 | 0.40 |" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": "word"}, "expected a list of names"),
        ({"steps": [99]}, "steps: found"),
        ({"steps": "stimulus"}, "steps: found"),
        ({"n_nulls": 0}, "n_nulls: found 0"),
        ({"n_samples": 0}, "n_samples: found 0"),
        ({"ahead": -1}, "ahead: found -1"),
        ({"relevant": {"left": 0}}, "relevant: the cue never takes 'left'"),
    ],
)
def test_impossible_requests_are_refused(fit, options, message):
    name = fit.sequences.features[0]
    if "relevant" in options:
        options = {"relevant": {"left": name}}
    with pytest.raises(DataError, match=message):
        detect_primitives(fit, "choice", **{"features": [name]} | options)
