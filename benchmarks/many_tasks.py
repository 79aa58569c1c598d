"""Fifteen tasks in one network: an AL-RNN with few PWL units beside other networks of its size.

``python -m benchmarks.many_tasks`` trains them one after the other, and writes what was found to
``benchmarks/many_tasks.json``, the table to ``docs/sharing.md`` and the learning curves to
``benchmarks/many_tasks.svg``. Networks that are done are read from the folder of ``--out``.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
import typer

from benchmarks.many_networks import KINDS, give_out, refine, start
from benchmarks.many_trials import SUITE, Pool, draw_trials, read_answers, score_rules
from neuroalrnn.config import Setting
from neuroalrnn.dissect._sets import Part
from neuroalrnn.fit import Adam, compute_log_likelihood
from neuroalrnn.ops import choose_backend
from neuroalrnn.plots.style import DOUBLE, PALETTE, new_figure, styled

FOUND = Path(__file__).with_name("many_tasks.json")
FIGURE = FOUND.with_suffix(".svg")
PAGE = Path(__file__).parents[1] / "docs" / "sharing.md"
BEGIN, END = "<!-- fifteen tasks -->", "<!-- end of fifteen tasks -->"
AVERAGING, CLIP_NORM = 0.98, 1.0
TRAIN, HELD_OUT, TEST = range(3)
SETTING = Setting(n_latent=100, n_pwl=25, initialisation="identity")


@dataclass(frozen=True)
class Stage:
    """A part of training.

    Parameters
    ----------
    n_joined : int
        Steps of the task that are joined to one.
    n_trials : int
        Trials that get new noise whenever one is met.
    n_updates, batch_size : int
        Updates, and trials of each.
    learning_rate : float
    halve_every : int
        Updates in which the learning rate halves.
    check_every : int
        Updates between two scores on trials held out.
    """

    n_joined: int
    n_trials: int
    n_updates: int
    batch_size: int
    learning_rate: float
    halve_every: int
    check_every: int

    def at(self, pace) -> "Stage":
        """Shorten the stage, for networks whose updates take longer."""
        n_updates, halve_every = int(pace * self.n_updates), int(pace * self.halve_every)
        return replace(self, n_updates=n_updates, halve_every=halve_every)


COARSE = Stage(5, 20_000, 6000, 128, 0.003, 2000, 500)
FINE = Stage(1, 4000, 200, 64, 5e-5, 100, 100)
N_HELD_OUT, N_TEST = 2000, 6000


def learn(name, seed, scan, tell, stages=(COARSE, FINE)) -> dict:
    """Train a network of one kind, and score it.

    Parameters
    ----------
    name : str
        In `KINDS`.
    seed : int
        Of starts and trials.
    scan : callable
        A backend of `neuroalrnn.ops`.
    tell : callable
        Gets every row of the learning curve.
    stages : tuple of Stage
        From coarse to fine.

    Returns
    -------
    dict
        ``weights``, ``curve``, and ``scores`` on test trials by rule.
    """
    kind, curve, begun = KINDS[name], [], time.process_time()
    weights, before = start(kind, SETTING, seed, [0.5, 0.0, 0.0]), stages[0]
    for stage in (each.at(kind.pace) for each in stages):
        if stage.n_joined < before.n_joined:
            weights = refine(weights, before.n_joined // stage.n_joined)
        before, best = stage, -1.0
        for now, row in _teach(kind, weights, stage, seed, scan):
            curve.append(row)
            tell(row)
            mean = np.mean([*row["scores"].values()])
            if mean > best:
                weights, best = now, mean
    trials, observations = _test_trials(seed)
    return {
        "weights": weights,
        "curve": curve,
        "scores": score_rules(trials, give_out(kind, weights, observations, scan)),
        "seconds": time.process_time() - begun,
    }


def _teach(kind, weights, stage, seed, scan):
    """Update weights; yields them, and a row of the learning curve, at every check."""
    architecture = kind.architecture
    pool, trials, observations = _sets(stage.n_joined, stage.n_trials, seed)
    n_pwl = kind.n_pwl(SETTING.n_latent)
    optimiser = Adam(
        weights,
        frozen=architecture.frozen(weights, n_pwl, SETTING),
        decayed=architecture.decayed(weights),
        learning_rate=stage.learning_rate,
        halving=stage.halve_every,
        clip_norm=CLIP_NORM,
        weight_decay=0.0,
        averaging=AVERAGING,
    )
    rng, noise = np.random.default_rng([seed, 1]), torch.Generator().manual_seed(seed)
    index, losses = torch.arange(stage.batch_size)[None], []
    for update in range(stage.n_updates + 1):
        if update % stage.check_every == 0:
            now = optimiser.averaged()
            outputs = give_out(kind, now, observations, scan)
            row = {
                "n_joined": stage.n_joined,
                "update": update,
                "loss": float(np.mean(losses)) if losses else None,
                "scores": score_rules(trials, outputs),
            }
            losses.clear()
            yield now, row
        part = pool.draw(stage.batch_size, rng, noise)

        def mean_score(weights, part=part):
            total, n_scored = compute_log_likelihood(
                weights, n_pwl, part, index, scan=scan, architecture=architecture
            )
            return total.sum(1) / n_scored.sum(1)

        losses.append(-float(optimiser.update(mean_score)))


@cache
def _sets(n_joined, n_trials, seed):
    noise = SUITE.parameters["noise"] / n_joined**0.5
    pool = Pool(draw_trials(n_trials, n_joined, [seed, TRAIN], noise=0.0), noise)
    held_out = draw_trials(N_HELD_OUT, n_joined, [seed, HELD_OUT])
    return pool, held_out, Part(held_out).observations("float32")


@cache
def _test_trials(seed):
    trials = draw_trials(N_TEST, 1, [seed, TEST])
    return trials, Part(trials).observations("float32")


def count_trained(kind) -> int:
    """Count the numbers that training changes.

    Parameters
    ----------
    kind : Kind

    Returns
    -------
    int
    """
    weights = start(kind, SETTING, 0, [0.5, 0.0, 0.0])
    frozen = kind.architecture.frozen(weights, kind.n_pwl(SETTING.n_latent), SETTING)
    return sum(int((~part).sum()) for part in frozen)


def tabulate(found) -> str:
    """Write the table of the page: tasks in rows, networks in columns.

    Parameters
    ----------
    found : dict
        ``networks`` and ``reader``, as in the file.

    Returns
    -------
    str
    """
    networks = found["networks"]
    head = ["task", "reader", *networks]
    columns = [found["reader"], *(each["scores"] for each in networks.values())]
    rows = [[rule, *(f"{100 * each[rule]:.0f} %" for each in columns)] for rule in found["reader"]]
    values = [np.array([*each.values()]) for each in columns]
    rows.append(["mean", *(f"{100 * each.mean():.1f} %" for each in values)])
    for limit in (0.8, 0.9):
        counts = (f"**{(each >= limit).sum()}**" for each in values)
        rows.append([f"**tasks at {100 * limit:.0f} %**", *counts])
    rows.append(["parameters", "", *(f"{each['n_parameters']:,}" for each in networks.values())])
    minutes = (f"{each['seconds'] / 60:.1f}" for each in networks.values())
    rows.append(["minutes of one core", "", *minutes])
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])


@styled
def draw_curves(found, path) -> None:
    """Draw mean scores on trials held out, and the number of tasks at 80 %, while networks learn.

    Parameters
    ----------
    found : dict
        See `tabulate`.
    path : path-like
    """
    figure = new_figure(DOUBLE, 62)
    left, right = figure.subplots(1, 2)
    for (name, each), colour in zip(found["networks"].items(), PALETTE, strict=False):
        scores = np.array([[*row["scores"].values()] for row in each["curve"]])
        met = np.array([_thousands_met(name, row) for row in each["curve"]])
        goes_over = [row["n_joined"] == 1 and not row["update"] for row in each["curve"]]
        left.plot(met, 100 * scores.mean(axis=1), color=colour, label=name)
        left.plot(met[goes_over], 100 * scores[goes_over].mean(axis=1), "o", color=colour)
        right.plot(met, (scores >= 0.8).sum(axis=1), color=colour)
    for panel in (left, right):
        panel.set_xlabel("Trials met (thousands)")
    left.set_ylabel("Right answers, mean of tasks (%)")
    right.set_ylabel("Tasks with 80 % right")
    right.set_ylim(0, 15.5)
    left.legend()
    figure.savefig(path)


def _thousands_met(name, row):
    """Thousands of trials that a network has met, all stages together."""
    met = 0
    for stage in (each.at(KINDS[name].pace) for each in (COARSE, FINE)):
        is_now = row["n_joined"] == stage.n_joined
        met += (row["update"] if is_now else stage.n_updates) * stage.batch_size
        if is_now:
            break
    return met / 1000


def write(found) -> None:
    """Write the file, the table on the page, and the figure.

    Parameters
    ----------
    found : dict
        See `tabulate`.
    """
    FOUND.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{tabulate(found)}{END}{after}", encoding="utf-8")
    draw_curves(found, FIGURE)


def main():
    """Train what is not done, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], metavar="KIND")
    parser.add_argument("--out", type=Path, default=Path("build/many_tasks"))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    scan = choose_backend("auto")[0].scan(1)
    given.out.mkdir(parents=True, exist_ok=True)
    networks = {}
    for name in KINDS:
        file = given.out / f"{name.replace(' ', '_')}_{given.seed}.json"
        if not file.exists() and name in (given.kinds or KINDS):
            found = learn(name, given.seed, scan, lambda row, name=name: _tell(name, row))
            parts = found.pop("weights")._asdict()
            np.savez(
                file.with_suffix(".npz"), **{part: each.numpy() for part, each in parts.items()}
            )
            file.write_text(json.dumps(found), encoding="utf-8")
        if file.exists():
            networks[name] = json.loads(file.read_text(encoding="utf-8"))
            networks[name]["n_parameters"] = count_trained(KINDS[name])
            _tell(name, networks[name] | {"n_joined": 1, "update": "test", "loss": None})
    trials, _ = _test_trials(given.seed)
    write({
        "setting": SETTING.model_dump(include={"n_latent", "initialisation"}),
        "stages": [asdict(stage) for stage in (COARSE, FINE)],
        "seed": given.seed,
        "reader": score_rules(trials, read_answers(trials)),
        "networks": networks,
    })  # fmt: skip


def _tell(name, row):
    """Print a row of a learning curve."""
    scores = np.array([*row["scores"].values()])
    loss = "" if row["loss"] is None else f" loss {row['loss']:.3f},"
    said = (
        f"{name}, {row['n_joined']} joined, {row['update']}:{loss} mean {scores.mean():.3f}, "
        f"{(scores >= 0.8).sum()} at 80 %, {(scores >= 0.9).sum()} at 90 % |"
    )
    typer.echo(said + " ".join(f" {100 * each:.0f}" for each in scores))


if __name__ == "__main__":
    main()
