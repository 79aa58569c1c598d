"""Run files and settings: what is accepted, and how everything wrong is told at once."""

import numpy as np
import pytest

from neuroalrnn.config import Run, Setting, as_setting, default_run, load_run
from neuroalrnn.exceptions import ConfigError

FULL = """
[data]
path = "trials.csv"
columns = {subject = "ID", choice = "resp", word = "word"}
labels = {1 = "left", 2 = "right"}
events = {stimulus = 0, response = "rt"}
after_choice = ["feedback"]
signed = ["feedback"]

[encoding]
step = "event"
inputs = {word = "stimulus"}
choice_event = "response"
carry = "block"
mark_events = false

[setting]
n_latent = 8
learning_rate = 1e-3

[validation]
splitter = "SessionKFold"
n_splits = 4
n_pwl = [0, 8]

[analysis]
conditions = ["context"]
rule = "context"
"""


@pytest.fixture
def written(tmp_path):
    """Write a run file and return its path."""

    def write(text):
        path = tmp_path / "run.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_full_run_file_is_read(written):
    run = load_run(written(FULL))
    assert run.data.columns == {"subject": "ID", "choice": "resp", "word": "word"}
    assert run.data.signed == ["feedback"]
    assert run.setting.learning_rate == 1e-3
    assert run.validation.n_pwl == [0, 8]
    given = run.encoding.model_dump(exclude_none=True)
    assert given["mark_events"] is False
    assert "dt" not in given


def test_empty_run_file_is_the_default_run(written):
    assert load_run(written("")) == Run()


@pytest.mark.parametrize("text", ["", FULL])
def test_json_round_trip(written, text):
    run = load_run(written(text))
    assert Run.model_validate_json(run.model_dump_json()) == run


@pytest.mark.parametrize("name", ["pratte2010", "miller_rats", "dezfouli2019", "fontanesi2019"])
def test_bundled_run_files(name):
    run = default_run(name)
    assert run.data.name == name
    grid = run.validation.n_pwl
    assert min(grid) == 0
    assert max(grid) == run.setting.n_latent, "the fully rectified network is the other control"


def test_dataset_without_run_file_gets_the_defaults():
    assert default_run("another") == Run()


BROKEN = {
    "unknown key": (
        "[setting]\nlearnin_rate = 0.1",
        r"\[setting\] learnin_rate: unknown key; did you mean 'learning_rate'\?",
    ),
    "unknown key of a table that may be absent": (
        "[task]\nnme = 'bandit'",
        r"\[task\] nme: unknown key; did you mean 'name'\?",
    ),
    "unknown table": (
        "[settings]\nn_latent = 3",
        r"\[settings\]: unknown table; did you mean 'setting'\?",
    ),
    "nothing near": (
        "[data]\nqqq = 1",
        r"\[data\] qqq: unknown key; \(there are: name, path, columns",
    ),
    "text for a number": (
        "[setting]\nn_latent = '6'",
        r"\[setting\] n_latent = '6': expected a whole number",
    ),
    "fraction for a count": (
        "[setting]\npatience = 2.5",
        r"\[setting\] patience = 2.5: expected a whole number",
    ),
    "boolean for a number": (
        "[setting]\nbatch_size = true",
        r"batch_size = True: expected a whole number",
    ),
    "negative learning rate": (
        "[setting]\nlearning_rate = -0.1",
        r"learning_rate = -0.1: expected a number greater than 0",
    ),
    "infinite": ("[setting]\nclip_norm = inf", r"clip_norm = inf: expected a finite number"),
    "value for a table": ("setting = 3", r"\[setting\] = 3: expected a table"),
    "unknown splitter": (
        "[validation]\nsplitter = 'KFold'",
        r"splitter = 'KFold': expected 'SubjectKFold', 'LeaveOneSubjectOut', ",
    ),
    "one split": (
        "[validation]\nn_splits = 1",
        r"n_splits = 1: expected a number greater than or equal to 2",
    ),
    "too many PWL units": (
        "[setting]\nn_latent = 3\n[validation]\nn_pwl = [0, 4]",
        r"\[validation\] n_pwl = 4: more PWL units than latents; .* n_latent = 3",
    ),
    "seed too large": (
        f"[validation]\nrandom_state = {2**80}",
        r"random_state = \d+: expected a number less than or equal to 4294967295",
    ),
    "negative PWL units": (
        "[validation]\nn_pwl = [-1]",
        r"n_pwl\[0\] = -1: expected a number greater than or equal to 0",
    ),
    "empty grid": ("[validation]\nn_pwl = []", r"n_pwl = \[\]: expected at least one entry"),
    "grid is a number": ("[validation]\nn_pwl = 2", r"n_pwl = 2: expected a list"),
    "splits of no use": (
        "[validation]\nsplitter = 'LeaveOneSubjectOut'\nn_splits = 5",
        r"n_splits: LeaveOneSubjectOut holds out every group in turn",
    ),
    "name and path": ("[data]\nname = 'a'\npath = 'b'", r"\[data\] name and path are both given"),
    "warm-up alone": ("[setting]\nwarm_up = 10", r"warm_up has no effect without window"),
    "unknown step": (
        "[encoding]\nstep = 'trails'",
        r"\[encoding\] step = 'trails': expected 'trial', 'event' or 'time'",
    ),
    "inputs are a text": (
        "[encoding]\ninputs = 'word'",
        r"inputs = 'word': expected a table or a list",
    ),
    "column is a number": (
        "[data.columns]\nsubject = 1",
        r"\[data\] columns.subject = 1: expected a text",
    ),
    "label is a list": (
        "[data]\nlabels = ['a', ['b']]",
        r"labels\[1\] = \['b'\]: expected a text or",
    ),
    "empty conditions": (
        "[analysis]\nconditions = []",
        r"conditions = \[\]: expected at least one entry",
    ),
    "syntax": ("[setting]\nn_latent 3", r"run.toml is not valid TOML: .*at line 2"),
    "key twice": (
        "[setting]\nn_latent = 3\nn_latent = 4",
        r"is not valid TOML: Cannot overwrite a value",
    ),
    "not UTF-8": ("# Zürich".encode("latin-1"), r"run.toml is not UTF-8 at byte 3"),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_run_file(written, text, message):
    with pytest.raises(ConfigError, match=message):
        load_run(written(text))


def test_all_problems_are_told_at_once(written):
    text = "[settng]\n[setting]\nn_latent = 2\nmemory = 0\n[validation]\nn_pwl = [3, 'x']\n"
    with pytest.raises(ConfigError, match=r"run.toml: 4 problems") as error:
        load_run(written(text))
    for part in ("[settng]", "memory = 0", "n_pwl[1] = 'x'", "n_pwl = 3: more PWL units"):
        assert part in str(error.value)


def test_missing_run_file(tmp_path):
    with pytest.raises(ConfigError, match=r"none.toml: there is no such run file"):
        load_run(tmp_path / "none.toml")


def test_setting_tells_all_problems():
    with pytest.raises(
        ConfigError, match=r"(?s)Setting: 3 problems.*n_latnt.*'n_latent'.*n_pwl = 9"
    ):
        Setting(n_pwl=9, n_latnt=3, dtype="float16")


def test_setting_takes_numpy_numbers():
    setting = Setting(n_latent=np.int64(3), n_pwl=np.int32(3), learning_rate=np.float32(0.5))
    assert (setting.n_latent, setting.n_pwl) == (3, 3)
    assert type(setting.n_latent) is int


def test_default_n_pwl_never_exceeds_n_latent():
    assert [Setting(n_latent=n).n_pwl for n in (1, 2, 6)] == [1, 2, 2]


def test_setting_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Setting().n_latent = 3


def test_alternatives_of_a_run_file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("[alternatives]\nl2 = [0, 0.01]\nmemory = [10.0, 100.0]\n", encoding="utf-8")
    assert load_run(path).alternatives == {"l2": [0, 0.01], "memory": [10.0, 100.0]}
    for text, match in (
        ("l2 = [-1.0]", r"run.toml, \[alternatives\]: .*l2 = -1.0"),
        ("n_latent = [2, 4]", r"run.toml, \[alternatives\]: .*must share it"),
        ("l2 = 0.1", r"\[alternatives\] l2 = 0.1: expected a list"),
    ):
        path.write_text(f"[alternatives]\n{text}\n", encoding="utf-8")
        with pytest.raises(ConfigError, match=f"(?s){match}"):
            load_run(path)


def test_default_grid_fits_few_latents(written):
    assert load_run(written("[setting]\nn_latent = 3")).validation.n_pwl is None


@pytest.mark.parametrize(
    ("given", "n_latent"), [(None, 6), ({}, 6), ({"n_latent": 3}, 3), (Setting(n_latent=2), 2)]
)
def test_a_dict_is_as_good_as_a_setting(given, n_latent):
    assert as_setting(given).n_latent == n_latent


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_latnt": 3}, "did you mean 'n_latent'"),
        ({3: 3}, "3: unknown key"),
        (4, r"setting = 4: expected a Setting, such as Setting\(n_latent=4\)"),
        ("fast", "setting = 'fast': expected a Setting"),
        (Setting, "setting = the class Setting: expected a Setting"),
        ([], r"setting = \[\]: expected a Setting"),
    ],
)
def test_what_is_no_setting_is_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        as_setting(given)


def test_a_number_where_a_task_needs_a_variable_is_told_what_is_needed(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('[task]\nname = "bandit"\nprobability = [0.5, "p_b"]\n', encoding="utf-8")
    message = r"\[task\] probability\[0\] = 0.5: expected the name of a trial variable, which holds"
    with pytest.raises(ConfigError, match=message):
        load_run(path)
    path.write_text("[task]\nname = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[task\] name = 3: expected a text"):
        load_run(path)
