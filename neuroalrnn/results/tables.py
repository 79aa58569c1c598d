"""What a row of a table is, and its columns; the tables that commands write beside an analysis.

Tables of an analysis are described by their questions, see `neuroalrnn.questions.listed.TABLES`.

A name followed by a question mark is a count or position that may be missing (dtype ``Int64``); all
other numbers that may be missing are ``float64``. Tables may also hold the conditions they are
split by, as columns of the dtype they have in the trials.
"""

import logging
from typing import NamedTuple

from neuroalrnn.results.columns import COLUMNS

logger = logging.getLogger(__name__)


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
        "what is held out, fold and model (command subjects)",
        "held_out fold model n_pwl n_dimensions validation",
    ),
    "recovery.csv": Table(
        "simulation; n_trials are those of a subject (command recover)",
        "task n_subjects n_trials run true_n_pwl found_n_pwl best_n_pwl true_score score "
        "linear_score badly_trained restarts_near_best adjusted_rand adjusted_rand_clear "
        "n_switches n_found n_exact n_by_chance n_made n_extra eigenvalue_gap "
        "eigenvalue_gap_at_start",
    ),
    "families.csv": Table(
        "simulation; n_trials are those of a subject (command recover)",
        "true_family found_family n_subjects n_trials run",
        further="the score of each family",
    ),
    "runs.csv": Table(
        "network (command dissect)",
        "n_train fresh n_pwl restart test_score validation_score solved diverged n_updates n_used? "
        "effective_n_pwl?",
    ),
    "performance.csv": Table(
        "training size and P (command dissect)",
        "n_train fresh n_pwl n_restarts run_mean run_error run_median best_run chosen_score "
        "share_solved floor ceiling",
    ),
    "chosen.csv": Table(
        "training size; chosen on validation trials (command dissect)",
        "n_train best_n_pwl? sufficient_n_pwl? least_n_pwl?",
    ),
    "peers.csv": Table(
        "GRU or LSTM (command dissect)",
        "n_train fresh model restart test_score validation_score solved diverged n_parameters",
    ),
    "learning.csv": Table(
        "network and check of training (command dissect)",
        "n_train n_pwl restart n_updates training_curve validation_curve",
    ),
    "attenuation.csv": Table(
        "network of the largest training size, and slope (command dissect)",
        "n_pwl restart slope_below test_score",
    ),
    "necessity.csv": Table(
        "PWL unit of such a network that is made linear (command dissect)",
        "n_pwl restart unit replacement intact_score test_score score_cost needed",
    ),
    "retraining.csv": Table(
        "PWL unit that is made linear before the network is trained on (command dissect)",
        "n_pwl restart unit intact_score test_score score_cost needed",
    ),
    "functional.csv": Table(
        "P of which two networks or more solve the task (command dissect)",
        "n_pwl n_networks verdict n_functional adjusted_rand adjusted_rand_low",
    ),
    "functional_effects.csv": Table(
        "P, functional regime, input and output (command dissect)",
        "n_pwl regime regime_share input output task_effect task_effect_low task_effect_high",
    ),
    "primitives.csv": Table(
        "primitive and input, in the network of each P that solves the task and that validation "
        "trials prefer (command dissect)",
        "n_pwl restart primitive target detected_effect null_p causal_share causal_p detected",
    ),
    "subject_performance.csv": Table(
        "number of latents, of training subjects, and P (command dissect, of trials)",
        "n_latent n_train_subjects n_pwl n_subjects subject_score subject_error accuracy "
        "frequency_score subject_gain subject_gain_error",
    ),
    "subject_contrasts.csv": Table(
        "the same, P against the largest one on the same subjects (command dissect, of trials)",
        "n_latent n_train_subjects n_pwl other_n_pwl n_subjects difference "
        "difference_standard_error",
    ),
    "subject_chosen.csv": Table(
        "number of latents and of training subjects; most folds, chosen on validation subjects "
        "(command dissect, of trials)",
        "n_latent n_train_subjects best_n_pwl sufficient_n_pwl",
    ),
    "subject_restarts.csv": Table(
        "restart of a fold (command dissect, of trials)",
        "n_latent n_train_subjects n_pwl fold restart choice_validation_score diverged",
    ),
    "cost.csv": Table(
        "P (command dissect)",
        "n_pwl n_parameters n_nonlinear step_microseconds training_seconds",
    ),
    "predictive.csv": Table(
        "point of a curve (command predictive)",
        "signature quantity x_name curve x n_subjects n_trials mean standard_error spread "
        "simulated_mean simulated_low simulated_high simulated_spread difference inside",
    ),
}


def columns_of(table, columns=COLUMNS):
    """Columns of a table and their dtypes.

    Parameters
    ----------
    table : Table
    columns : dict of str -> Column
        What the columns mean.

    Returns
    -------
    dict of str -> str
        ``Int64`` where whole numbers may be missing.

    Raises
    ------
    ValueError
        A fault of this package: nobody says what a column means.
    """
    names = [(name.rstrip("?"), name.endswith("?")) for name in table.columns.split()]
    unknown = [name for name, _ in names if name not in columns]
    if unknown:
        raise ValueError(
            f"columns {', '.join(unknown)}: say what they mean, in results/columns.py or in the "
            "`columns` of the question"
        )
    return {name: "Int64" if missing else columns[name].dtype for name, missing in names}


def conform(name, table, described, columns=COLUMNS):
    """A table with the columns and dtypes that its schema promises.

    Parameters
    ----------
    name : str
        Of the table, for the message.
    table : pandas.DataFrame
        Values are not changed.
    described : Table
    columns : dict of str -> Column
        What the columns mean.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        A fault of this package: columns that the schema has not, or that the table lacks.
    """
    expected = columns_of(described, columns)
    more = [] if described.further else [each for each in table if each not in expected]
    lacks = [each for each in expected if each not in table]
    found = [f"column {each!r} is not in its schema" for each in more]
    found += [f"column {each!r} of its schema is not there" for each in lacks if len(table)]
    if found:
        raise ValueError(f"table {name!r}: {'; '.join(found)}")
    table = table.reindex(columns=[*table, *lacks])
    return table.assign(**{each: _cast(table[each], dtype) for each, dtype in expected.items()})


def save_table(table, folder, name):
    """Write one of the `FILES`, with the dtypes of its schema.

    Parameters
    ----------
    table : pandas.DataFrame
    folder : pathlib.Path
        It must exist.
    name : str
        Of the file, such as ``"recovery.csv"``.
    """
    try:
        table = conform(name, table, FILES[name])
    except (TypeError, ValueError) as fault:  # of this package; a long run must not end by it
        logger.warning("%s is written without the dtypes of its schema: %s", name, fault)
    table.to_csv(folder / name, index=False)


def _cast(values, dtype):
    if dtype != "category":
        return values.astype(dtype)
    if values.dtype == "category":
        return values
    return values.astype("category").cat.set_categories(dict.fromkeys(values), ordered=True)
