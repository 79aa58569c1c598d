# %% [markdown]
# # From fit to mechanism
#
# Two data sets, taken apart in the same order: people who follow the word or the location on a
# screen (Pratte et al. 2010, Experiment 2), and rats in the two-step task (Venditto et al. 2024).
# How well does the network predict, and how well without rectified units (P = 0)? Which regimes
# does it visit, when, and under which rule? What does each of them compute? What breaks when a unit
# is made affine? And what of all this is also found where the choices are shuffled?
#
# Regimes belong to a network, and every fold has its own. What is said over folds must therefore
# not depend on the name of a regime or unit: ranks, distances between occupancies, and gains of
# inputs on the choice.

# %%
import numpy as np
import pandas as pd

import data_loaders
import neuroalrnn
from neuroalrnn import Setting, select_n_pwl
from neuroalrnn.analysis.ablation.ablate import ablate_units
from neuroalrnn.analysis.ablation.folds import folds_of
from neuroalrnn.analysis.ablation.summarise import compare_costs
from neuroalrnn.analysis.held_out import compute_held_out_regimes
from neuroalrnn.analysis.inputs import path_gains
from neuroalrnn.analysis.latents import chosen_network, compute_latents
from neuroalrnn.analysis.mechanism import take_apart
from neuroalrnn.analysis.primitives import detect_gating, tabulate
from neuroalrnn.analysis.regimes import compute_occupancy, compute_regimes
from neuroalrnn.analysis.units import is_independent
from neuroalrnn.config import default_run
from neuroalrnn.plots import (
    plot_ablation_panels,
    plot_gains_panels,
    plot_greedy,
    plot_occupancy_stream_panels,
    plot_primitives,
    plot_regime_graph,
    plot_selection_map,
    plot_state_space,
    plot_triggered_panels,
)
from neuroalrnn.stats import paired_difference

# True: trained for seconds, to see the steps. False: with the settings of `neuroalrnn fit`, which
# is what the numbers in the text are from; they are of one run, and a short one, on fewer trials,
# gives others: short networks of rats predict less well than the history-logistic regression.
SHORT = True


def fit_one(name, trials, n_pwl=None):
    """Fit a named data set, or a changed copy of it, with its groups held out."""
    run = default_run(name)
    setting, plan = run.setting.model_dump(), run.validation
    cv = getattr(neuroalrnn, plan.splitter)()
    options = {"n_restarts": plan.n_restarts, "n_inner": plan.n_inner, "n_pwl": plan.n_pwl}
    if SHORT:
        setting |= {"max_checks": 10}
        options = {"n_restarts": 1, "n_inner": 2, "n_pwl": [0, 2]}
    if n_pwl is not None:
        options["n_pwl"] = [n_pwl]
    return select_n_pwl(trials, Setting(**setting), cv, progress=False, **options)


def shuffle_choices(trials, rng):
    """Permute the scored choices of each session; everything else stays."""
    choice = trials["choice"].copy(deep=True)
    sessions = [trials[name].values for name in ("subject", "session")]
    scored = np.flatnonzero(trials["scored"].values)
    for rows in pd.Series(scored).groupby([each[scored] for each in sessions]):
        choice.values[rows[1]] = rng.permutation(choice.values[rows[1]])
    return trials.assign(choice=choice)


def compare_occupancy(fit, regimes, cue, step):
    """Distance between the occupancies under two values of a cue, and what chance gives.

    Half the summed difference of shares: 0 if they are equal, 1 if no regime is shared. Chance:
    the cue permuted over blocks, or over trials if it changes within them.
    """
    trials, rng = fit.trials, np.random.default_rng(0)
    columns = {name: trials[name].values for name in ("subject", "session", "block", cue)}
    table = pd.DataFrame(columns).assign(regime=regimes.sel(step=step).values)
    table = table[is_independent(fit) & table[cue].notna() & (table["regime"] >= 0)]
    keys = ["subject", "session", "block"]
    if (table.groupby(keys)[cue].nunique() > 1).any():
        table, keys = table.assign(trial=np.arange(len(table))), [*keys, "trial"]
    rows = {}
    for subject, part in table.groupby("subject"):
        units = part.groupby([*keys, cue, "regime"]).size().unstack("regime", fill_value=0)
        high = units.index.get_level_values(cue) > table[cue].mean()
        draws = np.array([high, *(rng.permutation(high) for _ in range(200))])
        one, other = (each @ units.to_numpy() for each in (draws * 1.0, 1.0 - draws))
        shares = [each / each.sum(axis=1, keepdims=True) for each in (one, other)]
        distance = np.abs(shares[0] - shares[1]).sum(axis=1) / 2
        rows[subject] = {"distance": distance[0], "by_chance": distance[1:].mean()}
    return pd.DataFrame(rows).T.rename_axis("subject")


def compare_gains(fit, cue, *, step, lag, features, n_pwl=None):
    """Gain of a feature, or of one minus another, on the read-out under two values of a cue."""
    rows, independent = [], is_independent(fit)
    for index, fold in enumerate(folds_of(fit)):
        network, part = chosen_network(fit, index, n_pwl=n_pwl), fold.test
        codes = compute_regimes(compute_latents(network, part), network.n_pwl)
        gains = path_gains(network, codes, lag)[:, :, lag, 0]
        gains = gains[..., [part.features.index(name) for name in features]]
        gain = gains[..., 0] - (gains[..., 1] if len(features) == 2 else 0)
        used = (part.trial >= 0) & (part.step_in_trial == list(part.steps).index(step))
        used &= np.isfinite(gain) & independent[part.trial]
        trial = part.trial[used]
        columns = {"subject": fit.trials["subject"].values[trial], "gain": gain[used]}
        columns["high"] = fit.trials[cue].values[trial] > fit.trials[cue].values.mean()
        rows.append(pd.DataFrame(columns).assign(fold=fold.name))
    table = pd.concat(rows).groupby(["fold", "subject", "high"])["gain"].mean().unstack()
    return table.rename(columns={False: "low", True: "high"}).reset_index("fold").sort_index()


def over_subjects(table, high, low):
    """Difference of two columns, over subjects that stand for themselves."""
    found = paired_difference(table[high], table[low], effect=f"{high} - {low}")
    return found[["effect", "estimate", "ci_low", "ci_high", "p", "n_subjects"]]


def costs_of_units(fit, table, by=("rank", "epoch")):
    """Cost of making a unit affine, over subjects that stand for themselves."""
    subjects = np.unique(fit.trials["subject"].values[is_independent(fit)])
    table = table[table["subject"].isin(subjects) & (table["replacement"] == "affine")]
    return compare_costs(table, ["replacement", *by])


def look_for_gating(fit, cue, *, step, features, blocks=False):
    """Detections of gating in every fold, on independent subjects, and their names."""
    found, names, rng = [], [], np.random.default_rng(0)
    keys = [fit.trials[name].values for name in ("subject", "session", "block")]
    block = pd.Series(0, range(len(keys[0]))).groupby(keys).ngroup().to_numpy()
    for fold in folds_of(fit)[:N_NETWORKS]:
        part = fold.test.take(is_independent(fit)[fold.test.trial[:, 0]])
        here = (part.trial >= 0) & (part.step_in_trial == list(part.steps).index(step))
        label = np.where(here, fit.trials[cue].values[part.trial], np.nan)
        options = {"block": block[part.trial] if blocks else None, "n_nulls": N_NULLS, "rng": rng}
        for name in features:
            found.append(detect_gating(fold.network, part, label, feature=name, **options))
            names.append(f"{fold.name}, {name}")
    return found, names


def of_example(apart, name):
    """A table of the fold that is drawn."""
    return apart.tables[name].query("fold == @apart.example")


def cost_without_switching(fit):
    """Nats per trial that each subject loses to the network trained with P = 0."""
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    return (scores["AL-RNN"] - scores["AL-RNN P=0"]).to_numpy()


# short: the least that p < .05 needs, and one network
N_NULLS, N_NETWORKS = (19, 1) if SHORT else (39, None)
SCORE = ["log_likelihood", "standard_error", "accuracy"]
DETECTED = ["network", "effect", "p", "causal", "causal_p", "units", "present"]
COST = ["rank", "epoch", "estimate", "ci_low", "ci_high", "q", "n_subjects"]

# %% [markdown]
# # Word or location
#
# 38 people, six stimulus sequences. Subjects of one sequence present the same inputs to the same
# network, so that one of each counts: n = 6 wherever regimes and gains are compared.
#
# ## What switching is worth

# %%
trials = data_loaders.load("pratte2010")
if SHORT:  # of every stimulus sequence somebody
    some = ["01", "02", "03", "04", "05", "06", "07", "08", "13", "26", "30"]
    trials = trials.isel(trial=np.isin(trials["subject"].values, some))
fit = fit_one("pratte2010", trials)
fit.summarise().loc[["AL-RNN", "AL-RNN P=0", "logistic"], SCORE].round(4)

# %%
held_out = compute_held_out_regimes(fit)
apart = take_apart(fit, held_out, conditions=["context", "congruent"])
held_out.agreement["adjusted_rand"].describe()[["min", "50%", "max"]].round(2)

# %% [markdown]
# ## Regimes by epoch and rule
#
# Regimes of the fold with most subjects, and which follows which; then shares by step and rule
# (-1: word, +1: location).

# %%
plot_regime_graph(of_example(apart, "regime_graph"), labels=apart.labels).figure

# %%
counts = is_independent(fit)
occupancy = compute_occupancy(
    held_out.regimes[counts], trials=trials.isel(trial=counts), by=("step", "context")
)
plot_occupancy_stream_panels(occupancy, condition="context")

# %%
by_rule = compare_occupancy(fit, held_out.regimes, "context", "stimulus")
over_subjects(by_rule, "distance", "by_chance")

# %% [markdown]
# With the settings of `neuroalrnn fit`, the AL-RNN scores -0.090 nats per trial and P = 0 -0.377.
# P = 4 was chosen in four folds and 6 in two. Folds agree little about regimes (adjusted Rand
# index .21 to .56), so that no regime is interpreted across folds. The distance between the
# occupancies of both rules at the stimulus exceeds chance by 0.65 (95 % interval 0.61 to 0.69, n
# = 6). The rule is an input at this step, though, and the rules alternate in the same order in
# all subjects: that regimes go with the rule is no sign yet that they serve it. See the shuffled
# choices below.
#
# ## What the regimes compute
#
# Within a regime the network is affine, and the gain of every input on the later read-out follows
# from its parameters. A gain is that of a small change, which flips no unit.

# %%
inputs = list(dict.fromkeys(apart.tables["gains"].sort_values("feature")["input"]))
plot_gains_panels(of_example(apart, "gains"), features=inputs, labels=apart.labels)

# %%
plot_selection_map(
    of_example(apart, "selection"), features=inputs, labels=apart.labels, modes="leading"
).figure

# %%
plot_state_space(apart.portrait).figure

# %% [markdown]
# Whatever the regimes are called: is the gain of the location minus that of the word, from
# the stimulus to the response one step later, larger under the rule "location"?

# %%
gains_by_rule = compare_gains(fit, "context", step="stimulus", lag=1, features=["location", "word"])
gains_by_rule.round(2)

# %%
over_subjects(gains_by_rule, "high", "low")

# %% [markdown]
# The same with P = 0: one regime, one gain, under either rule.

# %%
linear_gains = compare_gains(
    fit, "context", step="stimulus", lag=1, features=["location", "word"], n_pwl=0
)
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
costs = costs_of_units(fit, apart.tables["ablation"])
plot_ablation_panels(costs)

# %%
costs[COST].round(4)

# %%
by_condition = costs_of_units(
    fit, apart.tables["ablation"], ["rank", "epoch", "context", "congruent"]
)
by_condition = by_condition.query("rank == 1 and epoch == 'stimulus'")
by_condition[["context", "congruent", *COST[2:]]].round(4)

# %%
every = apart.tables["greedy"].query("n_replaced == n_pwl")
costs_of_units(fit, every, [])[COST[2:]].round(4)

# %%
plot_greedy(apart.tables["greedy"], reference=cost_without_switching(fit)).figure

# %% [markdown]
# With the settings of `neuroalrnn fit`: making all units of a network affine costs 0.317 nats per
# trial (0.275 to 0.359, n = 6), about what the network trained with P = 0 lacks (0.287). The single
# unit that training subjects need most costs 0.048 (-0.004 to 0.100, q = .18), and 0.040 (0.003 to
# 0.078, q = .18) when it is affine at the stimulus only; at the response it costs 0.001. In
# trials where word and location disagree the mean cost at the stimulus is larger (0.103 and 0.055
# under the two rules) than where they agree (below 0.005), but none of these is significant. With
# one subject per sequence no single unit can be shown to be needed; all 38 subjects give smaller
# intervals, but they share six networks and six sequences. Single costs do not add up to that of
# all units: units stand in for each other.
#
# ## Primitives
#
# The detectors of `neuroalrnn.analysis.primitives` call a primitive present if its effect exceeds
# permuted labels and random networks, and an intervention on the unit does what it should.

# %%
found, names = look_for_gating(
    fit, "context", step="stimulus", features=["word", "location"], blocks=True
)
tabulate(found, names)[DETECTED].round(3)

# %%
plot_primitives(found, names).figure

# %% [markdown]
# "Present" asks for all at once: beyond every null at 5 % and a causal test. What is not present is
# not shown, which is less than absent: one sequence with five blocks per rule leaves few ways to
# permute labels. The other detectors have nothing to look at here: rule-based integration and
# memory-dependent transients need more than one step between an input and its read-out.
#
# ## Behaviour around switches

# %%
plot_triggered_panels(apart.triggered)

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
shuffled = fit_one("pratte2010", shuffle_choices(trials, np.random.default_rng(0)), chosen)
shuffled.summarise().loc[["AL-RNN", "class frequency"], SCORE].round(4)

# %%
shuffled_out = compute_held_out_regimes(shuffled)
shuffled_costs = costs_of_units(shuffled, ablate_units(shuffled, replacements=["affine"]))
shuffled_costs[COST].round(4)

# %%
shuffled_by_rule = compare_occupancy(shuffled, shuffled_out.regimes, "context", "stimulus")
shuffled_gains = compare_gains(
    shuffled, "context", step="stimulus", lag=1, features=["location", "word"]
)
pd.concat(
    {
        "occupancy": over_subjects(shuffled_by_rule, "distance", "by_chance"),
        "gain of location - word": over_subjects(shuffled_gains, "high", "low"),
    }
)

# %%
found, names = look_for_gating(
    shuffled, "context", step="stimulus", features=["word", "location"], blocks=True
)
tabulate(found, names)[DETECTED].round(3)

# %% [markdown]
# With the settings of `neuroalrnn fit` and P = 4, shuffled choices are predicted at chance
# (-0.6933, the frequency of choices: -0.6932). No unit costs anything (all below 0.0002 nats per
# trial), and the gains differ by -0.005 (-0.012 to 0.001) between rules, against 4.99. The
# occupancies, however, still differ by 0.41 more than by chance (0.16 to 0.66, n = 6): an input
# moves the latents whether or not the choice depends on it. Occupancy by rule is no evidence of a
# mechanism; gains and costs are.

# %% [markdown]
# # Two steps
#
# Six rats, each held out in turn. A trial has four steps: the first port lights up (c1), the rat
# chooses (s1), the second port lights up (c2), and is rewarded or not (s2). A rat that plans should
# let the reward decide what the second side says about the next choice. Sides come relative to the
# mapping of the rat, from the first port that commonly leads there.
#
# ## What switching is worth

# %%
trials = data_loaders.load("miller_rats")
if SHORT:
    early = (trials["session"].astype(int) <= 3) & (trials["trial_in_session"] < 300)
    trials = trials.isel(trial=early.values)
table = trials[["subject", "session", "reward", "common"]].to_dataframe()
before = table.groupby(["subject", "session"])[["reward", "common"]].shift()
trials = trials.assign({f"{name}_before": ("trial", before[name]) for name in before})
rats = fit_one("miller_rats", trials)
rats.summarise().loc[["AL-RNN", "AL-RNN P=0", "history-logistic"], SCORE].round(4)

# %%
rats_out = compute_held_out_regimes(rats)
rats_apart = take_apart(rats, rats_out, conditions=["common_before", "reward_before"])
rats_out.agreement["adjusted_rand"].describe()[["min", "50%", "max"]].round(2)

# %% [markdown]
# ## Regimes by epoch and rule
#
# The rule is which side pays, in blocks, and nothing tells the rat or the network. Regimes are
# compared between blocks at c1, the step before the choice, and between rewarded and unrewarded
# trials at s2, where the reward arrives.

# %%
plot_regime_graph(of_example(rats_apart, "regime_graph"), labels=rats_apart.labels).figure

# %%
occupancy = compute_occupancy(rats_out.regimes, trials=trials, by=("step", "p_reward_left"))
plot_occupancy_stream_panels(occupancy, condition="p_reward_left")

# %%
pd.concat(
    {
        "side that pays, at c1": over_subjects(
            compare_occupancy(rats, rats_out.regimes, "p_reward_left", "c1"),
            "distance",
            "by_chance",
        ),
        "reward, at s2": over_subjects(
            compare_occupancy(rats, rats_out.regimes, "reward", "s2"), "distance", "by_chance"
        ),
    }
)

# %% [markdown]
# With the settings of `neuroalrnn fit`, the AL-RNN scores -0.422 nats per trial and P = 0 -0.496;
# P = 1 was chosen in four folds and 2 in two. Folds hardly agree about regimes (adjusted Rand
# index .00 to .41, median .08). Occupancies differ between blocks by 0.14 more than by chance (95
# % interval 0.02 to 0.26, n = 6): regimes carry something of which side pays, although this is no
# input. They may owe this to the choices and rewards alone, which are. Between rewarded and
# unrewarded trials they differ by 0.64 (0.41 to 0.88) at the step at which the reward is an
# input.
#
# ## What the regimes compute

# %%
inputs = list(dict.fromkeys(rats_apart.tables["gains"].sort_values("feature")["input"]))
plot_gains_panels(of_example(rats_apart, "gains"), features=inputs, labels=rats_apart.labels)

# %%
plot_selection_map(
    of_example(rats_apart, "selection"), features=inputs, labels=rats_apart.labels, modes="leading"
).figure

# %%
plot_state_space(rats_apart.portrait).figure

# %% [markdown]
# Is the gain of the second side on the next choice, two steps later, larger after a reward?

# %%
gains = compare_gains(rats, "reward", step="s2", lag=2, features=["mapped_side"])
gains.round(2)

# %%
over_subjects(gains, "high", "low")

# %%
compare_gains(rats, "reward", step="s2", lag=2, features=["mapped_side"], n_pwl=0).round(2)

# %% [markdown]
# With the settings of `neuroalrnn fit`, the gain of the second side on the next choice is 0.63 to
# 1.17 after a reward and -0.57 to 0.24 without one, in each of the six networks larger after a
# reward: the difference is 1.19 (0.71 to 1.67, n = 6). With P = 0 it is exactly 0. This is the
# product of reward and transition that planning predicts. A rat that plans gives rise to it; that
# a rat does plan does not follow.
#
# ## What breaks without a unit

# %%
costs = costs_of_units(rats, rats_apart.tables["ablation"])
plot_ablation_panels(costs)

# %%
costs[COST].round(4)

# %%
by = ["rank", "epoch", "common_before", "reward_before"]
by_condition = costs_of_units(rats, rats_apart.tables["ablation"].dropna(subset=by), by)
by_condition = by_condition.query("rank == 1 and epoch == 's2'")
by_condition[["common_before", "reward_before", *COST[2:]]].round(4)

# %%
every = rats_apart.tables["greedy"].query("n_replaced == n_pwl")
costs_of_units(rats, every, [])[COST[2:]].round(4)

# %%
plot_greedy(rats_apart.tables["greedy"], reference=cost_without_switching(rats)).figure

# %% [markdown]
# With the settings of `neuroalrnn fit`: making all units affine costs 0.084 nats per trial (0.058
# to 0.110, n = 6), about what P = 0 lacks (0.070 as a mean over rats). The unit that training
# rats need most costs 0.067 (0.026 to 0.107, q = .08), and 0.022 (0.005 to 0.039, q = .11) when
# it is affine at s2 only, the step of the reward; the single steps do not exhaust the whole. No
# single epoch survives correction, and neither does any combination of the previous transition
# and reward.
#
# ## Primitives

# %%
found, names = look_for_gating(rats, "reward", step="s2", features=["mapped_side"])
tabulate(found, names)[DETECTED].round(3)

# %%
plot_primitives(found, names).figure

# %% [markdown]
# Gating by the reward is asked for at the step at which reward and side arrive together, two steps
# before the next choice. Integration is not looked for: the side comes once per trial.
#
# ## Behaviour around switches

# %%
plot_triggered_panels(rats_apart.triggered)

# %% [markdown]
# Choices and rewards are inputs, so that a switch may follow from the behaviour that is drawn
# beside it; the curves describe what goes together.
#
# ## Shuffled choices

# %%
chosen = int(np.bincount(rats.selection["n_pwl_chosen"].values).argmax())
shuffled = fit_one("miller_rats", shuffle_choices(trials, np.random.default_rng(0)), chosen)
shuffled.summarise().loc[["AL-RNN", "class frequency"], SCORE].round(4)

# %%
kept = shuffled.trials[["subject", "session", "choice"]].to_dataframe()[trials["scored"].values]
share = kept.groupby(["subject", "session"])["choice"].transform("mean")
float(np.log(np.where(kept["choice"] == 1, share, 1 - share)).mean())

# %%
shuffled_out = compute_held_out_regimes(shuffled)
shuffled_costs = costs_of_units(shuffled, ablate_units(shuffled, replacements=["affine"]))
shuffled_costs[COST].round(4)

# %%
rats_shuffled_gains = compare_gains(shuffled, "reward", step="s2", lag=2, features=["mapped_side"])
pd.concat(
    {
        "occupancy by reward, at s2": over_subjects(
            compare_occupancy(shuffled, shuffled_out.regimes, "reward", "s2"),
            "distance",
            "by_chance",
        ),
        "gain of the second side": over_subjects(rats_shuffled_gains, "high", "low"),
    }
)

# %%
found, names = look_for_gating(shuffled, "reward", step="s2", features=["mapped_side"])
tabulate(found, names)[DETECTED].round(3)

# %% [markdown]
# Shuffling within sessions keeps how often a rat chose each side in a session. The number above is
# what knowing these frequencies would give: -0.663 nats per trial for one permutation. With the
# settings of `neuroalrnn fit` and P = 1, the AL-RNN scores -0.672, more than the overall frequency
# (-0.695), and needs no reward or side for that: the gain of the second side differs by -0.00002
# (-0.0011 to 0.0010, n = 6) between rewarded and unrewarded trials, against 1.19, and making the
# unit affine costs 0.0005 (-0.0008 to 0.0018). Occupancies differ by 0.24 more than by chance
# (-0.06 to 0.54).
#
# # What can and cannot be said
#
# Said with the settings of `neuroalrnn fit`, for the held-out subjects of both data sets:
#
# - Without rectified units the networks lose 0.29 (people) and 0.07 nats per trial (rats). Making
#   all units of a trained network affine costs as much, shuffled choices make it cost nothing.
# - In every fold the gain of an input depends on another one as the task asks: of word and location
#   on the rule, of the second side on the reward. This does not depend on names of regimes, is
#   exactly absent at P = 0 and not found for shuffled choices.
# - Units matter most at the step at which these inputs arrive (largest mean cost), but no single
#   unit and epoch survives correction over the map with six independent subjects.
#
# Not said:
#
# - Which regime computes what, beyond the network of one fold: folds disagree about regimes.
# - That occupancy by rule shows a mechanism: it differs between rules for shuffled choices as well.
# - That people or rats compute this way. A GLM-HMM predicts both better (see the README), and a
#   logistic regression that is given the products predicts people about as well.
# - That switches cause behaviour: they follow the same inputs. Ablation is causal in the network.
# - That a primitive is absent where it is not shown.
