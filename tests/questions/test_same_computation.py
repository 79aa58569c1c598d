"""What is said of models by the effects of their inputs, in every direction."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.questions.computation.models import judge_models
from neuroalrnn.questions.words import plain


def table(of_n_pwl, chosen=0.95):
    """AL-RNNs against a GRU, of which the last pair is that of the chosen P."""
    by_name = {f"AL-RNN P={p}": r for p, r in of_n_pwl.items()}
    rows = [(name, "GRU", r, r - 0.1, 0.3) for name, r in by_name.items()]
    rows.append(("AL-RNN", "GRU", chosen, chosen - 0.1, 0.3))
    rows += [("AL-RNN", name, 1.0, 1.0, 0.0) for name in by_name]
    rows.append(("AL-RNN", "class frequency", np.nan, np.nan, 2.0))
    names = ["model", "other_model", "model_correlation", "model_correlation_low"]
    return pd.DataFrame(rows, columns=[*names, "rms_difference"]).assign(unread="")


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (
            table({0: np.nan, 1: 0.95, 2: 0.955}),
            "GRU: computes much the same as the AL-RNN: effects correlate at 0.95 over trials "
            "(lowest fold 0.85); they differ by 0.30 log-odds; P = 1 is as "
            "close to it as any (0.95).",
        ),
        (
            table({0: np.nan, 2: 0.2}, chosen=0.2),
            "GRU: computes something else than the AL-RNN: effects correlate at 0.20 over trials "
            "(lowest fold 0.10); they differ by 0.30 log-odds.",
        ),
        (
            table({0: np.nan}, chosen=np.nan),
            "GRU: effects are the same on all trials in one of the two; they differ by 0.30 "
            "log-odds.",
        ),
        (
            table({2: 0.95}),
            "GRU: computes much the same as the AL-RNN: effects correlate at 0.95 over trials "
            "(lowest fold 0.85); they differ by 0.30 log-odds.",
        ),
    ],
    ids=["same", "other", "constant", "one P"],
)
def test_other_models_compute_the_same_or_not(pairs, expected):
    assert [plain(text) for text in judge_models(pairs)] == [expected]


def test_of_a_model_that_reads_other_variables_nothing_is_concluded():
    (text,) = judge_models(table({2: 0.2}, chosen=0.2).assign(unread="side"))
    assert text == (
        "GRU does not read side: effects of the other inputs correlate at 0.20 over trials "
        "(lowest fold 0.10); they differ by 0.30 log-odds."
    )
    (text,) = judge_models(table({2: 0.95}).assign(unread="side", rms_difference=np.nan))
    assert text == "GRU: reads no input whose effects could be compared."
