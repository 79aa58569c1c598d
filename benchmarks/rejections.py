"""One function per kind of data set: simulate it, test it, tell whether the test rejects.

1 where the statistic rejects (or what is wanted happened), 0 where not, NaN where it refuses.
"""

from functools import partial

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit
from statsmodels.discrete.discrete_model import Logit

from benchmarks import nulls
from neuroalrnn.behaviour.changes import compare_window
from neuroalrnn.behaviour.relation import compute_slopes
from neuroalrnn.stats.clusters import cluster_test, cluster_test_groups
from neuroalrnn.stats.compare import benjamini_hochberg, paired_difference
from neuroalrnn.stats.groups import compare_groups
from neuroalrnn.stats.permutation import circular_shift_null, swap_trials_null
from neuroalrnn.stats.select import one_standard_error
from neuroalrnn.stats.shifts import FEWEST_SWITCHES, admissible_shifts, nuisance_basis
from neuroalrnn.stats.subject_level import t_test
from neuroalrnn.stats.trends import choose_degree, trend_columns

Q = 0.05


def rejects(p):
    """1 where p < .05, NaN where there is no p."""
    p = np.asarray(p, dtype=float)
    return np.where(np.isnan(p), np.nan, p < nulls.ALPHA)


def slopes_of(generate, rng, *, test, n_subjects=12, n_trials=100, sizes=None, **design):
    """An outcome regressed on a covariate."""
    n_trials = n_trials if sizes is None else max(sizes)
    y, x = generate(rng, n_subjects, n_trials, **design)
    sizes = np.full(n_subjects, n_trials) if sizes is None else sizes
    keep = (np.arange(n_trials) < np.reshape(sizes, (-1, 1))).ravel()
    subject = nulls.labels(n_subjects, n_trials)[keep]
    return rejects(test(y.ravel()[keep], {"x": x.ravel()[keep]}, subject)["p"].iloc[0])


in_choices = partial(slopes_of, nulls.choices)
in_log_rts = partial(slopes_of, nulls.log_rts)


def pooled_logistic(outcome, predictors, subject):
    """Trials as replicates, by Newton's method."""
    design = np.column_stack([np.ones(len(outcome)), predictors["x"]])
    beta = np.zeros(2)
    for _ in range(8):
        p = expit(design @ beta)
        information = design.T @ (design * (p * (1 - p))[:, None])
        beta = beta + np.linalg.solve(information, design.T @ (outcome - p))
    z = beta[1] / np.sqrt(np.linalg.inv(information)[1, 1])
    return pd.DataFrame({"p": [2 * stats.norm.sf(abs(z))]})


def plain_clusters(outcome, predictors, subject):
    """Subjects as clusters without a correction for their number."""
    codes = pd.factorize(subject)[0]
    fit = Logit(outcome, np.column_stack([np.ones(len(outcome)), predictors["x"]])).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": codes}
    )
    return pd.DataFrame({"p": [fit.pvalues[1]]})


def with_nuisances(rng, *, n_columns=6, **design):
    """Slopes per subject with conditions and a cubic held constant."""
    outcome, indicator, nuisance = nulls.confounded(rng, 12, 120, **design)
    subject = nulls.labels(12, 120)
    found = compute_slopes(outcome, indicator, subject, nuisance[:, :n_columns])
    return rejects(t_test(found["slope"])["p"][0])


def with_learning(rng, *, n_subjects=10, n_trials=100, degree=None, **design):
    """Slopes per subject with a trend held constant, chosen by what subjects share in choices."""
    choice, regime = nulls.steep_learning(rng, n_subjects, n_trials, **design)
    subject = nulls.labels(n_subjects, n_trials)
    degree = choose_degree(choice.ravel(), subject, subject) if degree is None else degree
    trend = trend_columns(subject, subject, degree)
    found = compute_slopes(choice.ravel(), regime.ravel(), subject, trend)
    return rejects(t_test(found["slope"])["p"][0])


def learning(rng, shape, **design):
    """A regime and choices that follow one steep learning curve."""
    return nulls.steep_learning(rng, *shape, **design)[::-1]


def beside_choices(rng, *, n_subjects=12, n_effects=10, apart=True):
    """Whether a reaction time that goes with nothing has a q < .05 beside effects on choice."""
    slopes = rng.normal(size=(2, n_effects, n_subjects))
    slopes[0] += 1.5
    p = stats.ttest_1samp(slopes, 0, axis=2).pvalue.ravel()
    outcome = np.repeat(["choice", "log rt"], n_effects)
    q = benjamini_hochberg(p, outcome if apart else None)
    return float((q[outcome == "log rt"] < nulls.ALPHA).any())


def of_groups(rng, *, test="welch", n=(6, 20), sd=(1, 1), skewed=False, difference=0.0):
    """One value per subject of two groups."""
    a, b = (nulls.values(rng, n[k], sd=sd[k], skewed=skewed) for k in (0, 1))
    values, group = np.r_[a + difference, b], np.repeat(["a", "b"], n)
    return rejects(compare_groups(values, group, test=test, rng=rng)["p"][0])


def of_group_means(rng, *, n=(6, 20), sd=(3, 1), n_draws=999):
    """Labels permuted, difference of means."""
    values = np.concatenate([nulls.values(rng, n[k], sd=sd[k]) for k in (0, 1)])
    drawn = rng.permuted(np.tile(values, (n_draws, 1)), axis=1)
    size = [np.abs(x[..., : n[0]].mean(-1) - x[..., n[0] :].mean(-1)) for x in (values, drawn)]
    return rejects((np.sum(size[1] >= size[0]) + 1) / (n_draws + 1))


def of_courses(rng, *, n_subjects=12, n_times=60, n_units=1):
    """Time courses of one group against zero."""
    courses = nulls.smooth_courses(rng, (n_subjects, n_times, n_units))
    return _smallest(cluster_test(courses, n_permutations=1000, rng=rng))


def of_two_courses(rng, *, n=(6, 20), sd=(1, 1), n_times=60):
    """Time courses of two groups."""
    a, b = (sd[k] * nulls.smooth_courses(rng, (n[k], n_times)) for k in (0, 1))
    return _smallest(cluster_test_groups(a, b, n_permutations=1000, rng=rng))


def _smallest(clusters):
    return rejects(clusters["p"].min() if len(clusters) else 1.0)


def planted_cluster(rng, *, effect=2.0):
    """Whether points 40 to 60 of 100 are found: p < .05, and overlap (Jaccard) above .9."""
    courses = nulls.smooth_courses(rng, (12, 100))
    courses[:, 40:61] += effect
    best = cluster_test(courses, n_permutations=1000, rng=rng).iloc[0]
    shared = min(best["stop"], 60) - max(best["start"], 40) + 1
    overlap = shared / (best["n_points"] + 21 - shared)
    return float(best["p"] < nulls.ALPHA and overlap > 0.9)


def slow_pair(rng, shape, *, dwell):
    """Two independent slow series."""
    return nulls.slow_regimes(rng, (2, *shape), dwell)


def slow_regime(rng, shape, *, dwell=33):
    """A slow regime, and an event without memory."""
    return nulls.slow_regimes(rng, shape, dwell), rng.integers(0, 2, shape) * 1.0


def in_blocks(rng, shape, *, dwell=33, length=40, random=False):
    """A slow regime, and an event in blocks of fixed length."""
    event = nulls.blocks(rng, shape, length, random=random)
    return nulls.slow_regimes(rng, shape, dwell), event


def no_memory(rng, shape):
    """Two series of independent trials."""
    return rng.integers(0, 2, (2, *shape)) * 1.0


def common_drift(rng, shape, *, exponential=False):
    """Two series that drift together."""
    return nulls.drifting(rng, (2, *shape), exponential=exponential)


def random_signs(rng, shape, *, mean=0.0, sd=0.2, dwell=10):
    """An event rate that depends on the regime, with another sign in every subject."""
    regime = nulls.slow_regimes(rng, shape, dwell)
    effect = rng.normal(mean, sd, (shape[0], 1))
    return regime, (rng.random(shape) < 0.5 + effect * (regime - 0.5)) * 1.0


def shifted(rng, *, make, n_subjects=12, n_trials=400, **options):
    """Circular shifts, tested over subjects."""
    regime, event = make(rng, (n_subjects, n_trials))
    subject = nulls.labels(n_subjects, n_trials)
    found = circular_shift_null(regime.ravel(), event.ravel(), subject, subject, rng=rng, **options)
    return rejects(found.effects["p"][0])


def after_changes(rng, *, n_subjects=12, n_trials=400, window=20, **design):
    """The trials after changes of a rule against all others, tested over subjects."""
    switch, changed = nulls.changes_and_switches(rng, n_subjects, n_trials, **design)
    subject = nulls.labels(n_subjects, n_trials)
    series = switch.ravel(), changed.ravel(), subject, subject
    return rejects(compare_window(*series, window, is_switch=True)["p"][0])


def after_changes_correct(rng, *, n_subjects=12, n_trials=400, window=20, **design):
    """The same for correctness that all subjects learn, and that has nothing to do with changes."""
    _, changed = nulls.changes_and_switches(rng, n_subjects, n_trials, **design)
    correct, _ = nulls.steep_learning(rng, n_subjects, n_trials)
    subject = nulls.labels(n_subjects, n_trials)
    series = correct.ravel(), changed.ravel(), subject, subject
    return rejects(compare_window(*series, window)["p"][0])


def shifted_session(rng, *, make, n_trials=400):
    """All circular shifts of one session, trend removed: the rank, a p that nothing here gives."""
    regime, event = make(rng, (n_trials,))
    if np.count_nonzero(np.diff(regime)) < FEWEST_SWITCHES:
        return np.nan
    basis = nuisance_basis(n_trials)
    x, y = (series - basis @ (basis.T @ series) for series in (regime, event))
    null = np.array([x @ np.roll(y, k) for k in admissible_shifts(n_trials)])
    return rejects((np.sum(np.abs(null) >= abs(x @ y)) + 1) / (null.size + 1))


def shuffled_session(rng, *, dwell=33, n_draws=199):
    """Trials shuffled, in one session."""
    regime, event = slow_pair(rng, (400,), dwell=dwell)
    rest = regime - regime.mean()
    null = rng.permuted(np.tile(event, (n_draws, 1)), axis=1) @ rest
    return rejects((np.sum(np.abs(null) >= abs(event @ rest)) + 1) / (n_draws + 1))


def swapped(rng, *, lengths=None, locked=0.0, n_trials=60, n_steps=50):
    """Trials swapped, switches and events both tied to the clock of the trial."""
    subject = nulls.labels(12, n_trials)
    switches, event = nulls.clock_locked(rng, (subject.size, n_steps), locked=locked)
    n_steps = None if lengths is None else rng.choice(lengths, subject.size)
    event = event if lengths is None else np.minimum(event, n_steps - 1)
    found = swap_trials_null(switches, event, subject, subject, n_steps=n_steps)
    return rejects(found.effects["p"][0])


def swapped_with_drift(rng, *, n_subjects=8, n_trials=100, bin_trials=None, locked=0.0):
    """Trials swapped, switches and events both later and later over the session."""
    subject = nulls.labels(n_subjects, n_trials)
    switches, event = nulls.drifting_times(rng, n_subjects, n_trials, locked=locked)
    found = swap_trials_null(switches, event, subject, subject, bin_trials=bin_trials)
    return rejects(found.effects["p"][0])


def of_models(rng, *, test="t", n_subjects=12, mean=0.0, sd=0.03, skewed=False):
    """Held-out scores of two models."""
    names = [f"s{i:02d}" for i in range(n_subjects)]
    b = pd.Series(rng.normal(-0.5, 0.1, n_subjects), names)
    a = b + mean + nulls.values(rng, n_subjects, sd=sd, skewed=skewed)
    return rejects(paired_difference(a, b, test=test, rng=rng)["p"][0])


def of_models_over_trials(rng):
    """Held-out scores of two models, trials as replicates."""
    d = rng.normal(0, 0.03, (12, 1)) + rng.normal(0, 0.2, (12, 200))
    return rejects(stats.ttest_1samp(d.ravel(), 0).pvalue)


def false_discoveries(rng, *, n_effects=0, correlation=0.0):
    """Share of the discoveries that are false."""
    z = nulls.z_scores(rng, n_effects=n_effects, correlation=correlation)
    found = benjamini_hochberg(2 * stats.norm.sf(np.abs(z))) < Q
    return found[: z.size - n_effects].sum() / max(found.sum(), 1)


def true_discoveries(rng, *, n_effects=10):
    """Share of the effects that are discovered."""
    z = nulls.z_scores(rng, n_effects=n_effects)
    return np.mean(benjamini_hochberg(2 * stats.norm.sf(np.abs(z)))[-n_effects:] < Q)


def too_few_by_raw_error(rng):
    """Whether one standard error of the raw score picks fewer PWL units than there are."""
    scores = nulls.scores_by_n_pwl(rng)
    mean, error = scores.mean(axis=1), scores.std(axis=1, ddof=1) / np.sqrt(scores.shape[1])
    best = mean.argmax()
    return float(np.flatnonzero(mean >= mean[best] - error[best])[0] < 2)


def right_by_paired_error(rng):
    """Whether one standard error of the paired difference picks the true number."""
    return float(one_standard_error(nulls.scores_by_n_pwl(rng), range(9)).index == 2)
