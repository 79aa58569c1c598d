"""Mutual information between regimes and a task variable, one shift-corrected number per subject.

`shift_information` is for variables of trials, `swap_information` for variables that change inside
the trial. Both nulls keep the memory of both series: regimes and blocks are slow, so that shuffled
trials call them related when they are not.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.stats.checks import as_count
from neuroalrnn.stats.null_tests import (
    NullTest,
    by_session,
    over_units,
    shift_corrected,
    trial_table,
)
from neuroalrnn.stats.shifts import (
    FEWEST_SWITCHES,
    FEWEST_TRIALS,
    admissible_shifts,
    nuisance_basis,
)
from neuroalrnn.stats.trends import LOWEST, choose_degree, session_degree

ABSENT = -1
MOST_FRACTIONS = 20
NOTHING_LEFT = "nothing is left of the variable or regime without trend and blocks"
SAME_COURSE = "the variable takes the same course in all exchangeable trials"


def mutual_information(first: ArrayLike, second: ArrayLike, *, corrected: bool = True) -> float:
    """Compute the mutual information of two categorical series, ``I = H(x) + H(y) - H(x, y)``.

    Parameters
    ----------
    first, second : array (n,)
        Labels of any kind, one per entry.
    corrected : bool
        Whether to add the term of Miller (1955) for each entropy, in total
        ``(K_x + K_y - K_xy - 1) / (2 n)`` with K the numbers of values seen. The term holds for
        independent draws. Successive trials are not independent, which only a null distribution
        accounts for.

    Returns
    -------
    information : float
        In nats; a corrected value may be negative.

    Raises
    ------
    DataError
        Missing values, unequal lengths, or no entry.
    """
    columns = {"first": first, "second": second}
    table = trial_table(columns, "mutual information")
    _refuse_unusable(table.assign(subject=""), tuple(columns), "mutual information")
    if table.empty:
        raise DataError("mutual information: found no entry")
    counts = _count_pairs(*(pd.factorize(table[name])[0] for name in columns))
    return float(_information(counts[None], corrected)[0])


def _count_pairs(x, y) -> np.ndarray:
    shape = (x.max() + 1, y.max() + 1)
    return np.bincount(x * shape[1] + y, minlength=shape[0] * shape[1]).reshape(shape)


def _information(counts, corrected=False) -> np.ndarray:
    """Mutual information of tables of counts (table, x, y), in nats (table,)."""
    n = counts.sum(axis=(1, 2))
    found = np.zeros(len(counts))
    for sign, axes in ((1, (2,)), (1, (1,)), (-1, ())):
        part = counts.sum(axis=axes).reshape(len(counts), -1)
        share = part / n[:, None]
        found -= sign * (share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1)
        if corrected:
            found += sign * ((part > 0).sum(axis=1) - 1) / (2 * n)
    return found


def shift_information(
    regime: ArrayLike,
    variable: ArrayLike,
    session: ArrayLike,
    subject: ArrayLike,
    *,
    block: ArrayLike | None = None,
    degree: int | None = None,
    effect: str = "regime x variable",
    unit: str = "subject",
    test: str = "t",
    rng: np.random.Generator | None = None,
) -> NullTest:
    """Test whether regimes carry information about a variable of trials, by circular shifts.

    The indicators of all regimes and all values are freed of a polynomial trend in trial number
    (and of block means). The statistic is Pearson's chi-square of what is left, over n, which is
    twice the mutual information to second order; its null all circular shifts within the session
    but the smallest. Of both the cube root is taken, which is nearly normal (Wilson & Hilferty
    1931): a t-test of few skewed numbers rejects too often. Mutual information itself knows no
    trend, and a common drift makes it large: it is returned as the size of the effect, not tested.

    Parameters
    ----------
    regime : array (trial,) of int
        Labels of the regimes, one per trial.
    variable : array (trial,)
        Labels of a categorical variable. Regimes must not have seen it, if it is to be predicted.
    session, subject : array (trial,)
        Labels. Trials of a session are in time order.
    block : array (trial,), optional
        Blocks whose means are removed too. A variable that is constant in blocks is then gone.
    degree : int, optional
        Degree of the polynomial trend. By default 3, or as much as the trend that subjects share in
        any value of the variable needs, up to 10, see `choose_degree`.
    effect : str
        Name of the effect, for the table.
    unit : {"subject", "session"}
        What is counted. "session" is for one subject; the claim is then about that subject.
    test : {"t", "sign-flip"}
        Test of the mean over units, see `t_test` and `sign_flip`.
    rng : Generator, optional
        Draws the sign flips of more than 12 units; ``default_rng(0)`` if absent.

    Returns
    -------
    result : NullTest
        ``sessions`` has further columns, in nats: ``information`` (as counted), ``miller_madow``
        (corrected for independent trials) and ``excess`` (information minus its mean over shifts).
        ``effects`` has the mean excess over subjects in ``information``. Sessions with fewer than 4
        switches are "not testable": named, without a number.

    Raises
    ------
    DataError
        Missing values (with subject), unequal lengths, a variable that is not categorical, trials
        without subject, session or block.
    NotTestableError
        No session, or too few subjects, can be tested.
    """
    title = "information, circular shift"
    columns = {"regime": regime, "variable": variable, "session": session, "subject": subject}
    table = trial_table(columns | ({} if block is None else {"block": block}), title)
    _refuse_unusable(table, ("regime", "variable"), title)
    if degree is None:
        values = table["variable"]
        shared = (choose_degree(values == each, session, subject) for each in values.unique())
        degree = max(shared, default=LOWEST)
    rows = [_shift_session(keys, part, degree) for keys, part in by_session(table)]
    found = over_units(rows, f"{title} within session", effect, unit, test, rng)
    return _with_nats(replace(found, effects=found.effects.assign(trend_degree=degree)))


def _shift_session(keys, part, degree) -> dict:
    x, y = (pd.factorize(part[name])[0] for name in ("regime", "variable"))
    n, n_switches = x.size, int((np.diff(x) != 0).sum())
    row = dict(zip(("subject", "session"), keys, strict=True))
    row |= {"n_trials": n, "n_switches": n_switches}
    if reason := _not_testable(n, n_switches, y):
        return row | {"reason": reason}
    basis = nuisance_basis(n, session_degree(degree, n), part.get("block"))
    shifts = admissible_shifts(n)
    regimes, values = np.eye(x.max() + 1)[x], np.eye(y.max() + 1)[y]
    free = [_whiten(each - basis @ (basis.T @ each)) for each in (regimes, values)]
    if not all(each.shape[1] for each in free):
        return row | {"reason": NOTHING_LEFT}
    statistic = np.cbrt(_dependence(free[0], free[1], basis))
    null = statistic[shifts]
    if null.std() <= 1e-10:
        return row | {"reason": NOTHING_LEFT}
    counts = np.rint(_correlate(regimes, values))
    numbers = _in_nats(counts[:1], _information(counts[shifts]))
    return row | shift_corrected(statistic[0], null.mean(), null.std()) | numbers


def _not_testable(n_trials, n_switches, y) -> str:
    if n_trials < FEWEST_TRIALS:
        return f"{n_trials} trials, at least {FEWEST_TRIALS} needed"
    if n_switches < FEWEST_SWITCHES:
        return f"{n_switches} switches, at least {FEWEST_SWITCHES} needed"
    return "" if y.any() else "the variable takes one value"


def _whiten(values) -> np.ndarray:
    """Orthonormal basis of the columns (trial, rank)."""
    left, size, _ = np.linalg.svd(values, full_matrices=False)
    return left[:, size > 1e-6]


def _dependence(x, y, basis) -> np.ndarray:
    """Sum of squared canonical correlations at every circular shift of y (shift,).

    A shifted residual has a trend again; it is removed once more, or the null would be too narrow.
    """
    trend = _correlate(basis, y)
    # The small number keeps what is all trend solvable; its covariance with x is zero anyway.
    gram = (1 + 1e-9) * np.eye(y.shape[1]) - trend.transpose(0, 2, 1) @ trend
    covariance = _correlate(x, y).transpose(0, 2, 1)
    return (covariance * np.linalg.solve(gram, covariance)).sum(axis=(1, 2))


def _correlate(first, second) -> np.ndarray:
    """``sum_t first[t, i] second[t + k, j]`` for every circular shift k (k, i, j)."""
    spectra = [np.fft.rfft(each, axis=0) for each in (first, second)]
    product = np.conj(spectra[0])[:, :, None] * spectra[1][:, None, :]
    return np.fft.irfft(product, len(first), axis=0)


def swap_information(
    regimes: ArrayLike,
    variable: ArrayLike,
    subject: ArrayLike,
    session: ArrayLike,
    *,
    condition: ArrayLike | None = None,
    n_draws: int = 199,
    effect: str = "regime x variable in the trial",
    unit: str = "subject",
    test: str = "t",
    rng: np.random.Generator | None = None,
) -> NullTest:
    """Test whether regimes carry information about a variable inside the trial, by swapped trials.

    The statistic is the cube root of the mutual information over all steps of a session. Its null
    pairs the regimes of each trial with the variable of another one of the same subject, session,
    condition and length, so that a common clock of the trial does not count. Trials are swapped by
    a circular shift of their order, which also keeps what is slow over trials; a drift over the
    whole session that both share is not accounted for.

    Parameters
    ----------
    regimes : array (trial, step) of int
        Labels; -1 beyond the end of the trial. Trials of a session in time order.
    variable : array (trial, step)
        Labels of a categorical variable; what it holds beyond the end does not count.
    subject, session : array (trial,)
        Labels. Trials of a session are in time order.
    condition : array (trial,), optional
        Labels of conditions; trials are swapped within a condition only.
    n_draws : int
        Swaps drawn per session.
    effect : str
        Name of the effect, for the table.
    unit : {"subject", "session"}
        What is counted. "session" is for one subject; the claim is then about that subject.
    test : {"t", "sign-flip"}
        Test of the mean over units, see `t_test` and `sign_flip`.
    rng : Generator, optional
        Draws the swaps, then sign flips; ``default_rng(0)`` if absent.

    Returns
    -------
    result : NullTest
        As from `shift_information`; the excess is over the mean of swapped trials.

    Raises
    ------
    DataError
        Missing values (with subject), shapes that do not fit, or steps that are absent before the
        end of a trial.
    NotTestableError
        No session, or too few subjects, can be tested.
    """
    title, rng = "information, trial swap", np.random.default_rng(0) if rng is None else rng
    regimes, variable = np.asarray(regimes), np.asarray(variable)
    if regimes.ndim != 2 or variable.shape != regimes.shape:
        raise DataError(f"{title}: found shapes {regimes.shape} and {variable.shape}, expected one")
    n_draws = as_count(n_draws, "n_draws", title, least=2)
    if regimes.dtype.kind not in "iu":
        raise DataError(f"{title}: regimes are {regimes.dtype}, expected integers, -1 where absent")
    n_trials, present = len(regimes), regimes != ABSENT
    n_steps = present.sum(axis=1)
    if (present != (np.arange(regimes.shape[1]) < n_steps[:, None])).any():
        raise DataError(f"{title}: steps are absent (-1) before the end of a trial")
    condition = np.zeros(n_trials) if condition is None else condition
    table = trial_table(
        {"subject": subject, "session": session, "condition": condition, "n_steps": n_steps}
        | {"row": np.arange(n_trials)},
        title,
    )
    who = table["subject"].to_numpy()[np.nonzero(present)[0]]
    inside = {"subject": who, "variable": variable[present]}
    _refuse_unusable(pd.DataFrame(inside), ("variable",), title)
    codes = np.full(regimes.shape, -1)
    codes[present] = pd.factorize(variable[present])[0]
    rows = [
        _swap_session(keys, part, regimes, codes, n_draws, rng) for keys, part in by_session(table)
    ]
    return _with_nats(over_units(rows, "information, swap of trials", effect, unit, test, rng))


def _swap_session(keys, part, regimes, values, n_draws, rng) -> dict:
    cells = [cell["row"].to_numpy() for _, cell in part.groupby(["condition", "n_steps"])]
    present = regimes[part["row"]] != ABSENT
    n_switches = int(((np.diff(regimes[part["row"]], axis=1) != 0) & present[:, 1:]).sum())
    row = dict(zip(("subject", "session"), keys, strict=True))
    row |= {"n_trials": len(part), "n_switches": n_switches}
    own = np.concatenate(cells)
    seen = values[own][regimes[own] != ABSENT]
    if reason := _not_testable(len(part), n_switches, seen - seen.min(initial=0)):
        return row | {"reason": reason}
    if all((values[cell] == values[cell[0]]).all() for cell in cells):
        return row | {"reason": SAME_COURSE}
    tables = [_count_steps(regimes[own], values[own])]
    for _ in range(n_draws):
        swapped = [np.roll(cell, _draw_shift(cell.size, rng)) for cell in cells]
        tables.append(_count_steps(regimes[own], values[np.concatenate(swapped)]))
    shape = np.max([each.shape for each in tables], axis=0)
    counts = np.stack(
        [
            np.pad(each, [(0, s - k) for s, k in zip(shape, each.shape, strict=True)])
            for each in tables
        ]
    )
    information = _information(counts)
    statistic = np.cbrt(np.maximum(information, 0.0))
    null = statistic[1:]
    if null.std() <= 1e-10:
        return row | {"reason": "swapping trials never changes the information"}
    numbers = _in_nats(counts[:1], information[1:])
    return row | shift_corrected(statistic[0], null.mean(), null.std()) | numbers


def _draw_shift(n_trials, rng) -> int:
    return int(rng.choice(admissible_shifts(n_trials))) if n_trials > 1 else 0


def _count_steps(regimes, values) -> np.ndarray:
    present = regimes != ABSENT
    return _count_pairs(regimes[present], values[present])


def _in_nats(counts, null) -> dict:
    information, corrected = (float(_information(counts, flag)[0]) for flag in (False, True))
    excess = information - float(null.mean())
    return {"information": information, "miller_madow": corrected, "excess": excess}


def _with_nats(found: NullTest) -> NullTest:
    """Add the mean excess over subjects, in nats, to the table of effects."""
    nats = found.sessions.groupby("subject")["excess"].mean().mean()
    return NullTest(found.effects.assign(information=nats), found.sessions, found.subjects)


def _refuse_unusable(table, names, title) -> None:
    found = []
    for name in names:
        values = table[name]
        absent = values.isna() | (name == "regime") & (values == ABSENT)
        fractions = values.dtype.kind == "f" and bool((values[~absent] % 1 != 0).any())
        if absent.any():
            who = ", ".join(dict.fromkeys(map(str, table["subject"][absent])))
            found.append(
                f"{name!r}: {int(absent.sum())} of {len(values)} values are missing"
                f"{who and f', in subject {who}'}; leave these out first"
            )
        if fractions and values.nunique() > MOST_FRACTIONS:
            found.append(
                f"{name!r}: found {values.nunique()} different fractions, expected categories; "
                "bin it first"
            )
    if found:
        raise problems(DataError, title, found)
