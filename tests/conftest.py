"""A small fit that the analysis tests share; a cache of compiled kernels per worker."""

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.cli import main
from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold
from neuroalrnn.data.tables import from_frame
from neuroalrnn.evaluate import select_n_pwl

# numba's cache knows no lock: what two workers compile at once may be mixed up
_CACHE = Path(__file__).parents[1] / ".pytest_cache" / "numba"
os.environ["NUMBA_CACHE_DIR"] = str(_CACHE / os.environ.get("PYTEST_XDIST_WORKER", "alone"))

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
