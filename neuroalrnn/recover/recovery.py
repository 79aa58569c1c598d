"""Recovery: simulate from known networks, fit again, and count what comes back.

Every run simulates subjects, chooses the sufficient P and the best P among a grid on validation
subjects (see `neuroalrnn.select_n_pwl`), and compares the network refitted at the true P with the
true one on trials that neither has seen.
"""

import numpy as np
import pandas as pd

from neuroalrnn.behaviour.simulate import simulate
from neuroalrnn.config import Setting
from neuroalrnn.config.defaults import RECOVERY
from neuroalrnn.data import default_encoding, encode
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.network.choices import log_probability
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import compute_latents
from neuroalrnn.network.units import match_units
from neuroalrnn.recover.refit import refit
from neuroalrnn.regimes import ABSENT, adjusted_rand, compute_regimes
from neuroalrnn.stats.recovery import match_eigenvalues, switch_agreement
from neuroalrnn.tasks import compute_log_odds, simulate_known

# what the stated recovery rates were measured with
SETTING = Setting(
    n_latent=6,
    initialisation="timescales",
    learning_rate=0.05,
    halve_every=500,
    averaging=0.995,
    batch_size=64,
    check_every=80,
    max_checks=24,
    patience=8,
)
N_FRESH = 500
MARGIN = 0.25
# nats per trial below the true network from which a refit counts as badly trained
BADLY_TRAINED = 0.02


def recover_known(
    known, n_subjects, n_trials, setting=SETTING, *, n_runs=1, random_state=0, **options
):
    """Simulate subjects from a known network and fit them again.

    Parameters
    ----------
    known : Known
    n_subjects, n_trials : int
        Trials are per subject.
    setting : Setting
    n_runs : int
        Independent simulations, each with its own subjects and starts.
    random_state : int
    **options
        Of `neuroalrnn.recover.refit.refit`.

    Returns
    -------
    table : DataFrame
        One row per run, see `compare_networks` and `recover`; with ``task, n_subjects, n_trials,
        run``.
    """
    rows = []
    for run in range(n_runs):
        rng = np.random.default_rng([random_state, n_subjects, n_trials, run])
        trials = simulate_known(known, n_subjects, n_trials, rng=rng)
        fresh = simulate_known(known, 1, N_FRESH, rng=rng)
        head = {"task": known.name, "n_subjects": n_subjects, "n_trials": n_trials, "run": run}
        row = recover(known.network, trials, fresh, setting, random_state=run, **options)
        rows.append(head | row)
    return pd.DataFrame(rows)


def recover_fitted(
    network, trials, setting, environment=None, *, n_runs=1, random_state=0, **options
):
    """Let a fitted network make the choices of an experiment, and fit them again.

    Parameters
    ----------
    network : Network
    trials : xarray.Dataset
        The experiment: subjects, sessions and inputs stay as they are.
    setting : Setting
        As the network was fitted.
    environment : Environment, optional
        What choices lead to, see `neuroalrnn.tasks.environment_for`.
    n_runs, random_state : int
    **options
        Of `neuroalrnn.recover.refit.refit`.

    Returns
    -------
    table : DataFrame
        One row per run, as `recover_known`.
    """
    rows = []
    n_subjects = len(set(trials["subject"].values))
    head = {
        "task": str(trials.attrs.get("task", "fitted")),
        "n_subjects": n_subjects,
        "n_trials": trials.sizes["trial"] // n_subjects,
    }
    encoding = default_encoding(trials)
    for run in range(n_runs):
        rng = np.random.default_rng([random_state, run])
        simulated, fresh = (
            simulate(network, trials, encoding, environment, rng=rng) for _ in range(2)
        )
        row = recover(network, simulated, fresh, setting, random_state=run, **options)
        rows.append(head | {"run": run} | row)
    return pd.DataFrame(rows)


def recover(network, trials, fresh, setting, **options):
    """Fit simulated trials again and compare with the network that made them.

    Parameters
    ----------
    network : Network
        The truth.
    trials, fresh : xarray.Dataset
        Its simulated choices, to be fitted, and others, to compare on.
    setting : Setting
    **options
        Of `neuroalrnn.recover.refit.refit`; the grid must hold the true P.

    Returns
    -------
    row : dict
        ``true_n_pwl``, ``found_n_pwl`` (the sufficient P) and ``best_n_pwl``; ``true_score``, what
        the true network itself gives, and ``score``, what the refit at the true P gives to
        validation subjects (nats per trial);
        ``linear_score``, P = 0; ``badly_trained``, whether `score` lies `BADLY_TRAINED` below
        `true_score`; ``restarts_near_best``; and those of `compare_networks`.
    """
    grid = RECOVERY.n_pwl if options.get("n_pwl") is None else options["n_pwl"]
    if network.n_pwl not in grid:
        text = ", ".join(map(str, grid))
        raise ConfigError(f"recovery: true P = {network.n_pwl} is not in the grid {text}; add it")
    found = refit(trials, setting, **options)
    table = found.table.set_index("n_pwl")
    score = float(table.loc[network.n_pwl, "score"])
    best = _score(network, trials)
    row = {
        "true_n_pwl": network.n_pwl,
        "found_n_pwl": found.sufficient,
        "best_n_pwl": found.best,
        "true_score": best,
        "score": score,
        "linear_score": float(table["score"].get(0, np.nan)),
        "badly_trained": score < best - BADLY_TRAINED,
        "restarts_near_best": float(table.loc[network.n_pwl, "restarts_near_best"]),
    }
    return (
        row
        | compare_networks(network, found.networks[network.n_pwl], fresh)
        | {"eigenvalue_gap_at_start": _eigenvalue_gap(network, found.starts[network.n_pwl], fresh)}
    )


def compare_networks(true, found, trials, *, margin=MARGIN):
    """Compare regimes, switches and eigenvalues of two networks with the same P.

    Only steps before the last choice of a sequence count: what regime the last one is in has no
    consequence.

    Parameters
    ----------
    true, found : Network
    trials : xarray.Dataset
        Both run over these.
    margin : float
        Standard deviations from the boundary at which a true state counts as clear.

    Returns
    -------
    row : dict
        ``adjusted_rand`` of the regimes of all steps, ``adjusted_rand_clear`` of those where every
        true PWL unit is clear of its boundary (NaN without PWL units, or where the truth knows one
        regime only); counts of `switch_agreement`, summed over units matched by correlation;
        ``eigenvalue_gap``, the mean distance of the largest eigenvalue of each true regime in use,
        weighted by use, to its nearest among those of the found regime that overlaps most.
    """
    sequences = encode(trials, **default_encoding(trials))
    used = _consequential(sequences)
    latents = [
        np.where(used[..., None], compute_latents(n, sequences), np.nan) for n in (true, found)
    ]
    row = _compare_regimes(*latents, true.n_pwl, margin) | _compare_switches(
        *latents, true.n_pwl, margin
    )
    return row | {"eigenvalue_gap": _eigenvalue_gap(true, found, trials)}


def _consequential(sequences):
    """Steps before the last scored one of their sequence, shape (sequence, step)."""
    return np.cumsum(sequences.scored[:, ::-1], axis=1)[:, ::-1] - sequences.scored > 0


def _compare_regimes(true, found, n_pwl, margin):
    if n_pwl == 0:
        return {"adjusted_rand": np.nan, "adjusted_rand_clear": np.nan}
    units = true[..., -n_pwl:]
    spread = np.nanstd(units, axis=(0, 1))
    clear = (np.abs(units) >= margin * spread).all(axis=-1)
    codes = [compute_regimes(values, n_pwl) for values in (true, found)]
    return {
        "adjusted_rand": _agreement(*codes),
        "adjusted_rand_clear": _agreement(np.where(clear, codes[0], ABSENT), codes[1]),
    }


def _agreement(true, found):
    several = len(np.unique(true[true != ABSENT])) > 1
    return adjusted_rand(true, found) if several else np.nan


def _compare_switches(true, found, n_pwl, margin):
    """Counts over all PWL units, each against the found unit that it correlates with."""
    first = true.shape[-1] - n_pwl, found.shape[-1] - n_pwl
    true, found = true[..., first[0] :], found[..., first[1] :]
    match = match_units(true, found)[0]
    counts = [
        switch_agreement(true[..., i], found[..., j], margin=margin) for i, j in enumerate(match)
    ]
    names = ("n_switches", "n_found", "n_exact", "n_by_chance", "n_made", "n_extra")
    return {name: sum(each[name] for each in counts) for name in names}


def _eigenvalue_gap(true, found, trials):
    sequences = encode(trials, **default_encoding(trials))
    used = _consequential(sequences)
    codes = [compute_regimes(compute_latents(n, sequences), n.n_pwl)[used] for n in (true, found)]
    total = 0.0
    for code, count in zip(*np.unique(codes[0], return_counts=True), strict=True):
        partner, overlap = np.unique(codes[1][codes[0] == code], return_counts=True)
        one = np.linalg.eigvals(compute_jacobian(true, code))
        other = np.linalg.eigvals(compute_jacobian(found, partner[overlap.argmax()]))
        largest = one[[np.abs(one).argmax()]]
        total += count * match_eigenvalues(largest, other)[0]
    return float(total / used.sum())


def _score(network, trials):
    """Mean log-probability of the scored choices under a network, nats per trial."""
    log_odds = compute_log_odds(network, trials)
    scored = scored_trials(trials)
    choice = trials["choice"].values[scored].astype(int)
    log_p = log_probability(log_odds[scored, None])
    return float(log_p[np.arange(len(choice)), choice].mean())
