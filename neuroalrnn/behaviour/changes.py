"""The trials after a change of the rule: how long regimes take to switch, and what else happens.

Nobody can follow a change that is not announced on the very trial. So a window after the change is
looked at, not its first trial alone.
"""

import warnings
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
import pandas as pd

from neuroalrnn.behaviour.relation import compute_outcomes
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.network.codes import ABSENT
from neuroalrnn.regimes.events import carry_of, decisive_regimes
from neuroalrnn.regimes.replication import is_independent, session_labels
from neuroalrnn.regimes.steps import refuse_other_trials
from neuroalrnn.regimes.switches import compute_rule_changes, compute_switches
from neuroalrnn.stats import benjamini_hochberg, circular_shift_null, shift_band
from neuroalrnn.stats.effects import effect_table
from neuroalrnn.stats.null_tests import of_sessions, positions, session_numbers
from neuroalrnn.stats.shifts import FEWEST_TRIALS, admissible_shifts

LONGEST, BEFORE = 30, 10
MOST_VALUES = 4
QUARTILES = {"latency_low": 0.75, "latency": 0.5, "latency_high": 0.25}
SWITCH = "switch"
TESTED = (SWITCH, "correct", "log rt")
UNTESTED = ("n_sessions", "n_sessions_not_testable", "trend_degree")


@dataclass(frozen=True)
class AfterChanges:
    """What follows changes of a rule.

    Parameters
    ----------
    tests : pandas.DataFrame
        One row for each of ``switch``, ``correct`` and ``log rt``: its association with the window
        after a change against circular shifts, over subjects; ``window`` in trials, and ``q`` over
        these.
    latencies : pandas.DataFrame
        One row per subject: ``n_changes``, ``n_cut`` (no switch before the next change, the
        end of the session or 30 trials), and median and quartiles of the trials to the first switch
        (``latency, latency_low, latency_high``; 0 is the trial of the change, NaN where fewer
        switch).
    survival : pandas.DataFrame
        One row per lag: ``unswitched`` (share of changes without a switch up to this trial, mean
        over subjects of Kaplan-Meier curves), its ``standard_error`` over ``n_subjects``, and
        ``null_mean, null_low, null_high`` for changes that are shifted within the session.
    curves : pandas.DataFrame
        One row per outcome (also ``switch`` and each regime), new value of the rule and lag: the
        mean over subjects (``average``) and
        the band of circular shifts of what is left without slow trends, which stay in place.
        Choices and regimes are also given for changes to each value of a rule of up to four.
    """

    tests: pd.DataFrame
    latencies: pd.DataFrame
    survival: pd.DataFrame
    curves: pd.DataFrame


def follow_changes(fit, regimes, rule, *, n_draws=499, random_state=0):
    """Look at the trials after changes of a rule.

    The window has half as many trials as usually lie between two changes, at most 30. Of subjects
    that share a stimulus order one counts.

    Parameters
    ----------
    fit : Fit
    regimes : xarray.DataArray, dims (trial, step), or (trial,)
        Regimes of held-out trials, see `relate_to_behaviour`.
    rule : str
        Trial variable.
    n_draws, random_state : int
        Circular shifts drawn for the bands, and their seed.

    Returns
    -------
    AfterChanges

    Raises
    ------
    DataError
        The regimes are not those of the fitted trials, or there is no such rule.
    NotTestableError
        The rule never changes, or no session has enough trials and a change.
    """
    refuse_other_trials(regimes, fit.trials)
    kept = np.flatnonzero(is_independent(fit))
    trials = fit.trials.isel(trial=kept)
    changed = compute_rule_changes(trials, rule).values
    if not changed.any():
        raise NotTestableError(f"{rule} never changes within a session")
    order = _in_order(trials)
    decisive = decisive_regimes(fit, regimes)[kept]
    switches = compute_switches(decisive, trials, carry=carry_of(fit, regimes)).values[:, 0]
    labels = decisive.values[:, 0]
    table = (
        pd.DataFrame(
            {
                "subject": trials["subject"].values.astype(str),
                "session": session_labels(trials),
                "changed": changed,
                "to": trials[rule].values,
                SWITCH: switches,
                **compute_outcomes(trials),
            }
            | {
                f"regime {k}": np.where(labels == ABSENT, np.nan, labels == k)
                for k in _used(labels)
            }
        )
        .iloc[order]
        .reset_index(drop=True)
    )
    window = _window(table)
    rng = np.random.default_rng(random_state)
    latencies, survival = _follow(table, n_draws, rng)
    return AfterChanges(
        _test(table, window, rule), latencies, survival, _curves(table, n_draws, random_state)
    )


def _in_order(trials):
    places = [pd.factorize(trials[name].values)[0] for name in ("session", "subject")]
    return np.lexsort([trials["trial_in_session"].values, *places])


def _used(labels):
    return np.unique(labels[labels != ABSENT])


def _window(table):
    """Half of the median number of trials between changes of a session, 30 at most."""
    gaps = [
        gap
        for _, rows in of_sessions(table)
        for gap in np.diff(np.r_[np.flatnonzero(table["changed"].to_numpy()[rows]), len(rows)])
    ]
    return int(np.clip(np.median(gaps) // 2, 1, LONGEST))


def compare_window(series, changed, session, subject, window, *, is_switch=False, effect="window"):
    """Compare the trials within a window after changes with all others, by circular shifts.

    Slow trends over the session are removed from both, as far as subjects share them, and the
    window is shifted over the trials of the session: see `circular_shift_null`.

    Parameters
    ----------
    series : array, shape (trial,)
        Numbers in any unit, NaN where a trial does not count.
    changed : bool array, shape (trial,)
        Whether the rule changed on the trial. Trials of a session are in time order.
    session, subject : array, shape (trial,)
        Labels.
    window : int
        Length of the window in trials, that of the change included.
    is_switch : bool
        Whether the series is 1 on trials with a switch.
    effect : str
        Name of the effect, for the table.

    Returns
    -------
    pandas.DataFrame
        One row as from `circular_shift_null`, positive where the series is higher in the window.

    Raises
    ------
    NotTestableError
        No session, or too few subjects, can be tested.
    """
    known = np.isfinite(series)
    inside = np.zeros(len(series))
    for rows in positions(session_numbers(np.asarray(subject), np.asarray(session))):
        inside[rows] = _since(changed[rows]) < window
    return circular_shift_null(
        series[known],
        inside[known],
        session[known],
        subject[known],
        marks_switches=is_switch,
        effect=effect,
    ).effects


def _since(changed):
    """Trials since the last change, infinite before the first."""
    at = np.arange(len(changed))
    last = np.maximum.accumulate(np.where(changed, at, -1))
    return np.where(last >= 0, at - last, np.inf)


def _test(table, window, rule):
    """Association of every measure with the window after changes, over subjects."""
    names = ("changed", "session", "subject")
    changed, session, subject = (table[name].to_numpy() for name in names)
    found = []
    for name in [name for name in TESTED if name in table]:
        effect = f"{name} within {window} trials after a change of {rule}"
        options = {"is_switch": name == SWITCH, "effect": effect}
        try:
            row = compare_window(
                table[name].to_numpy(), changed, session, subject, window, **options
            ).assign(note="")
        except NotTestableError as error:
            row = effect_table([{"effect": effect, "method": "not testable", "n_subjects": 0}])
            row = row.assign(note=str(error), **dict.fromkeys(UNTESTED, np.nan))
        found.append(row.assign(window=window))
    tests = pd.concat(found, ignore_index=True)
    return tests.assign(q=benjamini_hochberg(tests["p"].fillna(1.0)))


def _follow(table, n_draws, rng):
    """Latencies of the first switch by subject, and the share of changes without one by lag."""
    described, courses, total, n_known = [], [], 0.0, 0
    # draws of one subject at a time are in memory
    for subject, sessions in groupby(_counted(table, n_draws, rng), itemgetter(0)):
        counts, drawn = (sum(each) for each in list(zip(*sessions, strict=True))[1:])
        described.append(_describe(subject, counts[:, 0]))
        courses.append(_survival(counts)[0])
        null = _survival(drawn)
        known = np.isfinite(null)
        total, n_known = total + np.where(known, null, 0.0), n_known + known
    courses = np.stack(courses)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        # beyond the longest time between changes no subject is left
        warnings.simplefilter("ignore", RuntimeWarning)
        n_subjects = np.isfinite(courses).sum(axis=0)
        means = total / n_known
        low, high = np.nanquantile(means, (0.025, 0.975), axis=0)
        survival = {
            "lag": np.arange(LONGEST),
            "unswitched": np.nanmean(courses, axis=0),
            "standard_error": np.nanstd(courses, axis=0, ddof=1) / np.sqrt(n_subjects),
            "n_subjects": n_subjects,
            "null_mean": np.nanmean(means, axis=0),
            "null_low": low,
            "null_high": high,
        }
    return pd.DataFrame(described), pd.DataFrame(survival)


def _counted(table, n_draws, rng):
    """Subject of every session, and waits from its changes and from changes that are shifted."""
    switched = (table[SWITCH] == 1).to_numpy()
    changed = table["changed"].to_numpy()
    for (subject, _), rows in of_sessions(table):
        n, changes = len(rows), np.flatnonzero(changed[rows])
        if not len(changes):
            continue
        following = _next(switched[rows])
        drawn = [0] * n_draws if n < FEWEST_TRIALS else rng.choice(admissible_shifts(n), n_draws)
        # there are fewer shifts than draws of them
        used, place = np.unique(drawn, return_inverse=True)
        moved = np.sort((changes + used[:, None]) % n, axis=1)
        yield subject, _count(following, changes[None], n), _count(following, moved, n)[:, place]


def _next(switched):
    """Trials from every trial on to the next switch; infinite where none follows."""
    at = np.where(switched, np.arange(len(switched)), np.inf)
    return np.minimum.accumulate(at[::-1])[::-1] - np.arange(len(switched))


def _count(following, changes, n_trials):
    """Switches and cut waits by latency, shape (2, draw, lag), one lag more for those cut."""
    until = np.diff(changes, axis=1, append=n_trials)
    until = np.minimum(until, LONGEST)
    waits = following[changes]
    ended = waits < until
    lag = np.where(ended, waits, until).astype(int)
    n = LONGEST + 1
    place = np.arange(len(changes))[:, None] * n + lag
    found = [
        np.bincount(place[kind], minlength=len(changes) * n).reshape(len(changes), n)
        for kind in (ended, ~ended)
    ]
    return np.stack(found)


def _survival(counts):
    """Share of waits that go on beyond every lag (Kaplan & Meier 1958), shape (draw, lag)."""
    ended, cut = counts
    total = ended + cut
    longer = total[:, ::-1].cumsum(axis=1)[:, ::-1] - total
    at_risk = (longer + ended)[:, :LONGEST]
    left = np.full(at_risk.shape, np.nan)
    np.divide(ended[:, :LONGEST], at_risk, out=left, where=at_risk > 0)
    course = np.cumprod(1 - left, axis=1)
    # once all have switched, none is left to do so
    over = (course == 0).cumsum(axis=1) > 0
    return np.where(over, 0.0, course)


def _describe(subject, counts):
    """Median and quartiles of the latencies of a subject."""
    course = _survival(counts[:, None])[0]
    quartiles = {
        name: float(np.argmax(course <= share)) if (course <= share).any() else np.nan
        for name, share in QUARTILES.items()
    }
    n_changes, n_cut = int(counts.sum()), int(counts[1].sum())
    return {"subject": subject, "n_changes": n_changes, "n_cut": n_cut} | quartiles


def _curves(table, n_draws, random_state):
    """Means around changes with their bands: of all, and to every value of the rule."""
    values = np.unique(table["to"])
    measures = [name for name in table if name not in ("subject", "session", "changed", "to")]
    by_value = values if len(values) <= MOST_VALUES else []
    rows = []
    for name in measures:
        splits = by_value if name == "choice" or name.startswith("regime ") else []
        for value in (None, *splits):
            event = table["changed"] if value is None else table["changed"] & (table["to"] == value)
            try:
                found = shift_band(
                    table[name].to_numpy(),
                    event.to_numpy(),
                    table["session"].to_numpy(),
                    table["subject"].to_numpy(),
                    lags=np.arange(-BEFORE, LONGEST),
                    n_draws=n_draws,
                    rng=np.random.default_rng(random_state),
                    of_subjects=False,
                )
            except NotTestableError:
                continue
            group = found.group.rename(columns={"probability": "average"})
            n_subjects = found.subjects["subject"].nunique()
            labelled = {"outcome": name, "rule_value": "" if value is None else f"{value:g}"}
            rows.append(group.assign(n_subjects=n_subjects, **labelled))
    names = ["outcome", "rule_value", "lag", "average", "null_mean", "null_low", "null_high"]
    return pd.concat(rows, ignore_index=True)[[*names, "n_subjects"]]
