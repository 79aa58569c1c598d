"""What the page about dissected trials of subjects shows and says."""

import json
from functools import partial

import numpy as np

from neuroalrnn.dissect._subject_tables import FREQUENCY
from neuroalrnn.dissect._words import headed
from neuroalrnn.plots import dissection as plots
from neuroalrnn.plots.style import CONTROL, style
from neuroalrnn.questions.words import number, strong
from neuroalrnn.report.markup import bullets, facts, footnote, table

UNIT = "nats per trial"


def subject_figures(found):
    """How the figure of every number of latents is drawn, by name.

    Parameters
    ----------
    found : Dissection

    Returns
    -------
    dict of str to callable
    """
    scores = found.tables["subject_performance"]
    return {f"subjects_{m}_latents": partial(_draw, rows) for m, rows in scores.groupby("n_latent")}


def _draw(rows):
    names = {"n_train_subjects": "n_train", "subject_score": "run_mean"}
    drawn = rows.rename(columns=names | {"subject_error": "run_error"})
    drawn = drawn.assign(fresh=False, floor=np.nan, ceiling=np.nan)
    ax = plots.plot_sample_efficiency(drawn, sorted(rows["n_pwl"].unique()), UNIT)
    # other training subjects, other frequencies
    floor = rows.groupby("n_train_subjects")["frequency_score"].first()
    ax.plot(floor.index, floor, ":", color=CONTROL, marker=".", lw=0.8, label=FREQUENCY)
    ax.set_xticks(floor.index, floor.index)
    ax.minorticks_off()
    ax.set_xlabel("Training subjects")
    ax.set_ylabel(f"Held-out log-likelihood ({UNIT})")
    with style():
        ax.legend(loc="best")
    return ax


def subject_sections(found, figures):
    """Parts of the page by short and long title.

    Parameters
    ----------
    found : Dissection
    figures : dict of str to markup

    Returns
    -------
    dict of (str, str) to list
    """
    tables = found.tables
    small_print = (
        "Means over held-out subjects with their standard errors, of the restart that validation "
        "subjects prefer. The dotted line is the frequency of choices among training subjects: no "
        "ceiling is known. Subjects of smaller training sets are among those of larger ones."
    )
    return {
        ("short", "In short"): [
            bullets(say_subjects(found)), *figures.values(), footnote(small_print),
        ],
        ("asked", "What was asked"): [facts(_facts(found))],
        ("scores", "Scores"): [
            table(headed(tables["subject_performance"])),
            table(headed(tables["subject_chosen"].astype(str))),
        ],
        ("contrasts", "Fewer PWL units against the most"): [
            table(headed(tables["subject_contrasts"])),
        ],
    }  # fmt: skip


def say_subjects(found):
    """What P is worth, for every number of latents and training subjects.

    Parameters
    ----------
    found : Dissection

    Returns
    -------
    list of str
    """
    chosen, said = found.tables["subject_chosen"], []
    for (m, n), rows in found.tables["subject_contrasts"].groupby(["n_latent", "n_train_subjects"]):
        at = chosen[(chosen["n_latent"] == m) & (chosen["n_train_subjects"] == n)].iloc[0]
        head = strong(f"{m} latents, {n} training subjects: P = {at['sufficient_n_pwl']} suffices")
        gaps = [
            f"P = {row.n_pwl} minus P = {row.other_n_pwl} is {number(row.difference)} "
            f"(standard error {number(row.difference_standard_error)})"
            for row in rows.itertuples()
        ]
        text = f" in most folds, and P = {at['best_n_pwl']} is best. On {rows['n_subjects'].max()} "
        said.append(head + text + f"held-out subjects, {'; '.join(gaps)} {UNIT}.")
    return said


def _facts(found):
    asked = json.loads(found.dataset.attrs["asked"])
    setting, dataset = asked["setting"], found.dataset
    return [
        ("trials", found.dataset.attrs["task"]),
        ("latents", ", ".join(map(str, dataset["n_latent"].values))),
        ("PWL units", ", ".join(map(str, dataset["n_pwl"].values))),
        ("training subjects", ", ".join(map(str, dataset["n_train"].values))),
        ("held out", f"{asked['cv']}, {asked['n_folds']} folds"),
        ("restarts", str(asked["n_restarts"])),
        ("inner validation parts", str(asked["n_inner"])),
        ("training", f"at most {setting['max_checks'] * setting['check_every']:,} updates of "
         f"{setting['batch_size']} sequences, learning rate {setting['learning_rate']:g}"),
        ("seed", str(asked["random_state"])),
    ]  # fmt: skip
