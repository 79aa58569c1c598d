"""What a reader must hear of labels that nobody learnt, and of scores that cannot be right."""

import numpy as np

from neuroalrnn.data.level import count_choices, floor_of
from neuroalrnn.data.schema import scored_trials

# nats per trial below guessing, from which a score says that something is wrong
FAR = 5.0
ROUNDING = 1e-9
N_SHOWN = 5


def unseen_labels(trials, folds):
    """Name the labels that a fold is tested on, and that none of its training subjects chose.

    Parameters
    ----------
    trials : xarray.Dataset
    folds : sequence of Split

    Returns
    -------
    list of str
        One sentence per fold and label: who chose it how often, and what is made of it.
    """
    scored, code = scored_trials(trials), trials["choice"].values
    subject = trials["subject"].values.astype(str)
    found = []
    for fold in folds:
        counts = count_choices(trials, fold.train[scored[fold.train]])
        test = fold.test[scored[fold.test]]
        for label in np.flatnonzero(counts == 0):
            rows = test[code[test] == label]
            if len(rows):
                name = str(trials["choice"].attrs["labels"][label])
                found.append(
                    f"choice {name!r}: no training subject of {fold.name} chose it, and "
                    f"{', '.join(np.unique(subject[rows]))} did, on {len(rows)} of {len(test)} "
                    "scored trials held out there. No model can learn it: all give it at least "
                    f"the probability of class frequency, {np.exp(floor_of(counts)):.2g}. Leave "
                    "it out, join it with another choice, or hold out sessions instead"
                )
    return found


def doubtful_scores(scores, n_options):
    """Name held-out scores that no sound model of these data has.

    Parameters
    ----------
    scores : xarray.Dataset
        See `neuroalrnn.study.assemble.score`.
    n_options : int

    Returns
    -------
    list of str
        One sentence per model and column: the subjects, worst first, whose log-likelihood is not a
        finite number, above 0 (of choices), or more than 5 nats per trial below guessing.
    """
    guess, subjects = -np.log(n_options), scores["subject"].values.astype(str)
    found = []
    for name in [str(each) for each in scores.data_vars if "log_likelihood" in str(each)]:
        for model in scores["model"].values:
            values = scores[name].sel(model=model).values
            wrong = ~np.isfinite(values)
            if name == "log_likelihood":
                wrong |= ~((values >= guess - FAR) & (values <= ROUNDING))
            elif wrong.all():  # a model of choices alone
                continue
            if wrong.any():
                found.append(_doubt(f"{model}, {name}", values[wrong], subjects[wrong], guess))
    return found


def _doubt(what, values, subjects, guess):
    order = np.argsort(np.nan_to_num(values, nan=-np.inf))
    shown = ", ".join(f"{subjects[k]} {values[k]:.4g}" for k in order[:N_SHOWN])
    more = f" and {len(order) - N_SHOWN} more" if len(order) > N_SHOWN else ""
    return (
        f"{what}: {shown}{more} nats per trial held out, where guessing gives {guess:.3f}: these "
        "scores, and means over them, say nothing of behaviour. Look at the units and far values "
        "of what these subjects' inputs hold, and at learning_rate"
    )


def unexplained(chosen, plan):
    """Name the folds in which nothing says how much is explained, or nothing is.

    Parameters
    ----------
    chosen : list of Chosen
        Per fold.
    plan : Plan

    Returns
    -------
    list of str
    """
    gain = np.array([each.table["score"].max() - each.floor.mean() for each in chosen])
    names = np.array([part.name for part in plan.folds])
    nothing, unknown = gain <= 0, ~np.isfinite(gain)
    by_share, found = not isinstance(plan.sufficient, str), []
    if nothing.any():
        rest = ", and the smallest P that was fitted is the sufficient one" if by_share else ""
        found.append(
            f"{', '.join(names[nothing])}: no network predicts validation subjects better than the "
            f"frequency of choices does: nothing is explained{rest}"
        )
    if unknown.any():
        rest = ", and the best P is the sufficient one" if by_share else ""
        found.append(
            f"{', '.join(names[unknown])}: the frequency of choices has no score on validation "
            f"subjects: how much is explained is not known{rest}"
        )
    return found


def lost_values(lost, plan):
    """Name the values of ``n_pwl`` that were left out because all their restarts diverged.

    Parameters
    ----------
    lost : bool array, shape (fold, n_pwl)
    plan : Plan

    Returns
    -------
    list of str
    """
    names = np.array([part.name for part in plan.folds])
    return [
        f"n_pwl = {n_pwl}: every restart diverged in {', '.join(names[lost[:, k]])}; it is left "
        "out of the choice there, and of the scores. Lower learning_rate or clip_norm, or add "
        "restarts"
        for k, n_pwl in enumerate(plan.grid)
        if lost[:, k].any()
    ]
