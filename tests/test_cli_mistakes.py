"""How the command line ends when the user made a mistake: code 2, one message, no traceback."""

import subprocess
import sys

import pytest

from neuroalrnn import cli


def write(folder, name, text):
    """Write a file and return its path as text."""
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


BROKEN = {
    "nothing": ([], None, "nothing to fit: name a dataset or a file"),
    "dataset": (["prate2010"], None, "dataset: 'prate2010' is unknown; did you mean 'pratte2010'"),
    "no table": (["none.csv"], None, "none.csv: 1 problem\n  1. there is no such file"),
    "no netCDF": (["none.nc"], None, "none.nc: there is no such file"),
    "not netCDF": (["bad.nc"], "subject,choice\n", "bad.nc is not a readable netCDF file"),
    "other suffix": (["bad.doc"], "subject", "expected a file that ends with .nc, .csv or"),
    "no columns": (["bad.csv"], "a,b\n1,2\n", "say which column is which, with --columns"),
    "column map": (
        ["bad.csv", "--columns", "subject,choice=b"],
        "a,b\n1,2\n",
        "'subject': expected ROLE=COLUMN",
    ),
    "broken table": (
        ["bad.csv", "--columns", "subject=a,choice=d,rt=c"],
        "a,b,c\nx,0,-1\n",
        "column 'd' is unknown",
    ),
    "negative rt": (
        ["bad.csv", "--columns", "subject=a,choice=b,rt=c"],
        "a,b,c\nx,0,1\nx,1,-1\n",
        "'rt' is negative on trial 1",
    ),
    "one subject": (
        ["bad.csv", "--columns", "subject=a,choice=b"],
        "a,b\nx,0\nx,1\n",
        "SubjectKFold: 1 problem",
    ),
    "empty table": (["bad.csv", "--columns", "subject=a,choice=b"], "", "the file is empty"),
    "run file": (
        ["pratte2010", "--run", "none.toml"],
        None,
        "none.toml: there is no such run file",
    ),
    "broken run file": (
        ["pratte2010", "--run", "bad.toml"],
        "[setting]\nnlatent = 3\n",
        "did you mean 'n_latent'",
    ),
    "unknown condition": (
        ["pratte2010", "--run", "bad.toml"],
        "[analysis]\nconditions = ['congruence']\n",
        "[analysis] conditions: 'congruence' is unknown; did you mean 'congruent'",
    ),
    "out is a file": (["pratte2010", "--out", "bad.txt"], "x", "bad.txt is a file: give a folder"),
    "role twice": (
        ["bad.csv", "--columns", "subject=a,choice=b,choice=c"],
        "a,b,c\nx,0,1\n",
        "role 'choice' is given more than once: keep one",
    ),
    "rule missing": (
        ["bad.csv", "--columns", "subject=a,choice=b,r=c", "--run", "bad.toml"],
        {"bad.csv": "a,b,c\nx,0,1\nx,1,\n", "bad.toml": "[analysis]\nrule = 'r'\n"},
        "[analysis] rule: 'r' is missing on 1 trials",
    ),
    "subject as condition": (
        ["pratte2010", "--run", "bad.toml"],
        "[analysis]\nconditions = ['subject']\n",
        "[analysis] conditions: 'subject' labels what is counted over",
    ),
    "out below a file": (["pratte2010", "--out", "bad.txt/new"], "x", "cannot be written to"),
    "empty out": (["pratte2010", "--out", ""], None, "'--out': expected the name of a folder"),
    "seed": (["pratte2010", "--seed", str(2**80)], None, "less than or equal to 4294967295"),
    "option": (["pratte2010", "--sede", "3"], None, "No such option: --sede"),
    "option value": (["pratte2010", "--threads", "0"], None, "Invalid value for '--threads'"),
}


@pytest.mark.filterwarnings("ignore:'r' is missing on 1 of 2 trials")
@pytest.mark.parametrize(("arguments", "text", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_mistakes_end_with_code_2_and_one_message(
    arguments, text, message, tmp_path, monkeypatch, run
):
    monkeypatch.chdir(tmp_path)
    for name in [each for each in arguments if each.startswith("bad.")]:
        write(tmp_path, name.partition("/")[0], text[name] if isinstance(text, dict) else text)
    code, _, error = run("fit", *arguments)
    assert code == 2
    assert message in error
    assert "Traceback" not in error


def test_run_file_without_source(tmp_path, run):
    path = write(tmp_path, "run.toml", '[data]\npath = "there.csv"\ncolumns = {subject = "s"}\n')
    code, _, error = run("fit", "--run", path)
    assert code == 2
    assert f"{tmp_path / 'there.csv'}: 1 problem" in error


def test_existing_results_are_refused_before_anything_is_fitted(tmp_path, monkeypatch, run):
    (tmp_path / "scores.csv").write_text("precious", encoding="utf-8")
    monkeypatch.setattr("neuroalrnn.cli.commands.load_trials", lambda *args: pytest.fail("went on"))
    code, _, error = run("fit", "pratte2010", "--out", tmp_path)
    assert code == 2
    assert "already holds scores.csv: pass --overwrite" in error
    assert (tmp_path / "scores.csv").read_text(encoding="utf-8") == "precious"


def test_a_mistake_leaves_no_folder_behind(tmp_path, run):
    path = write(tmp_path, "one.csv", "a,b\nx,0\nx,1\n")
    one = ["fit", path, "--columns", "subject=a,choice=b"]
    for command in (one, ["fit", "nodata"], ["analyse", "none.nc"], ["report", "none.nc"]):
        assert run(*command, "--out", tmp_path / "new")[0] == 2
    assert not (tmp_path / "new").exists()


def test_analyse_refuses_what_is_not_a_fit(tmp_path, run):
    path = write(tmp_path, "fit.nc", "not a fit")
    code, _, error = run("analyse", path, "--out", tmp_path)
    assert (code, "is not a readable fit" in error) == (2, True)


def test_a_bug_is_not_dressed_up(monkeypatch):
    monkeypatch.setattr("neuroalrnn.cli.commands.load_trials", lambda *args: {}["missing"])
    with pytest.raises(KeyError, match="missing"):
        cli.main(["fit", "pratte2010", "--out", "nowhere"])


@pytest.mark.parametrize("module", [True, False])
def test_shadowed_data_loaders_are_named(module, tmp_path):
    (tmp_path / "data_loaders").mkdir()
    if module:
        write(tmp_path / "data_loaders", "__init__.py", "")
    command = [sys.executable, "-m", "neuroalrnn", "datasets"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    if module:
        assert done.returncode == 2
        assert "rename that folder, or run this from another one" in done.stderr
        assert "Traceback" not in done.stderr
    else:
        assert done.returncode == 0, "a folder without __init__.py hides nothing"
