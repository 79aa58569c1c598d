"""Tables with one row per effect, and two tests of a mean over subjects.

Both tests take one value per subject, because the subject is the unit of inference.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from neuroalrnn.arguments import not_one_of, refuse
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.stats.checks import as_numbers
from neuroalrnn.stats.defaults import N_DRAWS

COLUMNS = (
    "effect",
    "estimate",
    "standard_error",
    "ci_low",
    "ci_high",
    "statistic",
    "df",
    "p",
    "n_subjects",
    "n_trials",
    "method",
    "scale",
    "excluded",
)
TESTS = ("t", "sign-flip")
EXACT_UP_TO = 12
# signs that are drawn at once
MOST_SIGNS = 2**22


def effect_table(rows: Iterable[dict]) -> pd.DataFrame:
    """Put effects into a table with the columns `COLUMNS`; absent values are missing.

    Parameters
    ----------
    rows : iterable of dict
        Values by column; further keys become further columns.

    Returns
    -------
    table : DataFrame
        One row per effect. ``excluded`` names the subjects that could not enter the effect, joined
        by commas.
    """
    table = pd.DataFrame(list(rows))
    extra = [name for name in table.columns if name not in COLUMNS]
    table = table.reindex(columns=[*COLUMNS, *extra])
    counts = {"n_subjects": "Int64", "n_trials": "Int64"}
    return table.astype({**counts, "excluded": object}).fillna({"excluded": ""})


def are_sure(table: pd.DataFrame) -> pd.Series:
    """Tell which effects have an interval that does not hold 0.

    Parameters
    ----------
    table : DataFrame
        One row per effect, with ``ci_low`` and ``ci_high`` where there are intervals.

    Returns
    -------
    series of bool
        True also for an effect without an interval.
    """
    ends = table.reindex(columns=["ci_low", "ci_high"])
    return ~((ends["ci_low"] <= 0) & (ends["ci_high"] >= 0))


def refuse_missing(title: str, columns: Mapping[str, ArrayLike], subject: ArrayLike) -> None:
    """Raise where a value is NaN, infinite or no number.

    Parameters
    ----------
    title : str
        What was looked at, for the message.
    columns : dict of str to array (row,)
        Values by name of the column.
    subject : array (row,)
        Subject of each row.

    Raises
    ------
    DataError
        There is such a value; the message names every column and subject.
    """
    found = []
    for name, values in columns.items():
        bad = ~np.isfinite(as_numbers(values, name, title))
        if bad.any():
            names = ", ".join(dict.fromkeys(str(s) for s in np.asarray(subject)[bad]))
            found.append(
                f"{name!r}: {int(bad.sum())} of {bad.size} values are NaN or infinite, "
                f"in subject {names}; leave out or complete these rows first"
            )
    if found:
        raise problems(DataError, title, found)


def smallest_p(n_subjects: int) -> float:
    """Compute the smallest two-sided p of a sign-flip test of `n_subjects` values, 2 / 2^S."""
    return 2.0 ** (1 - n_subjects)


def one_sample(
    values: np.ndarray, *, test: str, rng: np.random.Generator | None = None, alpha: float = 0.05
) -> dict:
    """Test whether the mean of one value per subject is zero.

    Parameters
    ----------
    values : array (subject,)
        Finite numbers.
    test : {"t", "sign-flip"}
        Which of the two tests.
    rng : Generator, optional
        Used by the sign-flip test with more than 12 subjects; ``default_rng(0)`` if absent.
    alpha : float
        Level at which a claim is wanted; a sign-flip test that cannot reach it is refused.

    Returns
    -------
    row : dict
        Values of the columns estimate, standard_error, ci_low, ci_high (95 %, from t), statistic
        (t, or the mean when signs are flipped), df, p, n_subjects and method.

    Raises
    ------
    NotTestableError
        Fewer than two subjects, no variation between them, or too few for a sign-flip.
    """
    refuse("test over subjects", not_one_of("test", test, TESTS), DataError)
    values = np.asarray(values, dtype=float)
    n = values.size
    if n < 2:
        raise NotTestableError(
            f"a test over subjects needs at least 2 of them, found {n}; with one subject, "
            "sessions are the units and the claim is about that subject"
        )
    mean, error = values.mean(), values.std(ddof=1) / np.sqrt(n)
    if error <= 1e-12 * abs(mean):
        raise NotTestableError(
            f"all {n} values are the same ({mean:g}), so nothing is known about their spread"
        )
    half = stats.t.ppf(0.975, n - 1) * error
    row = {"estimate": mean, "standard_error": error, "ci_low": mean - half, "ci_high": mean + half}
    row |= {"n_subjects": n}
    if test == "t":
        t = mean / error
        p = 2 * stats.t.sf(abs(t), n - 1)
        return row | {"statistic": t, "df": n - 1, "p": p, "method": "t-test over subjects"}
    p, how = _sign_flip_p(values, rng, alpha)
    return row | {"statistic": mean, "df": np.nan, "p": p, "method": f"sign-flip, {how}"}


def _sign_flip_p(values, rng, alpha) -> tuple[float, str]:
    n = values.size
    if smallest_p(n) > alpha:
        raise NotTestableError(
            f"a sign-flip test of {n} subjects cannot give a p below {smallest_p(n):.4g}, "
            f"so no claim at {alpha:g} is possible; show every subject instead"
        )
    size = np.abs(values)
    # Rounding must not decide whether a flip ties with the observed mean, as it does in scipy.
    observed = abs(values.sum()) - 1e-10 * size.sum()
    if n <= EXACT_UP_TO:
        return float(np.mean(np.abs(_all_signs(n) @ size) >= observed)), f"all {2**n} flips"
    rng = np.random.default_rng(0) if rng is None else rng
    beyond, most = 0, max(MOST_SIGNS // n, 1)
    for start in range(0, N_DRAWS, most):
        signs = rng.integers(0, 2, (min(most, N_DRAWS - start), n)) * 2.0 - 1.0
        beyond += int((np.abs(signs @ size) >= observed).sum())
    return (beyond + 1) / (N_DRAWS + 1), f"{N_DRAWS} draws"


@lru_cache(maxsize=EXACT_UP_TO)
def _all_signs(n: int) -> np.ndarray:
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return bits * 2.0 - 1.0
