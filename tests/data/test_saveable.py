"""What a saved file cannot hold is refused by `validate`; what passes comes back as it was."""

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.data import validate
from neuroalrnn.exceptions import DataError
from neuroalrnn.netcdf import find_lost
from tests.conftest import experiment


@pytest.fixture(scope="module")
def trials():
    return experiment(2, 40)


REFUSED = [None, True, np.bool_(True), {"a": 1}, {1}, [None], [1, "a"], [[1], [2, 3]],
           2**70, "a\0b", "\ud800", Path("here"), datetime.date(2020, 1, 1),
           np.datetime64("2020"), b"a", range(3), np.array([True]),
           np.array([1, "a"], dtype=object), np.ma.masked, object(), 1j,
           pd.Timestamp("2020")]  # fmt: skip
HELD = ["", "text", "\N{GREEK SMALL LETTER ALPHA}", 1, -1.5, np.int64(3), np.float32(2),
        np.str_("text"), [1, 2], (1.5, 2), ["a", "b"], [], np.arange(3),
        np.array(["a", "b"]), np.array(["a", "b"], dtype=object), np.zeros((2, 2)),
        float("nan")]  # fmt: skip


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: type(value).__name__)
def test_an_attribute_that_no_file_holds_is_refused(value, trials):
    with pytest.raises(DataError, match=r"attrs\['lab'\] is .*; files hold text, numbers and"):
        validate(trials.assign_attrs(lab=value))
    marked = trials.assign(rt=trials["rt"].assign_attrs(lab=value))
    with pytest.raises(DataError, match=r"'rt'\.attrs\['lab'\] is "):
        validate(marked)


@pytest.mark.parametrize("value", HELD, ids=repr)
def test_an_attribute_that_passes_comes_back(value, trials):
    marked = trials.assign(rt=trials["rt"].assign_attrs(lab=value)).assign_attrs(lab=value)
    assert find_lost(validate(marked)) == []


NAMES = ["a\0b", ".", "..", "\ud800", 3, "_Netcdf4Dimid", "_nc4_non_coord_rt", ("a", 1), None]


@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("kind", ["variable", "attribute", "dim", "coordinate"])
def test_a_name_that_no_file_holds_is_refused(kind, name, trials):
    values = np.zeros(trials.sizes["trial"])
    named = {
        "variable": lambda: trials.assign({name: ("trial", values)}),
        "attribute": lambda: trials.assign_attrs({name: 1}),
        "dim": lambda: trials.assign(more=(("trial", name), np.ones((len(values), 2)))),
        "coordinate": lambda: trials.assign_coords({name: ("trial", values)}),
    }[kind]()
    with pytest.raises(DataError, match=r"name .*(rename it|expected text|dims)"):
        validate(named)


@pytest.mark.parametrize("name", ["a.b", " a ", "\N{GREEK SMALL LETTER ALPHA}", "-x", "a b"])
def test_a_name_that_passes_comes_back(name, trials):
    named = trials.assign({name: ("trial", np.zeros(trials.sizes["trial"]))})
    assert find_lost(validate(named.assign_attrs({name: 1}))) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, "a"], "'note' holds values of type int, str: make them all text"),
        ([None, "a"], "'note' holds values of type (NoneType|float), str"),
        ([datetime.date(2020, 1, 1)] * 2, "'note' holds values of type date"),
        (["a\0b", "a"], "'note' holds 'a\\\\x00b', which files cannot hold"),
    ],
)
def test_a_coordinate_that_no_file_holds_is_refused(values, message, trials):
    column = np.array(values * (trials.sizes["trial"] // 2), dtype=object)
    with pytest.raises(DataError, match=message):
        validate(trials.assign_coords(note=("trial", column)))


def test_times_and_numbers_as_coordinates_come_back(trials):
    n = trials.sizes["trial"]
    days = np.datetime64("2020-01-01", "ns") + np.arange(n).astype("m8[D]")
    column = np.array([1.5, 2.0] * (n // 2), dtype=object)
    given = trials.assign_coords(day=("trial", days), number=("trial", column))
    assert find_lost(validate(given)) == []


def test_attributes_that_change_values_when_read_are_refused(trials):
    for name, value in {"scale_factor": 2.0, "_FillValue": 0.0, "units": "days since 2000"}.items():
        marked = trials.assign(rt=trials["rt"].assign_attrs({name: value}))
        with pytest.raises(DataError, match=f"'rt'.attrs.'{name}'. tells readers of files"):
            validate(marked)
        assert find_lost(marked), "or it would be found by writing"


def test_a_multiindex_is_refused(trials):
    with pytest.raises(DataError, match=r"'trial' is a MultiIndex.*reset_index"):
        validate(trials.set_index(trial=["session", "trial_in_session"]))


def test_all_are_named_at_once(trials):
    marked = trials.assign_attrs(lab=None, day=datetime.date(2020, 1, 1), sure=True)
    with pytest.raises(DataError, match=r"3 problems\n(?s:.*)'lab'(?s:.*)'day'(?s:.*)'sure'"):
        validate(marked)


def test_what_a_file_left_behind_packs_no_value(trials):
    packed = trials.copy(deep=True)
    packed["rt"].encoding = {"dtype": "int16", "scale_factor": 0.1}
    assert find_lost(validate(packed)) == []
