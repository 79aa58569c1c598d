"""The page docs/tables.md from the schema of tables; `python -m benchmarks.schema` writes it."""

from pathlib import Path

from neuroalrnn.questions.listed import COLUMNS, QUESTIONS, TABLES
from neuroalrnn.results.tables import FILES, columns_of

PAGE = Path(__file__).parents[1] / "docs" / "tables.md"
HEAD = """# Tables

All tables of `analyse(fit, mechanism=True)` (and of `neuroalrnn analyse`, as CSV files), and the
tables that the other commands write. A name means the same in all of them: `fold` is the name of a
fold, `regime` the label of a regime (the same in all folds), `code` the sign pattern of one
network. Regimes are functional ones, in which inputs do the same to the choice; tables of linear
regimes, which are sign patterns, begin with `linear_`. Of more than 2,000 subjects, networks are
taken apart on as many who are drawn: tables that begin with `mechanism_` say so in the further
columns `sampled_subjects` and `all_subjects`; functional regimes, and what they exchange, are those
of all. Lengths of time are in steps (of functional regimes, in trials) unless the unit says
otherwise. Written by `python -m benchmarks.schema`.
"""
MODELS = {
    "log_likelihood": "subject_mean",
    "standard_error": "subject_standard_error",
    "pooled": "log_likelihood",
    "bits": "subject_bits",
    "error": "difference_standard_error",
    "error_to_best": "standard_error_to_best",
}
# table -> old name -> new name
RENAMED = {
    "comparisons": {"n_favouring_a": "n_favouring"},
    "observed": {"n_favouring_a": "n_favouring"},
    "models": MODELS,
    "models_own_temperature": MODELS,
    "score_spread": {"validation": "validation_spread", "training": "training_spread"},
    "linear_regimes": {"label": "regime"},
    "agreement": {"other": "other_fold"},
    "stability": {
        "median": "adjusted_rand",
        "lowest": "adjusted_rand_low",
        "highest": "adjusted_rand_high",
        "shifted": "adjusted_rand_shifted",
    },
    "stability_pairs": {"shifted": "adjusted_rand_shifted"},
    "stability_units": {
        "on": "on_share",
        "correlation": "unit_correlation",
        "lowest_correlation": "unit_correlation_low",
    },
    "switch_probability": {"probability": "switch_probability"},
    "locked_switches": {
        "probability": "switch_probability",
        "group_probability": "group_switch_probability",
    },
    "spectra": {"label": "regime"},
    "mechanism_coverage": {
        "regime": "code",
        "share": "occupancy",
        "cumulative_share": "cumulative_occupancy",
    },
    "mechanism_regime_graph": {
        "from": "code",
        "to": "code_next",
        "probability": "transition_probability",
        "bits": "flipped_units",
        "n_bits": "n_flipped",
    },
    "mechanism_attractors": {"eigenvalue_real": "real", "eigenvalue_imag": "imag"},
    "mechanism_path_growth": {
        "median": "growth",
        "low": "growth_low",
        "high": "growth_high",
        "largest": "growth_largest",
    },
    "mechanism_gains": {
        "constant": "gain_constant",
        "mean": "gain",
        "sd": "gain_sd",
        "size": "gain_size",
    },
    "mechanism_horizons": {
        "constant": "horizon_constant",
        "median": "horizon",
        "censored": "censored_share",
    },
    "mechanism_selection": {"effect": "mode_gain"},
    "mechanism_entropies": {"plug_in": "entropy_plug_in", "corrected": "entropy"},
    "mechanism_dynamical_classes": {"regime": "code"},
    "mechanism_necessary": {"test_cost": "cost"},
}
# table -> name now; of those that have kept their name, the regimes are functional ones now
MOVED = {"regimes": "linear_regimes", "event_switches": "linear_event_switches"}
# tables whose folds were numbers
NUMBERED = ("linear_regimes", "effective_n_pwl", "spectra", "mechanism_dynamical_classes")


def describe():
    """The page.

    Returns
    -------
    str
    """
    parts = [HEAD]
    for title, tables in (
        ("Of an analysis", _tables(mechanism=False)),
        ("Of a mechanism", _tables(mechanism=True)),
        ("Of other commands", FILES),
    ):
        rows = [(f"`{name}`", *_describe_table(each)) for name, each in tables.items()]
        parts += [f"## {title}\n", _grid(("table", "one row per", "columns"), rows)]
    rows = [
        (f"`{name}`", COLUMNS[name].meaning, COLUMNS[name].unit, COLUMNS[name].dtype)
        for name in sorted({name for each in _every() for name in columns_of(each, COLUMNS)})
    ]
    parts += ["## Columns\n", _grid(("column", "meaning", "unit", "dtype"), rows)]
    rows = [
        (f"`{table}`", ", ".join(f"`{old}` -> `{new}`" for old, new in names.items()))
        for table, names in RENAMED.items()
    ]
    parts += ["## Renamed columns\n", _grid(("table", "old -> new"), rows)]
    moved = ", ".join(f"`{old}` -> `{new}`" for old, new in MOVED.items())
    numbered = ", ".join(f"`{name}`" for name in NUMBERED)
    parts.append(
        f"Tables {moved}. Other tables of regimes, such as `occupancy`, were those of linear\n"
        "regimes, which are in tables with `linear_` before the name now.\n"
    )
    parts.append(
        f"`fold` was a number in {numbered}; it is the name now. `linear_event_switches` has\n"
        "the columns of a test also where nothing could be tested.\n"
    )
    return "\n".join(parts)


def _tables(*, mechanism):
    every = [each.schema for each in QUESTIONS if each.mechanism == mechanism]
    return {name: table for schema in every for name, table in schema.items()}


def _every():
    return [*TABLES.values(), *FILES.values()]


def _describe_table(table):
    return table.row, table.columns + (f"; {table.further}" if table.further else "")


def _grid(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(describe(), encoding="utf-8")
