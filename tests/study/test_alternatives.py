"""Alternatives of hyperparameters: chosen inside each fold, and nothing else changes."""

import numpy as np
import pytest

from neuroalrnn.config import expand
from neuroalrnn.data import SubjectKFold
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.study import select_n_pwl

RATES = [1e-6, 0.05]


@pytest.fixture(scope="module")
def fits(trials, setting, encoding):
    setting = setting.model_copy(update={"max_checks": 30, "patience": 30})
    options = {"n_pwl": (0, 2), "n_inner": 2, "encoding": encoding, "threads": 1}
    options |= {"progress": False, "baselines": {}}
    both = select_n_pwl(
        trials, setting, SubjectKFold(2), 2, alternatives={"learning_rate": RATES}, **options
    )
    alone = select_n_pwl(trials, setting, SubjectKFold(2), 2, **options)
    return both, alone


def test_what_learns_is_chosen_and_named(fits):
    both, alone = fits
    assert (both.selection["setting"].sel(n_pwl=2) == 1).all()
    assert both.config["alternatives"] == [{"learning_rate": rate} for rate in RATES]
    assert alone.config["alternatives"] == [{}]
    assert (alone.selection["setting"] == 0).all()


def test_a_chosen_setting_is_trained_as_if_it_were_the_only_one(fits):
    both, alone = fits
    for name in both.parameters.data_vars:
        one, other = (fit.parameters[name].sel(n_pwl=2) for fit in fits)
        np.testing.assert_array_equal(one, other)
    model = {"model": "AL-RNN P=2"}
    np.testing.assert_array_equal(
        both.predictions["log_likelihood"].sel(model),
        alone.predictions["log_likelihood"].sel(model),
    )


def test_alternatives_are_all_combinations(setting):
    found = expand(setting, {"l2": [0.0, 0.1], "learning_rate": [0.01, 0.02]})
    values = [(each.l2, each.learning_rate) for each in found]
    assert values == [(0.0, 0.01), (0.0, 0.02), (0.1, 0.01), (0.1, 0.02)]
    assert expand(setting, {}) == (setting,)


@pytest.mark.parametrize(
    ("alternatives", "match"),
    [
        (["l1"], "expected a dict of lists"),
        ({"l2": 0.1}, "l2 = 0.1: expected a list"),
        ({"l2": []}, "expected a list of one or more"),
        ({"l2": [0.0, 0.0]}, "a value is there twice"),
        ({"n_latent": [2, 4]}, "n_latent: models that are trained together must share it"),
        ({"l2": [-1.0]}, "l2 = -1.0: expected a number greater than or equal to 0"),
    ],
)
def test_impossible_alternatives_are_named(setting, alternatives, match):
    with pytest.raises(ConfigError, match=match):
        expand(setting, alternatives)
