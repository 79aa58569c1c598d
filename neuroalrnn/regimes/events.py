"""Where in a trial things happen: steps of events, and the step that decides the choice."""

import numpy as np

from neuroalrnn.data.events import event_names, happened, with_events
from neuroalrnn.regimes import ABSENT
from neuroalrnn.regimes.steps import steps_in_order, with_steps


def event_steps(fit, n_steps):
    """Step of every event within its trial.

    Parameters
    ----------
    fit : Fit
    n_steps : int array, shape (trial,)

    Returns
    -------
    dict of str -> array, shape (trial,)
        NaN where the event did not happen or lies beyond the trial's steps.
    """
    encoding = fit.encoding
    trials = with_events(fit.trials, encoding.get("events"))
    steps = {}
    for position, name in enumerate(event_names(trials)):
        at = np.full(len(n_steps), float(position))
        if encoding.get("step") == "time":
            at = np.floor(trials["event_time"].values[:, position] / _bin_width(fit) + 1e-9)
        there = happened(trials)[:, position] & (at < n_steps)
        steps[name] = np.where(there, at, np.nan)
    return steps


def _bin_width(fit):
    """Seconds per time step: ``dt`` of the encoding, or the spacing of the dataset's own steps."""
    dt = fit.encoding.get("dt")
    return float(np.median(np.diff(fit.trials["time"].values))) if dt is None else dt


def decisive_regimes(fit, regimes):
    """Regime of each trial at the step before its choice is read out.

    That regime decides the map from this step to the read-out. Where the choice is read out at the
    first step of the trial, it is that of the last step of the trial before. A functional regime is
    that of the choice itself.

    Parameters
    ----------
    fit : Fit
    regimes : xarray.DataArray, dims (trial, step), or (trial,)

    Returns
    -------
    xarray.DataArray, dims (trial, step)
        One step; -1 where there is no choice event, or no step before it since the state began
        anew.
    """
    if regimes.dims == ("trial",):
        return with_steps(regimes).drop_vars("step")
    values, encoding = regimes.values, fit.encoding
    n_steps = (values != ABSENT).sum(axis=1)
    choice_event = encoding.get("choice_event")
    at = n_steps - 1.0
    if choice_event is not None and encoding.get("step") != "trial":
        at = event_steps(fit, n_steps)[choice_event]
    there = at >= 0
    before = _step_before(regimes, fit.trials, encoding.get("carry", "session"))
    picked = np.full(len(values), ABSENT)
    picked[there] = before[there, at[there].astype(int)]
    return regimes.isel(step=[0]).drop_vars("step").copy(data=picked[:, None])


def carry_of(fit, regimes):
    """Where regimes of trials begin anew, so that no switch is defined.

    Parameters
    ----------
    fit : Fit
    regimes : xarray.DataArray, dims (trial, step), or (trial,)

    Returns
    -------
    {"session", "block", "trial"}
        Where the latent state does; but functional regimes, which say how a choice is made and not
        where the state lies, follow each other through the session.
    """
    return "session" if regimes.dims == ("trial",) else fit.carry


def _step_before(regimes, trials, carry):
    """Regime of the step before each one, -1 at the first after the state began anew."""
    steps = steps_in_order(regimes, trials, carry=carry)
    same = steps["sequence"].diff().eq(0)
    before = np.full(regimes.shape, ABSENT)
    before[steps["row"], steps["column"]] = (
        steps["regime"].shift(fill_value=ABSENT).where(same, ABSENT)
    )
    return before
