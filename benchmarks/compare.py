"""Time of `neuroalrnn compare` by model, in this source tree and in another one, in turn."""

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import pandas as pd

ROOT = Path(__file__).parents[1]
FIT, ADAPT = "AL-RNN, all P", "AL-RNN adaptive"


def measure(
    *, dataset="miller_rats", n_folds=1, threads=2, other=None, models=(), plain=False, n_times=1
):
    """Time every model in this tree, and in another one if it is given.

    Parameters
    ----------
    dataset : str
        With the settings that come with it.
    n_folds : int
        So many of its folds, from the first.
    threads : int
        With 1, seconds are those of the processor, which other work on the machine hardly changes;
        else by the clock, and models that are fitted at once wait for one another.
    other : path-like, optional
        Root of another source tree, such as a worktree of an earlier commit.
    models : sequence of str
        These alone are fitted beside the AL-RNN; all if there are none.
    plain : bool
        Leave read-outs that learn a subject out, which earlier trees do not have.
    n_times : int
        Rounds; in each, every tree is timed once, in a process of its own.

    Returns
    -------
    dict
        ``dataset``, ``folds``, ``threads``, ``here`` and ``other``: a list of rounds, each with the
        seconds per fold by model and in total.
    """
    trees = {"here": ROOT} | ({"other": Path(other).resolve()} if other else {})
    found = {name: [] for name in trees}
    arguments = [dataset, str(n_folds), str(threads), ";".join(models), str(int(plain))]
    for _ in range(n_times):
        for name, tree in trees.items():
            found[name].append(_run(tree, arguments))
    return {"dataset": dataset, "folds": n_folds, "threads": threads, **found}


def tabulate(found):
    """Seconds per fold by model: least of all rounds, by tree, and how many times less they are.

    Parameters
    ----------
    found : dict
        From `measure`.

    Returns
    -------
    pandas.DataFrame
    """
    trees = {name: pd.DataFrame(found[name]).min() for name in ("here", "other") if name in found}
    table = pd.DataFrame(trees).rename_axis("model")
    return table.assign(times=table["other"] / table["here"]) if "other" in trees else table


def expect(dataset):
    """Estimate seconds per fold by model, as the plan says them before a comparison begins.

    Parameters
    ----------
    dataset : str
        With the settings that come with it.

    Returns
    -------
    pandas.Series
        Of one core, read-outs that learn their subject included.
    """
    from neuroalrnn.config import default_run
    from neuroalrnn.sources import load_trials, make_splitter
    from neuroalrnn.study import crossval
    from neuroalrnn.study.expected import expected_seconds
    from neuroalrnn.study.study import prepare_study

    run = default_run(dataset)
    given = run.validation.model_dump(include={"n_pwl", "n_restarts", "n_inner", "random_state"})
    study = prepare_study(
        load_trials(dataset, run), run.setting.model_dump(), make_splitter(run),
        alternatives=run.alternatives, observation=run.observation, **given,
    )  # fmt: skip
    models = crossval._baselines("all", study)
    plain, adaptive = (expected_seconds(study, models, adaptive=each) for each in (False, True))
    found = adaptive | {FIT: plain["AL-RNN"], ADAPT: adaptive["AL-RNN"] - plain["AL-RNN"]}
    found |= {"total": sum(adaptive.values())}
    return pd.Series(found) / len(study.folds)


def _run(tree, arguments):
    environment = os.environ | {"PYTHONPATH": str(tree)}
    # -P: the folder of this file holds modules of other names
    command = [sys.executable, "-P", __file__, *arguments]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        subprocess.run([*command, str(path)], env=environment, check=True)
        return json.loads(path.read_text(encoding="utf-8"))


def _time_tree(dataset, path, **options):
    """Run the comparison of the tree that is imported, once to compile and once to be timed."""
    from neuroalrnn.config import default_run
    from neuroalrnn.sources import load_trials

    run = default_run(dataset)
    trials = load_trials(dataset, run)
    few = trials.isel(trial=trials["trial_in_session"].values < 30)
    short = run.setting.model_copy(update={"max_checks": 1})
    _compare(few, run.model_copy(update={"setting": short}), **options | {"n_folds": 1})
    found = _compare(trials, run, **options)
    Path(path).write_text(json.dumps(found), encoding="utf-8")


def _compare(trials, run, n_folds, threads, models, plain):
    """Seconds per fold, by model."""
    from neuroalrnn import Setting
    from neuroalrnn.sources import make_splitter

    crossval = _comparing()
    clock, seconds = time.process_time if threads == 1 else time.perf_counter, Counter()

    def timed(name, function):
        def call(*arguments, **options):
            begin = clock()
            try:
                return function(*arguments, **options)
            finally:
                seconds[name] += (clock() - begin) / n_folds

        return call

    def timed_models(make):
        def make_timed(*arguments, **options):
            made = make(*arguments, **options)
            return {n: timed(n, each) for n, each in made.items() if n in models or not models}

        return make_timed

    parts = dict(vars(crossval))
    makes = "with_answers" if "with_answers" in parts else "_baselines"
    setattr(crossval, makes, timed_models(parts[makes]))
    for part, name in (("_fit_folds", FIT), ("adapt_all", ADAPT)):
        if part in parts:
            setattr(crossval, part, timed(name, parts[part]))
    validation = run.validation.model_dump()
    options = {"adaptive": not plain, "sufficient": validation.get("sufficient")}
    known = signature(crossval.select_n_pwl).parameters
    try:
        timed("total", crossval.select_n_pwl)(
            trials, Setting(**run.setting.model_dump()), _first(make_splitter(run), n_folds),
            validation["n_restarts"], validation["random_state"], n_pwl=validation["n_pwl"],
            n_inner=validation["n_inner"], alternatives=run.alternatives,
            observation=run.observation, baselines="all", threads=threads, progress=False,
            **{name: each for name, each in options.items() if name in known},
        )  # fmt: skip
    finally:
        vars(crossval).update(parts)
    return {name: round(each, 3) for name, each in seconds.items()}


def _comparing():
    """The module that cross-validates, whose package had another name once."""
    for package in ("study", "evaluate"):
        if find_spec(f"neuroalrnn.{package}"):
            return import_module(f"neuroalrnn.{package}.crossval")
    raise ModuleNotFoundError("neuroalrnn.study: another tree than one of neuroalrnn was given")


def _first(cv, n_folds):
    """The same splitter with its first folds alone."""
    return SimpleNamespace(
        split=lambda trials: list(cv.split(trials))[:n_folds], groups=cv.groups, inner=cv.inner
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    name, n_folds, threads, models, plain, path = sys.argv[1:]
    _time_tree(
        name, path, n_folds=int(n_folds), threads=int(threads), plain=plain == "1",
        models=[each for each in models.split(";") if each],
    )  # fmt: skip
