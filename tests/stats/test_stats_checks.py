"""What is refused where values, labels and tables come in."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.stats.checks import (
    as_numbers,
    as_whole_numbers,
    refuse_reordered,
    refuse_unnamed,
    require_columns,
)


def test_text_is_no_number():
    assert as_numbers([1, True, None], "x", "test").tolist()[:2] == [1, 1]
    with pytest.raises(DataError, match="test: 'x' should be numbers: could not convert"):
        as_numbers(["left"], "x", "test")
    with pytest.raises(DataError, match="'x' should be numbers"):
        as_numbers([[1], [1, 2]], "x", "test")


def test_whole_numbers_are_not_rounded():
    assert as_whole_numbers([2.0, 3], "n", "test", least=2).tolist() == [2, 3]
    assert as_whole_numbers(4, "n", "test") == 4
    with pytest.raises(
        DataError, match=r"test, n: found 2\.5, nan, expected whole numbers from 0 on"
    ):
        as_whole_numbers([1, 2.5, np.nan], "n", "test", least=0)
    with pytest.raises(DataError, match="n: found -1, expected"):
        as_whole_numbers(-1, "n", "test", least=0)


def test_labels_must_be_there_and_read_differently():
    refuse_unnamed("test", {"subject": ["a", "b"], "session": [1, 2]})
    columns = {"subject": ["a", None, np.nan], "session": np.array([1, "1", 2], dtype=object)}
    with pytest.raises(DataError, match="2 problems") as error:
        refuse_unnamed("test", columns)
    assert "'subject' is missing in 2 of 3 rows, first in row 1" in str(error.value)
    assert "'session': 1 labels read like another" in str(error.value)


def test_rows_in_another_order_are_refused_but_not_other_labels():
    a, b = pd.Series([1, 2], ["x", "y"]), pd.Series([1, 2], ["y", "x"])
    refuse_reordered("test", {"a": a, "c": pd.Series([1, 2]), "d": [1, 2], "e": a.copy()})
    with pytest.raises(DataError, match="'b' has the row labels of 'a' in another order"):
        refuse_reordered("test", {"a": a, "b": b})


def test_columns_that_a_table_lacks_are_named_with_those_it_has():
    require_columns("test", pd.DataFrame({"a": [1], "b": [2]}), ["b"])
    with pytest.raises(DataError, match="test: no column 'c', 'd'; found a"):
        require_columns("test", pd.DataFrame({"a": [1]}), ["c", "a", "d"])
    with pytest.raises(DataError, match="test: found dict, expected a table"):
        require_columns("test", {"a": [1]}, ["a"])
