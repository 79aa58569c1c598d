"""Codes for missing values: declared, counted, and suggested before anything else."""

import json

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.data import from_frame, load_table
from neuroalrnn.exceptions import DataError

COLUMNS = {"subject": "s", "choice": "c"}
WHOLE = COLUMNS | {"rt": "RT", "x": "x"}


def read(choices, **options):
    frame = pd.DataFrame({"s": "a", "c": pd.Series(choices)})
    return from_frame(frame, COLUMNS, **options)


@pytest.fixture
def coded(tmp_path):
    path = tmp_path / "coded.csv"
    rows = ["s,c,RT,x", "a,0,500,1.5", "a,1,999,-1", "a,n/a,0,2.5", "a,-1,450,0.5", "999,1,460,-1"]
    path.write_text("\n".join(rows))
    return path


@pytest.mark.parametrize(
    "missing",
    [
        {"choice": [-1, "n/a"], "rt": [0, 999], "x": -1},
        {"choice": [-1, "n/a"], "rt": [0, 999], "x": np.array(-1)},
        {"c": ["-1", "n/a"], "RT": [0.0, "999"], "x": ["-1.0"]},
        [-1, "n/a", 0, 999],
    ],
)
@pytest.mark.filterwarnings("ignore:'x' is missing")
def test_declared_codes_are_missing_and_counted(coded, missing):
    plain = isinstance(missing, list)
    labels = ["1", "2"] if plain else None
    if plain:
        missing, labels = [-1, "n/a", 999], None
        coded.write_text(coded.read_text().replace("a,n/a,0,", "a,n/a,999,"))
    trials = load_table(coded, WHOLE, missing=missing, labels=labels, units={"rt": "ms"})
    np.testing.assert_array_equal(trials["choice"], [0, 1, np.nan, np.nan, 1])
    np.testing.assert_allclose(trials["rt"], [0.5, np.nan, np.nan, 0.45, 0.46])
    np.testing.assert_array_equal(trials["x"], [1.5, np.nan, 2.5, 0.5, np.nan])
    assert trials["subject"].values[-1] == "999"
    (told, in_units) = json.loads(trials.attrs["reading"])
    assert "choice on 2 trials" in told
    assert "rt on 2 trials" in told
    assert "x on 2 trials (-1: 2)" in told
    assert in_units == "turned into seconds: rt in ms"


@pytest.mark.parametrize("code", ["n/a", "None", "null", "#N/A", ".", "nan", "NR", "timeout", "?"])
@pytest.mark.parametrize("options", [["0", "1"], ["left", "right"]])
def test_text_codes_are_suggested_as_missing_first(code, options):
    choices = [*options * 4, code, *options]
    with pytest.raises(DataError, match="choice is text: ") as error:
        read(choices)
    text = str(error.value)
    assert f"{code!r}, on row 8: where this stands for a missing choice" in text
    assert f"missing={{'choice': [{code!r}]}}" in text
    advice = text.partition("labels=")[2]
    assert code not in advice.partition("]")[0]
    declared = read(choices, missing={"choice": [code]}, labels=options)
    assert declared["choice"].values[8] != declared["choice"].values[8]
    with pytest.raises(DataError, match=r"labels hold .* which stands for a missing choice"):
        read(choices, labels=[*options, "n/a"])


@pytest.mark.parametrize(
    ("choices", "code", "then"),
    [
        ([0, 1] * 20 + [-1], "-1", ""),
        ([0, 1] * 20 + [9], "9", ""),
        ([0, 1, 2] * 20 + [999] * 9, "999", ""),
        ([1, 2] * 20 + [-9], "-9", "labels=[1, 2]"),
        ([1, 2] * 20 + [0] * 1 + [99], "99", "labels=["),
        ([0, 1] * 30 + [7], "7", ""),
        (["0", "1"] * 20 + ["-1"], "-1", ""),
    ],
)
def test_odd_codes_are_suggested_as_missing_first(choices, code, then):
    with pytest.raises(DataError, match=r"missing=\{'choice'") as error:
        read(choices)
    text = str(error.value)
    assert f"{code}" in text.partition("where this stands")[0]
    assert f"'choice': [{code}]" in text or f", {code}]" in text
    before, _, after = text.partition("labels=")
    assert "missing=" in before
    assert bool(after) == bool(then)
    assert code not in after.partition("]")[0].strip("[").split(", ")


def test_two_sides_are_options():
    with pytest.raises(DataError, match=r"pass labels=\[-1, 1\] to code them"):
        read([-1, 1] * 5)
    np.testing.assert_array_equal(read([-1, 1] * 2, labels=[-1, 1])["choice"], [0, 1, 0, 1])


def test_a_label_that_stands_for_nothing_needs_a_name():
    with pytest.warns(UserWarning, match="option '-1' was chosen on 1 of 5 trials"):
        read([0, 1, 0, 1, -1], labels=[0, 1, -1])
    named = read([0, 1, -1], labels={0: "left", 1: "right", -1: "neither"})
    assert named["choice"].values.tolist() == [0, 1, 2]
    assert read(["a", "none"], labels={"a": "a", "none": "none"})["choice"].values[1] == 1


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([1.0, "n/a", 2.0, "n/a"], r"'x' has text .*, 'n/a', on rows 1, 3: .*{'x': \['n/a'\]}"),
        ([1, 2, "?", "."], r"'\?', on row 2; '.', on row 3: .* pass missing={'x': \['\?', '.'\]}"),
        (["low", "high", "low", "mid"], "code it as numbers, or leave the column out"),
        (["true", "false", "n/a", "true"], r"'n/a', on row 2: .*{'x': \['n/a'\]}"),
        (
            ["TRUE", 0, 1, "False"],
            r"'TRUE', on row 0; 'False', on row 3: say what it means, derive",
        ),
        (["5ms", "7ms", "6ms", "5ms"], "writes a unit into its cells, '5ms' on row 0"),
    ],
)
def test_text_among_numbers_is_named(cells, message):
    frame = pd.DataFrame({"s": "a", "c": [0, 1, 0, 1], "x": pd.Series(cells, dtype=object)})
    with pytest.raises(DataError, match=message):
        from_frame(frame, COLUMNS | {"x": "x"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"missing": {"chioce": [1]}}, "missing 'chioce' is unknown; did you mean 'choice'"),
        ({"units": {"x": "hours"}}, "units of 'x': 'hours' is unknown"),
        ({"units": {"choice": "ms"}}, "units of 'choice': this is no duration"),
        ({"units": ["ms"]}, r"units = \['ms'\]: expected a dict"),
        ({"labels": "ab"}, "labels is a str: expected a list"),
        ({"labels": {1, 2}}, "labels is a set: expected a list"),
        ({"labels": [1, "1", 2]}, "hold one value twice"),
        ({"labels": [[0], [1]]}, r"labels hold \[0\]: expected values"),
        ({"labels": ["a", "b"]}, r"unknown labels 0, 1 on rows 0, 1, 2: labels are 'a', 'b'"),
        ({"attrs": [1]}, "attrs = .*: expected a dict"),
        ({"signed": "x"}, "signed = 'x': expected a list of names"),
        ({"trial_start": "x"}, "trial_start needs events that columns hold"),
    ],
)
def test_mistakes_in_options_are_named(options, message):
    frame = pd.DataFrame({"s": "a", "c": [0, 1, 0], "x": [1.0, 2.0, 1.0]})
    with pytest.raises(DataError, match=message):
        from_frame(frame, COLUMNS | {"x": "x"}, **options)


@pytest.mark.parametrize("name", ["NA", "None", "nan", "null", "NaN"])
def test_subjects_and_sessions_may_have_such_names(tmp_path, name):
    path = tmp_path / "trials.csv"
    path.write_text(f"s,day,c\n{name},{name},0\n{name},{name},1\nb,1,1\n")
    trials = load_table(path, COLUMNS | {"session": "day"})
    assert trials["subject"].values.tolist() == [name, name, "b"]
    path.write_text("s,c\na,0\n,1\nb,1\n")
    with pytest.raises(DataError, match="'subject' is missing on trial 1"):
        load_table(path, COLUMNS)


def test_names_are_compared_in_one_unicode_form(tmp_path):
    path = tmp_path / "trials.csv"
    path.write_text("Pru\u0308fer,c\u0301,x\nJose\u0301,ja,1\nJos\u00e9,n\u00e9,2\nb,ne\u0301,3\n")
    trials = load_table(
        path, {"subject": "Pr\u00fcfer", "choice": "\u0107", "gr\u00fcn": "x"},
        labels=["ja", "ne\u0301"], signed=(), after_choice=["gru\u0308n"],
    )  # fmt: skip
    assert trials["subject"].values.tolist() == ["Jos\u00e9", "Jos\u00e9", "b"]
    assert trials["choice"].values.tolist() == [0, 1, 1]
    assert trials["gr\u00fcn"].attrs == {"known": "after_choice"}
