"""Reconstruct a dynamical system: train AL-RNNs on continuous series with teacher forcing."""

import math
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch

from neuroalrnn.exceptions import ConfigError, DataError, problems
from neuroalrnn.fit.optimise import Adam
from neuroalrnn.model.alrnn import Weights, frozen_entries, stack
from neuroalrnn.model.init import CONVENTIONS, INITIALISATIONS, draw
from neuroalrnn.ops import floors
from neuroalrnn.reconstruct import forced, forcing
from neuroalrnn.reconstruct.looks import Looks

READOUTS = ("identity", "linear")
_ADAPT_EVERY = 5  # updates
_CHECK_EVERY = 100
_READ_AT_ONCE = 500  # steps of a free run


@dataclass(frozen=True)
class ReconstructionSetting:
    """One choice of hyperparameters.

    Parameters
    ----------
    n_latent, n_pwl : int
        Latents M and PWL units P.
    readout : {"identity", "linear"}
        Whether the first latents are the observations, or ``B`` and ``d`` are trained.
    forcing : {"sparse", "generalised", "none"}
    interval : int, optional
        Steps between forced ones (sparse); from the autocorrelation if not given.
    strength : float, optional
        Generalised: from 0 to 1; adapted to the Jacobians if not given.
    n_updates, batch_size, window : int
        Updates of training; stretches of the series per update; steps of a stretch.
    learning_rate, final_learning_rate, clip_norm : float
        Adam; the rate falls exponentially from the first to the second.
    initialisation : str
        One of `neuroalrnn.model.init.draw`, or "regimes" (our own): as "alrnn2024", but observed
        latents start as they are (self-slope 1), and unobserved PWL units read orthogonal
        directions of the predictions, with boundaries through their mean: every regime is visited
        from the start.
    convention : {"free", "reduced"}
    look_every, look_steps : int
        Updates between looks at free runs, and their steps; only if there is a `criterion`.
    """

    n_latent: int = 20
    n_pwl: int = 2
    readout: str = "identity"
    forcing: str = "sparse"
    interval: int | None = None
    strength: float | None = None
    n_updates: int = 10_000
    batch_size: int = 16
    window: int = 200
    learning_rate: float = 3e-3
    final_learning_rate: float = 1e-5
    clip_norm: float = 1.0
    initialisation: str = "regimes"
    convention: str = "free"
    look_every: int = 50
    look_steps: int = 6_000


@dataclass(frozen=True)
class Reconstruction:
    """Trained models, one per restart, and the way there.

    Parameters
    ----------
    weights : Weights
        float64, with a model axis, for standardised data; ``C`` and ``z_0`` make the first latents
        of the first observation, see `neuroalrnn.reconstruct.forced`.
    n_pwl : Tensor of int, shape (model,)
    mean, sd : array, shape (dimension,)
        Of the training series: what standardised it.
    loss : array, shape (model, check)
        Mean squared error of the unforced predictions (standardised), per 100 updates.
    diverged : bool array, shape (model,)
        Restarts whose last parameters or last loss are not finite.
    interval : int or None
        Steps between forced ones, where forcing was sparse.
    kept_at : int array, shape (model,)
        Updates after which the weights were as they are here.
    criterion : array, shape (model,)
        What it was then, NaN where there is none.
    """

    weights: Weights
    n_pwl: torch.Tensor
    mean: np.ndarray
    sd: np.ndarray
    loss: np.ndarray
    diverged: np.ndarray
    interval: int | None
    kept_at: np.ndarray
    criterion: np.ndarray

    @torch.no_grad()
    def free_run(self, start, n_steps):
        """Let all models run on from given observations, without forcing.

        Parameters
        ----------
        start : array, shape (start, dimension)
            Observations of step 0.
        n_steps : int

        Returns
        -------
        array, shape (model, start, step, dimension)
            Predictions of steps 1..n, in the units of the series; not finite where a model runs
            away.
        """
        a, W, C, h, z_0, B, d = self.weights
        observed = torch.as_tensor((np.asarray(start, float) - self.mean) / self.sd)
        z = observed @ C.mT + z_0[:, None]
        floor = floors(self.n_pwl, a.shape[1], dtype=a.dtype)[:, None]
        a, W, h = a[:, None], W.mT, h[:, None]
        found = z.new_empty(n_steps, *z.shape[:2], B.shape[1])
        for part in found.split(_READ_AT_ONCE):
            latents = []
            for _ in range(len(part)):
                z = torch.baddbmm(torch.addcmul(h, a, z), torch.maximum(z, floor), W)
                latents.append(z)
            part[:] = torch.stack(latents) @ B.mT + d[:, None]
        with np.errstate(over="ignore"):
            return found.permute(1, 2, 0, 3).numpy() * self.sd + self.mean


def reconstruct(
    series, setting=None, *, n_restarts=10, random_state=0, threads=1, likelihood="gaussian",
    criterion=None,
):  # fmt: skip
    """Train AL-RNNs on continuous series, all restarts at once.

    The loss is the mean squared error of the unforced predictions (a Gaussian log-likelihood with
    one fixed variance). Every restart has its own random stream: it learns what it learns alone.

    Parameters
    ----------
    series : array, shape (step, dimension), or list of such
        Recordings at equal time steps; they are standardised together, never joined.
    setting : ReconstructionSetting, optional
    n_restarts : int
    random_state : int
    threads : int
    likelihood : str
        Of the observations. Only "gaussian" is continuous.
    criterion : callable, optional
        ``criterion(run)`` of a free run (step, dimension) in the units of the series, the lower the
        better, such as `neuroalrnn.reconstruct.measures.BinnedReference` of the same series
        (joined). Runs that leave or stand still are infinitely bad without being asked about.
        Every restart then keeps the weights whose free runs had the lowest mean: a low error a few
        steps ahead does not say that a model run freely stays where the system is. Without it those
        of the last update are kept.

    Returns
    -------
    Reconstruction

    Raises
    ------
    DataError
        If a series is discrete, not finite, too short, or constant in a dimension.
    ConfigError
        If a setting is impossible, or the likelihood is discrete.
    """
    setting = setting or ReconstructionSetting()
    _check_setting(setting, n_restarts, likelihood)
    if not (criterion is None or callable(criterion)):
        raise ConfigError(f"criterion: found {criterion!r}, expected a function of a free run")
    series = _as_list(series, setting.window)
    mean, sd = _moments(series)
    scaled = [(each - mean) / sd for each in series]
    interval = setting.interval
    if setting.forcing == "sparse" and interval is None:
        interval = min(forcing.choose_interval(each) for each in scaled)
    seeds = np.random.SeedSequence(random_state).spawn(n_restarts)
    run = _Training(scaled, setting, interval, seeds, threads)
    looks = None if criterion is None else Looks(criterion, series, setting.look_steps)
    for done in range(1, setting.n_updates + 1):
        run.update()
        if looks is not None and (done % setting.look_every == 0 or done == setting.n_updates):
            looks.look(run.result(mean, sd))
    result = run.result(mean, sd)
    return result if looks is None else looks.best(result)


class _Training:
    """State of all restarts while they train."""

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
            return forcing.sparse(n_steps, self.interval).expand(n_models, -1)
        given = 1.0 if self.setting.strength is None else self.setting.strength
        given = 0.0 if self.setting.forcing == "none" else given
        return forcing.generalised(n_steps, torch.full((n_models,), given))

    def update(self):
        """One step of Adam of every restart."""
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
        latents = forced.compute_latents(weights, self.n_pwl, self.series, start, self.strength)
        estimate = forcing.estimate_strength(weights, self.n_pwl, latents)
        strength = forcing.adapt_strength(self.strength[:, 0], estimate)
        self.strength = forcing.generalised(self.setting.window, strength)

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
    """Updates in which the learning rate halves on its way from the first to the final one."""
    fall = math.log2(setting.learning_rate / setting.final_learning_rate)
    return setting.n_updates / fall if fall else math.inf


def _choose_scan(threads):
    """The fast forced scan, or the oracle where numba is not installed."""
    if find_spec("numba") is None:
        return forced.scan
    from neuroalrnn.reconstruct import forced_numba

    return partial(forced_numba.scan, threads=threads)


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
    """Observed latents keep what they hold; the others with a ReLU read directions of the data."""
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
    """With the identity read-out, all that says that the first latents are the observations."""
    frozen = frozen_entries(weights, n_pwl, setting.convention)
    if setting.readout == "identity":
        n_outputs = weights.readout.shape[1]
        for part in (frozen.readout, frozen.offset):
            part[:] = True
        for part in (frozen.input_weight, frozen.initial):
            part[:, :n_outputs] = True
    return frozen


def _as_list(series, window):
    """Checked float arrays (step, dimension)."""
    is_list = isinstance(series, list | tuple)
    series = [np.asarray(each) for each in (series if is_list else [series])]
    found = [text for k, each in enumerate(series) for text in _faults(each, f"[{k}]", window)]
    if not series or len({each.shape[1:] for each in series}) > 1:
        found.append("expected at least one, all of the same dimensions")
    if found:
        raise problems(DataError, "series", found)
    return [each.astype(float) for each in series]


def _faults(series, name, window):
    if series.ndim != 2:
        yield f"{name}: shape {series.shape}, expected (step, dimension)"
    elif series.dtype.kind != "f":
        yield f"{name}: {series.dtype}, expected continuous observations; cast if they are"
    elif not np.isfinite(series).all():
        yield f"{name}: not finite at {np.argwhere(~np.isfinite(series))[0].tolist()}; cut there"
    elif len(series) <= window:
        yield f"{name}: {len(series)} steps, expected more than window = {window}"


def _moments(series):
    joined = np.concatenate(series)
    if (np.ptp(joined, axis=0) == 0).any():
        raise DataError("series: constant in a dimension; leave it out")
    return joined.mean(0), joined.std(0)


def _check_setting(setting, n_restarts, likelihood):
    forcing.check_likelihood(setting.forcing, likelihood)
    known = {
        "readout": READOUTS,
        "forcing": forcing.FORCINGS,
        "initialisation": (*INITIALISATIONS, "regimes"),
        "convention": CONVENTIONS,
    }
    found = [
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
    found += [
        f"{name} = {value}: expected at least 1" for name, value in counts.items() if value < 1
    ]
    if not 0 <= setting.n_pwl <= setting.n_latent:
        found.append(f"n_pwl = {setting.n_pwl}: expected 0 to n_latent = {setting.n_latent}")
    if setting.strength is not None and not 0 <= setting.strength <= 1:
        found.append(f"strength = {setting.strength}: expected 0 to 1")
    if found:
        raise problems(ConfigError, "ReconstructionSetting", found)
