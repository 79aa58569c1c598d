# %% [markdown]
# # How many nonlinear units do commands of SCAN need?
#
# A command such as "jump twice after walk left" is read word by word and carried out action by
# action, in three splits: commands of the test are like those of training (simple), their answers
# are longer (length), or "jump" is combined with other words only there (addprim_jump). Networks of
# 32 latents have P = 0, 4 or 32 and learn from 8000 commands; 200 others of the same split say when
# to stop. Whole answers are scored, of 1000 commands; while a network answers, it is told the
# action before, which changes no whole answer that is right.
#
# Here a few commands are made and networks are trained for seconds, to see the steps. `python
# notebooks/claim_scan.py --full FOLDER` trains them on the files for as long as for the text below,
# in about three minutes of one core, and goes on where it was stopped. The folder holds
# `tasks_train_simple.txt` and so on, of which `docs/suite.md` says where they come from.

# %%
import sys
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from neuroalrnn.config import Setting
from neuroalrnn.dissect import dissect
from neuroalrnn.dissect.plan import DEFAULT
from neuroalrnn.plots.dissection import plot_task_scores
from neuroalrnn.plots.style import DOUBLE, new_figure, style

FULL, OUT = "--full" in sys.argv, Path("results/claims")
SPLITS = ["simple", "length", "addprim_jump"]
GRID, N_LATENT = ([0, 4, 32], 32) if FULL else ([0, 1, 2], 2)
LONG = {"learning_rate": 0.01, "halve_every": 500, "check_every": 100, "max_checks": 15}
SHORT = {"max_checks": 1, "check_every": 2, "batch_size": 4}


def make_stand_ins(folder):
    """Commands of three words at most, the same for training and for tests."""
    verbs = {"walk": "I_WALK", "jump": "I_JUMP"}
    sides = {"": "", "left": "I_TURN_LEFT", "right": "I_TURN_RIGHT"}
    counts = {"": 1, "twice": 2, "thrice": 3}
    lines = []
    for words in product(verbs, sides, counts):
        action = f"{sides[words[1]]} {verbs[words[0]]}".split() * counts[words[2]]
        lines.append(f"IN: {' '.join(filter(None, words))} OUT: {' '.join(action)}")
    for part, split in product(("train", "test"), SPLITS):
        text = "\n".join(lines)
        (folder / f"tasks_{part}_{split}.txt").write_text(text, encoding="utf-8")


def train(split, path):
    """The dissection of a split."""
    own = DEFAULT.model_dump(exclude={"n_pwl"}) | LONG | {"n_latent": N_LATENT}
    options = {"n_restarts": 5, "n_train": [8000], "n_validation": 200, "n_test": 1000}
    if FULL:
        options |= {"resume": OUT / "scan", "progress": True}
    else:
        own |= SHORT
        options = {"n_restarts": 2, "n_train": [8], "n_validation": 6, "n_test": 8}
    return dissect(
        "SCAN", parameters={"path": path, "split": split}, n_pwl=GRID, fresh=False, n_retrained=0,
        setting=Setting(**own), **options,
    )  # fmt: skip


if FULL:
    path = [*sys.argv[sys.argv.index("--full") + 1 :], None][0]
    found = {split: train(split, path) for split in SPLITS}
else:
    with TemporaryDirectory() as folder:
        make_stand_ins(Path(folder))
        found = {split: train(split, folder) for split in SPLITS}

# %%
with style():
    figure = new_figure(DOUBLE, 60)
    axes = figure.subplots(1, 3, sharey=True)
    for ax, (split, each) in zip(axes, found.items(), strict=True):
        runs, performance = each.tables["runs"], each.tables["performance"]
        plot_task_scores(runs, performance, "whole answers", N_LATENT, ax=ax)
        ax.set_title(split)
        ax.label_outer()
    for ax in axes[1:]:
        ax.get_legend().remove()
figure


# %%
def describe(split):
    """Median share of whole answers by P, with the lowest and the highest restart, as text."""
    by_p = found[split].tables["runs"].groupby("n_pwl")["test_score"]
    ranges = by_p.agg(["median", "min", "max"]).iterrows()
    return ", ".join(
        f"P = {p} {row['median']:.3f} ({row['min']:.3f} to {row['max']:.3f})" for p, row in ranges
    )


sentence = "Whole answers that are right, " + "; ".join(f"{s}: {describe(s)}" for s in SPLITS)
if FULL:
    OUT.mkdir(parents=True, exist_ok=True)
    figure.savefig(OUT / "scan.svg")
sys.stdout.write(f"{sentence}\n")

# %% [markdown]
# Found with these settings, median of five restarts (lowest to highest): of commands like those of
# training, whole answers are right in 0.010 (0.007 to 0.013) with P = 0, 0.028 (0.026 to 0.041)
# with P = 4 and 0.080 (0.061 to 0.091) with P = 32. Of longer answers it is 0.007 (0.004 to 0.010),
# 0.006 (0.002 to 0.011) and 0.009 (0.006 to 0.012), and of new combinations of "jump" 0.000 with
# every P (0.001 at most). **More nonlinear units carry out more commands that are like those of
# training, and no number of them generalises; few are not enough.** No network is near to solving
# SCAN, which takes longer training: 1,500 updates of 32 commands, tried once, with one learning
# rate for every P.
