"""Tidy tables of a dissection."""

import json

import numpy as np
import pandas as pd

from neuroalrnn.config.defaults import LOSS
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.results.tables import FILES, columns_of, conform
from neuroalrnn.stats import best_and_sufficient

# the only measure of which a low value is good
LOW = "mse"
KEYS = ["n_train", "n_pwl", "restart"]


def make_tables(dissection):
    """All tables of a dissection by name.

    Parameters
    ----------
    dissection : Dissection

    Returns
    -------
    dict of str to pandas.DataFrame
    """
    runs = _runs(dissection)
    summary = _summarise(dissection, runs)
    made = {
        "runs": runs,
        "performance": summary,
        "chosen": _choose(dissection, runs, summary),
        "learning": _learning(dissection),
        "attenuation": _attenuation(dissection),
        "necessity": _necessity(dissection),
        "cost": _cost(dissection),
    }
    if "retrained" in dissection.dataset:
        made["retraining"] = _costs(dissection, "retrained", "trained_on")
    computing = json.loads(dissection.dataset.attrs.get("computing", "{}"))
    made |= {name: pd.DataFrame(rows) for name, rows in computing.items() if rows}
    if "peer_score" in dissection.dataset:
        made["peers"] = _peers(dissection)
    return {name: in_order(name, table) for name, table in made.items()}


def in_order(name, table):
    """A table with the columns and dtypes of its schema, and no others.

    Parameters
    ----------
    name : str
    table : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
    """
    described = FILES[f"{name}.csv"]
    return conform(name, table[list(columns_of(described))], described)


def is_low(dissection):
    """Whether a low value of the main measure is good."""
    return dissection.known["measure"] == LOW


def _main_scores(dissection, names):
    """Variables with the main score, by row, and whether that is fresh and solves the task."""
    kept = dissection.dataset[list(names)].rename(names)
    kept = kept.sel(measure=dissection.known["measure"]).drop_vars("measure")
    frame = kept.to_dataframe().reset_index()
    solved, score = dissection.known["solved"], frame["test_score"]
    is_good = score <= solved if is_low(dissection) else score >= solved
    last = frame["n_train"] == int(dissection.dataset["n_train"][-1])
    return frame.assign(solved=~frame["diverged"] & is_good, fresh=dissection.asked["fresh"] & last)


def _peers(dissection):
    """One row per gated network."""
    names = {f"peer_{name}": name for name in ("validation_score", "diverged")}
    names |= {"peer_score": "test_score", "peer_parameters": "n_parameters"}
    return _main_scores(dissection, names)


def _runs(dissection):
    """One row per network."""
    dataset = dissection.dataset
    same = {name: name for name in ("validation_score", "diverged")}
    frame = _main_scores(dissection, {"score": "test_score"} | same)
    curve = dataset["validation_curve"]
    best = curve.fillna(-np.inf).argmax("check") + 1
    frame["n_updates"] = best.values.ravel() * dissection.asked["setting"]["check_every"]
    for name in ("n_used", "effective_n_pwl"):
        last = dataset[name].expand_dims(n_train=dataset["n_train"][-1:])
        frame[name] = last.reindex(n_train=dataset["n_train"]).transpose(*KEYS).values.ravel()
    return frame


def _summarise(dissection, runs):
    """One row per training size and P."""
    ascending = is_low(dissection)
    rows = []
    for (n_train, n_pwl), group in runs.groupby(["n_train", "n_pwl"]):
        usable = group.loc[~group["diverged"], "test_score"]
        best = usable.min() if ascending else usable.max()
        rows.append(
            {
                "n_train": n_train,
                "fresh": bool(group["fresh"].iloc[0]),
                "n_pwl": n_pwl,
                "n_restarts": len(usable),
                "run_mean": usable.mean(),
                "run_error": usable.std(ddof=1) / np.sqrt(len(usable)),
                "run_median": usable.median(),
                "best_run": best,
                "chosen_score": _of_chosen(dissection, group),
                "share_solved": group["solved"].mean(),
                "floor": dissection.known["floor"],
                "ceiling": dissection.known["ceiling"],
            }
        )
    return pd.DataFrame(rows)


def _of_chosen(dissection, group):
    """Test score of the restart that validation trials prefer."""
    curve = dissection.dataset["validation_curve"].sel(
        n_train=group["n_train"].iloc[0], n_pwl=group["n_pwl"].iloc[0]
    )
    best = np.where(group["diverged"], -np.inf, curve.fillna(-np.inf).max("check"))
    return group["test_score"].iloc[int(np.argmax(best))]


def _choose(dissection, runs, summary):
    """Best and sufficient P of every training size."""
    sign, rows = (-1 if is_low(dissection) else 1), []
    floor = dissection.known["floor"]
    for n_train, group in runs.groupby("n_train"):
        lost = sign * (np.nan if floor is None else floor)
        worth = (sign * group["validation_score"]).where(~group["diverged"], lost)
        table = group.assign(worth=worth).pivot(index="n_pwl", columns="restart", values="worth")
        try:
            found = best_and_sufficient(
                table, table.index.to_numpy(), np.full(table.shape[1], lost), LOSS
            )
            best, sufficient = int(table.index[found.best]), int(table.index[found.index])
        except NotTestableError:
            best = sufficient = pd.NA
        solving = summary.loc[(summary["n_train"] == n_train) & (summary["share_solved"] > 0)]
        rows.append(
            {
                "n_train": n_train,
                "best_n_pwl": best,
                "sufficient_n_pwl": sufficient,
                "least_n_pwl": solving["n_pwl"].min() if len(solving) else pd.NA,
            }
        )
    whole = dict.fromkeys(("best_n_pwl", "sufficient_n_pwl", "least_n_pwl"), "Int64")
    return pd.DataFrame(rows).astype(whole)


def _learning(dissection):
    """One row per network and check."""
    names = ["train_curve", "validation_curve"]
    frame = dissection.dataset[names].to_dataframe().dropna(how="all").reset_index()
    frame["n_updates"] = (frame["check"] + 1) * dissection.asked["setting"]["check_every"]
    frame = frame.rename(columns={"train_curve": "training_curve"})
    return frame[[*KEYS, "n_updates", "training_curve", "validation_curve"]]


def _attenuation(dissection):
    """One row per network of the largest training size and slope."""
    frame = dissection.dataset["attenuated"].rename("test_score").to_dataframe()
    frame = frame.dropna().reset_index().rename(columns={"slope": "slope_below"})
    return frame[["n_pwl", "restart", "slope_below", "test_score"]]


def _necessity(dissection):
    """One row per PWL unit and replacement, of networks of the largest training size."""
    return _costs(dissection, "replaced", "intact")


def _costs(dissection, without, intact):
    """What the loss of each PWL unit costs, against the intact network."""
    dataset = dissection.dataset
    frame = dataset[without].rename("test_score").to_dataframe().dropna().reset_index()
    intact = dataset[intact].to_series().rename("intact_score")
    frame = frame.join(intact, on=["n_pwl", "restart"])
    sign, span = (-1 if is_low(dissection) else 1), _span(dissection)
    loss = sign * (frame["intact_score"] - frame["test_score"])
    frame = frame.assign(score_cost=loss, needed=loss > LOSS * span if span else pd.NA)
    return frame.astype({"needed": "boolean"})


def _span(dissection):
    """What there is to explain: from the floor to the ceiling."""
    floor, ceiling = dissection.known["floor"], dissection.known["ceiling"]
    known = floor is not None and ceiling is not None and ceiling != floor
    return abs(ceiling - floor) if known else None


def _cost(dissection):
    """One row per P: what a step of a network costs, and what training took."""
    dataset, setting = dissection.dataset, dissection.asked["setting"]
    n_latent, n_features = setting["n_latent"], dataset.sizes["feature"]
    n_outputs, grid = dataset.sizes["output"], dataset["n_pwl"].values
    free = setting["convention"] == "free"
    own = n_latent**2 + n_latent * (n_features + 2) + n_outputs * (n_latent + 1)
    return pd.DataFrame(
        {
            "n_pwl": grid,
            "n_parameters": [own + (n_latent if free else int(p)) for p in grid],
            "n_nonlinear": grid,
            "step_microseconds": 1e6 * dataset["step_seconds"].values,
            "training_seconds": dataset["seconds"].sum(["n_train", "restart"]).values,
        }
    )
