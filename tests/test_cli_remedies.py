"""What errors and warnings advise can be typed on the command line as it is told."""

import shlex

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.cli.remedies import as_typed


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("pass missing={'choice': ['n/a', -1]}; then", "pass --missing choice=n/a,choice=-1; then"),
        ("pass missing={'rt': [0, ...]}", "pass --missing rt=0,..."),
        ("pass labels=['go left', 'right'], its", "pass --labels 'go left,right', its"),
        ("pass labels=[...] with every option", "pass --labels ... with every option"),
        ("pass units={'rt': 'ms'}, or", "pass --units rt=ms, or"),
        (
            "pass missing={'choice': [-1]}; pass missing={'rt': [999]}",
            "pass --missing choice=-1; pass --missing rt=999",
        ),
        ("give n_splits = 4 or fewer", "give n_splits = 4 or fewer in [validation] of a run file"),
        (
            "hold out sessions instead (SessionKFold)",
            'hold out sessions instead (splitter = "SessionKFold" in [validation] of a run file)',
        ),
        *[(kept, kept) for kept in ("labels=['a,b', 'c']", "missing={event: [code]}", "no remedy")],
    ],
)
def test_arguments_become_options(text, typed):
    assert as_typed(text) == typed


def test_a_remedy_typed_as_told_is_taken(tmp_path, run):
    side = np.tile(["left", "right", "left", "right", "timeout"], 8)
    table = pd.DataFrame({"s": np.repeat([f"s{i}" for i in range(4)], 10), "c": side})
    table.to_csv(tmp_path / "t.csv", index=False)
    command = [
        "fit",
        tmp_path / "t.csv",
        "--columns",
        "subject=s,choice=c",
        "--out",
        tmp_path / "o",
    ]
    code, _, told = run(*command)
    assert code == 2
    words = shlex.split(told.partition(", pass ")[2])
    missing, labels = (
        words[words.index(name) + 1].rstrip(";,") for name in ("--missing", "--labels")
    )
    code, _, told = run(*command, "--missing", missing, "--labels", labels)
    # now the table is read, and there are too few subjects for five folds
    assert (code, "give n_splits = 4 or fewer in [validation] of a run file" in told) == (2, True)


@pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")
def test_an_option_that_is_given_twice_says_both(tmp_path, run):
    table = pd.DataFrame({"s": ["a"] * 5 + ["b"] * 5, "c": [0, 1, -1, 0, 1] * 2, "x": [999, 1] * 5})
    table.to_csv(tmp_path / "t.csv", index=False)
    columns = ["--columns", "subject=s", "--columns", "choice=c,x=x"]
    missing = ["--missing", "choice=-1", "--missing", "x=999"]
    code, told, error = run("fit", tmp_path / "t.csv", *columns, *missing, "--out", tmp_path / "o")
    assert (code, "give n_splits" in error) == (2, True)
    assert "read as missing: choice on 2 trials (-1: 2); x on 5 trials (999: 5)" in told
