# %% [markdown]
# # From fit to mechanism: two steps
#
# Six rats, each held out in turn (Venditto et al. 2024), asked what `mechanism_people.py` asks of
# people. A trial has four steps: the first port lights up (c1), the rat chooses (s1), the second
# port lights up (c2), and is rewarded or not (s2). A rat that plans should let the reward decide
# what the second side says about the next choice. Sides come relative to the mapping of the rat,
# from the first port that commonly leads there.
#
# What a network computes is the same in all folds; how it does so is its own affair. Linear regimes
# belong to a network: nothing that is said over folds depends on the name of one, or of a unit.

# %%
from functools import partial

import numpy as np

import data_loaders
from neuroalrnn import (
    LeaveOneSubjectOut,
    Setting,
    plots,
    retrain_without_units,
    select_n_pwl,
)
from neuroalrnn.baselines import class_frequency
from neuroalrnn.config import default_run
from neuroalrnn.effects import find_functional_regimes
from neuroalrnn.mechanism import contrasts
from neuroalrnn.mechanism.ablation.ablate import ablate_units
from neuroalrnn.mechanism.ablation.summarise import compare_costs
from neuroalrnn.mechanism.controls import cost_without_switching, shuffle_choices
from neuroalrnn.mechanism.primitives import tabulate
from neuroalrnn.plots.computation import plot_effects_around_changes, plot_effects_by_regime
from neuroalrnn.questions import QUESTIONS, analyse, take_apart
from neuroalrnn.regimes import compute_occupancy
from neuroalrnn.regimes.held_out import compute_held_out_regimes

# True: trained for seconds, to see the steps. False: with the settings of `neuroalrnn fit`, which
# is what the numbers in the text are from; they are of one run, and a short one, on fewer trials,
# gives others: short networks predict less well than the history-logistic regression.
SHORT = True

# %% [markdown]
# ## What switching is worth

# %%
trials, run = data_loaders.load("miller_rats"), default_run("miller_rats")
setting = run.setting.model_dump()
plan = run.validation.model_dump(include={"n_restarts", "n_inner", "n_pwl"})
if SHORT:
    early = (trials["session"].astype(int) <= 3) & (trials["trial_in_session"] < 300)
    trials = trials.isel(trial=early.values)
    setting |= {"max_checks": 10}
    plan = {"n_restarts": 1, "n_inner": 2, "n_pwl": [0, 2]}
train = partial(select_n_pwl, setting=Setting(**setting), cv=LeaveOneSubjectOut(), progress=False)
table = trials[["subject", "session", "reward", "common"]].to_dataframe()
before = table.groupby(["subject", "session"])[["reward", "common"]].shift()
trials = trials.assign({f"{name}_before": ("trial", before[name]) for name in before})
fit = train(trials, **plan)
SCORE = ["log_likelihood", "standard_error", "accuracy"]
fit.summarise().loc[["AL-RNN", "AL-RNN P=0", "history-logistic"], SCORE].round(4)

# %% [markdown]
# ## What is computed
#
# The effect of an input is half the change of the log-odds of the next choice when this input of
# one trial is set to its other value. Trials on which all inputs have the same effects are one
# functional regime, if the networks of all folds group trials in the same way.

# %%
WANTED, BESIDE = ("answer", "computation"), ("comparisons", "n_pwl")
asked = [q for q in QUESTIONS if q.section.name in WANTED or q.name in BESIDE]
analysis = analyse(fit, questions=asked)
tables = analysis.tables
analysis.sentences()

# %%
regimes = tables["functional_regimes"].query("networks == 'sufficient P'")
EFFECT = ["name", "share", "input", "lag", "input_effect", "ci_low", "ci_high"]
regimes[EFFECT].round(2)

# %%
plot_effects_by_regime(regimes, tables["effects_by_subject"], called=analysis.asked.called).figure

# %%
plot_effects_around_changes(tables["effects_around_changes"], rule=analysis.rule)

# %%
AGREE = ["networks", "n_regimes", "adjusted_rand", "adjusted_rand_low", "is_chosen"]
tables["functional_agreement"][AGREE].round(3)

# %%
tables["functional_sources"].head(3).round(3)

# %%
tables["functional_degeneracy"].groupby("regime")[["n_paths", "path_entropy"]].median().round(1)

# %% [markdown]
# With the settings of `neuroalrnn fit` there are two computations, which all six networks find
# (adjusted Rand index 1.00 for every pair): after rewarded trials rats go where the second side
# points (1.2 log-odds), after unrewarded ones away from there (-0.7), and after both they repeat
# their choice (0.7 and 0.5). The reward of the trial before decides which of the two is used. This
# is win-stay, lose-shift on the side that the outcome came from, beside a habit. It needs one
# rectified unit. Which side pays matters through outcomes alone: no regime belongs to a block. Each
# computation takes 2 to 6 usual paths of linear regimes, others in every fold. The rest of this
# notebook looks at how networks do it.
#
# ## How: linear regimes

# %%
held_out = compute_held_out_regimes(fit)
held_out.agreement["adjusted_rand"].describe()[["min", "50%", "max"]].round(2)

# %% [markdown]
# ### Linear regimes by epoch and rule
#
# The rule is which side pays, in blocks, and nothing tells the rat or the network. Regimes are
# compared between blocks at c1, the step before the choice, and between rewarded and unrewarded
# trials at s2, where the reward arrives.

# %%
conditions = ["common_before", "reward_before"]
apart = take_apart(fit, held_out, conditions=conditions)
NAMES = ("regime_graph", "gains", "selection")
graph, gains, selection = (apart.tables[name].query("fold == @apart.example") for name in NAMES)
plots.plot_regime_graph(graph, labels=apart.labels).figure

# %%
occupancy = compute_occupancy(held_out.regimes, trials=trials, by=("step", "p_reward_left"))
plots.plot_occupancy_stream_panels(occupancy, condition="p_reward_left")

# %%
by_side = contrasts.compare_occupancy(fit, held_out.regimes, "p_reward_left", step="c1")
by_reward = contrasts.compare_occupancy(fit, held_out.regimes, "reward", step="s2")
contrasts.compare_columns({"side that pays, at c1": by_side, "reward, at s2": by_reward})

# %% [markdown]
# With the settings of `neuroalrnn fit`, the AL-RNN scores -0.422 nats per trial and P = 0 -0.496;
# P = 1 was chosen in four folds and 2 in two. Folds hardly agree about regimes (adjusted Rand
# index .00 to .41, median .08). Occupancies differ between blocks by 0.14 more than by chance (95
# % interval 0.02 to 0.26, n = 6): regimes carry something of which side pays, although this is no
# input. They may owe this to the choices and rewards alone, which are. Between rewarded and
# unrewarded trials they differ by 0.64 (0.41 to 0.88) at the step at which the reward is an
# input.
#
# ### What the linear regimes do

# %%
inputs = fit.sequences.features
plots.plot_gains_panels(gains, features=inputs, labels=apart.labels)

# %%
plots.plot_selection_map(selection, features=inputs, labels=apart.labels, modes="leading").figure

# %%
plots.plot_state_space(apart.portrait).figure

# %% [markdown]
# Is the gain of the second side on the next choice, two steps later, larger after a reward?

# %%
contrast = {"step": "s2", "lag": 2, "feature": "mapped_side"}
gains_by_reward = contrasts.compare_gains(fit, "reward", **contrast)
gains_by_reward.round(2)

# %%
contrasts.compare_columns({"high - low": gains_by_reward})

# %%
contrasts.compare_gains(fit, "reward", **contrast, n_pwl=0).round(2)

# %% [markdown]
# With the settings of `neuroalrnn fit`, the gain of the second side on the next choice is 0.63 to
# 1.17 after a reward and -0.57 to 0.24 without one, in each of the six networks larger after a
# reward: the difference is 1.19 (0.71 to 1.67, n = 6). With P = 0 it is exactly 0. This is the
# product of reward and transition that planning predicts. A rat that plans gives rise to it; that
# a rat does plan does not follow.
#
# ## What breaks without a unit
#
# Each unit is replaced by its best affine approximation on training rats. Ranks come from training
# rats, costs from the one held out.

# %%
units = apart.tables["ablation"].query("replacement == 'affine'")
costs = compare_costs(units, ["replacement", "rank", "epoch"])
plots.plot_ablation_panels(costs)

# %%
COST = ["estimate", "ci_low", "ci_high", "q", "n_subjects"]
costs[["rank", "epoch", *COST]].round(4)

# %%
by_condition = compare_costs(units.dropna(subset=conditions), ["rank", "epoch", *conditions])
by_condition.query("rank == 1 and epoch == 's2'")[[*conditions, *COST]].round(4)

# %%
every = apart.tables["greedy"].query("n_replaced == n_pwl")
compare_costs(every, ["replacement"])[COST].round(4)

# %%
plots.plot_greedy(apart.tables["greedy"], reference=cost_without_switching(fit)).figure

# %%
taught = retrain_without_units(fit, n_checks=5 if SHORT else None)
relearned = compare_costs(taught, ["retrained", "rank"])
relearned[["retrained", "rank", *COST]].round(4)

# %% [markdown]
# With the settings of `neuroalrnn fit`: making all units affine costs 0.084 nats per trial (0.058
# to 0.110, n = 6), about what P = 0 lacks (0.070 as a mean over rats). The unit that training
# rats need most costs 0.067 (0.026 to 0.107, q = .08), and 0.022 (0.005 to 0.039, q = .11) when
# it is affine at s2 only, the step of the reward; the single steps do not exhaust the whole. No
# single epoch survives correction, and neither does any combination of the previous transition
# and reward.
#
# The unit of rank 1 is the only one in four of the six networks. When the network without it is
# trained on for as long as it had been trained, and the intact one with it, it still costs 0.049
# (0.008 to 0.091), which does not survive correction either (q = .07). Training on alone changes
# the score by 0.001.
#
# ## Primitives
#
# The detectors of `neuroalrnn.mechanism.primitives` call a primitive present if its effect exceeds
# permuted labels and random networks, and an intervention on the unit does what it should. Gating
# by the reward is asked for at the step at which reward and side arrive together, two steps before
# the next choice. Integration is not looked for: the side comes once per trial.

# %%
# 19 nulls are the fewest that can give p = .05
gate = {"step": "s2", "features": ["mapped_side"], "n_nulls": 19 if SHORT else 39}
found, names = contrasts.detect_gating_by_fold(fit, "reward", **gate)
DETECTED = ["network", "effect", "p", "causal", "causal_p", "units", "present"]
tabulate(found, names)[DETECTED].round(3)

# %%
plots.plot_primitives(found, names).figure

# %% [markdown]
# ## Behaviour around switches

# %%
plots.plot_triggered_panels(apart.triggered)

# %% [markdown]
# Choices and rewards are inputs, so that a switch may follow from the behaviour that is drawn
# beside it; the curves describe what goes together.
#
# ## Shuffled choices
#
# Choices permuted within sessions, all else kept, fitted with the P chosen most often above, and
# taken apart in the same way. Shuffling keeps how often a rat chose each side in a session; knowing
# this would give so many nats per trial:

# %%
permuted = shuffle_choices(trials)
kept = permuted[["subject", "session", "choice"]].to_dataframe()[trials["scored"].values]
share = kept.groupby(["subject", "session"])["choice"].transform("mean")
float(np.log(np.where(kept["choice"] == 1, share, 1 - share)).mean())

# %%
chosen = int(np.bincount(fit.selection["n_pwl_chosen"].values).argmax())
guess = {"class frequency": class_frequency}
shuffled = train(permuted, **plan | {"n_pwl": [chosen], "baselines": guess})
shuffled.summarise().loc[["AL-RNN", "class frequency"], SCORE].round(4)

# %% [markdown]
# Shuffled choices have no computation that depends on the reward: whatever networks find in them,
# they find alone.

# %%
nothing = find_functional_regimes(shuffled)
nothing.verdict, nothing.n_regimes

# %%
units = ablate_units(shuffled, replacements=["affine"])
compare_costs(units, ["rank", "epoch"])[["rank", "epoch", *COST]].round(4)

# %%
regimes = compute_held_out_regimes(shuffled).regimes
shuffled_by_reward = contrasts.compare_occupancy(shuffled, regimes, "reward", step="s2")
shuffled_gains = contrasts.compare_gains(shuffled, "reward", **contrast)
contrasts.compare_columns(
    {"occupancy by reward, at s2": shuffled_by_reward, "gain of the second side": shuffled_gains}
)

# %%
tabulate(*contrasts.detect_gating_by_fold(shuffled, "reward", **gate))[DETECTED].round(3)

# %% [markdown]
# For one permutation, knowing the frequencies would give -0.663 nats per trial. With the settings
# of `neuroalrnn fit` and P = 1, the AL-RNN scores -0.672, more than the overall frequency
# (-0.695), and needs no reward or side for that: the gain of the second side differs by -0.00002
# (-0.0011 to 0.0010, n = 6) between rewarded and unrewarded trials, against 1.19, and making the
# unit affine costs 0.0005 (-0.0008 to 0.0018). Occupancies differ by 0.24 more than by chance
# (-0.06 to 0.54).
#
# # What can and cannot be said
#
# Said with the settings of `neuroalrnn fit`, for the held-out rats:
#
# - There are two computations, set by the reward of the trial before: follow the second side, or
#   go against it. All networks agree on them, and one rectified unit is enough.
# - Without rectified units the networks lose 0.07 nats per trial. Making all units of a trained
#   network affine costs as much, shuffled choices make it cost nothing.
# - In every fold the gain of the second side depends on the reward, as the task asks. This does not
#   depend on names of regimes, is exactly absent at P = 0 and not found for shuffled choices.
# - Units matter most at the step at which these inputs arrive (largest mean cost), but no single
#   unit and epoch survives correction over the map with six independent subjects.
#
# Not said:
#
# - Which linear regime does what, beyond the network of one fold: folds disagree about them.
# - That occupancy by reward shows a mechanism: an input moves the latents whether or not the choice
#   depends on it, and shuffled choices do not exclude a difference.
# - That rats compute this way. A GLM-HMM predicts better (see the README).
# - That switches cause behaviour: they follow the same inputs. Ablation is causal in the network.
# - That a primitive is absent where it is not shown.
