"""Write the report: one HTML page, the figures and the tables."""

from functools import partial
from html import escape
from pathlib import Path

from neuroalrnn.arguments import not_flag, not_path, refuse
from neuroalrnn.exceptions import DataError, ResultError
from neuroalrnn.questions import analyse
from neuroalrnn.report.markup import Gallery, count
from neuroalrnn.report.page import build_page
from neuroalrnn.report.sections import SECTIONS, all_missing
from neuroalrnn.report.setup import alarms
from neuroalrnn.report.texts import CAPTIONS
from neuroalrnn.results.checks import require_fit
from neuroalrnn.running import one_blas_thread
from neuroalrnn.store import replacing

PAGE = "report.html"
FIGURES = tuple(f"figures/{name}.{kind}" for name in CAPTIONS for kind in ("svg", "pdf", "png"))
OUTPUTS = ("tables/*.csv", *FIGURES, PAGE)


@one_blas_thread
def write_report(
    fit, out_dir, *, conditions=None, rule=None, random_state=0, mechanism=True, progress=False,
    overwrite=False,
):  # fmt: skip
    """Write what a fit says as ``report.html``, ``figures/`` and ``tables/``.

    Parameters
    ----------
    fit : Fit
    out_dir : path-like
        Folder, made where it is missing.
    conditions, rule, random_state, mechanism, progress
        As in `neuroalrnn.questions.analyse`.
    overwrite : bool
        Replace a report that exists.

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
    """
    require_fit("write_report", fit)
    found = not_path("out_dir", out_dir) + not_flag("overwrite", overwrite)
    refuse("write_report", found, DataError)
    out_dir = Path(out_dir)
    page = out_dir / PAGE
    if page.exists() and not overwrite:
        raise ResultError(f"{page} exists; pass overwrite=True to replace it")
    options = {"conditions": conditions, "rule": rule, "random_state": random_state}
    analysis = analyse(fit, mechanism=mechanism, progress=progress, **options)
    with replacing(out_dir, OUTPUTS if overwrite else ()) as new:
        folders = [new / "figures", new / "tables"]
        for folder in folders:
            folder.mkdir()
        _save_tables(analysis, folders[1])
        gallery = Gallery(folders[0])
        sections = [
            (build.__name__, title, gallery.part(title, partial(build, fit, analysis, gallery)))
            for title, build in SECTIONS.items()
        ]
        first = [*map(escape, fit.cautions), *alarms(fit), *_incomplete(analysis, gallery)]
        html = build_page(_title(fit), _made(fit), first, sections)
        (new / PAGE).write_text(html, encoding="utf-8")
    return page


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
    return [
        f"{count(len(faults), 'part')} of this report could not be made, through a fault of the "
        'software: see <a href="#notes">Notes</a>.'
    ]


def _save_tables(analysis, folder):
    for name, frame in analysis.tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
