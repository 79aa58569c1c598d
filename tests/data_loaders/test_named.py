"""Named datasets say what they are; what is downloaded is whole or absent."""

import hashlib
import json
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import data_loaders
from data_loaders import DATASETS, appelhoff2018, load, tom2007
from neuroalrnn.config import Run, default_run
from neuroalrnn.data import default_encoding
from neuroalrnn.exceptions import DataError

EMBEDDED = [name for name, each in DATASETS.items() if not each.address]
DOWNLOADED = [name for name in DATASETS if name not in EMBEDDED]
FILES = Path(data_loaders.__file__).parent

# first rows of the first file of each source
GAMBLES = """\
onset,duration,trial_type,parametric gain,gain,loss,respnum,respcat,response_time
0.000,3.000,parametric gain,-0.139,20,15,0,-1,0.000
4.000,3.000,parametric gain,-0.189,18,12,2,1,1.793
8.000,3.000,parametric gain,-0.389,10,15,3,0,1.637
""".replace(",", "\t")
PENNIES = """\
onset,trial,hand_raised,countdown_offset,response_time,feedback_onset_approx,trial_type,stage,\
bci_prediction,n_repeated
18.1556,1,right,18.038933333333,116.666666667,18.223933333333335,raised-right/match-true,1,right,2
22.9922,2,right,22.8922,100.0,23.060533333333336,raised-right/match-false,1,left,2
27.5638,3,left,27.5304666666667,33.3333333333,27.632133333333336,raised-left/match-true,1,left,2
""".replace(",", "\t")
SIDECAR = '{"response_time": {"Units": "ms"}}'


class Quiet(SimpleHTTPRequestHandler):
    """Serve a folder; a file that is called "cut" ends too early."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        if not self.path.endswith("cut"):
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Folder, and the address at which it is served."""
    folder = tmp_path_factory.mktemp("served")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=partial(server.serve_forever, 0.01), daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty folder for data."""
    monkeypatch.setenv("NEUROALRNN_DATA", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def offer(served, monkeypatch):
    """Let a dataset consist of other files, which are served."""
    folder, address = served

    def offer(module, files, trials=3, address=address):
        name = module.__name__.rpartition(".")[2]
        for path, text in files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(text, encoding="utf-8")
        codes = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
        size = sum(len(text) for text in files.values())
        more = {"sha256": codes, "download_bytes": size, "trials": trials}
        other = replace(module.NAMED, address=f"{address}/{name}", **more)
        monkeypatch.setattr(module, "NAMED", other)
        monkeypatch.setitem(DATASETS, name, other)
        return name, folder / name

    return offer


def gambles(offer, **options):
    return offer(tom2007, {tom2007.FILES[0]: GAMBLES}, **options)


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_licence_is_beside_the_data(name):
    texts = [part.strip("(), ") for part in DATASETS[name].licence.split() if "files/" in part]
    assert texts
    assert [text for text in texts if not (FILES / text).is_file()] == []


def test_every_embedded_file_belongs_to_a_dataset():
    told = {file for each in DATASETS.values() for file in each.embedded}
    sizes = {path.name: path.stat().st_size for path in (FILES / "files").iterdir()}
    assert {name for name in sizes if not name.endswith(".txt")} == told
    assert [DATASETS[name].size for name in EMBEDDED] == [
        sum(sizes[file] for file in DATASETS[name].embedded) for name in EMBEDDED
    ]


@pytest.mark.parametrize("name", DOWNLOADED)
def test_downloads_are_pinned(name):
    named = DATASETS[name]
    assert named.address.startswith("https://raw.githubusercontent.com/")
    assert named.source.rpartition(" ")[2] in named.address, "the commit"
    assert {len(bytes.fromhex(code)) for code in named.sha256.values()} == {32}
    assert not [path for path in named.sha256 if ".." in path or path.startswith("/")]


@pytest.mark.parametrize("name", DATASETS)
def test_fits_have_settings_of_their_own(name):
    assert default_run(name) != Run()


def test_gambles_are_read_as_the_source_has_them(offer, cache, capsys):
    name, _ = gambles(offer)
    trials = load(name)
    told = capsys.readouterr().err
    assert all(part in told for part in ("Licence: PDDL", "Tom SM, Fox CR"))
    np.testing.assert_array_equal(trials["choice"], [np.nan, 1, 0])
    assert list(trials["choice"].attrs["labels"]) == ["leave", "take"]
    for column, values in {"gain": [20, 18, 10], "loss": [15, 12, 15]}.items():
        np.testing.assert_array_equal(trials[column], values)
    np.testing.assert_array_equal(trials["rt"], [np.nan, 1.793, 1.637])
    np.testing.assert_array_equal(trials["event_time"].sel(event="response"), trials["rt"])
    assert set(trials["subject"].values) == {"01"}
    assert default_encoding(trials)["carry"] == "trial"
    load(name)
    assert capsys.readouterr().err == "", "said once"


def test_pennies_are_read_as_the_source_has_them(offer, cache):
    table, *_, sidecar = appelhoff2018.FILES
    name, _ = offer(appelhoff2018, {table: PENNIES, sidecar: SIDECAR})
    trials = load(name)
    np.testing.assert_array_equal(trials["choice"], [1, 1, 0])
    np.testing.assert_array_equal(trials["guess"], [1, -1, -1])
    np.testing.assert_array_equal(trials["reward"], [0, 1, 0])
    np.testing.assert_array_equal(trials["trained"], [0, 0, 0])
    np.testing.assert_allclose(trials["rt"], [0.116667, 0.1, 0.033333], atol=1e-6)
    times = trials["event_time"].sel(event=["go", "hand", "feedback"]).values
    np.testing.assert_allclose(times[:, 0], 0)
    np.testing.assert_allclose(times[:, 1], trials["rt"], atol=1e-6)
    np.testing.assert_allclose(times[:, 2] - times[:, 1], 0.068333, atol=1e-5)
    terms = json.loads(trials.attrs["baselines"])["history-logistic"]
    assert all("[-" in term for term in terms)


def test_what_was_downloaded_is_kept(offer, cache, served):
    name, source = gambles(offer)
    assert load(name).sizes["trial"] == 3
    (source / tom2007.FILES[0]).unlink()
    assert load(name).sizes["trial"] == 3
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert files == [cache / name / tom2007.FILES[0]]


def test_files_got_by_hand_are_loaded_from_their_folder(offer, cache, tmp_path):
    name, source = gambles(offer, address="http://127.0.0.1:9")
    assert load(name, path=source).sizes["trial"] == 3
    with pytest.raises(DataError, match=rf"lacks {tom2007.FILES[0]}: get them from http"):
        load(name, path=tmp_path)
    with pytest.raises(DataError, match="path = 3: expected a path"):
        load(name, path=3)
    assert not cache.exists()


def test_without_internet_the_way_by_hand_is_told(offer, cache):
    name, _ = gambles(offer, address="http://127.0.0.1:9")
    with pytest.raises(DataError, match="1 problem") as raised:
        load(name)
    text = str(raised.value)
    for part in (
        f"http://127.0.0.1:9/{name}/{tom2007.FILES[0]} could not be downloaded (NewConnectionError",
        "get a copy of github.com/bids-standard/bids-examples, ds005",
        f"data_loaders.load({name!r}, path=FOLDER)",
        str(cache / name),
        "NEUROALRNN_DATA",
    ):
        assert part in text


@pytest.mark.parametrize("what", ["another content", "too much", "nothing"])
def test_nothing_else_than_what_is_expected_is_kept(what, offer, cache):
    name, source = gambles(offer)
    content = {"another content": GAMBLES.replace("20", "21"), "too much": GAMBLES * 60}.get(what)
    (source / tom2007.FILES[0]).unlink()
    if content:
        (source / tom2007.FILES[0]).write_text(content, encoding="utf-8")
    expected = {"another content": "not what is expected.*SHA256", "too much": "more than the exp"}
    with pytest.raises(DataError, match=rf"1 problem\n.*{expected.get(what, '404')}"):
        load(name)
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_a_download_that_breaks_off_leaves_nothing(offer, cache):
    name, _ = offer(tom2007, {"cut": "x" * 1000})
    with pytest.raises(DataError, match="cut could not be downloaded"):
        load(name)
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_made_is_named(offer, cache):
    name, _ = gambles(offer)
    cache.write_text("a file", encoding="utf-8")
    with pytest.raises(DataError, match=r"kept/tom2007 cannot be written .*NEUROALRNN_DATA names"):
        load(name)


def test_a_file_that_was_changed_is_named_and_left(offer, cache):
    name, _ = gambles(offer)
    load(name)
    path = cache / name / tom2007.FILES[0]
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match=r"has the SHA-256 \w{64}, expected \w{64}: it is damaged"):
        load(name)
    assert path.read_text(encoding="utf-8") == "mine"
    with pytest.raises(DataError, match="another version; get them from http"):
        load(name, path=cache / name)


def test_other_files_in_its_folder_are_noticed(offer, cache):
    name, source = gambles(offer)
    more = source / tom2007.FILES[1]
    more.write_text(GAMBLES.replace("20", "30"), encoding="utf-8")
    with pytest.raises(DataError, match="6 trials where 3 are expected"):
        load(name, path=source)
    more.unlink()


# a file of data_loaders, as the guide shows it
MINE = '''"""Task of Somebody & Other (2024): a cue tells which side pays."""

import pandas as pd

from data_loaders.named import Named, complete
from neuroalrnn.data import from_frame

COLUMNS = {"subject": "ID", "session": "day", "choice": "resp", "cue": "cue", "rt": "rt"}
INPUTS = {"cue": "cue", "choice": "response"}


def load_mine2024(*, path=None):
    """Load the task.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        Folder that holds the file; by default it is downloaded once.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.
    """
    frame = pd.read_csv(complete("mine2024", NAMED, path) / "trials.csv")
    return from_frame(
        frame,
        COLUMNS,
        labels=["left", "right"],
        events={"cue": 0, "response": "rt"},
        attrs=NAMED.attrs(
            encoding={"step": "event", "choice_event": "response", "inputs": INPUTS},
        ),
    )


NAMED = Named(
    load=load_mine2024,
    task="cued sides",
    species="human",
    subjects=2,
    sessions=2,
    trials=4,
    scored=4,
    licence="CC BY 4.0",
    citation="Somebody A, Other B (2024). Cued sides. Journal 1, 1-2",
    source="github.com/somebody/cued, version 1",
    address="https://raw.githubusercontent.com/somebody/cued/1",
    sha256={"trials.csv": "c522b284ece8b476054326fc026117cfe4856087ee986705e0bbb573d11dc9b2"},
    download_bytes=90,
)
'''
TRIALS = """\
ID,day,resp,cue,rt
ann,1,left,-1,0.5
ann,1,right,1,0.4
bob,1,left,1,0.6
bob,1,right,1,0.7
"""


def test_a_file_is_all_that_a_new_dataset_needs(tmp_path, monkeypatch, run):
    (tmp_path / "mine2024.py").write_text(MINE, encoding="utf-8")
    (tmp_path / "trials.csv").write_text(TRIALS, encoding="utf-8")
    monkeypatch.setattr(data_loaders, "__path__", [*data_loaders.__path__, str(tmp_path)])
    monkeypatch.setattr(data_loaders, "DATASETS", data_loaders._find_datasets())
    trials = load("mine2024", path=tmp_path)
    assert trials.attrs["citation"].startswith("Somebody A, Other B (2024)")
    np.testing.assert_array_equal(trials["choice"], [0, 1, 0, 1])
    code, told, _ = run("datasets")
    assert code == 0
    assert "mine2024: cued sides\n  licence: CC BY 4.0\n  source: github.com/somebody" in told


def test_the_guide_shows_what_is_tested_here():
    assert MINE in (FILES.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
