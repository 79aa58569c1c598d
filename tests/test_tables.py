"""Every table has the columns and dtypes of the one schema, and the page about them tells so."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from benchmarks.schema import NUMBERED, PAGE, RENAMED, describe
from neuroalrnn.questions import analyse
from neuroalrnn.questions.asked import LINEAR
from neuroalrnn.questions.listed import COLUMNS, QUESTIONS, TABLES
from neuroalrnn.results import columns as described
from neuroalrnn.results.columns import COLUMNS as SHARED
from neuroalrnn.results.tables import FILES, Table, columns_of, conform, save_table

CONDITIONS = ["rule"]


@pytest.fixture(scope="module")
def tables(fit, by_stimulus):
    return analyse(fit, conditions=CONDITIONS, rule="rule", mechanism=True).tables


def dtypes(table):
    return {name: str(dtype) for name, dtype in table.dtypes.items() if name not in CONDITIONS}


def test_every_table_of_an_analysis_is_as_the_schema_says(tables):
    only_graded = {"effect_axes", "axis_behaviour"}
    only_adaptive = {"adaptive", "readouts", "regression"}
    only_adaptive |= {"readout_effects", "mean_readout_effects"}
    of_a_glm_hmm = {name for name in TABLES if name.startswith("hidden_")}
    other = {"observed"} | only_graded | only_adaptive | of_a_glm_hmm
    assert set(TABLES) - set(tables) == other
    for name, table in tables.items():
        assert dtypes(table) == columns_of(TABLES[name], COLUMNS), name
        assert list(dtypes(table)) == list(columns_of(TABLES[name], COLUMNS)), name
        assert isinstance(table.index, pd.RangeIndex), name


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.name)
def test_every_question_says_what_the_columns_of_its_tables_mean(question):
    known = SHARED | question.columns
    for table in question.schema.values():
        columns_of(table, known)


def test_folds_go_by_name_and_regimes_by_label(fit, tables):
    names = {fold.name for fold in fit.folds}
    for name, table in tables.items():
        assert set(table.get("fold", ())) <= names, name
    asked = analyse(fit).asked
    for prefix, regimes in (("", asked.regimes), (LINEAR, asked.linear.regimes)):
        labels = set(np.unique(regimes)) - {-1}
        for name in ("occupancy", "transitions", "dwell_times"):
            assert set(tables[prefix + name]["regime"]) <= labels, name
    assert set(tables["linear_regimes"]["regime"]) == labels >= set(tables["spectra"]["regime"])
    n_pwl = tables["linear_regimes"]["n_pwl"].max()
    for name in [each for each in tables if "code" in tables[each]]:
        assert tables[name]["code"].between(0, 2**n_pwl - 1).all(), name


def test_every_column_is_described_and_none_in_vain():
    used = {
        name for each in [*TABLES.values(), *FILES.values()] for name in columns_of(each, COLUMNS)
    }
    assert used == set(COLUMNS)
    assert all(column.meaning for column in COLUMNS.values())


def test_no_column_is_described_twice():
    groups = [each for name, each in vars(described).items() if name.isupper()]
    groups = [each for each in groups if isinstance(each, dict) and each is not SHARED]
    counts = Counter(name for each in groups for name in each)
    assert set(counts) == set(SHARED)
    assert [name for name, n in counts.items() if n > 1] == []


def test_scores_by_subject_are_as_the_schema_says(fit):
    assert dtypes(fit.scores) == columns_of(FILES["scores.csv"])


def test_page_is_what_the_schema_says():
    assert PAGE.read_text(encoding="utf-8") == describe(), "run python -m benchmarks.schema"


def test_renamed_columns_are_there_now():
    for table, names in RENAMED.items():
        assert set(names.values()) <= set(columns_of(TABLES[table], COLUMNS)), table
    assert set(NUMBERED) <= set(TABLES)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"fold": ["a"], "other": ["b"], "adjusted_rand": [1.0]}, "'other' is not in"),
        ({"fold": ["a"], "adjusted_rand": [1.0]}, "'other_fold' .* is not there"),
    ],
)
def test_tables_that_are_not_as_written_down_are_faults(columns, message):
    with pytest.raises(ValueError, match=message):
        conform("agreement", pd.DataFrame(columns), TABLES["agreement"])


def test_a_column_that_nobody_describes_is_a_fault():
    with pytest.raises(ValueError, match="columns side, colour: say what they mean"):
        columns_of(Table("subject", "subject side colour?"))


def test_a_table_is_cast_but_not_changed():
    table = pd.DataFrame({"fold": ["a"], "n_pwl": [2.0], "effective_n_pwl": np.int32([1])})
    described = TABLES["effective_n_pwl"]
    assert dtypes(conform("effective_n_pwl", table, described)) == columns_of(described)
    assert table["n_pwl"].dtype == float
    empty = conform("behaviour", pd.DataFrame(), TABLES["behaviour"])
    assert dtypes(empty) == columns_of(TABLES["behaviour"])


def test_files_of_other_commands_are_written_even_if_they_are_not_as_written_down(tmp_path, caplog):
    table = pd.DataFrame({"held_out": ["subjects"], "fold": ["a"]})
    save_table(table, tmp_path, "choices.csv")
    assert pd.read_csv(tmp_path / "choices.csv").equals(table)
    assert "column 'n_pwl' of its schema is not there" in caplog.text
