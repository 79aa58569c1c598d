"""Statistics of functional regimes where nothing goes with them, although labels are estimated.

Networks are fitted once, to agents that are engaged or not. Then they meet new subjects: the
effects of the stimulus are computed and grouped as for any fit, so that labels depend on the
outcomes of the trials before, are slow, and carry the errors of the networks. What they are related
to is drawn anew for every data set, without regard to them.
"""

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks import nulls
from benchmarks.computation_runs import N_RESTARTS, SOURCES, fit_quietly
from benchmarks.rejections import rejects
from neuroalrnn import Fit, Setting
from neuroalrnn.behaviour.relation import compute_slopes
from neuroalrnn.effects import find_functional_regimes
from neuroalrnn.neural import decode_regimes, effects_over_subjects, subject_means
from neuroalrnn.regimes.replication import label_nuisances, nuisances
from neuroalrnn.stats import circular_shift_null, compare_groups, t_test
from neuroalrnn.stats.trends import choose_degree
from neuroalrnn.tasks import COMPUTING, simulate_computing

SOURCE, RUN = "engaged or not", 7
N_SUBJECTS, N_TRIALS, N_SESSIONS = 12, 500, 2
N_UNITS = 3
# new subjects that the networks meet; every data set takes one of these
N_SETS = 16


@lru_cache
def _networks():
    source, trials = SOURCES[SOURCE], _simulate([6, RUN]).trials
    setting, grid = Setting(**source.setting), (0, source.n_pwl)
    return fit_quietly(trials, setting, grid, N_RESTARTS, seed=RUN)


def _simulate(seed, agent="steady", n_sessions=1):
    shape = N_SUBJECTS, N_TRIALS // n_sessions
    rng = np.random.default_rng(seed)
    return simulate_computing(AGENTS[agent](), *shape, rng=rng, n_sessions=n_sessions)


@dataclass(frozen=True)
class Tiring(COMPUTING[SOURCE]):
    """An agent of the source whose rewards, and so its engagement, get rarer over the session."""

    lost: float = 0.4
    steep: bool = False

    def show(self, shape, rng):
        time = np.linspace(0, 1, shape[1])
        course = nulls.LEARNING["sigmoid"](time) if self.steep else time
        return super().show(shape, rng) | {"course": np.tile(course, (shape[0], 1))}

    def respond(self, now, choice, rng):
        found = super().respond(now, choice, rng)
        kept = rng.random(choice.shape) > self.lost * now["course"]
        return found | {"reward": found["reward"] * kept}


STEEP = "tiring within a few trials"
AGENTS = {"steady": COMPUTING[SOURCE], "tiring": Tiring, STEEP: partial(Tiring, steep=True)}


@lru_cache
def labelled(number, agent="steady", n_sessions=1):
    """A fit to one set of new subjects, and their functional regimes.

    Parameters
    ----------
    number : int
        0 to ``N_SETS - 1``.
    agent : str
        One of `AGENTS`: whether and how the use of regimes changes over the session.
    n_sessions : int
        Into how many sessions the trials of a subject are divided.

    Returns
    -------
    fit : Fit
    found : FunctionalRegimes
    """
    tree = _networks().tree.copy()
    tree["trials"] = xr.DataTree(_simulate([RUN, number], agent, n_sessions).trials)
    fit = Fit(tree)
    return fit, find_functional_regimes(fit, ["stimulus_side"])


def _draw(rng, *kind):
    """Number of one of the sets with at least two regimes."""
    number = int(rng.integers(N_SETS))
    while labelled(number, *kind)[1].n_regimes < 2:
        number = int(rng.integers(N_SETS))
    return number


def _first(labels):
    """1 in the regime used most, NaN where there is none; shape (subject, trial)."""
    values = np.where(labels.values < 0, np.nan, labels.values == 0)
    return values.reshape(N_SUBJECTS, N_TRIALS)


def of_occupancy(rng, *, length=None, effect=0.0):
    """Use of a regime in two conditions, which come at random, or in blocks."""
    used = _first(labelled(_draw(rng))[1].labels)
    shape = used.shape
    one = rng.random(shape) < 0.5 if length is None else nulls.blocks(rng, shape, length) > 0
    known = np.isfinite(used)
    if effect:
        one = rng.random(shape) < 0.5 + effect * (used - 0.5)
    shares = [
        np.where(known & here, used, 0).sum(axis=1) / (known & here).sum(axis=1)
        for here in (one, ~one)
    ]
    return rejects(t_test(shares[0] - shares[1])["p"][0])


def of_rule_changes(rng, *, lengths=(12, 25)):
    """Switches on the trials of changes of a rule that nobody follows."""
    fit, found = labelled(_draw(rng))
    ends = rng.integers(*lengths, size=(N_SUBJECTS, N_TRIALS)).cumsum(axis=1)
    rule = (np.arange(N_TRIALS)[None, :, None] >= ends[:, None]).sum(axis=-1) % 2
    changes, switches = (np.abs(np.diff(each, axis=1)) for each in (rule, _first(found.labels)))
    defined = np.isfinite(switches)
    subject = np.repeat(np.unique(fit.trials["subject"].values), N_TRIALS - 1)[defined.ravel()]
    series = switches[defined], changes[defined].astype(float)
    null = circular_shift_null(*series, subject, subject, marks_switches=True, rng=rng)
    return rejects(null.effects["p"][0])


def of_reaction_times(rng, *, dwell=None, slowing=0.0, effect=0.0):
    """Reaction times beside regimes, also slow ones and ones that follow the last outcome.

    They are related as by `neuroalrnn.behaviour.relation.relate_to_behaviour`.
    """
    number = _draw(rng)
    fit, found = labelled(number)
    used = _first(found.labels)
    log_rt = rng.normal(-0.5, 0.2, (N_SUBJECTS, 1)) + 0.3 * rng.normal(size=used.shape)
    if dwell:
        log_rt += 0.3 * nulls.slow_regimes(rng, used.shape, dwell)
    reward = fit.trials["reward"].values.reshape(used.shape)
    log_rt[:, 1:] += slowing * (1 - reward[:, :-1])
    log_rt += effect * np.nan_to_num(used)
    subject = fit.trials["subject"].values
    degree = choose_degree(log_rt.ravel(), fit.trials["session"].values, subject)
    slopes = compute_slopes(log_rt.ravel(), used.ravel(), subject, _held_constant(number, degree))
    return rejects(t_test(slopes["slope"])["p"][0])


@lru_cache
def _held_constant(number, degree):
    fit, _ = labelled(number)
    return nuisances(fit, degree, label_nuisances(fit))


def of_subjects(rng, *, what="share", difference=0.0):
    """Use of a regime, or a subject's own effect, in two groups drawn at random."""
    fit, found = labelled(_draw(rng))
    if what == "share":
        values = np.nanmean(_first(found.labels), axis=1)
    else:
        own = found.effects.sel(input="stimulus_side", lag=0).isel(option=0).mean("fold").values
        values = pd.Series(own).groupby(fit.trials["subject"].values).mean().to_numpy()
    group = rng.permutation(np.repeat(["a", "b"], N_SUBJECTS // 2))
    values = values + difference * values.std(ddof=1) * (group == "b")
    return rejects(compare_groups(values, group)["p"][0])


def plain_reaction_times(rng, *, slowing=0.2):
    """Difference of mean log reaction times between regimes, whatever the last outcome was."""
    fit, found = labelled(_draw(rng))
    used = _first(found.labels)
    log_rt = rng.normal(-0.5, 0.2, (N_SUBJECTS, 1)) + 0.3 * rng.normal(size=used.shape)
    log_rt[:, 1:] += slowing * (1 - fit.trials["reward"].values.reshape(used.shape)[:, :-1])
    means = [np.nanmean(np.where(used == each, log_rt, np.nan), axis=1) for each in (0, 1)]
    return rejects(t_test(means[1] - means[0])["p"][0])


def of_recordings(rng, *, agent="steady", held_out="session", dealt=False, effect=0.0, **options):
    """Decoding of regimes in sessions or subjects that the decoder has not seen.

    Dealt, the trials of a session go to a training and a test part at random, as in folds of
    shuffled trials. The effect is that on the signal of one unit, in standard deviations of it.
    """
    kind = agent, 1 if dealt else N_SESSIONS
    fit, found = labelled(_draw(rng, *kind), *kind)
    trials, labels = fit.trials[["choice", *fit.trials.coords]], found.labels
    shape = N_SUBJECTS, kind[1], N_TRIALS // kind[1], N_UNITS
    neural = nulls.recordings(rng, *shape, steep=agent == STEEP).reshape(-1, 1, N_UNITS)
    neural[:, 0, 0] += effect * (labels.values == 1)
    trials = trials.assign(neural=(("trial", "time", "unit"), neural)).assign_coords(time=[0.0])
    trials = trials.assign(n_steps=("trial", np.ones(len(neural), dtype=int)))
    if dealt:
        trials, labels = _dealt(rng, trials, labels)
    scores = decode_regimes(trials, labels, held_out=held_out, pooled=True, **options)
    means = subject_means(scores["balanced_accuracy_corrected"])
    return rejects(effects_over_subjects(means)["p"][0])


def _dealt(rng, *series):
    """Give the trials of every subject to two sessions at random, in their order."""
    part = rng.permuted(np.tile([1, 2], (N_SUBJECTS, N_TRIALS // 2)), axis=1)
    order = np.argsort(part, axis=1, kind="stable") + N_TRIALS * np.arange(N_SUBJECTS)[:, None]
    names = {
        "session": ("trial", np.sort(part, axis=1).ravel().astype(str)),
        "trial_in_session": ("trial", np.tile(np.arange(N_TRIALS // 2), 2 * N_SUBJECTS)),
    }
    return [each.isel(trial=order.ravel()).assign_coords(names) for each in series]
