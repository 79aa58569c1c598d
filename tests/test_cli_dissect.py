"""The command dissect."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.cli import main
from neuroalrnn.cli.dissect import _is_data, read_parameters, read_setting, study_task
from neuroalrnn.dissect.result import Dissection
from neuroalrnn.exceptions import ConfigError, ResultError

SETTING = {"n_latent": 2, "batch_size": 2, "check_every": 2, "max_checks": 1}


def test_writes_result_tables_and_page_and_refuses_to_replace_them(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("neuroalrnn.dissect.report._draw", lambda name, make, new: name)
    options = {
        "parameters": {"n_steps": 5}, "n_pwl": [0, 2], "n_restarts": 2, "threads": 1,
        "n_validation": 3, "n_test": 3, "backend": "torch_eager", "setting": SETTING,
    }  # fmt: skip
    study_task("addition", tmp_path / "new", overwrite=False, **options)
    assert "test scores" in capsys.readouterr().out
    found = Dissection.load(tmp_path / "new" / "dissection.nc")
    table = pd.read_csv(tmp_path / "new" / "tables" / "performance.csv")
    assert table["n_pwl"].tolist() == found.tables["performance"]["n_pwl"].tolist() == [0, 2]
    assert (tmp_path / "new" / "report.html").exists()
    assert not (tmp_path / "new" / "unfinished").exists()
    with pytest.raises(ResultError, match="already holds"):
        study_task("addition", tmp_path / "new", overwrite=False, **options)


def test_parameters_are_read_as_json_or_text():
    found = read_parameters(["n_steps=40", "law=uniform", "coherences=[1, 2]"])
    assert found == {"n_steps": 40, "law": "uniform", "coherences": [1, 2]}
    with pytest.raises(ConfigError, match="NAME=VALUE"):
        read_parameters(["n_steps"])


def test_options_reach_the_setting_and_half_of_all_units_become_integrators(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr("neuroalrnn.cli.dissect._write", lambda found, *rest: kept.append(found))
    for strength in (0, 100):
        with pytest.raises(SystemExit) as stop:
            main(
                ["dissect", "addition", "--out", str(tmp_path / f"{strength}"), "--n-pwl", "0,4",
                 "--parameter", "n_steps=5", "--n-latent", "4", "--restarts", "2",
                 "--retrained", "0", "--learning-rate", "0.03", "--updates", "61",
                 "--backend", "torch_eager", "--threads", "1", "--setting", "batch_size=4",
                 "--setting", "check_every=20", "--setting", "initialisation=alrnn2024",
                 "--setting", f"attractor={strength}", "--setting", "attractor_share=0.5"]
            )  # fmt: skip
        assert not stop.value.code
    setting = kept[1].asked["setting"]
    found = [setting[name] for name in ("attractor", "attractor_share", "max_checks")]
    assert found == [100, 0.5, 3]
    for n_pwl in (0, 4):
        plain, pulled = (_error_of_slopes(found.network(n_pwl, 0)) for found in kept)
        assert (pulled[:2] < 0.1).all()
        assert (plain[:2] > 0.15).all()
        assert (pulled[2:] > 0.15).all()


def _error_of_slopes(network):
    return np.abs(network.self_slope + np.diag(network.weight) - 1)


def test_values_of_a_setting_that_are_no_values_are_refused(tmp_path, capsys):
    assert read_setting(["attractor=5", "initialisation=identity"]) == {
        "attractor": 5, "initialisation": "identity",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="--setting 'attractor': expected NAME=VALUE"):
        read_setting(["attractor"])
    with pytest.raises(ConfigError, match="give it by --n-pwl"):
        read_setting(["n_pwl=2"])
    for given, told in (("atractor=5", "attractor"), ("check_every=0", "check_every")):
        with pytest.raises(SystemExit) as stop:
            main(["dissect", "addition", "--out", str(tmp_path / "new"), "--updates", "9",
                  "--setting", given])  # fmt: skip
        assert stop.value.code == 2
        assert told in capsys.readouterr().err


def test_an_unknown_task_is_named_with_the_nearest(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["dissect", "adition", "--out", str(tmp_path / "new")])
    assert stop.value.code
    assert "addition" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.filterwarnings("ignore:trial numbers have")
def test_data_are_dissected_with_subjects_held_out(tmp_path, capsys, monkeypatch):
    asked = {}

    def stop(trials, **options):
        asked.update(options, subjects=len(set(trials["subject"].values)))
        raise ConfigError("far enough")

    monkeypatch.setattr("neuroalrnn.dissect.dissect", stop)
    with pytest.raises(SystemExit):
        main(
            ["dissect", "miller_rats", "--out", str(tmp_path / "new"), "--n-train", "3,5",
             "--n-latent", "2,4", "--n-pwl", "0,1", "--updates", "40",
             "--parameter", "n_steps=3", "--peers", "--no-fresh"]
        )  # fmt: skip
    assert "miller_rats: 6 subjects" in capsys.readouterr().out
    assert asked["subjects"] == 6
    assert asked["n_latent"] == [2, 4]
    assert asked["n_train"] == [3, 5]
    assert asked["cv"].split is not None
    # nothing is dropped here, so that it can be refused
    assert (asked["parameters"], asked["peers"], asked["fresh"]) == ({"n_steps": 3}, True, False)
    assert asked["setting"].max_checks == max(1, 40 // asked["setting"].check_every)


def test_a_folder_that_is_called_like_a_task_hides_no_task(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "addition").mkdir()
    (tmp_path / "trials.csv").touch()
    assert not _is_data("addition")
    assert _is_data("trials.csv")
    assert not _is_data("adition")


def test_nothing_or_several_sizes_of_networks_on_a_task_are_refused(tmp_path, capsys):
    for given in ([], ["addition", "--n-latent", "2,4"]):
        with pytest.raises(SystemExit) as stop:
            main(["dissect", *given, "--out", str(tmp_path / "new")])
        assert stop.value.code == 2
    text = capsys.readouterr().err
    assert "nothing to dissect" in text
    assert "one number of latents" in text
