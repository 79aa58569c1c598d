# %% [markdown]
# # Does the AL-RNN predict behaviour better than simpler models?
#
# Every model saw the same training subjects and was scored on the same held-out trials; sizes,
# restarts, training time and P were chosen inside each training part. The tables below were
# written by `neuroalrnn compare --run notebooks/comparison/NAME.toml --out DIR`, with settings that
# were fixed before the test scores were looked at; `notebooks/comparison/README.md` tells the way
# there. This takes ten minutes (`pratte2010`) to hours (`miller_rats`), so the scores per subject
# are kept beside the run files and read here.

# %%
from pathlib import Path

import pandas as pd

from neuroalrnn.plots import plot_effects
from neuroalrnn.stats import compare_models

FOLDER = next(
    folder / "comparison"
    for folder in (Path("notebooks"), Path(), Path(globals().get("__file__", ".")).parent)
    if (folder / "comparison").is_dir()
)
ids = {"subject": str}
scores = {
    path.stem.removesuffix("_scores"): pd.read_csv(path, dtype=ids)
    for path in sorted(FOLDER.glob("*_scores.csv"))
}
tables = {name: compare_models(each) for name, each in scores.items()}
SHOWN = ["model", "pooled", "bits", "difference_to_best", "error_to_best", "within_one_error"]


def show(name):
    """Models of one dataset, the best first; differences in nats per trial over subjects."""
    return tables[name][[*SHOWN, "n_favouring", "n_subjects", "q"]].round(4)


def draw(name):
    """Every model minus the reference, with 95 % intervals over subjects."""
    rows = tables[name].assign(estimate=tables[name]["difference"], scale="nats per trial")
    rows = rows[rows["model"] != rows["reference"].iloc[0]]
    return plot_effects(rows, name="model").figure


# %% [markdown]
# ## Stimulus selection (38 people, whole stimulus sequences held out)

# %%
show("pratte2010")

# %%
draw("pratte2010")

# %% [markdown]
# The GLM-HMM is best, and the AL-RNN is not within one standard error of it: it is behind by 0.008
# nats per trial, and better in 4 of 38 people. What the GLM-HMM knows and the AL-RNN does not is
# how error-prone a person is. Log odds of the AL-RNN times a power of the person's error rate so
# far (two numbers, fitted to these very trials, time constant 300 trials) give -0.0823; fitted to
# the people of one large stimulus sequence and applied to those of the other, they close 49 and
# 79 % of the gap. Given errors
# as an input, longer memory and windows of whole sessions, networks did learn to use them, but not
# in a way that carried over to stimulus sequences (and people) of other validation parts: those who
# err often are few. Against its own controls the AL-RNN does what it should: the linear network
# (P = 0) cannot follow the rule at all, and four rectified units do better than six or the GRU.

# %% [markdown]
# ## Two-step task (6 rats, one held out at a time)

# %%
show("miller_rats")

# %%
draw("miller_rats")

# %% [markdown]
# The GLM-HMM is best again, though over six rats little can be told apart: it is ahead of the
# AL-RNN by 0.015 +- 0.011 nats per trial (mean over rats), and three quarters of that come from one
# rat. The AL-RNN with P chosen inside is level with the GRU over rats (-0.456 and -0.457), behind
# it over trials (-0.4200 and -0.4134), and ahead of the two-step hybrid and of all regressions. P
# was not chosen well: P = 4 in all folds would have given -0.4136. The linear network (P = 0) is
# worse than a regression on history.

# %% [markdown]
# ## What this says
#
# On both tasks a model whose states change how much a subject errs, or which strategy it follows,
# predicts best. An AL-RNN can represent such slow changes; with a few subjects to learn them from,
# it did not. Where the question is *what a behaviour computes*, its scores say how much of the
# predictable part the network that is taken apart has captured: all but 0.008 and 0.015 nats.
