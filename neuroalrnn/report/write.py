"""Write the report: one HTML page, the figures and the tables."""

from html import escape
from pathlib import Path

from neuroalrnn.analysis import analyse
from neuroalrnn.exceptions import ResultError
from neuroalrnn.report.markup import CSS, Gallery
from neuroalrnn.report.sections import SECTIONS
from neuroalrnn.report.texts import CAPTIONS
from neuroalrnn.store import replacing

PAGE = "report.html"
FIGURES = tuple(f"figures/{name}.{kind}" for name in CAPTIONS for kind in ("svg", "pdf", "png"))
OUTPUTS = ("tables/*.csv", *FIGURES, PAGE)


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
        As in `neuroalrnn.analysis.analyse`.
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
        If a condition or the rule is not a variable of the trials.
    """
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
        bodies = {title: build(fit, analysis, gallery) for title, build in SECTIONS.items()}
        _write_page(_title(fit), bodies, new / PAGE)
    return page


def _title(fit):
    return f"AL-RNN report: {fit.trials.attrs.get('task', 'trials')}"


def _save_tables(analysis, folder):
    for name, frame in analysis.tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)


def _write_page(title, bodies, page):
    """Build the page with `mne.Report`."""
    import mne

    report = mne.Report(title=escape(title), verbose="error")
    report.add_custom_css(CSS)
    for number, (name, body) in enumerate(bodies.items(), start=1):
        html = f'<div class="neuroalrnn">{body}</div>'
        report.add_html(html, title=f"{number}. {name}", tags=(SECTIONS[name].__name__,))
    report.save(page, open_browser=False, verbose="error")
