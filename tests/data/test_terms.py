"""Terms multiply coded factors; lags stay inside the session and never use the present outcome."""

import numpy as np
import pytest

from neuroalrnn.data import design
from neuroalrnn.exceptions import DataError


def test_products_and_lags(trials):
    matrix = design(trials, ["stimulus", "stimulus:flag", "choice[-2]:reward[-2]"])
    assert list(matrix.columns) == ["stimulus", "stimulus:flag", "choice[-2]:reward[-2]"]
    np.testing.assert_array_equal(matrix["stimulus:flag"], trials["stimulus"] * trials["flag"])
    lagged = matrix["choice[-2]:reward[-2]"].to_numpy().reshape(6, 6)
    assert (lagged[:, :2] == 0).all()
    coded = (2 * trials["choice"] - 1) * (2 * trials["reward"] - 1)
    np.testing.assert_array_equal(lagged[:, 2:], coded.values.reshape(6, 6)[:, :-2])


def test_missing_is_zero(trials):
    trials["choice"][0] = np.nan
    assert design(trials, ["choice[-1]"]).iloc[1, 0] == 0


def test_choice_of_three_has_a_column_per_option(trials):
    trials["choice"][:] = np.tile([0, 1, 2], 12)
    trials["choice"].attrs["labels"] = ["a", "b", "c"]
    matrix = design(trials, ["choice[-1]:flag"])
    assert list(matrix.columns) == [f"choice={name}[-1]:flag" for name in "abc"]


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (["flags"], "'flags' is unknown; did you mean 'flag'"),
        (["choice"], r"'choice' is known only after the choice: use a lag, 'choice\[-1\]'"),
        (["flag:reward"], "'reward' is known only after the choice"),
        (["flag[1]"], r"term 'flag\[1\]': expected factors"),
        (["flag:"], "term 'flag:': expected factors"),
        (["flag", "flag"], "named more than once"),
        (["choice[-0]"], "known only after the choice"),
        (["nix", "flag[", "rt"], "design: 3 problems"),
    ],
)
def test_impossible_terms_are_named(trials, terms, message):
    with pytest.raises(DataError, match=message):
        design(trials, terms)
