"""Command ``recover``: simulate a known truth, fit again, and say what comes back."""

from pathlib import Path

import typer

from neuroalrnn.arguments import not_names, not_whole, refuse
from neuroalrnn.cli.folder import refuse_existing
from neuroalrnn.config import load_run
from neuroalrnn.config.defaults import ONE_ERROR
from neuroalrnn.exceptions import ConfigError

OUTPUTS = ("recovery.csv", "families.csv", "recovery.svg", "families.svg")


def study_recovery(out: Path, *, tasks, agents, subjects, trials, overwrite, **options):
    """Recover P and regimes of known networks, and the families of agents.

    Parameters
    ----------
    out : Path
        Receives ``recovery.csv`` and ``families.csv``, one row per run, and their figures.
    tasks : list of str
        Names of known networks.
    agents : list of str
        Names of families of agents.
    subjects, trials : list of int
        Sizes of the simulated experiments; trials are per subject.
    overwrite : bool
    **options
        ``n_runs``, ``random_state`` and those of `neuroalrnn.recover.refit.refit`.
    """
    from neuroalrnn.tasks import AGENTS, KNOWN

    refuse("--tasks", not_names("--tasks", tasks, known=KNOWN))
    refuse("--agents", not_names("--agents", agents, known=AGENTS))
    if not tasks and not agents:
        raise ConfigError(f"nothing to recover: name --tasks ({', '.join(KNOWN)}) or --agents")
    known = [KNOWN[name]() for name in tasks]
    refuse("--n-pwl", _impossible_grid(options["n_pwl"], known))
    refuse_existing(out, OUTPUTS, overwrite)
    out.mkdir(parents=True, exist_ok=True)
    sizes = [(n_subjects, n_trials) for n_subjects in subjects for n_trials in trials]
    if tasks:
        _recover_networks(out, known, sizes, options)
    if agents:
        runs = {name: options[name] for name in ("n_runs", "random_state")}
        _recover_families(out, agents, sizes, runs)


def study_fitted(saved: Path, out: Path, *, overwrite, run=None, **options):
    """Let the network of a saved fit make the choices of its own data, and fit these again.

    Parameters
    ----------
    saved : Path
        Its first fold's network, setting, encoding and grid are used.
    out : Path
        Receives ``recovery.csv``.
    overwrite : bool
    run : Path, optional
        Run file whose ``[task]`` says what choices lead to; default what the fit says.
    **options
        ``n_runs``, ``random_state`` and those of `neuroalrnn.recover.refit.refit`.
    """
    from neuroalrnn.behaviour.simulate import refuse_more_than_choices
    from neuroalrnn.recover.recovery import recover_fitted
    from neuroalrnn.recover.refit import setting_of_fold
    from neuroalrnn.results import Fit
    from neuroalrnn.results.tables import save_table
    from neuroalrnn.tasks import environment_for

    refuse_existing(out, ("recovery.csv",), overwrite)
    fit = Fit.load(saved)
    refuse_more_than_choices(fit)
    table = recover_fitted(
        fit.folds[0].network,
        fit.trials,
        setting_of_fold(fit, 0),
        environment_for(with_task(fit.trials, run)),
        **_rule(fit) | options,
    )
    out.mkdir(parents=True, exist_ok=True)
    save_table(table, out, "recovery.csv")
    _tell_recovery(table)


def _rule(fit):
    """The grid of a fit, and how its sufficient P was chosen."""
    return {"n_pwl": fit.config["n_pwl"], "sufficient": fit.config.get("sufficient", ONE_ERROR)}


def with_task(trials, run: Path | None):
    """Trials with the ``[task]`` of a run file, if one is given."""
    if run is None:
        return trials
    task = load_run(run).task
    if task is None:
        raise ConfigError(f"{run} has no table [task]: add it, or leave --run out")
    return trials.assign_attrs(environment=task.model_dump_json(exclude_none=True))


def _recover_networks(out, known, sizes, options) -> None:
    import pandas as pd

    from neuroalrnn.plots.recovery import plot_recovery_panels
    from neuroalrnn.plots.style import save_figure
    from neuroalrnn.recover.recovery import recover_known
    from neuroalrnn.results.tables import save_table

    tables = []
    for network in known:
        for size in sizes:
            tables.append(recover_known(network, *size, **options))
            table = pd.concat(tables, ignore_index=True)
            save_table(table, out, "recovery.csv")
    save_figure(plot_recovery_panels(table), out, "recovery")
    _tell_recovery(table)


def _recover_families(out, agents, sizes, options) -> None:
    import pandas as pd

    from neuroalrnn.plots.recovery import plot_confusion
    from neuroalrnn.plots.style import save_figure
    from neuroalrnn.recover.families import bandit_families, recover_family
    from neuroalrnn.results.tables import save_table
    from neuroalrnn.stats.recovery import confusion_matrix

    families = bandit_families()
    tables = [
        recover_family(name, n_subjects, n_trials, families, **options)
        for name in agents
        for n_subjects, n_trials in sizes
    ]
    table = pd.concat(tables, ignore_index=True)
    save_table(table, out, "families.csv")
    counts = confusion_matrix(table["true_family"], table["found_family"], labels=list(families))
    save_figure(plot_confusion(counts).figure, out, "families")
    typer.echo(f"\nfamilies (rows: true, columns: found)\n{counts.to_string()}")


def _tell_recovery(table) -> None:
    from neuroalrnn.stats.recovery import confusion_matrix, summarise_recovery

    for name, found in (("sufficient", "found_n_pwl"), ("best", "best_n_pwl")):
        counts = confusion_matrix(table["true_n_pwl"], table[found])
        typer.echo(f"\nPWL units P (rows: true, columns: {name})\n{counts.to_string()}")
    summary = summarise_recovery(table).to_string(index=False, float_format="{:.3f}".format)
    typer.echo(f"\n{summary}")


def _impossible_grid(grid, known) -> list[str]:
    """What is wrong with a grid for some known networks, before the first of them is simulated."""
    from neuroalrnn.recover.recovery import SETTING

    most = SETTING.n_latent
    found = [text for n_pwl in grid for text in not_whole("P", n_pwl, most=most)] if known else []
    return found + [
        f"{each.name!r} has P = {each.n_pwl}, which is not in the grid "
        f"{', '.join(map(str, grid))}: add it, or leave out the task"
        for each in known
        if each.n_pwl not in grid
    ]
