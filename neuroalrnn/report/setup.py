"""The first section: what was fitted, to what, and how."""

import json

import numpy as np
import pandas as pd
from markupsafe import Markup

from neuroalrnn.data.cautions import unscored_reasons
from neuroalrnn.questions.n_pwl import describe_choice_of_n_pwl
from neuroalrnn.questions.words import PLURALS, code, count, joined, listed, number, strong
from neuroalrnn.report.markup import (
    bullets,
    collapsed,
    facts,
    heading,
    paragraph,
    table,
    together,
)

MODEL = Markup(
    "An Almost-Linear RNN (AL-RNN) was fitted to {explained}: a recurrent network in which only P "
    "of the M latents are rectified. Which of these P units are on decides which linear map moves "
    "the latents on; each such pattern is a <em>regime</em>, and a change of pattern a "
    "<em>switch</em>. With P = 0 the network is linear and has one regime. <strong>Whole groups of "
    "subjects or sessions were held out, and everything below is about held-out trials.</strong>"
)


def introduce(fit):
    """What the model is, in a paragraph.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    markupsafe.Markup
    """
    explained = " and ".join(PLURALS.get(name, name) for name in fit.explained)
    return paragraph(MODEL.format(explained=explained))


def describe_setup(fit, tables, gallery):
    """Data, cross-validation, network and leakage audit as HTML.

    Parameters
    ----------
    fit : Fit
    tables : dict of str -> pandas.DataFrame
        Those of `neuroalrnn.questions.analyse`; ``effective_n_pwl`` is shown.
    gallery : Gallery

    Returns
    -------
    str
    """
    makers = {
        "Data": lambda: facts(_data_rows(fit)),
        "Cross-validation and training": lambda: facts(_fit_rows(fit)),
        "Folds": lambda: _folds(fit, tables["effective_n_pwl"]),
        "When inputs can act": lambda: _inputs(fit),
        "Leakage": lambda: _leakage(fit),
        "Diverged restarts": lambda: paragraph(_diverged(fit)),
    }
    return together(
        heading(title) + gallery.part(title.lower(), make) for title, make in makers.items()
    )


def scored(fit):
    """Which trials count in a score, shape (trial,)."""
    return np.isfinite(fit.predictions["log_likelihood"].values).any(axis=0)


def _data_rows(fit):
    trials = fit.trials
    subject = trials["subject"].values.astype(str)
    sessions = {*zip(subject, trials["session"].values.astype(str), strict=True)}
    n_scored = int(scored(fit).sum())
    named = [
        (name.capitalize(), str(trials.attrs[name]))
        for name in ("task", "species", "citation", "source", "licence")
        if trials.attrs.get(name)
    ]
    return [
        *named,
        ("Subjects", f"{len(np.unique(subject)):,}"),
        ("Sessions", f"{len(sessions):,}"),
        ("Trials", f"{len(subject):,}"),
        ("Scored trials", f"{n_scored:,}"),
        ("Trials not scored", _unscored(trials, len(subject) - n_scored)),
        *_missing(fit),
        *_gaps(fit),
        ("Choices", listed(trials["choice"].attrs["labels"])),
    ]


def _unscored(trials, n_unscored):
    reasons = unscored_reasons(trials)
    told = listed([f"{reason}: {n:,}" for reason, n in reasons.items()])
    text = f"{n_unscored:,}" + (f" ({told})" if told else "")
    total = sum(reasons.values())
    if total != n_unscored:
        text += f". The reasons that the dataset states add up to {total:,}"
    return text


def _fit_rows(fit):
    config, encoding = fit.config, fit.encoding
    tried = _alternatives(fit)
    setting = listed(f"{k} {value}" for k, value in config["setting"].items() if k not in tried[0])
    steps = f"{encoding.get('step', 'trial')}: {listed(config['steps'], 8)}"
    inner = f"{config['n_inner']} per fold, of training groups only: they decide how long to train,"
    return [
        ("Splitter", code(config["splitter"])),
        ("Folds", str(fit.parameters.sizes["fold"])),
        ("Inner parts", f"{inner} which restart to keep, and which P is best and which sufficient"),
        ("Restarts", f"{config['n_restarts']} per P and fold"),
        ("Seed", str(config["random_state"])),
        ("P", describe_choice_of_n_pwl(fit)),
        ("Latents M", str(fit.parameters.sizes["latent"])),
        ("Setting", setting),
        *_tried(tried),
        ("Steps", steps),
        ("State starts anew at a", str(encoding.get("carry", "session"))),
    ]


def _alternatives(fit):
    """Values of the hyperparameters that were chosen inside each fold, one dict per combination."""
    return fit.config.get("alternatives", [{}])


def _tried(alternatives):
    values = [
        f"{name} {listed(dict.fromkeys(one[name] for one in alternatives))}"
        for name in alternatives[0]
    ]
    return [("Chosen inside each fold", "; ".join(values))] if values else []


def _folds(fit, effective_n_pwl):
    selection, rows, tried = fit.selection, [], _alternatives(fit)
    effective = effective_n_pwl.set_index("fold")["effective_n_pwl"]
    subject, fold = fit.trials["subject"].values.astype(str), fit.splits["fold"].values
    for index, name in enumerate(fit.parameters["fold"].values):
        chosen = int(selection["n_pwl_chosen"].values[index])
        one = selection.isel(fold=index).sel(n_pwl=chosen)
        restart = int(one["restart"])
        members = np.unique(subject[fold == index])
        rows.append(
            {
                "fold": str(name),
                "test subjects": len(members),
                "test trials scored": int((scored(fit) & (fold == index)).sum()),
                "best P": int(selection["n_pwl_best"].values[index]),
                "sufficient P": chosen,
                "effective P": int(effective[name]),
                **(tried[int(one["setting"])] if tried[0] else {}),
                "restart": restart,
                "updates": int(one["n_updates"].values[restart]),
                "validation (nats/trial)": float(one["validation_score"].values[restart]),
                "names": listed(members),
            }
        )
    return collapsed(table(pd.DataFrame(rows)), len(rows), "fold")


def _inputs(fit):
    """When inputs act on choices: steps in between, and what a default chose."""
    distance = fit.config["steps_to_choice"]
    default = fit.trials.attrs.get("default_encoding", "")
    chosen = paragraph(joined([strong("Chosen by default."), default])) if default else Markup()
    if not distance:
        return chosen + paragraph("The network has no inputs beside the markers of events.")
    rows = {"input": list(distance), "steps to the first choice reached": list(distance.values())}
    # fits saved by older versions know no more
    if (then := fit.config.get("steps_to_next_choice")) is not None:
        rows = {
            "input": list(distance),
            "steps to the choice of its own trial": [
                "known only after it" if steps == then.get(name) else steps
                for name, steps in distance.items()
            ],
            "steps to the choice of the next trial": [then.get(n, "state anew") for n in distance],
        }
    told = paragraph(
        "An input acts nonlinearly on a choice, and together with other inputs (gated, "
        "multiplied), only by way of steps that lie between the two: the rectification of PWL "
        "units acts on the latents of the step before."
    )
    return chosen + told + table(pd.DataFrame(rows)) + paragraph(*_linear_inputs(distance))


def _linear_inputs(distance):
    """Text on the inputs that reach a choice only linearly, and its class."""
    linear = [name for name, steps in distance.items() if steps == 0]
    if not linear:
        text = "At least one step lies between every input and the choice: PWL units act on all."
        return (text,)
    these = "this input reaches" if len(linear) == 1 else "these inputs reach"
    return (
        f"{listed(linear)}: no step lies between input and choice, so {these} the choice "
        "only linearly, whatever P is. A rule that gates such an input cannot be learnt.",
        "alarm",
    )


def _gaps(fit):
    count = fit.config.get("n_gaps", 0)
    over = fit.encoding.get("lag_over_gaps", False)
    do = "lags reach over them, as asked" if over else "lags are 0 after them, states go on"
    return [("Gaps in trial numbers", f"{count:,} ({do})")] if count else []


def _missing(fit):
    trials = fit.trials
    counts = {n: int(trials[n].isnull().sum()) for n in fit.encoding["inputs"]}
    told = [f"{name} on {count:,} trials" for name, count in counts.items() if count]
    return [("Missing values, read as 0", listed(told))] if told else []


def _leakage(fit):
    note = str(fit.splits.attrs.get("audit", "not done"))
    if found := alarms(fit):
        return paragraph(found[0], "alarm")
    if "nothing to compare" in note:
        return paragraph(f"Audit: {note}.")
    clean = "no test subject shares a whole stimulus sequence with training subjects"
    return paragraph(f"Audit: {note}; {clean}.")


def alarms(fit):
    """Sentences about the split that a reader must hear before any number, as HTML.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    list of str
    """
    shared = json.loads(fit.splits.attrs.get("shared", "[]"))
    if not shared:
        return []
    note = str(fit.splits.attrs.get("audit", "not done"))
    subjects = sorted({str(row["subject"]) for row in shared})
    verdict = f"{count(len(subjects), 'test subject')} saw a stimulus sequence that training"
    remedy = "A recurrent network can memorise it, so that the scores below may be too good. Split"
    return [
        strong(f"{verdict} subjects saw too")
        + f" ({listed(subjects, 12)}; {note}). {remedy} with "
        + code("StimulusSequenceOut")
        + "."
    ]


def _diverged(fit):
    lost = fit.selection["diverged"]
    names = [
        f"P = {lost['n_pwl'].values[p]}, fold {lost['fold'].values[f]}, restart {r}"
        for p, f, r in np.argwhere(lost.transpose("n_pwl", "fold", "restart_id").values)
    ]
    if not names:
        return f"None of {lost.size} restarts diverged."
    lost = f"{len(names)} of {lost.size} restarts diverged and were never chosen"
    return strong(lost) + f": {listed(names)}."


def describe_provenance(fit):
    """Where the file came from, as HTML."""
    known = fit.provenance
    rows = [
        ("Created", str(known.get("created", ""))),
        ("Time taken", f"{number(known.get('seconds'), 0)} s"),
        ("Dataset, SHA-256", code(str(known.get("dataset_sha256", "")))),
        ("Engine", str(known.get("backend", ""))),
        ("Precision, device", f"{known.get('dtype', '')}, {known.get('device', '')}"),
        ("neuroalrnn", str(known.get("neuroalrnn", ""))),
        ("Python", str(known.get("python", ""))),
        ("Libraries", listed(f"{k} {v}" for k, v in known.get("versions", {}).items())),
        ("Commit", str(known.get("git_commit", "")) or "installed package"),
    ]
    return facts(rows)


def dataset_notes(fit):
    """Remarks of the dataset and how its table was read, as a list."""
    attrs = fit.trials.attrs
    notes = json.loads(attrs.get("notes", "[]")) + json.loads(attrs.get("reading", "[]"))
    return bullets([str(note) for note in notes])
