"""Whether functional regimes give back computations that are known, and find none elsewhere."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest, nbinom, t

from benchmarks.computation_runs import (
    AFTER,
    BADLY_TRAINED,
    NULL_SIZE,
    NULLS,
    SIZE,
    SOURCES,
    fit_null,
    fit_run,
    score_run,
)
from benchmarks.kept import keep, make_all, place
from neuroalrnn.effects import find_functional_regimes
from neuroalrnn.exceptions import FitError, NotTestableError

N_RUNS, N_NULLS, N_PROCESSES = 20, 200, 2
# share of runs, of switches, and of nulls
RIGHT, FOUND, KEPT = 0.9, 0.9, 0.95
# largest distance of two distributions of latencies
APART = 0.1
REFUSED = "refused"
VERDICTS = ("one", "graded", "not reproducible", "discrete")


def measure(folder, *, n_runs=N_RUNS, n_nulls=N_NULLS, n_processes=N_PROCESSES) -> dict:
    """Simulate, fit and compare all runs that are not in the folder yet.

    Parameters
    ----------
    folder : path-like
        Where every fit and what was found in it is kept; runs that are there are not made again.
    n_runs : int
        Per source.
    n_nulls : int
        Per kind of null.
    n_processes : int
        Runs that are made at the same time.

    Returns
    -------
    dict of str -> list of dict
        What was found, by source or null.
    """
    jobs = [(name, run) for run in range(n_runs) for name in SOURCES]
    jobs += [(kind, run) for run in range(n_nulls) for kind in NULLS]
    made = make_all(folder, jobs, make, n_processes=n_processes, desc="computations")
    found = {}
    for (name, _), each in made.items():
        found.setdefault(name, []).append(each)
    return found


def make(folder, name, run) -> None:
    """Make one run and keep what was found.

    Parameters
    ----------
    folder : pathlib.Path
    name : str
        Of a source or a null.
    run : int
    """
    if name in SOURCES:
        path = place(folder, name, run).with_suffix(".nc")
        found = score_run(name, run, fit_run(name, run, path))
    else:
        found = _judge(name, run)
    keep(folder, (name, run), found)


def _judge(kind, run):
    """Verdict on a null; one whose training diverges, or that cannot be tested, has none."""
    try:
        regimes = find_functional_regimes(fit_null(kind, run))
    except (FitError, NotTestableError) as error:
        return {"verdict": f"{REFUSED}: {error}", "n_regimes": 0}
    return {"verdict": regimes.verdict, "n_regimes": regimes.n_regimes}


def tabulate_sources(found) -> pd.DataFrame:
    """Summarise the runs of every source.

    Parameters
    ----------
    found : dict
        From `measure`.

    Returns
    -------
    DataFrame, one row per source
    """
    return pd.DataFrame([_of_source(name, found[name]) for name in SOURCES])


def _of_source(name, runs):
    right = [run for run in runs if run["n_regimes"] == run["true_n_regimes"]]
    effects = [each for run in right for each in run["effects"]]
    gaps = np.array([each["effect"] - each["truth"] for each in effects])
    errors = np.array([_standard_error(each) for each in effects])
    inside = [each["low"] <= each["truth"] <= each["high"] for each in effects]
    near = [run["near"] for run in right if "near" in run]
    return {
        "source": name,
        "n_runs": len(runs),
        "n_regimes": runs[0]["true_n_regimes"],
        "right": len(right) / len(runs),
        "score": np.mean([run["score"] for run in runs]),
        "own_score": np.mean([run["own_score"] for run in runs]),
        "trials_right": np.mean([run["agreement"] for run in right]) if right else np.nan,
        "largest_effect": max((abs(each["truth"]) for each in effects), default=np.nan),
        "bias": gaps.mean() if len(gaps) else np.nan,
        "rms": np.sqrt(np.mean(gaps**2)) if len(gaps) else np.nan,
        "standard_error": np.sqrt(np.mean(errors**2)) if len(gaps) else np.nan,
        "rms_z": np.sqrt(np.mean((gaps / errors) ** 2)) if len(gaps) else np.nan,
        "inside": np.mean(inside) if inside else np.nan,
        "runs_inside": sum(_all_inside(run["effects"]) for run in right) / len(runs),
        "near": np.mean(near) if near else np.nan,
        "near_runs": sum(each >= FOUND for each in near) / len(runs) if near else np.nan,
    }


def _standard_error(effect):
    half = (effect["high"] - effect["low"]) / 2
    return half / t.ppf(0.975, effect["n_subjects"] - 1)


def _all_inside(effects):
    """Whether all truths of a run are in intervals that hold them all with 95 % (Sidak)."""
    level = 0.95 ** (1 / len(effects))
    return all(
        abs(each["effect"] - each["truth"])
        <= t.ppf((1 + level) / 2, each["n_subjects"] - 1) * _standard_error(each)
        for each in effects
    )


def tabulate_latencies(found) -> pd.DataFrame:
    """Distribution of trials from an uncued change of rule to the regime of the new rule.

    Parameters
    ----------
    found : dict
        From `measure`.

    Returns
    -------
    DataFrame, one row per number of trials
        ``trials``; ``theory``, of an agent that was sure of the old rule; ``agent`` and ``found``:
        shares of changes, of all runs together.
    """
    runs = [run for run in found["hidden rule"] if "latency" in run]
    agent, labels = (
        np.sum([run[name] for run in runs], axis=0) if runs else np.zeros(AFTER + 1)
        for name in ("own_latency", "latency")
    )
    theory = np.r_[0, 0, nbinom.pmf(np.arange(AFTER - 2), 2, 0.5)]
    theory = np.r_[theory, 1 - theory.sum()]
    shares = [each / max(each.sum(), 1) for each in (agent, labels)]
    names = [*map(str, range(AFTER)), "later"]
    return pd.DataFrame({"trials": names, "theory": theory, "agent": shares[0], "found": shares[1]})


def latency_distance(run) -> float:
    """Largest distance of the cumulated latencies of labels and agent in one run.

    Parameters
    ----------
    run : dict
        From `benchmarks.computation_runs.score_run`.

    Returns
    -------
    float
    """
    shares = [np.cumsum(run[name]) / sum(run[name]) for name in ("own_latency", "latency")]
    return float(np.abs(shares[0] - shares[1]).max())


def tabulate_nulls(found) -> pd.DataFrame:
    """Verdicts on networks without several computations.

    Parameters
    ----------
    found : dict
        From `measure`.

    Returns
    -------
    DataFrame, one row per kind of null
        ``null, n, one, graded, not_reproducible, discrete`` (shares), ``kept``: share with k = 1,
        with its 95 % interval ``low, high``; ``refused``: others, whose training diverged.
    """
    rows = []
    for kind in NULLS:
        tested = [run for run in found[kind] if not run["verdict"].startswith(REFUSED)]
        verdicts = [run["verdict"] for run in tested]
        n, kept = len(verdicts), sum(run["n_regimes"] == 1 for run in tested)
        interval = binomtest(kept, n).proportion_ci(method="exact")
        share = {
            v: verdicts.count(v) / n for v in ("one", "graded", "not reproducible", "discrete")
        }
        refused = len(found[kind]) - n
        rows.append({"null": kind, "n": n} | share | {"kept": kept / n, "refused": refused})
        rows[-1] |= {"low": interval.low, "high": interval.high}
    return pd.DataFrame(rows)


HEAD = f"""# Computations that are known: what functional regimes give back

Written by `python -m benchmarks computations`. Every run simulates {SIZE[0]} new subjects with
{SIZE[1]} trials each, fits AL-RNNs with whole subjects held out (three folds, two restarts, P = 0
beside a small P, chosen inside each fold; six restarts where held-out choices are predicted
{BADLY_TRAINED:g} nats worse than by their source), and calls `find_functional_regimes`. The sources
are in `neuroalrnn.tasks`: networks in closed form (`CONSTRUCTED`), whose trials are grouped by the
effects of their values or bits, and agents (`COMPUTING`), whose inputs the package chooses by
itself; of the one that may be engaged or not the stimulus is named.

{{short}}

- **k right**: share of runs with the true number of regimes. What follows is of these runs.
- **score, own**: held-out nats per trial of the networks, and of the source itself.
- **trials right**: share of held-out trials in the true regime, among those with a regime.
- **effects**: of all decisive inputs in all regimes, in log-odds. The largest true one; mean and
  root mean square of estimate minus truth; root mean square of the standard errors that
  `find_functional_regimes` gives, and of estimate minus truth over its standard error (z; 1 where
  these are right); share of truths inside the 95 % interval.
- **runs inside**: share of all runs with the true number of regimes and all truths inside intervals
  that hold all of them together with 95 % (widened for their number, after Sidak).
- **switches**: mean share of true switches with the same switch found at most two trials away;
  share of runs in which at least {100 * FOUND:g} % are.

| source | k | k right | score | own | trials right | largest | bias | rms | error | z | inside \
| runs inside | switches | runs |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""


CHOSEN = f"""## What was chosen after looking

At first sources had 6 to 12 subjects of 300 or 500 trials. The agent that may be engaged or not was
called graded in 3 of 20 runs: trained on 8 subjects of 500 trials, networks had ways of their own
to infer its state from outcomes (held-out choices 0.01 nats worse than by the source). Four times
the restarts mended two of the three and broke another. With 24 subjects the same three had pair
agreements of 0.98 to 0.99. So all sources have {SIZE[0]} subjects of {SIZE[1]} trials now, and
other seeds.

Intervals were the wider one of subjects' means and a jackknife over folds. Networks estimated the
integrator as a logistic regression on all lags does (correlation of errors over 20 runs 0.99), so
the misses were of the interval: three folds leave two degrees of freedom, and half-widths went from
0.04 to 0.67. Standard errors from a regression of held-out choices have those of subjects. With
24 subjects the first runs showed that networks also make effects too small or large by up to 0.15
in all folds, which the same choices tell: so effects are corrected by what they add. A first
version that moved the read-out alone made some effects worse, as latents cannot say everything; now
the inputs of each regime are terms, too. This was decided on runs 0 to 4 of integration, cued rule
and win-stay lose-shift.

Where integration is given a third regime, that has 2 to 3 % of trials, with effects between those
of the two, which the networks of all folds blur alike; nothing was changed for it. Regimes of
parity are decided by its own inputs, which do not vary within one, so that latents alone are terms
there. The level of such a regime was a term at first; leaving it out changed no figure.

Of the 160 fits 66 were made when P was chosen by one standard error. In all of their folds the
present rule chooses the same P; one fit for which it does not was made again."""


def write(path, found) -> None:
    """Write all tables as Markdown.

    Parameters
    ----------
    path : pathlib.Path
    found : dict
        From `measure`.
    """
    sources = tabulate_sources(found)
    lines = "\n".join(_source_line(row) for row in sources.itertuples())
    parts = [HEAD.format(short=_short(sources)) + lines]
    distances = [latency_distance(run) for run in found["hidden rule"] if "latency" in run]
    close = sum(each <= APART for each in distances)
    parts.append(
        "## After an uncued change\n\nTrials from a change of the hidden rule to the first trial "
        "in the regime of the new rule: of an agent that\nwas sure of the old rule, of the "
        "simulated agents, and as found. The cumulated distributions of agent and labels\nare at "
        f"most {APART:g} apart in {close} of {len(distances)} runs; {_median(distances)}.\n\n"
        "| trials | theory | agent | found |\n|---|---|---|---|\n"
        + "\n".join(
            f"| {row.trials} | {row.theory:.3f} | {row.agent:.3f} | {row.found:.3f} |"
            for row in tabulate_latencies(found).itertuples()
        )
    )
    parts.append(
        "## Where there is nothing to find\n\n"
        f"{NULL_SIZE[0]} subjects of {NULL_SIZE[1]} trials of the agents in turn. Linear networks "
        "have P = 0; choices are shuffled within\nsessions; random networks (P = 2) are not "
        f"trained. At least {KEPT:.0%} must have k = 1. Refused: training diverged; "
        "the shares are of the others.\n\n".replace("%", " %")
        + "| null | n | one | graded | not reproducible | discrete | k = 1 | 95 % interval "
        "| refused |\n|---|---|---|---|---|---|---|---|---|\n"
        + "\n".join(_null_line(row) for row in tabulate_nulls(found).itertuples(index=False))
    )
    parts.append(CHOSEN)
    Path(path).write_text("\n\n".join([*parts, ""]), encoding="utf-8")


def _short(sources):
    """What falls short of the mark, said first."""
    few, wrong, far = (
        ", ".join(sources["source"][sources[name] < RIGHT]) or "none"
        for name in ("right", "inside", "runs_inside")
    )
    return (
        f"Fewer than {100 * RIGHT:g} % of runs have the true number of regimes: {few}. Fewer than "
        f"{100 * RIGHT:g} % of\ntrue effects are inside their interval: {wrong}. Fewer than "
        f"{100 * RIGHT:g} % of runs have all of them\ninside: {far}."
    )


def _median(distances):
    return f"the median distance is {np.median(distances):.3f}" if distances else "none was found"


def _source_line(row):
    switches = ("", "") if np.isnan(row.near) else (f"{row.near:.3f}", f"{row.near_runs:.0%}")
    cells = [
        row.source,
        row.n_regimes,
        f"{row.right:.0%}",
        f"{row.score:.4f}",
        f"{row.own_score:.4f}",
        f"{row.trials_right:.3f}",
        f"{row.largest_effect:.2f}",
        f"{row.bias:+.2f}",
        f"{row.rms:.2f}",
        f"{row.standard_error:.2f}",
        f"{row.rms_z:.2f}",
        f"{row.inside:.0%}",
        f"{row.runs_inside:.0%}",
        *switches,
    ]
    return f"| {' | '.join(map(str, cells))} |".replace("%", " %")


def _null_line(row):
    shares = [f"{each:.1%}" for each in row[2:7]]
    cells = [row.null, row.n, *shares, f"{row.low:.1%} to {row.high:.1%}", row.refused or ""]
    return f"| {' | '.join(map(str, cells))} |".replace("%", " %")
