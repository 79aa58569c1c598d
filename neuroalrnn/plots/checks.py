"""What plot functions are given: one check per name of an argument, for all of them."""

from functools import partial
from inspect import signature
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure

from neuroalrnn.arguments import (
    checked,
    not_flag,
    not_kind,
    not_mapping,
    not_names,
    not_number,
    not_one_of,
    not_text,
    not_whole,
    optional,
    refuse,
    shown,
    table,
    unknown,
)
from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.portrait import Portrait
from neuroalrnn.mechanism.sharing import Sharing
from neuroalrnn.plots.second import SecondProcess
from neuroalrnn.results import Fit


def _not_dataset(name, value, variables=()):
    found = not_kind(name, value, xr.Dataset, "a Dataset, as the analysis returns it")
    missing = [] if found else [each for each in variables if each not in value]
    return found + [f"{name} has no variable {each!r}" for each in missing]


def _not_analysis(name, value):
    fits = hasattr(value, "tables") and hasattr(value, "rule")
    return [] if fits else [f"{name} = {shown(value)}: expected what analyse returns"]


def _not_labels(name, value):
    found = not_mapping(name, value)
    if found:
        return [f"{text} from codes to regimes" for text in found]
    pairs = [*value.keys(), *value.values()]
    wrong = [each for each in pairs if not_whole(name, each)]
    return [f"{name}: {shown(each)} is no code or regime" for each in wrong[:1]]


def _not_places(name, value):
    if isinstance(value, tuple | list) and len(value) == 2 and not any(
        not_whole(name, each) for each in value
    ):  # fmt: skip
        return []
    return [f"{name} = {shown(value)}: expected two whole numbers"]


def _not_numbers(name, value):
    try:
        fits = np.asarray(value, dtype=float).ndim == 1
    except (TypeError, ValueError):
        fits = False
    return [] if fits else [f"{name} = {shown(value)}: expected a list of numbers"]


def _not_name_or_names(name, value):
    return [] if isinstance(value, str) else not_names(name, value)


def _not_label(name, value):
    fits = isinstance(value, str) or not not_whole(name, value)
    return [] if fits else [f"{name} = {shown(value)}: expected its name or number"]


def _not_color(name, value):
    return [] if is_color_like(value) else [f"{name} = {shown(value)}: expected a colour"]


def _not_regimes(name, value):
    found = not_kind(name, value, xr.DataArray, "regimes (DataArray), as the analysis returns them")
    of_steps = not found and set(value.dims) == {"trial", "step"} and "step" in value.coords
    if not found and not of_steps and value.dims != ("trial",):
        found = [f"{name} has dims {', '.join(map(str, value.dims))}: expected trial, step"]
    return found


def _not_trials(name, value):
    return _not_dataset(name, value, ("subject", "session", "trial_in_session", "choice"))


def _not_detections(name, value):
    expected = "a list of Detection"
    found = not_kind(name, value, list | tuple, expected)
    wrong = [] if found else [each for each in value if not hasattr(each, "primitive")]
    return found + [f"{name}: {shown(each)}: expected {expected}" for each in wrong[:1]]


PLACE = partial(not_whole, least=0)
SHARES = table("regime", "occupancy", "n_steps", labels=["subject"])
# by the name of the argument, or of function and argument where a name means two things
CHECKS = {
    "agreement": table("adjusted_rand", labels=["fold", "other_fold"]),
    "analysis": _not_analysis,
    "along": not_text,
    "ax": optional(partial(not_kind, kinds=Axes, expected="axes of matplotlib, or None")),
    "behaviour": table("estimate", "ci_low", "ci_high", labels=["outcome", "effect"]),
    "calibration": table("slope", "slope_low", "slope_high", labels=["model"]),
    "called": not_names,
    "code": optional(PLACE),
    "coverage": table("rank", "occupancy", "cumulative_occupancy", "n_visited", "n_possible"),
    "detections": _not_detections,
    "color": optional(_not_color),
    "columns": _not_name_or_names,
    "comparison": table("mean", "standard_error", "inside", labels=["signature", "curve", "x"]),
    "comparisons": table("estimate", "ci_low", "ci_high", labels=["effect"], once=["effect"]),
    "condition": not_text,
    "costs": table("rank", "estimate", "n_subjects"),
    "curves": table("lag", "average", "null_mean", "null_low", "null_high",
                    labels=["outcome", "rule_value"]),
    "latencies": table("lag", "unswitched", "standard_error", "null_mean", "null_low",
                       "null_high"),
    "dwell_survival": table("regime", "n_steps", "survival", "n_at_risk"),
    "by_subject": table("regime", "lag", "input_effect", labels=["input", "option", "subject"]),
    "changes": table("new_rule", "lag", "effect_lag", "input_effect", "standard_error",
                     labels=["input", "option"]),
    "explained": table("explained_share", "ci_low", "ci_high", labels=["model"]),
    "functional": partial(not_kind, kinds=xr.DataArray, expected="labels of trials (DataArray)"),
    "functional_agreement": table("n_regimes", "adjusted_rand", "adjusted_rand_low",
                                  labels=["networks", "is_chosen"]),
    "functional_regimes": table("regime", "lag", "input_effect", "ci_low", "ci_high",
                                labels=["input", "option"]),
    "input_effects": table("lag", "input_effect", "ci_low", "ci_high", "input_effect_sd",
                           labels=["input", "option"]),
    "plot_effects_around_changes.rule": not_text,
    "probability": partial(not_kind, kinds=xr.DataArray, expected="probabilities (DataArray)"),
    "psychometric": table("regime", "place", "observed", "ci_low", "ci_high", "predicted",
                          labels=["combination", "axis", "option"]),
    "edges": table("code", "code_next", "n_pairs"),
    "effects": table("estimate", "ci_low", "ci_high"),
    "event": not_text,
    "feature": PLACE,
    "features": optional(not_names),
    "figure": partial(not_kind, kinds=Figure, expected="a figure of matplotlib"),
    "fit": partial(not_kind, kinds=Fit, expected="a Fit; read a saved one with Fit.load"),
    "fold": optional(_not_label),
    "folder": partial(not_kind, kinds=Path, expected="a folder (pathlib.Path)"),
    "plot_functional_growth.growth": table("code", "feature", "lag", "growth"),
    "gains": table("code", "feature", "output", "lag", "gain_constant", "gain", "gain_sd",
                   "n_steps"),
    "growth": table("lag", "growth", "growth_low", "growth_high", "growth_largest"),
    "labels": optional(_not_labels),
    "layout": partial(not_one_of, known=("use", "similarity")),
    "least": partial(not_number, least=0.0, most=1.0),
    "leaving": not_flag,
    "legend": not_flag,
    "limit": optional(partial(not_number, least=0.0)),
    "limits": _not_numbers,
    "locked": partial(_not_dataset, variables=("lag", "switch_probability",
                                              "group_switch_probability")),
    "lyapunov": table("direction", "exponent", "n_steps"),
    "model": not_text,
    "models": table("n_subjects", "subject_mean", "subject_standard_error", "difference",
                    "within_one_error", labels=["model", "reference"], once=["model"]),
    "modes": not_text,
    "most": partial(not_whole, least=1),
    "n_pwl": optional(PLACE),
    "n_rows": partial(not_whole, least=1),
    "name": _not_name_or_names,
    "names": not_flag,
    "plot_primitives.names": optional(not_names),
    "occupancy": SHARES,
    "order": optional(lambda name, value: not_kind(name, value, list | tuple, "a list")),
    "outcome": optional(not_text),
    "output": PLACE,
    "pair": _not_places,
    "pairs": table("adjusted_rand", "adjusted_rand_shifted", labels=["across", "fold"]),
    "portrait": partial(not_kind, kinds=Portrait, expected="a Portrait"),
    "reference": optional(_not_numbers),
    "regimes": _not_regimes,
    "relative": not_flag,
    "reliability": table("predicted", "observed", "ci_low", "ci_high", labels=["model", "option"]),
    "replacement": optional(not_text),
    "rule": optional(not_text),
    "selection": table("code", "mode", "real", "imag", "slow", "feature", "weight", "weight_imag",
                       "alignment"),
    "second": optional(partial(not_kind, kinds=SecondProcess, expected="a SecondProcess")),
    "session": optional(_not_label),
    "sharing": partial(not_kind, kinds=Sharing, expected="what measure_sharing returns"),
    "signature": not_text,
    "spectra": table("n_pwl", "regime", "n_steps", "mode", "real", "imag", "modulus",
                     labels=["fold"]),
    "stages": table("n_replaced", "cost", labels=["replacement"]),
    "subject": optional(_not_label),
    "switch_probability": table("switch_probability", labels=["subject", "step"]),
    "transitions": table("regime", "regime_next", "transition_probability", labels=["subject"]),
    "trend": table("first_trial", "last_trial", "regime", "occupancy", "n_steps",
                   labels=["subject"]),
    "trials": _not_trials,
    "triggered": partial(_not_dataset, variables=("lag", "group_average")),
}  # fmt: skip


def require_known(name, value, known):
    """Raise unless a value is one of those that there are.

    Parameters
    ----------
    name : str
        What it is.
    value : anything
    known : iterable

    Raises
    ------
    DataError
    """
    known = list(known)
    if value not in known:
        refuse("plot", [f"{name} {unknown(value, known)}"], DataError)


def require_one_network(title, table, keys):
    """Raise where a table holds several networks, whose rows would be drawn over each other.

    Parameters
    ----------
    title : str
    table : pandas.DataFrame
    keys : list of str
        Columns that tell the rows of one network apart.

    Raises
    ------
    DataError
    """
    if table.duplicated(keys).any():
        hint = "take those of one fold" if "fold" in table else "take those of one network"
        raise DataError(f"{title}: several rows have the same {', '.join(keys)}; {hint}")


def check_arguments(plot):
    """Let a plot function check what it is given, by `CHECKS`."""
    names = signature(plot).parameters
    tests = {each: CHECKS.get(f"{plot.__name__}.{each}", CHECKS.get(each)) for each in names}
    return checked(DataError, **{name: test for name, test in tests.items() if test})(plot)
