"""Decode regimes from neural data, in sessions or subjects that the decoder has not seen."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr

from neuroalrnn.arguments import checked, not_flag, not_names, not_number, not_whole, optional
from neuroalrnn.exceptions import DataError
from neuroalrnn.neural.checks import not_held_out, not_window
from neuroalrnn.neural.held_out import (
    circular_products,
    compare_with_shifts,
    label_scores,
    score_held_out,
)
from neuroalrnn.neural.sessions import Session, split_sessions


@checked(
    DataError,
    nuisances=not_names,
    window=optional(not_window),
    pooled=not_flag,
    degree=optional(partial(not_whole, most=20)),
    held_out=not_held_out,
    strength=partial(not_number, least=1e-12),
)
def decode_regimes(
    trials: xr.Dataset,
    regimes: xr.DataArray,
    *,
    held_out: str | Sequence[str] = "session",
    step: str | int | None = None,
    nuisances: Sequence[str] = (),
    window: tuple[float, float] | None = None,
    pooled: bool = False,
    degree: int | None = None,
    strength: float = 1.0,
) -> xr.Dataset:
    """Decode the regime of held-out trials, and compare with circular shifts of their regimes.

    Units are standardised and enter a multinomial logistic regression in which all regimes weigh
    the same; scaler and regression see training sessions only. Trend in trial number and nuisances
    are removed from the neural data of each session first; of regimes only the degree of the trend
    that subjects share in them is used for it. The decoder stays as it is while the regimes of a
    held-out session are shifted over its trials. All shifts but the smallest are used, and trials
    are never shuffled.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials with ``neural(trial, time, unit)``.
    regimes : xarray.DataArray (trial,) or (trial, step) of int
        Held-out regimes, from a model that did not see these subjects; -1 where there is none.
    held_out : {"session", "subject"} or sequence of str
        "session": trained on the other sessions of the same subject; "subject": trained on all
        other subjects, whose units must mean the same; names of subjects: trained once on all but
        these, which alone are scored. Scores of "subject" cannot be tested over subjects, see
        `effects_over_subjects`.
    step : str or int, optional
        Step whose regime counts, if there are several.
    nuisances : sequence of str
        Numeric trial variables, and "block", whose linear effects are removed.
    window : (float, float), optional
        First and last time in s, inclusive.
    pooled : bool
        Whether one decoder uses the mean over the window, instead of one decoder per time.
    degree : int, optional
        Degree of the trend in trial number that is removed within each session; by default 3, or as
        high as the trend that subjects share in the use of any regime needs, up to 10.
    strength : float
        Inverse strength of the ridge penalty (``C`` of scikit-learn).

    Returns
    -------
    scores : xarray.Dataset (session, time)
        Scores of every held-out session; without ``time`` if pooled. ``balanced_accuracy`` is the
        share of trials decoded right, as a mean over the regimes of the session. ``log_loss`` is
        the negative log probability of the true regime (nats), as a mean over trials of a regime
        and then over regimes, so that a blind guess among K gives ln K (definition of this
        package). Both have ``..._chance`` (mean over shifts) and ``..._corrected`` (distance from
        chance in null standard deviations, positive where better). ``n_units`` are the units used.
        Coords are ``subject``, ``n_trials``, ``n_regimes`` and ``reason`` (why a session is not
        testable, "" if it is). Test ``subject_means(scores["balanced_accuracy_corrected"])`` over
        subjects. Like all decoding, it asks whether subjects' signals distinguish regimes, not
        whether the same pattern does so in all subjects.

    Raises
    ------
    DataError
        Data and regimes do not fit each other, or a regime of a held-out session never occurs in
        its training part.
    NotTestableError
        Nothing is left to train on.
    """
    recording = split_sessions(
        trials, regimes, step=step, nuisances=nuisances, window=window, pooled=pooled, degree=degree
    )
    found = score_held_out(
        recording,
        held_out,
        fit=lambda train, test: _fit(train, _common_units([*train, *test]), strength),
        score=lambda fitted, session: _score(session, *fitted),
    )
    return label_scores(recording, found, held_out)


def _common_units(sessions: list[Session]) -> np.ndarray:
    units = np.all([each.has_unit for each in sessions], axis=0)
    if not units.any():
        names = ", ".join(dict.fromkeys(f"{each.subject}/{each.session}" for each in sessions))
        raise DataError(f"sessions {names} have no unit in common to decode from")
    return units


def _fit(sessions, units, strength) -> tuple[np.ndarray, list]:
    """Units in use, and one decoder per time."""
    x = np.concatenate([each.neural[:, :, units] for each in sessions])
    y = np.concatenate([each.regimes for each in sessions])
    return units, [_fit_one(x[:, time], y, strength) for time in range(x.shape[1])]


def _fit_one(x, y, strength):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if np.unique(y).size < 2:
        raise DataError(f"training part holds only regime {y[0]}: nothing to tell apart")
    regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000)
    return make_pipeline(StandardScaler(), regression).fit(x, y)


def _score(session, units, decoders) -> dict:
    p = [each.predict_proba(session.neural[:, t, units]) for t, each in enumerate(decoders)]
    # a probability that rounds to 0 would make every shift infinite
    log_p = np.log(np.clip(np.stack(p, axis=1), 1e-15, None))
    codes = decoders[0].classes_
    right = (log_p.argmax(axis=2)[..., None] == np.arange(codes.size)).astype(float)
    accuracy = compare_with_shifts(_shifted_mean(right, session, codes), session)
    # of the same sign as accuracy: more is better
    likelihood = compare_with_shifts(_shifted_mean(log_p, session, codes), session)
    return {
        "balanced_accuracy": accuracy["observed"],
        "balanced_accuracy_chance": accuracy["chance"],
        "balanced_accuracy_corrected": accuracy["corrected"],
        "log_loss": -likelihood["observed"],
        "log_loss_chance": -likelihood["chance"],
        "log_loss_corrected": likelihood["corrected"],
        "n_units": np.full(len(decoders), units.sum()),
    }


def _shifted_mean(value, session, codes) -> np.ndarray:
    """Mean of value (trial, time, regime) at the true regime, regimes weighing the same.

    For all circular shifts of the regimes (shift, time).
    """
    true = (session.regimes[:, None] == codes).astype(float)
    weight = np.divide(1.0, true.sum(axis=0), out=np.zeros(codes.size), where=true.any(axis=0))
    weight /= true.any(axis=0).sum()
    return circular_products(value, np.broadcast_to((true * weight)[:, None], value.shape)).sum(
        axis=2
    )
