"""Simulated data sets with no (or a known) effect in the population, but different subjects."""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter
from scipy.special import expit

N_REPEATS = 400
ALPHA = 0.05
DEAD = 0.005


def upper_limit(n_repeats=N_REPEATS, level=ALPHA):
    """Largest rejection rate that a sound test may show, three standard errors up."""
    return level + 3 * np.sqrt(level * (1 - level) / n_repeats)


def keeps_level(rate, n_repeats=N_REPEATS):
    """Whether a null rejection rate is within its bounds: neither too many nor a dead test."""
    return DEAD < rate <= upper_limit(n_repeats)


def rejections(draw_p, *, seed, n_repeats=N_REPEATS):
    """Share of data sets with p < .05; `draw_p(rng)` simulates one and returns its p."""
    rng = np.random.default_rng(seed)
    return float(np.mean([draw_p(rng) < ALPHA for _ in range(n_repeats)]))


def labels(n_subjects, n_trials):
    """Subject names, one per trial (subject * trial,)."""
    return np.repeat([f"s{i:02d}" for i in range(n_subjects)], n_trials)


def choices(
    rng, n_subjects, n_trials, *, slope=0.0, slope_sd=0.4, base=0.0, binary=False, shared=False
):
    """Choices with random intercepts (SD 0.8) and random slopes (subject, trial).

    A shared covariate has one value per subject.
    """
    x = rng.normal(size=(n_subjects, n_trials))
    if shared:
        x = np.repeat(x[:, :1], n_trials, axis=1)
    if binary:
        x = (x > 0) * 1.0
    intercept = base + rng.normal(0, 0.8, (n_subjects, 1))
    eta = intercept + rng.normal(slope, slope_sd, (n_subjects, 1)) * x
    return (rng.random(x.shape) < expit(eta)) * 1.0, x


def log_rts(rng, n_subjects, n_trials, *, slope=0.0, slope_sd=0.04, heavy=False):
    """Log reaction times with random intercepts (SD 0.2) and random slopes (subject, trial).

    Residuals have SD 0.3, normal or those of t with 3 df.
    """
    x = rng.normal(size=(n_subjects, n_trials))
    noise = rng.standard_t(3, x.shape) / np.sqrt(3) if heavy else rng.normal(size=x.shape)
    intercept = rng.normal(-0.5, 0.2, (n_subjects, 1))
    return intercept + rng.normal(slope, slope_sd, (n_subjects, 1)) * x + 0.3 * noise, x


def slow_regimes(rng, shape, dwell):
    """Two-state regimes of mean dwell `dwell`, along the last axis."""
    flips = rng.random(shape) < 1 / dwell
    flips[..., 0] = rng.random(shape[:-1]) < 0.5
    return np.cumsum(flips, axis=-1) % 2.0


def blocks(rng, shape, length, *, random=False):
    """A two-state condition in blocks of fixed length, alternating or drawn anew for each."""
    n_blocks = -(-shape[-1] // length)
    drawn = rng.integers(0, 2, (*shape[:-1], n_blocks if random else 1))
    drawn = drawn if random else (drawn + np.arange(n_blocks)) % 2
    return np.repeat(drawn * 1.0, length, axis=-1)[..., : shape[-1]]


def changes_and_switches(rng, n_subjects, n_trials, *, drift=False, locked=0.0, dwell=10):
    """Uncued changes of a rule after 20 to 60 trials, and switches of a regime that has memory.

    With a drift, both are rarer and rarer over the session, by the same course in all subjects. A
    share `locked` of changes is followed by one more switch within 2 to 10 trials.

    Returns
    -------
    switch, changed : array (subject, trial)
    """
    shape, course = (n_subjects, n_trials), np.linspace(0, 1, n_trials)
    rate = 0.3 * np.exp(-3 * course) if drift else np.full(n_trials, 1 / dwell)
    switch, changed = (rng.random(shape) < rate) * 1.0, np.zeros(shape, dtype=bool)
    # a regime that was just entered is kept for a trial, and its dwell differs between subjects
    switch[:, 1:] *= 1 - switch[:, :-1]
    switch *= rng.random(shape) < rng.uniform(0.5, 1, (n_subjects, 1))
    for subject in range(n_subjects):
        at = 0
        while True:
            longest = 20 + 60 * course[min(at, n_trials - 1)] if drift else 60
            at += int(rng.integers(10 if drift else 20, longest))
            if at >= n_trials:
                break
            changed[subject, at] = True
            after = at + int(rng.integers(2, 11))
            if rng.random() < locked and after < n_trials:
                switch[subject, after] = 1.0
    return switch, changed


def drifting(rng, shape, low=0.15, high=0.85, *, exponential=False):
    """Independent events whose rate rises over the session, linearly or as 1 - exp(-6 t)."""
    time = np.linspace(0, 1, shape[-1])
    course = -np.expm1(-6 * time) if exponential else time
    return (rng.random(shape) < low + (high - low) * course) * 1.0


def clock_locked(rng, shape, *, centre=25, spread=3.0, locked=0.0):
    """Event step per trial and one switch per trial, both tied to the clock of the trial.

    A share `locked` of switches follows the event by 0 or 1 steps.
    """
    n_trials, n_steps = shape
    event = np.clip(np.rint(rng.normal(centre, spread, n_trials)), 0, n_steps - 3).astype(int)
    switch = np.clip(np.rint(rng.normal(centre + 1, spread, n_trials)), 0, n_steps - 1).astype(int)
    follows = rng.random(n_trials) < locked
    switch[follows] = event[follows] + rng.integers(0, 2, follows.sum())
    switches = np.zeros(shape)
    switches[np.arange(n_trials), switch] = 1.0
    return switches, event


def drifting_times(rng, n_subjects, n_trials, *, n_steps=50, drift=16, spread=3.0, locked=0.0):
    """Event step and one switch per trial, which both come later and later over the session.

    A share `locked` of switches follows the event by 0 or 1 steps.
    """
    course = np.tile(np.linspace(-0.5, 0.5, n_trials), n_subjects)
    own = np.repeat(rng.normal(0, 2, n_subjects), n_trials)
    times = n_steps / 2 + drift * course + own + rng.normal(0, spread, (2, course.size))
    event, switch = np.clip(np.rint(times), 0, n_steps - 2).astype(int)
    follows = rng.random(course.size) < locked
    switch[follows] = event[follows] + rng.integers(0, 2, follows.sum())
    switches = np.zeros((course.size, n_steps))
    switches[np.arange(course.size), switch] = 1.0
    return switches, event


def confounded(rng, n_subjects, n_trials, *, effect=0.0, drift=None, graded=False):
    """An indicator that goes with a condition and drifts, and an outcome that does both too.

    Graded, the indicator is a number with memory, such as a score on an axis of effects.

    Returns
    -------
    outcome, indicator : array (subject * trial,)
    nuisance : array (subject * trial, 2 + 4)
        The two conditions, then a cubic in trial number.
    """
    n = n_subjects * n_trials
    time = np.tile(np.linspace(0, 1, n_trials), n_subjects)
    trend = {None: 0 * time, "linear": time, "exponential": -np.expm1(-6 * time)}[drift]
    cell = rng.integers(0, 2, n)
    indicator = (rng.random(n) < 0.2 + 0.3 * cell + 0.3 * trend) * 1.0
    if graded:
        score = lfilter([1.0], [1.0, -0.8], rng.standard_normal(n))
        indicator = 2 * cell + 3 * trend + score
    slope = np.repeat(effect + 0.2 * rng.standard_normal(n_subjects), n_trials)
    outcome = 3 * cell + 2 * trend + slope * indicator + rng.standard_normal(n)
    cubic = np.polynomial.legendre.legvander(2 * time - 1, 3)
    return outcome, indicator, np.column_stack([cell == 0, cell == 1, cubic])


LEARNING = {
    "exponential": lambda time: -np.expm1(-40 * time),
    "sigmoid": lambda time: expit(50 * (time - 0.4)),
}


def steep_learning(rng, n_subjects, n_trials, *, curve="sigmoid", effect=0.0, memory=0.5):
    """A slow regime and choices that both follow one steep learning curve of all subjects.

    Subjects have biases, drifts and effects of their own; a regime stays with probability `memory`,
    and a choice is drawn to the one before.

    Returns
    -------
    choice, regime : array (subject, trial)
    """
    time = np.linspace(0, 1, n_trials)
    learnt = 3 * LEARNING[curve](time) * (1 + 0.15 * rng.normal(size=(2, n_subjects, 1)))
    bias, drift = 0.5 * rng.normal(size=(2, 2, n_subjects, 1))
    logit = learnt - 1.5 + bias + drift * (time - 0.5)
    slope = effect + 0.4 * rng.normal(size=n_subjects)
    regime, choice = np.zeros((2, n_subjects, n_trials))
    drawn = rng.random((3, n_subjects, n_trials))
    for t in range(n_trials):
        regime[:, t] = drawn[0, :, t] < expit(logit[0, :, t])
        pull = np.zeros(n_subjects)
        if t:
            stays = drawn[1, :, t] < memory
            regime[stays, t] = regime[stays, t - 1]
            pull = choice[:, t - 1] - 0.5
        choice[:, t] = drawn[2, :, t] < expit(logit[1, :, t] + pull + slope * (regime[:, t] - 0.5))
    return choice, regime


def recordings(rng, n_subjects, n_sessions, n_trials, n_units, *, memory=0.95, steep=False):
    """Neural data with offsets of subjects and sessions, slow noise of SD 1, and a common drift.

    The drift saturates over the session, or is a steep learning curve; its size differs between
    subjects and units.

    Returns
    -------
    array (subject, session, trial, unit)
    """
    time = np.linspace(0, 1, n_trials)
    course = 3 * LEARNING["sigmoid"](time) if steep else -2 * np.expm1(-6 * time)
    offset = 2 * rng.normal(size=(n_subjects, 1, 1, n_units))
    offset = offset + rng.normal(size=(n_subjects, n_sessions, 1, n_units))
    gain = 1 + 0.3 * rng.normal(size=(n_subjects, 1, 1, n_units))
    white = rng.normal(size=(n_subjects, n_sessions, 100 + n_trials, n_units))
    slow = lfilter([np.sqrt(1 - memory**2)], [1.0, -memory], white, axis=2)[:, :, 100:]
    return offset + gain * course[:, None] + slow


def smooth_courses(rng, shape, width=4.0):
    """Smooth noise of SD 1 along the second axis (subject, time, ...)."""
    noise = rng.normal(size=shape)
    return gaussian_filter1d(noise, width, axis=1, mode="wrap") * np.sqrt(
        2 * width * np.sqrt(np.pi)
    )


def values(rng, n, *, sd=1.0, skewed=False):
    """One value per subject, mean 0; skewed: a gamma distribution of skewness 1."""
    return sd * ((rng.gamma(4, 1, n) - 4) / 2 if skewed else rng.normal(size=n))


def scores_by_n_pwl(rng, n_subjects=12):
    """True n_pwl is 2; subjects differ much, settings little (setting, subject)."""
    deficit = np.array([0.03, 0.012, 0, 0, 0, 0, 0, 0, 0])
    subject = rng.normal(0, 0.1, n_subjects)
    return -0.5 + subject - deficit[:, None] + rng.normal(0, 0.01, (9, n_subjects))


def z_scores(rng, n_tests=100, *, n_effects=0, correlation=0.0):
    """Test statistics, the last `n_effects` of mean 4; equally correlated (test,)."""
    z = np.sqrt(1 - correlation) * rng.normal(size=n_tests) + np.sqrt(correlation) * rng.normal()
    z[n_tests - n_effects :] += 4
    return z
