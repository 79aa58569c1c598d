"""Which family of models made the choices: candidates compared on whole subjects held out."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from neuroalrnn.baselines import glm_hmm, logistic, q_learning
from neuroalrnn.data import SubjectKFold
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import FitError, problems
from neuroalrnn.network.choices import log_probability
from neuroalrnn.recover.refit import refit, unheard
from neuroalrnn.running import one_blas_thread
from neuroalrnn.stats import one_standard_error
from neuroalrnn.study.beside import predict_baselines
from neuroalrnn.study.study import prepare_study
from neuroalrnn.tasks import compute_log_odds, simulate_agents

OUTCOMES = [f"choice[-{lag}]:reward[-{lag}]" for lag in (1, 2, 3)]


@dataclass(frozen=True)
class Recognised:
    """Which family predicts best.

    Attributes
    ----------
    family : str
        The simplest within one standard error of the paired difference to the best.
    table : DataFrame
        One row per family, in order of simplicity: see `neuroalrnn.stats.one_standard_error`.
    """

    family: str
    table: pd.DataFrame


@one_blas_thread
def recognise_family(trials, families, cv=None, *, n_inner=2) -> Recognised:
    """Score every family on subjects held out and name the one that is recognised.

    Parameters
    ----------
    trials : xarray.Dataset
    families : dict of str -> callable
        In order of simplicity; ``f(trials, train, test, inner=...)`` returns log-probabilities
        (test trial, option).
    cv : splitter, optional
        Default ``SubjectKFold(3)``.
    n_inner : int
        Inner parts for families that choose something themselves.

    Returns
    -------
    Recognised
    """
    with unheard():
        study = prepare_study(trials, cv=cv or SubjectKFold(3), n_inner=n_inner)
    named = {name: partial(each, inner=study.inner) for name, each in families.items()}
    predicted, _, failed = predict_baselines(study, named)
    if failed:
        raise problems(FitError, "recognise_family", failed)
    rows = np.flatnonzero(scored_trials(study.trials))
    code = study.trials["choice"].values[rows].astype(int)
    scores = pd.DataFrame({name: values[rows, code] for name, values in predicted.items()})
    by_subject = scores.groupby(study.trials["subject"].values[rows]).mean().T
    selection = one_standard_error(by_subject, np.arange(len(families)))
    return Recognised(list(families)[selection.index], selection.table)


def bandit_families(setting=None, **options):
    """Candidates for choices between two options that pay: from simple to flexible.

    Parameters
    ----------
    setting : Setting, optional
        Of the AL-RNN; without one there is no AL-RNN among the candidates.
    **options
        Of `neuroalrnn.recover.refit.refit`.

    Returns
    -------
    dict of str -> callable
        "logistic" on the outcomes (choice times reward) of three trials; "Q-learning", plain;
        "GLM-HMM", 1 to 3 states, on the outcome of one trial; "AL-RNN", P chosen inside.
    """
    families = {
        "logistic": lambda *split, inner: logistic(*split, terms=OUTCOMES),
        "Q-learning": lambda *split, inner: q_learning(*split, inner=inner, members=("plain",)),
        "GLM-HMM": lambda *split, inner: glm_hmm(
            *split, terms=OUTCOMES[:1], inner=inner, n_states=(2, 3)
        ),
    }
    if setting is not None:
        families["AL-RNN"] = lambda *split, inner: _alrnn(*split, setting, options)
    return families


def recover_family(name, n_subjects, n_trials, families, *, n_runs=1, random_state=0):
    """Simulate agents of one family and name the family that is recognised.

    Parameters
    ----------
    name : str
        One of `neuroalrnn.tasks.AGENTS`.
    n_subjects, n_trials : int
        Trials are per subject.
    families : dict of str -> callable
        See `recognise_family`.
    n_runs, random_state : int

    Returns
    -------
    table : DataFrame
        One row per run: ``true_family, found_family, n_subjects, n_trials, run``, and the held-out
        score of every family (nats per trial).
    """
    rows = []
    for run in range(n_runs):
        rng = np.random.default_rng([random_state, n_subjects, n_trials, run])
        found = recognise_family(simulate_agents(name, n_subjects, n_trials, rng=rng), families)
        head = {"true_family": name, "found_family": found.family}
        size = {"n_subjects": n_subjects, "n_trials": n_trials, "run": run}
        rows.append(head | size | found.table.set_index("setting")["score"].to_dict())
    return pd.DataFrame(rows)


def _alrnn(trials, train, test, setting, options):
    """Log-probabilities of an AL-RNN fitted to the training subjects."""
    subject = trials["subject"].values
    fitted = refit(trials.isel(trial=np.isin(subject, subject[train])), setting, **options)
    log_odds = compute_log_odds(fitted.networks[fitted.best], trials)[test]
    return log_probability(log_odds[:, None])
