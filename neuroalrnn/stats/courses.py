"""Time courses of subjects: checks, and the window that all subjects have."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.arguments import checked, optional
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.stats.checks import as_numbers, not_labels, refuse_unnamed


@checked(DataError, time=optional(not_labels), subject=optional(not_labels))
def common_window(
    courses: ArrayLike, *, time: ArrayLike | None = None, subject: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Restrict courses of unequal length to the times that all subjects have.

    Parameters
    ----------
    courses : array (subject, time) or (subject, time, unit)
        Numbers in any unit, NaN before the first and after the last time of a subject.
    time : array (time,), optional
        Labels; positions if absent.
    subject : array (subject,), optional
        Names, for messages.

    Returns
    -------
    courses : array (subject, kept time) or (subject, kept time, unit)
        The part of the courses that holds no NaN.
    time : array (kept time,)
        Labels of the times that were kept.

    Raises
    ------
    DataError
        NaN between times of a subject (named), no time that all subjects have, or labels that do
        not fit.
    """
    courses = as_numbers(courses, "courses", "common window")
    if courses.ndim not in (2, 3) or not courses.size:
        raise DataError(
            f"common window: found shape {courses.shape}, expected (subject, time) or "
            "(subject, time, unit), none of them empty"
        )
    n_subjects, n_times = courses.shape[:2]
    time = np.arange(n_times) if time is None else np.asarray(time)
    names = np.arange(n_subjects) if subject is None else np.asarray(subject)
    if len(time) != n_times or len(names) != n_subjects:
        raise DataError(
            f"common window: {len(time)} labels of {n_times} times, {len(names)} of {n_subjects} "
            "subjects"
        )
    present = np.isfinite(courses.reshape(n_subjects, n_times, -1)).all(axis=2)
    first, last = present.argmax(axis=1), n_times - 1 - present[:, ::-1].argmax(axis=1)
    holes = present.sum(axis=1) != last - first + 1
    found = [f"subject {name}: NaN between its times" for name in names[holes & present.any(1)]]
    found += [f"subject {name}: no time without NaN" for name in names[~present.any(axis=1)]]
    start, stop = first.max(), last.min() + 1
    if not found and start >= stop:
        found.append(
            f"subject {names[first.argmax()]} begins at {time[start]}, after subject "
            f"{names[last.argmin()]} ended at {time[stop - 1]}: no time is common to all"
        )
    if found:
        raise problems(DataError, "common window", found)
    return courses[:, start:stop], time[start:stop]


def check_courses(groups, subjects, time, unit, *, title: str):
    """Check courses of one or more groups of subjects.

    Parameters
    ----------
    groups : list of array (subject, time) or (subject, time, unit)
        Courses of each group.
    subjects : list of array (subject,) or None
        Names of the subjects of each group.
    time, unit : array or None
        Labels of times and units.
    title : str
        Name of the analysis, for messages.

    Returns
    -------
    groups : list of array (subject, time, unit)
        The same courses, all with units.
    labels : tuple of array
        Labels of times and units; positions if absent, NA for the unit of courses without units.

    Raises
    ------
    DataError
        Shapes or names do not fit, a subject occurs twice, times are out of order, values are NaN
        (with subject and times), or all subjects have the same value at some time.
    """
    groups = [as_numbers(group, "courses", title) for group in groups]
    shapes = [group.shape for group in groups]
    if (
        {len(shape) for shape in shapes} not in ({2}, {3})
        or len({s[1:] for s in shapes}) != 1
        or not min(map(min, shapes))
    ):
        listed = ", ".join(map(str, shapes))
        raise DataError(
            f"{title}: found shapes {listed}, expected (subject, time) or "
            "(subject, time, unit), none of them empty, with the same times everywhere; see "
            "common_window"
        )
    has_units = groups[0].ndim == 3
    groups = [group if has_units else group[..., None] for group in groups]
    n_times, n_units = groups[0].shape[1:]
    time = np.arange(n_times) if time is None else np.asarray(time)
    unit = (np.arange(n_units) if unit is None else np.asarray(unit)) if has_units else [pd.NA]
    if len(time) != n_times or len(unit) != n_units:
        raise DataError(
            f"{title}: {len(time)} labels of {n_times} times, {len(unit)} of {n_units} units"
        )
    found = _out_of_order(time)
    for group, names in zip(groups, subjects, strict=True):
        names = np.arange(len(group)) if names is None else np.asarray(names)
        _refuse_other_names(names, len(group), title)
        found += _missing(group, names, time)
    flat = np.any(
        [
            (np.ptp(group, axis=0) <= 1e-12 * np.abs(group).max(axis=0)).any(axis=1)
            for group in groups
        ],
        axis=0,
    )
    if flat.any():
        listed = _listed(time[flat])
        found.append(f"all subjects have the same value at time {listed}; leave these times out")
    if found:
        raise problems(DataError, title, found)
    return groups, (time, unit)


def _out_of_order(time):
    """Neighbours in the array are taken for neighbours in time."""
    numbers = np.asarray(time).dtype.kind in "iufmM"
    if pd.Index(time).has_duplicates or (numbers and not pd.Index(time).is_monotonic_increasing):
        return ["times should differ and run forwards; sort the courses by time first"]
    return []


def _refuse_other_names(names, n_subjects, title):
    if len(names) != n_subjects:
        raise DataError(f"{title}: {len(names)} names of {n_subjects} subjects")
    refuse_unnamed(title, {"subject": names})
    names = pd.Index(names)
    if names.has_duplicates:
        twice = ", ".join(map(str, names[names.duplicated()].unique()))
        raise DataError(f"{title}: several courses of subject {twice}; average them first")


def _missing(group, names, time):
    bad = ~np.isfinite(group).all(axis=2)
    return [
        f"subject {name}: NaN or infinite at time {_listed(time[row])}; leave the subject out or "
        "restrict to the common window"
        for name, row in zip(names, bad, strict=True)
        if row.any()
    ]


def _listed(labels, most=6):
    text = ", ".join(map(str, labels[:most]))
    return text + (f" and {len(labels) - most} more" if len(labels) > most else "")
