"""What a fit says of each of its trials, as columns of a table."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from neuroalrnn.effects import find_functional_regimes
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.regimes import ABSENT
from neuroalrnn.regimes.held_out import compute_held_out_regimes
from neuroalrnn.regimes.switches import compute_switches
from neuroalrnn.results import Fit
from neuroalrnn.results.summary import NETWORK

REGIMES = ("linear_regime", "linear_switches", "functional_regime", "functional_switch")
HELD_OUT = "by the AL-RNN that never saw the group of the trial"


@dataclass
class Described:
    """Columns with their meanings, and what could not be made.

    Parameters
    ----------
    columns : pandas.DataFrame
        One row per trial of the fit.
    meanings : dict of column to str
        What each column is.
    left : list of str
        Sentences on columns that are not there.
    """

    columns: pd.DataFrame
    meanings: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    def add(self, name: str, values, meaning: str) -> None:
        """Put a column at the end."""
        self.columns[name] = values
        self.meanings[name] = meaning


def describe_trials(fit: Fit, random_state: int) -> Described:
    """Say of each trial what was predicted held out, in which regime it was, and what switched.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    random_state : int
        Seed of `find_functional_regimes`.

    Returns
    -------
    Described
        One row per trial.
    """
    said = Described(pd.DataFrame(index=range(fit.trials.sizes["trial"])))
    _add_predictions(said, fit)
    _add_linear(said, fit)
    try:
        _add_functional(said, fit, random_state)
    except NotTestableError as error:
        said.left.append(f"functional regimes are left out: {error}")
    return said


def column_names(fit: Fit) -> list[str]:
    """List the columns that `describe_trials` may make, before anything is computed.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.

    Returns
    -------
    list of str
        Names in the order of the columns; those of functional regimes are among them.
    """
    options = fit.predictions["option"].values
    probabilities = [f"p_{label}" for label in options]
    return ["fold", *probabilities, "choice", "p_choice", "log_likelihood", *REGIMES]


def _add_predictions(said, fit) -> None:
    names = np.array([*(fold.name for fold in fit.folds), None], dtype=object)
    said.add("fold", names[fit.splits["fold"].values], "part that was held out with the trial")
    told = fit.predictions.sel(model=NETWORK)
    probability = told["probability"].values.astype(float)
    labels = told["option"].values.astype(str)
    for k, label in enumerate(labels):
        said.add(f"p_{label}", probability[:, k], f"probability of {label}, {HELD_OUT}")
    known = np.isfinite(probability).all(axis=1)
    likeliest = labels[np.where(known, probability.argmax(axis=1), 0)].astype(object)
    likeliest[~known] = None
    said.add("choice", likeliest, f"most probable option, {HELD_OUT}")
    code = fit.trials["choice"].values
    chosen = np.where(np.isfinite(code), code, 0).astype(int)
    p_choice = np.where(np.isfinite(code), probability[np.arange(len(code)), chosen], np.nan)
    said.add("p_choice", p_choice, f"probability of the choice that was made, {HELD_OUT}")
    value = told["log_likelihood"].values
    said.add("log_likelihood", value, "log-likelihood of the choice in nats, where it is scored")


def _add_linear(said, fit) -> None:
    regimes = compute_held_out_regimes(fit).regimes
    at = _choice_step(fit, regimes)
    own = regimes.values[np.arange(len(at)), at]
    meaning = "linear regime at the choice, held out: sign pattern of the PWL units, 0 most used"
    said.add("linear_regime", _whole(np.where(at < 0, ABSENT, own)), meaning)
    switches = compute_switches(regimes, fit.trials, carry=fit.carry).values
    count = np.where(np.isfinite(switches).any(axis=1), np.nansum(switches, axis=1), ABSENT)
    meaning = "steps of the trial at which the linear regime is another than the step before"
    said.add("linear_switches", _whole(count), meaning)


def _choice_step(fit, regimes) -> np.ndarray:
    """Position of the step at which the choice of each trial is read out; -1 where it is not."""
    steps = regimes["step"].values.tolist()
    event = fit.encoding.get("choice_event")
    if event in steps or len(steps) == 1:
        place = steps.index(event) if event in steps else 0
        return np.where(regimes.values[:, place] == ABSENT, -1, place)
    is_read = np.isfinite(fit.sequences.to_trials(fit.sequences.target))
    return np.where(is_read.any(axis=1), is_read.argmax(axis=1), -1)


def _add_functional(said, fit, random_state) -> None:
    found = find_functional_regimes(fit, random_state=random_state)
    if found.verdict not in ("discrete", "one"):
        why = {"graded": "effects of inputs vary by degrees, and form no groups"}
        text = why.get(found.verdict, "the networks of different folds disagree about them")
        said.left.append(f"functional regimes are left out: {text}")
        return
    names = "; ".join(f"{k}: {name}" for k, name in enumerate(found.names))
    meaning = f"functional regime, held out: trials on which inputs do the same ({names})"
    said.add("functional_regime", _whole(found.labels.values), meaning)
    switch = compute_switches(found.labels, fit.trials).values[:, 0]
    meaning = "1 where the functional regime is another than on the trial before in the session"
    said.add("functional_switch", _whole(np.where(np.isfinite(switch), switch, ABSENT)), meaning)


def _whole(values) -> pd.Series:
    """Whole numbers, missing where nothing is there."""
    numbers = pd.Series(np.asarray(values, dtype=int))
    return numbers.astype("Int64").mask(numbers == ABSENT)
