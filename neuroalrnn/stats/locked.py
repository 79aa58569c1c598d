"""Switch probability around an event, with the band expected if switches ignored the event.

The bands are for plots, lag by lag; the tests are in `permutation`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.arguments import checked, optional
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.checks import DRAWS, RNG, as_numbers, as_whole_numbers, not_labels
from neuroalrnn.stats.defaults import N_CURVE_DRAWS
from neuroalrnn.stats.null_tests import trial_table
from neuroalrnn.stats.permutation import (
    CELL,
    FEWEST_TRIALS,
    admissible_shifts,
    nuisance_basis,
    prepare_swap,
)
from neuroalrnn.stats.trends import choose_degree, session_degree


@dataclass(frozen=True)
class LockedProbability:
    """Event-locked switch probability and its null band.

    Parameters
    ----------
    subjects : DataFrame
        One row per subject and lag: ``subject``, ``lag``, ``probability``, ``n_events``,
        ``null_mean``, ``null_low`` and ``null_high``.
    group : DataFrame
        One row per lag, means over subjects: ``lag``, ``probability``, ``null_mean``, ``null_low``
        and ``null_high``.
    excluded : tuple of str
        Subjects of whom no session could enter.
    """

    subjects: pd.DataFrame
    group: pd.DataFrame
    excluded: tuple[str, ...] = ()


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
    return _divide(hits, count)


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


def _divide(hits, count):
    return np.divide(hits, count, out=np.full(np.shape(hits), np.nan), where=count > 0)


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
    pieces = []
    for (name, _), part in frame.groupby(["subject", "session"], sort=True):
        s, e = switch[part.index], np.flatnonzero(event[part.index])
        if s.size >= FEWEST_TRIALS and e.size and np.isfinite(s).sum() > degree + 1:
            pieces.append((name, *_shift_piece(s, e, lags, degree, n_draws, rng)))
    return _summarise(pieces, lags, frame["subject"], title)


def _shift_piece(switch, events, lags, degree, n_draws, rng):
    hits, count = _locked_sums(switch, events, lags)
    defined = np.isfinite(switch)
    basis = nuisance_basis(switch.size, session_degree(degree, switch.size))
    coefficients = np.linalg.lstsq(basis[defined], switch[defined], rcond=None)[0]
    trend = basis @ coefficients
    rest = np.where(defined, switch - trend, 0.0)
    kept = _divide(*_locked_sums(np.where(defined, trend, np.nan), events, lags))

    position = events[:, None] + lags
    inside = (position >= 0) & (position < switch.size)
    where = np.zeros((lags.size, switch.size))
    for row in range(lags.size):
        where[row, position[inside[:, row], row]] = 1.0
    shift = rng.choice(admissible_shifts(switch.size), n_draws)
    moved = _divide(_correlate(where, rest)[:, shift], _correlate(where, defined * 1.0)[:, shift])
    null = (kept[:, None] + moved) * count[:, None]
    return hits, count, np.nan_to_num(null).T


def _correlate(where, series):
    """``sum_p where[lag, p] series[p + k]`` for every circular shift k (lag, k)."""
    n = series.size
    spectrum = np.conj(np.fft.rfft(where, axis=1)) * np.fft.rfft(series)
    found = np.fft.irfft(spectrum, n, axis=1)
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
    pieces = []
    for (name, *_), cell in table.groupby(CELL):
        rows, events = switches[cell["row"]], cell["event_step"].to_numpy()
        pieces.append((name, *_swap_piece(rows, events, lags, n_draws, rng)))
    return _summarise(pieces, lags, np.asarray(subject), "trial swap")


def _swap_piece(rows, events, lags, n_draws, rng):
    position = events[:, None] + lags
    inside = (position >= 0) & (position < rows.shape[1])
    found = np.where(inside, rows[:, np.clip(position, 0, rows.shape[1] - 1)], np.nan)
    own = np.arange(len(rows))
    observed = found[own, own]
    count = np.isfinite(observed).sum(axis=0)
    swapped = rng.permuted(np.tile(own, (n_draws, 1)), axis=1)
    drawn = found[swapped, own]
    share = _divide(np.nansum(drawn, axis=1), np.isfinite(drawn).sum(axis=1))
    return np.nansum(observed, axis=0), count, np.nan_to_num(share) * count


def _summarise(pieces, lags, subject, title) -> LockedProbability:
    if not pieces:
        raise NotTestableError(f"{title}: no session has enough trials and an event")
    parts, observed, null = [], [], []
    for name in dict.fromkeys(piece[0] for piece in pieces):
        own = [piece[1:] for piece in pieces if piece[0] == name]
        hits, count, drawn = (sum(column) for column in zip(*own, strict=True))
        observed.append(_divide(hits, count))
        null.append(_divide(drawn, np.broadcast_to(count, drawn.shape)))
        part = {"subject": name, "lag": lags, "probability": observed[-1], "n_events": count}
        parts.append(pd.DataFrame(part | _band(null[-1])))
    means = {"lag": lags, "probability": _mean(np.array(observed))}
    group = pd.DataFrame(means | _band(_mean(np.array(null))))
    names = {part["subject"][0] for part in parts}
    excluded = tuple(str(s) for s in dict.fromkeys(subject) if s not in names)
    return LockedProbability(pd.concat(parts, ignore_index=True), group, excluded)


def _mean(values):
    """Mean over subjects, of those that have the lag."""
    return _divide(np.nansum(values, axis=0), np.isfinite(values).sum(axis=0))


def _band(null) -> dict:
    low, high = np.quantile(null, (0.025, 0.975), axis=0)
    return {"null_mean": null.mean(axis=0), "null_low": low, "null_high": high}
