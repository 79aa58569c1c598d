"""The door to every fit: what is checked, encoded, split and warned of before anything is trained.

Whatever is cross-validated, compared, recovered or finally trained on everybody enters here, so
that none of them can miss a check.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.config import Setting, as_setting, expand
from neuroalrnn.config.defaults import FIT, LOSS, MEMORY
from neuroalrnn.data import (
    Audit,
    Sequences,
    Split,
    SubjectKFold,
    audit,
    caution,
    cautions_of,
    default_encoding,
    encode,
    validate,
)
from neuroalrnn.data.cv import as_splitter
from neuroalrnn.data.default import with_encoding
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.data.split import Splitter
from neuroalrnn.exceptions import DataWarning
from neuroalrnn.model.observation import ObservationModel
from neuroalrnn.study.checks import (
    as_encoding,
    caution_of_inner_parts,
    check_saveable,
    check_search,
    score_what_is_read,
)
from neuroalrnn.study.doubts import unseen_labels
from neuroalrnn.study.engine import Engine
from neuroalrnn.study.observation import attach_observation, offer
from neuroalrnn.study.plan import Plan, make_plan
from neuroalrnn.study.telling import caution_of_telling_inputs

EVERYBODY = "everybody"


@dataclass(frozen=True, eq=False)
class Study:
    """Trials that are ready to be fitted, who is held out when, and how it is computed.

    Parameters
    ----------
    trials : xarray.Dataset
        With their encoding, and with what a reader must hear of them (`cautions`).
    sequences : Sequences
        The trials as encoded, whole.
    encoding : dict
        Arguments of `neuroalrnn.encode`.
    cv : splitter
        Gives the folds and their inner parts.
    sharing : Audit
        Stimulus orders that test and training parts share.
    plan : Plan
        The folds, their inner parts, the settings and values of ``n_pwl`` that are tried, and the
        observation model.
    engine : Engine
        Backend, threads and memory.
    resume : path-like or None
        Folder in which finished folds are kept.
    """

    trials: xr.Dataset
    sequences: Sequences
    encoding: dict[str, Any]
    cv: Any
    sharing: Audit
    plan: Plan
    engine: Engine
    resume: PathLike | str | None = None

    @property
    def folds(self) -> list[Split]:
        """The splits: who is held out when."""
        return self.plan.folds

    @property
    def cautions(self) -> list[str]:
        """What a reader of any result must hear, one sentence each."""
        return cautions_of(self.trials)

    def warn(self, found: Sequence[str], category: type[Warning] | None = DataWarning) -> "Study":
        """Say aloud what was found, and keep it with the trials.

        Parameters
        ----------
        found : list of str
            Whole sentences.
        category : class of warning, or None
            How it is said; None keeps it without saying it aloud.

        Returns
        -------
        study : Study
            The same, with the cautions.
        """
        return replace(self, trials=caution(self.trials, found, category, stacklevel=4))

    def lay_out(self, cv: Any = None, **changes: Any) -> Plan:
        """Make another plan for the same trials and folds.

        Parameters
        ----------
        cv : splitter, optional
            Gives the inner parts; default that of the study.
        **changes : anything
            Arguments of `neuroalrnn.study.plan.make_plan` that differ.

        Returns
        -------
        plan : Plan
            What is trained on whom.
        """
        names = ("grid", "n_inner", "n_restarts", "random_state", "observation", "sufficient")
        given = {name: getattr(self.plan, name) for name in names}
        given |= {"sequences": self.sequences, "folds": self.folds, "cv": cv or self.cv}
        return make_plan(self.trials, **given | {"settings": self.plan.settings} | changes)

    def of_everybody(self) -> "Study":
        """Drop the folds: all trials are trained on, and nobody is held out.

        Returns
        -------
        study : Study
            The same trials under another plan.
        """
        return replace(self, plan=self.lay_out(folds=[_everybody(self.trials)]))

    def inner(self, train: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Divide some training trials into inner parts.

        Parameters
        ----------
        train : int array
            Scored training trials.

        Returns
        -------
        parts : list of (ndarray of int, ndarray of int)
            Trials to fit on and to validate on, for every part.
        """
        return self.cv.inner(self.trials, train, self.plan.n_inner)

    def describe(self) -> pd.DataFrame:
        """Tabulate who is held out, and how many are trained on.

        Returns
        -------
        table : pandas.DataFrame
            One row per fold: ``fold``, ``train_subjects``, ``test_subjects``, and scored
            ``train_trials`` and ``test_trials``.
        """
        subject, scored = self.trials["subject"].values, scored_trials(self.trials)
        rows = []
        for fold in self.folds:
            parts = {"train": fold.train, "test": fold.test}
            row: dict[str, Any] = {"fold": fold.name}
            row |= {f"{k}_subjects": len(np.unique(subject[part])) for k, part in parts.items()}
            row |= {f"{k}_trials": int(scored[part].sum()) for k, part in parts.items()}
            rows.append(row)
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return f"{self._title()}\n{self.describe().to_string(index=False)}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._title())}</p>{self.describe().to_html(index=False)}"

    def _title(self) -> str:
        plan, task = self.plan, self.trials.attrs.get("task", "trials")
        values = ", ".join(map(str, plan.grid))
        return (
            f"Study of {task}: n_latent = {plan.setting.n_latent}, n_pwl = {values}, "
            f"{plan.n_restarts} restarts, {self.cv!r}, {len(self.cautions)} cautions"
        )


def prepare_study(
    trials: xr.Dataset,
    setting: Setting | Mapping[str, Any] | None = None,
    cv: Splitter | None = None,
    *,
    n_pwl: Sequence[int] | None = None,
    n_restarts: int = FIT.n_restarts,
    n_inner: int = FIT.n_inner,
    random_state: int = 0,
    alternatives: Mapping[str, Sequence] | None = None,
    encoding: Mapping[str, Any] | None = None,
    observation: ObservationModel | str | None = None,
    sufficient: float | str = LOSS,
    threads: int | None = None,
    memory: int = MEMORY,
    backend: str = "auto",
    resume: PathLike | str | None = None,
    default_n_pwl: Sequence[int] = FIT.n_pwl,
    default_cv: Splitter | None = None,
    everybody: bool = False,
) -> Study:
    """Check all arguments, read the trials, and lay out who is trained and validated on whom.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.
    setting : Setting or dict, optional
        Hyperparameters; its ``n_pwl`` is replaced by the grid.
    cv : splitter, optional
        Who is held out.
    n_pwl : sequence of int, optional
        Grid, each from 0 to ``setting.n_latent``.
    n_restarts, n_inner, random_state : int
        Random starts, inner validation parts, and seed; see `neuroalrnn.select_n_pwl`.
    alternatives : dict of str -> sequence, optional
        Values of hyperparameters to try; see `neuroalrnn.select_n_pwl`.
    encoding : dict, optional
        Arguments of `neuroalrnn.encode`.
    observation : ObservationModel or str, optional
        What is explained beside the choice; see `neuroalrnn.select_n_pwl`.
    sufficient : float or str
        How little of what is explained ``n_pwl`` may lose; see `neuroalrnn.select_n_pwl`.
    threads : int, optional
        Default: all cores.
    memory : int
        Bytes that training may take beside the data.
    backend : str
        Name of a backend, or "auto".
    resume : path-like, optional
        Folder in which finished folds are kept.
    default_n_pwl : sequence of int
        Values of ``n_pwl`` where none are given.
    default_cv : splitter, optional
        Where none is given; default ``SubjectKFold()``.
    everybody : bool
        Hold out nobody: one fold that trains on all trials. `cv` then gives its inner parts.

    Returns
    -------
    study : Study
        Everything that is settled before training.

    Raises
    ------
    DataError
        The trials, or a request about them, do not fit the contract.
    LeakageError
        A fold trains on a group that it tests.
    ConfigError
        An argument is unknown or impossible.

    Warns
    -----
    LeakageWarning, DataWarning
        Of inputs that tell the choice, stimulus orders that are shared, labels that are never
        learnt, and inner parts that are too small; the study keeps them as ``cautions``.
    """
    setting, cv = as_setting(setting), as_splitter(cv, default_cv or SubjectKFold())
    counts = {"n_inner": n_inner, "n_restarts": n_restarts, "random_state": random_state}
    grid = check_search(
        setting, n_pwl, threads=threads, memory=memory, resume=resume, default=default_n_pwl,
        sufficient=sufficient, **counts,
    )  # fmt: skip
    counts = {name: int(value) for name, value in counts.items()}
    settings = expand(setting, alternatives or {})
    engine = Engine.choose(backend, threads, memory)
    trials, sequences, observation, used = _read(trials, encoding, observation)
    check_saveable(trials)
    folds = [_everybody(trials)] if everybody else cv.split(trials)
    groups = cv.groups(trials)
    sharing = audit(trials, [] if everybody else folds, groups=groups)
    plan = make_plan(
        trials, sequences, folds, cv, settings, grid=grid, observation=observation,
        sufficient=sufficient, **counts,
    )  # fmt: skip
    trials = caution_of_inner_parts(trials, plan, groups)
    trials = caution(trials, unseen_labels(trials, folds))
    return Study(trials, sequences, used, cv, sharing, plan, engine, resume)


def _everybody(trials):
    rows = np.arange(trials.sizes["trial"])
    return Split(EVERYBODY, rows, rows[:0])


def _read(trials, encoding, observation):
    """Encode trials, and say which of them are scored and among which options."""
    trials = validate(trials)
    given = None if encoding is None else as_encoding(trials, encoding)
    trials = with_encoding(trials, given)
    encoding = default_encoding(trials)
    sequences = encode(trials, **encoding)
    # the networks of this fit meet the same features in any other trials
    encoding |= {"presence": sequences.presence} if sequences.presence else {}
    trials = trials.assign_attrs(encoding=json.dumps(encoding))
    trials, sequences = offer(trials, sequences, observation)
    trials = score_what_is_read(trials, sequences)
    trials = caution(trials, sequences.notes, category=None)
    trials = caution_of_telling_inputs(trials, encoding["inputs"])
    observation, sequences = attach_observation(trials, sequences, observation)
    return trials, sequences, observation, encoding
