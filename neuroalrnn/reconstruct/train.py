"""Training of AL-RNNs on continuous series with teacher forcing."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import ConfigError, problems
from neuroalrnn.fit import Adam
from neuroalrnn.model import CONVENTIONS, INITIALISATIONS, draw, frozen_entries, stack
from neuroalrnn.ops import Weights
from neuroalrnn.reconstruct import _forced, _forcing
from neuroalrnn.reconstruct._looks import Looks
from neuroalrnn.reconstruct._series import check_series, moments
from neuroalrnn.reconstruct.result import Reconstruction
from neuroalrnn.reconstruct.setting import ReconstructionSetting

READOUTS = ("identity", "linear")
_ADAPT_EVERY = 5  # updates
_CHECK_EVERY = 100  # updates


def reconstruct(
    series: ArrayLike | Sequence[ArrayLike],
    setting: ReconstructionSetting | None = None,
    *,
    n_restarts: int = 10,
    random_state: int = 0,
    threads: int = 1,
    likelihood: str = "gaussian",
    criterion: Callable[[np.ndarray], float] | None = None,
) -> Reconstruction:
    """Train AL-RNNs on continuous series, all restarts at once.

    The loss is the mean squared error of the unforced predictions, which is a Gaussian
    log-likelihood with one fixed variance. Every restart has a random stream of its own, and learns
    what it would learn alone.

    Parameters
    ----------
    series : array, shape (step, dimension), or list of such
        Recordings at equal time steps. They are standardised together; no stretch of training
        reaches from one to the next.
    setting : ReconstructionSetting, optional
        Hyperparameters; the defaults without it.
    n_restarts : int
        Number of random initialisations.
    random_state : int
        Seed of all restarts.
    threads : int
        Number of threads that share the restarts; it changes no result.
    likelihood : str
        Likelihood of the observations: "gaussian". Any other is refused, as forcing pulls latents
        towards continuous observations.
    criterion : callable, optional
        ``criterion(run)`` scores a free run (step, dimension) in the units of the series, such as
        `BinnedReference` of the same series (joined); lower is better. Runs that leave or stand
        still are infinitely bad, and the criterion does not see them. Every restart then keeps the
        weights whose free runs had the lowest mean score: a low error a few steps ahead does not
        mean that a model that runs freely stays where the system is. Without a criterion, the
        weights of the last update are kept.

    Returns
    -------
    Reconstruction
        The trained models.

    Raises
    ------
    DataError
        If a series is discrete, not finite, too short, or constant in a dimension.
    ConfigError
        If a setting is impossible, the observations are discrete, or the criterion is no function.
    """
    setting = setting or ReconstructionSetting()
    _check_setting(setting, n_restarts, likelihood)
    if not (criterion is None or callable(criterion)):
        raise ConfigError(f"criterion: found {criterion!r}, expected a function of a free run")
    recordings = check_series(series, setting.window)
    mean, sd = moments(recordings)
    scaled = [(each - mean) / sd for each in recordings]
    interval = setting.interval
    if setting.forcing == "sparse" and interval is None:
        interval = min(_forcing.choose_interval(each) for each in scaled)
    seeds = np.random.SeedSequence(random_state).spawn(n_restarts)
    run = _Training(scaled, setting, interval, seeds, threads)
    looks = None if criterion is None else Looks(criterion, recordings, setting.look_steps)
    for done in range(1, setting.n_updates + 1):
        run.update()
        if looks is not None and (done % setting.look_every == 0 or done == setting.n_updates):
            looks.look(run.result(mean, sd))
    result = run.result(mean, sd)
    return result if looks is None else looks.best(result)


class _Training:
    """All restarts while they train."""

    def __init__(self, scaled, setting, interval, seeds, threads):
        self.setting, self.interval = setting, interval
        self.rngs = [np.random.default_rng(seed) for seed in seeds]
        self.series = torch.as_tensor(np.concatenate(scaled), dtype=torch.float32)
        ends = np.cumsum([len(each) for each in scaled])
        self.starts = np.concatenate(
            [
                np.arange(end - len(each), end - setting.window)
                for each, end in zip(scaled, ends, strict=True)
            ]
        )
        self.n_pwl = torch.full((len(seeds),), setting.n_pwl)
        self.scan = _choose_scan(threads)
        self.strength = self._first_strength()
        weights = stack([_draw(setting, self.series.shape[1], rng) for rng in self.rngs])
        self.optimiser = Adam(
            weights,
            frozen=_frozen(weights, self.n_pwl, setting),
            decayed=frozen_entries(weights, self.n_pwl, "free"),
            learning_rate=setting.learning_rate,
            halving=_halving(setting),
            clip_norm=setting.clip_norm,
            weight_decay=0,
            averaging=0,
        )
        self.losses = np.empty((len(seeds), setting.n_updates), np.float32)

    def _first_strength(self):
        n_models, n_steps = len(self.n_pwl), self.setting.window
        if self.setting.forcing == "sparse":
            return _forcing.sparse(n_steps, self.interval).expand(n_models, -1)
        given = 1.0 if self.setting.strength is None else self.setting.strength
        given = 0.0 if self.setting.forcing == "none" else given
        return _forcing.generalised(n_steps, torch.full((n_models,), given))

    def update(self):
        """Take one step of Adam in every restart."""
        setting, done = self.setting, self.optimiser.n_updates
        start = [rng.choice(self.starts, setting.batch_size) for rng in self.rngs]
        start = torch.as_tensor(np.stack(start))
        adapts = setting.forcing == "generalised" and setting.strength is None
        if adapts and done % _ADAPT_EVERY == 0:
            self._adapt(start)
        self.losses[:, done] = -self.optimiser.update(partial(self._score, start=start))

    def _score(self, weights, start):
        error = self.scan(weights, self.n_pwl, self.series, start, self.strength)
        return -error.square().mean((1, 2, 3))

    def _adapt(self, start):
        weights = self.optimiser.averaged()
        latents = _forced.compute_latents(weights, self.n_pwl, self.series, start, self.strength)
        estimate = _forcing.estimate_strength(weights, self.n_pwl, latents)
        strength = _forcing.adapt_strength(self.strength[:, 0], estimate)
        self.strength = _forcing.generalised(self.setting.window, strength)

    def result(self, mean, sd):
        done = self.optimiser.n_updates
        checks = np.array_split(self.losses[:, :done], -(-done // _CHECK_EVERY), axis=1)
        loss = np.stack([check.mean(1) for check in checks], axis=1)
        diverged = ~(self.optimiser.is_finite() & np.isfinite(loss[:, -1]))
        weights = Weights(*(part.double() for part in self.optimiser.averaged()))
        return Reconstruction(
            weights, self.n_pwl, mean, sd, loss, diverged, self.interval,
            kept_at=np.full(len(loss), done), criterion=np.full(len(loss), np.nan),
        )  # fmt: skip


def _halving(setting):
    """Number of updates after which the learning rate has halved, to end at the final rate."""
    fall = math.log2(setting.learning_rate / setting.final_learning_rate)
    return setting.n_updates / fall if fall else math.inf


def _choose_scan(threads):
    """Choose the fast forced scan, or the oracle where numba is not installed."""
    if find_spec("numba") is None:
        return _forced.scan
    from neuroalrnn.reconstruct import _forced_numba

    return partial(_forced_numba.scan, threads=threads)


def _draw(setting, n_outputs, rng):
    recipe = "alrnn2024" if setting.initialisation == "regimes" else setting.initialisation
    weights = draw(
        setting.n_latent, setting.n_pwl, n_outputs, initialisation=recipe,
        convention=setting.convention, memory=setting.window, offset=np.zeros(n_outputs), rng=rng,
    )  # fmt: skip
    if setting.readout == "identity":
        weights.readout[:] = torch.eye(n_outputs, setting.n_latent)
        weights.input_weight[:n_outputs] = torch.eye(n_outputs)
    if setting.initialisation == "regimes":
        _split_by_regimes(weights, setting, n_outputs, rng)
    return Weights(*(part.float() for part in weights))


def _split_by_regimes(weights, setting, n_outputs, rng):
    """Let observed latents keep what they hold, and other PWL units read directions of the data."""
    slope, weight, _, _, _, readout, _ = weights
    first_pwl = setting.n_latent - setting.n_pwl
    if setting.readout == "identity":
        kept = slope if setting.convention == "free" else weight.diagonal()
        kept[: min(n_outputs, first_pwl)] = 1
        first_pwl = max(first_pwl, n_outputs)
    n_units = setting.n_latent - first_pwl
    n_squares = -(-n_units // n_outputs)
    directions, _ = np.linalg.qr(rng.standard_normal((n_squares, n_outputs, n_outputs)))
    slope[first_pwl:] = 0
    weight[first_pwl:] = torch.from_numpy(directions.reshape(-1, n_outputs)[:n_units]) @ readout


def _frozen(weights, n_pwl, setting):
    """Freeze, with the identity read-out, what makes the first latents the predictions."""
    frozen = frozen_entries(weights, n_pwl, setting.convention)
    if setting.readout == "identity":
        n_outputs = weights.readout.shape[1]
        for part in (frozen.readout, frozen.offset):
            part[:] = True
        for part in (frozen.input_weight, frozen.initial):
            part[:, :n_outputs] = True
    return frozen


def _check_setting(setting, n_restarts, likelihood):
    _forcing.check_likelihood(setting.forcing, likelihood)
    known = {
        "readout": READOUTS,
        "forcing": _forcing.FORCINGS,
        "initialisation": (*INITIALISATIONS, "regimes"),
        "convention": CONVENTIONS,
    }
    faults = [
        f"{name} = {getattr(setting, name)!r}: expected {', '.join(values)}"
        for name, values in known.items()
        if getattr(setting, name) not in values
    ]
    counts = {
        name: getattr(setting, name) for name in ("n_latent", "n_updates", "batch_size", "window")
    }
    counts |= {
        "look_every": setting.look_every,
        "look_steps": setting.look_steps,
        "n_restarts": n_restarts,
        "interval": 1 if setting.interval is None else setting.interval,
    }
    faults += [
        f"{name} = {value}: expected at least 1" for name, value in counts.items() if value < 1
    ]
    if not 0 <= setting.n_pwl <= setting.n_latent:
        faults.append(f"n_pwl = {setting.n_pwl}: expected 0 to n_latent = {setting.n_latent}")
    if setting.strength is not None and not 0 <= setting.strength <= 1:
        faults.append(f"strength = {setting.strength}: expected 0 to 1")
    if faults:
        raise problems(ConfigError, "ReconstructionSetting", faults)
