"""Option sets: what is offered, forced trials, and offers that cannot be."""

import numpy as np
import pytest

from neuroalrnn.data.offered import check_offered, forced_trials, offered_options
from neuroalrnn.exceptions import DataError

NAMES = ["left_open", "right_open"]


@pytest.fixture
def limited(trials):
    """Both options offered, the first trial only the one chosen."""
    opened = np.ones((trials.sizes["trial"], 2))
    made = np.flatnonzero(np.isfinite(trials["choice"].values))
    opened[made[0], 1 - int(trials["choice"].values[made[0]])] = 0
    trials = trials.drop_vars("scored", errors="ignore")
    columns = {name: ("trial", opened[:, k]) for k, name in enumerate(NAMES)}
    return trials.assign(columns | {"choice": trials["choice"].assign_attrs(offered=NAMES)})


def test_option_sets_are_read_and_a_single_option_is_forced(limited, trials):
    offered = offered_options(limited)
    first = np.flatnonzero(np.isfinite(trials["choice"].values))[0]
    assert offered.sum() == 2 * trials.sizes["trial"] - 1
    assert np.flatnonzero(forced_trials(limited)).tolist() == [first]
    check_offered(limited)
    assert offered_options(trials) is None
    assert not forced_trials(trials).any()
    everything = limited.assign(dict.fromkeys(NAMES, limited["left_open"] * 0 + 1))
    assert offered_options(everything) is None


def test_offers_that_cannot_be_are_named_with_their_trials(limited):
    choice = limited["choice"]
    made = np.flatnonzero(np.isfinite(choice.values))
    row, code = made[2], int(choice.values[made[2]])
    label = choice.attrs["labels"][code]

    def opened(value):
        values = limited[NAMES[code]].values.copy()
        values[row] = value
        return limited.assign({NAMES[code]: ("trial", values)})

    with pytest.raises(DataError, match=f"not offered on trial {row}; .* is {label} among"):
        check_offered(opened(0.0))
    for value in (np.nan, -1.0, 2.0):
        with pytest.raises(DataError, match=f"'{NAMES[code]}' is {value:g} on trial {row}: "):
            check_offered(opened(value))
    for offered, message in (
        (["left_open"], r"1 variables \(left_open\): expected one for each of"),
        (["left_open", "right_opn"], "'right_opn' is unknown; did you mean 'right_open'"),
    ):
        with pytest.raises(DataError, match=message):
            check_offered(limited.assign(choice=choice.assign_attrs(offered=offered)))
