"""Rules that choose P, on simulations from known networks: how often the known P comes back.

    python -m benchmarks.rules_for_p out.csv --runs 6 --sizes 4x50,8x100,16x100

Every run is a row per P in the file as soon as it is done, and the same command goes on from there.
``--fits FIT.nc ...`` prints what the choices in saved fits lose on their test subjects instead.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit

from neuroalrnn.config.defaults import LOSS
from neuroalrnn.recover.recovery import SETTING, _score
from neuroalrnn.recover.refit import refit
from neuroalrnn.results import Fit
from neuroalrnn.stats import best_and_sufficient, one_standard_error
from neuroalrnn.tasks import KNOWN, compute_log_odds, simulate_known

TASKS = (
    "scalar memory", "addition", "integration", "switching integration", "two gated paths",
    "three gated paths",
)  # fmt: skip
GRID, N_RESTARTS = (0, 1, 2, 3, 4), 6
# new subjects, and trials of each, on whose choices every network is scored once more; and others,
# on which its expected score is computed from the probabilities of the known network
FRESH, LARGE = (20, 250), (400, 250)
KEYS = ["task", "n_subjects", "n_trials", "run"]
COSTS = ("cost", "expected_cost", "switched_cost", "known_cost", "error", "apart", "gap")
RULES = ("one standard error", "loss 5 %", "loss 2 %", "best")


def simulate(task, n_subjects, n_trials, run, seed=1):
    """Fit one simulation: a row per P with its validation and its held-out score.

    Parameters
    ----------
    task : str
        Name of a known network.
    n_subjects, n_trials, run, seed : int

    Returns
    -------
    pandas.DataFrame
        The table of `neuroalrnn.study.final.Final`, with ``test_score`` and ``test_floor`` on
        choices of new subjects; ``expected_score``, ``expected_floor`` and ``expected_known`` (of
        the known network itself) without the noise of choices.
    """
    known = KNOWN[task]()
    rng = np.random.default_rng([seed, n_subjects, n_trials, run])
    trials = simulate_known(known, n_subjects, n_trials, rng=rng)
    fresh = simulate_known(known, *FRESH, rng=rng)
    found = refit(trials, SETTING, n_pwl=GRID, n_restarts=N_RESTARTS, random_state=run, threads=1)
    scores = {n_pwl: _score(network, fresh) for n_pwl, network in found.networks.items()}
    frequency = np.bincount(trials["choice"].values.astype(int), minlength=2) + 0.5
    by_frequency = np.log(frequency / frequency.sum())
    floor = by_frequency[fresh["choice"].values.astype(int)].mean()
    large = simulate_known(known, *LARGE, rng=rng)
    truth = compute_log_odds(known.network, large)
    chosen = expit(truth)
    expected = {
        n_pwl: _expect(chosen, compute_log_odds(network, large))
        for n_pwl, network in found.networks.items()
    }
    head = dict(zip(KEYS, (task, n_subjects, n_trials, run), strict=True))
    return found.table.assign(
        **head, true_n_pwl=known.n_pwl, best=found.table["n_pwl"] == found.best,
        test_score=found.table["n_pwl"].map(scores), test_floor=floor,
        expected_score=found.table["n_pwl"].map(expected), expected_known=_expect(chosen, truth),
        expected_floor=by_frequency @ [1 - chosen.mean(), chosen.mean()],
    )  # fmt: skip


def _expect(probability, log_odds):
    """Mean log-probability of choices that are drawn with known probabilities."""
    scores = probability * log_expit(log_odds) + (1 - probability) * log_expit(-log_odds)
    return float(scores.mean())


def choose(table):
    """What each rule chooses in one simulation, from its curve.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of one simulation, from `simulate`.

    Returns
    -------
    dict of str -> int
        P by rule.
    """
    n_pwl, share = table["n_pwl"], table["explained_share"].fillna(1.0)
    candidates = {
        "one standard error": table["difference"] <= table["standard_error"],
        "loss 5 %": share >= 0.95,
        "loss 2 %": share >= 0.98,
        "best": table["best"],
    }
    return {name: int(n_pwl[rows].min()) for name, rows in candidates.items()}


def summarise(table):
    """Shares of right, too small and too large choices by rule and size, and held-out costs.

    Parameters
    ----------
    table : pandas.DataFrame
        All simulations.

    Returns
    -------
    pandas.DataFrame
        One row per size and rule: ``right``, ``small``, ``large`` (shares), and costs, medians
        over runs (``mean_cost``: mean): what its P loses on new subjects, as a share of what is
        explained. ``cost``: on choices, against the best P in hindsight; ``expected_cost``: in
        expectation, against the P that is best so; ``switched_cost``: in expectation, against the
        best P by choices, so that none is best by the luck of choices; ``known_cost``: in
        expectation, against the network trained with the known P. The same for all rules are
        ``error``: standard error of the difference of a P to the best P, on validation subjects,
        median; ``apart``: difference, in expectation, of the best and the worst of the networks
        with at least the known P; ``gap``: of the best of them to the known network itself.
    """
    rows = []
    for key, run in table.groupby(KEYS, sort=False):
        run = run.set_index("n_pwl", drop=False)
        known = int(run["true_n_pwl"].iloc[0])
        for rule, n_pwl in choose(run).items():
            error = n_pwl - known
            verdict = (*key[1:3], rule, error == 0, error < 0, error > 0)
            rows.append((*verdict, *_costs(run, n_pwl, known).values()))
    head = ["n_subjects", "n_trials", "rule", "right", "small", "large"]
    groups = pd.DataFrame(rows, columns=[*head, *COSTS]).groupby(head[:3], sort=False)
    found = groups[head[3:]].mean().join(groups[list(COSTS)].median())
    return found.assign(mean_cost=groups["cost"].mean(), n_runs=groups.size()).reset_index()


def _costs(run, n_pwl, known):
    """What a choice loses in one simulation; see `summarise`."""
    scores, expected = run["test_score"], run["expected_score"]
    best, floor = expected.max(), run["expected_floor"].iloc[0]
    limit, explained = run["expected_known"].iloc[0], best - floor
    by_choices = scores.max() - run["test_floor"].iloc[0]
    enough = expected[expected.index >= known]
    found = {
        "cost": (scores.max() - scores[n_pwl]) / by_choices,
        "expected_cost": (best - expected[n_pwl]) / explained,
        "switched_cost": (expected[scores.idxmax()] - expected[n_pwl]) / explained,
        "known_cost": (expected[known] - expected[n_pwl]) / explained,
        "error": run["standard_error"][~run["best"]].median() / explained,
        "apart": (enough.max() - enough.min()) / explained,
        "gap": (limit - best) / (limit - floor),
    }
    return {name: found[name] for name in COSTS}


def costs_of_fit(fit):
    """What each rule loses on the test subjects of a fold, against the best P in hindsight.

    Parameters
    ----------
    fit : Fit
        With the scores of class frequency on validation and on test subjects.

    Returns
    -------
    pandas.DataFrame
        One row per fold: ``fold``, and for each rule its P and its cost, as a share of what the
        best P in hindsight explains.
    """
    grid = fit.parameters["n_pwl"].values
    owner = pd.Series(fit.splits["fold"].values, fit.trials["subject"].values.astype(str))
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    rows = []
    for fold in fit.folds:
        one = fold.selection.dropna("subject", subset=["validation_floor"])
        values, floor = one["validation_by_subject"].values, one["validation_floor"].values
        found = best_and_sufficient(values, grid, floor, LOSS)
        chosen = {"best": found.best, "loss 5 %": found.index}
        chosen["one standard error"] = one_standard_error(values, grid).index
        test = scores.loc[scores.index.intersection(owner.index[owner == fold.index])].mean()
        by_n_pwl = np.array([test[f"AL-RNN P={value}"] for value in grid])
        explained = by_n_pwl.max() - test["class frequency"]
        cost = {name: (by_n_pwl.max() - by_n_pwl[k]) / explained for name, k in chosen.items()}
        named = {f"P, {name}": int(grid[k]) for name, k in chosen.items()}
        rows.append({"fold": fold.name} | named | {f"cost, {k}": v for k, v in cost.items()})
    return pd.DataFrame(rows)


def main(arguments=None):
    """Simulate what is not in the file yet, and print the summary.

    Parameters
    ----------
    arguments : list of str, optional
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--fits", type=Path, nargs="*", default=[])
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--sizes", default="4x50,8x100,16x100")
    given = parser.parse_args(arguments)
    for path in given.fits:
        _show(path.parent.name, costs_of_fit(Fit.load(path)))
    if given.out is None:
        return
    sizes = [tuple(map(int, size.split("x"))) for size in given.sizes.split(",")]
    done = pd.read_csv(given.out) if given.out.exists() else pd.DataFrame(columns=KEYS)
    known = set(done[KEYS].itertuples(index=False, name=None))
    for run in range(given.runs):
        for size in sizes:
            for task in TASKS:
                if (task, *size, run) not in known:
                    found = simulate(task, *size, run)
                    found.to_csv(given.out, mode="a", header=not given.out.exists(), index=False)
    if given.out.exists():
        _show(given.out.name, summarise(pd.read_csv(given.out)))


def _show(name, table):
    sys.stdout.write(f"{name}\n{table.to_string(index=False, float_format='{:.4f}'.format)}\n")


if __name__ == "__main__":
    main()
