# %% [markdown]
# # Does the AL-RNN predict behaviour better than simpler models?
#
# Every model saw the same training subjects and was scored on the same held-out trials; sizes,
# restarts, training time and P were chosen inside each training part. The tables below were
# written by `neuroalrnn compare --run notebooks/comparison/NAME.toml --out DIR`, with settings that
# were fixed before the test scores were looked at; `notebooks/comparison/README.md` tells the way
# there. This takes ten minutes (`pratte2010`) to two hours, so the scores per subject
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
own = {name: pd.read_csv(FOLDER / f"{name}_own_temperature.csv", dtype=ids) for name in scores}
own_tables = {name: compare_models(each) for name, each in own.items()}
SHOWN = ["model", "log_likelihood", "subject_mean"]
SHOWN += ["difference_to_best", "standard_error_to_best", "within_one_error"]


def show(table):
    """Models of one dataset, the best first; differences in nats per trial over subjects."""
    return table[[*SHOWN, "n_favouring", "n_subjects", "q"]].round(4)


def draw(name):
    """Every model minus the reference, with 95 % intervals over subjects."""
    rows = tables[name].assign(estimate=tables[name]["difference"], scale="nats per trial")
    rows = rows[rows["model"] != rows["reference"].iloc[0]]
    return plot_effects(rows, name="model").figure


# %% [markdown]
# ## Stimulus selection (38 people, whole stimulus sequences held out)

# %%
show(tables["pratte2010"])

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
show(tables["miller_rats"])

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
# ## Bandit with free presses (101 people, a fifth held out at a time)

# %%
show(tables["dezfouli2019"])

# %%
draw("dezfouli2019")

# %% [markdown]
# LSTM and GRU are best. The AL-RNN, with P = 8 chosen in four folds and 16 in one, is behind the
# LSTM by 0.0054 +- 0.0010 nats per trial, and ahead of the GLM-HMM by 0.0035 +- 0.0011 and of
# regressions and Q-learning by 0.1. More rectified units would have been better still (P = 16:
# -0.2820): the smallest P within one standard error on validation subjects is a choice for
# simplicity, and here it costs 0.0012. The linear network does not reach a regression on history.

# %% [markdown]
# ## How much of it is only how decided a subject is
#
# A model with hidden states notices, trial by trial, how often a new subject errs; the others were
# scored as if every subject were the average one. Below, the inverse temperature of each held-out
# subject is inferred from its choices so far, for all models alike and with nothing fitted
# (`neuroalrnn.behaviour.temperature`). These tables were made after those above had been seen.

# %%
show(own_tables["pratte2010"])

# %%
show(own_tables["miller_rats"])

# %%
show(own_tables["dezfouli2019"])

# %% [markdown]
# In the people this takes three quarters of the distance away: the AL-RNN gains 0.0074 nats per
# trial and the GLM-HMM 0.0015, and 0.0023 +- 0.0010 remain. Regressions on history gain more still
# and are level with the GLM-HMM: what they have beyond the AL-RNN carries over better to stimulus
# sequences that nobody was trained on. In the rats 0.009 +- 0.007 remain; the rat M071, whose
# choices are the least predictable (inverse temperature 0.6), loses half of its distance. In the
# bandit nonlinear networks and the GLM-HMM gain 0.003 to 0.004 each, and stand to each other as
# before; regressions, Q-learning and the linear network gain 0.02 to 0.03.

# %% [markdown]
# ## What this says
#
# On no dataset is the AL-RNN the best model, or within one standard error of it. In stimulus
# selection and the two-step task the GLM-HMM is ahead. Three quarters of its lead in the people,
# and two fifths in the rats, are knowing how decided each subject is, which an AL-RNN did not learn
# to infer from a few training subjects. In the bandit, where there are 80 people to learn from,
# gated networks are ahead, and the AL-RNN is ahead of the GLM-HMM. Where the question is *what a
# behaviour computes*, these scores say how much of what the best model predicts the network that
# is taken apart has captured: all but 0.002, 0.009 and 0.005 nats per trial once one number per
# subject is inferred for all models.
