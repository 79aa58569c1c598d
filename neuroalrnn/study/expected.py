"""What a comparison will take, said before it is begun: models, minutes, memory.

Costs are those of one core of about 3 GHz, fitted to `python -m benchmarks compare`.
"""

import numpy as np

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.results.summary import NETWORK, ON_REGRESSION
from neuroalrnn.study.own import FREQUENCY
from neuroalrnn.study.recurrent import Recurrent

# nanoseconds of a step of a sequence in an update: by gate, by weight, and of the likelihood
GATE, WEIGHT, LIKELIHOOD = 12.0, 0.1, 12.0
GATES = {"GRU": 3, "LSTM": 4}
# seconds of an update beside that, for all models that are trained at once
UPDATE = 1.5e-3
# validation takes so much beside the updates; early stopping leaves such a share of all checks,
# and of networks that are behind, see `neuroalrnn.study.recurrent`
VALIDATION, CHECKED, BEHIND = 1.15, 0.6, 0.3
# microseconds by training trial and fold, all that is chosen inside included; a regression, where
# none is named
TRIAL = {
    FREQUENCY: 0.1,
    "Q-learning": 130.0,
    "asymmetric Q-learning": 130.0,
    "hybrid": 310.0,
    "history kernel": 60.0,
    "GLM-HMM": 250.0,
    "GLM-HMM with lapses": 250.0,
    "GLM-HMM with driven states": 330.0,
}
REGRESSION = 30.0
# read-outs that learn their subject, microseconds by training trial and feature
READOUT = 1.5
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
    plan, found = study.plan, {}
    n_models = len(plan.grid) * (len(plan.settings) * _n_searched(plan) + plan.n_restarts)
    step = _step(1, plan.setting.n_latent, plan, plan.setting.batch_size)
    found[NETWORK] = CHECKED * n_models * _updates(plan) * step
    scored = scored_trials(study.trials)
    n_trials = sum(int(scored[fold.train].sum()) for fold in study.folds)
    for name, baseline in baselines.items():
        if isinstance(baseline, Recurrent):
            found[name] = _gated(plan, GATES[name], baseline)
        elif name == ON_REGRESSION:
            found[name] = found[NETWORK]
        else:
            is_ours = name in TRIAL or hasattr(baseline, "fit")
            found[name] = n_trials * TRIAL.get(name, REGRESSION) / 1e6 if is_ours else np.nan
    if adaptive:
        for name in found:
            n_features = plan.setting.n_latent + len(study.encoding["inputs"])
            n_fits = plan.n_restarts if ensemble and name in (NETWORK, ON_REGRESSION) else 1
            n_fits = 0 if name == FREQUENCY else n_fits
            found[name] += n_fits * n_trials * n_features * READOUT / 1e6
    return found


def _gated(plan, n_gates, baseline):
    """The smallest size with all settings; larger ones with one, most of them behind."""
    smallest, *larger = sorted(baseline.sizes)
    n_models, batch_size = _n_searched(plan), baseline.settings[0].batch_size
    n_checked = CHECKED * (n_models * len(baseline.settings) + 1)
    total = n_checked * _step(n_gates, smallest, plan, batch_size)
    total += sum(BEHIND * n_models * _step(n_gates, size, plan, batch_size) for size in larger)
    total += UPDATE * (2 * CHECKED + BEHIND * len(larger))
    return total * _updates(plan)


def _n_searched(plan):
    """Models of a fold on inner parts, for one setting and size."""
    return plan.n_restarts * np.mean([len(parts) for parts in plan.inner])


def _updates(plan):
    """Updates of a model in all folds, if it is trained to the end."""
    return plan.setting.max_checks * plan.setting.check_every * len(plan.folds)


def _step(n_gates, n_latent, plan, batch_size):
    """Seconds of an update of one model."""
    n_lanes = min(batch_size, np.mean([len(part.train) for part in plan.whole]))
    n_steps = n_lanes * plan.pieces.n_steps.mean()
    weights = n_gates * n_latent * (n_latent + plan.pieces.inputs.shape[2])
    return VALIDATION * n_steps * (GATE * n_gates + WEIGHT * weights + LIKELIHOOD) / 1e9


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
    total = np.nansum(list(seconds.values())) / engine.threads
    memory = expected_bytes(study) / 1e9
    lines = [
        f"plan: {len(seconds)} models in {len(study.folds)} folds on {engine.threads} threads; "
        f"estimate: {_minutes(total)}, {memory:.1f} GB of memory"
    ]
    told = {}
    for name in sorted(seconds, key=lambda name: -seconds[name]):
        told.setdefault(_minutes(seconds[name] / engine.threads), []).append(name)
    return "\n".join([*lines, *(f"  {each}: {', '.join(names)}" for each, names in told.items())])


def _minutes(seconds):
    if np.isnan(seconds):
        return "not known"
    return "under a minute" if seconds < 60 else f"about {round(seconds / 60)} min"
