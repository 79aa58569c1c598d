"""Average sessions to one number per subject, and test it over subjects."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.neural.checks import not_values
from neuroalrnn.stats.checks import RNG, refuse_unnamed
from neuroalrnn.stats.clusters import cluster_test
from neuroalrnn.stats.compare import benjamini_hochberg
from neuroalrnn.stats.effects import effect_table, one_sample, refuse_missing


def subject_means(values: xr.DataArray) -> xr.DataArray:
    """Average sessions within each subject; a session without a value does not count.

    Parameters
    ----------
    values : xarray.DataArray (session, ...)
        Numbers of sessions, with coord ``subject(session)``.

    Returns
    -------
    means : xarray.DataArray (subject, ...)
        Means over sessions, NaN where no session of a subject has a value.

    Raises
    ------
    DataError
        No coord ``subject(session)``, or sessions without a subject.
    """
    if (
        not isinstance(values, xr.DataArray)
        or "subject" not in values.coords
        or values["subject"].dims != ("session",)
    ):
        raise DataError("subject_means: expected values (session, ...) with coord 'subject'")
    refuse_unnamed("subject_means", {"subject": values["subject"].values})
    return values.groupby("subject").mean("session", skipna=True, keep_attrs=True)


@checked(DataError, values=not_values, rng=RNG)
def effects_over_subjects(
    values: xr.DataArray,
    *,
    test: str = "t",
    rng: np.random.Generator | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Test one number per subject against zero, at every time or altogether.

    Parameters
    ----------
    values : xarray.DataArray (subject, ...)
        Coefficients, or the shift-corrected scores of `subject_means`. Several times are tested by
        permutation of clusters; units and regimes enter the same test, which accounts for all.
        Without time, each entry gets a test of its own.
    test : {"t", "sign-flip"}
        Test of values without time, see `neuroalrnn.stats.t_test` and `neuroalrnn.stats.sign_flip`.
    rng : Generator, optional
        Draws permutations or flips; ``default_rng(0)`` if absent.
    **options : anything
        Arguments of `neuroalrnn.stats.cluster_test`, for values with time.

    Returns
    -------
    table : DataFrame
        With time, one row per cluster as from `neuroalrnn.stats.cluster_test`, whose ``unit`` names
        regime and unit. Without time, one row per entry as from `neuroalrnn.stats.t_test`, with the
        dims as further columns and ``q`` (Benjamini-Hochberg over the rows). ``excluded`` names
        subjects without any value.

    Raises
    ------
    DataError
        A subject lacks some of its values (named), occurs twice or has no name.
    NotTestableError
        There are too few subjects, or the scores are those of ``held_out="subject"``. Then any two
        subjects share most of their training parts, so that their scores are not independent: at
        the 5 % level, a t-test rejected 7 to 25 % of simulated data sets without an effect. Train
        once and name the subjects held out, or test the coefficients of `regress_neural`.
    """
    if values.attrs.get("held_out") == "subject":
        raise NotTestableError(
            "scores of held_out='subject' are not independent, as subjects share their training "
            "parts: name the subjects to hold out (half of them, say), hold out sessions, or test "
            "the coefficients of regress_neural"
        )
    _refuse_other_subjects(values)
    values = values.transpose("subject", ...)
    has_value = values.notnull().any([dim for dim in values.dims if dim != "subject"])
    excluded = ", ".join(map(str, values["subject"].values[~has_value.values]))
    values = values.isel(subject=has_value.values)
    if not values.sizes["subject"]:
        raise NotTestableError("no subject has a value; see 'reason' of the sessions")
    if values.sizes.get("time", 0) > 1:
        return _clusters(values, rng, options).assign(excluded=excluded)
    entries = _entries(values)
    rows = []
    for labels, column in entries:
        name = ", ".join(f"{dim} {label}" for dim, label in labels.items()) or str(values.name)
        refuse_missing(name, {"value": column}, values["subject"].values)
        rows.append(one_sample(column, test=test, rng=rng) | labels | {"effect": name})
    table = effect_table([row | {"excluded": excluded} for row in rows])
    return table.assign(q=benjamini_hochberg(table["p"]))


def _refuse_other_subjects(values) -> None:
    if "subject" not in values.dims or "subject" not in values.coords:
        raise DataError(
            f"effects over subjects: found dims {values.dims}, expected (subject, ...) with named "
            "subjects; see subject_means"
        )
    refuse_unnamed("effects over subjects", {"subject": values["subject"].values})
    names = values.indexes["subject"]
    if names.has_duplicates:
        twice = ", ".join(map(str, names[names.duplicated()].unique()))
        raise DataError(f"effects over subjects: several values of subject {twice}; average them")


def _clusters(values, rng, options) -> pd.DataFrame:
    others = [dim for dim in values.dims if dim not in ("subject", "time")]
    courses = np.stack([column for _, column in _entries(values, ("subject", "time"))], axis=-1)
    names = [
        ", ".join(f"{dim} {label}" for dim, label in labels.items())
        for labels, _ in _entries(values, ("subject", "time"))
    ]
    return cluster_test(
        courses if others else courses[..., 0],
        time=values["time"].values,
        unit=names if others else None,
        subject=values["subject"].values,
        rng=rng,
        **options,
    )


def _entries(values, kept=("subject",)):
    """Labels and values of each combination of the other dims."""
    others = [dim for dim in values.dims if dim not in kept]
    shape = [values.sizes[dim] for dim in others]
    ordered = values.transpose(*kept, *others).values
    for at in np.ndindex(*shape):
        labels = {
            dim: values[dim].values[i].item() if dim in values.coords else i
            for dim, i in zip(others, at, strict=True)
        }
        yield labels, ordered[(..., *at)]
