"""Ask a fit all questions: everything that the report shows of it, as tidy tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd
import xarray as xr
from markupsafe import Markup

from neuroalrnn.arguments import not_flag, not_seed, refuse, shown
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.questions.apart import PREFIX, Mechanism, answer_apart
from neuroalrnn.questions.asked import Asked
from neuroalrnn.questions.checks import check_names
from neuroalrnn.questions.listed import QUESTIONS
from neuroalrnn.questions.question import Question, Text
from neuroalrnn.questions.tables import Tables, answer, describe_missing
from neuroalrnn.questions.words import count, plain
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import require_fit
from neuroalrnn.running import attempt, one_blas_thread


@dataclass(frozen=True, repr=False)
class Analysis:
    """What a fit says about regimes, switches and behaviour.

    Parameters
    ----------
    tables : Tables
        A dict of tidy tables, one row per effect, regime, subject or trial pair; see `analyse`. A
        name that is not there tells why it could not be made, or the nearest one.
    regimes : xarray.DataArray, dims (trial,), or None
        Functional regimes of held-out trials; None where there are none to speak of. Linear ones
        are those of `linear`.
    switches : xarray.DataArray, dims (trial, step), or None
        1 where the regime differs from that of the trial before.
    locked : xarray.Dataset or None
        Switch probability around rule changes, see `compute_locked_switch_probability`.
    conditions : list of str
        Trial variables that split occupancy and switch probability.
    rule : str or None
        Trial variable whose changes are rule changes.
    notes : list of str
        What could not be computed, and why.
    mechanism : Mechanism or None
        See `neuroalrnn.questions.take_apart`.
    asked : Asked
        What was asked, with everything that was answered.
    questions : tuple of Question
        In the order of the page.
    """

    tables: Tables
    regimes: xr.DataArray | None
    switches: xr.DataArray | None
    locked: xr.Dataset | None
    conditions: list
    rule: str | None
    notes: list
    mechanism: Mechanism | None = None
    asked: Asked | None = field(default=None, compare=False)
    questions: tuple = field(default=(), compare=False)

    @property
    def called(self) -> list[str]:
        """Names of the functional regimes, in order."""
        return [] if self.asked is None or self.regimes is None else list(self.asked.called)

    @property
    def linear(self) -> Analysis:
        """The same of linear regimes, their tables without ``linear_`` before the name."""
        if self.asked is None:
            return self
        return replace(self, **_of(self.asked.linear), asked=self.asked.linear)

    def in_short(self) -> dict[str, Callable[[], list[str]]]:
        """Main findings, by the question that they answer, in the order of the page.

        Returns
        -------
        dict of str -> callable
            What each is about; without arguments, returns its sentences as a list.
        """
        return {
            text.about: partial(_texts, text, self.asked)
            for question in self.questions
            if _is_shown(question, self.asked)
            for text in question.answer
            if isinstance(text, Text) and text.main
        }

    def sentences(self) -> list[str]:
        """Main findings as plain text.

        Returns
        -------
        list of str
            In the order of the page; one that cannot be made is left out.
        """
        told = [attempt(make, about)[0] or [] for about, make in self.in_short().items()]
        return [plain(text) for texts in told for text in texts]

    def save_tables(self, folder: Path) -> None:
        """Write every table as a CSV file.

        Parameters
        ----------
        folder : pathlib.Path
            It must exist.
        """
        for name, table in self.tables.items():
            table.to_csv(folder / f"{name}.csv", index=False)

    def __repr__(self):
        return self._title()

    def _repr_html_(self):
        items = Markup().join(Markup("<li>{}</li>").format(each) for each in self.sentences())
        page = Markup("<p>{}</p><ul>{}</ul><p>Tables: {}</p>")
        return str(page.format(self._title(), items, ", ".join(self.tables)))

    def _title(self):
        asked = [f"rule {self.rule}"] if self.rule else []
        asked += [f"conditions {', '.join(self.conditions)}"] if self.conditions else []
        parts = [count(len(self.tables), "table"), *asked]
        n_missing = len(self.notes) + (len(self.mechanism.notes) if self.mechanism else 0)
        parts += [f"{count(n_missing, 'note')} on what could not be made"] if n_missing else []
        return f"Analysis: {'; '.join(parts)}"


def _texts(text, asked):
    """Sentences as a list."""
    said = text.say(asked)
    return [said] if said and isinstance(said, str) else list(said)


def _is_shown(question, asked):
    """Whether a question has something to show; what it lacks is told in its place."""
    why, failed = attempt(lambda: question.needs(asked), question.name)
    return not (why or failed)


@one_blas_thread
def analyse(
    fit: Fit,
    *,
    conditions: Sequence[str] | str | None = None,
    rule: str | None = None,
    random_state: int = 0,
    mechanism: bool = False,
    progress: bool = False,
    questions: Sequence[Question] = QUESTIONS,
) -> Analysis:
    """Relate what a fit computes on held-out trials to task epochs and behaviour.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    conditions : list of str, or str, optional
        Trial variables that split occupancy and switch probability (one by its name alone);
        default those that the dataset names in ``attrs["analysis"]``.
    rule : str, optional
        Trial variable whose changes are rule changes; default likewise.
    random_state : int
        Seed of the null bands, resampled subjects and circular shifts.
    mechanism : bool
        Also take the networks apart, see `neuroalrnn.questions.take_apart`.
    progress : bool
        Show a progress bar while they are.
    questions : sequence of Question
        What is asked, in order: default everything, `neuroalrnn.questions.QUESTIONS`.

    Returns
    -------
    Analysis
        Tables: ``scores`` (per model), ``comparisons`` (AL-RNN against each other model, paired
        over subjects), ``observed`` (the same for what was explained besides choices, if anything),
        ``models`` (every model against the best baseline and the best model),
        ``calibration`` and ``reliability`` (per model), ``effective_n_pwl`` (per fold). Of
        functional regimes: ``occupancy``, ``occupancy_trend`` (by trial number), ``dwell_times``,
        ``dwell_survival``, ``mean_dwell_times``, ``transitions``, ``switch_probability``,
        ``behaviour``, and with a rule ``rule_switches`` (its test) and ``locked_switches`` (the
        curve). Of linear regimes: the same after ``linear_``, ``linear_regimes`` (labels, sign
        patterns), ``linear_event_switches``, ``agreement`` (between folds), ``stability`` (across
        restarts and across folds), ``stability_pairs``, ``stability_units``, ``score_spread``
        (over restarts, per fold) and ``spectra``. Of the hidden states of a GLM-HMM, where one was
        fitted: ``hidden_states, hidden_weights, hidden_effects``, and the same after ``hidden_``.

    Raises
    ------
    DataError
        If a condition or the rule is not a variable of the trials, or two questions make a table
        of the same name.

    Examples
    --------
    >>> from neuroalrnn import Fit, analyse
    >>> fit = Fit.load("fit.nc")  # doctest: +SKIP
    >>> tables = analyse(fit).tables
    >>> "occupancy" in tables
    True
    """
    asked = ask(
        fit, conditions=conditions, rule=rule, random_state=random_state, mechanism=mechanism,
        progress=progress, questions=questions,
    )  # fmt: skip
    return answer_all(asked, questions, mechanism=mechanism, progress=progress)


def ask(fit, *, conditions, rule, random_state, mechanism, progress, questions):
    """Check what a fit is asked with.

    Parameters
    ----------
    fit, conditions, rule, random_state, mechanism, progress, questions
        See `analyse`.

    Returns
    -------
    Asked

    Raises
    ------
    DataError
        See `analyse`.
    """
    require_fit("analyse", fit)
    found = [*not_seed("random_state", random_state), *not_flag("mechanism", mechanism)]
    found += not_flag("progress", progress) + not_questions("questions", questions)
    refuse("analyse", found, DataError)
    defaults = json.loads(fit.trials.attrs.get("analysis", "{}"))
    conditions = _as_names(defaults.get("conditions", []) if conditions is None else conditions)
    rule = defaults.get("rule") if rule is None else rule
    check_names("analyse", fit, conditions, rule)
    return Asked(fit, tuple(conditions), rule, random_state)


def answer_all(asked, questions, *, mechanism, progress, answered=None):
    """Answer questions.

    Parameters
    ----------
    asked : Asked
    questions, mechanism, progress
        See `analyse`.
    answered : callable, optional
        See `neuroalrnn.questions.tables.answer`.

    Returns
    -------
    Analysis
    """
    about = [each for each in questions if not each.mechanism]
    unasked = answer(about, asked, answered=answered)
    apart = _take_apart(asked, questions, progress, answered) if mechanism else None
    own = {k: why for k, why in asked.tables.reasons.items() if not k.startswith(PREFIX)}
    asked.tables.reasons |= unasked
    return Analysis(
        **_of(asked),
        conditions=list(asked.conditions),
        rule=asked.rule,
        notes=describe_missing(own),
        mechanism=apart,
        asked=asked,
        questions=tuple(questions),
    )


def _of(asked):
    """What an analysis holds of what was answered."""
    tables = Tables({k: each for k, each in asked.tables.items() if isinstance(each, pd.DataFrame)})
    tables.reasons = asked.tables.reasons
    regimes, switches = asked.tables.get("held_out_regimes"), asked.tables.get("switches")
    return {"tables": tables, "regimes": regimes, "switches": switches, "locked": asked.locked}


def _take_apart(asked, questions, progress, answered):
    answer_these = partial(answer_apart, asked, questions, progress=progress, answered=answered)
    apart, reason = attempt(answer_these, "mechanism")
    asked.tables.reasons |= {"mechanism": reason} if reason else {}
    return apart


def not_questions(name, value):
    """Texts for what is no list of questions whose tables and figures have names of their own.

    Parameters
    ----------
    name : str
    value : object

    Returns
    -------
    list of str
    """
    if not isinstance(value, list | tuple) or not all(isinstance(q, Question) for q in value):
        return [f"{name} = {shown(value)}: expected a list of Question"]
    kinds = {
        "questions": [each.name for each in value],
        "tables": [table for each in value for table in each.table_names],
        "figures": [figure.name for each in value for figure in each.figures],
    }
    return [
        f"{name}: several {kind} have the name {one!r}; each needs its own"
        for kind, names in kinds.items()
        for one in dict.fromkeys(names)
        if names.count(one) > 1
    ]


def _as_names(conditions):
    """Names of conditions; a text is one name."""
    if isinstance(conditions, str):
        return [conditions]
    if isinstance(conditions, set | frozenset) or not isinstance(conditions, Iterable):
        kind = type(conditions).__name__
        text = f"conditions: found {kind} {conditions!r}, expected a list of names of variables"
        raise problems(DataError, "analyse", [text])
    return list(conditions)
