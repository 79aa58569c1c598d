"""What the command line says of trials and of a fit."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from neuroalrnn.config.defaults import ONE_ERROR
from neuroalrnn.sources import count_scored, tell_load, tell_steps, unscored_reasons
from neuroalrnn.store import replace_file

if TYPE_CHECKING:
    from neuroalrnn.results import Fit


def summarise(result: "Fit", dataset: str) -> dict:
    """Summarise a fit for people who script.

    Parameters
    ----------
    result : Fit
        Finished or saved fit.
    dataset : str
        Name of its data.

    Returns
    -------
    summary : dict
        ``dataset, cautions, n_subjects, n_trials`` (scored); ``best_n_pwl`` (in most folds, the
        smaller of a tie) and ``best_n_pwl_by_fold``; ``sufficient``, the share of what is explained
        that the sufficient P may lose, or a rule, with ``sufficient_n_pwl`` and
        ``sufficient_n_pwl_by_fold``; ``explained_share`` by P, on validation subjects; ``seconds``;
        and ``models``: per model ``log_likelihood`` and its ``standard_error`` over subjects (nats
        per trial; None for one subject), ``accuracy``.
    """
    table = result.summarise()
    from neuroalrnn.plots.n_pwl import score_curves

    curve = score_curves(result).query("part == 'validation'")
    columns = ["log_likelihood", "standard_error", "accuracy"]
    return {
        "dataset": dataset,
        "cautions": result.cautions,
        "n_subjects": int(table["n_subjects"].max()),
        "n_trials": int(table["n_trials"].max()),
        **_chosen(result, "best", "n_pwl_best"),
        "sufficient": result.config.get("sufficient", ONE_ERROR),
        **_chosen(result, "sufficient", "n_pwl_chosen"),
        "explained_share": {
            str(row.n_pwl): _finite(row.explained_share) for row in curve.itertuples()
        },
        "seconds": result.provenance["seconds"],
        "models": {
            str(name): {column: _finite(row[column]) for column in columns}
            for name, row in table.iterrows()
        },
    }


def _chosen(result, name, variable):
    """P of most folds, the smaller of a tie, and of every one."""
    chosen = result.selection[variable]
    by_fold = dict(zip(chosen["fold"].values.astype(str), map(int, chosen.values), strict=True))
    count = Counter(by_fold.values())
    most = min(count, key=lambda n_pwl: (-count[n_pwl], n_pwl))
    return {f"{name}_n_pwl": most, f"{name}_n_pwl_by_fold": by_fold}


def add_lights(out: Path) -> None:
    """Add the lights of the report to the summary beside it.

    Parameters
    ----------
    out : pathlib.Path
        Folder of results; ``summary.json`` gets ``lights``: per light ``state`` (green, amber or
        red), ``answer`` and ``reason``.
    """
    lights, summary = out / "tables" / "lights.csv", out / "summary.json"
    if not (lights.exists() and summary.exists()):
        return
    rows = pd.read_csv(lights, dtype=str).set_index("light").to_dict("index")
    told = json.loads(summary.read_text(encoding="utf-8")) | {"lights": rows}
    replace_file(summary, f"{json.dumps(told, indent=2)}\n".encode())


def _finite(value) -> float | None:
    """JSON has no NaN."""
    return float(value) if math.isfinite(value) else None


def tell_datasets(datasets) -> str:
    """Table of the named datasets, then where each comes from and on what terms."""
    columns = ["species", "subjects", "sessions", "trials", "scored"]
    rows = [
        {"name": name}
        | {column: getattr(each, column) for column in columns}
        | {"MB": each.size / 1e6, "files": "downloaded" if each.address else "embedded"}
        for name, each in datasets.items()
    ]
    table = pd.DataFrame(rows).to_string(index=False, float_format="{:.2f}".format)
    terms = [
        f"{name}: {each.task}\n  licence: {each.licence}\n  source: {each.source}"
        for name, each in datasets.items()
    ]
    return "\n\n".join([table, *terms])


def tell_trials(source: str, trials) -> str:
    """What will be fitted, what is not scored and why, and when inputs can act."""
    n_subjects, n_trials = len(set(trials["subject"].values)), trials.sizes["trial"]
    who = f"{n_subjects} subject{'s' if n_subjects > 1 else ''}"
    lines = [f"{source}: {who}, {n_trials} trials, {count_scored(trials)} scored"]
    lines += [f"  {text}" for text in tell_load(trials)]
    reasons = unscored_reasons(trials)
    lines += [f"  not scored: {n} ({reason})" for reason, n in reasons.items()]
    lines += [f"  {text}" for text in json.loads(trials.attrs.get("reading", "[]"))]
    return "\n".join([*lines, *(f"  {line}" for line in tell_steps(trials))])


def tell_scores(result) -> str:
    """Table of held-out scores."""
    table = result.summarise()
    table = table.drop(columns=["subject_mean", "subject_standard_error"], errors="ignore")
    head = "held-out scores (log_likelihood in nats per trial, bits against class frequency)"
    return f"\n{head}\n{table.to_string(float_format='{:.4f}'.format, na_rep='-')}\n"
