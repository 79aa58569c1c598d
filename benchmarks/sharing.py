"""How often tasks are said to share units, in networks of which it is known whether they do."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from benchmarks.shared_networks import N_INPUTS, build, simulate, single_task
from neuroalrnn.mechanism.primitives._nulls import null_p, run_random_network
from neuroalrnn.mechanism.sharing import measure_sharing
from neuroalrnn.mechanism.sharing._nulls import draw_single
from neuroalrnn.mechanism.sharing._tasks import run_tasks
from neuroalrnn.mechanism.sharing.measure import EXCHANGED, INDEPENDENT, RANDOM, SINGLE

N_NETWORKS, N_BUILT_IN = 200, 50
N_TASKS, N_DRAWS, N_SINGLE, RADIUS = 3, 39, 5, 0.9
NULLS = (INDEPENDENT, EXCHANGED, RANDOM, SINGLE)
# kind of network -> numbers of PWL units; a third of them works in each task
WITHOUT = {
    "one block per task": (3, 6, 12),
    "units drawn by chance": (12,),
    "independent units": (6,),
    "random network": (3, 12),
    "single-task networks": (6,),
}
# of networks in which tasks A and B share a block, pairs are asked one by one
TWO, SAME, OTHER = "one block for two tasks", ("A", "B"), ("A", "C")
WITH = {"one block for all tasks": (3, 6, 12), "half of each block": (12,), TWO: (12,)}
KINDS = {**WITHOUT, **WITH}
CELLS = tuple((kind, n) for kind, sizes in KINDS.items() for n in sizes)


def measure(*, n_networks=N_NETWORKS, n_built_in=N_BUILT_IN, cells=CELLS, seed=0, tell=None):
    """Ask all nulls about networks with and without sharing.

    Parameters
    ----------
    n_networks, n_built_in : int
        Networks of each kind without and with sharing.
    cells : sequence of (str, int)
        Kinds of networks, and numbers of PWL units.
    seed : int
    tell : callable, optional
        Gets each row.

    Returns
    -------
    DataFrame, one row per kind and number of units
        ``kind, n_pwl, n``, ``overlap`` (median over networks), the share of networks that are said
        to share, by null and under ``all`` of them, and ``low, high`` (95 % Clopper-Pearson
        interval of the latter). NaN where a null is not asked.
    """
    rows = []
    for kind, n_pwl in cells:
        rng = np.random.default_rng([seed, n_pwl, [*KINDS].index(kind)])
        n = n_built_in if kind in WITH else n_networks
        found = [_ask(kind, n_pwl, rng) for _ in range(n)]
        for name in found[0]:
            rows.append({"kind": name, "n_pwl": n_pwl} | _summarise([each[name] for each in found]))
            if tell:
                tell(rows[-1])
    return pd.DataFrame(rows)


def usage_of(kind, n_pwl, rng) -> np.ndarray:
    """Which units work in which task, (unit, task)."""
    each, unit = n_pwl // N_TASKS, np.arange(n_pwl)
    if kind == "independent units":
        return np.ones((n_pwl, N_TASKS), dtype=bool)
    if kind == "units drawn by chance":
        return np.stack([rng.permutation(n_pwl) < each for _ in range(N_TASKS)], axis=1)
    if kind == "one block for all tasks":
        return np.repeat((unit < each)[:, None], N_TASKS, axis=1)
    blocks = unit[:, None] // each == np.arange(N_TASKS)
    if kind == TWO:
        return blocks[:, [0, 0, 2]]
    if kind == "half of each block":
        common = (unit % each < each // 2) & (unit < each)
        blocks &= (unit % each >= each // 2)[:, None]
        blocks |= common[:, None]
    return blocks


def _ask(kind, n_pwl, rng):
    """Overlap, and p by null, of one network, by what was asked."""
    usage = usage_of(kind, n_pwl, rng)
    network = build(usage, rng, own_inputs=kind == "independent units")
    trials = simulate(network, N_TASKS, rng)
    if kind == "single-task networks":
        return {kind: {"overlap": np.nan, SINGLE: _one_beside_others(network, usage, trials, rng)}}
    single = None if kind == "independent units" else _single(network, usage, rng, N_SINGLE)
    if kind == "random network":
        sequences = run_tasks(network, trials, "rule").sequences
        network, _ = run_random_network(network, sequences, RADIUS, rng)
    found = measure_sharing(
        network, trials, single=single, n_draws=N_DRAWS, n_random=N_DRAWS, rng=rng
    )
    if kind == TWO:
        return {f"{kind}: {a} and {b}": _of_pair(found, a, b) for a, b in (SAME, OTHER)}
    overlap = found.overlap.query("epoch == 'all'")["overlap"].mean()
    return {kind: {"overlap": overlap} | _largest(found.summary.query("decides"))}


def _of_pair(found, a, b):
    """The same of one pair of tasks."""
    deciding = found.summary.query("decides")[["null", "measure"]]
    here = "task == @a and other_task == @b"
    overlap = found.overlap.query(f"epoch == 'all' and {here}")["overlap"].item()
    return {"overlap": overlap} | _largest(found.nulls.query(here).merge(deciding))


def _largest(rows):
    return rows.groupby("null")["p"].max().to_dict()


def _one_beside_others(network, usage, trials, rng):
    """p of networks that know one task each, beside others that do."""
    single = _single(network, usage, rng, N_SINGLE + 1)
    draws = draw_single(run_tasks(network, trials, "rule"), single)["shared_engagement"]
    draws = draws.mean(axis=1).reshape(N_SINGLE + 1, N_SINGLE + 1)
    return null_p(draws[0, 0], draws[1:, 1:].ravel())


def _single(network, usage, rng, n_each):
    """Networks that know one task, with what its units take from the inputs."""
    mixture = network.input_weight[1:, :N_INPUTS]
    return {
        chr(ord("A") + k): [
            single_task(mixture[usage[:, k]], len(usage), N_TASKS, rng) for _ in range(n_each)
        ]
        for k in range(N_TASKS)
    }


def _summarise(found):
    table = pd.DataFrame(found)
    asked = [name for name in NULLS if name in table]
    said = table[asked] <= 0.05
    every = said.all(axis=1)
    low, high = binomtest(int(every.sum()), len(table)).proportion_ci(method="exact")
    row = {"n": len(table), "overlap": table["overlap"].median()}
    row |= {name: said[name].mean() if name in said else np.nan for name in NULLS}
    return row | {"all": every.mean(), "low": low, "high": high}


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write the rates between the lines that mark their place on the page.

    Parameters
    ----------
    table : DataFrame
        From `measure`.
    path : Path
        Page that has the two lines.
    """
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    lines = "\n".join([HEAD, *map(_line, table.to_dict("records"))])
    path.write_text(f"{before}{BEGIN}\n{lines}\n{END}{after}", encoding="utf-8")


BEGIN, END = "<!-- rates -->", "<!-- end of rates -->"
HEAD = """| network | P | n | overlap | independent units | exchanged units | random networks | \
single-task networks | **shared** | 95 % interval |
|---|---|---|---|---|---|---|---|---|---|"""


def _line(row):
    asked = [name for name in NULLS if not np.isnan(row[name])]
    rates = " | ".join(_percent(row[name]) if name in asked else "" for name in NULLS)
    overlap = "" if np.isnan(row["overlap"]) else f"{row['overlap']:.2f}"
    every = f"**{_percent(row['all'])}**" if len(asked) > 1 else ""
    interval = f"{100 * row['low']:.1f} to {100 * row['high']:.1f} %"
    head = f"{row['kind']} | {row['n_pwl']} | {row['n']} | {overlap}"
    return f"| {head} | {rates} | {every} | {interval} |"


def _percent(share):
    return f"{100 * share:.1f} %"
