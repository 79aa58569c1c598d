"""Figures of what is computed: drawn on the axes given, or telling why there is nothing to draw."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from neuroalrnn.plots import computation as plots
from neuroalrnn.plots.style import regime_colour


def of_chosen(table):
    return table[table["networks"] == "sufficient P"]


CALLED = ("follows stimulus", "against stimulus")


def strip(f, a, **options):
    trials = a.asked.trials
    return plots.plot_session_strip(
        a.asked.functional.labels,
        f.predictions["probability"].sel(model="AL-RNN"),
        trials,
        subject=str(trials["subject"].values[0]),
        session=str(trials["session"].values[0]),
        **options,
    )


DRAW = {
    "by regime": lambda f, a, **k: plots.plot_effects_by_regime(
        of_chosen(a.tables["functional_regimes"]), a.tables["effects_by_subject"], **k
    ),
    "agreement": lambda f, a, **k: plots.plot_functional_agreement(
        a.tables["functional_agreement"], limits=(0.9, 0.8), **k
    ),
    "by lag": lambda f, a, **k: plots.plot_effects_by_lag(a.tables["input_effects"], **k),
    "psychometric": lambda f, a, **k: plots.plot_psychometric(a.tables["psychometric"], **k),
    "explained": lambda f, a, **k: plots.plot_explained(a.tables["explained"], **k),
    "strip": lambda f, a, **k: strip(f, a, rule="rule", called=CALLED, **k),
}
EMPTY = {
    "by regime": lambda f, a: plots.plot_effects_by_regime(
        a.tables["functional_regimes"][:0], a.tables["effects_by_subject"][:0]
    ),
    "agreement": lambda f, a: plots.plot_functional_agreement(
        a.tables["functional_agreement"].assign(adjusted_rand=np.nan)
    ),
    "by lag": lambda f, a: plots.plot_effects_by_lag(a.tables["input_effects"][:0]),
    "psychometric": lambda f, a: plots.plot_psychometric(a.tables["psychometric"][:0]),
    "explained": lambda f, a: plots.plot_explained(a.tables["explained"][:0]),
}


@pytest.mark.parametrize("name", DRAW)
def test_draws_on_the_axes_given_and_names_them(name, fit, analysis):
    ax = Figure().add_subplot()
    assert DRAW[name](fit, analysis, ax=ax) is ax
    assert ax.get_xlabel()
    assert ax.get_ylabel() or [each.get_text() for each in ax.get_yticklabels()]
    ax.figure.draw_without_rendering()


@pytest.mark.parametrize("name", EMPTY)
def test_says_why_there_is_nothing_to_draw(name, fit, analysis):
    ax = EMPTY[name](fit, analysis)
    assert any(len(text.get_text()) > 5 for text in ax.texts)


def test_changes_have_a_panel_per_new_rule(analysis):
    table = analysis.tables["effects_around_changes"]
    figure = plots.plot_effects_around_changes(table, rule="rule")
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["rule becomes \N{MINUS SIGN}1", "rule becomes 1"]
    empty = plots.plot_effects_around_changes(table[:0], rule="rule")
    assert "no change" in empty.axes[0].texts[0].get_text()


def test_regimes_have_one_colour_and_one_name_in_bars_and_strip(fit, analysis):
    rows = [(k, "cue", 0, "right", k - 0.5, k - 0.6, k - 0.4, "s0") for k in (0, 1)]
    columns = ["regime", "input", "lag", "option", "input_effect", "ci_low", "ci_high", "subject"]
    table = pd.DataFrame(rows, columns=columns)
    bars = plots.plot_effects_by_regime(table, table, called=CALLED).get_legend()
    cells = strip(fit, analysis, called=CALLED).get_legend()
    names = [text.get_text() for text in bars.get_texts()]
    assert names == ["0: follows stimulus", "1: against stimulus"]
    for legend in (bars, cells):
        colour = legend.get_patches()[0].get_facecolor()[:3]
        assert colour == pytest.approx(to_rgb(regime_colour(0)))
    assert cells.get_texts()[0].get_text() == names[0]


def test_the_strip_starts_before_the_first_change_of_the_rule(fit, analysis):
    ax = strip(fit, analysis, rule="rule")
    assert ax.get_xlabel() == "Trial (subject s0, session 1)"
    labels = {text.get_text() for text in ax.get_legend().get_texts()}
    assert {"rule \N{MINUS SIGN}1", "rule 1"} <= labels
