"""Every table of an analysis and of the command line: what a row is, and its columns.

A name followed by a question mark is a count or position that may be missing (dtype ``Int64``); all
other numbers that may be missing are ``float64``. Tables may also hold the conditions they are
split by, as columns of the dtype they have in the trials.
"""

from typing import NamedTuple

from neuroalrnn.arguments import unknown
from neuroalrnn.results.columns import COLUMNS


class Table(NamedTuple):
    """What a table holds.

    Attributes
    ----------
    row : str
        What one row is.
    columns : str
        Their names in order, a question mark after those that may be missing.
    further : str
        What further columns it may have.
    """

    row: str
    columns: str
    further: str = ""


EFFECT = (
    "estimate standard_error ci_low ci_high statistic df p n_subjects n_trials? method scale "
    "excluded"
)
MODELS = (
    "model n_subjects n_trials subject_mean subject_standard_error log_likelihood subject_bits "
    "n_best difference difference_standard_error ci_low ci_high p n_favouring n_against note "
    "bootstrap_low bootstrap_high reference q best difference_to_best standard_error_to_best "
    "p_to_best q_to_best within_one_error"
)
EXPLAINED = "log_likelihood_ of what else is explained, and of all together (joint)"
COSTS = "subject n_trials cost accuracy_cost n_floored"

ANALYSIS = {
    "scores": Table(
        "model",
        "model n_subjects n_trials log_likelihood standard_error subject_mean "
        "subject_standard_error bits normalised_likelihood accuracy",
        further=EXPLAINED,
    ),
    "comparisons": Table("other model: AL-RNN minus it", f"effect {EFFECT} n_favouring note"),
    "observed": Table(
        "other model and variable: AL-RNN minus it", f"effect {EFFECT} n_favouring note variable"
    ),
    "models": Table("model, the best first", MODELS),
    "own_temperature": Table(
        "model and subject, whose inverse temperature is inferred",
        "model subject n_trials log_likelihood inverse_temperature inverse_temperature_sd",
    ),
    "models_own_temperature": Table("model, scored as own_temperature", MODELS),
    "calibration": Table(
        "model and option (one of two)",
        "model option n_subjects n_trials slope slope_low slope_high intercept intercept_low "
        "intercept_high note calibration_error error_by_chance brier",
    ),
    "reliability": Table(
        "model, option and bin of predicted probability",
        "model option bin predicted observed ci_low ci_high n_trials",
    ),
    "score_spread": Table("fold", "fold n_pwl n_restarts validation_spread training_spread"),
    "regimes": Table("fold and regime", "fold n_pwl regime code n_steps"),
    "effective_n_pwl": Table("fold", "fold n_pwl effective_n_pwl"),
    "agreement": Table("pair of folds", "fold other_fold adjusted_rand"),
    "stability": Table(
        "kind of pairs of networks",
        "across n_pairs adjusted_rand adjusted_rand_low adjusted_rand_high adjusted_rand_shifted "
        "unit_correlation",
    ),
    "stability_pairs": Table(
        "pair of networks",
        "across fold restart other_fold other_restart adjusted_rand adjusted_rand_shifted "
        "unit_correlation",
    ),
    "stability_units": Table(
        "PWL unit of the chosen network of a fold",
        "fold restart unit on_share unit_correlation unit_correlation_low n_others",
    ),
    "occupancy": Table(
        "subject, step, combination of conditions, and regime",
        "subject step regime occupancy n_steps",
        further="conditions",
    ),
    "occupancy_trend": Table(
        "subject, bin of trial number, and regime",
        "subject bin first_trial last_trial regime occupancy n_steps",
    ),
    "dwell_times": Table(
        "visit to a regime", "subject session sequence regime n_steps censored row column"
    ),
    "dwell_survival": Table("regime and length", "regime n_steps survival n_at_risk"),
    "mean_dwell_times": Table(
        "regime", "regime n_visits n_censored naive_mean kaplan_meier_mean geometric_mean"
    ),
    "transitions": Table(
        "subject and pair of regimes", "subject regime regime_next transition_probability"
    ),
    "switch_probability": Table(
        "subject, step, and combination of conditions",
        "subject step switch_probability n_steps",
        further="conditions",
    ),
    "spectra": Table(
        "fold, regime and eigenvalue",
        "fold n_pwl regime code n_steps mode real imag modulus time_constant period doubling_time "
        "time_constant_trials",
    ),
    "behaviour": Table(
        "predictor and outcome",
        f"effect outcome {EFFECT} note trend_degree q",
    ),
    "event_switches": Table(
        "event of the trial", f"effect {EFFECT} n_sessions n_sessions_not_testable note"
    ),
    "rule_switches": Table(
        "the one test of the rule",
        f"effect {EFFECT} n_sessions n_sessions_not_testable trend_degree note rule_is_input",
    ),
    "locked_switches": Table(
        "subject and lag, in trials",
        "subject lag switch_probability n_events null_mean null_low null_high "
        "group_switch_probability group_null_mean group_null_low group_null_high",
    ),
}
MECHANISM = {
    "coverage": Table(
        "fold and visited regime, by use",
        "fold rank code n_steps occupancy cumulative_occupancy n_visited n_possible",
    ),
    "regime_graph": Table(
        "fold and pair of successive regimes",
        "fold code code_next n_pairs transition_probability leaving_probability flipped_units "
        "n_flipped",
    ),
    "fixed_points": Table(
        "fold, regime and step whose mean input is held",
        "fold code kind is_real margin spectral_radius n_unstable? step",
    ),
    "attractors": Table(
        "fold, regime and step whose mean input is held",
        "fold code kind n_directions singular_ratio real imag distance_to_one is_real margin "
        "length length_sd drift is_defective step",
    ),
    "lyapunov": Table(
        "fold, sequence and direction",
        "fold sequence direction exponent n_steps transient n_minus_infinite",
    ),
    "path_growth": Table(
        "fold and lag", "fold lag growth growth_low growth_high growth_largest n_steps"
    ),
    "functional_growth": Table("fold, regime, input and lag", "fold code input feature lag growth"),
    "gains": Table(
        "fold, regime, input, output and lag",
        "fold code input feature output lag gain_constant gain gain_sd gain_size n_steps",
    ),
    "horizons": Table(
        "fold, regime and input",
        "fold code input feature horizon_constant horizon censored_share n_steps",
    ),
    "selection": Table(
        "fold, regime, eigenvalue and input",
        "fold code input mode real imag modulus slow memory condition well_defined feature weight "
        "weight_imag alignment mode_gain",
    ),
    "entropies": Table(
        "entropy", "measure entropy_plug_in entropy ci_low ci_high n_subjects excluded"
    ),
    "fragile_share": Table(
        "subject and step", "subject step fragile_share median_distance n_steps limit"
    ),
    "dynamical_classes": Table(
        "fold and visited regime",
        "fold n_pwl code dynamical_class n_steps class_share n_regimes largest_error",
    ),
    "ablation": Table(
        "fold, unit, replacement, epoch and subject",
        f"fold unit replacement epoch rank {COSTS}",
        further="conditions",
    ),
    "ablation_tests": Table(
        "replacement, rank of the unit and epoch", f"replacement rank epoch {EFFECT} q"
    ),
    "ablation_map": Table(
        "fold and replacement: the unit and epoch that cost most",
        "fold replacement n_units n_epochs gini unit? epoch cost",
    ),
    "greedy": Table(
        "fold, replacement, number of units and subject",
        f"fold replacement n_pwl n_replaced unit train_cost {COSTS}",
    ),
    "necessary": Table("fold and replacement", "fold replacement n_pwl n_necessary cost"),
}
FILES = {
    "scores.csv": Table(
        "model and subject (command fit)",
        "model subject n_trials log_likelihood bits normalised_likelihood accuracy",
        further=EXPLAINED,
    ),
    "pooling.csv": Table(
        "model, fold and subject (command subjects)", "subject n_trials log_likelihood fold model"
    ),
    "few_shot.csv": Table(
        "model, fold, subject and number of shots (command subjects)",
        "subject n_trials log_likelihood fold model n_shots?",
    ),
    "vectors.csv": Table(
        "fold and subject (command subjects)", "fold subject", further="one of each dimension"
    ),
    "choices.csv": Table(
        "fold and model (command subjects)", "fold model n_pwl n_dimensions validation"
    ),
    "recovery.csv": Table(
        "simulation; n_trials are those of a subject (command recover)",
        "task n_subjects n_trials run true_n_pwl found_n_pwl true_score score linear_score "
        "badly_trained restarts_near_best adjusted_rand adjusted_rand_clear n_switches n_found "
        "n_exact n_by_chance n_made n_extra eigenvalue_gap eigenvalue_gap_at_start",
    ),
    "families.csv": Table(
        "simulation; n_trials are those of a subject (command recover)",
        "true_family found_family n_subjects n_trials run",
        further="the score of each family",
    ),
    "predictive.csv": Table(
        "point of a curve (command predictive)",
        "signature quantity x_name curve x n_subjects n_trials mean standard_error spread "
        "simulated_mean simulated_low simulated_high simulated_spread difference inside",
    ),
}
TABLES = ANALYSIS | {f"mechanism_{name}": table for name, table in MECHANISM.items()}


def columns_of(table):
    """Columns of a table and their dtypes.

    Parameters
    ----------
    table : Table

    Returns
    -------
    dict of str -> str
        ``Int64`` where whole numbers may be missing.
    """
    names = table.columns.split()
    return {
        name.rstrip("?"): "Int64" if name.endswith("?") else COLUMNS[name].dtype for name in names
    }


def conform(name, table, described=None):
    """A table with the columns and dtypes that the schema promises.

    Parameters
    ----------
    name : str
        One of `TABLES`.
    table : pandas.DataFrame
        Values are not changed.
    described : Table, optional
        Default that of `TABLES`.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        A fault of this package: no such table, columns that the schema has not, or that the table
        lacks.
    """
    if described is None and name not in TABLES:
        raise ValueError(f"table {unknown(name, TABLES)}: write it down in the schema of tables")
    described = described or TABLES[name]
    expected = columns_of(described)
    more = [] if described.further else [each for each in table if each not in expected]
    lacks = [each for each in expected if each not in table]
    found = [f"column {each!r} is not in its schema" for each in more]
    found += [f"column {each!r} of its schema is not there" for each in lacks if len(table)]
    if found:
        raise ValueError(f"table {name!r}: {'; '.join(found)}")
    table = table.reindex(columns=[*table, *lacks])
    return table.assign(**{each: _cast(table[each], dtype) for each, dtype in expected.items()})


def _cast(values, dtype):
    if dtype != "category":
        return values.astype(dtype)
    if values.dtype == "category":
        return values
    return values.astype("category").cat.set_categories(dict.fromkeys(values), ordered=True)
