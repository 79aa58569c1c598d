"""What follows a change of the rule is found at its latency, and nothing where there is nothing."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn import plots
from neuroalrnn.behaviour.changes import compare_window, follow_changes
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.questions.after_change import describe_latencies, describe_window

LATENCY = 4


def of_trials(fit, values):
    names = ("subject", "session", "trial_in_session")
    return xr.DataArray(values, dims="trial", coords={name: fit.trials[name] for name in names})


@pytest.fixture
def late(fit):
    """Regimes that follow the rule four trials late, with one slip before its first change."""
    rule = (fit.trials["rule"].values.reshape(6, 120) > 0).astype(int)
    values = np.hstack([rule[:, :1]] * LATENCY + [rule[:, :-LATENCY]])
    subject = np.arange(6)
    values[subject, 8 + subject] = 0
    return of_trials(fit, values.ravel())


@pytest.fixture
def found(fit, late):
    return follow_changes(fit, late, "rule", n_draws=99)


def test_latencies_are_those_that_were_planted(found):
    table = found.latencies
    assert (table[["latency_low", "latency", "latency_high"]] == LATENCY).all(axis=None)
    assert (table["n_changes"] == 5).all()
    assert (table["n_cut"] == 0).all()
    unswitched = found.survival["unswitched"]
    assert (unswitched[:LATENCY] == 1).all()
    assert (unswitched[LATENCY:] == 0).all()
    assert found.survival["null_mean"][LATENCY] > 0.3
    assert "4 trials after a change" in describe_latencies(table)


def test_switches_of_the_window_are_tested_and_lie_where_they_were_planted(found):
    assert (found.tests["window"] == 10).all()
    tests = found.tests.set_index(found.tests["effect"].str.partition(" within")[0])
    assert tests.loc["switch", "ci_low"] > 0
    curve = found.curves.query("outcome == 'switch'").set_index("lag")
    assert curve.loc[LATENCY, "average"] == 1
    assert curve["average"].loc[0:19].drop(LATENCY).max() == 0
    to = found.curves.query("outcome == 'regime 1' and rule_value == '1'").set_index("lag")
    assert to["average"].loc[0:3].max() == 0
    assert to["average"].loc[4:19].min() == 1


def test_waits_that_the_next_change_cuts_are_counted_as_such(fit):
    never = of_trials(fit, np.zeros(720, dtype=int))
    table = follow_changes(fit, never, "rule", n_draws=9).latencies
    assert (table["n_cut"] == 5).all()
    assert table["latency"].isna().all()
    assert "No subject switches" in describe_latencies(table)


def test_a_rule_that_never_changes_and_other_trials_are_refused(fit, late):
    with pytest.raises(NotTestableError, match="on never changes within a session"):
        follow_changes(type(fit)(_with_constant(fit)), late, "on")
    with pytest.raises(DataError, match="not the same"):
        follow_changes(fit, late[:50], "rule")


def _with_constant(fit):
    tree = fit.tree.copy()
    tree["trials"] = xr.DataTree(fit.trials.assign(on=("trial", np.ones(720))))
    return tree


def test_only_what_changes_after_changes_differs_in_the_window():
    rng = np.random.default_rng(0)
    subject = np.repeat([f"s{i}" for i in range(8)], 200)
    changed = (rng.random((8, 200)) < 0.03).ravel()
    after = np.convolve(changed, np.ones(10))[: changed.size] > 0
    noise = rng.normal(size=changed.size)
    for series, is_found in ((noise, False), (noise - after, True)):
        row = compare_window(series, changed, subject, subject, 10).iloc[0]
        assert (row["ci_high"] < 0) == is_found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "Regimes switch more often within 10 trials"),
        ({"q": 0.5}, "No difference in switches was found within 10 trials"),
        ({"estimate": np.nan, "note": "6 trials"}, "not testable (6 trials)"),
    ],
)
def test_sentences_say_what_the_test_says(found, change, words):
    row = found.tests.iloc[0].to_dict() | {"q": 0.001} | change
    assert words in describe_window(row)
    if not change:
        assert "the network is told the rule" in describe_window(row, told=True)


def test_every_outcome_has_a_panel(found):
    figure = plots.plot_after_changes(found.survival, found.curves, called=["left", "right"])
    labels = [ax.get_ylabel() for ax in figure.axes if ax.axison]
    assert labels[0] == "Share without a switch"
    assert labels[-2:] == ["Share of trials"] * 2
    assert len(labels) == 1 + 4 + 2
    with pytest.raises(DataError, match="unswitched"):
        plots.plot_after_changes(pd.DataFrame({"lag": [0]}), found.curves)
