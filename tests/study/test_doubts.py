"""Scores that cannot be right are named with model, subjects and values."""

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.data import SubjectKFold
from neuroalrnn.exceptions import DataWarning
from neuroalrnn.study.doubts import doubtful_scores

GUESS = np.log(0.5)


def table(values, *, rt=None):
    """Scores of one model of three subjects."""
    columns = {"log_likelihood": values} | ({} if rt is None else {"log_likelihood_rt": rt})
    return xr.Dataset(
        {name: (("model", "subject"), [each]) for name, each in columns.items()},
        coords={"model": ["mine"], "subject": ["s0", "s1", "s2"]},
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-3e26, "s1 -3e+26"),
        (-322.1, "s1 -322.1"),
        (-2.5e5, "s1 -2.5e"),
        (GUESS - 5.01, "s1 -5.703"),
        (0.5, "s1 0.5"),
        (1e-6, "s1 1e-06"),
        (np.nan, "s1 nan"),
        (-np.inf, "s1 -inf"),
        (np.inf, "s1 inf"),
    ],
)
def test_a_score_far_from_anything_sound_is_named(value, shown):
    (text,) = doubtful_scores(table([-0.5, value, -0.7]), 2)
    assert text.startswith(f"mine, log_likelihood: {shown}")
    assert "s0" not in text
    assert "s2" not in text


def test_the_worst_subjects_come_first():
    (text,) = doubtful_scores(table([-10.0, np.nan, -900.0]), 2)
    assert text.startswith("mine, log_likelihood: s1 nan, s2 -900, s0 -10 nats per trial")


def test_sound_scores_raise_no_doubt():
    assert doubtful_scores(table([0.0, -0.7, GUESS - 4.9]), 2) == []
    assert doubtful_scores(table([-0.7, -0.7, np.log(1 / 9) - 4.9]), 9) == []
    choices_alone = table([-0.5, -0.5, -0.5], rt=[np.nan] * 3)
    assert doubtful_scores(choices_alone, 2) == []


def test_further_columns_may_be_anything_finite():
    good = [-0.5, -0.5, -0.5]
    assert doubtful_scores(table(good, rt=[5.0, -900.0, 0.0]), 2) == []
    (text,) = doubtful_scores(table(good, rt=[5.0, np.nan, 0.0]), 2)
    assert text.startswith("mine, log_likelihood_rt: s1 nan")


def test_a_baseline_far_below_guessing_is_a_caution_of_the_fit(fit, trials):
    def sure_and_wrong(trials, train, test):
        wrong = 1 - trials["choice"].values[test]
        return np.log(np.where(wrong[:, None] == [0, 1], 1 - 1e-9, 1e-9))

    with pytest.warns(DataWarning, match="mine, log_likelihood: s0 -20.72, s1 -20.72") as told:
        found = fit(
            trials, SubjectKFold(2), n_pwl=(0,), n_restarts=1, baselines={"mine": sure_and_wrong}
        )
    assert str(told[0].message) in found.cautions
