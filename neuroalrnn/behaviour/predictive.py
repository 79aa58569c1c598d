"""Posterior predictive checks: do simulated subjects behave as the real ones do?"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, optional, table
from neuroalrnn.behaviour.signatures import (
    COLUMNS,
    LONGEST_RUN,
    accuracy_around,
    accuracy_by,
    learning_curve,
    psychometric_curve,
    repetition,
    rt_quantiles,
    run_lengths,
    stay_by_transition,
    win_stay,
)
from neuroalrnn.data.schema import is_after_choice, not_trials, scored_trials
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.results.checks import not_signatures, not_simulations

FEWEST_REPEATS = 39
BAND = (0.025, 0.975)
_POINT = ["signature", "quantity", "x_name", "curve", "x"]


@dataclass(frozen=True)
class Signature:
    """One panel of behaviour.

    Attributes
    ----------
    name, x, quantity : str
        Title; what runs along the axis; what is measured, with its unit.
    compute : callable
        Trials to a table with the columns ``curve, x, subject, value, n_trials``.
    """

    name: str
    x: str
    quantity: str
    compute: Callable


def signatures_for(trials):
    """Signatures that a dataset has the variables for.

    Parameters
    ----------
    trials : xarray.Dataset
        ``attrs["analysis"]`` may name the rule. Of a simulation, what was not simulated does not
        count, such as response times, or rewards of a task that says nothing of them.

    Returns
    -------
    list of Signature
    """
    rule = json.loads(trials.attrs.get("analysis", "{}")).get("rule")
    rule = rule if rule in trials else None
    found = _by_stimuli(trials, rule)
    by_stimulus = bool(found) or "congruent" in trials
    if _is_known(trials, "correct"):
        found += _by_congruency(trials) if "congruent" in trials else []
        found.append(_LEARNING if rule is None else _around_changes(trials, rule))
    if _is_known(trials, "reward"):
        found.append(_STAY_BY_TRANSITION if "common" in trials else _WIN_STAY)
    # where stimuli decide, the repetition of choices is that of stimuli
    found += [] if by_stimulus else [_RUN_LENGTHS, _REPETITION]
    if _is_known(trials, "rt"):
        found.append(Signature("response times", "quantile", "response time (s)", rt_quantiles))
    return found


def _is_known(trials, name):
    """Whether a number is there on a scored trial."""
    return name in trials and np.isfinite(trials[name].values[scored_trials(trials)]).any()


def compute_signatures(trials, signatures=None):
    """All signatures of a dataset in one tidy table.

    Parameters
    ----------
    trials : xarray.Dataset
    signatures : list of Signature, optional
        Default `signatures_for`.

    Returns
    -------
    pandas.DataFrame
        Columns ``signature, quantity, x_name, curve, x, subject, value, n_trials``.
    """
    parts = []
    for each in signatures_for(trials) if signatures is None else signatures:
        table = each.compute(trials).astype({"curve": str, "x": object})
        names = {"signature": each.name, "quantity": each.quantity, "x_name": each.x}
        parts.append(table.assign(**names)[[*names, *COLUMNS]])
    return pd.concat(parts, ignore_index=True)


@checked(DataError, real=not_trials, simulated=not_simulations, signatures=optional(not_signatures))
def compare_signatures(
    real: xr.Dataset,
    simulated: Sequence[xr.Dataset],
    signatures: Sequence[Signature] | None = None,
) -> pd.DataFrame:
    """Compare signatures of subjects with those of simulated repeats of the experiment.

    Parameters
    ----------
    real : xarray.Dataset
        Trials of the subjects.
    simulated : list of xarray.Dataset
        Simulated experiments from `simulate_fit`, 39 or more.
    signatures : list of Signature, optional
        Default: those that suit the simulation.

    Returns
    -------
    pandas.DataFrame
        One row per point: ``signature, quantity, x_name, curve, x``; ``n_subjects, n_trials``;
        ``mean`` over subjects, its ``standard_error``, and the ``spread`` over subjects (SD);
        ``simulated_mean`` over repeats of the mean over subjects, the band of 95 %
        ``simulated_low, simulated_high``, and the ``simulated_spread`` over subjects;
        ``difference`` (real minus simulated) and ``inside``: whether the real mean lies in the
        band.

    Raises
    ------
    NotTestableError
        With fewer than 39 repeats, which span less than 95 %, or if no signature suits the
        simulation.
    DataError
        If a simulation has other subjects or numbers of trials.

    Notes
    -----
    The band lies at ranks .025 (n + 1) and .975 (n + 1) of n repeats: were the real subjects one
    more repeat, their mean would lie inside with probability .95. It holds the chance of choices
    and outcomes, not the uncertainty of the parameters: it is that of the fitted network, not of a
    posterior. The points of a signature are not independent.
    """
    _check(real, simulated)
    signatures = signatures_for(simulated[0]) if signatures is None else signatures
    if not signatures:
        raise NotTestableError(
            "nothing can be compared: the simulation has no graded input, correct, reward or rt. A "
            "table [task] in the run file says what choices lead to"
        )
    subjects = compute_signatures(real, signatures)
    repeats = pd.concat(
        [
            _over_subjects(compute_signatures(each, signatures)).assign(repeat=number)
            for number, each in enumerate(simulated)
        ]
    )
    table = _over_subjects(subjects).merge(_over_repeats(repeats), on=_POINT, how="left")
    table["difference"] = table["mean"] - table["simulated_mean"]
    table["inside"] = table["mean"].between(table["simulated_low"], table["simulated_high"])
    return table


@checked(DataError, comparison=table("difference", "spread", "inside", labels=["signature"]))
def summarise_misfit(comparison: pd.DataFrame) -> pd.DataFrame:
    """Summarise how much of each signature the simulation reproduces.

    Parameters
    ----------
    comparison : pandas.DataFrame
        From `compare_signatures`.

    Returns
    -------
    pandas.DataFrame
        One row per signature: ``n_points``, ``n_inside`` the band, the largest absolute
        ``difference`` and where it is (``curve, x``), and the ``spread_ratio``, median over points
        of simulated over real SD between subjects (1: subjects differ as much as they should; a
        network that all subjects share gives less).
    """
    rows = []
    for name, part in comparison.groupby("signature", sort=False):
        worst = part.iloc[int(part["difference"].abs().argmax())]
        real = part["spread"].where(part["spread"] > 0)
        rows.append(
            {
                "signature": name,
                "n_points": len(part),
                "n_inside": int(part["inside"].sum()),
                "difference": worst["difference"],
                "curve": worst["curve"],
                "x": worst["x"],
                "spread_ratio": (part["simulated_spread"] / real).median(),
            }
        )
    return pd.DataFrame(rows)


def _check(real, simulated):
    if len(simulated) < FEWEST_REPEATS:
        raise NotTestableError(
            f"{len(simulated)} simulated repeats span less than 95 %: simulate {FEWEST_REPEATS} or "
            "more"
        )
    for number, each in enumerate(simulated):
        if not np.array_equal(each["subject"].values, real["subject"].values):
            raise DataError(
                f"simulation {number} has other subjects or numbers of trials than the real "
                "dataset: simulate the trials it is compared with"
            )


def _over_subjects(table):
    """Mean, standard error and spread over subjects, every subject counting the same."""
    groups = table.groupby(_POINT, sort=False)
    found = groups.agg(
        n_subjects=("value", "size"),
        n_trials=("n_trials", "sum"),
        mean=("value", "mean"),
        spread=("value", "std"),
    ).reset_index()
    found.insert(8, "standard_error", found["spread"] / np.sqrt(found["n_subjects"]))
    return found


def _over_repeats(repeats):
    groups = repeats.groupby(_POINT, sort=False)
    low, high = (
        groups["mean"].agg(lambda means, q=q: np.quantile(means, q, method="weibull")) for q in BAND
    )
    return pd.DataFrame(
        {
            "simulated_mean": groups["mean"].mean(),
            "simulated_low": low,
            "simulated_high": high,
            "simulated_spread": groups["spread"].mean(),
        }
    ).reset_index()


_BEFORE = "trial before (colours: this trial)"
_LEARNING = Signature("learning curve", "trial of the session", "P(correct)", learning_curve)
_WIN_STAY = Signature("win-stay, lose-shift", "trial before", "P(same choice)", win_stay)
_STAY_BY_TRANSITION = Signature(
    "stay by transition and reward", "trial before", "P(same choice)", stay_by_transition
)
_RUN_LENGTHS = Signature(
    "choice runs", f"length (trials; {LONGEST_RUN}: or more)", "share of runs", run_lengths
)
_REPETITION = Signature("repetition by lag", "lag (trials)", "P(same choice)", repetition)


def _by_stimuli(trials, rule):
    """A psychometric curve for every graded input that is known before the choice."""
    inputs = json.loads(trials.attrs.get("encoding", "{}")).get("inputs", [])
    names = [name for name in inputs if name in trials and not is_after_choice(trials, name)]
    last = str(trials["choice"].attrs["labels"][-1])
    curves = []
    for name in names:
        n_values = len(np.unique(trials[name].values[scored_trials(trials)]))
        if n_values > 2 and name != rule:
            compute = partial(psychometric_curve, stimulus=name, condition=rule)
            curves.append(Signature(f"choice by {name}", name, f"P(choice {last})", compute))
    return curves


def _by_congruency(trials):
    context = "context" if "context" in trials else None
    now = partial(accuracy_by, condition="congruent", curve=context)
    after = partial(accuracy_by, condition="congruent", curve="congruent", previous=True)
    return [
        Signature("accuracy by congruency", "this trial", "P(correct)", now),
        Signature("accuracy by congruency before", _BEFORE, "P(correct)", after),
    ]


def _around_changes(trials, rule):
    """A rule that is hidden is learnt from reversals; one that is an input is told."""
    told = rule in json.loads(trials.attrs.get("encoding", "{}")).get("inputs", [])
    curve = "congruent" if told and "congruent" in trials else None
    compute = partial(accuracy_around, rule=rule, reversal=not told, curve=curve)
    if told:
        name, x = f"accuracy around changes of {rule}", f"trials from the change of {rule}"
        return Signature(name, x, "P(correct)", compute)
    quantity = "P(choice that will be correct)"
    return Signature("choice around reversals", "trials from the reversal", quantity, compute)
