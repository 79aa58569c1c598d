"""What every column of every table means: one name per quantity, its unit and its dtype.

Lengths of time are in steps unless the name says otherwise; log-likelihoods, their differences and
costs are in nats per scored trial; shares run from 0 to 1.
"""

from typing import NamedTuple


class Column(NamedTuple):
    """A quantity, whatever table it is in.

    Attributes
    ----------
    meaning : str
    unit : str
        Empty for names, positions and flags.
    dtype : {"str", "category", "int64", "float64", "bool", "boolean"}
        Values of "boolean" may be missing. Categories are the steps of a trial, in their order.
    """

    meaning: str
    unit: str = ""
    dtype: str = "float64"


def _each(dtype, unit, meanings):
    return {name: Column(meaning, unit, dtype) for name, meaning in meanings.items()}


NATS, STEPS, TRIALS = "nats per trial", "steps", "trials"

NAMES = _each(
    "str",
    "",
    {
        "across": "what is compared: restarts of one fold, or the networks of two folds",
        "best": "model with the highest mean over subjects",
        "part": "validation or test: whose subjects are scored",
        "curve": "curve that a point belongs to",
        "effect": "what is tested, or what is compared",
        "epoch": "steps that are replaced: those of one name, or all",
        "excluded": "names of subjects without a value, joined by commas",
        "flipped_units": "PWL units that differ between two codes, such as 0 2",
        "fold": "name of the fold: what it holds out",
        "found_family": "family that held-out scores point to",
        "input": "name of the input feature, as encoded",
        "kind": "isolated, line, plane, drift, slow manifold, or none",
        "measure": "which entropy",
        "method": "how it was tested, or that it was not testable",
        "held_out": "sessions (of known subjects) or subjects",
        "model": "model, such as AL-RNN or AL-RNN P=2",
        "note": "what to know of this row, such as why there is no p",
        "option": "label of the option",
        "other_fold": "name of the fold that it is compared with",
        "outcome": "what a regime may go with: choice, correct or log rt",
        "quantity": "what the value is, with its unit",
        "reference": "model that others are compared with",
        "replacement": "what takes the place of the activation of a unit",
        "scale": "unit of estimate, standard_error, ci_low and ci_high",
        "session": "session, within its subject",
        "signature": "panel of behaviour",
        "subject": "subject",
        "task": "task that was simulated",
        "true_family": "family that made the choices",
        "variable": "variable that is explained; joint: all together",
        "x": "position of a point along the axis",
        "x_name": "what runs along the axis",
    },
)
POSITIONS = _each(
    "int64",
    "",
    {
        "bin": "bin of about equally many trials, from 0",
        "code": "sign pattern of the PWL units of one network, sum of 2^i over units i that are on",
        "code_next": "sign pattern of the step after, or after a switch",
        "column": "position of a step within its trial, from 0",
        "direction": "direction of an orthonormal frame, from 0",
        "dynamical_class": "regimes of one network that act alike, 0 for those used most",
        "feature": "position of the input feature, from 0",
        "mode": "eigenvalue of a regime by falling modulus, from 0",
        "n_dimensions": "dimensions of the vectors of subjects",
        "other_restart": "position of the restart that it is compared with",
        "output": "position of the output, from 0",
        "rank": "place among the regimes of a network by use, or units by cost; 1 is most",
        "regime": "label of a regime, the same in all folds, 0 for that used most",
        "regime_next": "label of the regime of the step after",
        "restart": "position of the restart",
        "row": "position of a trial in the dataset, from 0",
        "run": "simulation, from 0",
        "sequence": "what the latent state is carried through, from 0",
        "trend_degree": "degree of the polynomial in trial number that was held constant",
        "unit": "PWL unit of one network, from 0",
        "lag": "steps, or trials, after (before, if negative)",
    },
)
COUNTS = _each(
    "int64",
    "",
    {
        "effective_n_pwl": "PWL units that are on in 1 to 99 % of held-out steps",
        "best_n_pwl": "P that predicts validation subjects best",
        "found_n_pwl": "P that was found sufficient",
        "n_against": "subjects in whom the reference is better",
        "n_by_chance": "true switches that are found in the next sequence",
        "n_censored": "visits that the end of a sequence cuts",
        "n_directions": "singular values of I - J that are small",
        "n_epochs": "epochs of the map",
        "n_events": "events at this lag",
        "n_exact": "true switches that are found at the same step",
        "n_extra": "found switches that are no true ones",
        "n_favouring": "subjects in whom the first model, or this one, is better",
        "n_flipped": "PWL units that differ between two codes",
        "n_floored": "trials with a log-likelihood below log 1e-12",
        "n_found": "true switches that are found, at most one step away",
        "n_made": "switches of the found units",
        "n_minus_infinite": "directions with an exponent of minus infinity",
        "n_necessary": "PWL units that cannot be replaced at no cost",
        "n_others": "other restarts that did not diverge",
        "n_pairs": "pairs of networks, or of successive steps",
        "n_possible": "2^P, regimes that the network could have",
        "n_pwl": "P, number of PWL units of the network",
        "n_regimes": "regimes of the dynamical class",
        "n_replaced": "PWL units that are replaced together",
        "n_restarts": "restarts that did not diverge",
        "n_sessions": "sessions that were tested",
        "n_sessions_not_testable": "sessions that could not be tested",
        "n_shots": "first scored trials of a new subject that its vector is fitted to",
        "n_subjects": "subjects",
        "n_switches": "clear switches of the true network",
        "n_units": "PWL units of the map",
        "n_unstable": "eigenvalues beyond the unit circle",
        "n_visited": "regimes that held-out steps visit",
        "n_visits": "visits to the regime",
        "true_n_pwl": "P of the network that made the choices",
    },
)
COUNTS |= _each("int64", STEPS, {"n_steps": "steps", "transient": "first steps that do not count"})
COUNTS |= _each(
    "int64",
    TRIALS,
    {
        "n_trials": "scored trials",
        "first_trial": "first trial in session of the bin",
        "last_trial": "last trial in session of the bin",
    },
)
FLAGS = _each(
    "bool",
    "",
    {
        "badly_trained": "whether the refit scores more than 0.02 below the true network",
        "censored": "whether the end of the sequence cuts the visit",
        "inside": "whether the mean of real subjects lies in the simulated band",
        "is_defective": "whether the eigenvalue 1 has too few eigenvectors",
        "is_real": "whether the point, or some of the line or plane, lies in its region",
        "memory": "whether the mode is slow, real and positive",
        "rule_is_input": "whether the network is told the rule",
        "slow": "whether the mode outlasts a trial",
        "well_defined": "whether the eigenvalue has a condition of at most 1000",
        "within_one_error": "whether the model is less than one standard error behind the best",
    },
)
LIKELIHOODS = _each(
    "float64",
    NATS,
    {
        "cost": "log-likelihood that a replacement takes away from held-out subjects",
        "difference_to_best": "model minus best, mean over subjects",
        "linear_score": "validation score of P = 0",
        "log_likelihood": "held-out log-likelihood, every trial counting the same",
        "score": "mean of subjects (of recovery: validation score of the refit at the true P)",
        "standard_error_to_best": "standard error of difference_to_best over subjects",
        "subject_mean": "held-out log-likelihood, every subject counting the same",
        "subject_standard_error": "standard error of subject_mean",
        "train_cost": "log-likelihood that a replacement takes away from training subjects",
        "training_spread": "best minus worst training score of the restarts",
        "true_score": "score of the network that made the choices",
        "validation": "validation score of what was chosen",
        "validation_spread": "best minus worst validation score of the restarts",
    },
)
TESTS = _each(
    "float64",
    "see scale",
    {
        "ci_high": "upper end of the 95 % interval",
        "ci_low": "lower end of the 95 % interval",
        "difference": "this minus the other, mean over subjects",
        "difference_standard_error": "standard error of difference over subjects",
        "estimate": "size of the effect, mean over subjects",
        "standard_error": "standard error over subjects",
    },
)
TESTS |= _each(
    "float64",
    "",
    {
        "df": "degrees of freedom",
        "p": "two-sided p-value",
        "p_to_best": "two-sided p-value of difference_to_best",
        "q": "p adjusted for the false-discovery rate of its family",
        "q_to_best": "p_to_best adjusted for the same family",
        "statistic": "t, or the mean when signs are flipped",
    },
)
TESTS |= _each(
    "float64",
    NATS,
    {
        "bootstrap_high": "97.5 % of differences over resampled subjects",
        "bootstrap_low": "2.5 % of differences over resampled subjects",
    },
)
PREDICTIONS = {
    "explained_share": Column("kept of what the best P gains over class frequency", "share"),
    "accuracy": Column("trials whose choice was the most probable option, ties shared", "share"),
    "accuracy_cost": Column("accuracy that a replacement takes away", "share"),
    "bits": Column("gain over class frequency, every trial counting the same", "bits per trial"),
    "brier": Column("mean squared difference of probability and choice", "share squared"),
    "calibration_error": Column("mean distance of observed from predicted over bins", "share"),
    "error_by_chance": Column("calibration_error if choices had these probabilities", "share"),
    "intercept": Column("intercept of the calibration, 0 is perfect", "log odds"),
    "intercept_high": Column("upper end of its 95 % interval", "log odds"),
    "intercept_low": Column("lower end of its 95 % interval", "log odds"),
    "inverse_temperature": Column("how decided the subject is; 1 is what the model predicts", "1"),
    "inverse_temperature_sd": Column("posterior standard deviation of it", "1"),
    "n_best": Column("subjects in whom the model is the best, ties shared", "subjects"),
    "normalised_likelihood": Column("exp of log_likelihood", "share"),
    "observed": Column("choices of the option", "share"),
    "predicted": Column("mean predicted probability", "share"),
    "slope": Column("slope of the calibration; 1 is perfect, below 1 too sure", "1"),
    "slope_high": Column("upper end of its 95 % interval", "1"),
    "slope_low": Column("lower end of its 95 % interval", "1"),
    "subject_bits": Column("gain over class frequency, mean over subjects", "bits per trial"),
}
REGIMES = {
    "adjusted_rand": Column("adjusted Rand index of regimes; 1 equal, 0 chance (median)", "1"),
    "adjusted_rand_clear": Column("that of steps clear of all true boundaries", "1"),
    "adjusted_rand_high": Column("largest over pairs", "1"),
    "adjusted_rand_low": Column("smallest over pairs", "1"),
    "adjusted_rand_shifted": Column(
        "mean of it after circular shifts of one network by whole trials within sessions: what the "
        "clock of the trial alone gives",
        "1",
    ),
    "class_share": Column("steps in the dynamical class", "share"),
    "cumulative_occupancy": Column("occupancy of this rank and those above", "share"),
    "entropy": Column("entropy, corrected for short sequences", "nats (rates: per step)"),
    "entropy_plug_in": Column("entropy, not corrected", "nats (rates: per step)"),
    "fragile_share": Column("steps nearer to a boundary than the limit", "share"),
    "geometric_mean": Column("1 / (1 - probability of staying)", STEPS),
    "kaplan_meier_mean": Column("mean visit, cut ones counted up to their end", STEPS),
    "largest_error": Column("largest difference between two regimes of the class", "1"),
    "leaving_probability": Column("next regime, given that this one is left", "probability"),
    "limit": Column("distance below which a step is fragile", "standard deviations"),
    "median_distance": Column("median distance to the nearest boundary", "standard deviations"),
    "n_at_risk": Column("visits of which the step after n_steps is known", "", "int64"),
    "naive_mean": Column("mean visit of those that are not cut", STEPS),
    "occupancy": Column("steps in the regime", "share"),
    "on_share": Column("held-out steps at which the unit is on", "share"),
    "survival": Column("visits that last at least n_steps", "share"),
    "transition_probability": Column("next regime, staying counted", "probability"),
    "unit_correlation": Column("size of the correlation of matched PWL units", "1"),
    "unit_correlation_low": Column("lowest over restarts", "1"),
}
SWITCHES = {
    "group_null_high": Column("97.5 % of shifts, over subjects", "probability"),
    "group_null_low": Column("2.5 % of shifts, over subjects", "probability"),
    "group_null_mean": Column("mean of shifts, over subjects", "probability"),
    "group_switch_probability": Column("switch_probability, mean over subjects", "probability"),
    "null_high": Column("97.5 % of circular shifts", "probability"),
    "null_low": Column("2.5 % of circular shifts", "probability"),
    "null_mean": Column("mean of circular shifts", "probability"),
    "switch_probability": Column("steps, or trials, with a switch", "probability"),
}
DYNAMICS = {
    "alignment": Column("how much of the read-out sees the mode", "1"),
    "condition": Column("by how much a change of the map may move the eigenvalue", "1"),
    "distance_to_one": Column("distance of the eigenvalue from 1", "1"),
    "doubling_time": Column("steps until the mode doubles, infinite if it does not", STEPS),
    "drift": Column("size of the drift", "latent units per step"),
    "eigenvalue_gap": Column("distance of true from found eigenvalues", "1"),
    "eigenvalue_gap_at_start": Column("eigenvalue_gap before training", "1"),
    "exponent": Column("finite-time Lyapunov exponent", "nats per step"),
    "imag": Column("imaginary part of the eigenvalue", "1"),
    "length": Column("length of the line, or longest of the plane", "latent units"),
    "length_sd": Column("the same", "standard deviations of latents"),
    "margin": Column("signed distance to the nearest boundary, positive inside", "latent units"),
    "modulus": Column("modulus of the eigenvalue", "1"),
    "period": Column("steps per rotation, infinite without one", STEPS),
    "real": Column("real part of the eigenvalue", "1"),
    "singular_ratio": Column("smallest to largest singular value of I - J", "1"),
    "spectral_radius": Column("largest modulus of the eigenvalues", "1"),
    "time_constant": Column("steps until the mode decays to 1/e, infinite if it does not", STEPS),
    "time_constant_trials": Column("time_constant in trials of mean length", TRIALS),
}
INPUTS = {
    "censored_share": Column("paths that end before the gain falls below 5 %", "share"),
    "gain": Column("change of the read-out per unit of input, mean along paths", "log odds"),
    "gain_constant": Column("that if the regime stayed as it is", "log odds"),
    "gain_sd": Column("standard deviation along paths", "log odds"),
    "gain_size": Column("mean absolute gain along paths", "log odds"),
    "growth": Column("amplification after lag steps (median over steps)", "1"),
    "growth_high": Column("95 % of steps", "1"),
    "growth_largest": Column("largest", "1"),
    "growth_low": Column("5 % of steps", "1"),
    "horizon": Column("largest lag with 5 % of the largest gain, median along paths", STEPS),
    "horizon_constant": Column("that if the regime stayed as it is", STEPS),
    "mode_gain": Column("output per unit of input through the mode", "log odds"),
    "weight": Column("what the mode takes up of the input, real part", "1"),
    "weight_imag": Column("what the mode takes up of the input, imaginary part", "1"),
}
NEED = {"gini": Column("Gini index of the map of costs; 0 if all are the same", "1")}
BEHAVIOUR = {
    "mean": Column("mean over real subjects", "see quantity"),
    "restarts_near_best": Column("restarts that score close to the best", "share"),
    "simulated_high": Column("upper end of the band of 95 % of repeats", "see quantity"),
    "simulated_low": Column("lower end of the band of 95 % of repeats", "see quantity"),
    "simulated_mean": Column("mean over repeats of the mean over subjects", "see quantity"),
    "simulated_spread": Column("standard deviation over simulated subjects", "see quantity"),
    "spread": Column("standard deviation over real subjects", "see quantity"),
}
EFFECT = "log odds, or units of the answer"
TASK_SCORE, CURVE = "see the task", "nats, or minus half the squared error"
DISSECTION = _each(
    "float64",
    TASK_SCORE,
    {
        "best_run": "best of the restarts on test trials",
        "ceiling": "best possible score of the task",
        "chosen_score": "test score of the restart with the best validation curve",
        "floor": "best score of an affine function of the inputs, or without the rule",
        "intact_score": "the network with all units; trained on for as long where the other is",
        "run_error": "standard error of run_mean over restarts",
        "run_mean": "mean over restarts on test trials",
        "run_median": "median over restarts on test trials",
        "score_cost": "what a replacement takes away from the score",
        "test_score": "main score of the task on test trials",
        "validation_score": "main score of the task on validation trials",
    },
)
DISSECTION |= _each(
    "int64",
    "",
    {
        "least_n_pwl": "smallest P of which any restart solves the task",
        "n_latent": "latents of the networks",
        "n_train_subjects": "subjects that a fold trains on",
        "other_n_pwl": "P that it is compared with",
        "n_functional": "functional regimes; 1 unless they are discrete",
        "n_networks": "networks that are compared",
        "n_nonlinear": "rectifications in a step",
        "n_parameters": "trained numbers of a network",
        "n_train": "training trials; where they are fresh, as many as are drawn at most",
        "n_updates": "updates of the weights; of a run, those until its best validation score",
        "n_used": "regimes that a network is in for 1 % of test steps at least",
        "sufficient_n_pwl": "smallest P that keeps 95 % of what the best P gains over the floor",
    },
)
DISSECTION |= {
    "causal_p": Column("p-value of the causal test of a primitive", ""),
    "causal_share": Column("effect of the intervention that should undo a primitive", "share"),
    "detected": Column("effect beyond all nulls, and a causal test that holds, at 5 %", "", "bool"),
    "detected_effect": Column("size of a primitive, from 0 to 1; see docs/primitives.md", "1"),
    "diverged": Column("whether weights or scores were not finite", "", "bool"),
    "fresh": Column("whether trials are drawn anew for every update", "", "bool"),
    "needed": Column("whether score_cost exceeds 5 % of ceiling minus floor", "", "boolean"),
    "choice_validation_score": Column("validation subjects", "nats per trial"),
    "frequency_score": Column("class frequency of training subjects (mean)", "nats per trial"),
    "subject_gain": Column("subject_score minus frequency_score", "nats per trial"),
    "subject_gain_error": Column("standard error of subject_gain over subjects", "nats per trial"),
    "null_p": Column("largest p-value over random networks and permuted labels", ""),
    "primitive": Column("gating, rule-based integration or transient", dtype="str"),
    "regime_share": Column("trials in the regime, or steps where each counts alone", "share"),
    "share_solved": Column("restarts that solve the task", "share"),
    "slope_below": Column("slope of all PWL units below zero: 0 is ReLU, 1 is linear", "1"),
    "solved": Column("whether the test score is what the task asks for", "", "bool"),
    "step_microseconds": Column("time of one step of one sequence, on one core", "microseconds"),
    "subject_error": Column("standard error of subject_score over subjects", "nats per trial"),
    "subject_score": Column("held-out log-likelihood, mean over subjects", "nats per trial"),
    "target": Column("input that it acts on", dtype="str"),
    "task_effect": Column("half of what an input changes in the next answer (mean)", EFFECT),
    "task_effect_high": Column("highest network", EFFECT),
    "task_effect_low": Column("lowest network", EFFECT),
    "training_curve": Column("batches since the last check", CURVE),
    "training_seconds": Column("time of training, shared by all trained together", "seconds"),
    "verdict": Column("discrete, one, graded or not reproducible", dtype="str"),
    "validation_curve": Column("validation trials at this check", CURVE),
}
STEP = {"step": Column("step of a trial, by its name, in the order of the task", "", "category")}
COLUMNS = NAMES | STEP | POSITIONS | COUNTS | FLAGS | LIKELIHOODS | TESTS | PREDICTIONS
COLUMNS |= REGIMES | SWITCHES | DYNAMICS | INPUTS | NEED | BEHAVIOUR | DISSECTION
