"""The page holds every section, the right numbers, and nothing from elsewhere."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.exceptions import DataError, ResultError
from neuroalrnn.questions import QUESTIONS
from neuroalrnn.questions.n_pwl import describe_effective
from neuroalrnn.questions.question import Shown
from neuroalrnn.questions.words import number
from neuroalrnn.regimes import compute_effective_n_pwl
from neuroalrnn.regimes.held_out import compute_held_out_regimes
from neuroalrnn.report import setup, write_report
from neuroalrnn.report.markup import Gallery
from neuroalrnn.report.page import _grid
from neuroalrnn.results import Fit

TITLES = ["What is computed", "What was fitted, and how", "Input effects and functional regimes"]
TITLES += ["Scores on held-out trials", "Calibration of probabilities"]
TITLES += ["Score against P", "Learning curves", "Use of functional regimes", "Switches"]
TITLES += ["Relation to behaviour", "Linear regimes: how the networks do it"]
TITLES += ["Dynamics in each linear regime", "Mechanism", "Notes"]
OPTIONS = {"conditions": ["stimulus", "rule"], "rule": "rule"}


@pytest.fixture(scope="module")
def folder(fit, by_stimulus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    without_memory = Fit(fit.tree)  # costs computed in other groups differ in their last digit
    page = write_report(without_memory, folder, **OPTIONS)
    assert page == folder / "report.html"
    return folder


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def effective(fit):
    return compute_effective_n_pwl(compute_held_out_regimes(fit).codes)


def describe_setup(fit, effective):
    gallery = Gallery(None)
    text = setup.describe_setup(fit, {"effective_n_pwl": effective}, gallery)
    assert gallery.missing == []
    return text


def changed(fit, node, edit):
    """A copy of the fit in which one node was edited."""
    tree = fit.tree.copy(deep=True)
    edit(tree[node])
    return Fit(tree)


def test_every_section_is_there_in_order(page):
    found = [page.index(f"{k}. {title}") for k, title in enumerate(TITLES, start=1)]
    assert found == sorted(found)


def test_scores_of_the_page_are_those_of_the_fit(fit, page):
    page = page[page.index('<section id="scores">') :]
    for model, row in fit.summarise().iterrows():
        cells = [number(row[name]) for name in ("log_likelihood", "standard_error", "accuracy")]
        row_of = re.search(rf"<tr><td>{re.escape(model)}</td>.*?</tr>", page)[0]
        assert all(f">{cell}<" in row_of for cell in cells), model


def test_nothing_is_fetched_from_elsewhere(page):
    sources = re.findall(r'<(?:img|script|link|iframe)[^>]*(?:src|href)="([^"]{0,30})', page)
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert not re.search(r"https?://|url\(|@import", re.sub(r'src="data:[^"]*"', "", page))


def test_every_entry_of_the_contents_leads_to_its_section(page):
    links = re.findall(r'<li><a href="#([^"]*)">(\d+\. [^<]*)</a>', page)
    sections = re.findall(r'<section id="([^"]*)">\n<h2>(\d+\. [^<]*)</h2>', page)
    assert links == sections
    assert [text.split(". ")[1] for _, text in links] == TITLES
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(set(ids)) == len(ids) == len(links)
    assert all(re.fullmatch("[a-z][a-z_]*", each) for each in ids)


def test_tags_are_closed_in_order(page):
    class Tags(HTMLParser):
        open, bad = [], []

        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "img"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            if self.open.pop() != tag:
                self.bad.append((tag, self.getpos()))

    tags = Tags()
    tags.feed(page)
    assert (tags.open, tags.bad) == ([], [])


def test_the_page_opens_with_what_was_fitted_and_what_to_hear_first(fit, tmp_path, quick):
    def tell(node):
        node.attrs |= {"name": "my<rats>.csv", "cautions": json.dumps(["reward & choice agree"])}
        load = {"files": [], "rows_read": 12, "rows_kept": 9, "dropped": {"phase is <test>": 3}}
        node.attrs["load_report"] = json.dumps(load)

    def leak(node):
        node.attrs["shared"] = json.dumps([{"fold": "fold 0", "subject": "s1", "n_sharing": 3}])

    told = changed(changed(fit, "trials", tell), "splits", leak)
    page = write_report(told, tmp_path, mechanism=False)
    head, _, rest = page.read_text(encoding="utf-8").partition("<nav")
    assert head.count("AL-RNN report: my&lt;rats&gt;.csv") == 2
    assert '<div class="first" role="alert"><h2>Read this first</h2>' in head
    assert "<li>reward &amp; choice agree</li><li><strong>1 test subject saw" in head
    assert "Read this first" not in rest
    assert "dropped 3 rows: kept are those where phase is &lt;test&gt;." in head


def test_nothing_to_hear_first_leaves_no_box(page):
    assert "Read this first" not in page


def test_figures_and_tables_lie_beside_the_page(folder):
    names = {path.stem for path in (folder / "figures").iterdir()}
    # the inputs, which are held constant, decide the functional regime: there is nothing to test
    asked = [question for question in QUESTIONS if question.section.name != "hidden_states"]
    drawn = {figure.name for question in asked for figure in question.figures}
    only_adaptive = {"readouts", "readout_effects", "regression"}
    assert names == drawn - {"behaviour", "axis_behaviour"} - only_adaptive
    assert len(list((folder / "figures").iterdir())) == 3 * len(names)
    scores = pd.read_csv(folder / "tables" / "scores.csv")
    assert "log_likelihood" in scores
    assert {path.name for path in folder.iterdir()} == {"report.html", "figures", "tables"}


def test_refuses_to_overwrite(fit, folder):
    before = (folder / "report.html").stat().st_mtime_ns
    with pytest.raises(ResultError, match=r"report\.html exists; pass overwrite=True"):
        write_report(fit, folder)
    assert (folder / "report.html").stat().st_mtime_ns == before


def test_overwriting_removes_figures_that_no_longer_apply(fit, tmp_path, quick):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.svg").write_text("<svg/>")
    (tmp_path / "figures" / "locked_switches.svg").write_text("<svg/>")
    (tmp_path / "report.html").write_text("old")
    write_report(fit, tmp_path, overwrite=True, mechanism=False)
    assert "old" not in (tmp_path / "report.html").read_text(encoding="utf-8")[:100]
    assert (tmp_path / "figures" / "mine.svg").exists()
    assert not (tmp_path / "figures" / "locked_switches.svg").exists()
    assert "No variable was named as the rule" in (tmp_path / "report.html").read_text()


def test_unknown_condition_leaves_nothing_behind(fit, tmp_path):
    with pytest.raises(DataError, match="no variable on trial: 'colour' is unknown"):
        write_report(fit, tmp_path / "out", conditions=["colour"])
    assert not (tmp_path / "out").exists()
    with pytest.raises(DataError, match=r"(?s)2 problems.*out_dir = 3.*overwrite = 'no'"):
        write_report(fit, 3, overwrite="no")


def test_a_linear_network_everywhere_is_reported_as_such(fit, tmp_path):
    def linear(node):
        for name in ("n_pwl_chosen", "n_pwl_best"):
            node[name].values[:] = 0

    page = write_report(changed(fit, "selection", linear), tmp_path, **OPTIONS).read_text()
    assert "P = 0 is sufficient in every fold" in page
    assert "All held-out steps lie in one linear regime" in page
    for name in ("regime_raster", "linear_regime_raster"):
        assert not (tmp_path / "figures" / f"{name}.svg").exists()


def test_shared_stimulus_orders_are_an_alarm(fit, effective):
    assert 'class="alarm"' not in describe_setup(fit, effective)

    def leak(node):
        node.attrs["shared"] = json.dumps([{"fold": "fold 0", "subject": "s<1>", "n_sharing": 3}])

    text = describe_setup(changed(fit, "splits", leak), effective)
    assert '<p class="alarm"><strong>1 test subject saw' in text
    assert "s&lt;1&gt;" in text
    assert "StimulusSequenceOut" in text


def test_diverged_restarts_are_named(fit, effective):
    def diverge(node):
        node["diverged"].loc[{"n_pwl": 2, "fold": node["fold"].values[1], "restart_id": 0}] = True

    assert "None of" in describe_setup(fit, effective)
    text = describe_setup(changed(fit, "selection", diverge), effective)
    assert f"P = 2, fold {fit.parameters['fold'].values[1]}, restart 0" in text


def test_spread_of_restarts_leaves_out_those_that_diverged(fit, tmp_path, quick):
    tree = fit.tree.copy(deep=True)
    tree["selection"]["validation_score"][0, 0, 0] = -np.inf
    write_report(type(fit)(tree), tmp_path, mechanism=False)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.search(r"Restarts differ .* and by 0\.\d+ at most", text)


def test_inputs_without_a_step_before_the_choice_are_an_alarm(fit, effective):
    tree = fit.tree.copy()
    config = fit.config | {"steps_to_choice": {"cue": 0, "stimulus": 1}}
    tree.attrs = fit.tree.attrs | {"config": json.dumps(config)}
    assert "cue: no step lies between input and choice" in describe_setup(Fit(tree), effective)


def test_steps_gaps_and_what_a_default_chose_are_told(fit, effective):
    tree = fit.tree.copy()
    config = fit.config | {
        "steps_to_choice": {"cue": 1, "choice": 2}, "steps_to_next_choice": {"cue": 4, "choice": 2},
        "n_gaps": 3,
    }  # fmt: skip
    tree.attrs = fit.tree.attrs | {"config": json.dumps(config)}
    trials = fit.trials.assign_attrs(default_encoding="The data name <no> events.")
    trials["rule"] = trials["rule"].where(np.arange(trials.sizes["trial"]) > 1)
    tree["trials"] = xr.DataTree(trials)
    text = describe_setup(Fit(tree), effective)
    assert "Chosen by default.</strong> The data name &lt;no&gt; events." in text
    assert re.search(r"cue</t[dh]><td[^>]*>1</td><td[^>]*>4</td>", text)
    assert re.search(r"choice</t[dh]><td[^>]*>known only after it</td><td[^>]*>2</td>", text)
    assert "3 (lags are 0 after them, states go on)" in text
    assert "rule on 2 trials" in text


def test_alternatives_are_those_that_each_fold_chose(fit, effective):
    tried = [{"l2": 0.0}, {"l2": 0.25}]
    tree = fit.tree.copy(deep=True)
    tree.attrs |= {"config": json.dumps(fit.config | {"alternatives": tried})}
    last = int(fit.selection["n_pwl_chosen"].values[-1])
    tree["selection"]["setting"].loc[{"n_pwl": last, "fold": fit.selection["fold"].values[-1]}] = 1
    text = describe_setup(Fit(tree), effective)
    assert "l2 0.0, 0.25</td>" in text
    assert "stability 0.0, l1 0.0, latent_l1" in text
    chosen = re.findall(r'<td class="number">(\d\.\d{4})</td><td class="number">\d</td>', text)
    assert chosen == ["0.0000", "0.0000", "0.2500"]


def test_units_that_act_linearly_are_counted(fit, effective):
    used = effective.assign(n_pwl=2, effective_n_pwl=2)
    assert "held-out steps; all are." in describe_effective(used)
    used.loc[0, "effective_n_pwl"] = 0
    assert "Not counted over all folds: 2 of 6 units" in describe_effective(used)
    text = describe_setup(fit, used)
    assert '<td class="number">0</td>' in text


def test_dwell_times_and_trend_are_beside_their_figures(folder, page):
    assert "Kaplan-Meier mean" in page
    means = pd.read_csv(folder / "tables" / "mean_dwell_times.csv")
    assert f">{number(means['kaplan_meier_mean'][0], 2)}<" in page
    assert page.index("Locked to changes of the rule") < page.index('alt="occupancy_trend"')


def test_every_reason_for_unscored_trials_is_told(fit, effective):
    def unscored(node):
        node.attrs["unscored"] = json.dumps([{"reason": "too <late>", "n_trials": 1234}])

    text = describe_setup(changed(fit, "trials", unscored), effective)
    assert "too &lt;late&gt;: 1,234" in text
    assert "add up to 1,234" in text


def test_works_where_torch_and_numba_are_not_installed(fit, folder, tmp_path):
    fit.save(tmp_path / "fit.nc")
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'numba'):\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent)\n"
        "from neuroalrnn.results import Fit\n"
        "from neuroalrnn.report import write_report\n"
        "import neuroalrnn.questions.asked as asked\n"
        "find = asked.find_functional_regimes\n"
        "asked.find_functional_regimes = lambda fit, **k: find(fit, ['stimulus'], **k)\n"
        f"fit, out = Fit.load({str(tmp_path / 'fit.nc')!r}), {str(tmp_path / 'out')!r}\n"
        f"write_report(fit, out, **{OPTIONS})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").stat().st_size > 100_000
    for part, kind in (("figures", "png"), ("tables", "csv")):
        here = sorted((folder / part).glob(f"*.{kind}"))
        assert here
        for path in here:
            assert path.read_bytes() == (tmp_path / "out" / part / path.name).read_bytes()


@pytest.mark.parametrize(("n_rows", "told"), [(40, "First 40 of 41"), (41, "All 41")])
def test_long_tables_are_cut_on_the_page_which_says_so(monkeypatch, n_rows, told):
    monkeypatch.setattr("neuroalrnn.report.page.MOST_ROWS", n_rows)
    shown = Shown("rows", lambda asked: pd.DataFrame({"k": np.arange(41)}), noun="row")
    html = str(_grid(shown, None))
    assert told in html
    assert html.count("<tr") == n_rows + 1
