"""How strongly does every subject by itself follow the inputs, in each functional regime?"""

import numpy as np
import pandas as pd

from neuroalrnn.data.lags import lagged, reaches
from neuroalrnn.effects import flips_of
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.questions.asked import no_regimes, not_discrete
from neuroalrnn.questions.question import Question, Shown, Text
from neuroalrnn.questions.sections import REGIMES
from neuroalrnn.questions.words import capital, number, two_digits
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import Table
from neuroalrnn.stats.subject_level import subject_slopes

FEWEST_TRIALS, FEWEST_SUBJECTS = 20, 2
KEYS = ["regime", "input", "lag"]
NONE = ["subject", *KEYS, "own_effect", "standard_error", "n_trials"]


def compute_subject_effects(fit, found):
    """Regress the choices of every subject on the inputs, regime by regime.

    An input runs from -1 at its low value to 1 at its high one, so that a slope is an effect as
    networks have it, half of the difference in log-odds between high and low. Networks never saw
    the subject: they say which regime a trial is of, and choices how strong its effects are.

    Parameters
    ----------
    fit : Fit
    found : FunctionalRegimes

    Returns
    -------
    pandas.DataFrame
        One row per subject, regime and input: ``own_effect`` in log-odds, its ``standard_error``
        over the trials of the subject, and ``n_trials``. Subjects with fewer than 20 trials in a
        regime, or whose choices there are all the same, are left out.

    Raises
    ------
    NotTestableError
        There are more than two options, no input has two values, or no subject enough trials.
    """
    trials = fit.trials
    if len(trials["choice"].attrs["labels"]) != 2:
        raise NotTestableError("effects of single subjects: expected choices of two options")
    inputs = _inputs(fit, found)
    choice, subject = trials["choice"].values, trials["subject"].values.astype(str)
    parts = []
    for regime in range(found.n_regimes):
        known = np.isfinite(choice) & np.all(np.isfinite([*inputs.values()]), axis=0)
        rows = _enough(np.flatnonzero(known & (found.labels.values == regime)), subject, choice)
        values = {name: each[rows] for name, each in inputs.items()}
        if not len(rows):
            continue
        try:
            slopes = subject_slopes(choice[rows], values, subject[rows], family="logistic")
        except DataError as error:
            raise NotTestableError(f"effects of single subjects: {error}") from error
        parts.append(slopes.assign(regime=regime))
    if not parts:
        raise NotTestableError(
            f"effects of single subjects: nobody has {FEWEST_TRIALS} trials and both choices in a "
            "regime"
        )
    table = pd.concat(parts, ignore_index=True).rename(columns={"slope": "own_effect"})
    table[["input", "lag"]] = table.pop("effect").str.rsplit("@", n=1, expand=True)
    return table.astype({"lag": "int64"}).dropna(subset="own_effect")[NONE]


def _inputs(fit, found):
    """Inputs of the regimes from -1 (low) to 1 (high), by ``name@lag``; NaN where there is none."""
    lags = {name: lag for name, lag, _ in found.columns}
    names = list(dict.fromkeys(name.split("=")[0] for name in lags))
    values = {}
    for flip in flips_of(fit, names):
        if len(flip.levels) != 2 or flip.name not in lags:
            continue
        (low,), (high,) = flip.levels
        own = fit.trials[flip.name].values.astype(float)
        own = np.where(flip.is_set, 2 * (own - low) / (high - low) - 1, np.nan)
        lag = lags[flip.name]
        if lag:
            own = np.where(reaches(fit.trials, lag), lagged(fit.trials, own, lag), np.nan)
        values[f"{flip.name}@{lag}"] = own
    if not values:
        raise NotTestableError("effects of single subjects: no input has a low and a high value")
    return values


def _enough(rows, subject, choice):
    """Rows of subjects with enough trials and both choices."""
    own = pd.DataFrame({"subject": subject[rows], "choice": choice[rows]}).groupby("subject")
    fine = (own["choice"].transform("size") >= FEWEST_TRIALS) & (
        own["choice"].transform("nunique") == 2
    )
    return rows[fine.to_numpy(bool)]


def summarise_subjects(table):
    """Mean over subjects, and how much subjects differ beyond what their errors explain.

    Parameters
    ----------
    table : pandas.DataFrame
        From `compute_subject_effects`.

    Returns
    -------
    pandas.DataFrame
        One row per regime and input: ``own_effect`` (mean), ``own_effect_sd`` (over subjects),
        ``true_sd`` (after the mean squared error is taken off the variance, 0 if it is larger) and
        ``n_subjects``.
    """
    parts = table.groupby(KEYS, sort=False)
    found = parts["own_effect"].agg(own_effect="mean", own_effect_sd="std", n_subjects="size")
    noise = table["standard_error"].pow(2).groupby([table[k] for k in KEYS], sort=False).mean()
    found["true_sd"] = np.sqrt((found["own_effect_sd"] ** 2 - noise).clip(lower=0))
    columns = [*KEYS, "own_effect", "own_effect_sd", "true_sd", "n_subjects"]
    return found.reset_index()[columns]


def _say(asked):
    found = summarise_subjects(asked.tables["subject_effects"])
    found = found[found["n_subjects"] >= FEWEST_SUBJECTS]
    return [
        f"{capital(asked.called[row.regime])}, {row.input}: {number(row.own_effect, 2)} log-odds "
        f"in the mean over {row.n_subjects} subjects, who differ by {number(row.own_effect_sd, 2)} "
        f"(SD), of which {number(row.true_sd, 2)} are left when their errors are taken off."
        for row in found.itertuples()
    ]


QUESTION = Question(
    name="subject_effects",
    section=REGIMES,
    title="Subjects by themselves",
    tables={"subject_effects": lambda a: compute_subject_effects(a.fit, a.functional)},
    schema={
        "subject_effects": Table(
            "subject, functional regime and input",
            " ".join(NONE),
        )
    },
    columns={
        "own_effect": Column(
            "effect of the input on the choices of the subject, by logistic regression", "log-odds"
        )
    },
    answer=(
        Text("subjects by themselves", _say),
        Shown(
            "subjects by themselves",
            lambda asked: asked.tables["subject_effects"],
            noun="row",
            formats={"own_effect": two_digits, "standard_error": two_digits},
        ),
    ),
    footnote=(
        "A network that never saw a subject tells which regime a trial is of; how strong effects "
        "are in this subject is regressed from its own choices, with standard errors over trials, "
        "which are no replicates where choices depend on each other. Where inputs tell the choices "
        "of somebody fully, all slopes of the regime carry a weak prior.",
    ),
    unasked=not_discrete,
    needs=no_regimes,
)
