"""Trials of Driscoll-15: with joined steps, with new noise, and answered by a reader."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
import xarray as xr

from neuroalrnn.dissect._sets import Part
from neuroalrnn.fit import Observations
from neuroalrnn.tasks import TASKS
from neuroalrnn.tasks._suite.measures import is_performed

SUITE = TASKS["Driscoll-15"]
FIRST, SECOND, RESPONSE = 1, 3, 5
# tasks with two stimuli are learnt late: they are drawn so many times as often as the others
OFTEN = 3.0
# trials that are drawn at once
AT_ONCE = 1000


def draw_trials(n_trials, n_joined, seed, **parameters) -> xr.Dataset:
    """Draw trials, each of which has a rule and times of its own.

    Parameters
    ----------
    n_trials : int
    n_joined : int
        Steps that are joined to one.
    seed : list of int
    **parameters
        Of the suite.

    Returns
    -------
    xarray.Dataset
    """
    parts = [
        join_steps(
            SUITE.simulate(
                min(AT_ONCE, n_trials - k), rng=np.random.default_rng([*seed, k]), batch=1,
                **parameters,
            ),
            n_joined,
        )
        for k in range(0, n_trials, AT_ONCE)
    ]  # fmt: skip
    trials = xr.concat(parts, "trial", data_vars="all")
    return trials.assign_coords(trial_in_session=("trial", np.arange(n_trials)))


def join_steps(trials, n_joined) -> xr.Dataset:
    """Take the mean input of several steps, and what is asked for at the last one of them.

    Parameters
    ----------
    trials : xarray.Dataset
        Of the suite.
    n_joined : int
        Number of steps; the last ones of a trial may be fewer.

    Returns
    -------
    xarray.Dataset
    """
    if n_joined == 1:
        return trials
    start = np.arange(0, trials.sizes["time"], n_joined)
    n_steps = trials["n_steps"].values
    after = np.minimum(start + n_joined, n_steps[:, None])
    n_real = np.maximum(after - start, 1)
    rows, last = np.arange(len(n_steps))[:, None], np.maximum(after, 1) - 1
    found = trials.isel(time=start)
    exists = start < n_steps[:, None]
    summed = np.add.reduceat(trials["inputs"].values, start, axis=1)
    found["inputs"] = found["inputs"].copy(data=summed / n_real[..., None])
    for name in ("target", "weight", "scored", "epoch"):
        values = trials[name].values[rows, last]
        shape = exists.reshape(*exists.shape, *[1] * (values.ndim - 2))
        absent = -1 if name == "epoch" else 0
        found[name] = found[name].copy(data=np.where(shape, values, absent).astype(values.dtype))
    found["n_steps"] = found["n_steps"].copy(data=-(-n_steps // n_joined))
    return found.assign_attrs(dt=trials.attrs["dt"] * n_joined)


@dataclass(frozen=True)
class Pool:
    """Trials without noise, which gets added anew whenever one is met.

    Parameters
    ----------
    trials : xarray.Dataset
    noise : float
        Standard deviation of every input at every step.
    """

    trials: xr.Dataset
    noise: float

    @cached_property
    def known(self) -> Observations:
        """All trials, without noise."""
        return Part(self.trials).observations("float32")

    @cached_property
    def chances(self) -> np.ndarray:
        """Cumulative probability of each trial to be drawn."""
        is_hard = ["dm" in rule for rule in self.trials["rule"].values]
        weight = np.where(is_hard, OFTEN, 1.0)
        return np.cumsum(weight)[:-1] / weight.sum()

    def draw(self, n_trials, rng, source) -> Observations:
        """Draw trials, longest first.

        Parameters
        ----------
        n_trials : int
        rng : numpy.random.Generator
        source : torch.Generator
            Of the noise.

        Returns
        -------
        Observations
        """
        known = self.known
        index = torch.as_tensor(np.searchsorted(self.chances, rng.random(n_trials)))
        index = index[torch.argsort(known.n_steps[index], descending=True, stable=True)]
        index = torch.cat([index, torch.tensor([-1])])
        n_steps = known.n_steps[index]
        inputs = known.inputs[:, : n_steps[0]][index]
        exists = torch.arange(inputs.shape[1]) < n_steps[:, None]
        noise = self.noise * torch.randn(inputs.shape, generator=source)
        n_read = int((known.read_steps < n_steps[0]).sum())
        return replace(
            known,
            inputs=inputs + noise * exists[..., None],
            choice=known.choice[:n_read][:, index],
            scored=known.scored[:n_read][:, index],
            n_scored=known.n_scored[index],
            read_steps=known.read_steps[:n_read],
            n_steps=n_steps,
            subject=known.subject[index],
            values={name: each[:n_read][:, index] for name, each in known.values.items()},
        )


def score_rules(trials, outputs) -> dict[str, float]:
    """Score trials of every rule.

    Parameters
    ----------
    trials : xarray.Dataset
    outputs : array, shape (trial, step, output)

    Returns
    -------
    dict of str to float
        Share of trials that end with the right response, or with fixation where it is to be kept.
    """
    right, rule = is_performed(trials, outputs), trials["rule"].values
    return {name: float(right[rule == name].mean()) for name in trials["feature"].values[5:]}


def read_answers(trials) -> np.ndarray:
    """Answer from the noisy inputs alone, as a reader who knows rules and times would.

    Parameters
    ----------
    trials : xarray.Dataset
        Of the suite.

    Returns
    -------
    array, shape (trial, step, output)
        The same at all steps: fixation, and the sine and cosine of the response.
    """
    rule = trials["rule"].values
    first, second, late = (_mean_inputs(trials, [each]) for each in (FIRST, SECOND, RESPONSE))
    throughout, angle = _mean_inputs(trials, [FIRST, RESPONSE]), np.zeros(len(rule))
    fixates = np.zeros(len(rule), dtype=bool)
    for name in np.unique(rule):
        own = rule == name
        if "dm" not in name:
            shown = {"fd": throughout, "re": late, "de": first}[name[:2]][own]
            angle[own] = _angle(_stronger(shown)) + np.pi * name.endswith("anti")
        elif "delay" in name:
            pair = np.stack([first[own], second[own]], axis=1)
            seen = pair.sum(axis=2) if name.startswith("multi") else pair[:, :, int(name[-1]) - 1]
            angle[own] = _angle(_stronger(seen))
        else:
            sample, test = _angle(_stronger(first[own])), _angle(_stronger(late[own]))
            same = (sample < np.pi) == (test < np.pi)
            if name.startswith("dms"):
                # angles that differ do so by pi / 9 at least
                same = np.abs((sample - test + np.pi) % (2 * np.pi) - np.pi) < np.pi / 18
            angle[own], fixates[own] = test, same == name.endswith("nogo")
    answer = np.stack([0.8 * fixates, np.sin(angle), np.cos(angle)], axis=-1)
    return np.broadcast_to(answer[:, None], trials["target"].shape)


def _mean_inputs(trials, epochs):
    """Mean (trial, ring, sine and cosine) over epochs; NaN in trials without them."""
    counts = np.isin(trials["epoch"].values, epochs)
    with np.errstate(invalid="ignore"):
        mean = np.einsum("nt,ntf->nf", counts, trials["inputs"].values) / counts.sum(1)[:, None]
    return mean[:, 1:5].reshape(-1, 2, 2)


def _stronger(pair):
    """The longer one of two vectors, shape (trial, vector, 2)."""
    return pair[np.arange(len(pair)), np.linalg.norm(pair, axis=-1).argmax(axis=1)]


def _angle(vector):
    return np.arctan2(vector[:, 0], vector[:, 1]) % (2 * np.pi)
