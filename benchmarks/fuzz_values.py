"""Arguments for `benchmarks.fuzz`: small valid ones by name, near misses, and junk."""

import datetime
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import mne
import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn import data
from neuroalrnn.arguments import unknown
from neuroalrnn.baselines import class_frequency, logistic
from neuroalrnn.behaviour import compare_signatures
from neuroalrnn.config import Setting
from neuroalrnn.data import LeaveOneSubjectOut, SessionKFold, StimulusSequenceOut, SubjectKFold
from neuroalrnn.questions import analyse
from neuroalrnn.study import select_n_pwl

TINY = {"n_latent": 2, "max_checks": 1, "check_every": 1}
INPUTS = {"inputs": ["cue", "choice"]}
N_SUBJECTS, N_TRIALS = 4, 16


def frame(seed=0) -> pd.DataFrame:
    """A table of four subjects with two sessions of eight trials, their choices by a cue."""
    rng = np.random.default_rng(seed)
    n = N_SUBJECTS * N_TRIALS
    cue = rng.choice([-1.0, 1.0], n)
    return pd.DataFrame(
        {
            "subject": np.repeat([f"s{i}" for i in range(N_SUBJECTS)], N_TRIALS),
            "session": np.repeat([f"day {i}" for i in range(2 * N_SUBJECTS)], N_TRIALS // 2),
            "cue": cue,
            "rule": np.tile(np.repeat([0.0, 1.0], N_TRIALS // 4), 2 * N_SUBJECTS),
            "choice": (rng.random(n) < 1 / (1 + np.exp(-2 * cue))).astype(int),
            "reward": rng.integers(0, 2, n).astype(float),
            "rt": 0.3 + rng.random(n),
        }
    )


def junk() -> dict:
    """What does not belong anywhere, or only somewhere else; made anew, as some can be used up."""
    return {
        "None": None,
        "True": True,
        "0": 0,
        "1": 1,
        "-1": -1,
        "2**80": 2**80,
        "2.5": 2.5,
        "nan": float("nan"),
        "-inf": -np.inf,
        "int64": np.int64(2),
        "float32": np.float32(0.5),
        "3j": 3j,
        "Decimal": Decimal("1.5"),
        "Fraction": Fraction(1, 3),
        "pd.NA": pd.NA,
        "NaT": pd.NaT,
        "empty text": "",
        "text": "cue",
        "other text": "AL-RNN",
        "NUL": "a\0b",
        "slash": "a/b",
        "long text": "x" * 300,
        "bytes": b"cue",
        "[]": [],
        "[0]": [0],
        "['cue']": ["cue"],
        "[None]": [None],
        "[[1]]": [[1]],
        "ragged": [[1, 2], [3]],
        "['cue', 1]": ["cue", 1],
        "range": range(3),
        "tuple": ("choice", "rule"),
        "set": {"cue"},
        "generator": (each for each in ("cue", "rule")),
        "{}": {},
        "dict": {"choice": "cue"},
        "other dict": {1: None},
        "array": np.arange(5.0),
        "no rows": np.zeros((0, 3)),
        "matrix": np.ones((2, 2)),
        "0-d": np.array(3.0),
        "NaNs": np.full(4, np.nan),
        "objects": np.array([None, "a", 1], dtype=object),
        "texts": np.array(["a", "b"]),
        "bools": np.array([True, False]),
        "dates": np.array(["2026-01-01"], dtype="datetime64[D]"),
        "Series": pd.Series([1.0, 2.0], name="cue"),
        "DataFrame": pd.DataFrame({"cue": [1.0, 2.0]}),
        "no DataFrame": pd.DataFrame(),
        "numbered": pd.DataFrame(np.ones((3, 2))),
        "Dataset": xr.Dataset(),
        "other Dataset": xr.Dataset({"cue": ("trial", [1.0, 2.0])}),
        "DataArray": xr.DataArray(np.ones(3), dims="x"),
        "date": datetime.datetime(2026, 1, 1),
        "path": Path("nowhere"),
        "object": object(),
        "class": int,
        "splitter": SubjectKFold,
        "function": lambda *arguments: None,
        "Generator": np.random.default_rng(0),
    }


def near(value) -> dict:
    """What looks like a valid value, by what was done to it."""
    if isinstance(value, pd.DataFrame) and len(value.columns):
        first, last = value.columns[0], value.columns[-1]
        return {
            "no row": value[:0],
            "one row": value[:1],
            "without first column": value.drop(columns=first),
            "without last column": value.drop(columns=last),
            "first column missing": value.assign(**{str(first): np.nan}),
            "last column text": value.assign(**{str(last): "x"}),
            "twice": pd.concat([value, value]),
            "index of text": value.set_axis([f"r{i}" for i in range(len(value))]),
        }
    if isinstance(value, xr.Dataset) and "trial" in value.dims and "choice" in value:
        return {
            "no trial": value.isel(trial=slice(0)),
            "one trial": value.isel(trial=slice(1)),
            "one subject": value.isel(trial=(value["subject"] == value["subject"][0]).values),
            "no choice made": value.assign(choice=value["choice"] * np.nan),
            "without choice": value.drop_vars("choice"),
            "without subject": value.drop_vars("subject"),
            "integer choice": value.assign(choice=value["choice"].fillna(0).astype(int)),
        }
    if isinstance(value, np.ndarray) and value.ndim:
        return {
            "shorter": value[:-1],
            "empty": value[:0],
            "text": value.astype(str),
            "stacked": np.stack([value, value]),
            "NaN": np.where(np.arange(len(value)) == 0, np.nan, 1.0),
        }
    return {}


def valid() -> dict:
    """Small valid arguments: by name, and by "function.name" where names mean two things."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _of_data() | _of_stats() | _of_fit() | _of_neural() | _of_options()


def _trials():
    table = frame()
    return data.from_frame(table, {name: name for name in table}, labels={0: "left", 1: "right"})


def _of_data():
    trials, table = _trials(), frame()
    folds = SubjectKFold(2).split(trials)
    return {
        "trials": [trials],
        "df": [table],
        "columns": [{name: name for name in table}],
        "labels": [None, [0, 1], {0: "left", 1: "right"}],
        "events": [None, {"stimulus": 0.0, "response": "rt"}],
        "after_choice": [(), ["reward"]],
        "signed": [(), ["reward"]],
        "folds": [folds],
        "groups": [None, SubjectKFold().groups(trials)],
        "stimulus": [None, ["cue"]],
        "found": [["a sentence"]],
        "inputs": [["cue", "choice"], {"cue": "trial"}],
        "terms": [["cue", "choice[-1]", "cue:reward[-1]"]],
        "train": [folds[0].train],
        "test": [folds[0].test],
        "train, test": [folds[0].test],
        "inner": [lambda train: SubjectKFold().inner(trials, train, 2)],
        "name": ["cue"],
        "known": [["cue", "rule"]],
        "real": [trials],
        "simulated": [[trials, trials]],
    }


def _of_stats():
    rng = np.random.default_rng(0)
    table = frame()
    subject, session = table["subject"].to_numpy(), table["session"].to_numpy()
    scores = pd.DataFrame(
        [(m, s, 10, rng.normal()) for m in ("a", "b") for s in subject[::N_TRIALS]],
        columns=["model", "subject", "n_trials", "log_likelihood"],
    )
    n = len(table)
    return {
        "p": [np.array([0.01, 0.2, 0.5])],
        "probability": [rng.random(n)],
        "choice": [table["choice"].to_numpy()],
        "outcome": [table["choice"].to_numpy()],
        "predictors": [table[["cue", "rule"]]],
        "subject": [subject],
        "session": [session],
        "regime_series": [rng.integers(0, 2, n)],
        "event_series": [rng.integers(0, 2, n)],
        "switch": [rng.random(n) < 0.3],
        "switches": [rng.random((n, 3)) < 0.3],
        "event": [rng.random(n) < 0.2],
        "event_index": [np.arange(0, n, 8)],
        "event_step": [np.ones(n, dtype=int)],
        "lags": [np.arange(-2, 3)],
        "courses": [rng.normal(size=(6, 8))],
        "courses_a": [rng.normal(size=(6, 8))],
        "courses_b": [rng.normal(size=(6, 8))],
        "values": [rng.normal(size=8)],
        "group": [np.repeat(["x", "y"], 4)],
        "scores": [scores],
        "one_standard_error.scores": [rng.normal(size=(5, 3))],
        "best_and_sufficient.scores": [rng.normal(size=(3, 5))],
        "floor": [rng.normal(size=5)],
        "loss": [0.05],
        "complexity": [np.arange(3)],
        "scores_a": [rng.normal(size=8)],
        "scores_b": [rng.normal(size=8)],
        "family": ["gaussian", "binomial"],
        "n_permutations": [64],
        "n_draws": [64],
        "rng": [np.random.default_rng(0)],
    } | {
        f"{function}.subject": [None]
        for function in ("cluster_test", "common_window", "compare_groups", "paired_difference",
                         "sign_flip", "t_test")
    }  # fmt: skip


def _of_fit():
    trials = _trials()
    fit = select_n_pwl(
        trials, Setting(**TINY), SubjectKFold(2), 1, n_pwl=(1, 2), n_inner=2, encoding=INPUTS,
        progress=False,
    )  # fmt: skip
    found = analyse(fit, conditions=["rule"], rule="rule", mechanism=True)
    tables, comparison = found.linear.tables, compare_signatures(trials, [trials] * 40)
    same = ("agreement", "behaviour", "calibration", "comparisons", "dwell_survival", "models",
            "occupancy", "reliability", "spectra", "switch_probability", "transitions")  # fmt: skip
    mechanism = {"costs": "ablation_map", "coverage": "coverage", "edges": "regime_graph",
                 "gains": "gains", "growth": "path_growth", "lyapunov": "lyapunov",
                 "selection": "selection", "stages": "greedy"}  # fmt: skip
    options = {name: [tables[name]] for name in same if name in tables}
    options |= {
        name: [tables[f"mechanism_{table}"]]
        for name, table in mechanism.items()
        if f"mechanism_{table}" in tables
    }
    if "mechanism_functional_growth" in tables:
        options["plot_functional_growth.growth"] = [tables["mechanism_functional_growth"]]
    return options | {
        "fit": [fit],
        "tree": [fit.tree],
        "analysis": [found],
        "regimes": [found.linear.regimes],
        "locked": [found.linear.locked],
        "trend": [tables["occupancy_trend"]],
        "pairs": [tables["stability_pairs"]],
        "effects": [tables["behaviour"]],
        "plot_behaviour.outcome": ["choice"],
        "plot_gains.labels": [None],
        "plot_gains_panels.labels": [None],
        "plot_regime_graph.labels": [None],
        "plot_selection.labels": [None],
        "plot_selection_map.labels": [None],
        "plot_triggered.outcome": [None, "choice"],
        "plot_locked_switches.event": ["rule change"],
        "plot_regime_raster.subject": [None, "s0"],
        "plot_regime_raster.session": [None, "day 0"],
        "triggered": [found.mechanism.triggered] if found.mechanism else [None],
        "portrait": [found.mechanism.portrait] if found.mechanism else [None],
        "comparison": [comparison],
        "signature": [comparison["signature"].iloc[0]],
        "conditions": [None, ["rule"]],
        "rule": [None, "rule"],
        "model": ["AL-RNN"],
        "condition": [None, "rule"],
    }


def _of_neural():
    trials = _trials()
    rng = np.random.default_rng(1)
    n = trials.sizes["trial"]
    epochs = mne.EpochsArray(
        rng.normal(size=(n, 2, 5)),
        mne.create_info(["c1", "c2"], 10.0, "misc"),
        metadata=frame(),
        verbose="error",
    )
    neural = trials.assign(
        neural=(("trial", "time", "unit"), rng.normal(size=(n, 5, 2))),
        n_steps=("trial", np.full(n, 5)),
    ).assign_coords(time=np.arange(5) / 10, unit=["c1", "c2"])
    regimes = xr.DataArray(
        rng.integers(0, 2, (n, 1)),
        dims=("trial", "step"),
        coords={"step": ["choice"]}
        | {name: trials[name] for name in ("subject", "session", "trial_in_session")},
    )
    own = {}
    for name in ("decode_regimes", "explain_neural", "regress_neural", "to_epochs"):
        own |= {f"{name}.trials": [neural], f"{name}.regimes": [regimes]}
    values = xr.DataArray(rng.normal(size=(4, 5)), dims=("subject", "time"))
    values = values.assign_coords(subject=[f"s{i}" for i in range(4)], time=np.arange(5) / 10)
    return own | {
        "epochs": [epochs],
        "annotate_epochs.regimes": [regimes],
        "to_annotations.regimes": [regimes],
        "from_epochs.columns": [{name: name for name in frame()}],
        "from_epochs.subject": [None],
        "from_epochs.session": [None],
        "effects_over_subjects.values": [values],
        "subject_means.values": [values],
        "start": [np.arange(n) * 2.0],
        "held_out": ["session", "subject"],
    }


def _of_options():
    return {
        "setting": [Setting(**TINY), dict(TINY)],
        "cv": [SubjectKFold(2), LeaveOneSubjectOut(), SessionKFold(2), StimulusSequenceOut()],
        "n_restarts": [1],
        "n_inner": [2],
        "sufficient": [0.05, "one standard error"],
        "n_pwl": [(0, 1)],
        "simulate_fit.n_pwl": [None, 1],
        "plot_learning_curves.n_pwl": [None, 1],
        "plot_learning_panels.n_pwl": [None, 1],
        "encoding": [INPUTS],
        "baselines": [None, {"mine": class_frequency}, {"two": logistic}],
        "n_shots": [(0, 2)],
        "n_dimensions": [(1,)],
        "n_repeats": [40],
        "n_checks": [1],
        "threads": [1],
        "progress": [False],
        "alternatives": [{}, {"l2": [0.0, 0.1]}],
        "value": ["log_likelihood"],
        "out_dir": [Path("report")],
        "folder": [Path("figures")],
        "path": [Path("trials.csv"), Path("fit.nc"), Path("run.toml")],
        "figure": [None],
        "n_splits": [2, 3],
        "kind": [unknown],
    }
