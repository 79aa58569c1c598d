import json

import pandas as pd
import pytest

from neuroalrnn.analysis.simulate import simulate_fit
from neuroalrnn.cli.recover import study_fitted, study_recovery
from neuroalrnn.exceptions import ConfigError, DataError, ResultError
from neuroalrnn.results import Fit

SMALL = {"subjects": [4], "trials": [40], "n_runs": 1, "random_state": 0, "overwrite": False}
ONE = {"n_pwl": (0, 1), "n_restarts": 1, "threads": 1}


def test_writes_a_row_per_run_and_figures(tmp_path, capsys):
    agents = ["logistic", "Q-learning"]
    study_recovery(tmp_path / "new", tasks=["scalar memory"], agents=agents, **SMALL, **ONE)
    table = pd.read_csv(tmp_path / "new" / "recovery.csv")
    assert set(table["found_n_pwl"]) <= {0, 1}
    assert pd.read_csv(tmp_path / "new" / "families.csv")["true_family"].tolist() == agents
    assert (tmp_path / "new" / "recovery.pdf").stat().st_size > 1000
    assert "share_n_pwl" in capsys.readouterr().out
    with pytest.raises(ResultError, match="already holds"):
        study_recovery(tmp_path / "new", tasks=["parity"], agents=[], **SMALL, **ONE)


def test_names_every_unknown_task(tmp_path):
    with pytest.raises(ConfigError, match="'adition' is unknown") as error:
        study_recovery(tmp_path, tasks=["adition", "copy"], agents=[], **SMALL, **ONE)
    assert "'copy'" in str(error.value)


def test_a_fit_of_an_unknown_task_is_refused_before_anything_is_fitted(tmp_path, fit):
    fit.save(tmp_path / "fit.nc")
    with pytest.raises(DataError, match="expected one of"):
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
        simulate_fit(Fit(tree), rng=None)
