"""Steps of adaptive read-outs are scored and tabulated right, on subjects and runs made by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, log_expit

from benchmarks import adaptive, psytrack_peer
from benchmarks.adaptive_runs import COVARIANCES, FULL, GAIN, MEANS, OTHERS, PLAIN, score
from benchmarks.kept import keep, make_all
from neuroalrnn.adaptive.filter import smooth_readouts
from neuroalrnn.data import from_frame
from neuroalrnn.study.adaptive import Said

STEPS = (PLAIN, GAIN, FULL, OTHERS, MEANS, COVARIANCES)
N_SUBJECTS, N_TRIALS = 16, 60


@pytest.fixture(scope="module")
def scored():
    """Steps of subjects who differ in the weight of a term that no model knows."""
    rng = np.random.default_rng(0)
    n = N_SUBJECTS * N_TRIALS
    log_odds, term = rng.standard_normal((2, n))
    weight = np.repeat(rng.normal(0, 2, N_SUBJECTS), N_TRIALS)
    choice = rng.random(n) < expit(log_odds + weight * term)
    frame = pd.DataFrame({"subject": np.repeat(np.arange(N_SUBJECTS), N_TRIALS), "session": 1})
    columns = {name: name for name in ("subject", "session", "choice")}
    trials = from_frame(frame.assign(choice=choice.astype(int)), columns)
    said = np.c_[log_expit(-log_odds), log_expit(log_odds)]
    halves = np.arange(n).reshape(2, -1)
    inside = [Said(rows, said[rows], term[rows, None]) for rows in halves]
    made = choice.astype(int)
    return score(trials, inside), said[np.arange(n), made].reshape(2, -1)


def test_what_subjects_differ_in_decides_which_step_gains(scored):
    found, said = scored
    steps = {name: each["score"] for name, each in found["steps"].items()}
    assert tuple(steps) == STEPS
    assert steps[PLAIN] == pytest.approx(said.mean(axis=1).mean())
    assert steps[GAIN] < steps[PLAIN] + 0.02
    assert steps[FULL] > steps[GAIN] + 0.1
    assert steps[FULL] - 0.02 < steps[OTHERS] <= steps[FULL] + 0.005
    assert len(found["steps"][FULL]["subjects"]) == N_SUBJECTS


def made_up(score, is_learned, shift=0.0):
    steps = {
        name: {"score": score + 0.01 * k, "spread": [0.0] * 5}
        | {"subjects": {"a": score + 0.01 * k, "b": score + 0.03 * k, "c": score - shift}}
        for k, name in enumerate(STEPS)
    }
    return {"seconds": 30.0, "n_pwl": 1, "is_learned": is_learned, "steps": steps}


@pytest.fixture
def found():
    return {
        ("pratte2010", 1, "AL-RNN"): made_up(-0.5, True),
        ("pratte2010", 2, "AL-RNN"): made_up(-0.3, False, 0.2),
        ("pratte2010", 1, adaptive.VECTORS): made_up(-0.4, True),
        ("pratte2010", 2, adaptive.VECTORS): made_up(-0.4, True),
        ("miller_rats", 4, "AL-RNN"): made_up(-0.4, True),
    }


def test_gains_are_counted_from_the_step_before(found):
    table = adaptive.tabulate_steps(found).set_index(["model", "step"])
    own = table.query("data == 'pratte2010'").loc["AL-RNN"]
    assert own["score"][PLAIN] == pytest.approx(-0.4)
    gains = {GAIN: 0.01, FULL: 0.01, OTHERS: 0.01, MEANS: 0.02, COVARIANCES: 0.01}
    assert own["gain"][list(gains)].to_list() == pytest.approx(list(gains.values()))
    # the first fold takes the last step, the second one independent weights
    assert own["gain"][adaptive.TAKEN] == pytest.approx((0.05 + 0.02) / 2)
    assert own[["learned", "n_folds"]].loc[adaptive.TAKEN].tolist() == [1, 2]


def test_subjects_of_several_folds_count_once(found):
    row = adaptive.tabulate_subjects(found).iloc[0]
    assert (row["n_subjects"], row["n_favouring"]) == (3, 2)
    assert row["estimate"] == pytest.approx(np.mean([0.035, 0.105, 0.0]))


def test_page_tells_all_tables(found, tmp_path):
    peer = {"steps": "trials", "n_trials": 20_000, "psytrack": -12.3, "ours": -12.1}
    peer |= {"correlation": 0.999, "gap": 0.2, "sd_ratio": 1.0}
    peer |= {"psytrack_seconds": 36.0, "our_seconds": 0.6}
    adaptive.write(tmp_path / "page.md", found, [peer])
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "took 2 minutes" in text
    # one of two folds cannot be set beside both
    missing = " ".join(text.partition("Not run yet: ")[2].partition(".")[0].split())
    assert {"history-logistic (`pratte2010`)", "AL-RNN (`miller_rats`)"} < {*missing.split("; ")}
    assert "AL-RNN (`pratte2010`)" not in missing.split("; ")
    assert "| AL-RNN | as it is | -0.4000 |" in text
    assert "-0.3650 (+0.0350; 1 of 2)" in text
    assert "| `pratte2010` | +0.0000 | +0.0150 |" in text
    assert "| trials | -12.3 | -12.1 | 0.9990 | 0.20 | 1.000 | 36 | 0.6 |" in text


def test_runs_that_are_kept_are_not_made_again(tmp_path):
    job = ("pratte2010", 1, adaptive.VECTORS)
    keep(tmp_path, job, {"seconds": 1.0})
    assert [each.name for each in tmp_path.iterdir()] == [
        "pratte2010_1_AL-RNN-trained-with-own-read-outs.json"
    ]
    assert make_all(tmp_path, [job], make=None) == {job: {"seconds": 1.0}}


def test_weights_are_compared_with_their_own_kind(tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.standard_normal((120, 5)), columns=list(psytrack_peer.INPUTS))
    frame = frame.assign(session=np.repeat([1, 2], 60), choice=rng.integers(1, 3, 120))
    frame.to_csv(tmp_path / "trials.csv", index=False)

    def run(trials, step, session_step):
        """As the filter has it, in the alphabetic order of psytrack."""
        rows = psytrack_peer._lay_out(trials)
        course = smooth_readouts(rows, psytrack_peer._prior(step, session_step))
        names = ["", psytrack_peer.BIAS, *psytrack_peer.INPUTS]
        order = np.argsort(names)[1:]
        sd = np.sqrt(np.einsum("tii->ti", course.covariance))
        return course.mean[:, order].T, sd[:, order].T, -80.0

    monkeypatch.setattr(psytrack_peer, "_run_psytrack", run)
    for row in psytrack_peer.measure(tmp_path / "trials.csv"):
        assert row["correlation"] == pytest.approx(1)
        assert row["gap"] == pytest.approx(0, abs=1e-12)
        assert row["sd_ratio"] == pytest.approx(1)
        assert json.dumps(row)
