"""Write the report: one HTML page, the figures and the tables."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from os import PathLike
from pathlib import Path

from markupsafe import Markup

from neuroalrnn.arguments import not_flag, not_path, refuse
from neuroalrnn.data.load_report import tell_load
from neuroalrnn.exceptions import DataError, ResultError
from neuroalrnn.plots.second import SecondProcess
from neuroalrnn.questions import QUESTIONS, Question
from neuroalrnn.questions.analyse import answer_all, ask
from neuroalrnn.questions.words import count
from neuroalrnn.report.markup import Gallery
from neuroalrnn.report.notes import all_missing
from neuroalrnn.report.page import build_page, build_sections
from neuroalrnn.report.setup import alarms
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import require_fit
from neuroalrnn.running import count_cores, one_blas_thread
from neuroalrnn.store import replacing

PAGE = "report.html"
KINDS = ("svg", "pdf", "png")


def report_files(questions=QUESTIONS):
    """Files of a report, inside its folder, as patterns.

    Parameters
    ----------
    questions : sequence of Question

    Returns
    -------
    tuple of str
    """
    names = [figure.name for question in questions for figure in question.figures]
    figures = [f"figures/{name}.{kind}" for name in names for kind in KINDS]
    return ("tables/*.csv", *figures, PAGE)


@one_blas_thread
def write_report(
    fit: Fit,
    out_dir: str | PathLike,
    *,
    conditions: Sequence[str] | str | None = None,
    rule: str | None = None,
    random_state: int = 0,
    mechanism: bool = True,
    progress: bool = False,
    overwrite: bool = False,
    questions: Sequence[Question] = QUESTIONS,
) -> Path:
    """Write what a fit says as ``report.html``, ``figures/`` and ``tables/``.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    out_dir : path-like
        Folder, made where it is missing.
    conditions : list of str, or str, optional
        Trial variables that split occupancy and switch probability; default those that the dataset
        names in ``attrs["analysis"]``.
    rule : str, optional
        Trial variable whose changes are rule changes; default likewise.
    random_state : int
        Seed of everything that is drawn.
    mechanism : bool
        Take the networks apart too, see `neuroalrnn.questions.take_apart`.
    progress : bool
        Show a progress bar while they are.
    overwrite : bool
        Replace a report that exists.
    questions : sequence of Question
        What is asked, in the order of the page.

    Returns
    -------
    pathlib.Path
        The page. It needs no other file and no network. Figures are saved as SVG and PDF with text
        that can be edited, and as PNG of 200 dpi; tables as CSV.

    Raises
    ------
    ResultError
        If the page exists and `overwrite` is false.
    DataError
        If `out_dir` is no path, or a condition or the rule is not a variable of the trials.

    Examples
    --------
    >>> from neuroalrnn import Fit, write_report
    >>> fit = Fit.load("fit.nc")  # doctest: +SKIP
    >>> write_report(fit, "results/mine").name  # doctest: +SKIP
    'report.html'
    """
    require_fit("write_report", fit)
    found = not_path("out_dir", out_dir) + not_flag("overwrite", overwrite)
    refuse("write_report", found, DataError)
    out_dir = Path(out_dir)
    page = out_dir / PAGE
    if page.exists() and not overwrite:
        raise ResultError(f"{page} exists; pass overwrite=True to replace it")
    asked = ask(
        fit, conditions=conditions, rule=rule, random_state=random_state, mechanism=mechanism,
        progress=progress, questions=questions,
    )  # fmt: skip
    replaced = report_files(questions) if overwrite else ()
    with replacing(out_dir, replaced) as new, _second_process() as second:
        for folder in ("figures", "tables"):
            (new / folder).mkdir()
        gallery = Gallery(new / "figures", second)
        analysis = answer_all(
            asked, questions, mechanism=mechanism, progress=progress, answered=gallery.draw_early
        )
        analysis.save_tables(new / "tables")
        gallery.draw(analysis.questions, asked)
        sections = build_sections(analysis, gallery)
        first = [*fit.cautions, *alarms(fit), *_incomplete(analysis, gallery)]
        read = tell_load(fit.trials)
        (new / PAGE).write_text(build_page(_title(fit), _made(fit), read, first, sections), "utf-8")
    return page


def _second_process():
    """Another process for figures, where there is a core for it."""
    return SecondProcess() if sys.executable and count_cores() > 1 else nullcontext()


def _title(fit):
    """The dataset or file that was fitted."""
    attrs = fit.trials.attrs
    names = [str(attrs[key]) for key in ("name", "task") if attrs.get(key)]
    return f"AL-RNN report: {', '.join(names) or 'trials'}"


def _made(fit):
    known = fit.provenance
    return f"Fitted {known.get('created', '')} by neuroalrnn {known.get('neuroalrnn', '')}"


def _incomplete(analysis, gallery):
    """A sentence where a part is absent through a fault of ours."""
    faults = [text for text in all_missing(analysis, gallery) if "could not be made: " in text]
    if not faults:
        return []
    told = f"{count(len(faults), 'part')} of this report could not be made, through a fault of the "
    return [Markup('{}software: see <a href="#notes">Notes</a>.').format(told)]
