"""Switch probability around an event, with the band expected if switches ignored the event.

The bands are for plots, lag by lag; the tests are in `permutation`.
"""

from itertools import chain

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from neuroalrnn.arguments import checked, optional
from neuroalrnn.exceptions import DataError
from neuroalrnn.stats._locked import LockedProbability, divide, summarise, summarise_group
from neuroalrnn.stats.checks import DRAWS, RNG, as_numbers, as_whole_numbers, not_labels
from neuroalrnn.stats.defaults import N_CURVE_DRAWS
from neuroalrnn.stats.null_tests import of_one_length, of_sessions, trial_table
from neuroalrnn.stats.permutation import CELL, prepare_swap
from neuroalrnn.stats.shifts import FEWEST_TRIALS, admissible_shifts, nuisance_basis
from neuroalrnn.stats.trends import alike, choose_degree, session_degree

# sessions whose sums are in memory, and entries of arrays that are computed at once
N_TOGETHER, MOST_ENTRIES = 256, 2**19
# trials of a session up to which a product is faster than a Fourier transform
SHORT = 128


@checked(DataError, switch=not_labels, event_index=not_labels, lags=not_labels)
def locked_switch_probability(
    switch: ArrayLike, event_index: ArrayLike, lags: ArrayLike
) -> np.ndarray:
    """Compute the share of events followed by a switch at each lag, in one session.

    ``p(lag) = mean over events e of switch[e + lag]``; lags that leave the session do not count.

    Parameters
    ----------
    switch : array (trial,) or (step,)
        0 or 1, NaN where no switch is defined.
    event_index : array (event,) of int
        Positions of the events in `switch`.
    lags : array (lag,) of int
        Distances from the event, in entries of `switch`; negative ones lie before it.

    Returns
    -------
    probability : array (lag,)
        NaN where no event counts.

    Raises
    ------
    DataError
        An event outside the session, or positions that are no whole numbers.
    """
    title = "locked switches"
    switch, lags = as_numbers(switch, "switch", title), as_whole_numbers(lags, "lags", title)
    event_index = as_whole_numbers(event_index, "event_index", title, least=0)
    if (event_index >= switch.size).any():
        raise DataError(
            f"{title}: event_index up to {event_index.max()}, expected positions below "
            f"{switch.size}"
        )
    hits, count = _locked_sums(switch, event_index, lags)
    return divide(hits, count)


def check_lags(lags: ArrayLike, n_draws: int) -> np.ndarray:
    """Check that lags are distinct integers, and that at least one shift is drawn.

    Parameters
    ----------
    lags : sequence of int
        Distances from an event.
    n_draws : int
        Number of draws for the band.

    Returns
    -------
    lags : array (lag,) of int
        The same lags.

    Raises
    ------
    DataError
        No lag, fractions, a lag that occurs twice, or no draw.
    """
    lags = as_whole_numbers(np.ravel(lags), "lags", "locked switches")
    if not lags.size or np.unique(lags).size < lags.size:
        raise DataError(f"lags: found {lags.tolist()}, expected different ones, at least one")
    as_whole_numbers(n_draws, "n_draws", "locked switches", least=1)
    return lags


def _locked_sums(switch, event_index, lags):
    position = np.asarray(event_index, dtype=int)[:, None] + np.asarray(lags, dtype=int)
    inside = (position >= 0) & (position < switch.size)
    found = np.where(inside, switch[np.clip(position, 0, switch.size - 1)], np.nan)
    return np.nansum(found, axis=0), np.isfinite(found).sum(axis=0)


@checked(DataError, lags=not_labels, n_draws=DRAWS, rng=RNG)
def shift_band(
    switch: ArrayLike,
    event: ArrayLike,
    session: ArrayLike,
    subject: ArrayLike,
    *,
    lags: ArrayLike,
    degree: int | None = None,
    n_draws: int = N_CURVE_DRAWS,
    rng: np.random.Generator | None = None,
    of_subjects: bool = True,
) -> LockedProbability:
    """Compare event-locked switches over trials with their circular shifts.

    A polynomial trend in trial number is taken off the switches. Only what is left of them is
    shifted, and the trend stays in place. Thus the band contains a drift that switches and events
    share.

    Parameters
    ----------
    switch : array (trial,)
        0 or 1, NaN where no switch is defined.
    event : array (trial,) of bool
        Whether the event happened in the trial.
    session, subject : array (trial,)
        Labels. Trials of a session are in time order.
    lags : array (lag,) of int
        Distances from the event, in trials.
    degree : int, optional
        Degree of the trend. By default 3, or as much as the trend that subjects share in the
        switches needs, up to 10, see `choose_degree`.
    n_draws : int
        Shifts drawn per session.
    rng : Generator, optional
        Draws the shifts; ``default_rng(0)`` if absent.
    of_subjects : bool
        Compute the bands of single subjects, too.

    Returns
    -------
    locked : LockedProbability
        Bands are the 2.5 and 97.5 % points, each lag by itself. Sessions of fewer than 20 trials or
        without events do not enter; subjects left with none are in ``excluded``.

    Raises
    ------
    DataError
        Arrays that do not fit each other, or lags that are not distinct whole numbers.
    NotTestableError
        No session has enough trials and an event.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    title = "circular shift"
    switch, event = as_numbers(switch, "switch", title), np.asarray(event)
    if event.dtype.kind not in "b" or event.shape != switch.shape:
        raise DataError(f"event: found {event.dtype} {event.shape}, expected bool {switch.shape}")
    lags = check_lags(lags, n_draws)
    frame = trial_table({"subject": subject, "session": session, "switch": switch}, title)
    degree = choose_degree(switch, session, subject) if degree is None else degree
    tested = (
        (name, rows)
        for (name, _), rows in of_sessions(frame)
        if _is_tested(switch[rows], event[rows], degree)
    )
    sums = _sum_sessions(tested, switch, event, lags, degree, n_draws, rng)
    if not of_subjects:
        return summarise_group(sums, lags, frame["subject"], title)
    pieces = (
        (name, hits, count, null[drawn])
        for name, *own in chain.from_iterable(zip(*each, strict=True) for each in sums)
        for hits, count, null, drawn in [own]
    )
    return summarise(pieces, lags, frame["subject"], title)


def _is_tested(switch, event, degree):
    return switch.size >= FEWEST_TRIALS and event.any() and np.isfinite(switch).sum() > degree + 1


def _sum_sessions(sessions, switch, event, lags, degree, n_draws, rng):
    """Yield subject, sums, sums of all shifts, and shifts drawn, of many sessions at once.

    Those of a subject, which follow each other, are never divided.
    """
    for part in _whole_subjects(sessions):
        found = {}
        for places, rows in of_one_length([rows for _, rows in part], MOST_ENTRIES // lags.size):
            sums = _of_sessions_alike(switch[rows], event[rows], lags, degree)
            found |= dict(zip(places.tolist(), zip(*sums, strict=True), strict=True))
        hits, count, null = zip(*(found[k] for k in range(len(part))), strict=True)
        # there are fewer shifts than draws of them
        shifts = (admissible_shifts(rows.size) for _, rows in part)
        drawn = [each[rng.integers(0, each.size, n_draws)] for each in shifts]
        yield [name for name, _ in part], hits, count, null, drawn


def _whole_subjects(sessions):
    part: list[tuple] = []
    for name, rows in sessions:
        if len(part) >= N_TOGETHER and name != part[-1][0]:
            yield part
            part = []
        part.append((name, rows))
    if part:
        yield part


def _of_sessions_alike(switch, event, lags, degree):
    """Sums of sessions of one length, and those of all shifts, shape (session, shift, lag)."""
    at = np.arange(switch.shape[1]) - lags[:, None]
    inside = (at >= 0) & (at < switch.shape[1])
    where = np.where(inside, event[:, np.clip(at, 0, switch.shape[1] - 1)], 0.0)
    defined = np.isfinite(switch)
    trend = _fitted(switch, defined, session_degree(degree, switch.shape[1]))

    def summed(series):
        return (where @ np.where(defined, series, 0.0)[:, :, None])[:, :, 0]

    hits, count, kept = summed(switch), summed(1.0), summed(trend)
    rest = _correlate(where, np.where(defined, switch - trend, 0.0))
    moved = divide(rest, _correlate(where, defined * 1.0))
    null = np.nan_to_num((divide(kept, count)[:, :, None] + moved) * count[:, :, None])
    return hits, count.astype(int), np.ascontiguousarray(null.transpose(0, 2, 1))


def _fitted(switch, defined, degree):
    """Polynomial trends of sessions of one length."""
    basis = nuisance_basis(switch.shape[1], degree)
    trend = np.where(defined, switch, 0.0) @ basis @ basis.T
    for places, known in alike(defined, ~defined.all(axis=1)):
        values = switch[places][:, known]
        trend[places] = (basis @ np.linalg.lstsq(basis[known], values.T, rcond=None)[0]).T
    return trend


def _correlate(where, series):
    """``sum_p where[lag, p] series[p + k]`` for every circular shift k (session, lag, k)."""
    n = series.shape[1]
    if n <= SHORT:
        moved = sliding_window_view(np.hstack([series, series[:, :-1]]), n, axis=1)
        found = where @ np.ascontiguousarray(moved)
    else:
        spectrum = np.conj(np.fft.rfft(where)) * np.fft.rfft(series)[:, None]
        found = np.fft.irfft(spectrum, n)
    return np.where(np.abs(found) < 1e-9, 0.0, found)


@checked(DataError, condition=optional(not_labels), lags=not_labels, n_draws=DRAWS, rng=RNG)
def swap_band(
    switches: ArrayLike,
    event_step: ArrayLike,
    subject: ArrayLike,
    session: ArrayLike,
    *,
    lags: ArrayLike,
    condition: ArrayLike | None = None,
    n_steps: ArrayLike | None = None,
    bin_trials: int | None = None,
    n_draws: int = N_CURVE_DRAWS,
    rng: np.random.Generator | None = None,
) -> LockedProbability:
    """Compare event-locked switches inside the trial with those of swapped trials.

    Parameters
    ----------
    switches : array (trial, step)
        1 at a switch, 0 elsewhere; NaN only at step 0 (no switch defined) and beyond the trial.
    event_step : array (trial,)
        Step of the event, NaN where there was none (such trials are left out).
    subject, session : array (trial,)
        Labels. Trials of a session are in time order.
    lags : array (lag,) of int
        Distances from the event, in steps.
    condition : array (trial,), optional
        Labels of conditions; trials are swapped within a condition only.
    n_steps : array (trial,), optional
        Length of each trial; all steps if absent.
    bin_trials : int, optional
        Most trials in a bin of a session, see `swap_trials_null`.
    n_draws : int
        Swaps drawn per session.
    rng : Generator, optional
        Draws the swaps; ``default_rng(0)`` if absent.

    Returns
    -------
    locked : LockedProbability
        Bands are the 2.5 and 97.5 % points, each lag by itself.

    Raises
    ------
    DataError
        As in `swap_trials_null`, or lags that are not distinct whole numbers.
    NotTestableError
        No trial has the event.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    lags = check_lags(lags, n_draws)
    switches, table = prepare_swap(
        switches, event_step, subject, session, condition, n_steps, bin_trials
    )
    pieces = (
        (
            name,
            *_swap_piece(switches[cell["row"]], cell["event_step"].to_numpy(), lags, n_draws, rng),
        )
        for (name, *_), cell in table.groupby(CELL)
    )
    return summarise(pieces, lags, np.asarray(subject), "trial swap")


def _swap_piece(rows, events, lags, n_draws, rng):
    position = events[:, None] + lags
    inside = (position >= 0) & (position < rows.shape[1])
    found = np.where(inside, rows[:, np.clip(position, 0, rows.shape[1] - 1)], np.nan)
    own = np.arange(len(rows))
    observed = found[own, own]
    count = np.isfinite(observed).sum(axis=0)
    swapped = rng.permuted(np.tile(own, (n_draws, 1)), axis=1)
    drawn = found[swapped, own]
    share = divide(np.nansum(drawn, axis=1), np.isfinite(drawn).sum(axis=1))
    return np.nansum(observed, axis=0), count, np.nan_to_num(share) * count
