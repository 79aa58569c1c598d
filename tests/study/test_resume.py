"""Kept folds and predictions: damaged and foreign ones are named, set aside and computed again."""

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold
from neuroalrnn.exceptions import ResultError, ResultWarning
from neuroalrnn.study import select_n_pwl
from neuroalrnn.study.resume import Kept


@pytest.fixture
def kept(tmp_path):
    one = Kept(tmp_path / "fold-000-ab.kept", {"fold": "fold 0", "backend": "numba_cpu"})
    one.save(bytes(range(256)) * 8)
    return one


def test_what_was_kept_comes_back(kept):
    assert kept.load() == bytes(range(256)) * 8
    assert Kept(kept.path.with_name("none.kept"), {}).load() is None


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_is_named_and_set_aside(seed, kept):
    rng = np.random.default_rng(seed)
    data = bytearray(kept.path.read_bytes())
    if seed % 2:
        data = data[: rng.integers(len(data))]
    else:
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    kept.path.write_bytes(data)
    with pytest.warns(ResultWarning, match=r"fold-000-ab.kept is damaged: set aside as .*damaged"):
        assert kept.load() is None
    assert [path.name for path in kept.path.parent.iterdir()] == ["fold-000-ab.kept.damaged"]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"fold": "fold 1"}, "is of fold fold 0"),
        ({"backend": "torch_eager"}, "is of backend numba_cpu"),
        ({"neuroalrnn": "9"}, "is of neuroalrnn None"),
    ],
)
def test_a_foreign_file_is_named_and_set_aside(other, message, kept):
    with pytest.warns(ResultWarning, match=f"{message}: set aside as fold-000-ab.kept.foreign"):
        assert Kept(kept.path, kept.identity | other).load() is None
    assert not kept.path.exists()


def test_a_fit_goes_on_past_damaged_and_exchanged_files_with_the_same_numbers(
    trials, tmp_path, fit
):
    options = {"n_pwl": (1,), "n_restarts": 1, "resume": tmp_path, "baselines": None}
    whole = fit(trials, SubjectKFold(3), **options)
    for damage in (_empty, _cut, _exchange):
        damage(sorted(tmp_path.glob("*.kept")))
        with pytest.warns(ResultWarning, match=r"\.kept is .*: set aside as"):
            again = fit(trials, SubjectKFold(3), **options)
        for name in ("parameters", "predictions", "selection", "history"):
            assert getattr(again, name).identical(getattr(whole, name)), name


def _empty(paths):
    for path in paths:
        path.write_bytes(b"")


def _cut(paths):
    for path in paths:
        path.write_bytes(path.read_bytes()[:-9])


def _exchange(paths):
    texts = [path.read_bytes() for path in paths]
    for path, text in zip(paths, texts[1:] + texts[:1], strict=True):
        path.write_bytes(text)


def test_a_kept_file_says_what_it_is_of(trials, tmp_path, fit):
    fit(trials, SubjectKFold(3), n_pwl=(1,), n_restarts=1, resume=tmp_path, baselines=None)
    heads = [json.loads(p.read_bytes().split(b"\n")[1]) for p in sorted(tmp_path.iterdir())]
    assert [head.get("fold") for head in heads[:3]] == ["fold 0", "fold 1", "fold 2"]
    assert {head.get("model") for head in heads[3:]} == {"class frequency", "history-logistic"}
    assert all(head["backend"] == "numba_cpu" and head["neuroalrnn"] for head in heads)


def test_a_full_disk_is_one_sentence_and_the_fit_goes_on_once_there_is_room(
    trials, tmp_path, monkeypatch, fit
):
    def full(file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    options = {"n_pwl": (1,), "n_restarts": 1, "resume": tmp_path / "unfinished"}
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(ResultError, match="the disk is full: make room, then give the same"):
            fit(trials, SubjectKFold(3), **options)
    assert list((tmp_path / "unfinished").iterdir()) == []
    fit(trials, SubjectKFold(3), **options)
    assert len(list((tmp_path / "unfinished").glob("fold*"))) == 3


def test_a_folder_that_cannot_be_made_is_named(trials, tmp_path, fit):
    Path(tmp_path / "file").write_text("x")
    with pytest.raises(ResultError, match=r"file.*"):
        fit(trials, SubjectKFold(3), n_pwl=(1,), n_restarts=1, resume=tmp_path / "file" / "x")


def test_terms_that_were_changed_are_fitted_again(trials, tmp_path, fit):
    options = {"n_pwl": (0,), "n_restarts": 1, "baselines": None}
    before = trials.assign_attrs(baselines=json.dumps({"mine": ["stimulus:rule"]}))
    after = trials.assign_attrs(baselines=json.dumps({"mine": ["stimulus"]}))
    fit(before, SubjectKFold(3), **options, resume=tmp_path)
    resumed = fit(after, SubjectKFold(3), **options, resume=tmp_path)
    assert resumed.scores.equals(fit(after, SubjectKFold(3), **options).scores)


@dataclass(frozen=True)
class OtherParts(SubjectKFold):
    """The same folds, with other parts inside."""

    def inner(self, trials, train, n_splits):
        return super().inner(trials, train, n_splits + 1)


def test_a_splitter_that_differs_inside_the_folds_alone_shares_no_predictions(
    trials, tmp_path, monkeypatch, fit
):
    calls = []

    def frequency(trials, train, test):
        calls.append(len(test))
        return np.full((len(test), 2), np.log(0.5))

    monkeypatch.setattr(
        "neuroalrnn.study.crossval.standard_baselines", lambda *a: {"mine": frequency}
    )
    options = {"n_pwl": (0,), "n_restarts": 1, "baselines": None, "resume": tmp_path}
    for cv, n_calls in ((SubjectKFold(2), 2), (SubjectKFold(2), 2), (OtherParts(2), 4)):
        fit(trials, cv, **options)
        assert len(calls) == n_calls


def test_a_label_that_was_added_makes_other_networks(trials, tmp_path, fit):
    options = {"n_pwl": (0,), "n_restarts": 1, "resume": tmp_path, "baselines": None}
    silent = trials.drop_vars("reward")
    encoding = {"inputs": ["stimulus", "rule"]}
    choice = silent["choice"].assign_attrs(labels=["left", "right", "both"])
    study = {"setting": Setting(n_latent=2, max_checks=1, check_every=2), "cv": SubjectKFold(2)}
    study |= options | {"encoding": encoding, "n_inner": 2, "progress": False}
    select_n_pwl(silent, **study)
    found = select_n_pwl(silent.assign(choice=choice), **study)
    assert found.predictions.sizes["option"] == 3
