"""Options of the command line that say what a table means."""

import pytest

from neuroalrnn.cli.request import Request
from neuroalrnn.exceptions import ConfigError

TOML = """
[data]
path = "trials.csv"
columns = {subject = "ID", choice = "resp"}
after_choice = ["x"]
missing = {choice = [-1, "n/a"], rt = 999}
units = {rt = "ms"}
trial_start = "on"
"""


def test_options_win_over_the_run_file(tmp_path):
    # a byte-order mark, as some editors write it
    (tmp_path / "run.toml").write_text(TOML, encoding="utf-8-sig")
    source, config, _ = Request(run=tmp_path / "run.toml").plan()
    assert source == str(tmp_path / "trials.csv")
    assert config.data.missing == {"choice": [-1, "n/a"], "rt": 999}
    assert (config.data.units, config.data.trial_start) == ({"rt": "ms"}, "on")
    options = {
        "columns": "subject=s,choice=c",
        "labels": "1=left,2=right",
        "after_choice": "y,z",
        "signed": "reward",
        "missing": "choice=-1,choice=.,rt=0",
        "units": "rt=us",
        "text": ["phase", "group"],
        "keep": ["type=choice,type=test"],
        "decimal": ",",
    }
    data = Request(run=tmp_path / "run.toml", seed=3, **options).plan()[1].data
    assert data.columns == {"subject": "s", "choice": "c"}
    assert data.labels == {"1": "left", "2": "right"}
    assert (data.after_choice, data.signed) == (["y", "z"], ["reward"])
    assert data.missing == {"choice": ["-1", "."], "rt": ["0"]}
    assert data.units == {"rt": "us"}
    assert (data.text, data.decimal) == (["phase", "group"], ",")
    assert data.keep == {"type": ["choice", "test"]}
    assert Request(source="t.csv", missing="-1,n/a").plan()[1].data.missing == ["-1", "n/a"]
    assert Request(source="t.csv", labels="a,b").plan()[1].data.labels == ["a", "b"]


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("missing", "-1,rt=999", "expected ROLE=CODE everywhere, or codes alone"),
        ("missing", "=999", "expected ROLE=CODE everywhere"),
        ("units", "ms", "--units: 1 problem\n  1. 'ms': expected ROLE=UNIT, such as rt=ms"),
        ("columns", "subject", "'subject': expected ROLE=COLUMN, such as subject=ID"),
        ("keep", "phase", "--keep: 1 problem\n  1. 'phase': expected COLUMN=VALUE everywhere"),
        ("labels", "a=b,a=c", "role 'a' is given more than once"),
    ],
)
def test_mistakes_in_options_are_named(option, text, message):
    with pytest.raises(ConfigError, match=message):
        Request(source="t.csv", **{option: text}).plan()


def test_names_of_a_run_file_have_one_unicode_form_but_not_its_path(tmp_path):
    text = '[data]\npath = "e\u0301.csv"\n[encoding]\ninputs = ["e\u0301"]\n'
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    source, config, _ = Request(run=tmp_path / "run.toml").plan()
    assert source == str(tmp_path / "e\u0301.csv")
    assert config.encoding.inputs == ["\u00e9"]


def test_help_lists_every_role(run):
    code, text, _ = run("fit", "--help")
    words = set(text.replace(",", " ").replace(";", " ").replace(")", " ").split())
    roles = {"subject", "choice", "session", "block", "trial", "reward", "correct", "rt", "scored"}
    assert code == 0
    assert roles | {"--after-choice", "--signed", "--missing", "--units", "--labels"} <= words


def test_roles_of_the_command_line_reach_the_trials(tmp_path, run):
    (tmp_path / "t.csv").write_text(
        "ID,resp,out,RT\n" + "a,left,1,500\na,right,0,400\na,n/a,0,999\na,left,1,450\n" * 3
    )
    code, told, error = run(
        "fit", tmp_path / "t.csv", "--columns", "subject=ID,choice=resp,out=out,rt=RT",
        "--labels", "left,right", "--after-choice", "out", "--signed", "out",
        "--missing", "choice=n/a,rt=999", "--units", "rt=ms", "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 2, "one subject cannot be held out"
    assert "holds 1 group" in error
    assert "read as missing: choice on 3 trials (n/a: 3); rt on 3 trials (999: 3)" in told
    assert "turned into seconds: rt in ms" in told
    assert "outcome" in told
