"""Dissection: networks whose answer is known, trials that are not mixed up, tables, going on."""

import json

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.config import Setting
from neuroalrnn.config.defaults import MEMORY
from neuroalrnn.dissect import _apart, _cell, _words, dissect, plan, report, run
from neuroalrnn.dissect._sets import FRESH, TEST, Source
from neuroalrnn.dissect._training import learn
from neuroalrnn.dissect.plan import make_plan
from neuroalrnn.dissect.result import Dissection
from neuroalrnn.exceptions import ConfigError, DataError, ResultError
from neuroalrnn.plots.dissection import plot_task_scores
from neuroalrnn.results.tables import FILES, columns_of
from neuroalrnn.study.engine import Engine
from neuroalrnn.tasks import TASKS

SETTING = Setting(n_latent=3, initialisation="identity", batch_size=4, check_every=3, max_checks=2)
SMALL = {
    "parameters": {"n_bits": 2}, "n_pwl": [1, 0, 3], "n_train": [6, 3], "n_restarts": 2,
    "peers": True, "setting": SETTING, "n_validation": 8, "n_test": 12,
    "backend": "torch_eager", "threads": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unfinished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "TOGETHER", 4)  # networks
        return dissect("flagged parity", **SMALL, resume=folder), folder


EXACT = {
    "addition": {"n_steps": 12},
    "flagged parity": {"n_bits": 4},
    "context-dependent integration": {},
    "rodent selection a2": {},
    "rodent selection c": {},
}


@pytest.mark.parametrize("name", EXACT)
def test_networks_in_closed_form_reach_the_ceiling_through_the_same_encoding(name):
    source = Source(name, EXACT[name], 0)
    task, part = source.task, source.draw(TEST, 2 if TASKS[name].carry == "session" else 30)
    network = task.exact(**EXACT[name])
    found = _apart.score(task, part, _apart.run(network, part.sequences))
    assert found[0] == pytest.approx(task.ceiling(**EXACT[name])[task.measures[0]], abs=1e-3)


def test_a_known_network_fails_without_its_unit_and_bends_slowly_into_failing():
    source = Source("addition", {"n_steps": 12}, 0)
    part, network = source.draw(TEST, 40), source.task.exact(n_steps=12)
    scores = _apart.attenuated(network, part, source.task, (0.0, 0.5, 1.0))
    assert scores[0] == 1.0
    assert scores[2] < 0.3
    single = _apart.replaced(network, part, source.stored(20, 0), source.task)
    assert single.shape == (2, 1)
    assert (single < 0.3).all()
    assert _apart.count_regimes(network, part) == (2.0, 1.0)


def test_smaller_training_sets_are_the_first_of_larger_ones_and_validation_stays():
    source = Source("flagged parity", {}, 3)
    few, many = (source.stored(5, n).sequences.inputs for n in (4, 7))
    np.testing.assert_array_equal(few, many[:9])
    np.testing.assert_array_equal(source.stored(5, 0).sequences.inputs, few[:5])
    drawn = [source.draw(part, 5, k).sequences.inputs for part, k in ((FRESH, 0), (FRESH, 1))]
    drawn += [few[:5], many[5:10], source.draw(TEST, 5).sequences.inputs]
    assert len({each.tobytes() for each in drawn}) == 5


def test_sizes_of_what_comes_out(small):
    found, _ = small
    assert dict(found.dataset["score"].sizes) == {
        "n_train": 3, "n_pwl": 3, "restart": 2, "measure": 2,
    }  # fmt: skip
    assert found.dataset["n_train"].values.tolist() == [3, 6, 2 * 3 * 4]
    assert found.dataset["n_pwl"].values.tolist() == [0, 1, 3]
    assert "3 n_train, 3 n_pwl, 2 restart" in repr(found)


def test_tables_are_as_the_schema_says(small):
    for name, table in small[0].tables.items():
        found = {column: str(dtype) for column, dtype in table.dtypes.items()}
        assert found == columns_of(FILES[f"{name}.csv"]), name
        assert isinstance(table.index, pd.RangeIndex), name
    tables = small[0].tables
    assert len(tables["runs"]) == 18
    assert tables["runs"]["fresh"].sum() == 6
    assert tables["runs"]["n_used"].notna().sum() == 6
    assert set(tables["necessity"]["n_pwl"]) == {1, 3}
    assert len(tables["necessity"]) == 2 * 2 * (1 + 3)
    again = tables["retraining"]
    assert again.groupby(["n_pwl", "restart"]).size().tolist() == [1, 3]
    cost = tables["cost"].set_index("n_pwl")
    assert cost["n_parameters"].to_dict() == {0: 25, 1: 26, 3: 28}
    assert (cost["step_microseconds"] > 0).all()


def test_gated_networks_learn_the_same_trials(small):
    found, _ = small
    peers = found.tables["peers"]
    assert peers.groupby("model").size().to_dict() == {"GRU": 6, "LSTM": 6}
    assert peers["test_score"].between(0, 1).all()
    # three gates, or four, of 3 units with 2 inputs, 3 units and a bias; starts and a read-out
    expected = {"GRU": 3 * 3 * 6, "LSTM": 4 * 3 * 6}
    for model, n in peers.groupby("model")["n_parameters"].first().items():
        assert 0 <= n - expected[model] - 4 <= 12, model


def test_scores_are_those_of_the_networks_that_are_kept(small):
    found, _ = small
    source = Source("flagged parity", {"n_bits": 2}, 0)
    part = source.draw(TEST, 12)
    for row in found.tables["runs"].itertuples():
        network = found.network(row.n_pwl, row.restart, row.n_train)
        eta = _apart.run(network, part.sequences)
        assert _apart.score(source.task, part, eta)[0] == pytest.approx(row.test_score)
    linear = found.tables["attenuation"].query("n_pwl == 0").groupby("restart")["test_score"]
    assert (linear.nunique() == 1).all()


def test_the_best_networks_on_validation_trials_are_trained_on(small):
    found, _ = small
    curves = found.dataset["validation_curve"].isel(n_train=-1).max("check")
    picked = found.tables["retraining"].groupby("n_pwl")["restart"].first()
    assert picked.to_dict() == {p: int(curves.sel(n_pwl=p).argmax("restart")) for p in (1, 3)}
    again = found.dataset["trained_on"]
    assert again.notnull().sum("restart").values.tolist() == [0, 1, 1]


def test_training_on_starts_where_the_network_was_and_meets_new_trials():
    source = Source("addition", {"n_steps": 6}, 0)
    known = source.task.exact(n_steps=6)
    still = SETTING.model_copy(update={"n_latent": 2, "learning_rate": 1e-9, "averaging": 0.0})
    engine = Engine.choose("torch_eager", 1, MEMORY)
    met, draw = [], Source.draw

    def watch(source, part, n, index=0):
        met.append((part, index))
        return draw(source, part, n, index)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Source, "draw", watch)
        again = learn(
            source, still, [1], None, restarts=[0], n_validation=4, engine=engine,
            progress=lambda n_models, score: None,
            starts=[known], n_checks=np.array([1]),
        )  # fmt: skip
    assert again.validation_curve.shape == (1, 1)
    assert [index for part, index in met if part == FRESH] == [still.max_checks]
    for before, after in zip(known[1:], again.networks[0][1:], strict=True):
        np.testing.assert_allclose(after, before, atol=1e-6)


def test_the_same_call_goes_on_from_finished_cells(small, monkeypatch):
    found, folder = small
    assert len(list(folder.glob("*.kept"))) == 6 + 6
    monkeypatch.setattr(plan, "TOGETHER", 4)
    for name in ("work_cell", "work_peer"):
        monkeypatch.setattr(run, name, lambda *args: pytest.fail("a cell was computed again"))
    again = dissect("flagged parity", **SMALL, resume=folder)
    timed = ["step_seconds"]
    assert again.dataset.drop_vars(timed).identical(
        found.dataset.drop_vars(timed).assign_attrs(created=again.dataset.attrs["created"])
    )


def test_cells_of_another_seed_are_not_taken(small, monkeypatch):
    monkeypatch.setattr(run, "work_cell", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        dissect("flagged parity", **SMALL, resume=small[1], random_state=1)


def test_what_is_saved_comes_back(small, tmp_path):
    found, _ = small
    found.save(tmp_path / "found.nc")
    again = Dissection.load(tmp_path / "found.nc")
    assert again.known == found.known
    for name, table in found.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)
    with pytest.raises(ResultError, match="overwrite=True"):
        found.save(tmp_path / "found.nc")
    with pytest.raises(ResultError, match="dissection"):
        Dissection(found.dataset.assign_attrs(format="another"))


def test_restarts_are_trained_alike_whatever_is_beside_them(small):
    alone = dissect("flagged parity", **SMALL | {"n_pwl": [1], "n_train": [], "peers": False})
    np.testing.assert_allclose(
        alone.dataset["validation_curve"].sel(n_pwl=1).isel(n_train=-1),
        small[0].dataset["validation_curve"].sel(n_pwl=1).isel(n_train=-1),
        atol=1e-6,
    )


def made_up(small, test, validation=None, diverged=None):
    """Tables of the small dissection with other scores (n_pwl, restart) of its largest size."""
    return changed(small, test, validation, diverged).tables


def changed(small, test, validation=None, diverged=None):
    """The small dissection with other scores."""
    dataset = small[0].dataset.copy(deep=True)
    validation = test if validation is None else validation
    for name, values in (("score", test), ("validation_score", validation)):
        dataset[name][-1, :, :, 0] = np.array(values)
    if diverged is not None:
        dataset["diverged"][-1] = np.array(diverged)
    return Dissection(dataset)


def test_sufficient_p_keeps_what_the_best_explains_and_is_chosen_on_validation(small):
    validation = [[0.88, 0.88], [0.999, 0.996], [1.0, 1.0]]
    tables = made_up(small, [[1.0, 1.0], [0.9, 1.0], [0.5, 0.5]], validation)
    chosen = tables["chosen"].iloc[-1]
    assert (chosen["best_n_pwl"], chosen["sufficient_n_pwl"], chosen["least_n_pwl"]) == (3, 1, 0)
    last = tables["performance"].iloc[-3:]
    assert last["share_solved"].tolist() == [1.0, 0.5, 0.0]
    np.testing.assert_allclose(last["run_mean"], [1.0, 0.95, 0.5])


def test_a_run_that_diverged_is_not_solved_and_counts_in_no_mean(small):
    scores = [[0.7, 0.7], [1.0, 1.0], [1.0, 1.0]]
    tables = made_up(small, scores, diverged=[[False] * 2, [True, False], [True, True]])
    last = tables["performance"].iloc[-3:]
    assert last["n_restarts"].tolist() == [2, 1, 0]
    assert last["share_solved"].tolist() == [0.0, 0.5, 0.0]
    assert np.isnan(last["run_mean"].iloc[-1])


def test_impossible_arguments_are_named_together():
    with pytest.raises(ConfigError, match="3 problems") as error:
        make_plan("aditon", n_pwl=[11], n_restarts=1)
    for text in ("'addition'", "n_pwl", "n_restarts"):
        assert text in str(error.value)
    with pytest.raises(ConfigError, match="fresh=False"):
        make_plan("MNIST-1D", n_train=[100])
    with pytest.raises(ConfigError, match="as many as are drawn anew"):
        make_plan("addition", n_train=[10**7])
    with pytest.raises(ConfigError, match="nothing to train"):
        make_plan("addition", fresh=False)


def test_files_are_asked_for_test_trials_before_anything_is_trained(tmp_path):
    frames = {"mfcc_q": np.arange(180).reshape(90, 2) % 11, "n_frames": np.full(30, 3)}
    labels = {"label": np.arange(30) % 10, "speaker": np.repeat(["ann", "bob"], [20, 10])}
    scaling = {"scale": np.ones(2), "offset": np.zeros(2)}
    np.savez(tmp_path / "fsdd_mfcc13.npz", **frames, **labels, **scaling)
    given = {"n_train": [8], "fresh": False, "n_validation": 4}
    asked = {"path": str(tmp_path), "held_out": ["bob"]}
    trials = make_plan("spoken digits", parameters=asked, n_test=10, **given).source.draw(TEST, 10)
    assert set(trials.trials["speaker"].values) == {"bob"}
    with pytest.raises(DataError, match="11 trials asked for, the file has 10"):
        make_plan("spoken digits", parameters=asked, n_test=11, **given)
    with pytest.raises(ConfigError, match="name the speakers of the test"):
        make_plan("spoken digits", parameters={"path": str(tmp_path)}, n_test=4, **given)


def test_the_default_grid_has_both_ends():
    asked = make_plan("addition", n_train=[50])
    assert asked.grid == (0, 1, 2, 4, 8, 10)
    assert asked.cells == [(50, (0, 1, 2, 4)), (50, (8, 10)), (None, (0, 1, 2, 4)), (None, (8, 10))]
    assert "P = 0, 1, 2, 4, 8, 10" in asked.tell(600.0)
    assert "10.0 minutes" in asked.tell(600.0)
    json.dumps(asked.describe())


def test_curves_of_networks_that_stopped_are_filled_up():
    asked = make_plan("addition", setting=SETTING)
    filled = _cell._full(asked, np.zeros((2, 1)))
    assert filled.shape == (2, 2)
    assert np.isnan(filled[:, 1]).all()


def svg_alone(figure, folder, name):
    """Save what the page shows; each kind of file takes a while."""
    figure.savefig(folder / f"{name}.svg")
    return {"svg": folder / f"{name}.svg"}


def test_the_page_shows_every_figure_and_needs_no_other_file(small, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "save_figure", svg_alone)
    page = report.write_dissection(small[0], tmp_path)
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/svg+xml") == 6
    assert "n_bits = 2" in text
    assert "fresh trials at every update" in text
    columns = {name for table in small[0].tables.values() for name in table}
    assert [name for name in columns if "_" in name and f">{name}<" in text] == []
    names = {path.stem for path in (tmp_path / "tables").glob("*.csv")}
    assert names == set(small[0].tables)


def test_a_page_of_one_size_without_pwl_units_says_what_is_not_there(small, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "save_figure", svg_alone)
    alone = Dissection(small[0].dataset.isel(n_train=[-1], n_pwl=[0]))
    text = report.write_dissection(alone, tmp_path).read_text(encoding="utf-8")
    assert text.count("data:image/svg+xml") == 3
    assert "there is nothing to show" in text


@pytest.mark.parametrize(("n_latent", "is_there"), [(3, True), (10, False)])
def test_a_network_counts_as_fully_rectified_only_with_all_units(small, n_latent, is_there):
    runs, performance = small[0].tables["runs"], small[0].tables["performance"]
    last = (_words.largest(each) for each in (runs, performance))
    ax = plot_task_scores(*last, "accuracy", n_latent)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert ("fully rectified, P = 3" in labels) == is_there


def test_sentences_say_which_units_are_needed_before_and_after_training_on(small):
    found = changed(small, [[0.7, 0.7], [1.0, 1.0], [1.0, 1.0]])
    for name in ("intact", "trained_on"):
        found.dataset[name][:] = 1.0
    found.dataset["replaced"][2] = 0.5
    found.dataset["retrained"][2] = [1.0, 1.0, 0.5]
    used, needed = _words.say_needed(found)
    assert "(median): " in used
    assert "3 (P = 3)" in used
    assert "1 (P = 3). The others were used" in needed


def told(found):
    return " ".join([*_words.say_linear(found), *_words.say_solved(found)])


def test_sentences_say_who_solves_the_task(small):
    linear = told(changed(small, [[1.0, 1.0]] * 3))
    assert "The linear network, P = 0, solves the task" in linear
    few = told(changed(small, [[0.7, 0.7], [1.0, 0.9], [1.0, 1.0]]))
    assert "P = 0, does not solve the task" in few
    assert "With P = 1, 1 of 2 restarts solve it" in few
    none = told(changed(small, [[0.7, 0.7]] * 3))
    assert "No network with PWL units solves the task" in none


@pytest.mark.parametrize("sign", [1, -1])
def test_sentences_say_in_which_direction_few_units_differ_from_all(small, sign):
    found = changed(small, [[0.7, 0.7], [1.0, 0.99], [1.0, 1.0]])
    found.dataset["score"][0, 1, :, 0] = 0.8 + 0.1 * sign
    found.dataset["score"][0, 2, :, 0] = 0.8
    text = _words.say_efficiency(found)[0]
    assert "With 3 trials, P = 1 minus P = 3 is " in text
    assert ("\N{MINUS SIGN}0.1000" in text) == (sign < 0)


def test_networks_that_all_diverged_are_not_compared(small):
    found = changed(small, [[0.7, 0.7], [1.0, 1.0], [1.0, 1.0]])
    found.dataset["diverged"][0, 1] = True
    assert len(_words.say_efficiency(found)) == 1
