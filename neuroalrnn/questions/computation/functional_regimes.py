"""Which computations are there: trials on which inputs have the same effects?"""

import numpy as np
import pandas as pd

from neuroalrnn.effects import find_functional_regimes
from neuroalrnn.plots.computation import plot_effects_by_regime, plot_functional_agreement
from neuroalrnn.questions.computation.input_effects import (
    BEST,
    CHOSEN,
    EFFECT_COLUMNS,
    KEYS,
    ONE_UNIT,
    effects_as_columns,
    of_chosen,
    one_unit,
)
from neuroalrnn.questions.question import Figure, Question, Shown, Text
from neuroalrnn.questions.sections import COMPUTATION
from neuroalrnn.questions.words import UNIT_OF_INFERENCE, count, listed, number, two_digits
from neuroalrnn.regimes.labels import adjusted_rand
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import Table

LIMITS = (0.9, 0.8)
COLUMNS = ["networks", "regime", "name", "share", *KEYS, "input_effect", "ci_low", "ci_high"]
COLUMNS += ["n_subjects", "input_effect_low", "input_effect_high"]
EFFECTS = {"effect": "input_effect", "effect_low": "input_effect_low"}
EFFECTS |= {"effect_high": "input_effect_high"}


def _one_unit(asked):
    """Functional regimes of networks with one unit; those chosen where all of them have one."""
    if not one_unit(asked.fit):
        all_one = (asked.fit.selection["n_pwl_chosen"].values == 1).all()
        return asked.functional if all_one else None
    return find_functional_regimes(asked.fit, n_pwl=1, random_state=asked.random_state)


def _best(asked):
    """Functional regimes of the networks that predict best; None where they are the same."""
    best = asked.fit.best
    if best is asked.fit:
        return None
    if (best.selection["n_pwl_chosen"].values == 1).all():
        return asked.tables["functional_one_unit"]
    return find_functional_regimes(best, random_state=asked.random_state)


def _of_networks(asked):
    """What was found, by the networks that it was found in."""
    names = {BEST: "functional_best", ONE_UNIT: "functional_one_unit"}
    found = {CHOSEN: asked.functional} | {name: asked.tables[key] for name, key in names.items()}
    return {name: each for name, each in found.items() if each is not None}


def _regimes(asked):
    parts = []
    for name, found in _of_networks(asked).items():
        rows = found.regimes.rename(columns=EFFECTS)
        names = [found.names[regime] for regime in rows["regime"]]
        parts.append(rows.assign(networks=name, name=names))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _agreement(asked):
    parts = [each.agreement.assign(networks=n) for n, each in _of_networks(asked).items()]
    table = pd.concat(parts, ignore_index=True)
    return table[["networks", *table.columns.drop("networks")]]


def _verdicts(asked):
    """One row per kind of networks: what was found, and whether it is the same."""
    rows, chosen = [], asked.functional
    for name, found in _of_networks(asked).items():
        own = found.correlation[found.correlation["is_clustered"]].dropna(subset=["correlation"])
        weight = own["effect_sd"] ** 2 / max((own["effect_sd"] ** 2).sum(), np.finfo(float).tiny)
        both = (chosen.labels.values >= 0) & (found.labels.values >= 0)
        same = adjusted_rand(chosen.labels.values[both], found.labels.values[both])
        rows.append(
            {
                "networks": name,
                "verdict": found.verdict,
                "n_regimes": found.n_regimes,
                "correlation": (weight * own["correlation"]).sum() if len(own) else np.nan,
                "correlation_low": (weight * own["correlation_low"]).sum() if len(own) else np.nan,
                "same_as_chosen": same if found.n_regimes > 1 else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _by_subject(asked):
    """Mean effect of each input on the held-out trials of every subject, by functional regime."""
    found, subject = asked.functional, asked.trials["subject"].values.astype(str)
    rows = np.flatnonzero(found.labels.values >= 0)
    effects = effects_as_columns(asked.tables["held_out_effects"][rows])
    wanted = [(name, lag, option) for name, lag, option in found.columns]
    keys = [found.labels.values[rows], subject[rows]]
    groups = effects[wanted].groupby(keys)
    means, counts = groups.mean(), groups.size()
    means.index.names = counts.index.names = ["regime", "subject"]
    table = means.stack(KEYS, future_stack=True).rename("input_effect").reset_index()
    table["n_trials"] = counts.loc[list(zip(table["regime"], table["subject"], strict=True))].values
    return table[["regime", *KEYS, "subject", "input_effect", "n_trials"]]


def describe_number(verdict, agreement):
    """How the number of functional regimes was chosen.

    Parameters
    ----------
    verdict : str
        See `neuroalrnn.effects.FunctionalRegimes`.
    agreement : pandas.DataFrame
        Rows of the table ``functional_agreement`` of one kind of networks.

    Returns
    -------
    str
    """
    known = agreement[agreement["adjusted_rand"].notna()]
    if not len(known):
        return "Inputs have the same effects on all trials: there is nothing to group."
    told = listed(f"{row.n_regimes}: {number(row.adjusted_rand, 2)}" for row in known.itertuples())
    start = f"Agreement of the networks of all folds by the number of regimes: {told}. "
    chosen = known[known["is_chosen"]]
    if not len(chosen):
        rest = {
            "one": "Effects vary so little in common that there is one regime.",
            "graded": "No number is agreed upon, though effects correlate: they are graded.",
        }
        return start + rest.get(verdict, "No number is agreed upon, and effects do not correlate.")
    row = chosen.iloc[0]
    return start + (
        f"The largest number that holds is {row['n_regimes']} (lowest pair "
        f"{number(row['adjusted_rand_low'], 2)}; other restarts "
        f"{number(row['adjusted_rand_restarts'], 2)}; a second way of grouping "
        f"{number(row['adjusted_rand_methods'], 2)})."
    )


def describe_one_unit(verdicts):
    """Whether networks with a single unit compute the same.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        Table ``functional_verdicts``.

    Returns
    -------
    str
    """
    name = "Networks with a single rectified unit (P = 1)"
    return _compare(verdicts, ONE_UNIT, name) or f"{name} were not fitted."


def describe_best(verdicts):
    """Whether the networks that predict best compute the same.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        Table ``functional_verdicts``.

    Returns
    -------
    str
    """
    name = "Networks with the best P"
    same = "The best P is the sufficient one, in every fold: the same networks."
    return _compare(verdicts, BEST, name) or same


def _compare(verdicts, networks, name):
    """What other networks find beside those with the sufficient P; empty if there are none."""
    by_name = verdicts.set_index("networks")
    if networks not in by_name.index:
        return ""
    one, chosen = by_name.loc[networks], by_name.loc[CHOSEN]
    if one["verdict"] != chosen["verdict"] or one["n_regimes"] != chosen["n_regimes"]:
        found = {"discrete": count(int(one["n_regimes"]), "regime"), "one": "one regime"}
        return (
            f"{name} compute something else: found "
            f"{found.get(one['verdict'], 'effects that are ' + one['verdict'])}."
        )
    same = one["same_as_chosen"]
    detail = f" (adjusted Rand index {number(same, 2)} on held-out trials)"
    return f"{name} find the same" + (
        f" regimes{detail}." if np.isfinite(same) else ": no regimes."
    )


def _as_read(asked):
    table = of_chosen(asked.tables["functional_regimes"])
    shown = pd.DataFrame(
        {
            "regime": table["regime"],
            "name": table["name"],
            "trials (%)": 100 * table["share"],
            "input": table["input"],
            "trials back": table["lag"],
            "on": table["option"],
            "effect (log-odds)": table["input_effect"],
            "from": table["ci_low"],
            "to": table["ci_high"],
            "lowest fold": table["input_effect_low"],
            "highest fold": table["input_effect_high"],
        }
    )
    return shown


_TWO = dict.fromkeys(
    ("effect (log-odds)", "from", "to", "lowest fold", "highest fold"), two_digits
) | {"trials (%)": lambda value: number(value, 1)}

QUESTION = Question(
    name="functional_regimes",
    section=COMPUTATION,
    title="Functional regimes",
    tables={
        "functional_one_unit": _one_unit,
        "functional_best": _best,
        "functional_regimes": _regimes,
        "functional_agreement": _agreement,
        "functional_verdicts": _verdicts,
        "effects_by_subject": _by_subject,
    },
    schema={
        "functional_regimes": Table(
            "kind of networks, functional regime and input",
            "networks regime name share input lag option input_effect ci_low ci_high n_subjects "
            "input_effect_low input_effect_high",
        ),
        "functional_agreement": Table(
            "kind of networks and number of regimes",
            "networks n_regimes n_pairs adjusted_rand adjusted_rand_low adjusted_rand_restarts "
            "adjusted_rand_methods smallest_share is_chosen",
        ),
        "functional_verdicts": Table(
            "kind of networks",
            "networks verdict n_regimes correlation correlation_low same_as_chosen",
        ),
        "effects_by_subject": Table(
            "functional regime, input and subject",
            "regime input lag option subject input_effect n_trials",
        ),
    },
    columns=EFFECT_COLUMNS
    | {
        "adjusted_rand_methods": Column("agreement of two ways to group (median)", "1"),
        "adjusted_rand_restarts": Column(
            "agreement of the number chosen with other restarts (median)", "1"
        ),
        "input_effect_high": Column("highest mean of the network of a fold", "log odds"),
        "input_effect_low": Column("lowest mean of the network of a fold", "log odds"),
        "is_chosen": Column("whether this number of regimes was chosen", dtype="bool"),
        "name": Column("what the functional regime is called, by its effects", dtype="str"),
        "same_as_chosen": Column("adjusted Rand index with regimes of the sufficient P", "1"),
        "share": Column("share of trials", "share"),
        "smallest_share": Column("trials of the rarest regime, in the fold with fewest", "share"),
    },
    answer=(
        Text(
            "number of functional regimes",
            lambda asked: describe_number(
                asked.functional.verdict, of_chosen(asked.tables["functional_agreement"])
            ),
        ),
        Text(
            "networks with the best P",
            lambda asked: describe_best(asked.tables["functional_verdicts"]),
        ),
        Text(
            "networks with one unit",
            lambda asked: describe_one_unit(asked.tables["functional_verdicts"]),
        ),
        Figure(
            "effects_by_regime",
            "What inputs do to the choice in each functional regime: bars are means over subjects, "
            "corrected by what their choices add to the networks, with 95 % intervals; dots are "
            "subjects on their held-out trials, as the networks have them. A positive effect makes "
            "the named option more likely where the input is high.",
            lambda asked: plot_effects_by_regime(
                of_chosen(asked.tables["functional_regimes"]),
                asked.tables["effects_by_subject"],
                called=asked.called,
            ),
        ),
        Shown("effects by regime", _as_read, noun="row", formats=_TWO),
        Figure(
            "functional_agreement",
            "How far the networks of two folds agree on which trials belong together, by the "
            "number of regimes: median over pairs of folds (dots) and the lowest pair (bars). "
            "Dotted: what median and lowest must reach; a ring marks the number that was chosen.",
            lambda asked: plot_functional_agreement(
                asked.tables["functional_agreement"], limits=LIMITS
            ),
        ),
    ),
    footnote=(
        UNIT_OF_INFERENCE,
        "A functional regime is a group of trials on which inputs have the same effects. The "
        "networks of all folds, with the sufficient P, are run over all trials; the number of "
        "regimes is the largest, up to 8, that they find alike.",
        "1 is identity, 0 is chance.",
    ),
)
