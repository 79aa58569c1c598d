"""The mechanism of a fit as tidy tables: what each regime computes, and what breaks without it.

Networks are those of the folds, looked at on the subjects that they never saw. Units and regimes of
different folds are those of different networks: codes are sign patterns, comparable within a fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, not_flag, not_kind, not_names
from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.portrait import Portrait
from neuroalrnn.questions.asked import Asked
from neuroalrnn.questions.checks import check_names
from neuroalrnn.questions.listed import QUESTIONS
from neuroalrnn.questions.tables import Tables, answer, describe_missing
from neuroalrnn.regimes.held_out import HeldOutRegimes
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit

PREFIX = "mechanism_"
TRIGGERED, PORTRAIT = "behaviour_around_switches", "state_space"


@dataclass(frozen=True)
class Mechanism:
    """What a fit computes, and with what.

    Parameters
    ----------
    tables : Tables
        See `take_apart`.
    triggered : xarray.Dataset or None
        Outcomes around switches, see `compute_triggered_averages`.
    example : str
        The fold with most held-out steps, whose network is drawn.
    labels : dict of int -> int
        Label of each code of that network, as in `HeldOutRegimes`.
    portrait : Portrait or None
        That network on its held-out trials, under the mean input of the first step of a trial.
    notes : list of str
        What could not be computed, and why.
    """

    tables: Tables
    triggered: xr.Dataset | None
    example: str
    labels: dict
    portrait: Portrait | None
    notes: list


@checked(
    DataError,
    fit=not_fit,
    held_out=partial(not_kind, kinds=HeldOutRegimes, expected="compute_held_out_regimes(fit)"),
    conditions=not_names,
    progress=not_flag,
)
def take_apart(
    fit: Fit,
    held_out: HeldOutRegimes,
    *,
    conditions: Sequence[str] = (),
    progress: bool = False,
) -> Mechanism:
    """Take the network of every fold apart, and find what its held-out subjects need of it.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    held_out : HeldOutRegimes
        From `compute_held_out_regimes`.
    conditions : sequence of str
        Trial variables that split the ablation map.
    progress : bool
        Show a progress bar over tables.

    Returns
    -------
    Mechanism
        Tables, per fold: ``coverage`` (regimes by use), ``regime_graph``, ``fixed_points`` and
        ``attractors`` (for the mean input of each step of a trial, held constant),
        ``lyapunov``, ``path_growth``, ``functional_growth``, ``gains``, ``horizons``,
        ``selection`` (modes slow over a trial or not), ``ablation``, ``greedy``, ``necessary``,
        ``ablation_map``. Over subjects: ``entropies``, ``fragile_share``, ``dynamical_classes``,
        ``ablation_tests`` (subjects who share a stimulus order count once, by their mean). What is
        not testable is absent, and told in the notes.

    Raises
    ------
    DataError
        An argument is of another kind, or a condition is not a variable of the trials.
    """
    check_names("take_apart", fit, conditions)
    asked = Asked(fit, map_by=tuple(conditions), given_regimes=held_out)
    return answer_apart(asked, QUESTIONS, progress=progress)


def answer_apart(asked, questions, *, progress=False, answered=None):
    """Answer the questions about mechanism.

    Parameters
    ----------
    asked : Asked
        Receives their tables.
    questions : iterable of Question
        Those that are not about mechanism are left out.
    progress : bool
        Show a progress bar over tables.
    answered : callable, optional
        See `neuroalrnn.questions.tables.answer`.

    Returns
    -------
    Mechanism

    Raises
    ------
    NotTestableError
        There are no regimes.
    """
    asked = asked.sampled
    example, labels = asked.example.name, asked.labels
    about = [each for each in questions if each.mechanism]
    answer(about, asked, progress=progress, answered=answered)
    found = _without_prefix(asked.tables)
    tables = Tables({name: each for name, each in found.items() if isinstance(each, pd.DataFrame)})
    tables.reasons = _without_prefix(asked.tables.reasons)
    return Mechanism(
        tables,
        found.get(TRIGGERED),
        example,
        labels,
        found.get(PORTRAIT),
        describe_missing(tables.reasons),
    )


def _without_prefix(named):
    return {
        name.removeprefix(PREFIX): each for name, each in named.items() if name.startswith(PREFIX)
    }
