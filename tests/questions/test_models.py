"""Sentences about models and their probabilities say what the tables say."""

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from neuroalrnn.questions.calibration import judge_calibration
from neuroalrnn.questions.models import judge_models, judge_own_temperature
from neuroalrnn.stats import compare_models


def scores(shift, n_subjects=12, names=("AL-RNN", "logistic", "class frequency")):
    """Scores of the AL-RNN, of a baseline `shift` below it, and of a floor far below."""
    rng = np.random.default_rng(0)
    base = rng.normal(-0.5, 0.1, n_subjects)
    noise = 0.01 * np.resize([1, -1], n_subjects)
    wide = {names[0]: base, names[1]: base - shift + noise, names[2]: base - 1 + noise}
    parts = [
        pd.DataFrame({"model": model, "subject": range(n_subjects), "log_likelihood": values})
        for model, values in wide.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(n_trials=100)


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        (0.05, "<strong>better by 0.0500 nats per trial</strong>"),
        (-0.05, "<strong>worse by 0.0500 nats per trial</strong>"),
        (0.001, "cannot be told apart"),
    ],
)
def test_where_the_alrnn_stands(shift, expected):
    first, second = judge_models(compare_models(scores(shift)))
    best = "The logistic regression" if shift < 0 else "The AL-RNN"
    assert f"<strong>{best} has the best mean" in first
    near = "Within one standard error" if shift == 0.001 else "No other model lies within"
    assert near in first
    assert expected in second
    assert "that is no AL-RNN, the logistic regression, the AL-RNN" in second


def test_few_subjects_are_said_to_be_too_few():
    texts = judge_models(compare_models(scores(0.05, n_subjects=5)))
    assert "cannot be told apart" in texts[1]
    assert "With 5 subjects no difference can be rejected" in texts[2]
    assert len(judge_models(compare_models(scores(0.05, n_subjects=6)))) == 2


def test_what_own_temperatures_leave_of_a_difference():
    before, after = (compare_models(scores(shift)) for shift in (-0.05, -0.02))
    mean = before.set_index("model")["log_likelihood"]
    text = judge_own_temperature(before, after)
    assert f"the logistic regression is best ({after['log_likelihood'][0]:.4f}" in plain(text)
    assert f"before {mean['logistic']:.4f}" in plain(text)
    assert "0.0200 +- 0.0030 (s.e. over subjects) behind it." in text
    text = judge_own_temperature(before, compare_models(scores(0.02)))
    assert "the AL-RNN is best" in text
    assert "behind" not in text


def plain(text):
    return text.replace("\N{MINUS SIGN}", "-")


def test_names_are_escaped():
    texts = judge_models(compare_models(scores(-0.05, names=("AL-RNN", "A<b", "c"))))
    assert all("A&lt;b" in escape(text) for text in texts)


def calibrated(**changes):
    row = {"model": "AL-RNN", "option": "right", "slope": 1.0, "slope_low": 0.9, "slope_high": 1.1}
    row |= {"intercept": 0.0, "intercept_low": -0.1, "intercept_high": 0.1, "note": ""}
    row |= {"calibration_error": 0.01, "error_by_chance": 0.005, "brier": 0.2}
    return pd.DataFrame([row | changes])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "show no miscalibration"),
        ({"slope_high": 0.95}, "are too sure"),
        ({"slope_low": 1.05}, "are too cautious"),
        ({"intercept_low": 0.05}, "are too low for right"),
        ({"intercept_high": -0.05}, "are too high for right"),
        ({"slope_high": 0.95, "intercept_high": -0.05}, "are too sure and are too high"),
        ({"slope_low": np.nan, "note": "the predictions hardly vary"}, "hardly vary"),
    ],
)
def test_calibration(changes, expected):
    (text,) = judge_calibration(calibrated(**changes))
    assert expected in text
    assert text.count("miscalibration") == (not changes)


def test_every_option_has_its_sentence():
    found = pd.concat([calibrated(), calibrated(option="left")])
    texts = judge_calibration(found)
    assert "for right" in texts[0]
    assert "for left" in texts[1]
