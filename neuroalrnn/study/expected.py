"""What a comparison will take, said before it is begun: models, minutes, memory.

Costs are those of one core of about 3 GHz. `python -m benchmarks compare` prints what is expected
beside what is measured; constants of one model are a row of `TRAINED` or `FITTED`.
"""

import numpy as np

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.model import count_outputs
from neuroalrnn.results.summary import NETWORK, ON_REGRESSION
from neuroalrnn.study.adaptive import terms_of
from neuroalrnn.study.own import FREQUENCY
from neuroalrnn.study.recurrent import MOST_AT_ONCE, Recurrent

# networks: gates, and nanoseconds of a step of a sequence in an update, by gate and by weight
TRAINED = {NETWORK: (1, 10.0, 0.08), "GRU": (3, 8.5, 0.068), "LSTM": (4, 8.5, 0.068)}
# of the likelihood, by output; one output of two options takes less
LIKELIHOOD, ONE_OUTPUT = 20.0, 12.0
# seconds of an update beside that, for all models that are trained at once
UPDATE = 1.5e-3
# validation takes so much beside the updates; early stopping leaves such a share of all checks, by
# the quarter power of the training trials, and of networks that are behind
VALIDATION, CHECKED, BEHIND, OF_TRIALS = 1.15, 0.6, 0.3, 25_000
# other models: microseconds by training trial of a fit to all parts, what inputs do included; for
# two options, and for each option of more
FITTED = {
    FREQUENCY: (1.0, 1.0),
    "history-logistic, lags chosen": (14.0, 100.0),
    "Q-learning": (23.0, 25.0),
    "asymmetric Q-learning": (27.0, 30.0),
    "hybrid": (49.0, 60.0),
    "RFLR": (9.0, 15.0),
    "RFLR without reward": (8.0, 15.0),
    "history kernel": (18.0, 34.0),
    "GLM-HMM": (57.0, 135.0),
    "GLM-HMM with lapses": (57.0, 145.0),
    "GLM-HMM with driven states": (70.0, 95.0),
}
# a regression, or another model of ours
REGRESSION = (4.0, 24.0)
# read-outs that learn their subject: nanoseconds of a trial, of two options and of more, and by
# square of the number of weights; runs over all trials
READOUT, READOUT_OF_MORE, BY_WEIGHTS, N_RUNS = 250.0, 4000.0, 0.25, 60
# their terms, in units of those of the history regression: more lags are as a rule chosen
LONGEST = {"history-logistic, lags chosen": (2.0, 5.0)}
# threads wait for each other, and for the last model
IN_STEP = 0.9
# bytes of the libraries, and copies of the encoded trials in every thread
LIBRARIES, COPIES = 0.5e9, 4


def expected_seconds(study, baselines, *, adaptive=False, ensemble=False):
    """Estimate what every model takes on all folds, in seconds of one core.

    Parameters
    ----------
    study : Study
    baselines : dict of str -> callable
        Models beside the AL-RNN.
    adaptive : bool
        Whether read-outs that learn their subject are fitted, too.
    ensemble : bool
        Whether they are fitted to all restarts.

    Returns
    -------
    dict of str -> float
        By model, NaN for a model of the caller.
    """
    plan, n_trials = study.plan, _trials(study)
    found = {NETWORK: _trained(study)}
    for name, baseline in baselines.items():
        if isinstance(baseline, Recurrent):
            found[name] = _grown(study, name, baseline)
        elif name == ON_REGRESSION:
            found[name] = found[NETWORK]
        elif name in FITTED or hasattr(baseline, "fit"):
            two, more = FITTED.get(name, REGRESSION)
            n_outputs = count_outputs(len(plan.pieces.labels))
            cost = two if n_outputs == 1 else more * n_outputs
            found[name] = n_trials * cost * _n_inner(plan) / 1e6
        else:
            found[name] = np.nan
    if adaptive:
        for name in found:
            n_fits = plan.n_restarts if ensemble and name in (NETWORK, ON_REGRESSION) else 1
            found[name] += (name != FREQUENCY) * n_fits * _read_out(study, name, n_trials)
    return found


def _trials(study):
    """Scored training trials of all folds."""
    scored = scored_trials(study.trials)
    return sum(int(scored[fold.train].sum()) for fold in study.folds)


def _read_out(study, name, n_trials):
    """Seconds of read-outs of a model that learn their subject."""
    n_outputs = count_outputs(len(study.plan.pieces.labels))
    n_features = 1 + len(terms_of(study)) * LONGEST.get(name, (1.0, 1.0))[n_outputs > 1]
    n_weights = 1 + n_outputs * n_features
    of_trial = READOUT if n_outputs == 1 else READOUT_OF_MORE
    return n_trials * N_RUNS * (of_trial + BY_WEIGHTS * n_weights**2) / 1e9


def _trained(study):
    """The AL-RNN: all P with all settings on inner parts, and once more in the whole."""
    plan = study.plan
    n_models = len(plan.grid) * (len(plan.settings) * _n_searched(plan) + plan.n_restarts)
    step = _step(NETWORK, plan.setting.n_latent, plan, plan.setting.batch_size)
    return (_checked(study) * n_models * step + UPDATE) * _updates(plan)


def _grown(study, name, baseline):
    """The smallest size with all settings; larger ones with one, most of them behind."""
    plan, checked = study.plan, _checked(study)
    smallest, *larger = sorted(baseline.sizes)
    n_models, batch_size = _n_searched(plan), min(baseline.settings[0].batch_size, MOST_AT_ONCE)
    n_checked = checked * (n_models * len(baseline.settings) + 1)
    total = n_checked * _step(name, smallest, plan, batch_size)
    behind = BEHIND / CHECKED * checked
    total += sum(behind * n_models * _step(name, size, plan, batch_size) for size in larger)
    total += UPDATE * (2 * checked + behind * len(larger))
    return total * _updates(plan)


def _checked(study):
    """Share of all checks that are made before training stops: more data take longer."""
    n_trials = _trials(study) / len(study.folds)
    return min(1.0, CHECKED * (n_trials / OF_TRIALS) ** 0.25)


def _n_inner(plan):
    return np.mean([len(parts) for parts in plan.inner])


def _n_searched(plan):
    """Models of a fold on inner parts, for one setting and size."""
    return plan.n_restarts * _n_inner(plan)


def _updates(plan):
    """Updates of a model in all folds, if it is trained to the end."""
    return plan.setting.max_checks * plan.setting.check_every * len(plan.folds)


def _step(name, n_latent, plan, batch_size):
    """Seconds of an update of one model."""
    n_gates, gate, weight = TRAINED[name]
    n_lanes = min(batch_size, np.mean([len(part.train) for part in plan.whole]))
    n_steps = n_lanes * plan.pieces.n_steps.mean()
    n_outputs = count_outputs(len(plan.pieces.labels))
    likelihood = ONE_OUTPUT if n_outputs == 1 else LIKELIHOOD * n_outputs
    weights = n_gates * n_latent * (n_latent + plan.pieces.inputs.shape[2])
    return VALIDATION * n_steps * (gate * n_gates + weight * weights + likelihood) / 1e9


def expected_bytes(study):
    """Estimate the most memory that is taken at once.

    Parameters
    ----------
    study : Study

    Returns
    -------
    float
    """
    data = study.sequences.inputs.nbytes + study.plan.pieces.inputs.nbytes
    return LIBRARIES + COPIES * study.engine.threads * data + study.engine.memory


def tell_expected(study, baselines, **extras):
    """Say what is fitted and what it will take.

    Parameters
    ----------
    study : Study
    baselines : dict of str -> callable
    **extras : bool
        See `expected_seconds`.

    Returns
    -------
    str
        A line for all, then models by what they take, the longest first.
    """
    engine, seconds = study.engine, expected_seconds(study, baselines, **extras)
    cores = engine.threads * (IN_STEP if engine.threads > 1 else 1.0)
    total = np.nansum(list(seconds.values())) / cores
    memory = expected_bytes(study) / 1e9
    lines = [
        f"plan: {len(seconds)} models in {len(study.folds)} folds on {engine.threads} threads; "
        f"estimate: {_minutes(total)} to the saved fit, {memory:.1f} GB of memory"
    ]
    told = {}
    for name in sorted(seconds, key=lambda name: -seconds[name]):
        told.setdefault(_minutes(seconds[name] / cores), []).append(name)
    return "\n".join([*lines, *(f"  {each}: {', '.join(names)}" for each, names in told.items())])


def _minutes(seconds):
    if np.isnan(seconds):
        return "not known"
    return "under a minute" if seconds < 60 else f"about {round(seconds / 60)} min"
