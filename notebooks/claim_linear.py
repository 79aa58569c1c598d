# %% [markdown]
# # Where does a linear network suffice?
#
# Three tasks that a linear network (P = 0) can solve by construction: to keep a value (scalar
# memory), to name a symbol after a delay (variable-delay copy, one item) and to follow a rule that
# is shown (rodent selection a, where the largest of three outputs wins). Does training find it, and
# do nonlinear units that are there get used?
#
# Here networks are trained for seconds, to see the steps. `python notebooks/claim_linear.py --full`
# trains them as long as for the text below, in about two minutes of one core, and goes on where
# it was stopped.

# %%
import sys
from pathlib import Path

from neuroalrnn.config import Setting
from neuroalrnn.dissect import dissect
from neuroalrnn.dissect.plan import DEFAULT
from neuroalrnn.plots.dissection import plot_share_solved
from neuroalrnn.plots.style import DOUBLE, new_figure, style

FULL, OUT = "--full" in sys.argv, Path("results/claims")
# parameters for a short look, and what differs from the default setting
TASKS = {
    "scalar memory": ({"n_steps": 5}, {"max_checks": 60}),
    "variable-delay copy": ({"n_blanks": [2, 3]}, {"max_checks": 60}),
    "rodent selection a": ({}, {"max_checks": 30, "patience": 10}),
}
SHORT = {"max_checks": 2, "check_every": 3, "batch_size": 8}


def train(task):
    """The dissection of a task."""
    few, changed = TASKS[task]
    own = DEFAULT.model_dump(exclude={"n_pwl"}) | changed
    if FULL:
        folder = OUT / task.replace(" ", "_")
        options = {"n_pwl": [0, 1, 2, 10], "resume": folder, "progress": True}
        return dissect(task, setting=Setting(**own), **options)
    options = {"n_restarts": 2, "n_validation": 20, "n_test": 40, "parameters": few}
    return dissect(task, n_pwl=[0, 1], setting=Setting(**own | SHORT), **options)


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
def needed(task, name):
    """Median number of needed units by P, before or after training on without them."""
    table = found[task].tables[name]
    if "replacement" in table:
        table = table[table["replacement"] == "affine"]
    counts = table.groupby(["n_pwl", "restart"])["needed"].sum().groupby("n_pwl").median()
    return {int(p): round(float(n), 1) for p, n in counts.items()}


def share(task):
    """Share of restarts that the linear network solves the task in."""
    return found[task].tables["runs"].query("n_pwl == 0")["solved"].mean()


sentence = "; ".join(
    f"{task}: P = 0 solves it in {100 * share(task):.0f} % of restarts; needed units by P: "
    f"{needed(task, 'necessity')} as trained, {needed(task, 'retraining')} after training on "
    "without them" for task in found
)  # fmt: skip
if FULL:
    OUT.mkdir(parents=True, exist_ok=True)
    figure.savefig(OUT / "linear.svg")
sys.stdout.write(f"{sentence}\n")

# %% [markdown]
# Found with these settings, of ten restarts each: P = 0 solves all three tasks in all restarts, as
# do P = 1, 2 and 10. In the median network P = 10 uses 0, 6 and 2 of its ten units (scalar memory,
# variable-delay copy, rodent selection); in the network that validation trials prefer, none of them
# is needed once the rest is trained on without it. **A linear network suffices where it should.
# That a network uses nonlinear units does not show that its task needs them: it may learn to do
# without.**
