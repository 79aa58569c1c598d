"""What do inputs do before and after a change of the rule?"""

import numpy as np
import pandas as pd

from neuroalrnn.data.schema import session_number
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.plots.computation import plot_effects_around_changes
from neuroalrnn.questions.computation.input_effects import EFFECT_COLUMNS, effects_as_columns
from neuroalrnn.questions.question import Figure, Question
from neuroalrnn.questions.sections import COMPUTATION
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import Table

COLUMNS = ["new_rule", "lag", "input", "effect_lag", "option", "input_effect", "standard_error"]
COLUMNS += ["n_subjects"]
BEFORE, AFTER, MOST_RULES = 10, 30, 4


def _tabulate(asked):
    found = asked.functional
    trial, offset, new = around_changes(asked.trials, asked.rule)
    scored = found.labels.values[trial] >= 0
    trial, offset, new = trial[scored], offset[scored], new[scored]
    effects = effects_as_columns(asked.tables["held_out_effects"])[found.columns]
    subject, parts = asked.trials["subject"].values.astype(str)[trial], []
    for value in sorted(pd.Series(new).value_counts().index[:MOST_RULES]):
        here = new == value
        means = effects.iloc[trial[here]].groupby([offset[here], subject[here]]).mean()
        means = means.groupby(level=0).agg(["mean", "std", "count"]).sort_index(axis=1)
        for name, lag, option in found.columns:
            part = means[name, lag, option].rename_axis("lag").reset_index()
            parts.append(part.assign(new_rule=value, input=name, effect_lag=lag, option=option))
    if not parts:
        raise NotTestableError(f"effects around changes: {asked.rule} never changes in a session")
    table = pd.concat(parts, ignore_index=True).rename(columns={"mean": "input_effect"})
    table["standard_error"] = table.pop("std") / np.sqrt(table["count"])
    return table.rename(columns={"count": "n_subjects"})[COLUMNS]


def around_changes(trials, rule):
    """Trials from 10 before to 30 after changes of the rule, as far as it stays the same.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    rule : str
        Trial variable, a number.

    Returns
    -------
    trial, offset : int array
        Which trial, and its place after the change; a trial may be near two changes.
    new : array
        Rule after the change.
    """
    values, session = trials[rule].values.astype(float), session_number(trials)
    is_new = np.r_[True, session[1:] != session[:-1]]
    before = np.r_[np.nan, values[:-1]]
    changed = ~is_new & (values != before) & np.isfinite(values) & np.isfinite(before)
    run = np.cumsum(changed | is_new)
    parts = [(np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0))]
    for at in np.flatnonzero(changed):
        near = np.arange(max(at - BEFORE, 0), min(at + AFTER + 1, len(values)))
        near = near[(run[near] == run[at]) | (run[near] == run[at] - 1)]
        parts.append((near, near - at, np.full(len(near), values[at])))
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))


QUESTION = Question(
    name="effects_around_changes",
    section=COMPUTATION,
    title="Around changes of the rule",
    tables={"effects_around_changes": _tabulate},
    schema={
        "effects_around_changes": Table(
            "new rule, trial after the change (lag), and input",
            "new_rule lag input effect_lag option input_effect standard_error n_subjects",
        )
    },
    columns=EFFECT_COLUMNS
    | {
        "effect_lag": Column("how many trials back the input was", "trials", "int64"),
        "new_rule": Column("rule after the change", ""),
    },
    answer=(
        Figure(
            "effects_around_changes",
            lambda asked: (
                f"What inputs do around changes of {asked.rule}, on held-out trials: means over "
                "subjects with their standard error. A rule that is shown can act at once; one "
                "that has to be found out cannot."
            ),
            lambda asked: plot_effects_around_changes(
                asked.tables["effects_around_changes"], rule=asked.rule
            ),
        ),
    ),
    unasked=lambda asked: "" if asked.rule else "no rule was named",
    needs=lambda asked: (
        "" if asked.rule else "No rule was named, so there are no changes of a rule to show."
    ),
)
