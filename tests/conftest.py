"""Small fits and regimes that tests share, and how tests are spread over processes."""

import json
import os
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from markupsafe import Markup
from xdist.scheduler import LoadScopeScheduling

from neuroalrnn.cli import main
from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold
from neuroalrnn.data.tables import from_frame
from neuroalrnn.effects import find_functional_regimes
from neuroalrnn.report.markup import Gallery
from neuroalrnn.results import FORMAT, Fit
from neuroalrnn.study import select_n_pwl
from neuroalrnn.tasks import simulate_known
from neuroalrnn.tasks.simulate import ENCODING as TASK_ENCODING

# what one worker compiles the others take from disk, see `neuroalrnn.running.kernel`
os.environ["NUMBA_CACHE_DIR"] = str(Path(__file__).parents[1] / ".pytest_cache" / "numba")

# too long to be one piece of work, and its tests share nothing
IN_PIECES = "tests/test_notebooks.py"


class ByFolder(LoadScopeScheduling):
    """Keep a folder, or a file of this one, in one process: its tests share fits and kernels."""

    def _split_scope(self, nodeid):
        path = nodeid.partition("::")[0]
        return nodeid if path == IN_PIECES else "/".join(path.split("/")[:2])


def pytest_xdist_make_scheduler(config, log):
    """Give folders to processes in the order in which they were collected."""
    config.option.loadscopereorder = False
    return ByFolder(config, log)


# the first compiles nothing, while another process compiles what most others need
LONGEST = ("tests/stats/", IN_PIECES, "tests/study/", "tests/test_cli.py", "tests/test_odd_fits.py",
           "tests/test_report.py")  # fmt: skip


def pytest_collection_modifyitems(items):
    """Let the longest come first and small files last, so that no process waits for another."""

    def place(item):
        starts = [item.nodeid.startswith(each) for each in LONGEST]
        return starts.index(True) if any(starts) else len(starts)

    items.sort(key=place)


def pytest_make_parametrize_id(val, argname):
    """Name bytes by their argument: compressed ones hold the time, and processes must agree."""
    return argname if isinstance(val, bytes) else None


ENCODING = {
    "step": "event",
    "choice_event": "response",
    "inputs": {"stimulus": "stimulus", "rule": "stimulus", "choice": "response"},
}


def experiment(n_subjects=6, n_trials=120, seed=0):
    """Choices follow stimulus x rule; the rule changes every 20 trials; slower after a change."""
    rng = np.random.default_rng(seed)
    trial = np.tile(np.arange(n_trials), n_subjects)
    stimulus = rng.choice([-1, 1], len(trial))
    rule = np.where(trial // 20 % 2, -1, 1)
    correct = rng.random(len(trial)) > 0.1
    rt = np.exp(-0.7 + 0.2 * (trial % 20 == 0) + 0.2 * rng.standard_normal(len(trial)))
    frame = pd.DataFrame(
        {
            "subject": np.repeat([f"s{i}" for i in range(n_subjects)], n_trials),
            "stimulus": stimulus,
            "rule": rule,
            "choice": (np.where(correct, 1, -1) * stimulus * rule + 1) // 2,
            "correct": correct.astype(float),
            "rt": rt,
            "on": 0.0,
        }
    )
    columns = {name: name for name in frame if name != "on"}
    labels = {0: "left", 1: "right"}
    return from_frame(frame, columns, labels=labels, events={"stimulus": "on", "response": "rt"})


@pytest.fixture(scope="session")
def fit():
    setting = Setting(
        n_latent=4, check_every=10, max_checks=20, batch_size=4, learning_rate=0.05, window=40
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return select_n_pwl(
            experiment(),
            setting,
            SubjectKFold(3),
            2,
            n_pwl=(0, 2),
            n_inner=2,
            encoding=ENCODING,
            progress=False,
        )


@pytest.fixture
def run(capsys):
    """Call the command line in this process; returns exit code, output and error text."""

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([str(each) for each in arguments])
        return stop.value.code or 0, *capsys.readouterr()

    return call


@pytest.fixture(scope="module")
def by_stimulus():
    """Find functional regimes by the effect of the stimulus, which the rule turns round."""
    with pytest.MonkeyPatch.context() as patch:
        find = partial(find_functional_regimes, inputs=["stimulus"])
        patch.setattr("neuroalrnn.questions.asked.find_functional_regimes", find)
        yield


DIMS = {
    "self_slope": ("latent",),
    "weight": ("latent", "latent_in"),
    "input_weight": ("latent", "feature"),
    "bias": ("latent",),
    "initial": ("latent",),
    "readout": ("output", "latent"),
    "offset": ("output",),
}


def _known_fit(known, n_subjects=6, n_trials=300, n_folds=2, seed=0):
    trials = simulate_known(known, n_subjects, n_trials, rng=np.random.default_rng(seed))
    outer = ("n_pwl", "fold", "restart")
    parameters = {
        name: (
            (*outer, *dims),
            np.tile(getattr(known.network, name), (1, n_folds, 1, *[1] * len(dims))),
        )
        for name, dims in DIMS.items()
    }
    coords = {"n_pwl": [known.n_pwl], "fold": [f"fold {i}" for i in range(n_folds)]}
    chosen = {
        "restart": (("n_pwl", "fold"), np.zeros((1, n_folds), dtype=int)),
        "n_pwl_chosen": ("fold", np.full(n_folds, known.n_pwl)),
    }
    owner = np.arange(n_subjects * n_trials) // n_trials % n_folds
    nodes = {
        "trials": trials,
        "parameters": xr.Dataset(parameters, coords=coords),
        "selection": xr.Dataset(chosen, coords=coords),
        "splits": xr.Dataset({"fold": ("trial", owner)}),
        **{name: xr.Dataset() for name in ("history", "predictions", "scores")},
    }
    tree = xr.DataTree.from_dict(nodes)
    tree.attrs = {"format": FORMAT, "config": json.dumps({"encoding": TASK_ENCODING})}
    return Fit(tree)


def _labelled(values, subject="a", session="1", **coords):
    """Regimes (trial, step) of one session, steps named by events."""
    values = np.asarray(values)
    n = len(values)
    names = {"subject": subject, "session": session, "trial_in_session": np.arange(n), **coords}
    on_trial = {name: ("trial", np.broadcast_to(value, n).copy()) for name, value in names.items()}
    steps = ["stimulus", "choice", "outcome"][: values.shape[1]]
    return xr.DataArray(values, dims=("trial", "step"), coords={**on_trial, "step": steps})


@pytest.fixture
def labelled():
    """Make regimes of one session, see `_labelled`."""
    return _labelled


@pytest.fixture
def two_subjects(labelled):
    rng = np.random.default_rng(0)
    parts = [
        labelled(rng.integers(0, 3, (20, 3)), subject, session, context=np.arange(20) % 2)
        for subject, session in (("b", "1"), ("a", "1"), ("a", "2"))
    ]
    regimes = xr.concat(parts, "trial")
    regimes[4, 2] = regimes[30, 0] = -1
    return regimes


@pytest.fixture
def known_fit():
    """Make a fit that holds a known network in every fold, see `_known_fit`."""
    return _known_fit


@pytest.fixture
def quick(monkeypatch):
    """Draw figures without writing three files of each."""

    def save(gallery, name, drawn):
        drawn.draw_without_rendering()
        return name

    def show(gallery, figure, asked):
        if figure.name in gallery.reasons or gallery.drawn.get(figure.name) is None:
            return whole(gallery, figure, asked)
        gallery.names.append(figure.name)
        return Markup("<figure>{}</figure>").format(figure.name)

    whole = Gallery.show
    monkeypatch.setattr(Gallery, "_save", save)
    monkeypatch.setattr(Gallery, "show", show)
