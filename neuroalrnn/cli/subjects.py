"""Command ``subjects``: individual differences of known subjects and of new ones."""

import shutil
from pathlib import Path

import typer

from neuroalrnn.cli.folder import UNFINISHED, refuse_existing
from neuroalrnn.config import Setting
from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.store import replacing

OUTPUTS = ("pooling.csv", "few_shot.csv", "vectors.csv", "choices.csv", "few_shot.svg")


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
        See `neuroalrnn.study.few_shot`.
    overwrite : bool
    **options
        ``threads``, ``backend``.
    """
    from neuroalrnn.results.tables import save_table
    from neuroalrnn.sources import load_trials, make_subject_splitters
    from neuroalrnn.study.checks import check_shots

    refuse_existing(out, OUTPUTS, overwrite)
    if config.observation is not None:
        raise ConfigError(f"observation = {config.observation!r}: subjects models choices alone")
    trials = load_trials(source, config)
    check_shots(trials, n_shots)
    validation = config.validation
    options |= {
        "setting": Setting(**config.setting.model_dump()),
        "n_pwl": validation.n_pwl,
        "n_restarts": validation.n_restarts,
        "n_inner": validation.n_inner,
        "random_state": validation.random_state,
        "alternatives": config.alternatives,
        "n_dimensions": n_dimensions,
        "resume": out / UNFINISHED,
    }
    known, new = make_subject_splitters(config)
    with replacing(out, OUTPUTS) as folder:
        choices, left_out = {}, []
        for name, study in (
            ("sessions", lambda: _study_known(trials, folder, cv=known, **options)),
            ("subjects", lambda: _study_new(trials, folder, cv=new, n_shots=n_shots, **options)),
        ):
            try:
                choices[name] = study()
            except DataError as error:
                left_out.append(error)
                typer.echo(f"\nheld-out {name}: left out\n{error}\n")
        if not choices:
            raise left_out[0]
        save_table(_joined(choices), folder, "choices.csv")
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)
    typer.echo(f"tables and figures: {out}")


def _study_known(trials, out: Path, **options):
    """New sessions of known subjects; returns what was chosen."""
    from neuroalrnn.plots.style import save_figure
    from neuroalrnn.plots.subjects import plot_subject_vectors
    from neuroalrnn.results.tables import save_table
    from neuroalrnn.study import compare_pooling

    known = compare_pooling(trials, **options)
    out.mkdir(parents=True, exist_ok=True)
    save_table(known.scores, out, "pooling.csv")
    save_table(known.vectors, out, "vectors.csv")
    save_figure(plot_subject_vectors(known.vectors).figure, out, "vectors")
    title = f"held-out sessions of known subjects, {options['cv']} (nats per trial)"
    typer.echo(f"\n{title}\n{_tell(known.scores)}\n")
    return known.choices


def _study_new(trials, out: Path, **options):
    """New subjects; returns what was chosen."""
    from neuroalrnn.plots.style import save_figure
    from neuroalrnn.plots.subjects import plot_few_shot
    from neuroalrnn.results.tables import save_table
    from neuroalrnn.study import few_shot

    new = few_shot(trials, **options)
    out.mkdir(parents=True, exist_ok=True)
    save_table(new.scores, out, "few_shot.csv")
    save_figure(plot_few_shot(new.scores).figure, out, "few_shot")
    title = f"new subjects, {options['cv']}, after the largest number of shots"
    typer.echo(f"\n{title}\n{_tell(new.scores)}\n")
    return new.choices


def _tell(scores) -> str:
    """Mean over subjects and its standard error, per model and number of shots."""
    keys = ["model", *(["n_shots"] if "n_shots" in scores else [])]
    total = scores.assign(total=scores["log_likelihood"] * scores["n_trials"])
    total = total.groupby([*keys, "subject"], dropna=False)[["total", "n_trials"]].sum()
    by_subject = (total["total"] / total["n_trials"]).groupby(keys, dropna=False)
    table = by_subject.agg(["size", "mean", "sem"])
    table.columns = ["n_subjects", "log_likelihood", "standard_error"]
    return table.reset_index().to_string(index=False, float_format="{:.4f}".format)


def _joined(choices):
    import pandas as pd

    return pd.concat(choices, names=["held_out"]).reset_index("held_out").reset_index(drop=True)
