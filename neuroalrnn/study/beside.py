"""The models that are fitted beside the AL-RNN, on the same folds and side by side on all cores."""

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from itertools import chain, product
from typing import Any

import numpy as np

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import ConfigError, FitError, problems
from neuroalrnn.running import announce, progress_bar
from neuroalrnn.study.answers import OF_FOLD
from neuroalrnn.study.engine import one_torch_thread
from neuroalrnn.study.own import predict_own


def sharing(study):
    """The same study for models that are fitted side by side, each in one thread.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Study
        Its engine has one thread, and one share of the memory.
    """
    engine = study.engine
    return replace(
        study, engine=replace(engine, threads=1, memory=max(1, engine.memory // engine.threads))
    )


def predict_baselines(study, baselines, *, own=False, ask=None, progress=False):
    """Predict every held-out choice by the models that are fitted beside the AL-RNN.

    As many are fitted at once as the engine has threads; what they say does not depend on that.

    Parameters
    ----------
    study : Study
    baselines : dict of str -> callable
    own : bool
        They are the caller's: they are called one after the other, fold by fold, and what they
        return is checked.
    ask : callable, optional
        Asks baselines of the caller for more; see `neuroalrnn.study.adaptive.adaptation_of_own`.
    progress : bool
        Show a progress bar over folds and baselines.

    Returns
    -------
    predicted : dict of str -> array, shape (trial, option)
        Log-probabilities as returned.
    answers : dict of str -> dict of str -> array, shape (trial, ...)
        By kind and model, of those that answer more; see `neuroalrnn.study.answers.with_answers`.
        A list with an array per fold, where kinds are of folds.
    left_out : list of str
        Why some are missing.

    Raises
    ------
    ConfigError
        If baselines of the caller return anything else than log-probabilities, naming each, and the
        first fold in which one does.
    """
    n_fits = len(study.folds) * len(baselines)
    show = progress and n_fits > 0
    with progress_bar(total=n_fits, show=show, unit="model", desc="other models") as bar:
        run = _Run(study, baselines, own, ask, bar)
        if own or study.engine.threads == 1:
            _one_by_one(run)
        else:
            _side_by_side(run)
    whole = [name for name in baselines if name not in run.failed]
    kept = {
        kind: {name: by_model[name] for name in whole if name in by_model}
        for kind, by_model in run.found.items()
    }
    left_out = [f"left out: {text}" for text in chain(*map(run.texts, range(len(study.folds))))]
    return kept.pop("predicted"), kept, left_out


@dataclass
class _Run:
    """Fits of models to folds, and what they said so far.

    Attributes
    ----------
    found : dict of str -> dict of str -> array, shape (trial, ...)
        By kind of answer and model.
    failed : dict of str -> tuple of (int, list of str)
        By model, the first fold in which it fails, and why.
    busy : dict of str -> None
        What is fitted now.
    """

    study: Any
    baselines: dict
    own: bool
    ask: Any
    bar: Any
    found: dict = field(default_factory=lambda: {"predicted": {}})
    failed: dict = field(default_factory=dict)
    busy: dict = field(default_factory=dict)

    def __call__(self, fold, name):
        """Fit a model, unless it has failed in an earlier fold."""
        part, trials = self.study.folds[fold], self.study.trials
        if name not in self.failed or self.failed[name][0] > fold:
            what = f"{name}, {part.name} ({fold + 1}/{len(self.study.folds)})"
            self.busy[what] = None
            self.bar.set_postfix_str("; ".join(list(self.busy)))
            train = part.train[scored_trials(trials)[part.train]]
            answer, wrong = self.call(name, trials, train, part.test)
            del self.busy[what]
            return fold, name, answer, wrong
        return fold, name, {}, []

    def call(self, name, trials, train, test):
        """What a baseline says, and why nothing of that can be used."""
        baseline = self.baselines[name]
        if self.own:
            predicted, wrong = predict_own(baseline, trials, train, test)
            if wrong:
                return {}, wrong
            more, wrong = self.ask(name, baseline, train, test, predicted) if self.ask else ({}, [])
            return {"predicted": predicted, **more}, wrong
        try:
            answer = baseline(trials, train, test)
        except FitError as error:
            return {}, [str(error)]
        return answer if isinstance(answer, dict) else {"predicted": answer}, []

    def put(self, fold, name, answer, wrong):
        """Store what a model said of a fold, or why it failed."""
        part = self.study.folds[fold]
        if wrong and fold < self.failed.get(name, (np.inf,))[0]:
            self.failed[name] = fold, [f"{name!r}, {part.name}: {text}" for text in wrong]
        for kind, values in answer.items():
            if kind.startswith(OF_FOLD):
                by_model = self.found.setdefault(kind, {})
                by_model.setdefault(name, [None] * len(self.study.folds))[fold] = values
                continue
            shape = self.study.trials.sizes["trial"], *values.shape[1:]
            by_model = self.found.setdefault(kind, {})
            if name not in by_model:
                by_model[name] = np.full(shape, np.nan, values.dtype)
            by_model[name][part.test] = values
        self.bar.update()

    def texts(self, fold):
        """Why models failed, of those that did so first in a fold."""
        failed = [self.failed[name] for name in self.baselines if name in self.failed]
        return [text for first, texts in failed for text in texts if first == fold]


def _one_by_one(run):
    """Call all models fold by fold; the caller's must not fail in any."""
    for fold in range(len(run.study.folds)):
        for name in run.baselines:
            run.put(*run(fold, name))
        if run.own and run.failed:
            raise problems(ConfigError, "baselines", run.texts(fold))


def _side_by_side(run):
    """Fit all models in threads; what runs when one is interrupted is finished, and kept."""
    jobs = product(range(len(run.study.folds)), run.baselines)
    with one_torch_thread(), ThreadPoolExecutor(run.study.engine.threads) as pool:
        waiting = [pool.submit(run, *job) for job in jobs]
        try:
            for each in as_completed(waiting):
                run.put(*each.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            if run.busy and not run.bar.disable:
                announce(f"stops when these are done: {'; '.join(list(run.busy))}")
            raise
