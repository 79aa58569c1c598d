"""Every plot: draws on the axes it is given, names its axes, leaves its input alone."""

import copy

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from neuroalrnn import plots
from neuroalrnn.plots.style import (
    DOUBLE,
    OTHER_COLOUR,
    PALETTE,
    REGIME_COLOURS,
    SINGLE,
    regime_colour,
    regime_name,
    signed,
    style,
)

DRAW = {
    "scores": lambda f, a, **k: plots.plot_scores(f, **k),
    "differences": lambda f, a, **k: plots.plot_score_differences(f, a.tables["comparisons"], **k),
    "n_pwl": lambda f, a, **k: plots.plot_score_by_n_pwl(f, **k),
    "n_pwl relative": lambda f, a, **k: plots.plot_score_by_n_pwl(f, relative=True, **k),
    "learning": lambda f, a, **k: plots.plot_learning_curves(f, fold=1, **k),
    "raster": lambda f, a, **k: plots.plot_regime_raster(a.regimes, f.trials, rule="rule", **k),
    "occupancy": lambda f, a, **k: plots.plot_occupancy(a.tables["occupancy"], **k),
    "dwell times": lambda f, a, **k: plots.plot_dwell_times(a.tables["dwell_survival"], **k),
    "trend": lambda f, a, **k: plots.plot_occupancy_trend(a.tables["occupancy_trend"], **k),
    "transitions": lambda f, a, **k: plots.plot_transitions(a.tables["transitions"], **k),
    "agreement": lambda f, a, **k: plots.plot_agreement(a.tables["agreement"], **k),
    "switches": lambda f, a, **k: plots.plot_switch_probability(
        a.tables["switch_probability"], **k
    ),
    "locked": lambda f, a, **k: plots.plot_locked_switches(a.locked, **k),
    "spectra": lambda f, a, **k: plots.plot_spectra(a.tables["spectra"], **k),
    "behaviour": lambda f, a, **k: plots.plot_behaviour(
        a.tables["behaviour"], outcome="log rt", **k
    ),
}
PANELS = {
    "scores": lambda f, a: plots.plot_score_panels(f, a.tables["comparisons"]),
    "n_pwl": lambda f, a: plots.plot_n_pwl_panels(f),
    "learning": lambda f, a: plots.plot_learning_panels(f),
    "spectra": lambda f, a: plots.plot_spectra_panels(a.tables["spectra"]),
    "behaviour": lambda f, a: plots.plot_behaviour_panels(a.tables["behaviour"]),
    "overview": lambda f, a: plots.plot_overview(f, a),
}
UNNAMED_Y = {"scores", "differences", "occupancy", "switches", "behaviour"}


@pytest.mark.parametrize("name", DRAW)
def test_draws_on_the_axes_given_and_names_them(name, fit, analysis):
    ax = Figure().add_subplot()
    assert DRAW[name](fit, analysis, ax=ax) is ax
    assert ax.get_xlabel()
    rows_are_named = [label.get_text() for label in ax.get_yticklabels()]
    assert any(rows_are_named) if name in UNNAMED_Y else ax.get_ylabel()
    ax.figure.draw_without_rendering()


@pytest.mark.parametrize("name", DRAW)
def test_makes_a_figure_of_journal_width_outside_pyplot(name, fit, analysis):
    from matplotlib import pyplot

    ax = DRAW[name](fit, analysis)
    width = ax.figure.get_figwidth() * 25.4
    assert width == pytest.approx(SINGLE) or width == pytest.approx(DOUBLE)
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("name", PANELS)
def test_panels_return_a_figure_without_overfull_layout(name, fit, analysis):
    figure = PANELS[name](fit, analysis)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()


def test_input_is_not_changed(fit, analysis):
    before = copy.deepcopy((fit.tree, analysis.tables, analysis.regimes, analysis.locked))
    for draw in DRAW.values():
        draw(fit, analysis)
    assert fit.tree.identical(before[0])
    for name, table in analysis.tables.items():
        assert table.equals(before[1][name]), name
    assert analysis.regimes.identical(before[2])
    assert analysis.locked.identical(before[3])


def test_scores_show_the_numbers_of_the_summary(fit):
    ax = plots.plot_scores(fit)
    summary = fit.summarise()["log_likelihood"]
    shown = [line.get_xdata()[0] for line in ax.lines if line.get_marker() in "osD"]
    assert shown[0] == pytest.approx(summary["AL-RNN"])
    assert set(np.round(shown, 12)) <= set(np.round(summary, 12))
    assert sorted(ax.get_ylim(), reverse=True) == list(ax.get_ylim())


def test_linear_control_looks_different(fit):
    ax = plots.plot_scores(fit)
    markers = dict(
        zip(
            [label.get_text() for label in ax.get_yticklabels()],
            [line for line in ax.lines if line.get_marker() in "osD"],
            strict=True,
        )
    )
    control = next(line for name, line in markers.items() if "linear control" in name)
    others = [line for name, line in markers.items() if "linear control" not in name]
    assert all(control.get_color() != line.get_color() for line in others)
    assert all(control.get_marker() != line.get_marker() for line in others)


def test_far_differences_are_written_at_the_edge(fit, analysis):
    table = analysis.tables["comparisons"].copy()
    table.loc[0, ["estimate", "ci_low", "ci_high"]] = [90.0, 80.0, 100.0]
    ax = plots.plot_score_differences(fit, table)
    assert max(map(abs, ax.get_xlim())) < 10
    assert signed(-90.0) in [text.get_text() for text in ax.texts]


def test_chosen_restart_is_bold_and_diverged_ones_are_named(fit):
    fold = 1
    n_pwl = int(fit.selection["n_pwl_chosen"].values[fold])
    tree = fit.tree.copy(deep=True)
    tree["selection"]["diverged"].values[:] = True
    ax = plots.plot_learning_curves(type(fit)(tree), fold=fold)
    widths = [line.get_linewidth() for line in ax.lines if len(line.get_xdata()) > 1]
    assert widths.count(max(widths)) == 2
    assert f"P = {n_pwl}" in ax.get_title(loc="left")
    assert "diverged: restart 0, 1" in [text.get_text() for text in ax.texts]


def test_occupancy_bars_fill_the_axis(analysis):
    ax = plots.plot_occupancy(analysis.tables["occupancy"])
    ends = {}
    for bar in ax.patches:
        row = round(bar.get_y(), 6)
        ends[row] = max(ends.get(row, 0), bar.get_x() + bar.get_width())
    assert np.allclose(list(ends.values()), 1)


def test_trend_shows_the_mean_over_subjects(analysis):
    table = analysis.tables["occupancy_trend"]
    ax = plots.plot_occupancy_trend(table)
    expected = table[table["regime"] == 0].groupby("bin")["occupancy"].mean()
    line = next(line for line in ax.lines if line.get_label() == "regime 0")
    np.testing.assert_allclose(line.get_ydata(), expected)
    assert line.get_xdata()[0] == table.iloc[0][["first_trial", "last_trial"]].mean()


def test_dwell_curves_end_where_few_visits_are_left(analysis):
    table = analysis.tables["dwell_survival"]
    ax = plots.plot_dwell_times(table)
    for line in ax.lines:
        part = table[table["regime"] == int(line.get_label().removeprefix("regime "))]
        shown = part[part["n_at_risk"] >= 10]
        assert line.get_xdata().tolist() == shown["n_steps"].tolist()
        assert line.get_ydata().tolist() == shown["survival"].tolist()


def test_rare_regimes_share_one_colour_and_name():
    assert len(set(REGIME_COLOURS)) == len(REGIME_COLOURS) == 7
    assert {regime_colour(label) for label in (7, 8, 200)} == {OTHER_COLOUR}
    assert regime_name(6) == "regime 6"
    assert regime_name(30) == "other regimes"


def test_many_regimes_are_folded(fit, analysis):
    table = analysis.tables["occupancy"].copy()
    table["regime"] = np.arange(len(table)) % 40
    table["occupancy"] = 1 / 40
    ax = plots.plot_occupancy(table)
    colours = {to_hex(bar.get_facecolor()).upper() for bar in ax.patches}
    assert colours == {*REGIME_COLOURS, OTHER_COLOUR}
    regimes = analysis.regimes.copy(data=np.arange(analysis.regimes.size).reshape(-1, 2) % 40)
    ax = plots.plot_regime_raster(regimes, fit.trials)
    assert len(ax.get_legend().get_texts()) == 9


def test_raster_needs_neither_rule_nor_correctness_nor_blocks(fit, analysis):
    trials = fit.trials.drop_vars(["correct", "block"], errors="ignore")
    ax = plots.plot_regime_raster(analysis.regimes, trials)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert all("regime" in name for name in names)


def test_time_steps_turn_the_raster_and_curves_replace_bars(fit, analysis):
    values = np.tile(analysis.regimes.values, (1, 6))
    steps = [f"{0.05 * k:.3f} s" for k in range(12)]
    regimes = analysis.regimes.isel(step=[0] * 12).assign_coords(step=steps).copy(data=values)
    ax = plots.plot_regime_raster(regimes, fit.trials, rule="rule")
    assert "(s)" in ax.get_xlabel()
    assert "Trial" in ax.get_ylabel()
    table = analysis.tables["switch_probability"]
    many = [table.assign(step=step) for step in steps]
    table = type(table)({k: np.concatenate([one[k] for one in many]) for k in table})
    assert "(s)" in plots.plot_switch_probability(table).get_xlabel()


def test_rules_may_be_text(fit, analysis):
    phase = np.where(fit.trials["rule"].values > 0, "late", "early")
    trials = fit.trials.assign(phase=("trial", phase))
    ax = plots.plot_regime_raster(analysis.regimes, trials, rule="phase")
    labels = {text.get_text() for text in ax.get_legend().get_texts()}
    assert {"phase early", "phase late"} <= labels


def test_one_regime_and_untestable_effects_are_drawn(fit, analysis):
    one = analysis.tables["behaviour"].copy()
    one[["estimate", "ci_low", "ci_high"]] = np.nan
    ax = plots.plot_behaviour(one, outcome="log rt")
    assert "not testable" in [text.get_text() for text in ax.texts]
    table = analysis.tables["transitions"].query("regime == 0 and regime_next == 0")
    plots.plot_transitions(table).figure.draw_without_rendering()
    plots.plot_agreement(analysis.tables["agreement"][:0]).figure.draw_without_rendering()
    few = analysis.tables["dwell_survival"].assign(n_at_risk=9)
    ax = plots.plot_dwell_times(few)
    assert "no regime with 10 visits" in [text.get_text() for text in ax.texts]


def test_saved_text_stays_text(tmp_path, fit):
    paths = plots.save_figure(plots.plot_scores(fit).figure, tmp_path, "scores")
    assert "Held-out log-likelihood (nats/trial)" in paths["svg"].read_text(encoding="utf-8")
    assert b"/Type3" not in paths["pdf"].read_bytes()
    assert paths["png"].stat().st_size > 1000


def test_saving_leaves_the_layout_of_a_figure_to_its_owner(tmp_path, fit):
    figure = plots.plot_scores(fit).figure
    engine = figure.get_layout_engine()
    plots.save_figure(figure, tmp_path, "scores")
    assert engine is not None
    assert figure.get_layout_engine() is engine


def test_a_figure_is_drawn_once_for_every_file(tmp_path, fit, monkeypatch):
    figure, drawn = plots.plot_scores(fit).figure, []
    draw = type(figure).draw
    monkeypatch.setattr(type(figure), "draw", lambda *args: drawn.append(args) or draw(*args))
    paths = plots.save_figure(figure, tmp_path, "scores")
    assert len(drawn) == len(paths)


def test_saved_files_are_the_same_each_time(tmp_path, fit):
    first = plots.save_figure(plots.plot_scores(fit).figure, tmp_path, "a")
    second = plots.save_figure(plots.plot_scores(fit).figure, tmp_path, "b")
    assert first["svg"].read_bytes() == second["svg"].read_bytes()


def test_minus_signs_are_real():
    assert signed(-0.5, 2) == "\N{MINUS SIGN}0.50"


def test_lines_take_the_palette_in_order():
    with style():
        cycle = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    assert [f"#{colour.lstrip('#')}" for colour in cycle] == list(PALETTE)
