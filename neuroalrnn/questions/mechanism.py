"""The mechanism of a fit as tidy tables: what each regime computes, and what breaks without it.

Networks are those of the folds, looked at on the subjects that they never saw. Units and regimes of
different folds are those of different networks: codes are sign patterns, comparable within a fold.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.behaviour.triggered import compute_triggered_averages
from neuroalrnn.mechanism.ablation.ablate import ablate_units, train_costs, unit_sets
from neuroalrnn.mechanism.ablation.order import count_necessary, replace_greedily, sizes_at_once
from neuroalrnn.mechanism.ablation.summarise import compare_costs, summarise_map
from neuroalrnn.mechanism.classes import compute_held_out_classes
from neuroalrnn.mechanism.dynamics.attractors import compute_attractors
from neuroalrnn.mechanism.dynamics.fixed_points import MOST_EXHAUSTIVE, compute_fixed_points
from neuroalrnn.mechanism.dynamics.growth import compute_functional_growth, compute_path_growth
from neuroalrnn.mechanism.dynamics.lyapunov import compute_lyapunov
from neuroalrnn.mechanism.dynamics.portrait import Portrait, compute_portrait
from neuroalrnn.mechanism.inputs import compute_gains, compute_horizons, compute_selection
from neuroalrnn.questions.tables import Tables, describe_missing, make_tables
from neuroalrnn.regimes import (
    ABSENT,
    compute_coverage,
    compute_regimes,
    used_regimes,
)
from neuroalrnn.regimes.boundaries import compute_boundary_distance, compute_fragile_share
from neuroalrnn.regimes.entropy import compute_entropies, summarise_entropies
from neuroalrnn.regimes.replication import independent_groups
from neuroalrnn.regimes.transitions import compute_regime_graph
from neuroalrnn.results.fold import label_steps
from neuroalrnn.running import attempt

N_LAGS = 10
LONGEST = 25
N_PATHS = 12
REPLACEMENTS = ("affine", "zero")


@dataclass(frozen=True)
class Mechanism:
    """What a fit computes, and with what.

    Attributes
    ----------
    tables : Tables
        See `take_apart`.
    triggered : xarray.Dataset or None
        Outcomes around switches, see `compute_triggered_averages`.
    example : str
        The fold with most held-out steps, whose network is drawn.
    labels : dict of int -> int
        Label of each code of that network, as in `HeldOutRegimes`.
    portrait : Portrait or None
        That network on its held-out trials, under the mean input of the first step of a trial.
    notes : list of str
        What could not be computed, and why.
    """

    tables: Tables
    triggered: xr.Dataset | None
    example: str
    labels: dict
    portrait: Portrait | None
    notes: list


class View(NamedTuple):
    """A fold's network on its held-out sequences."""

    network: object
    sequences: object
    latents: np.ndarray
    codes: np.ndarray
    regimes: xr.DataArray
    trials: xr.Dataset
    carry: str


def take_apart(fit, held_out, *, conditions=(), progress=False):
    """Take the network of every fold apart, and find what its held-out subjects need of it.

    Parameters
    ----------
    fit : Fit
    held_out : HeldOutRegimes
        From `compute_held_out_regimes`.
    conditions : sequence of str
        Trial variables that split the ablation map.
    progress : bool
        Show a progress bar over tables.

    Returns
    -------
    Mechanism
        Tables, per fold: ``coverage`` (regimes by use), ``regime_graph``, ``fixed_points`` and
        ``attractors`` (for the mean input of each step of a trial, held constant),
        ``lyapunov``, ``path_growth``, ``functional_growth``, ``gains``, ``horizons``,
        ``selection`` (modes slow over a trial or not), ``ablation``, ``greedy``, ``necessary``,
        ``ablation_map``. Over subjects: ``entropies``, ``fragile_share``, ``dynamical_classes``,
        ``ablation_tests`` (subjects who share a stimulus order count once, by their mean). What is
        not testable is absent, and told in the notes.
    """
    views = {fold.name: _view(fit, fold) for fold in fit.folds if len(fold.test.n_steps)}
    jobs = _jobs(fit, held_out, views, list(conditions))
    tables = make_tables(jobs, prefix="mechanism_", progress=progress)
    triggered = tables.pop("behaviour_around_switches", None)
    example = max(views, key=lambda name: views[name].sequences.n_steps.sum())
    labels = _labels(fit, held_out, example)
    portrait, reason = attempt(lambda: _portrait(views[example], labels), "state space")
    tables.reasons |= {"state_space": reason} if reason else {}
    notes = describe_missing(tables.reasons)
    return Mechanism(tables, triggered, example, labels, portrait, notes)


def _jobs(fit, held_out, views, conditions):
    """What is to be computed, by name."""
    carry, units = fit.carry, {"replacements": REPLACEMENTS, "by": conditions}
    return {name: partial(_over_folds, views, describe) for name, describe in PER_FOLD.items()} | {
        "entropies": lambda: summarise_entropies(
            compute_entropies(held_out.regimes, fit.trials, carry=carry)
        ),
        "fragile_share": lambda: compute_fragile_share(
            compute_boundary_distance(fit), fit.trials, by=("step",)
        ),
        "dynamical_classes": partial(compute_held_out_classes, fit),
        ("ablation", "ablation_tests", "ablation_map"): partial(_ablation, fit, **units),
        ("greedy", "necessary"): partial(_greedy, fit),
        "behaviour_around_switches": partial(compute_triggered_averages, fit, held_out.regimes),
    }


def _ablation(fit, *, replacements, by):
    """Costs of replacing each unit, their tests over subjects, and their map.

    One run over the training subjects serves both the rank of units and their order.
    """
    for fold in fit.folds:
        n_pwl = fold.network.n_pwl
        in_order = unit_sets(n_pwl, replacements[:1], sizes_at_once(n_pwl))
        train_costs(fold, [*unit_sets(n_pwl, replacements), *in_order])
    costs = ablate_units(fit, replacements=replacements, by=by)
    # subjects with one stimulus order share inputs and network: their mean counts once
    groups = costs["subject"].astype(str).map(independent_groups(fit))
    tests = compare_costs(costs.assign(subject=groups), ["replacement", "rank", "epoch"])
    return costs, tests, summarise_map(costs)


def _greedy(fit):
    costs = replace_greedily(fit, replacements=REPLACEMENTS[:1])
    return costs, count_necessary(costs)


def _labels(fit, held_out, name):
    """Label of each code of a fold."""
    codes = held_out.codes[held_out.codes["fold"] == name]
    return dict(zip(codes["code"], codes["regime"], strict=True))


def _portrait(view, labels):
    trial = view.sequences.trial
    first = np.unique(trial[trial >= 0])[:N_PATHS]
    trials = view.sequences.to_trials(view.latents)[first]
    inputs, names = mean_inputs(view.sequences)[0], view.sequences.features
    return compute_portrait(
        view.network, view.latents, paths=trials, inputs=inputs, features=names, labels=labels
    )


def _over_folds(views, describe):
    """A table of every network by itself, the fold in front."""
    parts = {fold: describe(view) for fold, view in views.items()}
    return pd.concat(parts, names=["fold"]).reset_index("fold").reset_index(drop=True)


def _view(fit, fold):
    network, sequences = fold.network, fold.test
    latents = fold.test_latents
    codes = compute_regimes(latents, network.n_pwl)
    values = np.where(codes == ABSENT, np.nan, codes)
    regimes = label_steps(fit, sequences, values, name="regime").fillna(ABSENT).astype(int)
    return View(network, sequences, latents, codes, regimes, fit.trials, fit.carry)


def mean_inputs(sequences):
    """Mean input of every step of a trial.

    Parameters
    ----------
    sequences : Sequences

    Returns
    -------
    array, shape (step of a trial, feature)
    """
    at = sequences.step_in_trial
    return np.stack([sequences.inputs[at == step].mean(axis=0) for step in np.unique(at[at >= 0])])


def _coverage(view):
    return compute_coverage(view.codes, view.network.n_pwl)


def _graph(view):
    return compute_regime_graph(view.regimes, view.trials, carry=view.carry)


def _fixed_points(view):
    used = view.codes if view.network.n_pwl > MOST_EXHAUSTIVE else None
    found = compute_fixed_points(view.network, inputs=mean_inputs(view.sequences), regimes=used)
    names = ["kind", "is_real", "margin", "spectral_radius", "n_unstable"]
    table = found[names].to_dataframe().reset_index()
    table = table[np.isin(table["code"], used_regimes(view.codes)) | table["is_real"]]
    return _named_steps(table, view).reset_index(drop=True)


def _attractors(view):
    codes = used_regimes(view.codes)
    found = compute_attractors(
        view.network, codes, inputs=mean_inputs(view.sequences), latents=view.latents
    )
    return _named_steps(found.table, view)


def _named_steps(table, view):
    names = [str(name) for name in view.sequences.steps]
    steps = pd.Categorical.from_codes(table["condition"], names, ordered=True)
    return table.assign(step=steps).drop(columns="condition")


def _lyapunov(view):
    return compute_lyapunov(view.network, view.codes)


def _path_growth(view):
    return compute_path_growth(view.network, view.codes, N_LAGS)


def _functional_growth(view):
    found = compute_functional_growth(view.network, used_regimes(view.codes), N_LAGS)
    return _named_features(found, view)


def _gains(view):
    return _named_features(compute_gains(view.network, view.codes, N_LAGS), view)


def _horizons(view):
    return _named_features(compute_horizons(view.network, view.codes, LONGEST), view)


def _selection(view):
    n_steps = len(view.sequences.steps)
    found = compute_selection(view.network, used_regimes(view.codes), n_steps)
    return _named_features(found, view)


def _named_features(table, view):
    names = np.array([str(name) for name in view.sequences.features])
    table.insert(1, "input", names[table["feature"]])
    return table


PER_FOLD = {
    "coverage": _coverage,
    "regime_graph": _graph,
    "fixed_points": _fixed_points,
    "attractors": _attractors,
    "lyapunov": _lyapunov,
    "path_growth": _path_growth,
    "functional_growth": _functional_growth,
    "gains": _gains,
    "horizons": _horizons,
    "selection": _selection,
}
