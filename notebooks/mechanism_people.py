# %% [markdown]
# # From fit to mechanism: word or location
#
# 38 people follow the word or the location on a screen (Pratte et al. 2010, Experiment 2). How well
# does the network predict, and how well without rectified units (P = 0)? What does each input do to
# the choice, and when does that change? Do all networks agree? Then: how do they do it, in which
# linear regimes, and what breaks when a unit is made affine? And what of all this is also found
# where the choices are shuffled? `mechanism_rats.py` asks the same of rats.
#
# What a network computes is the same in all folds; how it does so is its own affair. Linear regimes
# (sign patterns) belong to a network, so what is said over folds must not depend on the name of a
# linear regime or unit: ranks, distances between occupancies, and gains of inputs on the choice.

# %%
from functools import partial

import numpy as np

import data_loaders
from neuroalrnn import (
    Setting,
    StimulusSequenceOut,
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
from neuroalrnn.regimes.replication import is_independent

# True: trained for seconds, to see the steps. False: with the settings of `neuroalrnn fit`, which
# is what the numbers in the text are from; they are of one run, and a short one, on fewer trials,
# gives others.
SHORT = True

# %% [markdown]
# ## What switching is worth
#
# There are six stimulus sequences. Subjects of one sequence present the same inputs to the same
# network, so that one of each counts: n = 6 wherever regimes and gains are compared.

# %%
trials, run = data_loaders.load("pratte2010"), default_run("pratte2010")
setting = run.setting.model_dump()
plan = run.validation.model_dump(include={"n_restarts", "n_inner", "n_pwl"})
if SHORT:  # of every stimulus sequence somebody
    some = ["01", "02", "03", "04", "05", "06", "07", "08", "13", "26", "30"]
    trials = trials.isel(trial=np.isin(trials["subject"].values, some))
    setting |= {"max_checks": 10}
    plan = {"n_restarts": 1, "n_inner": 2, "n_pwl": [0, 2]}
train = partial(select_n_pwl, setting=Setting(**setting), cv=StimulusSequenceOut(), progress=False)
fit = train(trials, **plan)
SCORE = ["log_likelihood", "standard_error", "accuracy"]
fit.summarise().loc[["AL-RNN", "AL-RNN P=0", "logistic"], SCORE].round(4)

# %% [markdown]
# ## What is computed
#
# The effect of an input is half the change of the log-odds of the choice when this input of one
# trial is set to its other value. Trials on which all inputs have the same effects are one
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
# (adjusted Rand index 1.00, lowest pair .99; networks with a single unit: .99). In trials of
# context -1 people follow the word (3.7 log-odds) and hardly the location (0.4), in trials of
# context 1 the location (4.8) and hardly the word (0.6). The rule is an input, so that the regime
# is told: the context of the trial decides it but for 1 %. On the first two trials after a change
# both inputs still act, as the state has to change first. Networks realise each computation in
# many ways: 14 to 110 paths of linear regimes, depending on fold and regime. Whoever names one of
# them names a network. The rest of this notebook looks at how networks do it.
#
# ## How: linear regimes

# %%
held_out = compute_held_out_regimes(fit)
conditions = ["context", "congruent"]
apart = take_apart(fit, held_out, conditions=conditions)
held_out.agreement["adjusted_rand"].describe()[["min", "50%", "max"]].round(2)

# %% [markdown]
# ### Linear regimes by epoch and rule
#
# Regimes of the fold with most subjects, and which follows which; then shares by step and rule
# (-1: word, +1: location).

# %%
NAMES = ("regime_graph", "gains", "selection")
graph, gains, selection = (apart.tables[name].query("fold == @apart.example") for name in NAMES)
plots.plot_regime_graph(graph, labels=apart.labels).figure

# %%
counts = is_independent(fit)
occupancy = compute_occupancy(
    held_out.regimes[counts], trials=trials.isel(trial=counts), by=("step", "context")
)
plots.plot_occupancy_stream_panels(occupancy, condition="context")

# %%
by_rule = contrasts.compare_occupancy(fit, held_out.regimes, "context", step="stimulus")
contrasts.compare_columns({"distance - by chance": by_rule})

# %% [markdown]
# With the settings of `neuroalrnn fit`, the AL-RNN scores -0.090 nats per trial and P = 0 -0.377.
# P = 4 was chosen in four folds and 6 in two. Folds agree little about regimes (adjusted Rand
# index .21 to .56), so that no regime is interpreted across folds. The distance between the
# occupancies of both rules at the stimulus exceeds chance by 0.65 (95 % interval 0.61 to 0.69, n
# = 6). The rule is an input at this step, though, and the rules alternate in the same order in
# all subjects: that regimes go with the rule is no sign yet that they serve it. See the shuffled
# choices below.
#
# ### What the linear regimes do
#
# Within a regime the network is affine, and the gain of every input on the later read-out follows
# from its parameters. A gain is that of a small change, which flips no unit.

# %%
inputs = fit.sequences.features
plots.plot_gains_panels(gains, features=inputs, labels=apart.labels)

# %%
plots.plot_selection_map(selection, features=inputs, labels=apart.labels, modes="leading").figure

# %%
plots.plot_state_space(apart.portrait).figure

# %% [markdown]
# Whatever the regimes are called: is the gain of the location minus that of the word, from
# the stimulus to the response one step later, larger under the rule "location"?

# %%
contrast = {"step": "stimulus", "lag": 1, "feature": "location", "minus": "word"}
gains_by_rule = contrasts.compare_gains(fit, "context", **contrast)
gains_by_rule.round(2)

# %%
contrasts.compare_columns({"high - low": gains_by_rule})

# %% [markdown]
# The same with P = 0: one regime, one gain, under either rule.

# %%
linear_gains = contrasts.compare_gains(fit, "context", **contrast, n_pwl=0)
linear_gains.round(2)

# %% [markdown]
# With the settings of `neuroalrnn fit`, the gain of the location minus that of the word is -1.4 to
# -3.0 under the rule "word" and 2.3 to 3.3 under the rule "location", in each of the six networks:
# the difference is 4.99 (4.15 to 5.82, n = 6). With P = 0 it is exactly 0, because one regime
# has one gain. In the network that is drawn, one regime passes the word and not the location
# (regime 0 in the figure: 3.96 and -0.13 at lag 1) and another mostly the location (regime 1: 0.58
# and 4.81); the others pass mixtures. Which regime does what is true of that network only.
#
# ## What breaks without a unit
#
# Each unit is replaced by its best affine approximation on training subjects. Ranks come from
# training subjects, costs from those held out.

# %%
first_of_order = np.unique(trials["subject"].values[counts])
units = apart.tables["ablation"].query("subject in @first_of_order and replacement == 'affine'")
costs = compare_costs(units, ["replacement", "rank", "epoch"])
plots.plot_ablation_panels(costs)

# %%
COST = ["estimate", "ci_low", "ci_high", "q", "n_subjects"]
costs[["rank", "epoch", *COST]].round(4)

# %%
by_condition = compare_costs(units, ["rank", "epoch", *conditions])
by_condition.query("rank == 1 and epoch == 'stimulus'")[[*conditions, *COST]].round(4)

# %%
every = apart.tables["greedy"].query("subject in @first_of_order and n_replaced == n_pwl")
compare_costs(every, ["replacement"])[COST].round(4)

# %%
plots.plot_greedy(apart.tables["greedy"], reference=cost_without_switching(fit)).figure

# %%
taught = retrain_without_units(fit, n_checks=5 if SHORT else None)
taught = taught.query("subject in @first_of_order")
relearned = compare_costs(taught, ["retrained", "rank"])
relearned[["retrained", "rank", *COST]].round(4)

# %% [markdown]
# With the settings of `neuroalrnn fit`: making all units of a network affine costs 0.317 nats per
# trial (0.275 to 0.359, n = 6), about what the network trained with P = 0 lacks (0.287). The single
# unit that training subjects need most costs 0.048 (-0.004 to 0.100, q = .18), and 0.040 (0.002 to
# 0.078, q = .18) when it is affine at the stimulus only; at the response it costs 0.001. In
# trials where word and location disagree the mean cost at the stimulus is larger (0.103 and 0.055
# under the two rules) than where they agree (below 0.005), but none of these is significant. With
# one subject per sequence no single unit can be shown to be needed; all 38 subjects give smaller
# intervals, but they share six networks and six sequences. Single costs do not add up to that of
# all units: units stand in for each other.
#
# Nor can any be shown to be needed once the others may learn. Networks without one unit were
# trained on, on the training subjects, for as long as they had been trained, and the intact ones
# with them: then the unit of rank 1 costs 0.001 (-0.003 to 0.005) instead of 0.048, and no other
# more than 0.002. Training on alone changes the score by 0.002. All units together cannot be done
# without: that is P = 0.
#
# ## Primitives
#
# The detectors of `neuroalrnn.mechanism.primitives` call a primitive present if its effect exceeds
# permuted labels and random networks, and an intervention on the unit does what it should.

# %%
# 19 nulls are the fewest that can give p = .05
gate = {"step": "stimulus", "features": ["word", "location"], "n_nulls": 19 if SHORT else 39}
found, names = contrasts.detect_gating_by_fold(fit, "context", **gate)
DETECTED = ["network", "effect", "p", "causal", "causal_p", "units", "present"]
tabulate(found, names)[DETECTED].round(3)

# %%
plots.plot_primitives(found, names).figure

# %% [markdown]
# "Present" asks for all at once: beyond every null at 5 % and a causal test. What is not present is
# not shown, which is less than absent: one sequence with five blocks per rule leaves few ways to
# permute labels. The other detectors have nothing to look at here: rule-based integration and
# memory-dependent transients need more than one step between an input and its read-out.
#
# ## Behaviour around switches

# %%
plots.plot_triggered_panels(apart.triggered)

# %% [markdown]
# With the settings of `neuroalrnn fit`, trials with a switch are on average slower and less often
# correct than the band of shifted series, but no lag survives correction over lags and outcomes.
# The stimulus switches regimes and may change behaviour too: this would not be causal either way.
#
# ## Shuffled choices
#
# Choices permuted within sessions, all else kept, fitted with the P chosen most often above, and
# taken apart in the same way.

# %%
chosen = int(np.bincount(fit.selection["n_pwl_chosen"].values).argmax())
guess = {"class frequency": class_frequency}
shuffled = train(shuffle_choices(trials), **plan | {"n_pwl": [chosen], "baselines": guess})
shuffled.summarise().loc[["AL-RNN", "class frequency"], SCORE].round(4)

# %% [markdown]
# Shuffled choices have no computation that depends on the rule: whatever networks find in them,
# they find alone.

# %%
nothing = find_functional_regimes(shuffled)
nothing.verdict, nothing.n_regimes

# %%
units = ablate_units(shuffled, replacements=["affine"]).query("subject in @first_of_order")
shuffled_costs = compare_costs(units, ["rank", "epoch"])
shuffled_costs[["rank", "epoch", *COST]].round(4)

# %%
regimes = compute_held_out_regimes(shuffled).regimes
shuffled_by_rule = contrasts.compare_occupancy(shuffled, regimes, "context", step="stimulus")
shuffled_gains = contrasts.compare_gains(shuffled, "context", **contrast)
contrasts.compare_columns({"occupancy": shuffled_by_rule, "location - word": shuffled_gains})

# %%
tabulate(*contrasts.detect_gating_by_fold(shuffled, "context", **gate))[DETECTED].round(3)

# %% [markdown]
# With the settings of `neuroalrnn fit` and P = 4, shuffled choices are predicted at chance
# (-0.6933, the frequency of choices: -0.6932). No unit costs anything (all below 0.0002 nats per
# trial), and the gains differ by -0.005 (-0.012 to 0.001) between rules, against 4.99. The
# occupancies, however, still differ by 0.41 more than by chance (0.16 to 0.66, n = 6): an input
# moves the latents whether or not the choice depends on it. Occupancy by rule is no evidence of a
# mechanism; gains and costs are.
#
# # What can and cannot be said
#
# Said with the settings of `neuroalrnn fit`, for the held-out subjects:
#
# - There are two computations, told by the rule: one in which the word decides, and one in which
#   the location does. All networks agree on them, and one rectified unit is enough.
# - Without rectified units the networks lose 0.29 nats per trial. Making all units of a trained
#   network affine costs as much, shuffled choices make it cost nothing.
# - In every fold the gains of word and location depend on the rule, as the task asks. This does not
#   depend on names of regimes, is exactly absent at P = 0 and not found for shuffled choices.
# - Units matter most at the step at which these inputs arrive (largest mean cost), but no single
#   unit and epoch survives correction over the map with six independent subjects, and a network
#   that is trained on without any one of them predicts as well.
#
# Not said:
#
# - Which linear regime does what, beyond the network of one fold: folds disagree about them.
# - That occupancy by rule shows a mechanism: it differs between rules for shuffled choices as well.
# - That people compute this way. A GLM-HMM predicts better (see the README), and a logistic
#   regression that is given the products predicts about as well.
# - That switches cause behaviour: they follow the same inputs. Ablation is causal in the network.
# - That a primitive is absent where it is not shown.
