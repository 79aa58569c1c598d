"""Command ``subjects``: individual differences of known subjects and of new ones."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from neuroalrnn.config import Setting
from neuroalrnn.exceptions import ConfigError, ResultError

Numbers = Annotated[str, typer.Option(help="Whole numbers, such as 0,50,100.")]
OUTPUTS = ("pooling.csv", "few_shot.csv", "vectors.csv", "choices.csv", "few_shot.svg")
# finished folds: the same command goes on from them after it was killed
UNFINISHED = "unfinished"


def study_subjects(source, config, out: Path, *, n_shots, n_dimensions, overwrite, **options):
    """Compare pooled, per-subject and hierarchical models, and predict new subjects.

    Parameters
    ----------
    source : str
        Dataset or file.
    config : Run
        Its setting, encoding and grid are used; sessions, then subjects, are held out.
    out : Path
    n_shots, n_dimensions : list of int
        See `neuroalrnn.evaluate.few_shot`.
    overwrite : bool
    **options
        ``threads``, ``backend``.
    """
    from neuroalrnn.evaluate import compare_pooling, few_shot
    from neuroalrnn.evaluate.checks import check_shots
    from neuroalrnn.plots.style import save_figure
    from neuroalrnn.plots.subjects import plot_few_shot, plot_subject_vectors
    from neuroalrnn.sources import load_trials

    there = [name for name in OUTPUTS if (out / name).exists()]
    if there and not overwrite:
        raise ResultError(f"{out} already holds {', '.join(there)}: pass --overwrite to replace")
    if config.observation is not None:
        raise ConfigError(f"observation = {config.observation!r}: subjects models choices alone")
    trials = load_trials(source, config)
    check_shots(trials, n_shots)
    validation = config.validation
    options |= {
        "n_pwl": validation.n_pwl,
        "n_restarts": validation.n_restarts,
        "n_inner": validation.n_inner,
        "random_state": validation.random_state,
        "alternatives": config.alternatives,
        "n_dimensions": n_dimensions,
        "resume": out / UNFINISHED,
    }
    setting = Setting(**config.setting.model_dump())
    known = compare_pooling(trials, setting, **options)
    out.mkdir(parents=True, exist_ok=True)
    known.scores.to_csv(out / "pooling.csv", index=False)
    known.vectors.to_csv(out / "vectors.csv", index=False)
    save_figure(plot_subject_vectors(known.vectors).figure, out, "vectors")
    typer.echo(f"\nheld-out sessions of known subjects (nats per trial)\n{_tell(known.scores)}\n")
    new = few_shot(trials, setting, n_shots=n_shots, **options)
    new.scores.to_csv(out / "few_shot.csv", index=False)
    save_figure(plot_few_shot(new.scores).figure, out, "few_shot")
    typer.echo(f"\nnew subjects, after the largest number of shots\n{_tell(new.scores)}\n")
    _joined(known.choices, new.choices).to_csv(out / "choices.csv", index=False)
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    typer.echo(f"tables and figures: {out}")


def numbers(option: str, text: str) -> list[int]:
    """Whole numbers from a text such as "0,50,100".

    Raises
    ------
    ConfigError
    """
    try:
        return [int(each) for each in text.split(",")]
    except ValueError as error:
        raise ConfigError(f"{option} {text!r}: expected whole numbers, such as 8,16") from error


def _tell(scores) -> str:
    """Mean over subjects and its standard error, per model and number of shots."""
    keys = ["model", *(["n_shots"] if "n_shots" in scores else [])]
    total = scores.assign(total=scores["log_likelihood"] * scores["n_trials"])
    total = total.groupby([*keys, "subject"], dropna=False)[["total", "n_trials"]].sum()
    by_subject = (total["total"] / total["n_trials"]).groupby(keys, dropna=False)
    table = by_subject.agg(["size", "mean", "sem"])
    table.columns = ["n_subjects", "log_likelihood", "standard_error"]
    return table.reset_index().to_string(index=False, float_format="{:.4f}".format)


def _joined(known, new):
    import pandas as pd

    named = [known.assign(held_out="sessions"), new.assign(held_out="subjects")]
    return pd.concat(named, ignore_index=True)
