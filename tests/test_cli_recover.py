import json

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.behaviour.simulate import simulate_fit
from neuroalrnn.cli.options import share_or_rule
from neuroalrnn.cli.recover import study_fitted, study_recovery
from neuroalrnn.exceptions import ConfigError, DataError, ResultError
from neuroalrnn.results import Fit
from neuroalrnn.results.tables import FILES, conform

SMALL = {"subjects": [4], "trials": [40], "n_runs": 1, "random_state": 0, "overwrite": False}
ONE = {"n_pwl": (0, 1), "n_restarts": 1, "threads": 1}


def test_writes_a_row_per_run_and_figures(tmp_path, capsys):
    agents = ["logistic", "Q-learning"]
    study_recovery(tmp_path / "new", tasks=["scalar memory"], agents=agents, **SMALL, **ONE)
    table = pd.read_csv(tmp_path / "new" / "recovery.csv")
    for name in ("recovery.csv", "families.csv"):
        conform(name, pd.read_csv(tmp_path / "new" / name), FILES[name])
    assert set(table["found_n_pwl"]) <= {0, 1}
    assert pd.read_csv(tmp_path / "new" / "families.csv")["true_family"].tolist() == agents
    assert (tmp_path / "new" / "recovery.pdf").stat().st_size > 1000
    assert "share_n_pwl" in capsys.readouterr().out
    with pytest.raises(ResultError, match="already holds"):
        study_recovery(tmp_path / "new", tasks=["parity"], agents=[], **SMALL, **ONE)


@pytest.mark.parametrize(
    ("text", "expected"), [("0.1", 0.1), ("one standard error", "one standard error")]
)
def test_the_rule_is_a_share_or_a_name(text, expected):
    assert share_or_rule("--sufficient", text) == expected


@pytest.mark.parametrize("text", ["5 %", "-0.1", "1.5", "nan", "two standard errors"])
def test_another_rule_is_refused(text):
    with pytest.raises(ConfigError, match=r"--sufficient .*expected a share from 0 to 1, or 'one"):
        share_or_rule("--sufficient", text)


def test_names_every_unknown_task(tmp_path):
    with pytest.raises(ConfigError, match="'adition' is unknown") as error:
        study_recovery(tmp_path, tasks=["adition", "copy"], agents=[], **SMALL, **ONE)
    assert "'copy'" in str(error.value)


def test_a_fit_of_an_unknown_task_is_refused_before_anything_is_fitted(tmp_path, fit):
    fit.save(tmp_path / "fit.nc")
    with pytest.raises(DataError, match=r"add a table \[task\] to the run file"):
        study_fitted(tmp_path / "fit.nc", tmp_path, n_runs=1, random_state=0, overwrite=False)
    assert not (tmp_path / "recovery.csv").exists()


def test_a_fit_of_more_than_choices_is_refused_before_anything_is_simulated(tmp_path, fit):
    tree = fit.tree.copy()
    observation = {"name": "choice_rt", "variables": ["choice", "rt"], "given": []}
    tree.attrs["config"] = json.dumps(fit.config | {"observation": observation})
    Fit(tree).save(tmp_path / "fit.nc")
    with pytest.raises(
        DataError, match=r"explains choice, rt by .choice_rt.: only fits of choices"
    ):
        study_fitted(tmp_path / "fit.nc", tmp_path, n_runs=1, random_state=0, overwrite=False)
    with pytest.raises(
        DataError, match=r"explains choice, rt by .choice_rt.: only fits of choices"
    ):
        simulate_fit(Fit(tree), rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--subjects", "0"], "--subjects '0': expected whole numbers from 2"),
        (["--subjects", ""], "--subjects '': expected whole numbers from 2"),
        (["--subjects", "8,x"], "--subjects '8,x': expected whole numbers"),
        (["--trials", "1e3"], "--trials '1e3': expected whole numbers from 1"),
        (["--trials", "9" * 5000], "expected whole numbers from 1"),
        (["--tasks", ""], "nothing to recover: name --tasks (scalar memory, "),
        (["--tasks", "adition"], "--tasks: 'adition' is unknown; did you mean 'addition'"),
        (["--agents", "q"], "--agents: 'q' is unknown"),
        (["--n-pwl", "0,1"], "'two gated paths' has P = 2, which is not in the grid 0, 1: add it"),
        (["--n-pwl", "0,1,2,9"], "P = 9: expected a whole number from 0 to 6"),
        (["--seed", str(2**80)], "'--seed': Input should be less than or equal to 4294967295"),
        (["--seed", "-1"], "'--seed': Input should be greater than or equal to 0"),
        (["--runs", "0"], "'--runs'"),
    ],
)
def test_wrong_numbers_are_refused_before_anything_runs(
    options, message, tmp_path, monkeypatch, run
):
    monkeypatch.setattr("neuroalrnn.recover.recovery.recover", lambda *args: pytest.fail("ran"))
    code, _, error = run("recover", "--out", tmp_path / "new", *options)
    assert code == 2
    assert message in error
    assert not (tmp_path / "new").exists()
