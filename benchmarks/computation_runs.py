"""One run of an agent or network whose computation is known: simulate, fit, and compare."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import xarray as xr

from neuroalrnn import Fit, Setting, SubjectKFold, select_n_pwl
from neuroalrnn.data.schema import session_number
from neuroalrnn.effects import find_functional_regimes
from neuroalrnn.regimes.labels import match_regimes
from neuroalrnn.tasks import COMPUTING, simulate_computing, simulate_constructed

N_FOLDS, N_INNER, N_RESTARTS = 3, 2, 2
# subjects, and trials of each, of every source: as many as the hardest one needs
SIZE = 24, 500
# trials from a switch at which it counts as found, and after a change that latencies are counted in
NEAR, AFTER = 2, 15
# nats per trial below the source itself from which networks count as badly trained
BADLY_TRAINED = 0.03
QUICK = {"learning_rate": 0.03, "batch_size": 128, "check_every": 40, "max_checks": 30}
QUICK |= {"patience": 8, "averaging": 0.99}
# pieces of 30 trials after 8 unscored ones, 3 steps each
PIECES = QUICK | {"learning_rate": 0.02, "batch_size": 32, "window": 90, "warm_up": 24}
PIECES |= {"initialisation": "timescales", "check_every": 60}
NULLS = ("linear network", "shuffled choices", "random network")
NULL_SIZE = 6, 60
NULL_SETTING = QUICK | {"n_latent": 4, "max_checks": 8, "check_every": 20}
NULL_SETTING |= {"learning_rate": 0.01}


class Source(NamedTuple):
    """Where choices come from, and how networks are fitted to them.

    ``simulate(rng)`` gives trials, truth and log-odds. Effects of the decisive inputs group trials
    if `is_named`, else those that the package takes by default.
    """

    simulate: Callable
    setting: dict
    n_pwl: int
    is_named: bool = False


def _network(name, n_latent):
    make = partial(simulate_constructed, name, *SIZE)
    return Source(make, QUICK | {"n_latent": n_latent}, 2, is_named=True)


def _agent(name, n_latent, n_pwl, *, is_named=False, **setting):
    def simulate(rng):
        return simulate_computing(COMPUTING[name](), *SIZE, rng=rng)

    return Source(simulate, PIECES | {"n_latent": n_latent} | setting, n_pwl, is_named)


SOURCES = {
    "addition": _network("addition", 4),
    "integration": _network("integration", 6),
    "parity": _network("parity", 4),
    "cued rule": _agent("cued rule", 4, 2),
    "hidden rule": _agent("hidden rule", 6, 4, max_checks=50),
    "win-stay lose-shift": _agent("win-stay lose-shift", 4, 2),
    "engaged or not": _agent("engaged or not", 8, 4, is_named=True, max_checks=50),
    "integrator": _agent("integrator", 4, 2),
}


def simulate(name, run):
    """Trials, truth and log-odds of a run, which has a seed of its own."""
    seed = [*SIZE, list(SOURCES).index(name), run]
    source = SOURCES[name].simulate
    return source(rng=np.random.default_rng(seed))


def fit_run(name, run, path):
    """Fit networks to the trials of a run, with whole subjects held out, and keep them.

    Where they stay far from what the source itself reaches, there are thrice as many restarts.

    Parameters
    ----------
    name : str
        One of `SOURCES`.
    run : int
    path : pathlib.Path
        Where the fit is kept; one that is there already is taken.

    Returns
    -------
    Fit
    """
    if path.exists():
        return Fit.load(path)
    source, computed = SOURCES[name], simulate(name, run)
    for n_restarts in (N_RESTARTS, 3 * N_RESTARTS):
        grid, setting = (0, source.n_pwl), Setting(**source.setting)
        fit = fit_quietly(computed.trials, setting, grid, n_restarts, run)
        if score_of(fit) > own_score(computed) - BADLY_TRAINED:
            break
    fit.save(path)
    return fit


def fit_quietly(trials, setting, n_pwl, n_restarts, seed):
    """Fit on one thread, without progress and baselines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return select_n_pwl(
            trials, setting, SubjectKFold(N_FOLDS, seed), n_restarts, seed, n_pwl=n_pwl,
            n_inner=N_INNER, baselines={}, threads=1, progress=False,
        )  # fmt: skip


def score_run(name, run, fit) -> dict:
    """Compare what a fit says with the truth of its run.

    Parameters
    ----------
    name : str
        One of `SOURCES`.
    run : int
    fit : Fit
        From `fit_run`.

    Returns
    -------
    dict
        ``verdict, n_regimes, true_n_regimes``; ``score, own_score``: held out, and of the source
        itself (nats per trial); ``agreement``: share of trials in the right regime; ``effects``: a
        list of ``truth, effect, low, high, n_subjects`` of every decisive input in every true
        regime, as far as the number of regimes is right; ``near``: share of true switches with the
        same switch within two trials; ``latency, own_latency``: counts of trials after an uncued
        change.
    """
    computed = simulate(name, run)
    truth, decisive = computed.truth, list(computed.truth.attrs["decisive"])
    found = find_functional_regimes(fit, decisive if SOURCES[name].is_named else None)
    row = {
        "verdict": found.verdict,
        "n_regimes": found.n_regimes,
        "true_n_regimes": len(truth["regime"].attrs["names"]),
        "score": score_of(fit),
        "own_score": own_score(computed),
    }
    if row["n_regimes"] != row["true_n_regimes"]:
        return row
    true, labels = truth["regime"].values, matched(truth["regime"].values, found.labels.values)
    known = (true >= 0) & (labels >= 0)
    row["agreement"] = float((true == labels)[known].mean())
    row["effects"] = compare_effects(truth, found, true, labels, decisive)
    if row["n_regimes"] > 1 and name in COMPUTING:
        session = session_number(computed.trials)
        row["near"] = share_near(true, labels, session)
    if "rule" in computed.trials:
        rule = computed.trials["rule"].values.astype(int)
        row["latency"] = latencies(labels, rule, session).tolist()
        row["own_latency"] = latencies(true, rule, session).tolist()
    return row


def score_of(fit):
    """Mean log-probability of held-out choices under the chosen networks, nats per trial."""
    return float(fit.summarise().loc["AL-RNN", "log_likelihood"])


def own_score(computed):
    """Mean log-probability of the choices under their source, nats per trial."""
    eta, choice = computed.truth["log_odds"].values, computed.trials["choice"].values
    return float(-np.logaddexp(0, np.where(choice > 0, -eta, eta)).mean())


def matched(true, labels):
    """Labels renamed to those true regimes that they overlap with most; -1 stays."""
    renamed = match_regimes(true, labels)
    return np.where(labels < 0, -1, renamed)


def compare_effects(truth, found, true, labels, decisive):
    """True and estimated effects of the decisive inputs in every regime."""
    table = found.regimes.set_index(["regime", "input"])
    rows = []
    for regime in range(found.n_regimes):
        own = int(found.labels.values[labels == regime][0])
        for name in decisive:
            each = table.loc[(own, name)]
            effect = truth["effect"].sel(input=name, lag=int(each["lag"])).values
            rows.append(
                {
                    "truth": float(np.nanmean(effect[true == regime])),
                    "effect": float(each["effect"]),
                    "low": float(each["ci_low"]),
                    "high": float(each["ci_high"]),
                    "n_subjects": int(each["n_subjects"]),
                }
            )
    return rows


def switches(labels, session):
    """Place, and regime before and after, of every switch inside a session."""
    here = np.flatnonzero((np.diff(labels) != 0) & (np.diff(session) == 0)) + 1
    here = here[(labels[here] >= 0) & (labels[here - 1] >= 0)]
    return {(t, labels[t - 1], labels[t]) for t in here.tolist()}


def share_near(true, labels, session):
    """Share of true switches beside which the same switch was found, within two trials."""
    one, other = switches(true, session), switches(labels, session)
    shifts = range(-NEAR, NEAR + 1)
    near = [any((t + shift, *which) in other for shift in shifts) for t, *which in one]
    return float(np.mean(near))


def latencies(labels, rule, session):
    """Counts of trials from a change of the rule to the first trial of its regime.

    Parameters
    ----------
    labels, rule, session : int array, shape (trial,)

    Returns
    -------
    int array, shape (AFTER + 1,)
        0, 1, ... trials; the last one counts changes after which none came in time.
    """
    changes = np.flatnonzero((np.diff(rule) != 0) & (np.diff(session) == 0)) + 1
    changes = changes[changes + AFTER <= len(rule)]
    changes = changes[session[changes + AFTER - 1] == session[changes]]
    followed = np.stack([labels[t : t + AFTER] == rule[t] for t in changes])
    first = np.where(followed.any(axis=1), followed.argmax(axis=1), AFTER)
    return np.bincount(first, minlength=AFTER + 1)


def fit_null(kind, run):
    """Fit, or draw, networks that have no computation to find beyond one.

    Parameters
    ----------
    kind : str
        One of `NULLS`.
    run : int
        The agents take turns.

    Returns
    -------
    Fit
    """
    rng = np.random.default_rng([len(SOURCES) + NULLS.index(kind), run])
    agent = list(COMPUTING.values())[run % len(COMPUTING)]()
    trials = simulate_computing(agent, *NULL_SIZE, rng=rng).trials
    if kind == "linear network":
        return fit_quietly(trials, Setting(**NULL_SETTING), (0,), 1, run)
    if kind == "shuffled choices":
        return fit_quietly(shuffled(trials, rng), Setting(**NULL_SETTING), (2,), 1, run)
    untrained = NULL_SETTING | {"max_checks": 1, "check_every": 1}
    return randomised(fit_quietly(trials, Setting(**untrained), (2,), 1, run), rng)


def shuffled(trials, rng):
    """Trials with the choices of each session in random order."""
    choice = trials["choice"].values.copy()
    for session in np.unique(session_number(trials)):
        here = np.flatnonzero(session_number(trials) == session)
        choice[here] = choice[rng.permutation(here)]
    return trials.assign(choice=trials["choice"].copy(data=choice))


def randomised(fit, rng):
    """A fit whose parameters are random numbers, others in every fold."""
    parameters = fit.parameters.copy(deep=True)
    for name, values in parameters.data_vars.items():
        size = 0.9 / np.sqrt(values.shape[-1]) if name == "weight" else 1.0
        values.values[...] = size * rng.standard_normal(values.shape)
    tree = fit.tree.copy(deep=True)
    tree["parameters"] = xr.DataTree(parameters)
    return Fit(tree)
