# %% [markdown]
# # What does following a rule compute?
#
# 38 people saw the word LEFT or RIGHT on the left or right of a screen. In some blocks the word
# told them which key to press, in others its location did (Pratte et al. 2010, Experiment 2). The
# same four stimuli need different answers under the two rules. Can a linear system do this? Where
# does it need nonlinearity?

# %%
import json

import data_loaders
from neuroalrnn import Setting, StimulusSequenceOut, analyse, select_n_pwl
from neuroalrnn.plots import (
    plot_behaviour_panels,
    plot_locked_switches,
    plot_regime_raster,
    plot_scores,
    plot_spectra,
)

trials = data_loaders.load("pratte2010")
trials

# %% [markdown]
# Look at the data before modelling them. Errors are rare, more frequent where word and location
# disagree, and on the first trial after the rule changed.

# %%
table = trials[["context", "congruent", "first_in_block", "correct", "scored"]].to_dataframe()
table = table[table["scored"]]
table.groupby(["context", "congruent"])["correct"].mean().unstack().round(3)

# %%
table.groupby("first_in_block")["correct"].mean().round(3)

# %% [markdown]
# Subjects share stimulus orders: 38 people saw six of them. A recurrent network remembers an order
# that it was trained on, so whole orders are held out together.

# %%
cv = StimulusSequenceOut()
[(fold.name, len(set(trials["subject"].values[fold.test]))) for fold in cv.split(trials)]

# %% [markdown]
# Each trial has two steps, stimulus and response. The rectification acts on the previous latent, so
# what arrives with the stimulus can be gated by the rule before the response is read out.

# %%
json.loads(trials.attrs["encoding"])

# %% [markdown]
# A short training, to see the principle in a minute. `make demo` trains longer, with more restarts.

# %%
setting = Setting(n_latent=6, max_checks=12, window=144, warm_up=16)
fit = select_n_pwl(trials, setting, cv, n_restarts=1, n_pwl=[0, 2], n_inner=2, progress=False)
fit.summarise()[["log_likelihood", "standard_error", "bits", "accuracy"]].round(4)

# %% [markdown]
# The linear network (P = 0) is far below everything that can multiply rule and stimulus. Two
# rectified units close most of the gap to a logistic regression that is *given* the products.

# %%
plot_scores(fit).figure

# %% [markdown]
# The signs of the rectified units name the linear regime of every step. All that follows is about
# subjects that the network never saw, and needs no torch.

# %%
found = analyse(fit)
plot_regime_raster(found.linear.regimes, trials, rule="context").figure

# %%
plot_locked_switches(found.linear.locked, event="change of context").figure

# %%
plot_spectra(found.tables["spectra"]).figure

# %% [markdown]
# Do regimes go with behaviour, among trials with the same stimulus and rule? One number per
# subject, tested over subjects.

# %%
plot_behaviour_panels(found.tables["linear_behaviour"])

# %% [markdown]
# Are the regimes the same in all folds? An adjusted Rand index of 1 says yes, 0 says no more than
# by chance. Low values mean: do not interpret single regimes.

# %%
found.tables["agreement"].round(2)
