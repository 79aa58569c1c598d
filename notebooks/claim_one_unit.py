# %% [markdown]
# # Does one nonlinear unit suffice?
#
# Addition, flagged parity and context-dependent integration cannot be solved by a linear network
# (P = 0), and networks in closed form solve them with one rectified unit (P = 1). Does training
# find such networks? Ten restarts of each P, on trials that are drawn anew for every update;
# settings are those of `docs/dissect.md`, which tells what was tried before.
#
# Here networks are trained for seconds, to see the steps. `python notebooks/claim_one_unit.py
# --full` trains them as long as for the text below, in about three minutes of one core, and
# goes on where it was stopped.

# %%
import sys
from pathlib import Path

from neuroalrnn.config import Setting
from neuroalrnn.dissect import dissect
from neuroalrnn.dissect.plan import DEFAULT
from neuroalrnn.plots.dissection import plot_share_solved
from neuroalrnn.plots.style import DOUBLE, new_figure, style

FULL, OUT = "--full" in sys.argv, Path("results/claims")
# parameters, those for a short look, seed, and what differs from the default setting
TASKS = {
    "addition": (
        {"n_steps": 100}, {"n_steps": 6}, 1,
        {"learning_rate": 0.0015, "halve_every": 8000, "check_every": 100, "max_checks": 200,
         "patience": 60},
    ),
    "flagged parity": ({}, {"n_bits": 2}, 1, {"learning_rate": 0.01, "max_checks": 120}),
    "context-dependent integration": ({}, {}, 0, {"max_checks": 30, "patience": 10}),
}  # fmt: skip
SHORT = {"max_checks": 2, "check_every": 3, "batch_size": 8}


def train(task):
    """The dissection of a task."""
    parameters, few, seed, changed = TASKS[task]
    own = DEFAULT.model_dump(exclude={"n_pwl"}) | changed
    if FULL:
        folder = OUT / task.replace(" ", "_")
        options = {"parameters": parameters, "resume": folder, "random_state": seed}
        return dissect(task, n_pwl=[0, 1, 2], setting=Setting(**own), progress=True, **options)
    options = {"n_restarts": 2, "n_validation": 20, "n_test": 40, "parameters": few}
    return dissect(task, n_pwl=[0, 1, 2], setting=Setting(**own | SHORT), **options)


found = {task: train(task) for task in TASKS}

# %%
with style():
    figure = new_figure(DOUBLE, 60)
    axes = figure.subplots(1, 3, sharey=True)
    for ax, (task, each) in zip(axes, found.items(), strict=True):
        plot_share_solved(each.tables["performance"], ax=ax)
        ax.set_title(task)
        ax.label_outer()
figure


# %%
def solved(task, n_pwl):
    """How many restarts solve a task, as text."""
    runs = found[task].tables["runs"].query("n_pwl == @n_pwl")
    return f"{runs['solved'].sum()} of {len(runs)}"


sentence = "Restarts that solve " + "; ".join(
    f"{task}: {solved(task, 0)} with P = 0, {solved(task, 1)} with P = 1, {solved(task, 2)} with "
    "P = 2" for task in found
)  # fmt: skip
if FULL:
    OUT.mkdir(parents=True, exist_ok=True)
    figure.savefig(OUT / "one_unit.svg")
sys.stdout.write(f"{sentence}\n")

# %% [markdown]
# Found with these settings, of ten restarts each: addition of 100 steps is solved by 0 with P = 0,
# 6 with P = 1 and 8 with P = 2; flagged parity by 0, 6 and 10; context-dependent integration
# by 0, 10 and 10. **One unit suffices in all three tasks, as the networks in closed form say, but
# in two of them training finds it in six restarts of ten only, and more often with a second unit.**
# In all three the single unit is still needed when the rest of the network is trained on without
# it, and neither of two is (the network of each P that validation trials prefer, see
# `docs/dissect.md`).
