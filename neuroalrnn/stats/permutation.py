"""Test regimes against events, by two null distributions that keep the memory of both series.

`circular_shift_null` asks whether regime and event go together from trial to trial.
`swap_trials_null` asks whether switches follow an event inside the trial, more than because both
follow the clock of the trial. Each session is reduced to one shift-corrected number,
``(observed - null mean) / null sd``, averaged per subject and tested over subjects.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.stats.checks import as_count, as_numbers, as_whole_numbers
from neuroalrnn.stats.effects import refuse_missing
from neuroalrnn.stats.null_tests import (
    NullTest,
    of_one_length,
    of_sessions,
    over_units,
    positions,
    session_numbers,
    shift_corrected,
    trial_table,
)
from neuroalrnn.stats.shifts import shift_sessions
from neuroalrnn.stats.trends import choose_degree

SMALLEST_BIN, LARGEST_BIN, FEWEST_BINS = 5, 20, 10
SAME_STEP = "the event falls on the same step in all exchangeable trials"
ALL_ALONE = "no two trials can be exchanged"
NO_CHANGE = "swapping trials never changes the number of switches after events"
# trials of cells that are swapped at once
MOST_SWAPPED = 2**12
CELL = ["subject", "session", "condition", "n_steps", "bin"]


def circular_shift_null(
    regime_series: ArrayLike,
    event_series: ArrayLike,
    session: ArrayLike,
    subject: ArrayLike,
    *,
    block: ArrayLike | None = None,
    degree: int | None = None,
    marks_switches: bool = False,
    effect: str = "regime x event",
    unit: str = "subject",
    test: str = "t",
    rng: np.random.Generator | None = None,
) -> NullTest:
    """Test the association of a regime with an event over trials, by circular shifts.

    Per session, a polynomial trend in trial number (and block means) is removed from both series;
    the statistic is the covariance of the residuals, its null all circular shifts within the
    session but the smallest. Without the trend removed, learning or fatigue alone makes p small.

    Parameters
    ----------
    regime_series : array (trial,)
        Indicator of one regime, or share of steps in it. Not codes of several regimes.
    event_series : array (trial,)
        Indicator of an event, or a covariate.
    session, subject : array (trial,)
        Labels. Trials of a session are in time order.
    block : array (trial,), optional
        Blocks whose means are removed too.
    degree : int, optional
        Degree of the polynomial trend. By default 3, or as much as the trend that subjects share in
        the events needs, up to 10, see `choose_degree`. ``trend_degree`` of the effect says which
        it was; short sessions have less, a quarter of their trials at most.
    marks_switches : bool
        Whether `regime_series` is 1 on trials with a switch. Its ones are then the switches of a
        session, otherwise its changes are.
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
        Sessions with fewer than 4 switches are "not testable": named, without a number. A session
        gets no p of its own, which would be liberal when both series are slow.

    Raises
    ------
    DataError
        NaN (with subject), unequal lengths, several regimes in one series, trials without subject,
        session or block.
    NotTestableError
        No session, or too few subjects, can be tested.
    """
    title = "circular shift"
    columns = {"regime_series": regime_series, "event_series": event_series}
    columns |= {"session": session, "subject": subject}
    columns |= {} if block is None else {"block": block}
    table = trial_table(columns, title)
    if degree is not None:
        degree = as_count(degree, "degree", title, least=0)
    refuse_missing(
        title, {k: table[k] for k in ("regime_series", "event_series")}, table["subject"]
    )
    codes = np.asarray(regime_series, dtype=float)
    if np.unique(codes).size > 2 and (codes % 1 == 0).all():
        raise DataError(
            f"{title}: regime_series holds {np.unique(codes).size} regime codes, which are labels; "
            "pass the indicator of one regime (codes == k)"
        )
    if degree is None:
        degree = choose_degree(event_series, session, subject)
    series = {name: table[name].to_numpy() for name in ("regime_series", "event_series")}
    series |= {} if block is None else {"block": table["block"].to_numpy()}
    keys, sessions = zip(*of_sessions(table), strict=True) if len(table) else ((), ())
    rows = shift_sessions(series, sessions, degree, marks_switches)
    for place, name in enumerate(("subject", "session") if len(rows) else ()):
        rows.insert(place, name, [key[place] for key in keys])
    found = over_units(rows, f"{title} within session", effect, unit, test, rng)
    return replace(found, effects=found.effects.assign(trend_degree=degree))


def swap_trials_null(
    switches: ArrayLike,
    event_step: ArrayLike,
    subject: ArrayLike,
    session: ArrayLike,
    *,
    condition: ArrayLike | None = None,
    n_steps: ArrayLike | None = None,
    bin_trials: int | None = None,
    window: tuple[int, int] = (0, 1),
    effect: str = "switch after event",
    unit: str = "subject",
    test: str = "t",
    rng: np.random.Generator | None = None,
) -> NullTest:
    """Test whether switches follow an event inside the trial, by swapping trials.

    The statistic of a session is the share of trials with a switch in the window after the event.
    Its null gives each trial the switches of another one of the same subject, session, condition
    and length, at about the same time: from the same bin of consecutive trials. Over a whole
    session, events and switches that merely drift together, such as both coming earlier with
    practice, would be taken for locked. With ``H_ij`` = 1 if the switches of trial i fall in the
    window of trial j, the mean and variance over all m! swaps are exact: ``mean = sum_ij H_ij / m``
    and ``var = sum_ij d_ij^2 / (m - 1)``, d being H without its row and column means (Hoeffding
    1951, Ann Math Stat 22:558), so nothing is drawn.

    Parameters
    ----------
    switches : array (trial, step)
        1 at a switch, 0 elsewhere; NaN only at step 0 (no switch defined) and beyond the trial.
    event_step : array (trial,)
        Step of the event, NaN where there was none (such trials are left out).
    subject, session : array (trial,)
        Labels. Trials of a session are in time order.
    condition : array (trial,), optional
        Labels of conditions; trials are swapped within a condition only.
    n_steps : array (trial,), optional
        Length of each trial; all steps if absent.
    bin_trials : int, optional
        Most trials in a bin of a session, which is cut into bins as equal as possible. By default a
        tenth of the session, but 5 to 20. A session of at most so many trials is one bin, so that a
        very large number allows exchanges over whole sessions.
    window : (int, int)
        First and last step after the event, inclusive.
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
        The test over units and the numbers of all sessions.

    Raises
    ------
    DataError
        NaN inside a trial (with subject), unequal lengths, an event outside its trial or between
        steps, values that are no switches, trials without subject, session or condition, bins of
        fewer than 2 trials.
    NotTestableError
        No two trials can be exchanged, or the event falls on the same step in all that can, so that
        swapping changes nothing; or too few subjects.
    """
    ends = tuple(as_whole_numbers(np.ravel(window), "window", "trial swap"))
    if len(ends) != 2:
        raise DataError(f"trial swap: window {ends}, expected the first and the last step")
    if ends[0] > ends[1]:
        raise DataError(f"trial swap: window {ends} ends before it begins")
    switches, table = prepare_swap(
        switches, event_step, subject, session, condition, n_steps, bin_trials
    )
    rows = _swap_sessions(table, switches, ends)
    _refuse_fixed(rows)
    return over_units(rows, "swap of trials within bins of a session", effect, unit, test, rng)


def _refuse_fixed(rows) -> None:
    alike = "of the same subject, session, condition, length and bin of trials"
    reasons = set(rows["reason"])
    if reasons == {ALL_ALONE}:
        raise NotTestableError(
            f"trial swap: {ALL_ALONE}, as no other is {alike}. Use larger bins (bin_trials), "
            "coarser conditions or coarser steps"
        )
    if reasons and reasons <= {ALL_ALONE, SAME_STEP}:
        raise NotTestableError(
            f"trial swap: {SAME_STEP} {alike}, so swapping their regimes changes nothing; locking "
            "to this event cannot be told from locking to the trial clock. Use finer steps, larger "
            "bins (bin_trials), or an event whose time varies"
        )


def prepare_swap(
    switches: ArrayLike,
    event_step: ArrayLike,
    subject: ArrayLike,
    session: ArrayLike,
    condition: ArrayLike | None,
    n_steps: ArrayLike | None,
    bin_trials: int | None = None,
) -> tuple[np.ndarray, pd.DataFrame]:
    """Check trials for a swap and drop those without the event.

    Parameters
    ----------
    switches : array (trial, step)
        1 at a switch, 0 elsewhere; NaN only at step 0 (no switch defined) and beyond the trial.
    event_step : array (trial,)
        Step of the event, NaN where there was none.
    subject, session : array (trial,)
        Labels. Trials of a session are in time order.
    condition : array (trial,) or None
        Labels of conditions; one condition if absent.
    n_steps : array (trial,) or None
        Length of each trial; all steps if absent.
    bin_trials : int, optional
        Most trials in a bin of a session, see `swap_trials_null`.

    Returns
    -------
    switches : array (trial, step) of 0 and 1
        NaN stays where no switch is defined.
    table : DataFrame, one row per trial with the event
        subject, session, condition, n_steps, event_step, ``row``, the row of `switches`, ``bin``,
        that of consecutive trials of the session, see `swap_trials_null`, and ``cell``, the number
        of the trials among which a trial is exchanged.

    Raises
    ------
    DataError
    """
    switches = as_numbers(switches, "switches", "trial swap")
    if switches.ndim != 2:
        raise DataError(f"trial swap: switches of shape {switches.shape}, expected (trial, step)")
    n_trials, longest = switches.shape
    condition = np.zeros(n_trials) if condition is None else condition
    n_steps = np.full(n_trials, longest) if n_steps is None else n_steps
    n_steps = as_whole_numbers(n_steps, "n_steps", "trial swap", least=0)
    columns = {"event_step": as_numbers(event_step, "event_step", "trial swap"), "subject": subject}
    columns |= {"session": session, "condition": condition, "n_steps": n_steps}
    table = trial_table(columns | {"row": np.arange(n_trials)}, "trial swap")
    table = table.assign(bin=_bins(table, bin_trials))
    inside = np.arange(longest)[None] < n_steps[:, None]
    holes = np.isnan(switches) & inside
    holes[:, 0] = False
    found = []
    if holes.any():
        names = ", ".join(dict.fromkeys(map(str, table["subject"][holes.any(axis=1)])))
        found.append(f"switches are NaN inside trials of subject {names}; drop these trials first")
    at = table["event_step"]
    outside = at.notna() & ~((at >= 0) & (at < n_steps))
    if (n_steps > longest).any():
        found.append(f"n_steps up to {n_steps.max()}, but switches have {longest} steps")
    if ((at % 1 != 0) & at.notna()).any():
        found.append("event_step holds fractions; expected positions of steps, not times")
    if not np.isin(switches[~np.isnan(switches)], (0, 1)).all():
        found.append("switches hold other values than 0, 1 and NaN; see compute_switches")
    if outside.any():
        names = ", ".join(dict.fromkeys(map(str, table["subject"][outside])))
        found.append(f"event outside its trial in subject {names}; expected 0 <= step < n_steps")
    if found:
        raise problems(DataError, "trial swap", found)
    table = table[at.notna()].astype({"event_step": int})
    cell = table.groupby(CELL, sort=False).ngroup()
    return np.where(inside, switches, np.nan), table.assign(cell=cell)


def _bins(table, bin_trials):
    """Bin of each trial within its session, all of about the same size."""
    sessions = table.groupby(["subject", "session"], sort=False)["row"]
    place, length = sessions.cumcount(), sessions.transform("size")
    if bin_trials is None:
        largest = (length // FEWEST_BINS).clip(SMALLEST_BIN, LARGEST_BIN)
    else:
        largest = as_count(bin_trials, "bin_trials", "trial swap", least=2)
    return place * -(-length // largest) // length


def _swap_sessions(table, switches, window) -> pd.DataFrame:
    """Shift-corrected numbers of sessions; cells of equally many trials are computed at once."""
    names = ("subject", "session")
    keys = [table[name].to_numpy() for name in names]
    session, rows = session_numbers(*keys), switches[table["row"]]
    n, first = np.bincount(session), np.unique(session, return_index=True)[1]
    hits, mean, variance = np.zeros((3, len(n)))
    is_paired, is_spread = np.zeros((2, len(n)), dtype=bool)
    steps = table["event_step"].to_numpy()
    for _, trials in of_one_length(positions(table["cell"].to_numpy()), MOST_SWAPPED):
        own, m, match = (
            session[trials[:, 0]],
            trials.shape[1],
            _matches(rows, steps, trials, window),
        )
        np.add.at(hits, own, np.einsum("cii->c", match))
        np.add.at(mean, own, match.sum(axis=(1, 2)) / m)
        if m > 1:
            rest = match - match.mean(axis=1, keepdims=True) - match.mean(axis=2, keepdims=True)
            rest += match.mean(axis=(1, 2), keepdims=True)
            np.add.at(variance, own, (rest**2).sum(axis=(1, 2)) / (m - 1))
        is_paired[own] |= m > 1
        is_spread[own[np.ptp(steps[trials], axis=1) > 0]] = True
    kinds = (~is_paired, ~is_spread, variance <= 1e-12 * n)
    reason = np.select(kinds, (ALL_ALONE, SAME_STEP, NO_CHANGE), "").astype(object)
    found = [np.where(reason == "", each / n, np.nan) for each in (hits, mean, np.sqrt(variance))]
    columns = {name: key[first] for name, key in zip(names, keys, strict=True)}
    return pd.DataFrame(columns | {"n_trials": n} | shift_corrected(*found) | {"reason": reason})


def _matches(rows, event_step, trials, window) -> np.ndarray:
    """H (cell, trial, trial): switches of trial i fall in the window of trial j."""
    count = np.cumsum(np.nan_to_num(rows[trials]), axis=2)
    count = np.concatenate([np.zeros((*trials.shape, 1)), count], axis=2)
    start, stop = (
        np.clip(event_step[trials] + edge, 0, rows.shape[1]) for edge in (window[0], window[1] + 1)
    )
    shape = (*trials.shape, trials.shape[1])
    first, last = (
        np.take_along_axis(count, np.broadcast_to(at[:, None], shape), axis=2)
        for at in (start, stop)
    )
    return (last - first > 0).astype(float)
