"""The page about a dissection, its figures and its tables."""

import json
from functools import partial
from os import PathLike
from pathlib import Path

from neuroalrnn.dissect import _words
from neuroalrnn.dissect._subject_page import subject_figures, subject_sections
from neuroalrnn.plots import dissection as plots
from neuroalrnn.plots.style import save_figure
from neuroalrnn.questions.question import Section
from neuroalrnn.report.markup import Drawn, bullets, facts, footnote, paragraph, table, together
from neuroalrnn.report.page import build_page
from neuroalrnn.results.tables import save_table
from neuroalrnn.store import replacing

PAGE = "report.html"
KINDS = ("svg", "pdf", "png")
# captions
FIGURES = {
    "performance": "Test scores against the number of PWL units: restarts, median, floor, ceiling.",
    "sample_efficiency": "Mean test score over restarts, with its standard error.",
    "attenuation": "Scores while all PWL units become linear; bold lines are medians.",
    "necessity": "What the score loses when one PWL unit gets its best affine activation.",
    "retraining": "What the score loses when the network is trained on without one PWL unit, "
    "against the intact one trained on as long.",
    "learning": "Log-likelihood of validation trials for each scored step (of squared errors, "
    "minus half the error), one line for each restart.",
}

BY_SUBJECTS = (
    "Held-out log-likelihood against the number of training subjects, by P: means over subjects "
    "with standard errors; dotted, the frequency of choices."
)


def dissection_files():
    """Files of a report, inside its folder, as patterns."""
    names = (*FIGURES, "subjects_*_latents")
    return (PAGE, "tables/*.csv", *(f"figures/{n}.{kind}" for n in names for kind in KINDS))


def write_dissection(found, out: str | PathLike) -> Path:
    """Write what a dissection found as ``report.html``, ``figures/`` and ``tables/``.

    Parameters
    ----------
    found : Dissection
        A finished dissection.
    out : path-like
        Folder, made where it is missing.

    Returns
    -------
    pathlib.Path
        The page, which needs no other file.
    """
    with replacing(out, dissection_files()) as new:
        for folder in ("figures", "tables"):
            (new / folder).mkdir()
        for name, each in found.tables.items():
            save_table(each, new / "tables", f"{name}.csv")
        makers = subject_figures(found) if found.is_of_subjects else _figures(found)
        figures = {name: _draw(name, make, new) for name, make in makers.items()}
        made = f"Dissected {found.dataset.attrs['created']} by neuroalrnn "
        made += found.dataset.attrs["neuroalrnn"]
        title = f"Dissection: {found.dataset.attrs['task']}"
        heard = json.loads(found.dataset.attrs.get("cautions", "[]"))
        text = build_page(title, made, [], heard, _sections(found, figures))
        (new / PAGE).write_text(text, "utf-8")
    return Path(out) / PAGE


def _figures(found):
    """How every figure that has something to show is drawn."""
    tables, measure = found.tables, found.known["measure"]
    runs, performance = _words.largest(tables["runs"]), _words.largest(tables["performance"])
    makers = {
        "performance": partial(
            plots.plot_dissection_panels, runs, performance, measure,
            found.asked["setting"]["n_latent"],
        ),
        "learning": partial(plots.plot_task_learning, _words.largest(tables["learning"])),
        "attenuation": partial(plots.plot_attenuation, tables["attenuation"], measure),
    }  # fmt: skip
    if found.dataset.sizes["n_train"] > 1:
        makers["sample_efficiency"] = partial(
            plots.plot_sample_efficiency, tables["performance"], _drawn_p(found), measure,
            tables.get("peers"),
        )  # fmt: skip
    needed = tables["necessity"]
    needed = needed[needed["replacement"] == _words.AFFINE]
    if len(needed):
        makers["necessity"] = partial(_draw_needed, needed, measure)
    if len(again := tables.get("retraining", needed.iloc[:0])):
        makers["retraining"] = partial(_draw_needed, again, measure)
    return makers


def _draw_needed(rows, measure):
    ax = plots.plot_needed_units(rows)
    ax.set_ylabel(f"Loss of test score ({measure})")
    return ax


def _drawn_p(found):
    """P = 0, few and all PWL units."""
    grid = [int(p) for p in found.dataset["n_pwl"].values]
    few = _words.small_p(found)
    return sorted({grid[0], grid[-1], *([] if few is None else [few])})


def _draw(name, make, new):
    drawn = make()
    figure = getattr(drawn, "figure", None) or drawn
    paths = save_figure(figure, new / "figures", name)
    caption = FIGURES.get(name, BY_SUBJECTS)
    return Drawn(name, figure.get_figwidth(), paths["svg"]).shown(caption)


def _sections(found, figures):
    """The sections of the page in order."""
    if found.is_of_subjects:
        return _laid_out(subject_sections(found, figures))
    tables = found.tables
    performance = tables["performance"].drop(columns=["floor", "ceiling"])
    performance["fresh"] = performance["fresh"].map({True: "yes", False: "no"})
    bodies = {
        ("short", "In short"): [bullets(_in_short(found)), figures["performance"]],
        ("asked", "What was asked"): [facts(_facts(found))],
        ("scores", "Scores"): [
            table(_words.headed(performance)),
            table(_words.headed(tables["chosen"].astype(str))),
            *_peers(tables),
        ],
        ("efficiency", "Fewer trials"): _efficiency(found, figures),
        ("apart", "Networks taken apart"): _apart(found, figures),
        ("computed", "What inputs do"): _computed(found),
        ("cost", "What a step costs"): [table(_words.headed(tables["cost"]))],
        ("learning", "Learning curves"): [figures["learning"]],
    }
    return _laid_out(bodies)


def _laid_out(bodies):
    return [(Section(*head), together(parts)) for head, parts in bodies.items() if parts]


def _peers(tables):
    """Gated networks, means over restarts."""
    if "peers" not in tables:
        return []
    rows = tables["peers"].groupby(["n_train", "model"], sort=False)
    means = rows.agg(
        run_mean=("test_score", "mean"), share_solved=("solved", "mean"),
        n_parameters=("n_parameters", "first"),
    )  # fmt: skip
    return [table(_words.headed(means.reset_index()))]


def _in_short(found):
    return [
        *_words.say_linear(found),
        *_words.say_solved(found),
        *_words.say_attenuation(found),
        *_words.say_needed(found),
    ]


def _efficiency(found, figures):
    if "sample_efficiency" not in figures:
        return [paragraph("All networks were trained on as many trials: there is nothing to show.")]
    small_print = "Restarts are starts of training on the same trials, not samples of trials."
    said = bullets(_words.say_efficiency(found))
    return [said, figures["sample_efficiency"], footnote(small_print)]


def _apart(found, figures):
    names = ("attenuation", "necessity", "retraining")
    shown = [figures[name] for name in names if name in figures]
    small_print = (
        "Where nothing is trained again, a unit whose loss costs nothing may still have been used: "
        "others may carry the same. "
    )
    if "retraining" in figures:
        small_print += (
            "Networks that are trained on without a unit are those that validation trials prefer."
        )
    return [*shown, footnote(small_print)]


def _computed(found):
    """Effects of inputs, their regimes, and primitives."""
    said = _words.say_computed(found)
    if not said:
        return []
    small_print = (
        "An effect is half of what an input changes in the next answer when it is set to one "
        "standard deviation above its mean, and below; of decisions it is in log-odds. Trials, or "
        "steps where each counts alone, with the same effects are one functional regime, if all "
        "networks that solve the task group them alike."
    )
    regimes = table(_words.headed(found.tables["functional"]))
    shown = [bullets(said), regimes, footnote(small_print)]
    if "primitives" in found.tables:
        small_print = (
            "Of each P, the network that validation trials prefer. A primitive is detected if it "
            "exceeds random networks and permuted labels, and an intervention undoes it; with 19 "
            "of each, p = .05 is the smallest there is, and several are looked for."
        )
        shown += [bullets(_words.say_primitives(found)), footnote(small_print)]
    return shown


def _facts(found):
    asked, setting = found.asked, found.asked["setting"]
    source, known = asked["source"], found.known
    parameters = ", ".join(f"{name} = {each}" for name, each in source["parameters"].items())
    sizes = [str(each) for each in asked["n_train"]]
    sizes += ["fresh trials at every update"] if asked["fresh"] else []
    n_updates = setting["max_checks"] * setting["check_every"]
    return [
        ("task", source["name"]),
        ("parameters", parameters or "defaults"),
        ("score", f"{known['measure']}; solved: {known['solved']:g}"),
        ("networks", f"{setting['n_latent']} latents, P = {', '.join(map(str, asked['grid']))}"),
        ("restarts", str(asked["n_restarts"])),
        ("training trials", ", ".join(sizes)),
        ("training", f"at most {n_updates:,} updates of {setting['batch_size']} trials, learning "
         f"rate {setting['learning_rate']:g}, start {setting['initialisation']!r}"),
        ("validation, test", f"{asked['n_validation']} and {asked['n_test']} trials"),
        ("seed", str(source["random_state"])),
    ]  # fmt: skip
