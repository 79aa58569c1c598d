"""What a dissection says, in sentences."""

import numpy as np
import pandas as pd

from neuroalrnn.questions.words import count, number, strong, two_digits

AFFINE = "affine"
OTHERWISE = {
    "one": "inputs do the same throughout: there is one functional regime",
    "graded": "what inputs do varies alike in all networks, but forms no groups",
    "not reproducible": "networks do not agree on what inputs do",
}
# of tables, on a page
HEADS = {
    "adjusted_rand": "adjusted Rand index, median",
    "adjusted_rand_low": "adjusted Rand index, lowest",
    "best_n_pwl": "best P",
    "best_run": "best score",
    "chosen_score": "score of the chosen restart",
    "difference": "difference (nats per trial)",
    "difference_standard_error": "standard error of the difference",
    "frequency_score": "frequency of choices (nats per trial)",
    "fresh": "drawn anew",
    "least_n_pwl": "smallest P that solves it",
    "n_functional": "functional regimes",
    "n_latent": "latents",
    "n_networks": "networks",
    "n_nonlinear": "rectifications in a step",
    "n_parameters": "parameters",
    "n_pwl": "P",
    "n_restarts": "restarts",
    "n_subjects": "held-out subjects",
    "n_train": "training trials",
    "n_train_subjects": "training subjects",
    "other_n_pwl": "largest P",
    "run_error": "standard error",
    "run_mean": "mean score",
    "run_median": "median score",
    "share_solved": "share solved",
    "step_microseconds": "time of a step (microseconds)",
    "subject_error": "standard error",
    "subject_gain": "gain over the frequency (nats per trial)",
    "subject_gain_error": "standard error of the gain",
    "subject_score": "log-likelihood (nats per trial)",
    "sufficient_n_pwl": "sufficient P",
    "training_seconds": "time of training (seconds)",
}


def headed(table):
    """A table whose columns are called by words.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    DataFrame
    """
    return table.rename(columns=HEADS)


def largest(table):
    """Rows of the largest training size."""
    return table[table["n_train"] == table["n_train"].max()]


def say_linear(found):
    """What the linear network makes of the task, and whether it was trained to its floor."""
    rows = largest(found.tables["performance"]).set_index("n_pwl")
    if 0 not in rows.index or not rows.loc[0, "n_restarts"]:
        return []
    score, floor = rows.loc[0, "run_median"], found.known["floor"]
    if rows.loc[0, "share_solved"] > 0:
        solved = round(rows.loc[0, "share_solved"] * found.dataset.sizes["restart"])
        head = strong("The linear network, P = 0, solves the task")
        return [head + f" in {_restarts(found, solved)} (median score {number(score)})."]
    text = f" (median score {number(score)}"
    text += "" if floor is None else f"; the best without the computation is {number(floor)}"
    return [strong("The linear network, P = 0, does not solve the task") + text + ")."]


def _restarts(found, n):
    return f"{n} of {count(found.dataset.sizes['restart'], 'restart')}"


def say_solved(found):
    """How many units suffice, and how often they are found."""
    rows = largest(found.tables["performance"])
    rows, chosen = rows[rows["n_pwl"] > 0], largest(found.tables["chosen"]).iloc[0]
    solving = rows[rows["share_solved"] > 0]
    n = found.dataset.sizes["restart"]
    if len(rows) and not len(solving):
        best = rows["best_run"]
        best = best.min() if found.known["measure"] == "mse" else best.max()
        said = [strong("No network with PWL units solves the task") + f" (best {number(best)})."]
    else:
        said = [
            f"With P = {row.n_pwl}, {round(row.share_solved * n)} of {n} restarts solve it "
            f"(median score {number(row.run_median)})."
            for row in solving.itertuples()
        ]
    if not pd.isna(chosen["best_n_pwl"]):
        said.append(
            f"On validation trials, P = {chosen['best_n_pwl']} has the best mean over restarts, "
            f"and P = {chosen['sufficient_n_pwl']} is the smallest that keeps 95 % of what "
            "that gains over the floor."
        )
    exact = found.known["exact_n_pwl"]
    if exact is not None:
        said.append(f"A network in closed form solves the task with P = {exact}.")
    return said


def say_efficiency(found):
    """Whether few PWL units need fewer trials than all of them."""
    table = found.tables["performance"]
    sizes = np.sort(table.loc[~table["fresh"], "n_train"].unique())
    grid = found.dataset["n_pwl"].values
    few = small_p(found)
    if not len(sizes) or few is None or few == grid[-1]:
        return []
    runs = found.tables["runs"]
    runs = runs.assign(usable=runs["test_score"].where(~runs["diverged"]))
    said = []
    for n_train in sizes:
        rows = runs[runs["n_train"] == n_train]
        wide = rows.pivot(index="restart", columns="n_pwl", values="usable")
        gap = (wide[few] - wide[grid[-1]]).dropna()
        if len(gap) < 2:
            continue
        half = 2 * gap.std(ddof=1) / np.sqrt(len(gap))
        said.append(
            f"With {n_train} trials, P = {few} minus P = {grid[-1]} is {number(gap.mean())} "
            f"(two standard errors over {len(gap)} restarts: {number(half)})."
        )
    return said


def small_p(found):
    """The sufficient P above 0 of the largest size, or the smallest P above 0."""
    above = [int(p) for p in found.dataset["n_pwl"].values if p > 0]
    if not above:
        return None
    chosen = largest(found.tables["chosen"]).iloc[0]["sufficient_n_pwl"]
    return int(chosen) if not pd.isna(chosen) and chosen > 0 else above[0]


def say_attenuation(found):
    """How far solved networks can be made linear."""
    table, runs = found.tables["attenuation"], largest(found.tables["runs"])
    solved = runs.loc[runs["solved"] & (runs["n_pwl"] > 0), ["n_pwl", "restart"]]
    table = table.merge(solved, on=["n_pwl", "restart"])
    if table.empty:
        return []
    is_low, limit = found.known["measure"] == "mse", found.known["solved"]
    kept = table["test_score"] <= limit if is_low else table["test_score"] >= limit
    by_slope = kept.groupby(table["slope_below"]).mean()
    text = ", ".join(
        f"{100 * by_slope[s]:.0f} % at {s:g}" for s in (0.01, 0.1, 1.0) if s in by_slope
    )
    return [
        f"Of {count(len(solved), 'network')} with PWL units that solve the task, so many still do "
        f"when the slope below zero is raised from 0: {text}."
    ]


def say_needed(found):
    """How many units of solved networks are needed."""
    table = found.tables["necessity"]
    told = _needed(found, table[table["replacement"] == AFFINE])
    said = []
    if told:
        said.append(
            "Number of PWL units that are needed in a network that solves the task (median): "
            f"{told}. A unit is needed if the score falls by more than 5 % of the distance from "
            "floor to ceiling when that unit alone gets its best affine activation."
        )
    told = _needed(found, found.tables.get("retraining", table.iloc[:0]))
    if told:
        said.append(
            "Number of units that are still needed when the rest of the network is trained on "
            f"without the unit: {told}. The others were used, but the network can do without them."
        )
    return said


def _needed(found, table):
    """Median number of needed units over networks that solve the task, by P."""
    runs = largest(found.tables["runs"])
    solved = runs.loc[runs["solved"], ["n_pwl", "restart"]]
    table = table.merge(solved, on=["n_pwl", "restart"])
    if table.empty or table["needed"].isna().all():
        return ""
    n = table.groupby(["n_pwl", "restart"])["needed"].sum().groupby("n_pwl").median()
    return ", ".join(f"{value:g} (P = {n_pwl})" for n_pwl, value in n.items())


def say_computed(found):
    """Whether networks that solve the task compute the same."""
    if "functional" not in found.tables:
        return []
    said, effects = [], found.tables["functional_effects"]
    for row in found.tables["functional"].itertuples():
        head = f"P = {row.n_pwl}, {count(row.n_networks, 'network')} that solve the task: "
        if row.verdict == "discrete":
            rows = effects[effects["n_pwl"] == row.n_pwl]
            parts = [_regime(each) for _, each in rows.groupby("regime")]
            agree = f"median adjusted Rand index {two_digits(row.adjusted_rand)}"
            head += strong(f"{row.n_functional} functional regimes") + f" ({agree}): "
            said.append(head + "; ".join(parts) + ".")
        else:
            said.append(head + OTHERWISE[row.verdict] + ".")
    return said


def _regime(rows):
    share = f"{100 * rows['regime_share'].iloc[0]:.0f} %"
    several = rows["output"].nunique() > 1
    each = [
        f"{row.input}{f' on output {row.output}' if several else ''} {two_digits(row.task_effect)}"
        for row in rows.itertuples()
    ]
    return f"in {share}: " + ", ".join(each)


def say_primitives(found):
    """Which primitives are detected in one network of each P."""
    if "primitives" not in found.tables:
        return []
    table = found.tables["primitives"]
    return [
        f"P = {n_pwl}: "
        + ", ".join(
            f"{row.primitive} ({row.target}) {'detected' if row.detected else 'not detected'}"
            for row in rows.itertuples()
        )
        + "."
        for n_pwl, rows in table.groupby("n_pwl")
    ]
