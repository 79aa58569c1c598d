"""Hold out sessions, and compare their scores with circular shifts of their regimes."""

from dataclasses import replace

import numpy as np
import xarray as xr

from neuroalrnn.data.schema import unknown
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.neural.sessions import Recording, Session
from neuroalrnn.stats.shifts import admissible_shifts

HELD_OUT = ("session", "subject")


def _hold_out(recording: Recording, held_out) -> list[tuple[list[int], list[int]]]:
    """Training and test sessions of each fold, as positions."""
    subject = np.array([each.subject for each in recording.sessions])
    if not isinstance(held_out, str):
        tests = [_named(subject, held_out)]
    elif held_out == "subject":
        tests = [subject == name for name in np.unique(subject)]
    elif held_out == "session":
        tests = list(np.eye(subject.size, dtype=bool))
    else:
        raise DataError(f"held_out: found {held_out!r}, expected {', '.join(HELD_OUT)} or subjects")
    folds = []
    for test in tests:
        same = subject == subject[test][0] if held_out == "session" else True
        folds.append((np.flatnonzero(~test & same), np.flatnonzero(test)))
    _refuse_untrained(subject, folds)
    _refuse_unseen(recording.sessions, folds)
    return [(train.tolist(), test.tolist()) for train, test in folds]


def score_held_out(recording: Recording, held_out, fit, score) -> list[dict | None]:
    """Fit each training part and score its test sessions.

    Parameters
    ----------
    recording : Recording
        All sessions.
    held_out : {"session", "subject"} or sequence of str
        What is held out, see `decode_regimes`.
    fit : callable
        Takes the sessions of a training and of a test part, and returns what `score` needs.
    score : callable
        Takes what `fit` returned and a session, and returns its scores.

    Returns
    -------
    scores : list of dict or None
        Scores of every session; None for a session that is never tested.
    """
    sessions = recording.sessions
    found: list[dict | None] = [None] * len(sessions)
    for train, test in _hold_out(recording, held_out):
        fitted = fit([sessions[i] for i in train], [sessions[i] for i in test])
        for i in test:
            found[i] = score(fitted, sessions[i])
    return found


def label_scores(recording: Recording, found, held_out, dims=()) -> xr.Dataset:
    """Label the scores of all tested sessions, and note with them what was held out."""
    tested = [i for i, each in enumerate(found) if each is not None]
    names = found[tested[0]]
    part = replace(recording, sessions=tuple(recording.sessions[i] for i in tested))
    scores = part.label({name: np.stack([found[i][name] for i in tested]) for name in names}, dims)
    how = held_out if isinstance(held_out, str) else "given subjects"
    for name in names:
        scores[name].attrs["held_out"] = how
    return scores


def circular_products(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Compute ``sum_t x[t] y[t + s]`` for all circular shifts s of the first axis."""
    spectrum = np.conj(np.fft.rfft(x, axis=0)) * np.fft.rfft(y, axis=0)
    return np.fft.irfft(spectrum, len(x), axis=0)


def compare_with_shifts(scores: np.ndarray, session: Session) -> dict[str, np.ndarray]:
    """Compare the observed score with mean and spread of those of shifted regimes.

    Parameters
    ----------
    scores : array (shift, ...)
        Scores of all circular shifts, the unshifted one first.
    session : Session
        The session that was scored.

    Returns
    -------
    found : dict of array (...)
        ``observed``, ``chance`` (null mean) and ``corrected``, which is ``(observed - chance) /
        null sd``. The latter two are NaN where the session is not testable or shifts change
        nothing.
    """
    if session.untestable():
        nothing = np.full(scores.shape[1:], np.nan)
        return {"observed": scores[0], "chance": nothing, "corrected": nothing}
    null = scores[admissible_shifts(len(scores))]
    chance, spread = null.mean(axis=0), null.std(axis=0)
    varies = spread > 1e-10 * np.maximum(np.abs(null).max(axis=0), 1e-12)
    corrected = np.full(chance.shape, np.nan)
    np.divide(scores[0] - chance, spread, out=corrected, where=varies)
    return {"observed": scores[0], "chance": chance, "corrected": corrected}


def _named(subject, held_out) -> np.ndarray:
    found = [f"held_out subject {unknown(name, np.unique(subject))}" for name in held_out
             if name not in subject]  # fmt: skip
    if found or not len(held_out):
        raise problems(DataError, "held_out", found or ["no subject is named"])
    return np.isin(subject, list(held_out))


def _refuse_untrained(subject, folds) -> None:
    untrained = np.unique([subject[test[0]] for train, test in folds if not train.size])
    if untrained.size:
        raise NotTestableError(
            f"nothing is left to train on for subject {', '.join(untrained)}: leave subjects with "
            "a single session out, or hold out other parts (session, subject, or named subjects)"
        )


def _refuse_unseen(sessions, folds) -> None:
    found = []
    for train, test in folds:
        known = np.unique(np.concatenate([sessions[i].regimes for i in train]))
        for i in test:
            unseen = np.setdiff1d(sessions[i].regimes, known)
            if unseen.size:
                found.append(
                    f"regime {', '.join(map(str, unseen))} of subject {sessions[i].subject}, "
                    f"session {sessions[i].session} never occurs in its training part"
                )
    if found:
        found.append("merge these regimes with others, or set them to -1 to leave their trials out")
        raise problems(DataError, "held-out regimes", found)
